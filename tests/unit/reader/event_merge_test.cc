// SPDX-License-Identifier: MIT
#include "analyzer/reader/event_merge.h"

#include <map>
#include <random>
#include <set>

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

class EventMergeTest : public ReaderTest {};

TEST_F(EventMergeTest, OrdersThreadsByTime) {
  TraceBuilder builder;
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(40, 0x40, 1, 0);
  builder.On(1).Alloc(20, 0x20, 1, 0).Alloc(30, 0x30, 1, 0).Alloc(50, 0x50, 1, 0);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@10 1:a20+1@20 1:a30+1@30 0:a40+1@40 1:a50+1@50");
}

TEST_F(EventMergeTest, AReleaseGoesBeforeAnAllocationOfTheSameTick) {
  TraceBuilder builder;
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(20, 0x10, 2, 0);
  builder.On(1).Free(20, 0x10);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@10 1:f10@20 0:a10+2@20");
}

// The free hides behind another event of its thread, so the tie alone does not help.
TEST_F(EventMergeTest, AFreeThatComesTooLateIsTakenEarly) {
  TraceBuilder builder;
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(20, 0x10, 2, 0);
  builder.On(1).Alloc(20, 0x90, 3, 0).Free(25, 0x10, format::FreeForm::kDelete).Free(30, 0x90);
  auto reader = Open(builder);
  const auto events = EventsOf(reader);
  EXPECT_EQ(Short(events), "0:a10+1@10 1:f10@20 0:a10+2@20 1:a90+3@20 1:f90@30");
  EXPECT_EQ(events[1].free_form, format::FreeForm::kDelete);
}

TEST_F(EventMergeTest, AReallocOfAnotherThreadIsARelease) {
  TraceBuilder builder;
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(20, 0x10, 2, 0);
  builder.On(1).ReallocBegin(22, 0x10).Alloc(24, 0x80, 2, 0);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@10 1:b10@20 0:a10+2@20 1:a80+2@24");
}

// Thread 1's free carries an earlier time than the allocation it answers.
TEST_F(EventMergeTest, AnAllocationThatComesTooLateIsTakenEarly) {
  TraceBuilder builder;
  builder.On(0).Alloc(5, 0x90, 1, 0).Alloc(20, 0x10, 2, 0).Free(40, 0x90);
  builder.On(1).Free(18, 0x10).Alloc(30, 0x10, 3, 0);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a90+1@5 0:a10+2@18 1:f10@18 1:a10+3@30 0:f90@40");
}

TEST_F(EventMergeTest, NothingIsTakenFromFarAway) {
  TraceBuilder builder;  // a tick is a nanosecond here
  const std::uint64_t late = 20 + kMaxClockSkewNs + 1;
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(20, 0x10, 2, 0);
  builder.On(1).Free(late, 0x10);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@10 0:a10+2@20 1:f10@" + std::to_string(late));
}

TEST_F(EventMergeTest, AForeignThreadsOwnUseOfTheAddressIsNotTorn) {
  TraceBuilder builder;  // thread 0's first block was lost; thread 1's next event there is an allocation too
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(20, 0x10, 2, 0);
  builder.On(1).Alloc(25, 0x10, 3, 0).Free(26, 0x10);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@10 0:a10+2@20 1:a10+3@25 1:f10@26");
}

TEST_F(EventMergeTest, LooksBeyondABatchAndAWindowForTheFree) {
  TraceBuilder builder;
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(3000, 0x10, 2, 0);
  for (std::uint64_t i = 0; i < 1500; ++i) builder.On(1).Alloc(3000 + i, 0x10000 + 16 * i, 1, 0);
  builder.Seal(1);
  builder.On(1).Free(6000, 0x10);
  auto reader = Open(builder);
  const auto events = EventsOf(reader);
  ASSERT_EQ(events.size(), 1503U);
  EXPECT_EQ(Short(events[1]), "1:f10@3000");
  EXPECT_EQ(Short(events[2]), "0:a10+2@3000");
}

// Runs of one thread are handed out where they lie; not so if something in them has been taken early or needs
// another thread's event before it.
TEST_F(EventMergeTest, ALongRunIsRepairedInItsMiddle) {
  TraceBuilder builder;
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(11, 0x20, 1, 0);
  for (std::uint64_t i = 0; i < 2000; ++i) {
    if (i == 900) builder.On(1).Alloc(1000 + i, 0x10, 2, 0);  // thread 0 frees it a little later
    builder.On(1).Alloc(1000 + i, 0x10000 + 16 * i, 1, 0);
  }
  builder.On(0).Free(3050, 0x10).Free(3060, 0x20);
  for (std::uint64_t i = 0; i < 1000; ++i) builder.On(0).Alloc(4000 + i, 0x90000 + 16 * i, 1, 0);
  auto reader = Open(builder);
  const auto events = EventsOf(reader);
  ASSERT_EQ(events.size(), 3005U);
  EXPECT_EQ(Short(events[902]), "0:f10@1900");
  EXPECT_EQ(Short(events[903]), "1:a10+2@1900");
  EXPECT_EQ(Short(events[2004]), "0:f20@3060");
  EXPECT_EQ(Short(events.back()), "0:a" + std::string("93e70") + "+1@4999");
}

// A trace may claim that everything happened in one tick; looking ahead then has to end all the same.
TEST_F(EventMergeTest, LooksAheadWithinBoundsOnly) {
  TraceBuilder builder;
  builder.On(0).Alloc(10, 0x10, 1, 0).Alloc(3000, 0x10, 2, 0);
  for (std::uint64_t i = 0; i < 2 * kMaxLookAhead; ++i) builder.On(1).Alloc(3000, 0x10000 + 16 * i, 1, 0);
  builder.On(1).Free(3000, 0x10);
  auto reader = Open(builder);
  const auto events = EventsOf(reader);
  EXPECT_EQ(Short(events[1]), "0:a10+2@3000");
  EXPECT_EQ(Short(events.back()), "1:f10@3000");
}

TEST_F(EventMergeTest, AThreadWhoseClockRanBackBetweenWindowsKeepsItsOrder) {
  TraceBuilder builder;
  builder.On(0).Alloc(100, 0x10, 1, 0);
  builder.Seal(0);
  builder.On(0).Alloc(50, 0x20, 1, 0).Alloc(120, 0x30, 1, 0);
  builder.On(1).Alloc(70, 0x40, 1, 0).Alloc(110, 0x50, 1, 0);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "1:a40+1@70 0:a10+1@100 0:a20+1@100 1:a50+1@110 0:a30+1@120");
}

// A truly ordered history of several threads whose clocks differ by up to `skew`. An address changes hands at
// most twice within that: then two stamps of it may be swapped, but no more than two.
TraceBuilder SkewedHistory(std::mt19937_64& random, std::uint64_t skew, std::size_t* count) {
  const std::uint32_t threads = 2 + random() % 6;
  std::vector<std::uint64_t> offset(threads), last(threads);
  for (std::uint64_t& value : offset) value = 1000 + random() % (skew + 1);
  struct Use {
    std::uint64_t latest = 0, before = 0;
    bool is_live = false;
  };
  std::map<std::uint64_t, Use> uses;
  TraceBuilder builder;
  for (std::uint64_t time = 1000; time < 40'000; time += random() % 3) {
    const auto thread = static_cast<std::uint32_t>(random() % threads);
    const std::uint64_t address = 0x1000 + random() % 256 * 16;
    Use& use = uses[address];
    if (time <= use.before + skew) continue;
    const std::uint64_t ticks = last[thread] = std::max(last[thread], time + offset[thread]);
    if (use.is_live) {
      builder.On(thread).Free(ticks, address);
    } else {
      builder.On(thread).Alloc(ticks, address, 1, 0);
    }
    use = {time, use.latest, !use.is_live};
    ++*count;
  }
  return builder;
}

// Property: however large the skew, each release comes after its own allocation and before the next one.
TEST_F(EventMergeTest, PairsReusesWhateverTheSkew) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    const std::uint64_t skew = random() % 2000;
    std::size_t count = 0;
    auto reader = Open(SkewedHistory(random, skew, &count));
    std::set<std::uint64_t> live;
    std::size_t seen = 0, unpaired = 0;
    std::uint64_t last_ticks = 0;
    reader.ForEachEvent([&](const Event& event) {
      ++seen;
      EXPECT_GE(event.ticks, last_ticks);
      last_ticks = event.ticks;
      const bool is_allocation = event.type == EventType::kAlloc;
      unpaired += is_allocation ? !live.insert(event.address).second : live.erase(event.address) == 0;
    });
    EXPECT_EQ(seen, count) << "seed " << seed;
    EXPECT_EQ(unpaired, 0U) << "seed " << seed << " skew " << skew;
  }
}

// The same by a visitor with a table of its own: what it applies, in the order in which it does.
std::vector<Event> AppliedByVisitor(TraceReader& reader) {
  std::vector<Event> applied;
  std::set<std::uint64_t> live;
  const auto fits = [&live](const Event& event) {
    return (event.type == EventType::kAlloc) != live.contains(event.address);
  };
  const auto apply = [&](const Event& event) {
    applied.push_back(event);
    if (event.type == EventType::kAlloc || event.type == EventType::kReallocCancel)
      live.insert(event.address);
    if (event.type == EventType::kFree || event.type == EventType::kReallocBegin) live.erase(event.address);
  };
  reader.ForEachStampedBatch([&](std::span<const Event> batch, OrderRepair& repair) {
    for (const Event& event : batch) {
      if (event.type == kTakenEarly) continue;
      if (event.type < EventType::kReallocCancel && !fits(event)) {
        if (const auto counterpart = repair.CounterpartOf(event)) apply(*counterpart);
      }
      apply(event);
    }
  });
  return applied;
}

TEST_F(EventMergeTest, AVisitorRepairsAsTheMergeDoes) {
  TraceBuilder free_late, alloc_late, far_apart, torn, beyond;
  free_late.On(0).Alloc(10, 0x10, 1, 0).Alloc(20, 0x10, 2, 0);
  free_late.On(1).Alloc(20, 0x90, 3, 0).Free(25, 0x10, format::FreeForm::kDelete).Free(30, 0x90);
  alloc_late.On(0).Alloc(5, 0x90, 1, 0).Alloc(20, 0x10, 2, 0).Free(40, 0x90);
  alloc_late.On(1).Free(18, 0x10).Alloc(30, 0x10, 3, 0);
  far_apart.On(0).Alloc(10, 0x10, 1, 0).Alloc(20, 0x10, 2, 0);
  far_apart.On(1).Free(20 + kMaxClockSkewNs + 1, 0x10);
  torn.On(0).Alloc(10, 0x10, 1, 0).Alloc(20, 0x10, 2, 0);
  torn.On(1).Alloc(25, 0x10, 3, 0).Free(26, 0x10);
  beyond.On(0).Alloc(10, 0x10, 1, 0).Alloc(3000, 0x10, 2, 0);
  for (std::uint64_t i = 0; i < 1500; ++i) beyond.On(1).Alloc(3000 + i, 0x10000 + 16 * i, 1, 0);
  beyond.Seal(1);
  beyond.On(1).Free(6000, 0x10);
  for (const TraceBuilder* builder : {&free_late, &alloc_late, &far_apart, &torn, &beyond}) {
    auto reader = Open(*builder);
    EXPECT_EQ(Short(AppliedByVisitor(reader)), Short(EventsOf(reader)));
  }
}

TEST_F(EventMergeTest, AVisitorPairsReusesWhateverTheSkew) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    const std::uint64_t skew = random() % 2000;
    std::size_t count = 0;
    auto reader = Open(SkewedHistory(random, skew, &count));
    std::set<std::uint64_t> live;
    std::size_t unpaired = 0;
    const std::vector<Event> applied = AppliedByVisitor(reader);
    for (const Event& event : applied) {
      const bool is_allocation = event.type == EventType::kAlloc;
      unpaired += is_allocation ? !live.insert(event.address).second : live.erase(event.address) == 0;
    }
    EXPECT_EQ(applied.size(), count) << "seed " << seed;
    EXPECT_EQ(unpaired, 0U) << "seed " << seed << " skew " << skew;
  }
}

TEST_F(EventMergeTest, ManyThreadsKeepTheirOwnOrder) {
  std::mt19937_64 random(5);
  TraceBuilder builder;
  std::map<std::uint32_t, std::vector<std::string>> expected;
  std::map<std::uint32_t, std::uint64_t> clock;
  for (int i = 0; i < 60'000; ++i) {
    const auto thread = static_cast<std::uint32_t>(random() % 40 * 3);
    clock[thread] += random() % 100;
    const std::uint64_t address = 0x100000ULL * (thread + 1) + static_cast<std::uint64_t>(i) * 16;
    builder.On(thread).Alloc(clock[thread], address, 1, 0);
    if (random() % 500 == 0) builder.Seal(thread);
    Event event;
    event.thread = thread;
    event.ticks = clock[thread];
    event.address = address;
    event.size = 1;
    expected[thread].push_back(Short(event));
  }
  auto reader = Open(builder);
  std::map<std::uint32_t, std::vector<std::string>> seen;
  std::uint64_t last = 0;
  reader.ForEachEvent([&](const Event& event) {
    seen[event.thread].push_back(Short(event));
    EXPECT_GE(event.ticks, last);
    last = event.ticks;
  });
  EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace memtrace::reader
