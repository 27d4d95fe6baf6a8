// SPDX-License-Identifier: MIT
// What reading a small file may cost: this program counts what operator new hands out, and no cut and no
// changed length makes it more than a fixed sum and some times the file's size.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

#include "analyzer/aggregate/profile.h"
#include "analyzer/reader/pack_file.h"
#include "tests/unit/reader/reader_fixture.h"

namespace {

std::atomic<std::size_t> g_live_bytes{0};
std::atomic<std::size_t> g_peak_bytes{0};

}  // namespace

void* operator new(std::size_t bytes) {
  void* block = std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  const std::size_t live = g_live_bytes += malloc_usable_size(block);
  std::size_t peak = g_peak_bytes;
  while (live > peak && !g_peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return block;
}
void operator delete(void* block) noexcept {
  if (block != nullptr) g_live_bytes -= malloc_usable_size(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  operator delete(block);
}

namespace memtrace::reader {
namespace {

// Tables at their first size, a batch of events, buffers for a block of nodes and for a scan.
constexpr std::size_t kFixedBytes = 1 << 20;
constexpr std::size_t kTimesFileSize = 64;

class MemoryBoundTest : public ReaderTest {
 protected:
  // Reads the file to the end, as a report does, and gives the most memory that took.
  std::size_t CostOf(const std::string& bytes) const {
    testing::WriteFile(Path(), bytes);
    const std::size_t before = g_live_bytes;
    g_peak_bytes = before;
    if (auto reader = TraceReader::Open(Path())) aggregate::BuildProfile(*reader, {});
    return g_peak_bytes - before;
  }
};

TEST_F(MemoryBoundTest, OfAFileCutAtEveryByte) {
  const std::string whole = SampleTrace(format::RecordingState::kEnded).Build();
  for (std::size_t size = 0; size <= whole.size(); size += size < format::kFileHeaderBytes ? 61 : 1) {
    ASSERT_LE(CostOf(whole.substr(0, size)), kFixedBytes + kTimesFileSize * size) << size;
  }
}

// The same as `memtrace pack` makes it.
std::string Packed(const std::string& from, const std::string& to) {
  EXPECT_TRUE(PackFile(from, to, {}).ok());
  std::ifstream file(to, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

TEST_F(MemoryBoundTest, OfAPackedFileCutAtEveryByte) {
  SampleTrace(format::RecordingState::kEnded).WriteTo(Path("recorded.mtr"));
  const std::string whole = Packed(Path("recorded.mtr"), Path("packed.mtr"));
  ASSERT_FALSE(whole.empty());
  for (std::size_t size = format::kFileHeaderBytes; size <= whole.size(); ++size) {
    ASSERT_LE(CostOf(whole.substr(0, size)), kFixedBytes + kTimesFileSize * size) << size;
  }
}

// Every field is made as large as it goes; checks of chunks are set right again, so that the lengths count.
class ImpossibleNumbersTest : public MemoryBoundTest {
 protected:
  void ExpectBounded(const std::string& whole) const {
    std::uint64_t trace_id = 0;
    std::memcpy(&trace_id, whole.data() + offsetof(format::FileHeader, trace_id), sizeof(trace_id));
    for (const std::size_t bytes : {4, 8}) {
      for (std::size_t at = 16; at + bytes <= whole.size(); at += 4) {
        std::string changed = whole;
        std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(at), bytes, '\x3f');
        for (std::size_t chunk = format::kFileHeaderBytes; chunk + 32 <= whole.size();
             chunk += format::kChunkAlignBytes) {
          format::ChunkHeader header;
          std::memcpy(&header, changed.data() + chunk, sizeof(header));
          if (header.magic != format::kChunkMagic) continue;
          header.check = format::ChunkCheck(trace_id, chunk, static_cast<format::ChunkKind>(header.kind),
                                            header.size_bytes);
          std::memcpy(changed.data() + chunk, &header, sizeof(header));
        }
        ASSERT_LE(CostOf(changed), kFixedBytes + kTimesFileSize * changed.size()) << at;
      }
    }
  }
};

TEST_F(ImpossibleNumbersTest, OfARecordedFile) {
  ExpectBounded(SampleTrace(format::RecordingState::kEnded).Build());
}

TEST_F(ImpossibleNumbersTest, OfAPackedFile) {
  SampleTrace(format::RecordingState::kEnded).WriteTo(Path("recorded.mtr"));
  ExpectBounded(Packed(Path("recorded.mtr"), Path("packed.mtr")));
}

}  // namespace
}  // namespace memtrace::reader
