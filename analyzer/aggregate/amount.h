// SPDX-License-Identifier: MIT
// A number of bytes in a number of blocks: what everything here is counted in.
#pragma once

#include <cstdint>

namespace memtrace::aggregate {

// Arithmetic wraps: the numbers of a damaged trace may be anything, and differences may pass through
// "negative".
struct Amount {
  std::uint64_t bytes = 0;
  std::uint64_t blocks = 0;

  Amount& operator+=(const Amount& other) {
    bytes += other.bytes;
    blocks += other.blocks;
    return *this;
  }
  Amount& operator-=(const Amount& other) {
    bytes -= other.bytes;
    blocks -= other.blocks;
    return *this;
  }
  friend Amount operator+(Amount a, const Amount& b) { return a += b; }
  friend Amount operator-(Amount a, const Amount& b) { return a -= b; }
  bool operator==(const Amount&) const = default;
};

}  // namespace memtrace::aggregate
