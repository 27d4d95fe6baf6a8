// SPDX-License-Identifier: MIT
// A connection to PostgreSQL that waits in one of two ways: inside libpq's calls, or by libpq's asynchronous
// interface, whose calls return at once while this program polls the socket itself.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "demo_apps/dbread/connection.h"
#include "demo_apps/dbread/postgres/result.h"

namespace dbread::postgres {

class Session {
 public:
  Session(const std::string& conninfo, Waiting waiting);

  // Runs a statement to its end and holds its whole result.
  ResultHandle Run(const std::string& sql);

  // The same in steps: the results of what was sent, one after the other; null at the end.
  void Send(const std::string& sql);
  ResultHandle NextResult();

  // Takes the rest of the results, so that the connection can be used again. Never throws.
  void DropRest();

  // The next line of a COPY, in memory of libpq's; null at the end.
  struct FreeLine {
    void operator()(char* line) const { PQfreemem(line); }
  };
  using CopyLine = std::unique_ptr<char, FreeLine>;
  CopyLine NextCopyLine();

  PGconn* get() const { return handle_.get(); }

 private:
  bool IsPolling() const { return waiting_ == Waiting::kPolling; }
  void ConnectByPolling(const std::string& conninfo);
  void Await(short events);
  void AwaitSent();
  void AwaitInput();

  ConnectionHandle handle_;
  Waiting waiting_;
};

}  // namespace dbread::postgres
