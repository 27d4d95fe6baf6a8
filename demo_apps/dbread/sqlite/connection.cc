// SPDX-License-Identifier: MIT
// The sqlite driver. The engine runs in this process, so its page cache is part of the program's heap: 2 MB
// by default, set to 256 KiB here, which is plenty for reading a table from front to back.
#include "demo_apps/dbread/connection.h"

#include <openssl/evp.h>
#include <spdlog/fmt/fmt.h>

#include "demo_apps/dbread/sqlite/reads.h"
#include "demo_apps/dbread/sqlite/statement.h"

namespace dbread {
namespace {

// sha1(bytes) as 40 hexadecimal digits: SQLite has no such function of its own.
void Sha1Function(sqlite3_context* context, int, sqlite3_value** values) {
  const void* bytes = sqlite3_value_blob(values[0]);  // first: it may convert
  auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_size = 0;
  if (EVP_Digest(bytes, size, digest, &digest_size, EVP_sha1(), nullptr) != 1) {
    sqlite3_result_error(context, "cannot compute a SHA-1", -1);
    return;
  }
  std::string text;
  for (unsigned i = 0; i < digest_size; i++) text += fmt::format("{:02x}", digest[i]);
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

constexpr DialectWords kWords = {
    .series =
        "(WITH RECURSIVE series(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM series WHERE i < {}) "
        "SELECT i FROM series)",
    .day = "date('2000-01-01', '+' || ({}) || ' days')",
    // The well-known way without a function for it: n zero bytes are "00" n times.
    .repeat = "replace(hex(zeroblob({1})), '00', {0})",
    .bytes = "CAST({} AS blob)",
    .sha1 = "sha1({})",
    .bytes_type = "blob",
};

class SqliteConnection : public Connection {
 public:
  SqliteConnection(const std::string& path, bool create) : Connection(Dialect(kWords)) {
    // Writable also for reading: a writer that was killed leaves a journal that the next one plays back.
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    sqlite3* database = nullptr;
    int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
    database_.reset(database);
    if (code != SQLITE_OK) throw DatabaseError(path + ": " + sqlite3_errstr(code));
    Execute("PRAGMA cache_size = -256");
    code = sqlite3_create_function_v2(database, "sha1", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                                      Sha1Function, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) sqlite::ThrowError(database);
  }

  void Execute(const std::string& sql) override {
    int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) sqlite::ThrowError(database_.get());
  }

 protected:
  std::unique_ptr<BatchReader> OpenBuffered(const std::string& sql, std::size_t batch_rows) override {
    if (batch_rows == 0) return sqlite::OpenEager(database_.get(), sql);
    return sqlite::OpenBatched(database_.get(), sql, batch_rows);
  }
  std::unique_ptr<BatchReader> OpenSingleRow(const std::string& sql) override {
    return sqlite::OpenSingleRow(database_.get(), sql);
  }
  std::unique_ptr<BatchReader> OpenCursor(const std::string& sql, std::size_t batch_rows) override {
    return sqlite::OpenCursor(database_.get(), sql, batch_rows);
  }

 private:
  sqlite::DatabaseHandle database_;
};

}  // namespace

std::unique_ptr<Connection> ConnectToSqlite(const std::string& path, bool create) {
  return std::make_unique<SqliteConnection>(path, create);
}

}  // namespace dbread
