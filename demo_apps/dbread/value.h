// SPDX-License-Identifier: MIT
// A value that knows its type, whatever the table: a number, a text (also dates and bytes), or nothing.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "demo_apps/dbread/parse_field.h"
#include "demo_apps/dbread/query.h"
#include "demo_apps/dbread/row_hash.h"

namespace dbread {

using Value = std::variant<std::monostate, std::int64_t, std::string>;

inline Value ToValue(const Field& field, ColumnType type) {
  if (field.is_null) return {};
  if (type == ColumnType::kInteger) return ToNumber<std::int64_t>(field.text);
  return ToBytes(field);
}

inline void AddValue(RowHash& hash, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    hash.Add(*text);
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    hash.Add(*number);
  } else {
    hash.AddNull();
  }
}

}  // namespace dbread
