// SPDX-License-Identifier: MIT
// Wording of queries.
#include "analyzer/report/selector_text.h"

#include <fmt/format.h>

#include "analyzer/report/row_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using aggregate::Bounds;
using aggregate::Domain;
using aggregate::Moment;
using aggregate::Query;

// "at mark \"loaded\"" -> "mark \"loaded\"", "at peak" -> "the peak".
std::string EndName(const Moment& moment) {
  if (moment.label == "at peak") return "the peak";
  if (moment.label == "at end") return "the end";
  return Printable(moment.label.starts_with("at ") ? moment.label.substr(3) : moment.label);
}

std::string BoundsText(const Bounds& bounds, std::string (*text)(std::uint64_t), const char* or_more,
                       const char* or_less) {
  if (bounds.min == bounds.max) return text(bounds.min);
  if (bounds.max == ~0ULL) return text(bounds.min) + or_more;
  if (bounds.min == 0) return text(bounds.max) + or_less;
  return fmt::format("{} to {}", text(bounds.min), text(bounds.max));
}

std::string SizeText(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

std::string ThreadsText(const Query& query, const model::Trace& trace) {
  constexpr std::size_t kNamed = 3;
  if (query.threads.size() > kNamed) return fmt::format("{} threads", query.threads.size());
  std::string text;
  for (std::size_t i = 0; i < query.threads.size(); ++i) {
    const char* separator = i == 0 ? "" : i + 1 == query.threads.size() ? " and " : ", ";
    text += separator + ThreadText(trace, query.threads[i]);
  }
  return text;
}

Json BoundsJson(const Bounds& bounds) {
  if (bounds.is_all()) return nullptr;
  return {{"min", bounds.min}, {"max", bounds.max == ~0ULL ? Json(nullptr) : Json(bounds.max)}};
}

Json EndJson(const std::optional<Moment>& end) {
  if (!end) return nullptr;
  return end->label.starts_with("at ") ? end->label.substr(3) : end->label;
}

}  // namespace

const std::vector<std::string>& DomainNames() {
  static const std::vector<std::string> names = {"heap", "python", "native", "mapped", "arenas"};
  return names;
}

std::string DomainName(Domain domain) {
  return DomainNames()[static_cast<std::size_t>(domain)];
}

std::string DomainText(Domain domain) {
  switch (domain) {
    case Domain::kHeap:
      return "the heap";
    case Domain::kPython:
      return "Python's memory";
    case Domain::kNative:
      return "native memory";
    case Domain::kMapped:
      return "mapped memory";
    case Domain::kArenas:
      break;
  }
  return "Python's arenas";
}

std::string DurationText(std::uint64_t ns) {
  constexpr struct {
    std::uint64_t ns;
    const char* name;
  } kUnits[] = {{60'000'000'000, "min"}, {1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}};
  for (const auto& unit : kUnits) {
    if (ns < unit.ns) continue;
    return fmt::format("{:.4g} {}", static_cast<double>(ns) / static_cast<double>(unit.ns), unit.name);
  }
  return fmt::format("{} ns", ns);
}

std::string BlocksSelectedText(const Query& query, const model::Trace& trace) {
  if (!query.selects_blocks()) return {};
  std::string text = HasBlocks(query.domain) ? "blocks" : "mappings";
  if (query.from || query.to) text += HasBlocks(query.domain) ? " allocated" : " made";
  if (query.from) text += " after " + EndName(*query.from);
  if (query.from && query.to) text += " and";
  if (query.to) text += " until " + EndName(*query.to);
  if (!query.threads.empty()) text += " by " + ThreadsText(query, trace);
  if (!query.size_bytes.is_all()) {
    text += " of " + BoundsText(query.size_bytes, SizeText, " or more", " or less");
  }
  if (!query.lifetime_ns.is_all()) {
    text += " that lived " + BoundsText(query.lifetime_ns, DurationText, " or longer", " or shorter");
  }
  if (!query.nodes.empty()) text += " with chosen stacks";
  return text;
}

Json SelectorJson(const aggregate::Profile& profile, const StackSelectors& stacks) {
  const Query& query = profile.query;
  const auto time = [](const std::optional<Moment>& end) {
    return end && end->kind == Moment::Kind::kTime ? Json(end->time_ns) : Json(nullptr);
  };
  return {{"domain", DomainName(query.domain)},
          {"at", profile.moment.label},
          {"at_ns", profile.moment_time_ns},
          {"from", EndJson(query.from)},
          {"from_ns", time(query.from)},
          {"to", EndJson(query.to)},
          {"to_ns", time(query.to)},
          {"threads", query.threads},
          {"size_bytes", BoundsJson(query.size_bytes)},
          {"lifetime_ns", BoundsJson(query.lifetime_ns)},
          {"focus", stacks.focus},
          {"ignore", stacks.ignore},
          {"hide", stacks.hide},
          {"show_from", stacks.show_from.empty() ? Json(nullptr) : Json(stacks.show_from)},
          {"include", stacks.include},
          {"exclude", stacks.exclude},
          {"all_frames", stacks.all_frames}};
}

}  // namespace memtrace::report
