// SPDX-License-Identifier: MIT
// Wording of places, chains and threads.
#include "analyzer/report/row_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/function_text.h"
#include "analyzer/report/start_code.h"
#include "analyzer/symbolize/attribution.h"
#include "analyzer/util/path_format.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using symbolize::Frame;

constexpr std::size_t kChainNames = 6;
constexpr std::size_t kThreadsNamed = 4;

// A function; of a Python module's own code also which one that is: "<module> of json/__init__.py".
std::string ChainName(const Frame& frame) {
  std::string name = FunctionText(frame);
  if (!frame.is_python || frame.function != "<module>") return name;
  std::size_t begin = frame.file.rfind('/') + 1;
  if (begin > 1 && frame.file.ends_with("/__init__.py")) begin = frame.file.rfind('/', begin - 2) + 1;
  return name + " of " + Printable(frame.file.substr(begin));
}

// Names of a chain, neighbours that are equal folded into one: "f (3 times)".
std::vector<std::string> ChainNames(const Stack& stack, std::size_t from, std::size_t end, bool skip) {
  const bool has_python = symbolize::InnermostPython(stack) < stack.size();
  std::vector<std::pair<std::string, int>> folded;
  for (std::size_t i = from; i < end; ++i) {
    if (skip && i > from && symbolize::IsSkipped(*stack[i], has_python)) continue;
    std::string name = ChainName(*stack[i]);
    if (!folded.empty() && folded.back().first == name) {
      ++folded.back().second;
    } else {
      folded.emplace_back(std::move(name), 1);
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, times] : folded) {
    const bool counted = times > 1 && !name.starts_with("??");
    names.push_back(counted ? fmt::format("{} ({} times)", name, times) : name);
  }
  return names;
}

// With the middle of long chains left out.
std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool left_out = names.size() > kChainNames && i + 1 >= kChainNames && i + 1 < names.size();
    if (left_out && i + 1 != kChainNames) continue;
    if (i > 0) text += " <- ";
    text += left_out ? "…" : names[i];
  }
  return text;
}

}  // namespace

std::string PlaceText(const Frame& frame, const RenderOptions& options) {
  if (frame.has_line()) {
    return fmt::format("{}:{}", Printable(ShortPath(frame.file, options.working_directory)), frame.line);
  }
  if (frame.is_truncated || frame.function.empty()) return FunctionText(frame);
  return fmt::format("{} in {}", FunctionText(frame), ModuleText(frame));
}

std::string LabelText(const Row& row, GroupBy by, const model::Trace& trace, const RenderOptions& options) {
  const Frame& frame = row.frame;
  switch (by) {
    case GroupBy::kThread:
      return ThreadText(trace, row.thread);
    case GroupBy::kModule:
      return ModuleText(frame);
    case GroupBy::kSize:
      return SizesText(row.size_bytes);
    case GroupBy::kFile:
      if (frame.has_line()) return Printable(ShortPath(frame.file, options.working_directory));
      return ModuleText(frame);
    case GroupBy::kFunction:
      if (!frame.has_line()) return PlaceText(frame, options);
      return fmt::format("{} in {}", FunctionText(frame),
                         Printable(ShortPath(frame.file, options.working_directory)));
    case GroupBy::kLine:
    case GroupBy::kTraceback:
      break;
  }
  return PlaceText(frame, options);
}

std::string ChainText(const Stack& stack, std::size_t from, bool skip) {
  return Joined(ChainNames(stack, from, EndOfShownStack(stack, from), skip));
}

std::string NativeChainText(const Stack& stack, std::size_t charged) {
  if (charged >= stack.size() || !stack[charged]->is_python) return {};
  std::size_t first = 0;
  while (first < charged && symbolize::IsSkipped(*stack[first], true)) ++first;
  if (first == charged) return {};
  // Inside a library without symbols the function by which it was entered has a name.
  for (std::size_t i = first; i < charged && stack[i]->module_path == stack[first]->module_path; ++i) {
    if (stack[i]->function.empty()) continue;
    first = i;
    break;
  }
  std::vector<std::string> names = ChainNames(stack, first, charged, true);
  if (!stack[first]->function.empty()) names.front() += " in " + ModuleText(*stack[first]);
  return Joined(names);
}

std::string ThreadText(const model::Trace& trace, model::ThreadId thread) {
  if (thread == 0) return "main thread";
  const std::string name = thread < trace.threads.size() ? Printable(trace.threads[thread].name) : "";
  if (name.empty()) return fmt::format("thread {}", thread);
  const auto same =
      std::count_if(trace.threads.begin(), trace.threads.end(),
                    [&](const model::Thread& other) { return other.name == trace.threads[thread].name; });
  return same == 1 ? name : fmt::format("{} (thread {})", name, thread);
}

std::string ThreadShares(const Row& row, Metric metric, const model::Trace& trace) {
  std::uint64_t sum = 0;
  std::vector<std::pair<std::uint64_t, model::ThreadId>> shares;
  for (const auto& [thread, amount] : row.by_thread) {
    const std::uint64_t rank = RankOf(metric, amount);
    sum += rank;
    if (rank > 0) shares.emplace_back(rank, thread);
  }
  if (shares.empty()) return {};
  if (shares.size() == 1) {
    const model::ThreadId only = shares.front().second;
    return only == 0 ? "" : "[" + ThreadText(trace, only) + "]";
  }
  std::sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string text;
  std::uint64_t named = 0;
  for (std::size_t i = 0; i < std::min(shares.size(), kThreadsNamed); ++i) {
    named += shares[i].first;
    text += fmt::format("{}{} {:.0f}%", i == 0 ? "" : ", ", ThreadText(trace, shares[i].second),
                        100.0 * static_cast<double>(shares[i].first) / static_cast<double>(sum));
  }
  if (shares.size() > kThreadsNamed) {
    text += fmt::format(", {} others {:.0f}%", shares.size() - kThreadsNamed,
                        100.0 * static_cast<double>(sum - named) / static_cast<double>(sum));
  }
  return "[" + text + "]";
}

std::vector<std::string> StackLines(const Stack& stack, std::size_t from, const RenderOptions& options,
                                    bool skip) {
  const bool skips = skip && symbolize::InnermostPython(stack) < stack.size();
  std::vector<std::pair<std::string, std::size_t>> folded;  // neighbours that are equal are one line
  for (std::size_t i = from; i < EndOfShownStack(stack, from); ++i) {
    const Frame& frame = *stack[i];
    if (skips && i > from && symbolize::IsSkipped(frame, true)) continue;
    std::string line = PlaceText(frame, options);
    if (frame.has_line()) line += " in " + FunctionText(frame);
    if (frame.is_inlined) line += " (inlined)";
    if (frame.is_guessed) line += " (a guess)";
    if (!folded.empty() && folded.back().first == line) {
      ++folded.back().second;
    } else {
      folded.emplace_back(std::move(line), 1);
    }
  }
  std::vector<std::string> lines;
  for (auto& [line, times] : folded) {
    lines.push_back(times > 1 ? fmt::format("{} ({} times)", line, times) : std::move(line));
  }
  return lines;
}

std::string SizesText(const aggregate::Bounds& size_bytes) {
  const auto size = [](std::uint64_t bytes) { return FormatSize(static_cast<double>(bytes)); };
  if (size(size_bytes.min) == size(size_bytes.max)) return size(size_bytes.max);
  return fmt::format("{} to {}", size(size_bytes.min), size(size_bytes.max));
}

}  // namespace memtrace::report
