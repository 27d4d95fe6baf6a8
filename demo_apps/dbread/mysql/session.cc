// SPDX-License-Identifier: MIT
// Waiting for MariaDB, blocked or by poll().
#include "demo_apps/dbread/mysql/session.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <poll.h>

#include <cerrno>
#include <cstdlib>

namespace dbread::mysql {

void ThrowError(unsigned code, const char* message) {
  std::string text = message;
  if (code == ER_NO_SUCH_TABLE) text += "; dbread --prepare makes it";
  throw DatabaseError(text);
}

void ThrowError(MYSQL* connection) {
  ThrowError(mysql_errno(connection), mysql_error(connection));
}

void ThrowError(MYSQL_STMT* statement) {
  ThrowError(mysql_stmt_errno(statement), mysql_stmt_error(statement));
}

Session::Session(const std::string& socket_path, Waiting waiting)
    : handle_(mysql_init(nullptr)), waiting_(waiting) {
  if (handle_ == nullptr) throw DatabaseError("no memory for a connection");
  if (IsPolling()) mysql_options(get(), MYSQL_OPT_NONBLOCK, nullptr);
  mysql_options(get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  Connect(socket_path);
  // Two bars put texts together, as in the other dialects.
  Execute("SET sql_mode = 'PIPES_AS_CONCAT,STRICT_ALL_TABLES'");
}

void Session::Connect(const std::string& socket_path) {
  const char* user = std::getenv("MYSQL_USER");
  const char* database = std::getenv("MYSQL_DATABASE");
  const char* path = socket_path.empty() ? std::getenv("MYSQL_UNIX_PORT") : socket_path.c_str();
  MYSQL* connected = nullptr;
  if (IsPolling()) {
    int wanted = mysql_real_connect_start(&connected, get(), nullptr, user, nullptr, database, 0, path, 0);
    while (wanted != 0) wanted = mysql_real_connect_cont(&connected, get(), Await(wanted));
  } else {
    connected = mysql_real_connect(get(), nullptr, user, nullptr, database, 0, path, 0);
  }
  if (connected == nullptr) ThrowError(get());
}

// What of `wanted` has come, both in the library's bits.
int Session::Await(int wanted) const {
  pollfd socket{mysql_get_socket(get()), 0, 0};
  if (wanted & MYSQL_WAIT_READ) socket.events |= POLLIN;
  if (wanted & MYSQL_WAIT_WRITE) socket.events |= POLLOUT;
  if (wanted & MYSQL_WAIT_EXCEPT) socket.events |= POLLPRI;
  int limit_ms = wanted & MYSQL_WAIT_TIMEOUT ? static_cast<int>(mysql_get_timeout_value_ms(get())) : -1;
  int ready = 0;
  while ((ready = poll(&socket, 1, limit_ms)) < 0) {
    if (errno != EINTR) throw DatabaseError("cannot wait for the server");
  }
  if (ready == 0) return MYSQL_WAIT_TIMEOUT;
  int come = 0;
  if (socket.revents & (POLLIN | POLLHUP | POLLERR)) come |= MYSQL_WAIT_READ;
  if (socket.revents & POLLOUT) come |= MYSQL_WAIT_WRITE;
  if (socket.revents & POLLPRI) come |= MYSQL_WAIT_EXCEPT;
  return come;
}

void Session::Execute(const std::string& sql) {
  int failed = 0;
  if (IsPolling()) {
    int wanted = mysql_real_query_start(&failed, get(), sql.data(), sql.size());
    while (wanted != 0) wanted = mysql_real_query_cont(&failed, get(), Await(wanted));
  } else {
    failed = mysql_real_query(get(), sql.data(), sql.size());
  }
  if (failed != 0) ThrowError(get());
}

ResultHandle Session::StoreResult() {
  MYSQL_RES* result = nullptr;
  if (IsPolling()) {
    int wanted = mysql_store_result_start(&result, get());
    while (wanted != 0) wanted = mysql_store_result_cont(&result, get(), Await(wanted));
  } else {
    result = mysql_store_result(get());
  }
  if (result == nullptr) ThrowError(get());
  return ResultHandle(result);
}

ResultHandle Session::UseResult() {
  MYSQL_RES* result = mysql_use_result(get());
  if (result == nullptr) ThrowError(get());
  return ResultHandle(result);
}

MYSQL_ROW Session::NextRow(MYSQL_RES* result) {
  MYSQL_ROW row = nullptr;
  if (IsPolling()) {
    int wanted = mysql_fetch_row_start(&row, result);
    while (wanted != 0) wanted = mysql_fetch_row_cont(&row, result, Await(wanted));
  } else {
    row = mysql_fetch_row(result);
  }
  if (row == nullptr && mysql_errno(get()) != 0) ThrowError(get());
  return row;
}

}  // namespace dbread::mysql
