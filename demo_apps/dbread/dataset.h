// SPDX-License-Identifier: MIT
// The tables that dbread reads. The database itself makes their rows, the same ones in every dialect.
//
//   Dataset ── tables      made by --prepare: the rows of each out of the numbers 1, 2, 3, ...
//          └── columns     what is read, out of one table or a join of them; `key` orders and pages it
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "demo_apps/dbread/connection.h"

namespace dbread {

struct MadeColumn {
  std::string name;
  ColumnType type = ColumnType::kText;
  std::string expression;  // over i, the row's number; of a date: the days after 2000-01-01
};

struct Table {
  std::string name;
  std::size_t full_rows = 0;
  std::vector<MadeColumn> columns;  // the first one is the primary key, unless `key` names another
  std::string key;
};

struct Column {
  std::string name;
  ColumnType type = ColumnType::kText;
};

struct Dataset {
  std::string name;
  std::vector<Column> columns;
  std::string from;        // a table or a join
  std::string where;       // empty: all rows
  std::string key;         // one of `columns`: unique, and what paging goes by
  std::string one_column;  // what --columns one reads: a text

  // The columns that a read gives, and its query.
  std::vector<Column> Selected(bool one) const;
  Query Select(bool one) const;
  const Column& KeyColumn() const;
};

// The tables of a dataset as `dialect` makes them. Each dataset_*.cc has both.
struct DatasetSource {
  Dataset (*describe)();
  std::vector<Table> (*tables)(const Dialect& dialect);
};

extern const DatasetSource kRecords;    // 92,000 rows: id, num, data
extern const DatasetSource kEmployees;  // 1,000,000 rows of eight columns
extern const DatasetSource kEmails;     // 200,000 e-mails that came back, a join of two tables
extern const DatasetSource kPictures;   // 100,000 pictures of 8 to 12 KiB, found by their SHA-1
extern const DatasetSource kEvents;     // 20,000 events, which pollservice polls

// SQL for one of a few words, chosen by an integer expression; and for a whole quotient, in every dialect.
std::string PickWord(const std::vector<std::string>& words, const std::string& number);
std::string Quotient(const std::string& number, std::size_t divisor);

// Names, and types where they are not text, of a table's columns.
std::vector<Column> ColumnsOf(const Table& table);

// Makes the tables anew with full_rows × scale rows, in one transaction: what was there stays if this fails,
// where the database can undo such statements. Returns the number of rows of the largest one.
std::size_t PrepareDataset(Connection& connection, const DatasetSource& source, double scale);

}  // namespace dbread
