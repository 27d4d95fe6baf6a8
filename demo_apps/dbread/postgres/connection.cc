// SPDX-License-Identifier: MIT
// The postgres driver, on libpq.
#include "demo_apps/dbread/connection.h"

#include "demo_apps/dbread/postgres/reads.h"
#include "demo_apps/dbread/postgres/result.h"

namespace dbread {
namespace {

class PostgresConnection : public Connection {
 public:
  explicit PostgresConnection(const std::string& conninfo) : handle_(PQconnectdb(conninfo.c_str())) {
    if (PQstatus(handle_.get()) != CONNECTION_OK) postgres::ThrowError(handle_.get(), nullptr);
    Execute("SET datestyle = ISO");
    Execute("SET client_min_messages = warning");
  }

  void Execute(const std::string& sql) override { postgres::RunStatement(handle_.get(), sql); }

  std::unique_ptr<BatchReader> Open(const ReadRequest& request) override {
    switch (request.kind) {
      case ReadKind::kEager:
        return postgres::OpenBuffered(handle_.get(), request.sql, 0);
      case ReadKind::kBatched:
        return postgres::OpenBuffered(handle_.get(), request.sql, request.batch_rows);
      case ReadKind::kSingleRow:
        return postgres::OpenSingleRow(handle_.get(), request.sql);
      case ReadKind::kCursor:
        return postgres::OpenCursor(handle_.get(), request.sql, request.batch_rows);
    }
    throw DatabaseError("unknown read");
  }

  std::string Series(std::size_t rows) const override {
    return "generate_series(1, " + std::to_string(rows) + ") AS series(i)";
  }

  std::string Day(const std::string& days) const override { return "date '2000-01-01' + " + days; }

 private:
  postgres::ConnectionHandle handle_;
};

}  // namespace

std::unique_ptr<Connection> ConnectToPostgres(const std::string& conninfo) {
  return std::make_unique<PostgresConnection>(conninfo);
}

}  // namespace dbread
