// SPDX-License-Identifier: MIT
// Statements that make and read a dataset's table.
#include "demo_apps/dbread/dataset.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace dbread {
namespace {

std::string TypeName(const Column& column) {
  switch (column.type) {
    case ColumnType::kInteger:
      return "integer";
    case ColumnType::kDate:
      return "date";
    case ColumnType::kText:
      break;
  }
  return "text";
}

std::string CreateStatement(const Dataset& dataset) {
  std::string columns;
  for (const Column& column : dataset.columns) {
    columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", column.name, TypeName(column));
    if (&column == &dataset.columns.front()) columns += " PRIMARY KEY";
  }
  return fmt::format("CREATE TABLE {} ({})", dataset.name, columns);
}

std::string InsertStatement(const Connection& connection, const Dataset& dataset, std::size_t rows) {
  std::string values;
  for (const Column& column : dataset.columns) {
    bool is_date = column.type == ColumnType::kDate;
    values += values.empty() ? "" : ", ";
    values += is_date ? connection.Day(column.expression) : column.expression;
  }
  return fmt::format("INSERT INTO {} SELECT {} FROM {}", dataset.name, values, connection.Series(rows));
}

}  // namespace

std::vector<Column> Dataset::Selected(bool one) const {
  if (!one) return columns;
  auto is_chosen = [this](const Column& column) { return column.name == one_column; };
  return {*std::find_if(columns.begin(), columns.end(), is_chosen)};
}

std::string Dataset::SelectStatement(bool one) const {
  std::string names;
  for (const Column& column : Selected(one)) names += (names.empty() ? "" : ", ") + column.name;
  return fmt::format("SELECT {} FROM {}", names, name);
}

std::string PickWord(const std::vector<std::string>& words, const std::string& number) {
  std::size_t width = 0;
  for (const std::string& word : words) width = std::max(width, word.size());
  std::string padded;
  for (const std::string& word : words) padded += fmt::format("{:<{}}", word, width);
  return fmt::format("rtrim(substr('{}', 1 + {} * (({}) % {}), {}))", padded, width, number, words.size(),
                     width);
}

std::size_t PrepareDataset(Connection& connection, const Dataset& dataset, double scale) {
  double scaled = std::round(static_cast<double>(dataset.full_rows) * scale);
  auto rows = static_cast<std::size_t>(std::max(1.0, scaled));
  connection.Execute("BEGIN");
  connection.Execute(fmt::format("DROP TABLE IF EXISTS {}", dataset.name));
  connection.Execute(CreateStatement(dataset));
  connection.Execute(InsertStatement(connection, dataset, rows));
  connection.Execute("COMMIT");
  return rows;
}

}  // namespace dbread
