// SPDX-License-Identifier: MIT
// Cursor: fetches of a few rows within one read transaction.
#include "demo_apps/dbread/sqlite/reads.h"
#include "demo_apps/dbread/sqlite/stored_rows.h"

namespace dbread::sqlite {
namespace {

class ReadTransaction {
 public:
  explicit ReadTransaction(sqlite3* database) : database_(database) {
    if (sqlite3_exec(database, "BEGIN", nullptr, nullptr, nullptr) != SQLITE_OK) ThrowError(database);
  }
  ~ReadTransaction() { sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr); }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  sqlite3* database_;
};

class CursorRead : public BatchReader {
 public:
  CursorRead(sqlite3* database, const std::string& sql, std::size_t batch_rows)
      : transaction_(database), statement_(database, sql), batch_rows_(batch_rows) {}

  RowBatch* Next() override {
    fetched_.reset();
    fetched_ = std::make_unique<StoredRows>();
    fetched_->Fill(statement_, batch_rows_);
    return fetched_->size() > 0 ? fetched_.get() : nullptr;
  }

 private:
  ReadTransaction transaction_;
  Statement statement_;
  std::size_t batch_rows_;
  std::unique_ptr<StoredRows> fetched_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenCursor(sqlite3* database, const std::string& sql, std::size_t batch_rows) {
  return std::make_unique<CursorRead>(database, sql, batch_rows);
}

}  // namespace dbread::sqlite
