// SPDX-License-Identifier: MIT
// A query's text, the same in every dialect.
#include "demo_apps/dbread/query.h"

#include <spdlog/fmt/fmt.h>

namespace dbread {

std::string Query::Text() const {
  std::string text = "SELECT ";
  for (const SelectedColumn& column : columns) {
    if (&column != &columns.front()) text += ", ";
    text += column.expression;
  }
  text += " FROM " + from;
  if (!where.empty()) text += " WHERE " + where;
  if (!order_by.empty()) text += " ORDER BY " + order_by;
  if (limit) text += fmt::format(" LIMIT {} OFFSET {}", *limit, offset);
  return text;
}

void Query::AddCondition(const std::string& condition) {
  where = where.empty() ? condition : fmt::format("({}) AND {}", where, condition);
}

}  // namespace dbread
