// SPDX-License-Identifier: MIT
// The drivers by name.
#include "demo_apps/dbread/driver.h"

namespace dbread {
namespace {

const std::map<std::string, Driver> kDrivers = {
    {"postgres", Driver::kPostgres}, {"sqlite", Driver::kSqlite}, {"mysql", Driver::kMysql}};

}  // namespace

void AddDriverOptions(CLI::App& app, DriverOptions& options) {
  AddChoice(app, "--driver", options.driver, kDrivers, "database");
  app.add_option(
      "--db", options.database,
      "sqlite: the file; postgres: a connection string (default: PG* variables); mysql: the server's "
      "socket (default: MYSQL_UNIX_PORT, with MYSQL_USER and MYSQL_DATABASE)");
  app.add_flag("--async", options.async, "through the driver's asynchronous interface: postgres, mysql");
}

void CheckDriverOptions(const DriverOptions& options) {
  if (options.driver != Driver::kSqlite) return;
  if (options.database.empty()) throw CLI::ValidationError("--db", "sqlite needs a file");
  if (options.async) {
    throw CLI::ValidationError("--async", "sqlite runs inside the program and has nothing to wait for");
  }
}

std::unique_ptr<Connection> Connect(const DriverOptions& options, bool create) {
  Waiting waiting = options.async ? Waiting::kPolling : Waiting::kBlocking;
  if (options.driver == Driver::kPostgres) return ConnectToPostgres(options.database, waiting);
  if (options.driver == Driver::kMysql) return ConnectToMysql(options.database, waiting);
  return ConnectToSqlite(options.database, create);
}

}  // namespace dbread
