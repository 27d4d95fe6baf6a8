// SPDX-License-Identifier: MIT
// LifeTable: one hash table of rows; when it grows too large, slices are joined and rows with them.
#include "analyzer/aggregate/life_table.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <tsl/robin_map.h>

namespace memtrace::aggregate {
namespace {

constexpr std::size_t kFewestIntervals = 8;
constexpr std::size_t kRowsWhilePassing = 4;  // times max_rows: joining is not cheap

struct Interval {
  CurvePoint highest;
  CurvePoint end;
  bool ends_at_mark = false;
  std::uint32_t first_slice = 0;  // of the finest slices: those from here …
  std::uint32_t split_slice = 0;  // … to here lie before `highest`, …
  std::uint32_t end_slice = 0;    // … to here before `end`
};

struct RowKey {
  std::uint32_t site;
  std::uint16_t birth;
  std::uint16_t death;
  bool operator==(const RowKey&) const = default;
};
// robin_map takes a hash's low bits, so the high ones must get there.
inline std::size_t Mixed(std::uint64_t key) {
  key *= 0x9e3779b97f4a7c15ULL;
  return key ^ key >> 32;
}
struct SiteKeyHash {
  std::size_t operator()(std::uint64_t key) const { return Mixed(key); }
};
struct RowKeyHash {
  std::size_t operator()(const RowKey& key) const {
    return Mixed(static_cast<std::uint64_t>(key.site) << 32 | static_cast<std::uint64_t>(key.birth) << 16 |
                 key.death);
  }
};
struct RowValue {
  Amount amount;
  Amount temporary;
};
using Rows = tsl::robin_map<RowKey, RowValue, RowKeyHash>;

// Tags of a block.
enum Tag : std::size_t { kSite, kBirth, kDeath };

class TableBuilder : public BlockLives::Visitor {
 public:
  TableBuilder(const LiveCurve& curve, const LifeTableOptions& options, std::size_t thread_count)
      : options_(options), pass_(options.blocks, *this, thread_count) {
    CutSlices(curve);
  }

  void Visit(std::span<const model::Event> events, reader::OrderRepair& repair) {
    pass_.lives().Apply(events, &repair, [this](const model::Event& /*event*/) {
      while (slice_ + 1 < fine_ends_.size() && events_ >= fine_ends_[slice_]) ++slice_;
      ++events_;
      if (rows_.size() > options_.max_rows * kRowsWhilePassing) Coarsen();
    });
  }

  LifeTable Finish() {
    slice_ = static_cast<std::uint32_t>(fine_ends_.size()) - 1;
    pass_.lives().Finish();
    pass_.lives().ForEachLiving([this](const LivingBlock& block) {
      if (block.is_chosen) Add(block, static_cast<std::uint32_t>(fine_ends_.size()), false, 1);
    });
    while (rows_.size() > options_.max_rows && Coarsen()) {
    }
    return Table();
  }

  void Born(LivingBlock& block) override {
    block.tags[kSite] = SiteOf(block.node, block.thread);
    block.tags[kBirth] = slice_;
  }
  void Died(LivingBlock& block, const BlockEnd& end) override {
    block.tags[kDeath] = slice_;
    Add(block, slice_, end.is_temporary, 1);
  }
  void Revived(LivingBlock& block, const Revival& revival) override {
    Add(block, block.tags[kDeath], revival.end.is_temporary, ~std::uint64_t{0});  // minus one
  }

 private:
  // The finest slices: interval by interval, before and behind its highest moment.
  void CutSlices(const LiveCurve& curve) {
    std::uint64_t before = 0;
    for (const CurveInterval& cut : curve.intervals) {
      Interval interval{cut.highest, cut.end, cut.ends_at_mark};
      interval.first_slice = interval.split_slice = static_cast<std::uint32_t>(fine_ends_.size());
      if (cut.highest.events > before && cut.highest.events < cut.end.events) {
        fine_ends_.push_back(cut.highest.events);
        ++interval.split_slice;
      }
      fine_ends_.push_back(cut.end.events);
      interval.end_slice = static_cast<std::uint32_t>(fine_ends_.size());
      // Joined with the next one, its highest moment may become a border within.
      if (cut.highest.events > before && cut.highest.events == cut.end.events) {
        interval.split_slice = interval.end_slice;
      }
      intervals_.push_back(interval);
      before = cut.end.events;
    }
    NumberSlices();
  }

  // Fine slice → slice, from the intervals there are now.
  void NumberSlices() {
    slice_of_.assign(fine_ends_.size() + 1, 0);
    std::uint32_t next = 0;
    for (const Interval& interval : intervals_) {
      for (const auto& [begin, end] : {std::pair(interval.first_slice, interval.split_slice),
                                       std::pair(interval.split_slice, interval.end_slice)}) {
        if (begin == end) continue;
        std::fill(slice_of_.begin() + begin, slice_of_.begin() + end, next);
        ++next;
      }
    }
    slice_of_.back() = next;  // never freed
  }

  static Interval Joined(const Interval& first, const Interval& second) {
    Interval joined = second;
    joined.first_slice = first.first_slice;
    if (first.highest.live.bytes >= second.highest.live.bytes) {
      joined.highest = first.highest;
      joined.split_slice = first.split_slice;
    }
    return joined;
  }

  // False if there is nothing left to join.
  bool Coarsen() {
    if (intervals_.size() <= kFewestIntervals) return false;
    const std::vector<std::uint32_t> before = slice_of_;
    std::vector<Interval> joined;
    bool is_open = false;  // the last one may take another
    for (const Interval& interval : intervals_) {
      if (is_open && !joined.back().ends_at_mark) {
        joined.back() = Joined(joined.back(), interval);
        is_open = false;
      } else {
        joined.push_back(interval);
        is_open = true;
      }
    }
    if (joined.size() == intervals_.size()) return false;
    intervals_ = std::move(joined);
    NumberSlices();
    std::vector<std::uint32_t> renumbered(before.back() + 1);
    for (std::size_t fine = 0; fine < before.size(); ++fine) renumbered[before[fine]] = slice_of_[fine];
    Rows rows;
    for (const auto& [key, value] : rows_) {
      RowValue& row = rows[RowKey{key.site, static_cast<std::uint16_t>(renumbered[key.birth]),
                                  static_cast<std::uint16_t>(renumbered[key.death])}];
      row.amount += value.amount;
      row.temporary += value.temporary;
    }
    rows_ = std::move(rows);
    return true;
  }

  // `blocks`: one, or minus one.
  void Add(const LivingBlock& block, std::uint32_t death, bool is_temporary, std::uint64_t blocks) {
    const RowKey key{block.tags[kSite], static_cast<std::uint16_t>(slice_of_[block.tags[kBirth]]),
                     static_cast<std::uint16_t>(slice_of_[death])};
    const Amount amount{block.size * blocks, blocks};
    RowValue& row = rows_[key];
    row.amount += amount;
    if (is_temporary) row.temporary += amount;
  }

  std::uint32_t SiteOf(model::NodeId node, model::ThreadId thread) {
    const std::uint64_t key = static_cast<std::uint64_t>(node) << 32 | thread;
    const auto [known, is_new] = site_of_.try_emplace(key, static_cast<std::uint32_t>(sites_.size()));
    if (is_new) sites_.push_back({node, thread});
    return known->second;
  }

  LifeTable Table() {
    LifeTable table;
    table.sites = std::move(sites_);
    table.borders.emplace_back();
    for (const Interval& interval : intervals_) {
      if (interval.split_slice > interval.first_slice && interval.split_slice < interval.end_slice) {
        table.borders.push_back(interval.highest);
      }
      table.borders.push_back(interval.end);
    }
    for (const auto& [key, value] : rows_) {
      if (value.amount == Amount{}) continue;
      table.rows.push_back({key.site, key.birth, key.death, value.amount, value.temporary});
    }
    std::sort(table.rows.begin(), table.rows.end(), [](const LifeRow& a, const LifeRow& b) {
      return std::tie(a.site, a.birth, a.death) < std::tie(b.site, b.birth, b.death);
    });
    return table;
  }

  const LifeTableOptions& options_;
  BlockPass pass_;
  std::vector<std::uint64_t> fine_ends_;  // events before the end of each of the finest slices
  std::vector<Interval> intervals_;
  std::vector<std::uint32_t> slice_of_;  // by finest slice; one more, for what is never freed
  std::vector<LifeSite> sites_;
  tsl::robin_map<std::uint64_t, std::uint32_t, SiteKeyHash> site_of_;  // by node << 32 | thread
  Rows rows_;
  std::uint32_t slice_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace

LifeTable BuildLifeTable(reader::TraceReader& reader, const LiveCurve& curve, const LifeTableOptions& options,
                         const std::function<void(double)>& progress) {
  TableBuilder builder(curve, options, reader.trace().threads.size());
  reader.ForEachStampedBatch([&builder](std::span<const model::Event> events,
                                        reader::OrderRepair& repair) { builder.Visit(events, repair); },
                             progress);
  return builder.Finish();
}

}  // namespace memtrace::aggregate
