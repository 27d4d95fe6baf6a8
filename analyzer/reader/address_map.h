// SPDX-License-Identifier: MIT
// A hash map from block addresses to small values: the one table that every allocation and every free
// touches.
//
//     slot     0       1       2       3       4       5        open addressing, linear probing, at most half
//     full
//            [a|va]  [b|vb]  [    ]  [c|vc]  [    ]  [    ]
//              ▲       ▲ home of b is 0 too: it moved on
//              home of a = (a * golden ratio) >> (64 - log2 slots)
//
// Erasing shifts the run behind back instead of leaving tombstones, so the table never wears out. Compared
// with tsl::robin_map: no distance field, entries of 8 bytes + value, and a Prefetch for callers that see
// events ahead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "analyzer/reader/table_memory.h"

namespace memtrace::reader {

// Value must be trivially copyable and default constructible. Pointers into the map last until the next
// Insert or Erase. Not thread-safe.
template <typename Value>
class AddressMap {
 public:
  AddressMap() { Allocate(kFirstBits); }

  std::size_t size() const { return size_ + (has_zero_ ? 1 : 0); }

  // Always inlined: gcc drops calls of functions that do nothing but fetch ahead.
  [[gnu::always_inline]] void Prefetch(std::uint64_t address) const {
    __builtin_prefetch(&entries_[Home(address)], 1);
  }

  // The value at the home of `address`: most often its own, else another one's or one that is no longer
  // there. For guesses about what will be needed.
  const Value& AtHome(std::uint64_t address) const { return entries_[Home(address)].value; }

  Value* Find(std::uint64_t address) {
    if (address == 0) return has_zero_ ? &zero_ : nullptr;
    Entry& entry = entries_[SlotOf(address)];
    return entry.address == 0 ? nullptr : &entry.value;
  }

  // The value at `address` and whether it is new; a new one is Value{}.
  [[gnu::always_inline]] std::pair<Value*, bool> Insert(std::uint64_t address) {
    if (address == 0) {
      const bool is_new = !has_zero_;
      if (is_new) zero_ = Value{};
      has_zero_ = true;
      return {&zero_, is_new};
    }
    std::size_t slot = SlotOf(address);
    if (entries_[slot].address == address) return {&entries_[slot].value, false};
    if ((size_ + 1) * 2 > slots()) {
      Grow();
      slot = SlotOf(address);
    }
    ++size_;
    entries_[slot] = Entry{address, Value{}};
    return {&entries_[slot].value, true};
  }

  // Removes `address`, whose value goes to *value. False if it is not there.
  [[gnu::always_inline]] bool Erase(std::uint64_t address, Value* value) {
    if (address == 0) {
      *value = zero_;
      return std::exchange(has_zero_, false);
    }
    const std::size_t slot = SlotOf(address);
    if (entries_[slot].address == 0) return false;
    *value = entries_[slot].value;
    CloseGap(slot);
    --size_;
    return true;
  }

  template <typename Visit>
  void ForEach(Visit visit) {
    if (has_zero_) visit(std::uint64_t{0}, zero_);
    for (std::size_t slot = 0; slot < slots(); ++slot) {
      if (entries_[slot].address != 0) visit(entries_[slot].address, entries_[slot].value);
    }
  }

 private:
  static constexpr unsigned kFirstBits = 10;

  struct Entry {
    std::uint64_t address;  // 0: empty. A block at address 0 exists in damaged traces only, see zero_.
    [[no_unique_address]] Value value;
  };

  std::size_t slots() const { return std::size_t{1} << bits_; }
  std::size_t mask() const { return slots() - 1; }
  std::size_t Home(std::uint64_t address) const { return (address * 0x9e3779b97f4a7c15ULL) >> (64 - bits_); }

  // Where `address` is, or the empty slot where it would go.
  std::size_t SlotOf(std::uint64_t address) const {
    std::size_t slot = Home(address);
    while (entries_[slot].address != address && entries_[slot].address != 0) slot = (slot + 1) & mask();
    return slot;
  }

  // Moves entries of the run behind `gap` back, as long as that does not bring them before their home.
  void CloseGap(std::size_t gap) {
    for (std::size_t slot = (gap + 1) & mask(); entries_[slot].address != 0; slot = (slot + 1) & mask()) {
      const std::size_t from_home = (slot - Home(entries_[slot].address)) & mask();
      if (from_home < ((slot - gap) & mask())) continue;
      entries_[gap] = entries_[slot];
      gap = slot;
    }
    entries_[gap].address = 0;
  }

  void Allocate(unsigned bits) {
    bits_ = bits;
    entries_ = MakeTable<Entry>(slots());
  }

  [[gnu::noinline]] void Grow() {
    const std::size_t old_slots = slots();
    const Table<Entry> old = std::move(entries_);
    Allocate(bits_ + 1);
    for (std::size_t slot = 0; slot < old_slots; ++slot) {
      if (old[slot].address != 0) entries_[SlotOf(old[slot].address)] = old[slot];
    }
  }

  Table<Entry> entries_;
  unsigned bits_ = 0;
  std::size_t size_ = 0;  // without the one at address 0
  bool has_zero_ = false;
  Value zero_{};
};

}  // namespace memtrace::reader
