// SPDX-License-Identifier: MIT
// Sums per call site and thread, and the exact peak of each of them, in one pass.
//
//     live bytes                 ▄ peak                At a new peak nothing is copied: the ledger's epoch
//     number
//                        ▄▄    ▄▄█▄▄                   goes up by one, and that alone says "no site has
//                        changed
//                   ▄▄▄▄▄██▄▄▄▄█████▄▄                 since the peak". A site that changes afterwards notes
//                   how
//     ──────────────┴──┬─┴─────┬───┴─┬──── time        much, in `since_peak`, under the epoch it saw; a note
//     under
//                    epoch 7  epoch 8 │                an older epoch is void. At the end
//                                    end
//         site's amount at the peak = live at the end - since_peak (0 if its epoch is not the last one)
//
// So a new peak costs one addition, however many sites there are, and the peak may be reached a million
// times.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "analyzer/aggregate/amount.h"
#include "analyzer/aggregate/size_classes.h"
#include "analyzer/model/trace.h"

namespace memtrace::aggregate {

// One stack on one allocating thread, and one class of sizes where they are told apart. One cache line: every
// allocation and every free changes one entry, and large programs have more of them than a cache holds.
class alignas(64) LedgerEntry {
 public:
  model::NodeId node = 0;
  model::ThreadId thread : 24 = 0;
  std::uint32_t size_class : 8 = 0;  // if sites are told apart by it

 private:
  friend class Ledger;
  std::uint64_t epoch_ : 60 = 0;
  std::uint64_t free_form_ : 4 = 0;
  Amount since_peak_;

 public:
  Amount live;
  Amount total;

  // What its blocks must be given back with; here, because every free asks.
  format::FreeForm free_form() const { return static_cast<format::FreeForm>(free_form_); }
};
static_assert(sizeof(LedgerEntry) == 64);
static_assert(kSizeClasses <= 1 << 8);

struct Highest {
  std::uint64_t bytes = 0;
  std::uint64_t ticks = 0;
};

// Not thread-safe. All operations are O(1) but for nodes that many threads allocate at (their entries are a
// list).
class Ledger {
 public:
  // `sites`, which must outlive it, tells how blocks were asked for; may be empty where nobody asks.
  // `thread_count` is a hint: with it a node's list of entries is short.
  explicit Ledger(std::size_t node_count, std::span<const model::Site> sites = {},
                  std::size_t thread_count = 1);

  // The entry's number, for the calls below.
  std::uint32_t EntryOf(model::NodeId node, model::ThreadId thread, std::uint32_t size_class = 0) {
    if (node >= node_count_) node = 0;
    std::uint32_t at = first_[ListOf(node, thread)];
    while (at != 0 && (entries_[at].thread != thread || entries_[at].size_class != size_class)) {
      at = rest_[at].next;
    }
    return at != 0 ? at : NewEntry(node, thread, size_class);
  }

  // For callers that see events ahead: first where a node's entries begin, then its newest entry, or an entry
  // whose number is known.
  [[gnu::always_inline]] void PrefetchNode(model::NodeId node, model::ThreadId thread) const {
    __builtin_prefetch(first_.data() + ListOf(node, thread));  // beyond the end it does nothing
  }
  [[gnu::always_inline]] std::uint32_t FirstEntryOf(model::NodeId node, model::ThreadId thread) const {
    return node < node_count_ ? first_[ListOf(node, thread)] : 0;
  }
  [[gnu::always_inline]] void PrefetchEntry(std::uint32_t entry) const {
    __builtin_prefetch(&entries_[entry], 1);
  }

  // New memory: counts in live and total.
  void Allocate(std::uint32_t entry, const Amount& amount, std::uint64_t ticks) {
    entries_[entry].total += amount;
    total_ += amount;
    AddLive(entry, amount, ticks);
  }
  void Release(std::uint32_t entry, const Amount& amount) {
    entries_[entry].live -= amount;
    live_ -= amount;
    Note(&entries_[entry], Amount{} - amount);
  }
  // Takes a Release back.
  void AddLive(std::uint32_t entry, const Amount& amount, std::uint64_t ticks) {
    entries_[entry].live += amount;
    live_ += amount;
    if (live_.bytes > highest_.bytes) highest_ = {live_.bytes, ticks};
    if (live_.bytes > peak_.bytes) {
      peak_ = live_;
      peak_ticks_ = ticks;
      ++epoch_;
    } else {
      Note(&entries_[entry], amount);
    }
  }
  void AddTemporary(std::uint32_t entry, const Amount& amount) {
    rest_[entry].temporary += amount;
    temporary_ += amount;
  }
  void RemoveTemporary(std::uint32_t entry, const Amount& amount) {
    rest_[entry].temporary -= amount;
    temporary_ -= amount;
  }

  const Amount& live() const { return live_; }
  const Amount& peak() const { return peak_; }
  const Amount& total() const { return total_; }
  const Amount& temporary() const { return temporary_; }
  std::uint64_t peak_ticks() const { return peak_ticks_; }  // 0: there was none

  // The most live bytes since the last call, and when they were first reached; begins anew at what is live
  // now.
  Highest TakeHighest(std::uint64_t now_ticks) {
    return std::exchange(highest_, Highest{live_.bytes, now_ticks});
  }

  const LedgerEntry& entry(std::uint32_t number) const { return entries_[number]; }
  std::span<const LedgerEntry> entries() const { return std::span(entries_).subspan(1); }
  // Of the entry at `index` in entries().
  const Amount& TemporaryOf(std::size_t index) const { return rest_[index + 1].temporary; }
  // What this entry had live at the peak.
  Amount PeakOf(const LedgerEntry& entry) const {
    return entry.epoch_ == epoch_ ? entry.live - entry.since_peak_ : entry.live;
  }

 private:
  // What an event seldom needs of an entry.
  struct Rest {
    std::uint32_t next = 0;  // another entry of the same list
    Amount temporary;
  };

  // A node has several lists of entries, for threads by their numbers.
  std::size_t ListOf(model::NodeId node, model::ThreadId thread) const {
    return std::size_t{node} << list_bits_ | (thread & ((1U << list_bits_) - 1));
  }

  void Note(LedgerEntry* entry, const Amount& change) {
    if (entry->epoch_ != epoch_) {
      entry->epoch_ = epoch_;
      entry->since_peak_ = {};
    }
    entry->since_peak_ += change;
  }
  std::uint32_t NewEntry(model::NodeId node, model::ThreadId thread, std::uint32_t size_class);

  std::span<const model::Site> sites_;
  std::vector<LedgerEntry> entries_;  // [0] is unused: 0 ends the lists
  std::vector<Rest> rest_;            // as long
  std::size_t node_count_;
  unsigned list_bits_;                // log2 of the lists that a node has
  std::vector<std::uint32_t> first_;  // by ListOf(): its newest entry
  Amount live_;
  Amount peak_;
  Highest highest_;
  Amount total_;
  Amount temporary_;
  std::uint64_t peak_ticks_ = 0;
  std::uint64_t epoch_ = 1;
};

}  // namespace memtrace::aggregate
