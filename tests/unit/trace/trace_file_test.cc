// SPDX-License-Identifier: MIT
// Tests the file that the recorder writes: chunks where the reader finds them, errors instead of signals.
#include "preload/trace/trace_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/unit/trace/recording_folder.h"

namespace memtrace::preload {
namespace {

using TraceFileTest = RecordingFolder;

TEST_F(TraceFileTest, AnEmptyRecordingOpens) {
  const auto reader = Read();
  EXPECT_TRUE(reader.trace().damage.empty());
  EXPECT_EQ(reader.trace().info.pid, 0u);
}

TEST_F(TraceFileTest, ChunksFollowEachOtherWithoutDamage) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(file_->MapChunk(format::ChunkKind::kLog, 16 * 1024), nullptr);
    const std::uint8_t free_event[2] = {0x40, 0x03};
    format::EventsHeader events{};
    events.sequence = static_cast<std::uint64_t>(i);
    events.raw_bytes = events.stored_bytes = sizeof(free_event);
    events.checksum = XXH3_64bits(free_event, sizeof(free_event));
    ASSERT_TRUE(file_->AppendEvents(events, free_event));
  }
  auto reader = Read();
  int count = 0;
  reader.ForEachEvent([&](const model::Event&) { ++count; });
  EXPECT_EQ(count, 3);
  for (const auto& damage : reader.trace().damage) ADD_FAILURE() << damage.what << " at " << damage.offset;
}

// Also when the rest of a file is gone without a trace, the header tells that there was one.
TEST_F(TraceFileTest, CountsWhatIsInFlight) {
  const auto& header = *file_->header();
  EXPECT_EQ(header.flags & format::kCountsInFlight, format::kCountsInFlight);
  ASSERT_NE(file_->MapChunk(format::ChunkKind::kLog, 16 * 1024), nullptr);
  format::EventsHeader events{};
  events.raw_bytes = events.stored_bytes = 2;
  ASSERT_TRUE(file_->AppendEvents(events, "ab"));
  EXPECT_EQ(header.in_flight_bytes, 0u);
  EXPECT_LT(header.file_end, std::filesystem::file_size(path_) + format::kChunkAlignBytes);
  std::filesystem::resize_file(path_, format::kFileHeaderBytes + 16 * 1024);
  EXPECT_EQ(Read().trace().damage.size(), 1u);
}

TEST_F(TraceFileTest, AFailedAppendStaysInFlight) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit limit{format::kFileHeaderBytes, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_EQ(file_->MapChunk(format::ChunkKind::kLog, 16 * 1024), nullptr);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_GE(file_->header()->in_flight_bytes, 16u * 1024);
  EXPECT_TRUE(Read().trace().damage.empty());
}

TEST_F(TraceFileTest, FindsItsFileAgainWhenTheProgramClosedIt) {
  ASSERT_EQ(close(file_->fd()), 0);
  EXPECT_NE(file_->MapChunk(format::ChunkKind::kLog, 16 * 1024), nullptr);
}

TEST_F(TraceFileTest, DoesNotWriteIntoAStrangersFile) {
  const std::string other = folder_ + "/other";
  const int stranger = open(other.c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(dup2(stranger, file_->fd()), file_->fd());
  EXPECT_NE(file_->MapChunk(format::ChunkKind::kLog, 16 * 1024), nullptr);
  EXPECT_EQ(std::filesystem::file_size(other), 0u);
}

TEST_F(TraceFileTest, StopsWhenTheFileIsGoneAltogether) {
  std::filesystem::remove(path_);
  close(file_->fd());
  EXPECT_EQ(file_->MapChunk(format::ChunkKind::kLog, 16 * 1024), nullptr);
  EXPECT_EQ(file_->last_error(), -EBADF);
}

TEST_F(TraceFileTest, RespectsTheFileSizeLimitWithoutASignal) {
  const pid_t child = fork();
  if (child == 0) {
    // The header's mapping is not inherited; a new file is made under the limit.
    rlimit limit{64 * 1024, 64 * 1024};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_DFL);
    auto memory = std::make_unique<Zeroed>();
    auto* file = new (memory->bytes) TraceFile();
    if (file->Create((folder_ + "/limited.mtr").c_str(), NameFacts{"t", "h", 1, 0}) != 0) _exit(1);
    if (file->MapChunk(format::ChunkKind::kLog, 128 * 1024) != nullptr) _exit(2);
    _exit(file->last_error() == -EFBIG ? 0 : 3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace memtrace::preload
