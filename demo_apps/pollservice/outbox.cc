// SPDX-License-Identifier: MIT
// Keeping what is to be tried again.
#include "demo_apps/pollservice/outbox.h"

#include <utility>

namespace pollservice {

void Outbox::BeginPoll() {
  if (!leaks_) retries_.clear();
}

void Outbox::Add(const dbread::Event& event) {
  Retry retry;
  retry.event_id = event.id;
  retry.payload = event.payload;
  retry.reason = "attempt " + std::to_string(event.attempts) + " at " + event.source + " failed";
  retries_.push_back(std::move(retry));
}

}  // namespace pollservice
