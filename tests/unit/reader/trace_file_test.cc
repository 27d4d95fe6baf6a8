// SPDX-License-Identifier: MIT
// Files that are no traces: one clear line each.
#include "analyzer/reader/trace_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

using ::testing::HasSubstr;

class TraceFileTest : public ReaderTest {
 protected:
  std::string OpenError(const std::string& path) const {
    const auto reader = TraceReader::Open(path);
    if (reader.ok()) return "";
    EXPECT_EQ(reader.error().code, ErrorCode::kUnreadable);
    EXPECT_EQ(reader.error().message.find(path), 0U) << reader.error().message;
    return reader.error().message;
  }
};

TEST_F(TraceFileTest, SaysWhatIsWrongWithThePath) {
  EXPECT_THAT(OpenError(Path("missing.mtr")), HasSubstr("No such file"));
  EXPECT_THAT(OpenError(folder_.string()), HasSubstr("folder"));
  EXPECT_THAT(OpenError("/dev/null"), HasSubstr("device"));
}

TEST_F(TraceFileTest, DoesNotWaitForAPipesOtherEnd) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(OpenError(Path("fifo")), HasSubstr("pipe"));
}

TEST_F(TraceFileTest, ASocketIsNoTrace) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, Path("socket").c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_THAT(OpenError(Path("socket")), HasSubstr("socket"));
  close(fd);
}

// Root may read everything, so the attempt is made by a child that is nobody.
TEST_F(TraceFileTest, NoPermissionIsSaid) {
  testing::WriteFile(Path("secret"), "x");
  ASSERT_EQ(chmod(Path("secret").c_str(), 0), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    const auto reader = TraceReader::Open(Path("secret"));
    _exit(!reader.ok() && reader.error().message.find("Permission denied") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(TraceFileTest, SkipsHolesAndZerosOfAnyLength) {
  std::string bytes(300'000, '\0');
  bytes[0] = bytes[5000] = bytes[299'000] = 'x';
  testing::WriteFile(Path(), bytes);
  ASSERT_EQ(truncate(Path().c_str(), 1LL << 40), 0);  // and a terabyte of nothing
  const auto file = TraceFile::Open(Path());
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->SkipZeros(0), 0U);
  EXPECT_EQ(file->SkipZeros(1), 5000U);
  EXPECT_EQ(file->SkipZeros(5001), 299'000U);
  EXPECT_EQ(file->SkipZeros(299'001), 1ULL << 40);
  EXPECT_EQ(file->SkipZeros(2ULL << 40), 1ULL << 40);
}

TEST_F(TraceFileTest, ReadsWhatIsThere) {
  testing::WriteFile(Path(), "0123456789");
  const auto file = TraceFile::Open(Path());
  ASSERT_TRUE(file.ok());
  char out[20] = {};
  EXPECT_EQ(file->ReadAt(8, out, sizeof(out)), 2U);
  EXPECT_EQ(std::string(out), "89");
  EXPECT_EQ(file->ReadAt(10, out, 1), 0U);
  EXPECT_EQ(file->ReadAt(~0ULL, out, 1), 0U);
  ASSERT_EQ(truncate(Path().c_str(), 3), 0);  // it may shrink under us
  EXPECT_EQ(file->ReadAt(0, out, 10), 3U);
}

TEST_F(TraceFileTest, SaysWhatIsWrongWithTheContent) {
  const std::string sound = TraceBuilder().Build();
  EXPECT_THAT(ErrorOf(""), HasSubstr("empty"));
  EXPECT_THAT(ErrorOf("x"), HasSubstr("not a memtrace trace"));
  EXPECT_THAT(ErrorOf("\x89PNG\r\n\x1a\n and so on"), HasSubstr("not a memtrace trace"));
  EXPECT_THAT(ErrorOf(std::string(100'000, '\0')), HasSubstr("not a memtrace trace"));
  EXPECT_THAT(ErrorOf(sound.substr(0, 5)), HasSubstr("cut off at byte 5"));
  EXPECT_THAT(ErrorOf(sound.substr(0, 4095)), HasSubstr("cut off at byte 4095"));
}

TEST_F(TraceFileTest, ANewerFormatIsSaidToBeNewer) {
  TraceBuilder builder;
  builder.header().version = format::kPackedFormatVersion + 1;
  EXPECT_THAT(ErrorOf(builder.Build()), HasSubstr("newer memtrace"));
  builder.header().version = 0;
  EXPECT_THAT(ErrorOf(builder.Build()), HasSubstr("damaged trace header"));
  builder.header().version = format::kFormatVersion;
  builder.header().header_bytes = 64;
  EXPECT_THAT(ErrorOf(builder.Build()), HasSubstr("damaged trace header"));
}

}  // namespace
}  // namespace memtrace::reader
