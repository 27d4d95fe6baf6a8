// SPDX-License-Identifier: MIT
// What every driver can do: run statements, and read a query's rows in one of several ways.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "demo_apps/dbread/row.h"

namespace dbread {

enum class ReadKind { kEager, kBatched, kSingleRow, kCursor };

struct ReadRequest {
  std::string sql;
  ReadKind kind = ReadKind::kEager;
  std::size_t batch_rows = 100;  // of batched and cursor
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void Execute(const std::string& sql) = 0;
  virtual std::unique_ptr<BatchReader> Open(const ReadRequest& request) = 0;

  // Where the dialects differ: a table expression with the numbers 1 to `rows` in series.i, and the day that
  // is `days` (an integer expression) after 2000-01-01.
  virtual std::string Series(std::size_t rows) const = 0;
  virtual std::string Day(const std::string& days) const = 0;
};

// `conninfo` as libpq takes it; empty: from the PG* variables.
std::unique_ptr<Connection> ConnectToPostgres(const std::string& conninfo);

// `path` must exist unless `create` is set.
std::unique_ptr<Connection> ConnectToSqlite(const std::string& path, bool create);

}  // namespace dbread
