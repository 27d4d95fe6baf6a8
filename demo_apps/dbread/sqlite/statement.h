// SPDX-License-Identifier: MIT
// SQLite's objects with owners, and its errors as exceptions.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "demo_apps/dbread/row.h"

namespace dbread::sqlite {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

[[noreturn]] void ThrowError(sqlite3* database);

// A query that is stepped through. SQLite runs in this process: the statement itself is the cursor.
class Statement {
 public:
  Statement(sqlite3* database, const std::string& sql);

  bool Step();    // false at the end
  RowView Row();  // of the last step

 private:
  static constexpr int kMaxColumns = 32;

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> handle_;
  int columns_ = 0;
  bool is_done_ = false;
  Field fields_[kMaxColumns];
};

}  // namespace dbread::sqlite
