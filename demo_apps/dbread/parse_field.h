// SPDX-License-Identifier: MIT
// From a field's text to a value.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "demo_apps/dbread/row.h"

namespace dbread {

template <typename Number>
Number ToNumber(std::string_view text) {
  Number number = 0;
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) throw DatabaseError("not a number: " + std::string(text));
  return number;
}

inline std::string ToBytes(const Field& field) {
  if (!field.is_hex) return std::string(field.text);
  std::string bytes(field.text.size() / 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); i++) {
    const char* digits = field.text.data() + 2 * i;
    unsigned char byte = 0;
    auto [stopped, error] = std::from_chars(digits, digits + 2, byte, 16);
    if (error != std::errc() || stopped != digits + 2) throw DatabaseError("bytes that are not hexadecimal");
    bytes[i] = static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace dbread
