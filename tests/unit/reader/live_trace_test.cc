// SPDX-License-Identifier: MIT
// Reading while a recorder writes. The recorder here is a thread with the file mapped, doing what the real
// one does to its windows: fill, append to the file's end, take over under the seqlock.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <atomic>
#include <cstring>
#include <thread>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

constexpr unsigned kTickShift = 4;

std::uint64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000ULL + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t NowTicks() {
  return __rdtsc() >> kTickShift;
}

// The window of thread 0 in a mapped file. Each event allocates the next address: 16, 32, 48 ...
class MiniRecorder {
 public:
  explicit MiniRecorder(const std::string& path) : fd_(open(path.c_str(), O_RDWR)) {
    struct stat status {};
    fstat(fd_, &status);
    bytes_ = static_cast<std::size_t>(status.st_size);
    base_ = static_cast<char*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0));
    for (std::size_t at = 4096; at < bytes_; at += 64) {
      format::ChunkHeader chunk;
      std::memcpy(&chunk, base_ + at, sizeof(chunk));
      if (chunk.magic == format::kChunkMagic &&
          chunk.kind == static_cast<std::uint32_t>(format::ChunkKind::kWindow)) {
        window_ = reinterpret_cast<format::WindowHeader*>(base_ + at + sizeof(chunk));
      }
    }
    end_ = bytes_;
  }
  ~MiniRecorder() {
    munmap(base_, bytes_);
    close(fd_);
  }

  format::FileHeader* header() { return reinterpret_cast<format::FileHeader*>(base_); }

  void Take(std::uint64_t sequence) {
    std::atomic_ref<std::uint64_t> version(window_->version);
    version.store(version.load() + 1);
    window_->in_use = 1;
    window_->sequence = sequence;
    window_->used_bytes = 0;
    window_->base_ticks = NowTicks();
    builder_ = WindowBuilder(window_->base_ticks);
    version.store(version.load() + 1);
  }

  void Allocate() {
    const std::size_t before = builder_.bytes().size();
    builder_.Alloc(NowTicks(), next_address_ += 16, 1, 0);
    char* data = reinterpret_cast<char*>(window_ + 1);
    std::memcpy(data + before, builder_.bytes().data() + before, builder_.bytes().size() - before);
    std::atomic_ref<std::uint64_t>(window_->used_bytes)
        .store(builder_.bytes().size(), std::memory_order_release);
  }

  bool IsFull() const { return builder_.bytes().size() > 3000; }

  void Append() {
    format::EventsHeader events{};
    events.sequence = window_->sequence;
    events.base_ticks = window_->base_ticks;
    events.raw_bytes = events.stored_bytes = builder_.bytes().size();
    events.checksum = XXH3_64bits(builder_.bytes().data(), events.raw_bytes);
    format::ChunkHeader chunk{};
    chunk.magic = format::kChunkMagic;
    chunk.kind = static_cast<std::uint32_t>(format::ChunkKind::kEvents);
    chunk.size_bytes = sizeof(chunk) + sizeof(events) + events.raw_bytes;
    chunk.check = format::ChunkCheck(header()->trace_id, end_, format::ChunkKind::kEvents, chunk.size_bytes);
    std::string all(reinterpret_cast<const char*>(&chunk), sizeof(chunk));
    all.append(reinterpret_cast<const char*>(&events), sizeof(events));
    all.append(reinterpret_cast<const char*>(builder_.bytes().data()), events.raw_bytes);
    ASSERT_EQ(pwrite(fd_, all.data(), all.size(), static_cast<off_t>(end_)),
              static_cast<ssize_t>(all.size()));
    end_ = (end_ + all.size() + 63) / 64 * 64;
  }

  std::uint64_t allocated() const { return next_address_ / 16; }

 private:
  int fd_;
  std::size_t bytes_ = 0;
  char* base_ = nullptr;
  format::WindowHeader* window_ = nullptr;
  WindowBuilder builder_;
  std::uint64_t next_address_ = 0;
  std::uint64_t end_ = 0;
};

class LiveTraceTest : public ReaderTest {
 protected:
  // A file with an unused window, of this process, with this machine's clocks.
  void Prepare() {
    TraceBuilder builder;
    builder.Window(0, 0, WindowBuilder(1), [](auto* header) { header->in_use = 0; });
    builder.header().pid = static_cast<std::uint32_t>(getpid());
    builder.header().tick_shift = kTickShift;
    builder.header().nominal_ticks_per_second = 0;
    builder.header().start_ticks = NowTicks();
    builder.header().start_monotonic_ns = MonotonicNs();
    usleep(3000);
    builder.header().latest_ticks = NowTicks();
    builder.header().latest_monotonic_ns = MonotonicNs();
    builder.WriteTo(Path());
  }
};

TEST_F(LiveTraceTest, KnowsWhetherTheRecorderIsAlive) {
  Prepare();
  {
    const MiniRecorder recorder(Path());
    EXPECT_TRUE(TraceReader::Open(Path())->trace().info.is_running);
  }
  EXPECT_FALSE(
      TraceReader::Open(Path())->trace().info.is_running);  // alive, but with this file no longer mapped
}

// Each look at the growing file shows an unbroken beginning of what was allocated, and later looks show more.
TEST_F(LiveTraceTest, EachLookShowsAnUnbrokenBeginning) {
  Prepare();
  MiniRecorder recorder(Path());
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> announced = 0;
  std::thread writer([&] {
    for (std::uint64_t sequence = 0; !stop; ++sequence) {
      if (sequence > 50) usleep(1000);  // keeps the file small enough to be read many times
      recorder.Take(sequence);
      while (!recorder.IsFull()) {
        recorder.Allocate();
        announced.store(recorder.allocated(), std::memory_order_release);
      }
      recorder.Append();
    }
  });
  std::uint64_t seen_before = 0;
  for (int look = 0; look < 60 || seen_before < 20'000; ++look) {  // until the writer had its turn
    const std::uint64_t surely_there = announced.load(std::memory_order_acquire);
    auto reader = TraceReader::Open(Path());
    EXPECT_TRUE(reader.ok()) << reader.error().message;
    if (!reader.ok()) break;
    EXPECT_EQ(DamageOf(*reader), "");
    std::uint64_t count = 0;
    bool is_unbroken = true;
    reader->ForEachEvent(
        [&](const Event& event) { is_unbroken = is_unbroken && event.address == 16 * ++count; });
    EXPECT_TRUE(is_unbroken);
    EXPECT_GE(count, surely_there);
    EXPECT_GE(count, seen_before);
    seen_before = count;
    EXPECT_EQ(EventsOf(*reader).size(), count);  // the same reader goes on seeing what it saw
  }
  stop = true;
  writer.join();
}

// The file may be cut while it is open: what was there is an answer, the rest is damage, nothing is a crash.
TEST_F(LiveTraceTest, AFileThatShrinksUnderTheReader) {
  TraceBuilder builder;
  for (std::uint64_t i = 0; i < 100; ++i) {
    builder.On(0).Alloc(i, 16 * i, 1, 0);
    builder.Seal(0);
  }
  auto reader = Open(builder);
  EXPECT_EQ(EventsOf(reader).size(), 100U);
  ASSERT_EQ(truncate(Path().c_str(), 8000), 0);
  const std::size_t count = EventsOf(reader).size();
  EXPECT_GT(count, 0U);
  EXPECT_LT(count, 100U);
  EXPECT_EQ(reader.trace().damage.size(), 100U - count);
  EXPECT_NE(DamageOf(reader).find("is cut off; its events are lost"), std::string::npos);
}

}  // namespace
}  // namespace memtrace::reader
