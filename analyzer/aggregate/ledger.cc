// SPDX-License-Identifier: MIT
// Ledger: see the picture in ledger.h.
#include "analyzer/aggregate/ledger.h"

namespace memtrace::aggregate {

Ledger::Ledger(std::size_t node_count) : entries_(1), first_(node_count == 0 ? 1 : node_count) {}

std::uint32_t Ledger::EntryOf(model::NodeId node, model::ThreadId thread) {
  if (node >= first_.size()) node = 0;
  for (std::uint32_t at = first_[node]; at != 0; at = entries_[at].next_) {
    if (entries_[at].thread == thread) return at;
  }
  const auto created = static_cast<std::uint32_t>(entries_.size());
  LedgerEntry& entry = entries_.emplace_back();
  entry.node = node;
  entry.thread = thread;
  entry.next_ = first_[node];
  first_[node] = created;
  return created;
}

inline void Ledger::Note(LedgerEntry* entry, const Amount& change) {
  if (entry->epoch_ != epoch_) {
    entry->epoch_ = epoch_;
    entry->since_peak_ = {};
  }
  entry->since_peak_ += change;
}

void Ledger::AddLive(std::uint32_t entry, const Amount& amount, std::uint64_t ticks) {
  entries_[entry].live += amount;
  live_ += amount;
  if (live_.bytes > peak_.bytes) {
    peak_ = live_;
    peak_ticks_ = ticks;
    ++epoch_;
  } else {
    Note(&entries_[entry], amount);
  }
}

void Ledger::Release(std::uint32_t entry, const Amount& amount) {
  entries_[entry].live -= amount;
  live_ -= amount;
  Note(&entries_[entry], Amount{} - amount);
}

void Ledger::AddTemporary(std::uint32_t entry, const Amount& amount) {
  entries_[entry].temporary += amount;
  temporary_ += amount;
}

void Ledger::RemoveTemporary(std::uint32_t entry, const Amount& amount) {
  entries_[entry].temporary -= amount;
  temporary_ -= amount;
}

}  // namespace memtrace::aggregate
