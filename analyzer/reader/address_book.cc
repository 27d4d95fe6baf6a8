// SPDX-License-Identifier: MIT
// AddressBook: see the picture in address_book.h.
#include "analyzer/reader/address_book.h"

#include <algorithm>
#include <bit>

namespace memtrace::reader {

// By the room that glibc takes for a block: what is freed serves any size that needs as much.
std::uint16_t AddressBook::ClassOf(std::uint64_t size) {
  constexpr std::uint64_t kLargeBytes = 16 << 10;
  if (size >= kLargeBytes) return static_cast<std::uint16_t>(1024 + std::bit_width(size));
  return static_cast<std::uint16_t>(std::max<std::uint64_t>((size + 8 + 15) / 16, 2));
}

void AddressBook::Settle(Freed& freed) {
  while (!freed.empty()) {
    const Place* place = places_.Find(freed.back());
    if (place != nullptr && !place->is_live) return;
    freed.pop_back();
  }
}

void AddressBook::Settle(std::uint64_t size) {
  Settle(freed_[ClassOf(size)]);
  Settle(freed_[kUnknownClass]);
}

unsigned AddressBook::RankIn(const Freed& freed, std::uint64_t address) {
  const std::size_t ranks = std::min(freed.size(), kRanks);
  for (std::size_t rank = 1; rank <= ranks; ++rank) {
    if (freed[freed.size() - rank] == address) return static_cast<unsigned>(rank);
  }
  return 0;
}

std::uint64_t AddressBook::AgeOf(std::uint64_t address) {
  const Place* place = places_.Find(address);
  return place != nullptr && place->is_live ? allocated_.size() - place->ordinal : 0;
}

bool AddressBook::AddressOfAge(std::uint64_t age, std::uint64_t* address) const {
  if (age == 0 || age > allocated_.size()) return false;
  *address = allocated_[allocated_.size() - age];
  return true;
}

unsigned AddressBook::RankOf(std::uint64_t address, std::uint64_t size) const {
  if (const unsigned rank = RankIn(freed_[ClassOf(size)], address)) return rank;
  const unsigned rank = RankIn(freed_[kUnknownClass], address);
  return rank == 0 ? 0 : kRanks + rank;
}

bool AddressBook::AddressOfRank(unsigned rank, std::uint64_t size, std::uint64_t* address) const {
  const bool is_unknown = rank > kRanks;
  const Freed& freed = freed_[is_unknown ? kUnknownClass : ClassOf(size)];
  if (is_unknown) rank -= kRanks;
  if (rank == 0 || rank > std::min(freed.size(), kRanks)) return false;
  *address = freed[freed.size() - rank];
  return true;
}

void AddressBook::Allocate(std::uint64_t address, std::uint64_t size, unsigned rank) {
  const std::uint16_t size_class = ClassOf(size);
  if (rank > 0) {
    const bool is_unknown = rank > kRanks;
    Freed& freed = freed_[is_unknown ? kUnknownClass : size_class];
    const std::size_t from_end = is_unknown ? rank - kRanks : rank;
    if (from_end <= freed.size()) freed.erase(freed.end() - static_cast<std::ptrdiff_t>(from_end));
  }
  *places_.Insert(address).first = {static_cast<std::uint32_t>(allocated_.size()), size_class, true};
  allocated_.push_back(address);
}

void AddressBook::Free(std::uint64_t address) {
  Place& place = *places_.Insert(address).first;  // new: allocated before the book began
  place.is_live = false;
  freed_[place.size_class].push_back(address);
}

void AddressBook::Revive(std::uint64_t address) {
  if (Place* place = places_.Find(address)) place->is_live = place->size_class != kUnknownClass;
}

}  // namespace memtrace::reader
