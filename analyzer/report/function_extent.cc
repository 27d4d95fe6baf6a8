// SPDX-License-Identifier: MIT
// Both look at the text as far as it takes, and at no more than a very long function has.
#include "analyzer/report/function_extent.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace memtrace::report {
namespace {

constexpr std::uint32_t kLongestFunction = 4000;  // lines that are searched for its end
constexpr std::uint32_t kLinesWithoutCode = 40;   // at its end: a long call, a comment

std::uint32_t LastSearched(const SourceLines& source, std::uint32_t declared) {
  return std::min(source.count, declared + kLongestFunction);
}

// What the braces of one line add to the depth.
class BraceCounter {
 public:
  void Add(const std::string& text) {
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (quote != 0) {
        if (c == '\\') ++i;
        if (c == quote) quote = 0;
      } else if (c == '/' && i + 1 < text.size() && text[i + 1] == '/') {
        break;
      } else if (c == '"' ||
                 (c == '\'' && (i == 0 || isalnum(static_cast<unsigned char>(text[i - 1])) == 0))) {
        quote = c;
      } else if (c == '{') {
        ++depth_;
        is_open_ = true;
      } else if (c == '}') {
        --depth_;
      }
    }
  }

  bool is_closed() const { return is_open_ && depth_ <= 0; }

 private:
  int depth_ = 0;
  bool is_open_ = false;
};

// Columns before the first character; npos for a line without code. Tabs go to multiples of 8, as CPython
// takes them.
std::size_t IndentationOf(std::string_view line) {
  std::size_t column = 0;
  for (const char c : line) {
    if (c == ' ') {
      ++column;
    } else if (c == '\t') {
      column = (column / 8 + 1) * 8;
    } else {
      return c == '#' || c == '\r' || c == '\f' ? std::string_view::npos : column;
    }
  }
  return std::string_view::npos;
}

bool StartsWith(std::string_view line, std::string_view word) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line.starts_with(word);
}

}  // namespace

std::uint32_t EndOfBraces(const SourceLines& source, std::uint32_t declared) {
  BraceCounter braces;
  for (std::uint32_t line = declared; line <= LastSearched(source, declared); ++line) {
    braces.Add(source.text(line));
    if (braces.is_closed()) return line;
  }
  return 0;
}

std::uint32_t EndOfCodeAndBraces(const SourceLines& source, std::uint32_t declared, std::uint32_t last_code) {
  if (last_code <= source.count && StartsWith(source.text(last_code), "}")) return last_code;
  const std::uint32_t braces = EndOfBraces(source, declared);
  return braces > last_code && braces <= last_code + kLinesWithoutCode ? braces : last_code;
}

std::uint32_t EndOfIndentation(const SourceLines& source, std::uint32_t declared) {
  const std::uint32_t last = LastSearched(source, declared);
  if (declared == 0 || declared > last) return 0;
  const std::string first = source.text(declared);
  const std::size_t outer = IndentationOf(first);
  if (outer == std::string_view::npos) return 0;
  std::uint32_t line = declared;
  if (StartsWith(first, "@")) {
    while (line < last && !StartsWith(source.text(line), "def ") &&
           !StartsWith(source.text(line), "async ") && !StartsWith(source.text(line), "class "))
      ++line;
  }
  std::uint32_t end = line;
  for (++line; line <= last; ++line) {
    const std::string text = source.text(line);
    const std::size_t indentation = IndentationOf(text);
    if (indentation == std::string_view::npos) continue;
    // ") -> int:", the end of a declaration over several lines.
    if (indentation <= outer && !StartsWith(text, ")")) break;
    end = line;
  }
  return end;
}

}  // namespace memtrace::report
