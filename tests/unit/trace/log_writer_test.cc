// SPDX-License-Identifier: MIT
// Tests the log: what is appended is what the analyzer reads, also over many chunks and from many threads.
#include "preload/trace/log_writer.h"

#include <thread>
#include <vector>

#include "preload/trace/checkpoint.h"
#include "tests/unit/trace/recording_folder.h"

namespace memtrace::preload {
namespace {

class LogWriterTest : public RecordingFolder {
 protected:
  void SetUp() override {
    RecordingFolder::SetUp();
    log_ = new (log_memory_) LogWriter();
    ASSERT_TRUE(log_->Init(file_));
  }
  bool AddMark(const std::string& name) {
    const format::LogMark mark{0, static_cast<std::uint32_t>(name.size())};
    return log_->Append(format::LogType::kMark, mark, Bytes{name.data(), name.size()});
  }

  alignas(64) char log_memory_[sizeof(LogWriter)] = {};
  LogWriter* log_ = nullptr;
};

TEST_F(LogWriterTest, MarksComeBackInOrder) {
  ASSERT_TRUE(AddMark("Start"));
  ASSERT_TRUE(AddMark("Result iteration end"));
  const auto reader = Read();
  ASSERT_EQ(reader.trace().marks.size(), 2u);
  EXPECT_EQ(reader.trace().marks[0].name, "Start");
  EXPECT_EQ(reader.trace().marks[1].name, "Result iteration end");
}

TEST_F(LogWriterTest, GrowsByChunks) {
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(AddMark("mark number " + std::to_string(i)));
  const auto reader = Read();
  ASSERT_EQ(reader.trace().marks.size(), 5000u);
  EXPECT_EQ(reader.trace().marks[4999].name, "mark number 4999");
  EXPECT_TRUE(reader.trace().damage.empty());
}

TEST_F(LogWriterTest, ThreadsDoNotTearEachOthersRecords) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) AddMark("0123456789");
    });
  }
  for (auto& thread : threads) thread.join();
  const auto reader = Read();
  EXPECT_EQ(reader.trace().marks.size(), 4000u);
  for (const auto& mark : reader.trace().marks) EXPECT_EQ(mark.name, "0123456789");
}

TEST_F(LogWriterTest, CheckpointsReadTheProcess) {
  TakeCheckpoint(*file_, *log_, 0, format::CheckpointReason::kMark, true);
  const auto reader = Read();
  ASSERT_EQ(reader.trace().checkpoints.size(), 1u);
  const auto& checkpoint = reader.trace().checkpoints[0];
  EXPECT_GT(checkpoint.resident, 1'000'000u);
  EXPECT_LT(checkpoint.resident, checkpoint.virtual_size);
  EXPECT_GE(checkpoint.resident_peak + (8 << 20), checkpoint.resident);
  EXPECT_NE(checkpoint.allocator_in_use, format::kUnknown);
  EXPECT_GT(checkpoint.own_mapped, 0u);
}

}  // namespace
}  // namespace memtrace::preload
