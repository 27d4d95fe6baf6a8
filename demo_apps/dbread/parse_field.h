// SPDX-License-Identifier: MIT
// From a field's text to a number.
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

}  // namespace dbread
