// SPDX-License-Identifier: MIT
// Reading and handling events.
#include "demo_apps/pollservice/poller.h"

#include <memory>
#include <string>
#include <vector>

#include "demo_apps/dbread/dataset.h"
#include "demo_apps/dbread/paged_read.h"

namespace pollservice {

using dbread::BatchReader;
using dbread::Event;
using dbread::RowBatch;

Poller::Poller(dbread::Connection& connection, dbread::ReadKind read, PollKind kind, bool leaks)
    : connection_(connection), read_(read), kind_(kind), outbox_(leaks) {}

std::size_t Poller::Poll() {
  const dbread::Dataset events = dbread::kEvents.describe();
  outbox_.BeginPoll();
  std::unique_ptr<BatchReader> reader =
      dbread::OpenRead(connection_, events, {events.Select(kind_ == PollKind::kColumn), read_});
  if (kind_ == PollKind::kList) return PollList(*reader);
  if (kind_ == PollKind::kIterate) return PollEach(*reader);
  return PollKinds(*reader);
}

std::size_t Poller::PollList(BatchReader& reader) {
  std::vector<Event> events;
  while (RowBatch* batch = reader.Next()) {
    for (std::size_t i = 0; i < batch->size(); i++) events.push_back(dbread::Events::Make(batch->Row(i)));
  }
  for (const Event& event : events) Handle(event);
  return events.size();
}

std::size_t Poller::PollEach(BatchReader& reader) {
  std::size_t seen = 0;
  while (RowBatch* batch = reader.Next()) {
    for (std::size_t i = 0; i < batch->size(); i++) Handle(dbread::Events::Make(batch->Row(i)));
    seen += batch->size();
  }
  return seen;
}

std::size_t Poller::PollKinds(BatchReader& reader) {
  std::vector<std::string> kinds;
  while (RowBatch* batch = reader.Next()) {
    for (std::size_t i = 0; i < batch->size(); i++) kinds.emplace_back(batch->Row(i)[0].text);
  }
  return kinds.size();
}

void Poller::Handle(const Event& event) {
  if (event.kind == "delivery failed" && event.attempts == 6) outbox_.Add(event);
}

}  // namespace pollservice
