// SPDX-License-Identifier: MIT
// Tests the way of a full window into the file: nothing lost, in order, with and without the helper thread.
#include "preload/buffer/sealer.h"

#include <unistd.h>

#include <thread>
#include <vector>

#include "preload/base/arena.h"
#include "preload/buffer/event_encoder.h"
#include "tests/unit/trace/recording_folder.h"

namespace memtrace::preload {
namespace {

struct Setting {
  bool compress;
  bool helper;
  int threads;
};

class SealerTest : public RecordingFolder, public testing::WithParamInterface<Setting> {
 protected:
  static constexpr std::uint64_t kEventsPerThread = 60'000;

  void SetUp() override {
    RecordingFolder::SetUp();
    if (GetParam().compress) OpenCompressionLibrary();
    windows_ = new (window_memory_) WindowPool();
    sealer_ = new (sealer_memory_) Sealer();
    windows_->Init(file_, GetParam().compress);
    sealer_->Init(windows_, GetParam().helper);
    file_->header()->thread_count = static_cast<std::uint64_t>(GetParam().threads);
    // The helper may still be at work when the file is read: it is the trace of a running process, ours.
    file_->header()->pid = static_cast<std::uint32_t>(getpid());
    file_->header()->state = static_cast<std::uint32_t>(format::RecordingState::kRecording);
  }

  void TearDown() override {
    sealer_->StopHelper();  // before the file it writes to goes
    RecordingFolder::TearDown();
  }

  // Frees of addresses that count up: order and completeness can be read off.
  void Record(std::uint32_t thread) {
    WindowOwner owner{thread, 0};
    EventEncoder encoder;
    encoder.Begin(windows_->Acquire(owner, NowTicks()));
    for (std::uint64_t i = 1; i <= kEventsPerThread; ++i) {
      if (!encoder.HasRoom()) {
        ++owner.sequence;
        auto* next = sealer_->Exchange(encoder.window(), owner, NowTicks());
        ASSERT_NE(next, nullptr);
        encoder.Begin(next);
      }
      encoder.Free(NowTicks(), (i << 20 | thread) << 3, format::FreeForm::kFree);
    }
  }

  char* window_memory_ = static_cast<char*>(MapPrivate(sizeof(WindowPool)));
  char* sealer_memory_ = static_cast<char*>(MapPrivate(sizeof(Sealer)));
  WindowPool* windows_ = nullptr;
  Sealer* sealer_ = nullptr;
};

TEST_P(SealerTest, EveryEventArrivesInOrder) {
  std::vector<std::thread> threads;
  for (int t = 0; t < GetParam().threads; ++t) threads.emplace_back([this, t] { Record(static_cast<std::uint32_t>(t)); });
  for (auto& thread : threads) thread.join();
  auto reader = Read();
  std::vector<std::uint64_t> next(static_cast<std::size_t>(GetParam().threads), 1);
  reader.ForEachEvent([&](const model::Event& event) {
    const std::uint64_t units = event.address >> 3;
    EXPECT_EQ(units & 0xfffff, event.thread);
    EXPECT_EQ(units >> 20, next[event.thread]++);
  });
  for (const std::uint64_t count : next) EXPECT_EQ(count, kEventsPerThread + 1);
  EXPECT_TRUE(reader.trace().damage.empty());
  if (GetParam().compress && !GetParam().helper) {  // a helper may not have come to its first window yet
    EXPECT_LT(file_->header()->stored_event_bytes, file_->header()->raw_event_bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, SealerTest,
                         testing::Values(Setting{false, false, 1}, Setting{true, false, 1}, Setting{true, true, 1},
                                         Setting{true, false, 4}, Setting{true, true, 4}, Setting{false, true, 4}));

}  // namespace
}  // namespace memtrace::preload
