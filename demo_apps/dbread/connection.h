// SPDX-License-Identifier: MIT
// What every driver can do: run statements, and read a query's rows in one of several ways.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

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

// Where the dialects differ when a table is made. Arguments and results are SQL expressions.
class Dialect {
 public:
  virtual ~Dialect() = default;
  // A table expression with the numbers 1 to `rows` in series.i.
  virtual std::string Series(std::size_t rows) const = 0;
  // The day that is `days` (an integer) after 2000-01-01.
  virtual std::string Day(const std::string& days) const = 0;
  virtual std::string Repeat(const std::string& text, const std::string& times) const = 0;
  // A text as bytes, and the SHA-1 of bytes as 40 hexadecimal digits.
  virtual std::string Bytes(const std::string& text) const = 0;
  virtual std::string Sha1(const std::string& bytes) const = 0;
  virtual std::string TypeName(ColumnType type) const = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void Execute(const std::string& sql) = 0;
  // Throws UnsupportedRead for what this driver cannot do.
  virtual std::unique_ptr<BatchReader> Open(const ReadRequest& request) = 0;
  virtual const Dialect& dialect() const = 0;
  // Called before Dialect::Sha1 is used, for databases where that is an extension.
  virtual void EnableSha1() {}
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
