// SPDX-License-Identifier: MIT
// Small steps through the text of a C++ or Rust name: brackets and operator names, which contain each other's
// signs.
#pragma once

#include <cstddef>
#include <string_view>

namespace memtrace::symbolize {

inline constexpr std::size_t kUnbalanced = std::string_view::npos;

// `text[at]` opens a bracket, one of < ( [ {. Returns the place after the one that closes it, or kUnbalanced.
// "->" closes nothing, and inside parentheses < and > may be comparisons.
std::size_t AfterBracket(std::string_view text, std::size_t at);

// If an operator name ("operator<<", "operator new[]", "operator()") begins at `at`, the place after it, else
// `at`. A conversion operator ends before its parameters: "operator std::string".
std::size_t AfterOperatorName(std::string_view text, std::size_t at);

bool IsIdentifierChar(char c);

}  // namespace memtrace::symbolize
