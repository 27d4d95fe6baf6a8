// SPDX-License-Identifier: MIT
// Rust's legacy mangling, as rustc's compiler/rustc_symbol_mangling/src/legacy.rs writes it.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "analyzer/symbolize/rust_names.h"

namespace memtrace::symbolize {
namespace {

constexpr std::size_t kHashDigits = 16;

struct Escape {
  std::string_view code;
  std::string_view text;
};
constexpr Escape kEscapes[] = {{"SP", "@"}, {"BP", "*"}, {"RF", "&"}, {"LT", "<"},
                               {"GT", ">"}, {"LP", "("}, {"RP", ")"}, {"C", ","}};

bool IsHash(std::string_view text) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == kHashDigits + 1 && text[0] == 'h' &&
         std::all_of(text.begin() + 1, text.end(), is_hex);
}

// The text for the code between two dollar signs; empty if there is no such code. $u7e$ is the character
// 0x7e.
std::string Unescape(std::string_view code) {
  for (const Escape& escape : kEscapes) {
    if (escape.code == code) return std::string(escape.text);
  }
  unsigned value = 0;
  if (code.size() < 2 || code[0] != 'u') return {};
  const auto [end, error] = std::from_chars(code.data() + 1, code.data() + code.size(), value, 16);
  const bool is_printable = value >= 0x20 && value < 0x7f;
  if (error != std::errc() || end != code.data() + code.size() || !is_printable) return {};
  return std::string(1, static_cast<char>(value));
}

}  // namespace

bool IsRustLegacy(std::string_view symbol) {
  constexpr std::size_t kTail = 2 + 1 + kHashDigits + 1;  // "17" "h" digits "E"
  if (!symbol.starts_with("_ZN") || symbol.size() < kTail + 3 || !symbol.ends_with('E')) return false;
  const std::string_view tail = symbol.substr(symbol.size() - kTail);
  return tail.starts_with("17") && IsHash(tail.substr(2, kHashDigits + 1));
}

std::string RustLegacyName(std::string_view name) {
  const std::size_t last = name.rfind("::");
  if (last != std::string_view::npos && IsHash(name.substr(last + 2))) name = name.substr(0, last);
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::size_t close = name[i] == '$' ? name.find('$', i + 1) : std::string_view::npos;
    if (close != std::string_view::npos) {
      if (const std::string plain = Unescape(name.substr(i + 1, close - i - 1)); !plain.empty()) {
        text += plain;
        i = close;
        continue;
      }
    }
    const bool starts_part = i == 0 || name.substr(0, i).ends_with("::");
    if (starts_part && name.substr(i).starts_with("_$")) continue;  // written before an escape only
    if (name.substr(i).starts_with("..")) {
      text += "::";
      ++i;
    } else {
      text += name[i];
    }
  }
  return text;
}

}  // namespace memtrace::symbolize
