// SPDX-License-Identifier: MIT
// Statements that make and read a dataset's tables.
#include "demo_apps/dbread/dataset.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace dbread {
namespace {

const Column& FindColumn(const std::vector<Column>& columns, const std::string& name) {
  return *std::find_if(columns.begin(), columns.end(),
                       [&name](const Column& column) { return column.name == name; });
}

bool UsesSha1(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [](const MadeColumn& column) { return column.type == ColumnType::kKeyText; });
}

std::string CreateStatement(const Dialect& dialect, const Table& table) {
  std::string columns;
  for (const MadeColumn& column : table.columns) {
    columns += fmt::format("{} {}, ", column.name, dialect.TypeName(column.type));
  }
  const std::string& key = table.key.empty() ? table.columns.front().name : table.key;
  return fmt::format("CREATE TABLE {} ({}PRIMARY KEY ({}))", table.name, columns, key);
}

std::string InsertStatement(const Dialect& dialect, const Table& table, std::size_t rows) {
  std::string values;
  for (const MadeColumn& column : table.columns) {
    bool is_date = column.type == ColumnType::kDate;
    values += values.empty() ? "" : ", ";
    values += is_date ? dialect.Day(column.expression) : column.expression;
  }
  return fmt::format("INSERT INTO {} SELECT {} FROM {}", table.name, values, dialect.Series(rows));
}

}  // namespace

std::vector<Column> Dataset::Selected(bool one) const {
  if (!one) return columns;
  return {FindColumn(columns, one_column)};
}

Query Dataset::Select(bool one) const {
  Query query;
  for (const Column& column : Selected(one)) query.columns.push_back({column.name, column.type});
  query.from = from;
  query.where = where;
  return query;
}

const Column& Dataset::KeyColumn() const {
  return FindColumn(columns, key);
}

std::string PickWord(const std::vector<std::string>& words, const std::string& number) {
  std::size_t width = 0;
  for (const std::string& word : words) width = std::max(width, word.size());
  std::string padded;
  for (const std::string& word : words) padded += fmt::format("{:<{}}", word, width);
  return fmt::format("rtrim(substr('{}', 1 + {} * (({}) % {}), {}))", padded, width, number, words.size(),
                     width);
}

std::string Quotient(const std::string& number, std::size_t divisor) {
  return fmt::format("(({0}) - ({0}) % {1}) / {1}", number, divisor);
}

std::vector<Column> ColumnsOf(const Table& table) {
  std::vector<Column> columns;
  for (const MadeColumn& column : table.columns) columns.push_back({column.name, column.type});
  return columns;
}

std::size_t PrepareDataset(Connection& connection, const DatasetSource& source, double scale) {
  const Dialect& dialect = connection.dialect();
  std::size_t most_rows = 0;
  connection.Execute("BEGIN");
  for (const Table& table : source.tables(dialect)) {
    double scaled = std::round(static_cast<double>(table.full_rows) * scale);
    auto rows = static_cast<std::size_t>(std::max(1.0, scaled));
    most_rows = std::max(most_rows, rows);
    if (UsesSha1(table)) connection.EnableSha1();
    connection.Execute(fmt::format("DROP TABLE IF EXISTS {}", table.name));
    connection.Execute(CreateStatement(dialect, table));
    connection.Execute(InsertStatement(dialect, table, rows));
  }
  connection.Execute("COMMIT");
  return most_rows;
}

}  // namespace dbread
