// SPDX-License-Identifier: MIT
// The events that could not be delivered and are to be tried again. The two variants of the service differ in
// one line of outbox.cc.
//
//   healthy   each poll finds all failed events in the table, and they replace those of the poll before
//   leaking   they are added to those of the poll before, which the table still has, too: the same events
//   again
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "demo_apps/dbread/models/event.h"

namespace pollservice {

struct Retry {
  std::int32_t event_id = 0;
  std::string payload;
  std::string reason;
};

class Outbox {
 public:
  explicit Outbox(bool leaks) : leaks_(leaks) {}

  void BeginPoll();
  void Add(const dbread::Event& event);
  std::size_t size() const { return retries_.size(); }

 private:
  bool leaks_;
  std::vector<Retry> retries_;
};

}  // namespace pollservice
