// SPDX-License-Identifier: MIT
// For passes that keep a table of live blocks anyway: they find out themselves what EventMerge would need a
// table of its own for, and ask it to put it right.
//
//     batch     … alloc X (thread 1) …… free X (thread 0) …      the visitor's table says that X is in use:
//                    ▲                      │                    CounterpartOf(alloc) gives the free, which
//                    └── applied before ────┘ left out           has no meaning any more where it stands
#pragma once

#include <optional>

#include "analyzer/model/event.h"

namespace memtrace::reader {

// The type of an event that was handed out before its turn. It is beyond all others: who asks for none of
// them by an "else" passes over it.
inline constexpr auto kTakenEarly = static_cast<model::EventType>(15);

class OrderRepair {
 public:
  virtual ~OrderRepair() = default;

  // `event` is one of the batch that is being visited and does not fit what its address is at that time: it
  // gives out what is in use, or takes back what is not. If the clocks of two CPUs are to blame, the opposite
  // event of another thread, with the time of `event`: it is to be applied first, and is left out later.
  // Nothing if there is none; then `event` counts as it is.
  virtual std::optional<model::Event> CounterpartOf(const model::Event& event) = 0;
};

}  // namespace memtrace::reader
