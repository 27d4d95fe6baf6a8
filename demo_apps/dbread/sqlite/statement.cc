// SPDX-License-Identifier: MIT
// SQLite's statements: preparing, stepping, and the row at hand as a view.
#include "demo_apps/dbread/sqlite/statement.h"

namespace dbread::sqlite {

void ThrowError(sqlite3* database) {
  std::string message = sqlite3_errmsg(database);
  if (message.starts_with("no such table")) message += "; dbread --prepare makes it";
  throw DatabaseError(message);
}

Statement::Statement(sqlite3* database, const std::string& sql) : database_(database) {
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v2(database, sql.c_str(), -1, &handle, nullptr) != SQLITE_OK) ThrowError(database);
  handle_.reset(handle);
  columns_ = sqlite3_column_count(handle);
  if (columns_ > kMaxColumns) throw DatabaseError("too many columns");
}

bool Statement::Step() {
  if (is_done_) return false;  // one more step would start again from the first row
  int code = sqlite3_step(handle_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) ThrowError(database_);
  is_done_ = code == SQLITE_DONE;
  return !is_done_;
}

RowView Statement::Row() {
  for (int i = 0; i < columns_; i++) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), i));
    auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), i));
    fields_[i] = {{text, text != nullptr ? bytes : 0}, text == nullptr};
  }
  return {fields_, static_cast<std::size_t>(columns_)};
}

}  // namespace dbread::sqlite
