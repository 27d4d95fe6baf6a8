// SPDX-License-Identifier: MIT
// The mysql driver, on MariaDB's Connector/C.
#include "demo_apps/dbread/connection.h"

#include "demo_apps/dbread/mysql/reads.h"
#include "demo_apps/dbread/mysql/session.h"

namespace dbread {
namespace {

constexpr DialectWords kWords = {
    .series =
        "(SELECT CAST(seq AS signed) AS i FROM seq_1_to_{}) AS series",  // a table of the sequence engine
    .day = "DATE '2000-01-01' + INTERVAL ({}) DAY",
    .bytes = "CAST({} AS binary)",
    .sha1 = "sha1({})",
    .bytes_type = "mediumblob",
    .key_text_type = "char(40)",
};

class MysqlConnection : public Connection {
 public:
  MysqlConnection(const std::string& socket_path, Waiting waiting)
      : Connection(Dialect(kWords)), session_(socket_path, waiting) {}

  void Execute(const std::string& sql) override { session_.Execute(sql); }

 protected:
  std::unique_ptr<BatchReader> OpenBuffered(const std::string& sql, std::size_t batch_rows) override {
    return mysql::OpenStored(session_, sql, batch_rows);
  }
  std::unique_ptr<BatchReader> OpenSingleRow(const std::string& sql) override {
    return mysql::OpenUsed(session_, sql);
  }
  std::unique_ptr<BatchReader> OpenCursor(const std::string& sql, std::size_t batch_rows) override {
    if (session_.IsPolling())
      throw UnsupportedRead("--async of a mysql cursor is not there; postgres has it");
    return mysql::OpenCursor(session_, sql, batch_rows);
  }

 private:
  mysql::Session session_;
};

}  // namespace

std::unique_ptr<Connection> ConnectToMysql(const std::string& socket_path, Waiting waiting) {
  return std::make_unique<MysqlConnection>(socket_path, waiting);
}

}  // namespace dbread
