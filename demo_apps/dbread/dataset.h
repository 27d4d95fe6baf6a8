// SPDX-License-Identifier: MIT
// The tables that dbread reads. The database itself makes their rows, the same ones in every dialect.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "demo_apps/dbread/connection.h"

namespace dbread {

enum class ColumnType { kInteger, kText, kDate };

struct Column {
  std::string name;
  ColumnType type = ColumnType::kText;
  std::string expression;  // over i, the row's number; of a date: the days after 2000-01-01
};

struct Dataset {
  std::string name;  // of the table, too
  std::size_t full_rows = 0;
  std::vector<Column> columns;  // the first one is the primary key
  std::string one_column;       // what --columns one reads

  // The columns that a read gives.
  std::vector<Column> Selected(bool one) const;
  std::string SelectStatement(bool one) const;
};

Dataset RecordsDataset();    // 92,000 rows: id, num, data
Dataset EmployeesDataset();  // 1,000,000 rows of eight columns

// SQL for one of a few words, chosen by an integer expression.
std::string PickWord(const std::vector<std::string>& words, const std::string& number);

// Makes the table anew with full_rows × scale rows, in one transaction: what was there stays if this fails.
// Returns the number of rows.
std::size_t PrepareDataset(Connection& connection, const Dataset& dataset, double scale);

}  // namespace dbread
