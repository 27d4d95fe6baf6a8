// SPDX-License-Identifier: MIT
// "Did you mean ...?" for a mistyped command, option or name.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace memtrace {

// The candidate nearest to `word`, if it is near enough to be what was meant; else empty.
std::string Nearest(std::string_view word, std::span<const std::string> candidates);

// "; did you mean \"live\"?", or nothing.
std::string DidYouMean(std::string_view word, std::span<const std::string> candidates);

// "a, b or c".
std::string ListOf(std::span<const std::string> candidates);

}  // namespace memtrace
