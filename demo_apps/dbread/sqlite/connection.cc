// SPDX-License-Identifier: MIT
// The sqlite driver. The engine runs in this process, so its page cache is part of the program's heap: 2 MB
// by default, set to 256 KiB here, which is plenty for reading a table from front to back.
#include "demo_apps/dbread/connection.h"

#include "demo_apps/dbread/sqlite/reads.h"
#include "demo_apps/dbread/sqlite/statement.h"

namespace dbread {
namespace {

class SqliteConnection : public Connection {
 public:
  SqliteConnection(const std::string& path, bool create) {
    // Writable also for reading: a writer that was killed leaves a journal that the next one plays back.
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    sqlite3* database = nullptr;
    int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
    database_.reset(database);
    if (code != SQLITE_OK) throw DatabaseError(path + ": " + sqlite3_errstr(code));
    Execute("PRAGMA cache_size = -256");
  }

  void Execute(const std::string& sql) override {
    int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) sqlite::ThrowError(database_.get());
  }

  std::unique_ptr<BatchReader> Open(const ReadRequest& request) override {
    switch (request.kind) {
      case ReadKind::kEager:
        return sqlite::OpenEager(database_.get(), request.sql);
      case ReadKind::kBatched:
        return sqlite::OpenBatched(database_.get(), request.sql, request.batch_rows);
      case ReadKind::kSingleRow:
        return sqlite::OpenSingleRow(database_.get(), request.sql);
      case ReadKind::kCursor:
        return sqlite::OpenCursor(database_.get(), request.sql, request.batch_rows);
    }
    throw DatabaseError("unknown read");
  }

  std::string Series(std::size_t rows) const override {
    return "(WITH RECURSIVE series(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM series WHERE i < " +
           std::to_string(rows) + ") SELECT i FROM series)";
  }

  std::string Day(const std::string& days) const override {
    return "date('2000-01-01', '+' || " + days + " || ' days')";
  }

 private:
  sqlite::DatabaseHandle database_;
};

}  // namespace

std::unique_ptr<Connection> ConnectToSqlite(const std::string& path, bool create) {
  return std::make_unique<SqliteConnection>(path, create);
}

}  // namespace dbread
