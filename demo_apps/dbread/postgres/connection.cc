// SPDX-License-Identifier: MIT
// The postgres driver, on libpq.
#include "demo_apps/dbread/connection.h"

#include "demo_apps/dbread/postgres/reads.h"
#include "demo_apps/dbread/postgres/session.h"

namespace dbread {
namespace {

constexpr DialectWords kWords = {
    .series = "generate_series(1, {}) AS series(i)",
    .day = "date '2000-01-01' + {}",
    .bytes = "convert_to({}, 'UTF8')",
    .sha1 = "encode(digest({}, 'sha1'), 'hex')",
    .bytes_type = "bytea",
};

class PostgresConnection : public Connection {
 public:
  PostgresConnection(const std::string& conninfo, Waiting waiting)
      : Connection(Dialect(kWords)), session_(conninfo, waiting) {}

  void Execute(const std::string& sql) override { session_.Run(sql); }

  void EnableSha1() override { session_.Run("CREATE EXTENSION IF NOT EXISTS pgcrypto"); }

 protected:
  std::unique_ptr<BatchReader> OpenBuffered(const std::string& sql, std::size_t batch_rows) override {
    return postgres::OpenBuffered(session_, sql, batch_rows);
  }
  std::unique_ptr<BatchReader> OpenSingleRow(const std::string& sql) override {
    return postgres::OpenSingleRow(session_, sql);
  }
  std::unique_ptr<BatchReader> OpenCursor(const std::string& sql, std::size_t batch_rows) override {
    return postgres::OpenCursor(session_, sql, batch_rows);
  }
  std::unique_ptr<BatchReader> OpenCopy(const Query& query) override {
    return postgres::OpenCopy(session_, query);
  }

 private:
  postgres::Session session_;
};

}  // namespace

std::unique_ptr<Connection> ConnectToPostgres(const std::string& conninfo, Waiting waiting) {
  return std::make_unique<PostgresConnection>(conninfo, waiting);
}

}  // namespace dbread
