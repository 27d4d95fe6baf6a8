// SPDX-License-Identifier: MIT
// Eager: every row is copied before the first one is looked at.
#include <limits>

#include "demo_apps/dbread/sqlite/reads.h"
#include "demo_apps/dbread/sqlite/stored_rows.h"

namespace dbread::sqlite {
namespace {

class EagerRead : public BatchReader {
 public:
  EagerRead(sqlite3* database, const std::string& sql) {
    Statement statement(database, sql);
    rows_.Fill(statement, std::numeric_limits<std::size_t>::max());
  }

  RowBatch* Next() override {
    if (is_taken_) return nullptr;
    is_taken_ = true;
    return &rows_;
  }

 private:
  StoredRows rows_;
  bool is_taken_ = false;
};

}  // namespace

std::unique_ptr<BatchReader> OpenEager(sqlite3* database, const std::string& sql) {
  return std::make_unique<EagerRead>(database, sql);
}

}  // namespace dbread::sqlite
