// SPDX-License-Identifier: MIT
// Bracket matching and operator names.
#include "analyzer/symbolize/name_scanner.h"

#include <string>

namespace memtrace::symbolize {
namespace {

constexpr std::string_view kOperator = "operator";

// Longer ones before their own beginnings.
constexpr std::string_view kOperatorSigns[] = {
    "<=>", "<<=", ">>=", "->*", "()", "[]", "<<",     ">>",   "<=",        ">=",      "==",
    "!=",  "&&",  "||",  "++",  "--", "+=", "-=",     "*=",   "/=",        "%=",      "&=",
    "|=",  "^=",  "->",  "<",   ">",  "=",  "!",      "+",    "-",         "*",       "/",
    "%",   "&",   "|",   "^",   "~",  ",",  " new[]", " new", " delete[]", " delete", " co_await"};

char Closing(char open) {
  switch (open) {
    case '<':
      return '>';
    case '(':
      return ')';
    case '[':
      return ']';
    case '{':
      return '}';
    default:
      return '\0';
  }
}

// Ends at the parameter list; a type may hold brackets of its own.
std::size_t AfterConversionType(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '(') {
    const std::size_t after = Closing(text[at]) != '\0' ? AfterBracket(text, at) : at + 1;
    if (after == kUnbalanced) return text.size();
    at = after;
  }
  return at;
}

}  // namespace

bool IsIdentifierChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

std::size_t AfterBracket(std::string_view text, std::size_t at) {
  std::string expected(1, Closing(text[at]));
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    const std::size_t after_operator = AfterOperatorName(text, i);
    if (after_operator != i) {
      i = after_operator - 1;
      continue;
    }
    const char c = text[i];
    if (Closing(c) != '\0') {
      if (c == '<' && text[i - 1] == ')') continue;  // demanglers put operands of a comparison in parentheses
      expected += Closing(c);
    } else if (c == '>' && (text[i - 1] == '-' || expected.back() != '>')) {
      continue;
    } else if (c == ')' || c == '>' || c == ']' || c == '}') {
      if (c != expected.back()) return kUnbalanced;
      expected.pop_back();
      if (expected.empty()) return i + 1;
    }
  }
  return kUnbalanced;
}

std::size_t AfterOperatorName(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != 'o') return at;  // asked for every character: the common answer first
  if (!text.substr(at).starts_with(kOperator) || (at > 0 && IsIdentifierChar(text[at - 1]))) return at;
  const std::size_t signs = at + kOperator.size();
  const std::string_view rest = text.substr(signs);
  for (const std::string_view sign : kOperatorSigns) {
    if (rest.starts_with(sign)) return signs + sign.size();
  }
  if (rest.starts_with("\"\"")) {
    std::size_t end = signs + 2;
    while (end < text.size() && (text[end] == ' ' || IsIdentifierChar(text[end]))) ++end;
    return end;
  }
  return rest.starts_with(' ') ? AfterConversionType(text, signs + 1) : at;
}

}  // namespace memtrace::symbolize
