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

class SqliteDialect : public Dialect {
 public:
  std::string Series(std::size_t rows) const override {
    return "(WITH RECURSIVE series(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM series WHERE i < " +
           std::to_string(rows) + ") SELECT i FROM series)";
  }
  std::string Day(const std::string& days) const override {
    return "date('2000-01-01', '+' || (" + days + ") || ' days')";
  }
  // The well-known way without a function for it: n zero bytes are "00" n times.
  std::string Repeat(const std::string& text, const std::string& times) const override {
    return "replace(hex(zeroblob(" + times + ")), '00', " + text + ")";
  }
  std::string Bytes(const std::string& text) const override { return "CAST(" + text + " AS blob)"; }
  std::string Sha1(const std::string& bytes) const override { return "sha1(" + bytes + ")"; }
  std::string TypeName(ColumnType type) const override {
    switch (type) {
      case ColumnType::kInteger:
        return "integer";
      case ColumnType::kDate:
        return "date";
      case ColumnType::kBytes:
        return "blob";
      case ColumnType::kText:
      case ColumnType::kKeyText:
        break;
    }
    return "text";
  }
};

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
    code = sqlite3_create_function_v2(database, "sha1", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                                      Sha1Function, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) sqlite::ThrowError(database);
  }

  void Execute(const std::string& sql) override {
    int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) sqlite::ThrowError(database_.get());
  }

  std::unique_ptr<BatchReader> Open(const ReadRequest& request) override {
    const std::string sql = request.query.Text();
    switch (request.kind) {
      case ReadKind::kEager:
        return sqlite::OpenEager(database_.get(), sql);
      case ReadKind::kBatched:
        return sqlite::OpenBatched(database_.get(), sql, request.batch_rows);
      case ReadKind::kSingleRow:
        return sqlite::OpenSingleRow(database_.get(), sql);
      case ReadKind::kCursor:
        return sqlite::OpenCursor(database_.get(), sql, request.batch_rows);
      case ReadKind::kCopy:
        throw UnsupportedRead("--read copy is PostgreSQL's: sqlite has no such statement");
      case ReadKind::kOffset:
      case ReadKind::kKeyset:
        break;
    }
    throw UnsupportedRead("paging is made of eager reads");
  }

  const Dialect& dialect() const override { return dialect_; }

 private:
  sqlite::DatabaseHandle database_;
  SqliteDialect dialect_;
};

}  // namespace

std::unique_ptr<Connection> ConnectToSqlite(const std::string& path, bool create) {
  return std::make_unique<SqliteConnection>(path, create);
}

}  // namespace dbread
