// SPDX-License-Identifier: MIT
// One recorded event, decoded. 48 bytes, plain data.
#pragma once

#include <cstdint>

#include "analyzer/model/trace.h"

namespace memtrace::model {

enum class EventType : std::uint8_t {
  kAlloc,          // address, size, node
  kFree,           // address, free_form
  kReallocBegin,   // address: freed, unless this thread's next event is kReallocCancel for it
  kReallocCancel,  // address
  kMap,            // address, size = length, node
  kUnmap,          // address, size = length
  kRemap,          // old_address, old_size -> address, size; node
  kBreak,          // old_address = old end, address = new end, node
  kReuse,          // address, node; readers hand out a kFree and a kAlloc instead
};

struct Event {
  std::uint64_t ticks = 0;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::uint64_t old_address = 0;
  std::uint64_t old_size = 0;
  NodeId node = 0;
  ThreadId thread : 24 = 0;
  EventType type : 4 = EventType::kAlloc;
  format::FreeForm free_form : 4 = format::FreeForm::kFree;
};
static_assert(sizeof(Event) == 48);

}  // namespace memtrace::model
