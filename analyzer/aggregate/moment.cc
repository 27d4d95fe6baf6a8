// SPDX-License-Identifier: MIT
// What a person may write after --at: peak, end, a mark's name, a time.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/aggregate/query.h"

namespace memtrace::aggregate {
namespace {

constexpr std::size_t kMaxNamesInMessage = 10;
constexpr double kMaxSeconds = 9e9;  // 285 years; keeps nanoseconds within 64 bits

std::string MarksThereAre(const model::Trace& trace) {
  std::vector<std::string_view> names;
  for (const model::Mark& mark : trace.marks) {
    if (std::find(names.begin(), names.end(), mark.name) == names.end()) names.push_back(mark.name);
  }
  if (names.empty()) return "this trace has no marks";
  std::string list = "marks of this trace: ";
  for (std::size_t i = 0; i < std::min(names.size(), kMaxNamesInMessage); ++i) {
    list += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > kMaxNamesInMessage)
    list += fmt::format(" and {} more", names.size() - kMaxNamesInMessage);
  return list;
}

}  // namespace

std::optional<std::uint64_t> ParseTimeNs(std::string_view text) {
  double number = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  double seconds = 0;
  if (unit.empty() || unit == "s") {
    seconds = number;
  } else if (unit == "ms") {
    seconds = number * 1e-3;
  } else if (unit == "us") {
    seconds = number * 1e-6;
  } else if (unit == "ns") {
    seconds = number * 1e-9;
  } else {
    return std::nullopt;
  }
  if (seconds > kMaxSeconds) return std::nullopt;
  return static_cast<std::uint64_t>(seconds * 1e9 + 0.5);
}

Result<Moment> ParseMoment(const std::string& text, const model::Trace& trace) {
  if (text == "peak") return Moment{Moment::Kind::kPeak, 0, "at peak"};
  if (text == "end") return Moment{Moment::Kind::kEnd, 0, "at end"};
  // Before times: a mark may be named "10", and a time can be written in other ways.
  const auto mark = std::find_if(trace.marks.rbegin(), trace.marks.rend(),
                                 [&](const model::Mark& candidate) { return candidate.name == text; });
  if (mark != trace.marks.rend()) {
    return Moment{Moment::Kind::kTime, mark->time_ns, fmt::format("at mark \"{}\"", text)};
  }
  if (const auto time_ns = ParseTimeNs(text)) {
    return Moment{Moment::Kind::kTime, *time_ns,
                  fmt::format("at {:.3f} s", static_cast<double>(*time_ns) * 1e-9)};
  }
  return Error{ErrorCode::kUsage,
               fmt::format("\"{}\" is no moment: give peak, end, a time such as 1.5s or 200ms, or a "
                           "mark's name ({})",
                           text, MarksThereAre(trace))};
}

}  // namespace memtrace::aggregate
