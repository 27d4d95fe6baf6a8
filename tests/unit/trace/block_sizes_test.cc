// SPDX-License-Identifier: MIT
// Tests block_sizes: what an allocator tells of its blocks comes back from the trace, and nonsense does not.
#include "preload/trace/block_sizes.h"

#include "tests/unit/trace/recording_folder.h"

namespace memtrace::preload {
namespace {

constexpr auto kTcmalloc = format::ServingAllocator::kTcmalloc;

// 16, 32, ... 1024, then multiples of 8 KiB.
std::size_t Simple(std::size_t bytes, int) {
  return bytes <= 1024 ? (bytes + 15) / 16 * 16 : (bytes + 8191) / 8192 * 8192;
}

class BlockSizesTest : public RecordingFolder {
 protected:
  void SetUp() override {
    RecordingFolder::SetUp();
    log_ = new (log_memory_) LogWriter();
    ASSERT_TRUE(log_->Init(file_));
  }

  model::BlockSizes Written(BlockSizeFunction function) {
    BlockSizes sizes;
    sizes.Ask(kTcmalloc, function);
    sizes.AppendTo(*log_);
    const auto reader = Read();
    EXPECT_TRUE(reader.trace().damage.empty());
    return reader.trace().block_sizes;
  }

  LogWriter* log_ = nullptr;
  alignas(LogWriter) char log_memory_[sizeof(LogWriter)] = {};
};

TEST_F(BlockSizesTest, ComeBackAsTheyWereTold) {
  const model::BlockSizes sizes = Written(Simple);
  EXPECT_EQ(sizes.allocator, kTcmalloc);
  EXPECT_EQ(sizes.step_bytes, 8192u);
  ASSERT_EQ(sizes.bytes.size(), 64u + 64u);
  EXPECT_EQ(sizes.bytes[0], 16u);
  EXPECT_EQ(sizes.bytes[63], 1024u);
  EXPECT_EQ(sizes.bytes[64], 8192u);
  EXPECT_EQ(sizes.bytes.back(), 512u * 1024);
}

TEST_F(BlockSizesTest, AnswersThatMakeNoSenseAreNone) {
  EXPECT_TRUE(Written([](std::size_t, int) -> std::size_t { return 0; }).bytes.empty());
  EXPECT_TRUE(Written([](std::size_t, int) -> std::size_t { return 4096; }).bytes.empty());  // never more
  EXPECT_TRUE(Written([](std::size_t bytes, int) { return bytes; }).bytes.empty());  // no classes at all
}

TEST_F(BlockSizesTest, NothingAskedIsNothingWritten) {
  BlockSizes().AppendTo(*log_);
  EXPECT_TRUE(Read().trace().block_sizes.bytes.empty());
}

}  // namespace
}  // namespace memtrace::preload
