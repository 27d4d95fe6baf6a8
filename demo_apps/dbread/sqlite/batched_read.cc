// SPDX-License-Identifier: MIT
// Batched: copies of a few rows at a time.
#include "demo_apps/dbread/sqlite/reads.h"
#include "demo_apps/dbread/sqlite/stored_rows.h"

namespace dbread::sqlite {
namespace {

class BatchedRead : public BatchReader {
 public:
  BatchedRead(sqlite3* database, const std::string& sql, std::size_t batch_rows)
      : statement_(database, sql), batch_rows_(batch_rows) {}

  RowBatch* Next() override {
    rows_.Fill(statement_, batch_rows_);
    return rows_.size() > 0 ? &rows_ : nullptr;
  }

 private:
  Statement statement_;
  std::size_t batch_rows_;
  StoredRows rows_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenBatched(sqlite3* database, const std::string& sql, std::size_t batch_rows) {
  return std::make_unique<BatchedRead>(database, sql, batch_rows);
}

}  // namespace dbread::sqlite
