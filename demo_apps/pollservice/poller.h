// SPDX-License-Identifier: MIT
// One poll: the whole events table is read and looked at, in one of two ways.
#pragma once

#include <cstddef>

#include "demo_apps/dbread/connection.h"
#include "demo_apps/pollservice/outbox.h"

namespace pollservice {

enum class PollKind {
  kList,     // all events as a list of objects first, then a look at each
  kIterate,  // each event is looked at as it comes and let go
  kColumn,   // a list of one column: the kinds alone
};

class Poller {
 public:
  Poller(dbread::Connection& connection, dbread::ReadKind read, PollKind kind, bool leaks);

  // Returns the number of events seen.
  std::size_t Poll();

  std::size_t waiting_retries() const { return outbox_.size(); }

 private:
  std::size_t PollList(dbread::BatchReader& reader);
  std::size_t PollEach(dbread::BatchReader& reader);
  std::size_t PollKinds(dbread::BatchReader& reader);
  void Handle(const dbread::Event& event);

  dbread::Connection& connection_;
  dbread::ReadKind read_;
  PollKind kind_;
  Outbox outbox_;
};

}  // namespace pollservice
