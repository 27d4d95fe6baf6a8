// SPDX-License-Identifier: MIT
// The bytes of windows sorted by what they mean, so that a compressor finds like beside like; and back, to
// the byte. `memtrace pack` stores events this way.
//
//     window    head node addr size time │ head addr time │ head node addr size time …
//                 │    │    │    │    │
//     columns   heads  nodes' low bytes  nodes' high bytes  addresses' low bytes  …      each compressed
//     alone
//
// Both directions walk over the events in the same way: the heads say how many bytes of which column are
// next.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "memtrace/trace_format.h"

namespace memtrace::reader {

// Events as they were recorded, or with references instead of addresses (see address_references.h): these
// have columns of their own, behind the others.
enum class EventForm { kRecorded, kReferenced };

constexpr std::size_t ColumnsOf(EventForm form) {
  return form == EventForm::kRecorded ? 21 : 26;
}
inline constexpr std::size_t kEventColumns = ColumnsOf(EventForm::kReferenced);
using EventColumns = std::array<std::vector<std::uint8_t>, kEventColumns>;

// Adds a window's events to the columns. False if the bytes are no whole events; the columns are then spoilt.
bool SplitEvents(std::span<const std::uint8_t> events, EventColumns* columns,
                 EventForm form = EventForm::kRecorded);

// LEB128 fields of an extended event, the time included; 0: there is no such event.
unsigned FieldsOfExtended(format::ExtendedEvent number);

// Takes windows out of the columns again, in the order in which they were added.
class EventJoiner {
 public:
  explicit EventJoiner(const EventColumns& columns, EventForm form = EventForm::kRecorded)
      : columns_(columns), form_(form) {}

  // Fills `events`. False if the columns do not hold exactly these bytes' worth of whole events.
  bool Join(std::span<std::uint8_t> events);
  // True when nothing is left over.
  bool done() const;

 private:
  const EventColumns& columns_;
  EventForm form_;
  std::array<std::size_t, kEventColumns> at_{};
};

}  // namespace memtrace::reader
