// SPDX-License-Identifier: MIT
// Selected blocks count as if there were no others: by range, thread, size and lifetime, and all of them at
// once against a model.
#include "analyzer/aggregate/query.h"

#include <algorithm>
#include <random>

#include "analyzer/aggregate/size_classes.h"
#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

class QueryTest : public ProfileTest {
 protected:
  Profile Ask(const Query& query) const {
    auto reader = Open();
    return BuildProfile(reader, query);
  }
  static Moment Time(std::uint64_t time_ns) { return {Moment::Kind::kTime, time_ns, "then"}; }
  static constexpr Moment::Kind kEnd = Moment::Kind::kEnd;
};

TEST_F(QueryTest, ARangeTakesWhatWasAllocatedInIt) {
  const auto node = trace_.Node(0, 0x1000);
  trace_.On(0).Alloc(10, 0x10, 1, node).Alloc(20, 0x20, 2, node).Alloc(30, 0x30, 4, node);
  trace_.On(0).Free(35, 0x30).Alloc(40, 0x40, 8, node).Free(50, 0x10).Free(60, 0x20);
  const Profile profile = Ask({.moment = Time(40), .from = Time(10), .to = Time(40)});
  EXPECT_EQ(profile.total, (Amount{14, 3}));  // after 10, until and with 40
  EXPECT_EQ(profile.live, (Amount{10, 2}));
  EXPECT_EQ(profile.peak, (Amount{10, 2}));
  EXPECT_EQ(profile.not_freed, (Amount{8, 1}));
  EXPECT_EQ(profile.frees, 2U);
  EXPECT_EQ(Site(profile, node).live, profile.live);
}

TEST_F(QueryTest, RangesThatMeetShareNothing) {
  trace_.On(0).Alloc(0, 0x10, 1, 0).Alloc(10, 0x20, 2, 0).Alloc(20, 0x30, 4, 0);
  EXPECT_EQ(Ask({.to = Time(10)}).total, (Amount{3, 2}));
  EXPECT_EQ(Ask({.from = Time(10), .to = Time(20)}).total, (Amount{4, 1}));
  EXPECT_EQ(Ask({.from = Time(0)}).total, (Amount{7, 3}));  // from the very first event
  EXPECT_EQ(Ask({.from = Moment{kEnd, 0, "at end"}}).total, Amount{});
}

TEST_F(QueryTest, ARangeMayBeginOrEndAtThePeakOfEverything) {
  trace_.On(0).Alloc(10, 0x10, 100, 0).Alloc(20, 0x20, 200, 0).Free(25, 0x10).Alloc(30, 0x30, 50, 0);
  const Profile until = Ask({.to = Moment{}});
  EXPECT_EQ(until.total, (Amount{300, 2}));
  EXPECT_EQ(until.query.to->time_ns, 20U);
  const Profile range = Ask({.is_moment_to = true, .from = Time(5), .to = Moment{}});
  EXPECT_EQ(range.moment_time_ns, 20U);
  EXPECT_EQ(range.live, (Amount{300, 2}));
  EXPECT_EQ(Ask({.from = Moment{}}).total, (Amount{50, 1}));
}

TEST_F(QueryTest, ChosenStacksCountAloneWithAPeakOfTheirOwn) {
  const auto big = trace_.Node(0, 0x1000), small = trace_.Node(0, 0x2000);
  trace_.On(0).Alloc(10, 0x10, 10, small).Alloc(20, 0x20, 1000, big).Free(30, 0x10).Free(40, 0x20);
  trace_.On(0).Alloc(50, 0x10, 12, small).Map(60, 0x10000, 4096, small).Map(70, 0x20000, 4096, big);
  std::vector<bool> nodes(small + 1);
  nodes[small] = true;
  const Profile profile = Ask({.nodes = nodes});
  EXPECT_EQ(profile.total, (Amount{22, 2}));
  EXPECT_EQ(profile.peak, (Amount{12, 1}));
  EXPECT_EQ(profile.peak_time_ns, 50U);
  EXPECT_EQ(profile.frees, 1U);
  EXPECT_EQ(Ask({.domain = Domain::kMapped, .nodes = nodes}).total, (Amount{4096, 1}));
  EXPECT_EQ(Ask({.nodes = {false}}).total, Amount{});
}

TEST_F(QueryTest, ThreadsAreThoseThatAllocated) {
  trace_.On(0).Alloc(10, 0x10, 100, 0).Free(40, 0x20);
  trace_.On(1).Alloc(20, 0x20, 50, 0).Free(30, 0x10);
  trace_.On(2).Alloc(50, 0x30, 7, 0);
  const Profile profile = Ask({.threads = {1, 2}});
  EXPECT_EQ(profile.total, (Amount{57, 2}));
  EXPECT_EQ(profile.peak, (Amount{50, 1}));
  EXPECT_EQ(profile.not_freed, (Amount{7, 1}));
}

TEST_F(QueryTest, SizesHaveBothEnds) {
  trace_.On(0).Alloc(1, 0x10, 9, 0).Alloc(2, 0x20, 10, 0).Alloc(3, 0x30, 20, 0).Alloc(4, 0x40, 21, 0);
  EXPECT_EQ(Ask({.size_bytes = {10, 20}}).total, (Amount{30, 2}));
}

TEST_F(QueryTest, LifetimesOfBlocksThatWereNeverFreedCountWhereTheyAreCertain) {
  trace_.On(0).Alloc(0, 0x10, 1, 0).Free(10, 0x10).Alloc(20, 0x20, 2, 0).Free(50, 0x20);
  trace_.On(0).Alloc(60, 0x30, 4, 0).Alloc(95, 0x40, 8, 0).Free(100, 0x9990);  // the end is at 100
  EXPECT_EQ(Ask({.lifetime_ns = {10, 30}}).total, (Amount{3, 2}));
  EXPECT_EQ(Ask({.lifetime_ns = {0, 29}}).total, (Amount{1, 1}));
  EXPECT_EQ(Ask({.lifetime_ns = {30, ~0ULL}}).total, (Amount{6, 2}));  // 40 so far, but not the one of 5
  EXPECT_EQ(Ask({.lifetime_ns = {30, ~0ULL}}).not_freed, (Amount{4, 1}));
}

TEST_F(QueryTest, AReallocEndsALifeUnlessItFails) {
  trace_.On(0).Alloc(0, 0x10, 1, 0).ReallocBegin(10, 0x10).Alloc(11, 0x20, 2, 0);
  trace_.On(0).ReallocBegin(20, 0x20).ReallocCancel(21, 0x20).Free(60, 0x20);
  EXPECT_EQ(Ask({.lifetime_ns = {0, 15}}).total, (Amount{1, 1}));
  EXPECT_EQ(Ask({.lifetime_ns = {40, 60}}).total, (Amount{2, 1}));
}

TEST_F(QueryTest, MappingsAreSelectedToo) {
  const auto page = format::kPageBytes;
  trace_.On(0).Map(10, 0x10000, page, 0).Map(20, 0x20000, 4 * page, 0).Unmap(30, 0x10000, page);
  trace_.On(1).Map(40, 0x40000, page, 0).Unmap(90, 0x20000, 4 * page);
  Query query{.domain = Domain::kMapped};
  query.size_bytes = {page, page};
  EXPECT_EQ(Ask(query).total, (Amount{2 * page, 2}));
  EXPECT_EQ(Ask(query).peak, (Amount{page, 1}));
  query.lifetime_ns = {0, 30};
  EXPECT_EQ(Ask(query).total, (Amount{page, 1}));
  query = {.domain = Domain::kMapped, .lifetime_ns = {50, ~0ULL}};
  EXPECT_EQ(Ask(query).total, (Amount{5 * page, 2}));  // one unmapped after 70, one there until the end
  query = {.domain = Domain::kMapped, .threads = {1}};
  EXPECT_EQ(Ask(query).total, (Amount{page, 1}));
}

TEST_F(QueryTest, SizesTellSitesApart) {
  trace_.On(0).Alloc(1, 0x10, 48, 0).Alloc(2, 0x20, 48, 0).Alloc(3, 0x30, 130, 0).Alloc(4, 0x40, 160, 0);
  trace_.On(0).Free(5, 0x10);
  const Profile profile = Ask({.split_by_size = true});
  ASSERT_EQ(profile.sites.size(), 2U);
  EXPECT_EQ(profile.sites[0].total, (Amount{96, 2}));
  EXPECT_EQ(profile.sites[0].not_freed, (Amount{48, 1}));
  EXPECT_EQ(profile.size_classes[profile.sites[0].size_class], (Bounds{48, 48}));
  EXPECT_EQ(profile.size_classes[profile.sites[1].size_class], (Bounds{130, 160}));
}

TEST(SizeClass, RisesAndNeverCrossesAPowerOfTwo) {
  EXPECT_EQ(SizeClassOf(0), 0U);
  EXPECT_NE(SizeClassOf(7), SizeClassOf(8));
  EXPECT_EQ(SizeClassOf(129), SizeClassOf(160));
  EXPECT_NE(SizeClassOf(128), SizeClassOf(129));
  for (std::uint64_t bytes = 1; bytes < 5000; ++bytes) {
    EXPECT_LE(SizeClassOf(bytes), SizeClassOf(bytes + 1));
    if (std::has_single_bit(bytes)) {
      EXPECT_LT(SizeClassOf(bytes), SizeClassOf(bytes + 1));
    }
  }
  EXPECT_EQ(SizeClassOf(~0ULL), kSizeClasses - 1);
}

// One block's whole life, as the model has it.
struct Life {
  std::uint64_t birth, end, size;  // end is never for those not freed
  model::ThreadId thread;
  bool is_freed;
};
constexpr std::uint64_t kSteps = 3000;
constexpr std::uint64_t kStepNs = 20'000;  // further apart than any clock skew that is repaired

class RandomQueries : public QueryTest, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(RandomQueries, AgreeWithTheModel) {
  std::mt19937_64 random(GetParam());
  std::vector<Life> lives;
  std::map<std::uint64_t, std::size_t> live;  // address -> index
  for (std::uint64_t step = 1; step <= kSteps; ++step) {
    const std::uint64_t now = step * kStepNs, address = 16 * (1 + random() % 200);
    const auto thread = static_cast<model::ThreadId>(random() % 3);
    const auto found = live.find(address);
    if (found != live.end()) {
      trace_.On(thread).Free(now, address);
      lives[found->second].end = now;
      lives[found->second].is_freed = true;
      live.erase(found);
    } else {
      const std::uint64_t size = 1 + random() % 100;
      trace_.On(thread).Alloc(now, address, size, 0);
      live[address] = lives.size();
      lives.push_back({now, kSteps * kStepNs, size, thread, false});
    }
  }
  Query query{.from = Time(random() % (kSteps / 2) * kStepNs)};
  query.to = Time(query.from->time_ns + random() % (kSteps / 2) * kStepNs);
  query.moment = *query.to;
  query.threads = {0, 2};
  query.size_bytes = {random() % 50, 50 + random() % 50};
  const bool is_open = random() % 2 == 0;
  query.lifetime_ns = {random() % 50 * kStepNs, is_open ? ~0ULL : (50 + random() % 300) * kStepNs};

  Amount total, not_freed, at_moment, now_live, peak;
  std::vector<std::pair<std::uint64_t, Amount>> changes;
  for (const Life& life : lives) {
    const std::uint64_t age = life.end - life.birth;
    const bool lived =
        life.is_freed ? query.lifetime_ns.Contains(age) : is_open && age >= query.lifetime_ns.min;
    if (!lived || life.thread == 1 || !query.size_bytes.Contains(life.size) ||
        life.birth <= query.from->time_ns || life.birth > query.to->time_ns) {
      continue;
    }
    const Amount amount{life.size, 1};
    total += amount;
    if (!life.is_freed) not_freed += amount;
    if (!life.is_freed || life.end > query.to->time_ns) at_moment += amount;
    changes.emplace_back(life.birth, amount);
    if (life.is_freed) changes.emplace_back(life.end, Amount{} - amount);
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [time, change] : changes) {
    now_live += change;
    if (now_live.bytes > peak.bytes) peak = now_live;
  }
  const Profile profile = Ask(query);
  EXPECT_EQ(profile.total, total);
  EXPECT_EQ(profile.live, at_moment);
  EXPECT_EQ(profile.not_freed, not_freed);
  EXPECT_EQ(profile.peak, peak);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomQueries, ::testing::Range<std::uint64_t>(0, 20));

}  // namespace
}  // namespace memtrace::aggregate
