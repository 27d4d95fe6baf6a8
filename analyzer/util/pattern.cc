// SPDX-License-Identifier: MIT
// std::regex, tamed.
#include "analyzer/util/pattern.h"

#include <algorithm>

#include <fmt/format.h>

namespace memtrace {
namespace {

// A level of recursion a character: longer names (template monsters) could exhaust the stack.
constexpr std::size_t kSearchedBytes = 4096;

}  // namespace

Result<Pattern> Pattern::Compile(const std::string& option, const std::string& expression) {
  try {
    return Pattern(std::regex(expression, std::regex::ECMAScript | std::regex::optimize));
  } catch (const std::regex_error& failure) {
    return Error{ErrorCode::kUsage,
                 fmt::format("{} \"{}\" is no regular expression: {}", option, expression, failure.what())};
  }
}

bool Pattern::IsIn(const std::string& text) const {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(text.size(), kSearchedBytes));
  try {
    return std::regex_search(text.begin(), end, *regex_);
  } catch (const std::regex_error&) {
    return false;
  }
}

}  // namespace memtrace
