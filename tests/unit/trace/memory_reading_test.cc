// SPDX-License-Identifier: MIT
// Tests readings of process memory against the kernel's own figures for this very process.
#include "preload/trace/memory_reading.h"

#include <sys/mman.h>

#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "preload/base/arena.h"
#include "preload/trace/memory_pace.h"
#include "tests/unit/trace/recording_folder.h"

namespace memtrace::preload {
namespace {

using format::MemoryKind;

constexpr std::uint64_t kPage = format::kPageBytes;
constexpr std::uint64_t kMiB = 1 << 20;

std::uint64_t RollupRss() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;) {
    std::uint64_t kib = 0;
    if (word == "Rss:" && file >> kib) return kib * 1024;
  }
  return 0;
}

class MemoryReadingTest : public RecordingFolder {
 protected:
  void SetUp() override {
    RecordingFolder::SetUp();
    log_ = new (log_memory_) LogWriter();
    ASSERT_TRUE(log_->Init(file_));
  }

  model::MemoryReading Take() {
    MemoryCost cost;
    EXPECT_TRUE(reader_.Read({}, *file_, *log_, &cost));
    EXPECT_GT(cost.bytes, 100u);
    const auto reader = Read();
    EXPECT_TRUE(reader.trace().damage.empty());
    if (reader.trace().memory.empty()) return {};
    return reader.trace().memory.back();
  }

  static std::uint64_t Sum(const model::MemoryReading& reading) {
    std::uint64_t sum = 0;
    for (const model::MemoryRange& range : reading.ranges) sum += range.resident_bytes;
    return sum;
  }

  // Resident bytes of [start, start + bytes) by the runs.
  static std::uint64_t ResidentAt(const model::MemoryReading& reading, const void* start,
                                  std::uint64_t bytes) {
    const auto from = reinterpret_cast<std::uint64_t>(start);
    std::uint64_t sum = 0;
    for (const model::MemoryRange& range : reading.ranges) {
      std::uint64_t at = range.start;
      bool is_resident = false;
      for (const std::uint64_t run : range.runs) {
        const std::uint64_t end = at + run * kPage;
        if (is_resident) {
          const std::uint64_t low = std::max(at, from);
          const std::uint64_t high = std::min(end, from + bytes);
          if (high > low) sum += high - low;
        }
        at = end;
        is_resident = !is_resident;
      }
    }
    return sum;
  }

  static char* MapPages(std::size_t bytes, int flags = MAP_PRIVATE) {
    return static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0));
  }

  alignas(64) char log_memory_[sizeof(LogWriter)] = {};
  LogWriter* log_ = nullptr;
  MemoryReader reader_{};
};

TEST_F(MemoryReadingTest, AddsUpToWhatTheKernelSays) {
  Take();  // the first one touches memory of its own
  const std::uint64_t rss = RollupRss();
  const model::MemoryReading reading = Take();
  EXPECT_NEAR(static_cast<double>(Sum(reading)), static_cast<double>(rss),
              0.02 * static_cast<double>(rss) + 32 * kPage);
  EXPECT_NEAR(static_cast<double>(reading.resident), static_cast<double>(rss),
              0.05 * static_cast<double>(rss) + kMiB);
}

TEST_F(MemoryReadingTest, KnowsWhichPagesWereTouched) {
  char* memory = MapPages(64 * kPage);
  for (int i = 0; i < 64; i += 2) memory[static_cast<std::size_t>(i) * kPage] = 1;
  const model::MemoryReading reading = Take();
  EXPECT_EQ(ResidentAt(reading, memory, 64 * kPage), 32 * kPage);
  EXPECT_EQ(ResidentAt(reading, memory + 10 * kPage, kPage), kPage);
  EXPECT_EQ(ResidentAt(reading, memory + 11 * kPage, kPage), 0u);
  munmap(memory, 64 * kPage);
}

// So many changes between absent and resident that they need several records.
TEST_F(MemoryReadingTest, ManyRunsAreCutIntoRanges) {
  constexpr std::size_t kPages = 40'000;
  char* memory = MapPages(kPages * kPage);
  madvise(memory, kPages * kPage, MADV_NOHUGEPAGE);
  for (std::size_t i = 0; i < kPages; i += 2) memory[i * kPage] = 1;
  const model::MemoryReading reading = Take();
  EXPECT_EQ(ResidentAt(reading, memory, kPages * kPage), kPages / 2 * kPage);
  for (std::size_t i = 0; i < kPages; i += 998) EXPECT_EQ(ResidentAt(reading, memory + i * kPage, kPage), kPage) << i;
  munmap(memory, kPages * kPage);
}

// Memory that was only read is the kernel's one page of zeros: nothing of the process.
TEST_F(MemoryReadingTest, ThePageOfZerosDoesNotCount) {
  char* memory = MapPages(32 * kMiB);
  madvise(memory, 32 * kMiB, MADV_NOHUGEPAGE);
  volatile char sum = 0;
  for (std::size_t i = 0; i < 32 * kMiB; i += kPage) sum = static_cast<char>(sum + memory[i]);
  for (std::size_t i = 0; i < kMiB; i += kPage) memory[i] = 1;
  const model::MemoryReading reading = Take();
  if (!reading.knows_files) GTEST_SKIP() << "no /proc/self/pagemap here";
  EXPECT_EQ(ResidentAt(reading, memory, 32 * kMiB), kMiB);
  munmap(memory, 32 * kMiB);
}

TEST_F(MemoryReadingTest, OwnMemoryIsOwn) {
  auto* own = static_cast<char*>(MapPrivate(8 * kPage));
  own[0] = own[3 * kPage] = 1;
  const model::MemoryReading reading = Take();
  std::uint64_t at_own = 0;
  for (const model::MemoryRange& range : reading.ranges) {
    if (range.kind != MemoryKind::kOwn) continue;
    const auto start = reinterpret_cast<std::uint64_t>(own);
    if (range.start <= start && start < range.end) at_own = range.resident_bytes;
  }
  EXPECT_EQ(at_own, 2 * kPage);
  UnmapPrivate(own, 8 * kPage);
}

TEST_F(MemoryReadingTest, KindsOfMemory) {
  std::thread waiting([this] {
    char* shared = MapPages(4 * kPage, MAP_SHARED);
    std::memset(shared, 1, 4 * kPage);
    char on_stack[3 * kPage];
    std::memset(on_stack, 1, sizeof(on_stack));
    asm volatile("" : : "r"(on_stack) : "memory");
    const model::MemoryReading reading = Take();
    std::map<MemoryKind, std::uint64_t> sums;
    for (const model::MemoryRange& range : reading.ranges) {
      sums[range.kind] += range.resident_bytes;
      const auto here = reinterpret_cast<std::uint64_t>(on_stack);
      if (range.start <= here && here < range.end) {
        EXPECT_EQ(range.kind, MemoryKind::kThreadStack);
      }
    }
    EXPECT_GE(sums[MemoryKind::kBreak] + sums[MemoryKind::kArena], kPage);
    EXPECT_GE(sums[MemoryKind::kMainStack], kPage);
    EXPECT_GE(sums[MemoryKind::kThreadStack], 3 * kPage);
    EXPECT_GE(sums[MemoryKind::kFile], 100 * kPage);
    EXPECT_GE(sums[MemoryKind::kModuleData], kPage);
    EXPECT_GE(sums[MemoryKind::kOwnFile], kPage);  // the trace's header
    EXPECT_GE(sums[MemoryKind::kShared], 4 * kPage);
    munmap(shared, 4 * kPage);
  });
  waiting.join();
}

// ---- when readings are due

constexpr std::uint64_t kMs = 1'000'000;

TEST(MemoryPace, AHighIsDueFromTwoPercent) {
  MemoryPace pace{};
  pace.Taken(0, 100 * kMiB, {10'000, 100});
  EXPECT_FALSE(pace.ReasonFor(20 * kMs, 0, 101 * kMiB));
  EXPECT_EQ(pace.ReasonFor(20 * kMs, 0, 103 * kMiB), format::CheckpointReason::kHigh);
  EXPECT_FALSE(pace.ReasonFor(20 * kMs, 0, format::kUnknown));
}

TEST(MemoryPace, NeverMoreThanAHundredthOfTheTime) {
  MemoryPace pace{};
  pace.Taken(0, kMiB, {5 * kMs, 100});  // 5 ms: not before half a second
  EXPECT_FALSE(pace.ReasonFor(499 * kMs, 0, 100 * kMiB));
  EXPECT_TRUE(pace.ReasonFor(501 * kMs, 0, 100 * kMiB));
  EXPECT_TRUE(pace.IsMarkDue(0, 0));
  for (int i = 0; i < 10; ++i) pace.Taken(0, kMiB, {5 * kMs, 100});
  EXPECT_FALSE(pace.IsMarkDue(1000 * kMs, 0));
  EXPECT_TRUE(pace.IsMarkDue(6000 * kMs, 0));
}

TEST(MemoryPace, PeriodsGrowWithTheLife) {
  MemoryPace pace{};
  pace.Taken(1000 * kMs, kMiB, {10'000, 100});
  EXPECT_FALSE(pace.ReasonFor(1040 * kMs, 0, kMiB));
  EXPECT_EQ(pace.ReasonFor(1050 * kMs, 0, kMiB), format::CheckpointReason::kPeriodic);
  pace.Taken(640'000 * kMs, kMiB, {10'000, 100});
  EXPECT_FALSE(pace.ReasonFor(649'000 * kMs, 0, kMiB));
  EXPECT_TRUE(pace.ReasonFor(651'000 * kMs, 0, kMiB));
}

}  // namespace
}  // namespace memtrace::preload
