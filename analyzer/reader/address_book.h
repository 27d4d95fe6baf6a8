// SPDX-License-Identifier: MIT
// What an allocator does next is seldom a surprise: it hands out what was given back last, and programs free
// what they allocated a fixed number of allocations ago. This book names addresses by such relations.
//
//     alloc 100 B at a  ┐ ordinal 0            free b     "what was allocated 1 allocation ago"
//     alloc 100 B at b  ┘ ordinal 1            alloc 90 B "the last one that was freed of this size class": b
//
//     freed, by size class   [.. a b]   ranks count from the end: b 1, a 2
//     freed, size unknown    [.. x]     allocated before the book began; ranks behind those of the class
//
// Writer and reader keep one each and tell it the same events: then both resolve the same names. It begins
// empty with every packed chunk, and holds no more than the chunk's events. Addresses are in units of 8
// bytes, as events have them. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/reader/address_map.h"

namespace memtrace::reader {

class AddressBook {
 public:
  // How many allocations ago the block at `address` was allocated, from 1; 0: it is not live as far as is
  // known.
  std::uint64_t AgeOf(std::uint64_t address);
  // The address that was allocated so many allocations ago. False for what never was.
  bool AddressOfAge(std::uint64_t age, std::uint64_t* address) const;

  // Before the names of an allocation of `size` are looked at, in either direction: what was handed out by
  // its address since it was freed is taken off the ends of the lists.
  void Settle(std::uint64_t size);
  // The place of `address` among those that a block of `size` may get, from 1; 0: not among the last ones
  // freed.
  unsigned RankOf(std::uint64_t address, std::uint64_t size) const;
  // False where there is no such rank.
  bool AddressOfRank(unsigned rank, std::uint64_t size, std::uint64_t* address) const;

  // Happened, with the rank it was named by; 0: by its address.
  void Allocate(std::uint64_t address, std::uint64_t size, unsigned rank);
  void Free(std::uint64_t address);
  // A realloc that failed: the block is there again.
  void Revive(std::uint64_t address);

 private:
  static constexpr std::size_t kRanks = 64;  // of a class; and as many of unknown size
  static constexpr std::size_t kSizeClasses =
      1100;  // those of glibc's chunks of 16 bytes, then powers of two
  static constexpr std::uint16_t kUnknownClass = 0;

  struct Place {
    std::uint32_t ordinal = 0;
    std::uint16_t size_class = kUnknownClass;
    bool is_live = false;
  };
  using Freed = std::vector<std::uint64_t>;

  static std::uint16_t ClassOf(std::uint64_t size);
  void Settle(Freed& freed);
  static unsigned RankIn(const Freed& freed, std::uint64_t address);

  std::array<Freed, kSizeClasses> freed_;
  AddressMap<Place> places_;
  std::vector<std::uint64_t> allocated_;  // by ordinal
};

}  // namespace memtrace::reader
