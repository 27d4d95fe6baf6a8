// SPDX-License-Identifier: MIT
// Address ranges that may nest → the innermost one at an address. Serves symbols, units and inlined scopes.
//
//   added:      [--------- f ---------)      [----- g -----)
//                   [--- h ---)                    [- k -)
//                       [ i )
//   segments:   f   h   i h   f         none g     k     g none
//
// The nesting is flattened once, so a look-up is one binary search over segments.
#pragma once

#include <cstdint>
#include <vector>

namespace memtrace::symbolize {

// A half-open range [begin, end) of ELF addresses.
struct AddressSpan {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint32_t value = 0;  // what Find() gives back
  std::uint32_t rank = 0;   // among ranges with equal bounds the highest rank is the innermost
};

// Immutable once built. Ranges that overlap without nesting (damaged input, folded functions) are cut at the
// end of the one that began first; empty ones are dropped.
class AddressMap {
 public:
  static constexpr std::uint32_t kNone = ~0U;

  struct Hit {
    std::uint32_t value = kNone;
    std::uint64_t segment_begin = 0;  // from here to the address nothing else is innermost
  };

  AddressMap() = default;
  explicit AddressMap(std::vector<AddressRange> ranges);

  Hit Find(std::uint64_t address) const;

 private:
  struct Segment {
    std::uint64_t begin;
    std::uint32_t value;
  };

  void Emit(std::uint64_t begin, std::uint32_t value);

  std::vector<Segment> segments_;  // by begin; each lasts until the next one
};

// True if the address lies in one of the spans.
bool IsInside(const std::vector<AddressSpan>& spans, std::uint64_t address);

}  // namespace memtrace::symbolize
