// SPDX-License-Identifier: MIT
// Parsing and matching of LeakSanitizer's "leak:PATTERN" rules.
#include "analyzer/report/suppressions.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "analyzer/report/function_text.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

constexpr std::string_view kRule = "leak:";

// Greedy matching with one step back: linear for patterns without *, product of both lengths at worst.
bool MatchesGlob(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool MatchesSuppression(std::string_view pattern, std::string_view name) {
  std::string glob(pattern);
  if (glob.starts_with('^')) {
    glob.erase(0, 1);
  } else {
    glob.insert(0, 1, '*');
  }
  if (glob.ends_with('$')) {
    glob.pop_back();
  } else {
    glob += '*';
  }
  return MatchesGlob(glob, name);
}

Result<Suppressions> Suppressions::Parse(const std::string& text, const std::string& file_name) {
  Suppressions suppressions;
  std::istringstream lines(text);
  std::string raw;
  for (int number = 1; std::getline(lines, raw); ++number) {
    const std::string_view line = Trimmed(raw);
    if (line.empty() || line.front() == '#') continue;
    if (!line.starts_with(kRule) || line.size() == kRule.size()) {
      return Error{ErrorCode::kUsage, fmt::format("{}:{}: \"{}\" is no suppression; write leak:PATTERN",
                                                  file_name, number, Printable(line))};
    }
    suppressions.patterns_.emplace_back(line.substr(kRule.size()));
  }
  return suppressions;
}

Result<Suppressions> Suppressions::Load(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || text.fail()) {
    return Error{ErrorCode::kUnreadable,
                 fmt::format("cannot read the suppressions {}: {}", path, std::strerror(errno))};
  }
  return Parse(text.str(), path);
}

void Suppressions::Append(const Suppressions& other) {
  patterns_.insert(patterns_.end(), other.patterns_.begin(), other.patterns_.end());
}

std::size_t SuppressionMatcher::RuleOf(const symbolize::Frame& frame) const {
  const std::string shown = frame.function.empty() ? "" : FunctionText(frame);
  const auto takes = [&](const std::string& pattern) {
    const std::string* names[] = {&frame.function, &shown, &frame.file, &frame.module_path, &frame.module};
    return std::any_of(std::begin(names), std::end(names), [&](const std::string* name) {
      return !name->empty() && MatchesSuppression(pattern, *name);
    });
  };
  return static_cast<std::size_t>(std::find_if(patterns_.begin(), patterns_.end(), takes) -
                                  patterns_.begin());
}

std::optional<std::size_t> SuppressionMatcher::RuleOf(const Stack& stack) {
  if (patterns_.empty()) return std::nullopt;
  for (const symbolize::Frame* frame : stack) {
    const auto [place, is_new] = known_.try_emplace(frame, 0);
    if (is_new) place.value() = RuleOf(*frame);
    if (place->second < patterns_.size()) return place->second;
  }
  return std::nullopt;
}

aggregate::Profile WithoutSuppressed(const aggregate::Profile& profile, StackSource& source,
                                     const Suppressions& suppressions, const SuppressedSite& suppressed) {
  aggregate::Profile left = profile;
  if (suppressions.patterns().empty()) return left;
  SuppressionMatcher matcher(suppressions);
  std::erase_if(left.sites, [&](const aggregate::SiteAmounts& site) {
    const Stack stack = source.StackOf(site.node);
    const std::optional<std::size_t> rule = matcher.RuleOf(stack);
    if (!rule) return false;
    left.not_freed -= site.not_freed;
    if (suppressed) suppressed(*rule, stack, site);
    return true;
  });
  return left;
}

}  // namespace memtrace::report
