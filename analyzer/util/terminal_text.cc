// SPDX-License-Identifier: MIT
// A small UTF-8 decoder and what is built on it. Code points are judged, never bytes, so that U+009B (a
// control sequence introducer of one code point) cannot hide in two bytes.
#include "analyzer/util/terminal_text.h"

#include <cstdint>

namespace memtrace {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026
constexpr std::uint32_t kInvalid = ~0U;

struct CodePoint {
  std::uint32_t value = kInvalid;
  std::size_t bytes = 1;
};

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The code point at the start of `text`, which is not empty. Overlong forms and surrogates are invalid.
CodePoint Decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
  if (length == 0 || first > 0xF4 || text.size() < length) return {};
  std::uint32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return {};
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool valid = value >= kSmallest[length] && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
  return valid ? CodePoint{value, length} : CodePoint{};
}

bool IsHarmful(std::uint32_t c) {
  return c == kInvalid || c < 0x20 || (c >= 0x7F && c < 0xA0)  // C0, DEL, C1
         || (c >= 0x200B && c <= 0x200F)                       // zero width, direction marks
         || (c >= 0x2028 && c <= 0x202E)                       // separators, direction overrides
         || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

// Byte offset after the first `columns` code points.
std::size_t OffsetOfColumn(std::string_view text, std::size_t columns) {
  std::size_t offset = 0;
  while (columns-- > 0 && offset < text.size()) offset += Decode(text.substr(offset)).bytes;
  return offset;
}

}  // namespace

std::string Printable(std::string_view untrusted) {
  std::string clean;
  clean.reserve(untrusted.size());
  for (std::size_t at = 0; at < untrusted.size();) {
    const CodePoint c = Decode(untrusted.substr(at));
    if (c.value == '\t') {
      clean += ' ';
    } else {
      clean += IsHarmful(c.value) ? kReplacement : untrusted.substr(at, c.bytes);
    }
    at += c.bytes;
  }
  return clean;
}

std::size_t DisplayWidth(std::string_view utf8) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < utf8.size(); ++width) at += Decode(utf8.substr(at)).bytes;
  return width;
}

std::string EllipsizeMiddle(std::string_view utf8, std::size_t width) {
  const std::size_t full = DisplayWidth(utf8);
  if (full <= width) return std::string(utf8);
  if (width == 0) return {};
  const std::size_t head = (width - 1) / 2;
  const std::size_t tail = width - 1 - head;
  std::string text(utf8.substr(0, OffsetOfColumn(utf8, head)));
  text += kEllipsis;
  text += utf8.substr(OffsetOfColumn(utf8, full - tail));
  return text;
}

std::string EllipsizeEnd(std::string_view utf8, std::size_t width) {
  if (DisplayWidth(utf8) <= width) return std::string(utf8);
  if (width == 0) return {};
  return std::string(utf8.substr(0, OffsetOfColumn(utf8, width - 1))).append(kEllipsis);
}

std::string Wrapped(std::string_view utf8, std::size_t width, std::size_t indent) {
  constexpr std::size_t kUsualWidth = 100;
  if (width == 0) width = kUsualWidth;
  std::string text;
  std::size_t column = 0;
  while (!utf8.empty()) {
    const std::string_view word = utf8.substr(0, utf8.find(' '));
    utf8.remove_prefix(std::min(utf8.size(), word.size() + 1));
    if (word.empty()) continue;
    const std::size_t columns = DisplayWidth(word);
    if (column > 0 && column + 1 + columns > width) {
      text += '\n';
      column = 0;
    }
    text += column == 0 ? std::string(indent, ' ') : " ";
    text += word;
    column += columns + (column == 0 ? indent : 1);
  }
  return text.empty() ? text : text + '\n';
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace memtrace
