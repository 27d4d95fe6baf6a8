// SPDX-License-Identifier: MIT
// A query in its parts, so that a way of reading can add to it: paging needs an order, a limit and a place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace dbread {

enum class ColumnType { kInteger, kText, kDate, kBytes, kKeyText };  // kKeyText: a text of 40 characters

struct SelectedColumn {
  std::string expression;
  ColumnType type = ColumnType::kText;
};

struct Query {
  std::vector<SelectedColumn> columns;
  std::string from;
  std::string where;     // empty: all rows
  std::string order_by;  // empty: as the database likes
  std::optional<std::size_t> limit;
  std::size_t offset = 0;

  std::string Text() const;
  // Narrows it further.
  void AddCondition(const std::string& condition);
};

}  // namespace dbread
