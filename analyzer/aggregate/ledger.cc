// SPDX-License-Identifier: MIT
// Ledger: see the picture in ledger.h.
#include "analyzer/aggregate/ledger.h"

#include "analyzer/aggregate/free_forms.h"

namespace memtrace::aggregate {

Ledger::Ledger(std::size_t node_count, std::span<const model::Site> sites, std::size_t thread_count)
    : sites_(sites),
      entries_(1),
      rest_(1),
      node_count_(node_count == 0 ? 1 : node_count),
      list_bits_(thread_count <= 1   ? 0
                 : thread_count == 2 ? 1
                                     : 2),
      first_(node_count_ << list_bits_) {}

std::uint32_t Ledger::NewEntry(model::NodeId node, model::ThreadId thread, std::uint32_t size_class) {
  const auto created = static_cast<std::uint32_t>(entries_.size());
  LedgerEntry& entry = entries_.emplace_back();
  entry.node = node;
  entry.thread = thread & 0xffffff;  // as many bits as an event has
  entry.size_class = size_class & 0xff;
  const format::AllocKind kind = node < sites_.size() ? sites_[node].kind : format::AllocKind::kMalloc;
  entry.free_form_ = static_cast<std::uint64_t>(ExpectedFreeForm(kind)) & 0xf;
  std::uint32_t& first = first_[ListOf(node, thread)];
  rest_.push_back({first, {}});
  first = created;
  return created;
}

}  // namespace memtrace::aggregate
