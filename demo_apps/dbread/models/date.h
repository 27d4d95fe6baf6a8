// SPDX-License-Identifier: MIT
// A day, as databases print it: 2026-11-21.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "demo_apps/dbread/parse_field.h"
#include "demo_apps/dbread/row_hash.h"

namespace dbread {

struct Date {
  std::int16_t year = 0;
  std::int8_t month = 0;
  std::int8_t day = 0;
};

inline Date ToDate(std::string_view text) {
  if (text.size() != 10) throw DatabaseError("not a date: " + std::string(text));
  return {ToNumber<std::int16_t>(text.substr(0, 4)), ToNumber<std::int8_t>(text.substr(5, 2)),
          ToNumber<std::int8_t>(text.substr(8, 2))};
}

inline void AddDate(RowHash& hash, const Date& date) {
  char text[16];
  auto end = fmt::format_to_n(text, sizeof(text), "{:04}-{:02}-{:02}", date.year, date.month, date.day);
  hash.Add(std::string_view(text, end.size));
}

}  // namespace dbread
