// SPDX-License-Identifier: MIT
// Regular expressions over frame names. std::regex throws for a bad pattern; this is the only place that sees
// it.
#include "analyzer/report/stack_filter.h"

#include <algorithm>

#include <fmt/format.h>

namespace memtrace::report {
namespace {

// std::regex walks recursively, a level a character: longer names (template monsters) could exhaust the
// stack.
constexpr std::size_t kMatchedBytes = 4096;

Result<NameMatcher> MatcherOf(const char* option, const std::string& pattern) {
  try {
    const std::regex expression(pattern, std::regex::ECMAScript | std::regex::optimize);
    return NameMatcher([expression](const std::string& name) {
      const auto end = name.begin() + static_cast<std::ptrdiff_t>(std::min(name.size(), kMatchedBytes));
      try {
        return std::regex_search(name.begin(), end, expression);
      } catch (const std::regex_error&) {
        return false;  // too complex for this name
      }
    });
  } catch (const std::regex_error& failure) {
    return Error{ErrorCode::kUsage,
                 fmt::format("{} \"{}\" is no regular expression: {}", option, pattern, failure.what())};
  }
}

}  // namespace

bool NameMatcher::Name(const std::string& name) {
  if (name.empty()) return false;
  const auto known = known_.find(name);
  if (known != known_.end()) return known->second;
  return known_.emplace(name, matches_(name)).first->second;
}

bool NameMatcher::AnyFrame(const std::vector<symbolize::Frame>& stack) {
  return std::any_of(stack.begin(), stack.end(), [this](const symbolize::Frame& frame) {
    return Name(frame.function) || Name(frame.file) || Name(frame.module_path) || Name(frame.module);
  });
}

Result<StackFilter> StackFilter::Create(const std::vector<std::string>& focus,
                                        const std::vector<std::string>& ignore) {
  StackFilter filter;
  for (const std::string& pattern : focus) {
    Result<NameMatcher> matcher = MatcherOf("--focus", pattern);
    if (!matcher) return matcher.error();
    filter.focus_.push_back(std::move(*matcher));
  }
  for (const std::string& pattern : ignore) {
    Result<NameMatcher> matcher = MatcherOf("--ignore", pattern);
    if (!matcher) return matcher.error();
    filter.ignore_.push_back(std::move(*matcher));
  }
  return filter;
}

bool StackFilter::Keeps(const std::vector<symbolize::Frame>& stack) {
  for (NameMatcher& matcher : focus_) {
    if (!matcher.AnyFrame(stack)) return false;
  }
  for (NameMatcher& matcher : ignore_) {
    if (matcher.AnyFrame(stack)) return false;
  }
  return true;
}

}  // namespace memtrace::report
