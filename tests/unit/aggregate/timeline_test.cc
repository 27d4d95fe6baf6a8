// SPDX-License-Identifier: MIT
// Slices of small histories, and of random ones against a model that looks at every single moment.
#include "analyzer/aggregate/timeline.h"

#include <algorithm>
#include <map>
#include <random>

#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

class TimelineTest : public ProfileTest {
 protected:
  Timeline BuildLine(const TimelineRequest& request) const {
    auto reader = Open();
    return BuildTimeline(reader, request);
  }
  Timeline BuildLine(std::size_t max_slices) const {
    return BuildLine(TimelineRequest{.max_slices = max_slices});
  }
  static TimelineRequest Between(std::uint64_t from_ns, std::uint64_t to_ns, std::size_t max_slices) {
    TimelineRequest request{.max_slices = max_slices};
    request.query.from = Moment{Moment::Kind::kTime, from_ns, ""};
    request.query.to = Moment{Moment::Kind::kTime, to_ns, ""};
    return request;
  }

  // The recording lasts until then.
  void EndAt(std::uint64_t time_ns) { trace_.End(time_ns, format::EndReason::kExit, 0); }

  static std::vector<std::uint64_t> HighestOf(const Timeline& line) {
    std::vector<std::uint64_t> bytes;
    for (const TimelineSlice& slice : line.slices) bytes.push_back(slice.highest_bytes);
    return bytes;
  }
  static std::vector<std::uint64_t> LiveOf(const Timeline& line) {
    std::vector<std::uint64_t> bytes;
    for (const TimelineSlice& slice : line.slices) bytes.push_back(slice.live.bytes);
    return bytes;
  }
};

using testing::WindowBuilder;
using Bytes = std::vector<std::uint64_t>;

TEST_F(TimelineTest, NothingRecordedIsOneEmptySliceOrMore) {
  const Timeline line = BuildLine(10);
  ASSERT_GE(line.slices.size(), 1U);
  EXPECT_EQ(line.peak_bytes, 0U);
  EXPECT_EQ(line.allocated, Amount{});
}

TEST_F(TimelineTest, EachSliceKnowsItsHighestMomentAndItsEnd) {
  trace_.On(0)
      .Alloc(5, 0x10, 100, 0)
      .Alloc(12, 0x20, 1000, 0)  // there and gone within the second slice
      .Free(13, 0x20)
      .Free(25, 0x10)
      .Alloc(39, 0x30, 7, 0);
  EndAt(39);
  const Timeline line = BuildLine(4);
  EXPECT_EQ(line.slice_ns, 10U);
  EXPECT_EQ(HighestOf(line), (Bytes{100, 1100, 100, 7}));
  EXPECT_EQ(LiveOf(line), (Bytes{100, 100, 0, 7}));
  EXPECT_EQ(line.slices[1].highest_time_ns, 12U);
  EXPECT_EQ(line.slices[2].highest_time_ns, 20U);  // it began with it
  EXPECT_EQ(line.slices[1].allocated, (Amount{1000, 1}));
  EXPECT_EQ(line.slices[1].frees, 1U);
  EXPECT_EQ(line.slices[2].frees, 1U);
  EXPECT_EQ(line.peak_bytes, 1100U);
  EXPECT_EQ(line.peak_time_ns, 12U);
  EXPECT_EQ(line.allocated, (Amount{1107, 3}));
}

TEST_F(TimelineTest, AnEventOnTheBorderBelongsToTheSliceThatItBegins) {
  trace_.On(0).Alloc(9, 0x10, 1, 0).Alloc(10, 0x20, 10, 0);
  EndAt(19);
  EXPECT_EQ(LiveOf(BuildLine(2)), (Bytes{1, 11}));
}

TEST_F(TimelineTest, AQuietEndIsShownToo) {
  trace_.On(0).Alloc(1, 0x10, 5, 0);
  EndAt(99);
  EXPECT_EQ(HighestOf(BuildLine(5)), (Bytes{5, 5, 5, 5, 5}));
}

TEST_F(TimelineTest, NoMoreSlicesThanNanoseconds) {
  trace_.On(0).Alloc(0, 0x10, 5, 0);
  EndAt(2);
  EXPECT_EQ(HighestOf(BuildLine(1000)), (Bytes{5, 5, 5}));
}

TEST_F(TimelineTest, ARangeBeginsWithWhatIsThereAndEndsWhereItIsSaid) {
  trace_.On(0)
      .Alloc(5, 0x10, 100, 0)
      .Alloc(8, 0x20, 5000, 0)
      .Free(9, 0x20)
      .Alloc(20, 0x30, 1, 0)
      .Alloc(30, 0x40, 10, 0)
      .Alloc(31, 0x50, 9000, 0);
  EndAt(99);
  const Timeline line = BuildLine(Between(10, 30, 3));
  EXPECT_EQ(line.slice_ns, 7U);
  EXPECT_EQ(HighestOf(line), (Bytes{100, 101, 111}));
  EXPECT_EQ(line.peak_bytes, 111U);
  EXPECT_EQ(line.peak_time_ns, 30U);
  EXPECT_EQ(line.allocated, (Amount{11, 2}));
}

TEST_F(TimelineTest, ARangeBehindTheEndIsAsTheEnd) {
  trace_.On(0).Alloc(5, 0x10, 100, 0);
  EndAt(9);
  const Timeline line = BuildLine(Between(50, 59, 2));
  EXPECT_EQ(HighestOf(line), (Bytes{100, 100}));
  EXPECT_EQ(line.allocated, Amount{});
}

TEST_F(TimelineTest, MarksWithinTheRange) {
  trace_.Mark(5, 0, "before").Mark(10, 0, "at its start").Mark(15, 0, "inside").Mark(21, 0, "after");
  trace_.On(0).Alloc(10, 0x10, 100, 0).Alloc(15, 0x20, 10, 0).Alloc(16, 0x30, 1, 0);
  EndAt(99);
  const Timeline line = BuildLine(Between(10, 20, 2));
  ASSERT_EQ(line.marks.size(), 2U);
  EXPECT_EQ(line.marks[0].mark, 1U);
  EXPECT_EQ(line.marks[0].live, (Amount{100, 1}));
  EXPECT_EQ(line.marks[1].live, (Amount{110, 2}));
}

TEST_F(TimelineTest, MappingsHaveALineOfTheirOwn) {
  trace_.On(0).Alloc(1, 0x10, 100, 0).Map(5, 0x7f0000000000, 8192, 0).Unmap(15, 0x7f0000000000, 4096);
  EndAt(19);
  const Timeline line = BuildLine({.query = {.domain = Domain::kMapped}, .max_slices = 2});
  EXPECT_EQ(HighestOf(line), (Bytes{8192, 8192}));
  EXPECT_EQ(LiveOf(line), (Bytes{8192, 4096}));
}

TEST_F(TimelineTest, ARangeMayEndAtThePeak) {
  trace_.On(0).Alloc(5, 0x10, 100, 0).Alloc(11, 0x20, 50, 0).Free(12, 0x20);
  EndAt(99);
  TimelineRequest request{.max_slices = 4};
  request.query.to = Moment{Moment::Kind::kPeak, 0, "at peak"};
  const Timeline line = BuildLine(request);
  EXPECT_EQ(HighestOf(line), (Bytes{0, 100, 100, 150}));
  EXPECT_EQ(line.to_ns, 11U);
}

TEST_F(TimelineTest, OnlyTheBlocksThatTheQueryWants) {
  trace_.On(0).Alloc(5, 0x10, 100, 0).Alloc(6, 0x20, 7, 0).Free(15, 0x10);
  EndAt(19);
  TimelineRequest request{.max_slices = 2};
  request.query.size_bytes = {0, 50};
  EXPECT_EQ(HighestOf(BuildLine(request)), (Bytes{7, 7}));
  request.query.size_bytes = {};
  request.query.lifetime_ns = {0, 10};
  EXPECT_EQ(HighestOf(BuildLine(request)), (Bytes{100, 100}));
  EXPECT_EQ(LiveOf(BuildLine(request)), (Bytes{100, 0}));
}

// Moment after moment, for the times 0 to kEnd: what was live at its end, and the most within it.
class Model {
 public:
  static constexpr std::uint64_t kEnd = 5000;

  Model(std::mt19937* random, WindowBuilder* events) {
    std::uint64_t next = (*random)() % 30;
    for (std::uint64_t time = 0; time <= kEnd; ++time) {
      most_.push_back(bytes_);  // a moment begins with what is there
      while (next == time) {
        RandomEvent(time, random, events);
        most_.back() = std::max(most_.back(), bytes_);
        next = time + (*random)() % 30;
      }
      live_.push_back(bytes_);
    }
  }

  std::uint64_t LiveAt(std::uint64_t time) const { return live_[time]; }
  std::uint64_t MostIn(std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t most = 0;
    for (std::uint64_t time = begin; time < end; ++time) most = std::max(most, most_[time]);
    return most;
  }

 private:
  void RandomEvent(std::uint64_t time, std::mt19937* random, WindowBuilder* events) {
    const std::uint64_t address = 0x1000 + (*random)() % 64 * 16;
    if (const auto known = blocks_.find(address); known != blocks_.end()) {
      events->Free(time, address);
      bytes_ -= known->second;
      blocks_.erase(known);
      return;
    }
    const std::uint64_t size = (*random)() % 1000;
    events->Alloc(time, address, size, 0);
    blocks_[address] = size;
    bytes_ += size;
  }

  std::map<std::uint64_t, std::uint64_t> blocks_;
  std::uint64_t bytes_ = 0;
  std::vector<std::uint64_t> live_, most_;
};

class RandomTimelineTest : public TimelineTest, public ::testing::WithParamInterface<int> {};

TEST_P(RandomTimelineTest, AgreesWithAModel) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  const Model model(&random, &trace_.On(0));
  // Half of the files do not know how long it really lasted: then slices are joined.
  EndAt(random() % 2 == 0 ? Model::kEnd : Model::kEnd / (2 + random() % 50));
  const std::size_t max_slices = 1 + random() % 40;
  const Timeline line = BuildLine(max_slices);
  EXPECT_LE(line.slices.size(), max_slices);
  EXPECT_EQ(line.peak_bytes, model.MostIn(0, Model::kEnd + 1));
  EXPECT_GE(line.StartOf(line.slices.size()), line.to_ns);
  for (std::size_t i = 0; i < line.slices.size(); ++i) {
    const std::uint64_t end = std::min(line.StartOf(i + 1), Model::kEnd + 1);
    EXPECT_EQ(line.slices[i].highest_bytes, model.MostIn(line.StartOf(i), end)) << "slice " << i;
    EXPECT_EQ(line.slices[i].live.bytes, model.LiveAt(end - 1)) << "slice " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTimelineTest, ::testing::Range(0, 40));

}  // namespace
}  // namespace memtrace::aggregate
