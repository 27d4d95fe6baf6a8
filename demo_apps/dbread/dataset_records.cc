// SPDX-License-Identifier: MIT
// The 92,000 records of the nine ways to read a table: id, num, data.
#include "demo_apps/dbread/dataset.h"

namespace dbread {
namespace {

Dataset Describe() {
  return {
      .name = "records",
      .columns = {{"id", ColumnType::kInteger}, {"num", ColumnType::kInteger}, {"data", ColumnType::kText}},
      .from = "records",
      .where = "",
      .key = "id",
      .one_column = "data"};
}

std::vector<Table> Tables(const Dialect&) {
  return {{.name = "records",
           .full_rows = 92'000,
           .columns = {{"id", ColumnType::kInteger, "i"},
                       {"num", ColumnType::kInteger, "(i % 1000) * 37"},
                       {"data", ColumnType::kText, "'data of record number ' || i"}},
           .key = "id"}};
}

}  // namespace

const DatasetSource kRecords = {Describe, Tables};

}  // namespace dbread
