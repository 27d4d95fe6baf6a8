// SPDX-License-Identifier: MIT
// Single-row: each step of the statement is a row, shown where SQLite has it.
#include "demo_apps/dbread/sqlite/reads.h"
#include "demo_apps/dbread/sqlite/statement.h"

namespace dbread::sqlite {
namespace {

class SingleRowRead : public BatchReader, private RowBatch {
 public:
  SingleRowRead(sqlite3* database, const std::string& sql) : statement_(database, sql) {}

  RowBatch* Next() override { return statement_.Step() ? this : nullptr; }

 private:
  std::size_t size() const override { return 1; }
  RowView Row(std::size_t) override { return statement_.Row(); }

  Statement statement_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenSingleRow(sqlite3* database, const std::string& sql) {
  return std::make_unique<SingleRowRead>(database, sql);
}

}  // namespace dbread::sqlite
