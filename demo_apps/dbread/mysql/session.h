// SPDX-License-Identifier: MIT
// MariaDB's Connector/C with owners, its errors as exceptions, and its two ways to wait: inside its calls, or
// by its non-blocking interface, in which each call runs on a stack of its own and comes back whenever the
// socket has nothing for it.
#pragma once

#include <mysql.h>

#include <memory>
#include <string>

#include "demo_apps/dbread/connection.h"

namespace dbread::mysql {

struct CloseConnection {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
};
struct FreeResult {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
struct CloseStatement {
  void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
};
using ResultHandle = std::unique_ptr<MYSQL_RES, FreeResult>;
using StatementHandle = std::unique_ptr<MYSQL_STMT, CloseStatement>;

class Session {
 public:
  Session(const std::string& socket_path, Waiting waiting);

  void Execute(const std::string& sql);  // a statement without rows, or whose rows are asked for next
  ResultHandle StoreResult();            // all rows, now
  ResultHandle UseResult();              // rows as they come
  MYSQL_ROW NextRow(MYSQL_RES* result);  // null at the end

  bool IsPolling() const { return waiting_ == Waiting::kPolling; }
  MYSQL* get() const { return handle_.get(); }

 private:
  void Connect(const std::string& socket_path);
  int Await(int wanted) const;

  std::unique_ptr<MYSQL, CloseConnection> handle_;
  Waiting waiting_;
};

[[noreturn]] void ThrowError(unsigned code, const char* message);
[[noreturn]] void ThrowError(MYSQL* connection);
[[noreturn]] void ThrowError(MYSQL_STMT* statement);

}  // namespace dbread::mysql
