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

namespace memtrace::reader {

inline constexpr std::size_t kEventColumns = 21;
using EventColumns = std::array<std::vector<std::uint8_t>, kEventColumns>;

// Adds a window's events to the columns. False if the bytes are no whole events; the columns are then spoilt.
bool SplitEvents(std::span<const std::uint8_t> events, EventColumns* columns);

// Takes windows out of the columns again, in the order in which they were added.
class EventJoiner {
 public:
  explicit EventJoiner(const EventColumns& columns) : columns_(columns) {}

  // Fills `events`. False if the columns do not hold exactly these bytes' worth of whole events.
  bool Join(std::span<std::uint8_t> events);
  // True when nothing is left over.
  bool done() const;

 private:
  const EventColumns& columns_;
  std::array<std::size_t, kEventColumns> at_{};
};

}  // namespace memtrace::reader
