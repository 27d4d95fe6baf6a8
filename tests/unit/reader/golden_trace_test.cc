// SPDX-License-Identifier: MIT
// A file of each format version that was ever released stays readable, with the same content. The files are
// never written again; the first one was made by the code below (run the test with
// MEMTRACE_WRITE_GOLDEN=FOLDER), the second one is what `memtrace pack` made of it before format version 3.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "analyzer/reader/pack_file.h"
#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

class GoldenTraceTest : public ReaderTest {};

TraceBuilder Version1() {
  format::LogCheckpoint checkpoint{};
  checkpoint.reason = static_cast<std::uint32_t>(format::CheckpointReason::kMark);
  checkpoint.thread = 1;
  checkpoint.monotonic_ns = 50'000'000;
  checkpoint.resident_bytes = 12'345'678;
  TraceBuilder builder;
  builder.CompactWindows().Command({"app", "--fast"});
  const auto start = builder.Node(0, 0x401000);
  const auto load = builder.Node(start, 0x402000, AllocKind::kNewArray);
  const auto map = builder.Node(start, 0x403000, AllocKind::kMmap, {.is_guessed = true, .generation = 0});
  builder.Module({.start = 0x400000,
                  .end = 0x500000,
                  .load_bias = 0x400000,
                  .path = "/bin/app",
                  .build_id = "\x12\x34"});
  builder.Thread(0, 100, "app")
      .Thread(1, 101, "loader")
      .Mark(30, 1, "loaded")
      .Checkpoint(50'000'000, checkpoint);
  builder.On(0).Alloc(10, 0x1000, 100, start).ReallocBegin(12, 0x1000).Alloc(14, 0x2000, 200, start);
  builder.Seal(0, Codec::kZstd);
  builder.On(1).Alloc(20, 0x3000, 4096, load).Free(25, 0x3000, format::FreeForm::kDeleteArray);
  builder.Seal(1, Codec::kRaw);
  builder.On(0)
      .ReallocBegin(40, 0x2000)
      .ReallocCancel(41, 0x2000)
      .Map(42, 0x10000, 8192, map)
      .Unmap(43, 0x10000, 4096);
  builder.On(1)
      .Remap(50, 0x11000, 4096, 0x20000, 8192, map)
      .Break(51, 0x90000, 0x98000, map)
      .Alloc(52, 0x4001, 3, load);
  return builder.End(60'000'000, format::EndReason::kExit, 7);
}

void ExpectItsContent(const std::string& path, std::uint32_t version) {
  auto reader = TraceReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader->trace().damage.size(), 0U);
  EXPECT_EQ(reader->trace().info.format_version, version);
  EXPECT_EQ(
      Short(ReaderTest::EventsOf(*reader)),
      "0:a1000+100@10 0:b1000@12 0:a2000+200@14 1:a3000+4096@20 1:f3000@25 0:b2000@40 0:c2000@41 0:m10000@42 "
      "0:u10000@43 1:r20000@50 1:k98000@51 1:a4001+3@52");
  const model::Trace& trace = reader->trace();
  EXPECT_EQ(trace.info.command_line, (std::vector<std::string>{"app", "--fast"}));
  EXPECT_EQ(trace.info.end_code, 7);
  EXPECT_EQ(trace.info.duration_ns, 60'000'000U);
  ASSERT_EQ(trace.sites.size(), 4U);
  EXPECT_EQ(trace.sites[2].kind, AllocKind::kNewArray);
  EXPECT_EQ(trace.sites[2].parent, 1U);
  EXPECT_EQ(trace.sites[2].module, 0U);
  EXPECT_TRUE(trace.sites[3].is_guessed);
  EXPECT_EQ(trace.modules[0].build_id, "1234");
  EXPECT_EQ(trace.modules[0].load_bias, 0x400000U);
  EXPECT_EQ(trace.threads[1].name, "loader");
  ASSERT_TRUE(trace.marks[0].checkpoint);
  EXPECT_EQ(trace.checkpoints[*trace.marks[0].checkpoint].resident, 12'345'678U);
}

std::string BytesOfFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

TEST_F(GoldenTraceTest, Version1) {
  if (const char* folder = std::getenv("MEMTRACE_WRITE_GOLDEN")) {
    Version1().WriteTo(std::string(folder) + "/version_1.mtr");
  }
  ExpectItsContent(MEMTRACE_GOLDEN_FOLDER "/version_1.mtr", 1);
}

TEST_F(GoldenTraceTest, Version2) {
  ExpectItsContent(MEMTRACE_GOLDEN_FOLDER "/version_2.mtr", 2);
}

// Whichever version it was and however often it was packed, a packed trace is the same bytes.
TEST_F(GoldenTraceTest, Version3IsWhatAllVersionsArePackedTo) {
  ASSERT_TRUE(PackFile(MEMTRACE_GOLDEN_FOLDER "/version_1.mtr", Path("first.mtr"), {}).ok());
  ExpectItsContent(Path("first.mtr"), 3);
  for (const std::string& input : {std::string(MEMTRACE_GOLDEN_FOLDER "/version_2.mtr"), Path("first.mtr")}) {
    ASSERT_TRUE(PackFile(input, Path("again.mtr"), {}).ok());
    EXPECT_EQ(BytesOfFile(Path("again.mtr")), BytesOfFile(Path("first.mtr"))) << input;
  }
}

}  // namespace
}  // namespace memtrace::reader
