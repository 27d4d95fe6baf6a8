// SPDX-License-Identifier: MIT
// Waiting for PostgreSQL, blocked or by poll().
#include "demo_apps/dbread/postgres/session.h"

#include <poll.h>

#include <cerrno>

namespace dbread::postgres {

Session::Session(const std::string& conninfo, Waiting waiting) : waiting_(waiting) {
  if (IsPolling()) {
    ConnectByPolling(conninfo);
  } else {
    handle_.reset(PQconnectdb(conninfo.c_str()));
  }
  if (PQstatus(get()) != CONNECTION_OK) ThrowError(get(), nullptr);
  if (IsPolling() && PQsetnonblocking(get(), 1) != 0) ThrowError(get(), nullptr);
  Run("SET datestyle = ISO");
  Run("SET client_min_messages = warning");
}

void Session::ConnectByPolling(const std::string& conninfo) {
  handle_.reset(PQconnectStart(conninfo.c_str()));
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (PQstatus(get()) != CONNECTION_BAD && status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
    Await(status == PGRES_POLLING_READING ? POLLIN : POLLOUT);
    status = PQconnectPoll(get());
  }
}

void Session::Await(short events) {
  pollfd socket{PQsocket(get()), events, 0};
  while (poll(&socket, 1, -1) < 0) {
    if (errno != EINTR) throw DatabaseError("cannot wait for the server");
  }
}

// While a long statement goes out, the server may already answer: both directions are served.
void Session::AwaitSent() {
  int left = 0;
  while ((left = PQflush(get())) == 1) {
    Await(POLLIN | POLLOUT);
    if (PQconsumeInput(get()) == 0) ThrowError(get(), nullptr);
  }
  if (left < 0) ThrowError(get(), nullptr);
}

void Session::AwaitInput() {
  Await(POLLIN);
  if (PQconsumeInput(get()) == 0) ThrowError(get(), nullptr);
}

void Session::Send(const std::string& sql) {
  if (PQsendQuery(get(), sql.c_str()) == 0) ThrowError(get(), nullptr);
  if (IsPolling()) AwaitSent();
}

ResultHandle Session::NextResult() {
  while (IsPolling() && PQisBusy(get()) != 0) AwaitInput();
  return ResultHandle(PQgetResult(get()));
}

ResultHandle Session::Run(const std::string& sql) {
  ResultHandle result;
  if (IsPolling()) {
    Send(sql);
    result = NextResult();
    while (NextResult() != nullptr) continue;
  } else {
    result.reset(PQexec(get(), sql.c_str()));
  }
  ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) ThrowError(get(), result.get());
  return result;
}

void Session::DropRest() {
  while (ResultHandle rest{PQgetResult(get())}) {
    // An unfinished COPY gives its status again and again, until its lines are taken.
    char* line = nullptr;
    while (PQresultStatus(rest.get()) == PGRES_COPY_OUT && PQgetCopyData(get(), &line, 0) > 0)
      PQfreemem(line);
  }
}

Session::CopyLine Session::NextCopyLine() {
  char* line = nullptr;
  int bytes = 0;
  while ((bytes = PQgetCopyData(get(), &line, IsPolling() ? 1 : 0)) == 0) AwaitInput();
  if (bytes == -2) ThrowError(get(), nullptr);
  return CopyLine(line);
}

}  // namespace dbread::postgres
