// SPDX-License-Identifier: MIT
// Objects that CPython's free lists hand out again, as what everybody else understands: a free and an
// allocation.
//
//     recorded      alloc a 56 node 7   free b   reuse a node 9   …        a was never freed
//     handed out    alloc a 56 node 7   free b   free a   alloc a 56 node 9   …
//
// A reuse does not say how large its block is, so the sizes of CPython's live objects are kept. One of a
// block that is not known (made before recording began, or while it was paused) is left out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/model/event.h"
#include "analyzer/reader/address_map.h"

namespace memtrace::reader {

// One pass over events in order. Memory is bounded by the live objects. Not thread-safe.
class ReuseResolver {
 public:
  // Whether a trace may have such events at all.
  static bool IsNeededFor(const model::Trace& trace);

  // `trace` must outlive this.
  explicit ReuseResolver(const model::Trace& trace) : trace_(trace) {}

  // The same events without reuses. Valid until the next call, and no longer than `batch`.
  std::span<const model::Event> Resolve(std::span<const model::Event> batch);

 private:
  void Add(const model::Event& event);

  const model::Trace& trace_;
  AddressMap<std::uint64_t> object_bytes_;
  std::vector<model::Event> out_;
};

}  // namespace memtrace::reader
