// SPDX-License-Identifier: MIT
// The 92,000 records of the nine ways to read a table: id, num, data.
#include "demo_apps/dbread/dataset.h"

namespace dbread {

Dataset RecordsDataset() {
  return {.name = "records",
          .full_rows = 92'000,
          .columns = {{"id", ColumnType::kInteger, "i"},
                      {"num", ColumnType::kInteger, "(i % 1000) * 37"},
                      {"data", ColumnType::kText, "'data of record number ' || i"}},
          .one_column = "data"};
}

}  // namespace dbread
