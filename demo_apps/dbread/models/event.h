// SPDX-License-Identifier: MIT
// A row of events.
#pragma once

#include "demo_apps/dbread/models/date.h"

namespace dbread {

struct Event {
  std::int32_t id = 0;
  std::string kind;
  std::string source;
  Date due_on;
  std::int32_t attempts = 0;
  std::string payload;
};

struct Events {
  using Row = Event;

  static Event Make(RowView row) {
    Event event;
    event.id = ToNumber<std::int32_t>(row[0].text);
    event.kind = row[1].text;
    event.source = row[2].text;
    event.due_on = ToDate(row[3].text);
    event.attempts = ToNumber<std::int32_t>(row[4].text);
    event.payload = row[5].text;
    return event;
  }

  static std::uint64_t Hash(const Event& event) {
    RowHash hash;
    hash.Add(event.id);
    hash.Add(event.kind);
    hash.Add(event.source);
    AddDate(hash, event.due_on);
    hash.Add(event.attempts);
    hash.Add(event.payload);
    return hash.value();
  }
};

}  // namespace dbread
