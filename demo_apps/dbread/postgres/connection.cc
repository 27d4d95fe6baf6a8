// SPDX-License-Identifier: MIT
// The postgres driver, on libpq.
#include "demo_apps/dbread/connection.h"

#include "demo_apps/dbread/postgres/reads.h"
#include "demo_apps/dbread/postgres/session.h"

namespace dbread {
namespace {

class PostgresDialect : public Dialect {
 public:
  std::string Series(std::size_t rows) const override {
    return "generate_series(1, " + std::to_string(rows) + ") AS series(i)";
  }
  std::string Day(const std::string& days) const override { return "date '2000-01-01' + " + days; }
  std::string Repeat(const std::string& text, const std::string& times) const override {
    return "repeat(" + text + ", " + times + ")";
  }
  std::string Bytes(const std::string& text) const override { return "convert_to(" + text + ", 'UTF8')"; }
  std::string Sha1(const std::string& bytes) const override {
    return "encode(digest(" + bytes + ", 'sha1'), 'hex')";
  }
  std::string TypeName(ColumnType type) const override {
    switch (type) {
      case ColumnType::kInteger:
        return "integer";
      case ColumnType::kDate:
        return "date";
      case ColumnType::kBytes:
        return "bytea";
      case ColumnType::kText:
      case ColumnType::kKeyText:
        break;
    }
    return "text";
  }
};

class PostgresConnection : public Connection {
 public:
  PostgresConnection(const std::string& conninfo, Waiting waiting) : session_(conninfo, waiting) {}

  void Execute(const std::string& sql) override { session_.Run(sql); }

  std::unique_ptr<BatchReader> Open(const ReadRequest& request) override {
    const std::string sql = request.query.Text();
    switch (request.kind) {
      case ReadKind::kEager:
        return postgres::OpenBuffered(session_, sql, 0);
      case ReadKind::kBatched:
        return postgres::OpenBuffered(session_, sql, request.batch_rows);
      case ReadKind::kSingleRow:
        return postgres::OpenSingleRow(session_, sql);
      case ReadKind::kCursor:
        return postgres::OpenCursor(session_, sql, request.batch_rows);
      case ReadKind::kCopy:
        return postgres::OpenCopy(session_, request.query);
      case ReadKind::kOffset:
      case ReadKind::kKeyset:
        break;
    }
    throw UnsupportedRead("paging is made of eager reads");
  }

  const Dialect& dialect() const override { return dialect_; }
  void EnableSha1() override { session_.Run("CREATE EXTENSION IF NOT EXISTS pgcrypto"); }

 private:
  postgres::Session session_;
  PostgresDialect dialect_;
};

}  // namespace

std::unique_ptr<Connection> ConnectToPostgres(const std::string& conninfo, Waiting waiting) {
  return std::make_unique<PostgresConnection>(conninfo, waiting);
}

}  // namespace dbread
