// SPDX-License-Identifier: MIT
// Objects that free lists hand out again, as a free and an allocation.
#include "analyzer/reader/reuse.h"

#include <gmock/gmock.h>

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

using ::testing::HasSubstr;

class ReuseTest : public ReaderTest {
 protected:
  ReuseTest() {
    first_ = builder_.PythonNode(0, 1, 5, AllocKind::kPythonObject);
    second_ = builder_.PythonNode(0, 1, 9, AllocKind::kPythonObject);
    malloc_ = builder_.Node(0, 0x401000);
    builder_.PythonCode({.id = 1, .name = "f", .file = "f.py"}).PythonRuntime(0, kVersion);
  }
  TraceBuilder& Telling(format::PythonReuse reuse = format::PythonReuse::kSeen) {
    return builder_.PythonRuntime(1, kVersion, format::PythonSupport::kFull, {}, reuse);
  }

  static constexpr std::uint32_t kVersion = 0x030d00f0;
  TraceBuilder builder_;
  std::uint32_t first_, second_, malloc_;
};

TEST_F(ReuseTest, IsAFreeAndAnAllocationOfTheSameSize) {
  Telling().On(0).Alloc(10, 0x1000, 56, first_).Alloc(11, 0x2000, 24, first_).Reuse(12, 0x1000, second_);
  builder_.On(0).Reuse(13, 0x1000, first_).Free(14, 0x1000);
  auto reader = Open(builder_);
  const auto events = EventsOf(reader);
  EXPECT_EQ(Short(events),
            "0:a1000+56@10 0:a2000+24@11 0:f1000@12 0:a1000+56@12 0:f1000@13 0:a1000+56@13 0:f1000@14");
  EXPECT_EQ(events[3].node, second_);
  EXPECT_EQ(events[5].node, first_);
  EXPECT_EQ(Short(EventsOf(reader)), Short(events)) << "a second pass starts anew";
}

TEST_F(ReuseTest, OfWhatIsNoKnownObjectIsNothing) {
  Telling().On(0).Reuse(9, 0x1000, first_).Alloc(10, 0x1000, 56, malloc_).Reuse(11, 0x1000, first_);
  builder_.On(0).Alloc(12, 0x2000, 24, first_).Free(13, 0x2000).Reuse(14, 0x2000, second_);
  auto reader = Open(builder_);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a1000+56@10 0:a2000+24@12 0:f2000@13");
}

TEST_F(ReuseTest, AReallocThatFailedKeepsTheSize) {
  Telling().On(0).Alloc(10, 0x1000, 56, first_).ReallocBegin(11, 0x1000).ReallocCancel(12, 0x1000);
  builder_.On(0).Reuse(13, 0x1000, second_);
  auto reader = Open(builder_);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a1000+56@10 0:b1000@11 0:c1000@12 0:f1000@13 0:a1000+56@13");
}

TEST_F(ReuseTest, ThreadsHandObjectsToEachOther) {
  Telling().Thread(0, 1, "a").Thread(1, 2, "b");
  builder_.On(0).Alloc(10, 0x1000, 56, first_).Reuse(30, 0x1000, first_);
  builder_.On(1).Reuse(20, 0x1000, second_).Free(40, 0x1000);
  auto reader = Open(builder_);
  EXPECT_EQ(Short(EventsOf(reader)),
            "0:a1000+56@10 1:f1000@20 1:a1000+56@20 0:f1000@30 0:a1000+56@30 1:f1000@40");
}

TEST_F(ReuseTest, TheTraceSaysWhetherTheyAreSeen) {
  EXPECT_EQ(Open(builder_).trace().python_runtimes.at(0).reuse, format::PythonReuse::kUnseen);
  const auto seen = Open(Telling());
  ASSERT_EQ(seen.trace().python_runtimes.size(), 1U);
  EXPECT_EQ(seen.trace().python_runtimes[0].reuse, format::PythonReuse::kSeen);
  // Lost once, some are missing for good.
  Telling(format::PythonReuse::kLost);
  EXPECT_EQ(Open(Telling()).trace().python_runtimes.at(0).reuse, format::PythonReuse::kLost);
}

TEST_F(ReuseTest, OfNoKnownInterpreterIsDamage) {
  TraceBuilder alone;
  alone.PythonRuntime(1, kVersion, format::PythonSupport::kFull, {}, format::PythonReuse::kSeen);
  EXPECT_THAT(DamageOf(Open(alone)), HasSubstr("type 10 is damaged"));
  builder_.PythonRuntime(1, kVersion, format::PythonSupport::kFull, {}, static_cast<format::PythonReuse>(3));
  EXPECT_THAT(DamageOf(Open(builder_)), HasSubstr("type 10 is damaged"));
}

// A trace that does not announce them: they are handed out as they are, and nobody counts them.
TEST_F(ReuseTest, UnannouncedStaysWhatItIs) {
  builder_.On(0).Alloc(10, 0x1000, 56, first_).Reuse(12, 0x1000, second_);
  auto reader = Open(builder_);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a1000+56@10 0:s1000@12");
}

}  // namespace
}  // namespace memtrace::reader
