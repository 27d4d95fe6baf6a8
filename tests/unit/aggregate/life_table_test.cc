// SPDX-License-Identifier: MIT
// Rows of births and deaths, and the curve whose borders they are cut at, against profiles of the same
// ranges.
#include "analyzer/aggregate/life_table.h"

#include <map>
#include <random>

#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

// What a page does with the rows; see life_table.h.
struct Counted {
  const LifeTable& table;

  Amount Born(std::size_t from, std::size_t to) const {
    return Sum([=](const LifeRow& row) { return row.birth >= from && row.birth < to; });
  }
  Amount BornAndLiveAt(std::size_t from, std::size_t to) const {
    return Sum([=](const LifeRow& row) { return row.birth >= from && row.birth < to && row.death >= to; });
  }
  Amount LiveAt(std::size_t border) const {
    return Sum([=](const LifeRow& row) { return row.birth < border && row.death >= border; });
  }
  template <typename Takes>
  Amount Sum(const Takes& takes, Amount LifeRow::*which = &LifeRow::amount) const {
    Amount sum;
    for (const LifeRow& row : table.rows) {
      if (takes(row)) sum += row.*which;
    }
    return sum;
  }
};

class LifeTableTest : public ProfileTest {
 protected:
  LifeTable Table(std::size_t intervals, std::size_t max_rows = 400'000) {
    reader_.emplace(Open());
    curve_ = BuildLiveCurve(*reader_, {.intervals = intervals});
    return BuildLifeTable(*reader_, curve_, {.max_rows = max_rows});
  }

  Profile Between(std::uint64_t from_ns, std::uint64_t to_ns) {
    Query query;
    query.from = Moment{Moment::Kind::kTime, from_ns, "from"};
    query.to = Moment{Moment::Kind::kTime, to_ns, "to"};
    query.moment = *query.to;
    return BuildProfile(*reader_, query);
  }

  // Allocations, frees, failed and successful reallocs of several threads, at random. Ticks never repeat, so
  // a border's time stands for its place among the events.
  void RandomHistory(std::uint32_t seed, std::size_t events) {
    std::mt19937 random(seed);
    std::vector<std::uint32_t> nodes;
    for (std::uint64_t i = 0; i < 12; ++i) nodes.push_back(trace_.Node(0, 0x1000 + i * 16));
    std::map<std::uint64_t, std::uint64_t> live;  // address → size
    std::uint64_t ticks = 10;
    std::uint64_t next_address = 0x10000;
    const auto allocate = [&](WindowBuilderRef on, std::uint64_t address) {
      const std::uint64_t size = random() % 5000 + 1;
      on.Alloc(ticks, address, size, nodes[random() % nodes.size()]);
      live[address] = size;
    };
    for (std::size_t i = 0; i < events; ++i) {
      ticks += random() % 50 + 1;
      auto& on = trace_.On(static_cast<std::uint32_t>(random() % 3));
      auto any = live.empty() ? live.end()
                              : std::next(live.begin(), static_cast<std::ptrdiff_t>(random() % live.size()));
      switch (any == live.end() ? 0 : random() % 6) {
        case 0:
        case 1:
        case 2:
          allocate(on, next_address += 64);
          break;
        case 3:
        case 4:
          on.Free(ticks, any->first);
          live.erase(any);
          break;
        default:
          on.ReallocBegin(ticks, any->first);
          if (random() % 2 == 0) {
            on.ReallocCancel(ticks, any->first);
          } else {
            live.erase(any);
            ticks += 3;
            allocate(on, next_address += 64);
          }
      }
    }
    trace_.End(ticks + 5, format::EndReason::kExit, 0);
  }
  using WindowBuilderRef = testing::WindowBuilder&;

  // Every pair of some borders, and every border as a moment, against profiles.
  void ExpectRangesAreExact(const LifeTable& table, std::size_t step) {
    const Counted counted{table};
    for (std::size_t from = 0; from + 1 < table.borders.size(); from += step) {
      EXPECT_EQ(counted.LiveAt(from), table.borders[from].live) << from;
      for (std::size_t to = from + 1; to < table.borders.size(); to += step) {
        const Profile profile = Between(table.borders[from].time_ns, table.borders[to].time_ns);
        EXPECT_EQ(counted.Born(from, to), profile.total) << from << " to " << to;
        EXPECT_EQ(counted.BornAndLiveAt(from, to), profile.live) << from << " to " << to;
      }
    }
  }

  std::optional<reader::TraceReader> reader_;
  LiveCurve curve_;
};

TEST_F(LifeTableTest, NothingRecordedIsOneEmptyRange) {
  const LifeTable table = Table(4);
  EXPECT_TRUE(table.rows.empty());
  EXPECT_GE(table.slices(), 1U);
}

TEST_F(LifeTableTest, ABlockIsInTheSlicesOfItsBirthAndDeath) {
  const auto node = trace_.Node(0, 0x1000);
  trace_.On(0).Alloc(100, 0x10, 70, node).Free(350, 0x10).Alloc(360, 0x20, 5, node);
  trace_.End(400, format::EndReason::kExit, 0);
  const LifeTable table = Table(4);
  const Counted counted{table};
  EXPECT_EQ(counted.LiveAt(table.slices()), (Amount{5, 1}));
  EXPECT_EQ(counted.Born(0, table.slices()), (Amount{75, 2}));
  EXPECT_EQ(curve_.peak.live, (Amount{70, 1}));
  EXPECT_EQ(curve_.peak.time_ns, 100U);
}

TEST_F(LifeTableTest, TheCurveHasEveryIntervalsHighestMoment) {
  const auto node = trace_.Node(0, 0x1000);
  trace_.On(0).Alloc(10, 0x10, 70, node).Free(12, 0x10).Alloc(260, 0x20, 500, node).Free(270, 0x20);
  trace_.Mark(150, 0, "half way");
  trace_.End(400, format::EndReason::kExit, 0);
  Table(4);
  ASSERT_EQ(curve_.intervals.size(), 5U);
  EXPECT_EQ(curve_.intervals[0].highest, (CurvePoint{1, 10, {70, 1}}));
  EXPECT_EQ(curve_.intervals[0].end.live, Amount{});
  EXPECT_TRUE(curve_.intervals[1].ends_at_mark);
  EXPECT_EQ(curve_.intervals[3].highest.live, (Amount{500, 1}));
  EXPECT_EQ(curve_.peak.time_ns, 260U);
}

TEST_F(LifeTableTest, AFailedReallocNeverHappened) {
  const auto node = trace_.Node(0, 0x1000);
  trace_.On(0).Alloc(10, 0x10, 70, node).ReallocBegin(110, 0x10).ReallocCancel(310, 0x10);
  trace_.End(400, format::EndReason::kExit, 0);
  const LifeTable table = Table(4);
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(table.rows[0].death, table.slices());
  EXPECT_EQ(table.rows[0].temporary, Amount{});
}

TEST_F(LifeTableTest, AllRangesOfARandomHistoryAreExact) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    trace_ = TraceBuilder();
    RandomHistory(seed, 3000);
    const LifeTable table = Table(20);
    ExpectRangesAreExact(table, 3);
    const Profile whole = BuildProfile(*reader_, {});
    EXPECT_EQ(curve_.peak.live, whole.peak);
    EXPECT_EQ(curve_.peak.time_ns, whole.peak_time_ns);
    const Counted counted{table};
    EXPECT_EQ(counted.Sum([](const LifeRow&) { return true; }, &LifeRow::temporary), whole.temporary);
  }
}

TEST_F(LifeTableTest, TooManyRowsJoinSlicesAndStayExact) {
  RandomHistory(7, 3000);
  const std::size_t fine = Table(40).borders.size();
  const LifeTable table = Table(40, 150);
  EXPECT_LT(table.borders.size(), fine / 2);
  ExpectRangesAreExact(table, 1);
  const auto is_peak = [this](const CurvePoint& point) { return point == curve_.peak; };
  EXPECT_EQ(std::count_if(table.borders.begin(), table.borders.end(), is_peak), 1);
}

TEST_F(LifeTableTest, ChosenBlocksAlone) {
  RandomHistory(5, 1000);
  reader_.emplace(Open());
  Query query;
  query.size_bytes = {100, 2000};
  query.threads = {1};
  const auto selection = SelectionOf(*reader_, query);
  const BlockChoice choice{{}, selection.get()};
  const LiveCurve curve = BuildLiveCurve(*reader_, {.blocks = choice});
  const LifeTable table = BuildLifeTable(*reader_, curve, {.blocks = choice});
  const Profile profile = BuildProfile(*reader_, query);
  EXPECT_EQ(curve.peak.live, profile.peak);
  EXPECT_EQ((Counted{table}.Born(0, table.slices())), profile.total);
  EXPECT_EQ((Counted{table}.LiveAt(table.slices())), profile.not_freed);
}

}  // namespace
}  // namespace memtrace::aggregate
