// SPDX-License-Identifier: MIT
// Ledger: see the picture in ledger.h.
#include "analyzer/aggregate/ledger.h"

namespace memtrace::aggregate {

Ledger::Ledger(std::size_t node_count) : entries_(1), first_(node_count == 0 ? 1 : node_count) {}

std::uint32_t Ledger::NewEntry(model::NodeId node, model::ThreadId thread, std::uint32_t size_class) {
  const auto created = static_cast<std::uint32_t>(entries_.size());
  LedgerEntry& entry = entries_.emplace_back();
  entry.node = node;
  entry.thread = thread;
  entry.size_class = size_class;
  entry.next_ = first_[node];
  first_[node] = created;
  return created;
}

}  // namespace memtrace::aggregate
