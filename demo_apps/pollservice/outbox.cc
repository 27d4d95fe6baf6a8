// SPDX-License-Identifier: MIT
// Keeping what is to be tried again.
#include "demo_apps/pollservice/outbox.h"

#include <spdlog/fmt/fmt.h>

namespace pollservice {

void Outbox::BeginPoll() {
  if (!leaks_) retries_.clear();
}

void Outbox::Add(const dbread::Event& event) {
  std::string reason =
      fmt::format("attempt {} at {} failed: nobody was at home", event.attempts, event.source);
  retries_.push_back({event, std::move(reason)});
}

}  // namespace pollservice
