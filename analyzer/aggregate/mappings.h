// SPDX-License-Identifier: MIT
// The mapped domain: what the program mapped itself, as pieces of address space.
//
//     mmap 8 pages      [ A A A A A A A A ]         one mapping, one piece
//     munmap 2 inside   [ A A A ]   [ A A A ]       still one block of 6 pages, in two pieces
//     mmap MAP_FIXED    [ A ][ B B ][ A A A ]       what lay there before is gone, bytes of A: 4 pages
//
// Lengths count in whole pages, as the kernel takes them. A mapping counts as one block until its last piece
// goes. mremap is one unmap and one map; brk's growth is a mapping, its shrinking unmaps.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "analyzer/aggregate/ledger.h"
#include "analyzer/aggregate/selection.h"
#include "analyzer/aggregate/size_classes.h"
#include "analyzer/model/event.h"

namespace memtrace::aggregate {

// Not thread-safe. Costs O(log pieces) an event.
class Mappings {
 public:
  // Mappings of the domain count; of them those that `selection` takes, null: all. `sites` tells which are
  // Python's arenas. Both must outlive this.
  explicit Mappings(std::span<const model::Site> sites, Domain domain, const Selection* selection = nullptr,
                    bool split_by_size = false)
      : sites_(sites),
        domain_(domain),
        selection_(selection),
        size_classes_(split_by_size),
        ledger_(sites.size()) {}

  // Calls `gone` for each mapping whose last piece goes: its ordinal (how many were made before it), and when
  // it was made and went.
  using GoneFunction = std::function<void(std::uint64_t, std::uint64_t, std::uint64_t)>;
  void OnGone(GoneFunction gone) { gone_ = std::move(gone); }

  void Apply(const model::Event& event);

  // Calls `visit` with ordinal and birth for each mapping that is there.
  void ForEachLive(const std::function<void(std::uint64_t, std::uint64_t)>& visit) const;

  // Calls `visit` with start, end and node of each piece that is there, whether it counts or not, ascending.
  template <typename Visit>
  void ForEachPiece(Visit visit) const {
    for (const auto& [start, piece] : pieces_) {
      visit(start, piece.end, mappings_[piece.mapping].node);
    }
  }

  const Ledger& ledger() const { return ledger_; }
  const SizeClasses& size_classes() const { return size_classes_; }
  Highest TakeHighest(std::uint64_t now_ticks) { return ledger_.TakeHighest(now_ticks); }
  std::uint64_t frees() const { return frees_; }                    // mappings gone for good
  std::uint64_t unknown_unmaps() const { return unknown_unmaps_; }  // of nothing that we saw mapped

 private:
  struct Range {
    std::uint64_t start;
    std::uint64_t end;
  };
  struct Mapping {
    std::uint32_t entry = 0;  // 0: it does not count
    std::uint32_t pieces = 0;
    std::uint64_t bytes = 0;  // when it was made
    std::uint64_t serial = 0;
    std::uint64_t birth_ticks = 0;
    model::ThreadId thread = 0;
    model::NodeId node = 0;
  };
  struct Piece {
    std::uint64_t end;
    std::uint32_t mapping;  // index into mappings_
  };
  using Pieces = std::map<std::uint64_t, Piece>;  // by start

  static Range Pages(std::uint64_t address, std::uint64_t length);
  void Add(const Range& range, const model::Event& event);
  // False if nothing of ours was there.
  bool Remove(const Range& range, const model::Event& event);
  void CutPiece(Pieces::iterator piece, const Range& range, const model::Event& event);
  void ForgetMapping(std::uint32_t index, const model::Event& event);

  bool Counts(const model::Event& event, std::uint64_t bytes) const;

  const std::span<const model::Site> sites_;
  const Domain domain_;
  const Selection* selection_;
  SizeClasses size_classes_;
  GoneFunction gone_;
  Ledger ledger_;
  Pieces pieces_;
  std::vector<Mapping> mappings_;
  std::vector<std::uint32_t> unused_;       // places in mappings_ to use again
  std::vector<std::uint64_t> last_serial_;  // by thread: its latest mapping
  std::uint64_t next_serial_ = 1;
  std::uint64_t frees_ = 0;
  std::uint64_t unknown_unmaps_ = 0;
};

}  // namespace memtrace::aggregate
