// SPDX-License-Identifier: MIT
// What every driver can do: run statements, and read a query's rows in one of several ways.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "demo_apps/dbread/dialect.h"
#include "demo_apps/dbread/query.h"
#include "demo_apps/dbread/row.h"

namespace dbread {

// Offset and keyset are eager reads of one page after the other, the same code for every driver; see
// paged_read.h.
enum class ReadKind { kEager, kBatched, kSingleRow, kCursor, kOffset, kKeyset, kCopy };

struct ReadRequest {
  Query query;
  ReadKind kind = ReadKind::kEager;
  std::size_t batch_rows = 100;  // of batched and cursor
};

class Connection {
 public:
  explicit Connection(Dialect dialect) : dialect_(std::move(dialect)) {}
  virtual ~Connection() = default;

  virtual void Execute(const std::string& sql) = 0;
  // Throws UnsupportedRead for what this driver cannot do.
  std::unique_ptr<BatchReader> Open(const ReadRequest& request);
  const Dialect& dialect() const { return dialect_; }
  // Called before Dialect::Sha1 is used, for databases where that is an extension.
  virtual void EnableSha1() {}

 protected:
  // The ways of reading that are the driver's own. All rows in memory at once; `batch_rows` of them are
  // handed on at a time, 0: all.
  virtual std::unique_ptr<BatchReader> OpenBuffered(const std::string& sql, std::size_t batch_rows) = 0;
  virtual std::unique_ptr<BatchReader> OpenSingleRow(const std::string& sql) = 0;
  virtual std::unique_ptr<BatchReader> OpenCursor(const std::string& sql, std::size_t batch_rows) = 0;
  virtual std::unique_ptr<BatchReader> OpenCopy(const Query& query);

 private:
  Dialect dialect_;
};

enum class Waiting {
  kBlocking,
  kPolling,  // the driver's asynchronous interface: calls return at once, and poll() waits for the socket
};

// `conninfo` as libpq takes it; empty: from the PG* variables.
std::unique_ptr<Connection> ConnectToPostgres(const std::string& conninfo, Waiting waiting);

// `path` must exist unless `create` is set.
std::unique_ptr<Connection> ConnectToSqlite(const std::string& path, bool create);

// `socket_path` empty: from MYSQL_UNIX_PORT. User and database are those of the environment's MYSQL_USER and
// MYSQL_DATABASE. Throws DatabaseError where dbread was built without it.
std::unique_ptr<Connection> ConnectToMysql(const std::string& socket_path, Waiting waiting);

}  // namespace dbread
