// SPDX-License-Identifier: MIT
// Rows as tuples: a list of values that know their type, a vector of variants a row.
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "demo_apps/dbread/parse_field.h"
#include "demo_apps/dbread/row_sink.h"

namespace dbread {
namespace {

using Value = std::variant<std::monostate, std::int64_t, std::string>;

struct Tuples {
  using Row = std::vector<Value>;

  std::vector<ColumnType> types;

  Row Make(RowView view) const {
    Row row;
    row.reserve(view.size());
    for (std::size_t i = 0; i < view.size(); i++) {
      if (view[i].is_null) {
        row.emplace_back();
      } else if (types[i] == ColumnType::kInteger) {
        row.emplace_back(ToNumber<std::int64_t>(view[i].text));
      } else {
        row.emplace_back(std::in_place_type<std::string>, view[i].text);
      }
    }
    return row;
  }

  static std::uint64_t Hash(const Row& row) {
    RowHash hash;
    for (const Value& value : row) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        hash.Add(*text);
      } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
        hash.Add(*number);
      } else {
        hash.AddNull();
      }
    }
    return hash.value();
  }
};

}  // namespace

std::unique_ptr<RowSink> MakeTupleSink(const Dataset& dataset, bool one_column, bool keep) {
  Tuples tuples;
  for (const Column& column : dataset.Selected(one_column)) tuples.types.push_back(column.type);
  return std::make_unique<KeepOrDrop<Tuples>>(std::move(tuples), keep);
}

}  // namespace dbread
