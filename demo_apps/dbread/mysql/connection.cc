// SPDX-License-Identifier: MIT
// The mysql driver, on MariaDB's Connector/C.
#include "demo_apps/dbread/connection.h"

#include "demo_apps/dbread/mysql/reads.h"
#include "demo_apps/dbread/mysql/session.h"

namespace dbread {
namespace {

class MysqlDialect : public Dialect {
 public:
  // A table of the sequence engine.
  std::string Series(std::size_t rows) const override {
    return "(SELECT CAST(seq AS signed) AS i FROM seq_1_to_" + std::to_string(rows) + ") AS series";
  }
  std::string Day(const std::string& days) const override {
    return "DATE '2000-01-01' + INTERVAL (" + days + ") DAY";
  }
  std::string Repeat(const std::string& text, const std::string& times) const override {
    return "repeat(" + text + ", " + times + ")";
  }
  std::string Bytes(const std::string& text) const override { return "CAST(" + text + " AS binary)"; }
  std::string Sha1(const std::string& bytes) const override { return "sha1(" + bytes + ")"; }
  std::string TypeName(ColumnType type) const override {
    switch (type) {
      case ColumnType::kInteger:
        return "integer";
      case ColumnType::kDate:
        return "date";
      case ColumnType::kBytes:
        return "mediumblob";
      case ColumnType::kKeyText:
        return "char(40)";
      case ColumnType::kText:
        break;
    }
    return "text";
  }
};

class MysqlConnection : public Connection {
 public:
  MysqlConnection(const std::string& socket_path, Waiting waiting) : session_(socket_path, waiting) {}

  void Execute(const std::string& sql) override { session_.Execute(sql); }

  std::unique_ptr<BatchReader> Open(const ReadRequest& request) override {
    const std::string sql = request.query.Text();
    switch (request.kind) {
      case ReadKind::kEager:
        return mysql::OpenStored(session_, sql, 0);
      case ReadKind::kBatched:
        return mysql::OpenStored(session_, sql, request.batch_rows);
      case ReadKind::kSingleRow:
        return mysql::OpenUsed(session_, sql);
      case ReadKind::kCursor:
        if (session_.IsPolling())
          throw UnsupportedRead("--async of a mysql cursor is not there; postgres has it");
        return mysql::OpenCursor(session_, sql, request.batch_rows);
      case ReadKind::kCopy:
        throw UnsupportedRead("--read copy is PostgreSQL's: mysql sends no table but as a result");
      case ReadKind::kOffset:
      case ReadKind::kKeyset:
        break;
    }
    throw UnsupportedRead("paging is made of eager reads");
  }

  const Dialect& dialect() const override { return dialect_; }

 private:
  mysql::Session session_;
  MysqlDialect dialect_;
};

}  // namespace

std::unique_ptr<Connection> ConnectToMysql(const std::string& socket_path, Waiting waiting) {
  return std::make_unique<MysqlConnection>(socket_path, waiting);
}

}  // namespace dbread
