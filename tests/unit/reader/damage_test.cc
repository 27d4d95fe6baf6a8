// SPDX-License-Identifier: MIT
// Broken traces: what can be read is read, what cannot is named with its offset, and nothing ever crashes.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

using format::RecordingState;
using ::testing::HasSubstr;

// Reads all there is to read.
std::size_t ReadAll(TraceReader& reader) {
  std::size_t count = 0;
  reader.ForEachBatch([&](std::span<const Event> batch) { count += batch.size(); });
  return count;
}

class DamageTest : public ReaderTest {
 protected:
  std::size_t OffsetOf(const std::string& bytes, std::string_view needle, std::size_t from = 4096) const {
    return bytes.find(needle, from);
  }
  // Where the n-th chunk of a kind begins.
  static std::size_t ChunkAt(const std::string& bytes, format::ChunkKind kind, int number = 0) {
    for (std::size_t at = 4096; at + 32 <= bytes.size(); at += 64) {
      format::ChunkHeader header;
      std::memcpy(&header, bytes.data() + at, sizeof(header));
      if (header.magic == format::kChunkMagic && header.kind == static_cast<std::uint32_t>(kind) &&
          number-- == 0) {
        return at;
      }
    }
    return std::string::npos;
  }
};

TEST_F(DamageTest, TheSampleIsSound) {
  for (const auto state : {RecordingState::kRecording, RecordingState::kEnded}) {
    auto reader = Open(SampleTrace(state));
    EXPECT_EQ(DamageOf(reader), "");
    EXPECT_EQ(ReadAll(reader), 17U);
    EXPECT_EQ(DamageOf(reader), "");
  }
}

// Property: cut anywhere behind the header, a trace opens, says where it was cut, and gives a beginning of
// what it gave when whole.
TEST_F(DamageTest, CutAtEveryByte) {
  const std::string whole = SampleTrace(RecordingState::kEnded).Build();
  for (std::size_t size = 0; size < format::kFileHeaderBytes; size += size < 300 ? 1 : 97) {
    EXPECT_NE(ErrorOf(whole.substr(0, size)), "") << size;
  }
  for (std::size_t size = format::kFileHeaderBytes; size < whole.size(); ++size) {
    auto reader = OpenBytes(std::string_view(whole).substr(0, size));
    EXPECT_LE(ReadAll(reader), 17U);
    const bool only_padding_is_missing = whole.find_first_not_of('\0', size) == std::string::npos;
    if (only_padding_is_missing) continue;
    EXPECT_THAT(DamageOf(reader), HasSubstr("cut off at byte " + std::to_string(size)));
  }
}

// The same for what a kill leaves behind: it had nothing in flight, so its end is known, also where the cut
// is between two chunks.
TEST_F(DamageTest, CutAtEveryByteWhileRecording) {
  const std::string whole = SampleTrace(RecordingState::kRecording).Build();
  for (std::size_t size = format::kFileHeaderBytes; size < whole.size(); ++size) {
    auto reader = OpenBytes(std::string_view(whole).substr(0, size));
    EXPECT_LE(ReadAll(reader), 17U);
    const bool only_padding_is_missing = whole.find_first_not_of('\0', size) == std::string::npos;
    // The end of an open window is not used yet: nothing is lost, and nothing can be told in the last line.
    if (only_padding_is_missing || whole.size() - size < format::kChunkAlignBytes) continue;
    EXPECT_THAT(DamageOf(reader), HasSubstr("cut off at byte " + std::to_string(size)));
  }
}

// A recorder that did not count what is in flight yet (golden traces): the same cuts are read, without a word
// on some.
TEST_F(DamageTest, CutAtEveryByteOfAnEarlyRecording) {
  TraceBuilder builder = SampleTrace(RecordingState::kRecording);
  builder.header().flags = 0;
  const std::string whole = builder.Build();
  for (std::size_t size = format::kFileHeaderBytes; size < whole.size(); ++size) {
    auto reader = OpenBytes(std::string_view(whole).substr(0, size));
    EXPECT_LE(ReadAll(reader), 17U);
  }
}

// A process may end, by exit or a kill, while a thread of it appends a chunk: its space was given out, its
// window still has the events, and nothing is missing.
TEST_F(DamageTest, AChunkInFlightIsNoDamage) {
  for (const auto state : {RecordingState::kRecording, RecordingState::kEnded}) {
    TraceBuilder builder = SampleTrace(state);
    builder.header().file_end = builder.Build().size() + 4000;
    builder.header().in_flight_bytes = 4000;
    auto reader = Open(builder);
    EXPECT_EQ(ReadAll(reader), 17U);
    EXPECT_EQ(DamageOf(reader), "");
    builder.header().in_flight_bytes = 3900;
    EXPECT_THAT(DamageOf(Open(builder)), HasSubstr("cut off"));
  }
}

// Property: with any byte changed, nothing crashes, and no event appears from nowhere unnoticed. Event bytes
// in open windows have no checksum, so a change there may go by; everything else is noticed or makes no
// difference.
TEST_F(DamageTest, EveryByteFlipped) {
  for (const auto state : {RecordingState::kRecording, RecordingState::kEnded}) {
    const std::string whole = SampleTrace(state).Build();
    const std::size_t first_window = ChunkAt(whole, format::ChunkKind::kWindow);
    for (const unsigned char change : {0xff, 0x01, 0x80}) {
      for (std::size_t at = 0; at < whole.size(); ++at) {
        if (at >= 1200 && at < 3900) continue;  // the middle of the header's texts
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ change);
        testing::WriteFile(Path(), bytes);
        auto reader = TraceReader::Open(Path());
        if (!reader.ok()) {
          EXPECT_LT(at, format::kFileHeaderBytes);
          continue;
        }
        const std::size_t count = ReadAll(*reader);
        if (at >= first_window) continue;
        EXPECT_LE(count, 17U) << at;
        EXPECT_TRUE(state == RecordingState::kRecording || count == 17 || !reader->trace().damage.empty())
            << at;
      }
    }
  }
}

TEST_F(DamageTest, ABrokenEventChunkCostsItsOwnEventsOnly) {
  std::string bytes = SampleTrace(RecordingState::kEnded).Build();
  const std::size_t chunk = ChunkAt(bytes, format::ChunkKind::kEvents);
  bytes[chunk + 85] = static_cast<char>(bytes[chunk + 85] ^ 1);
  auto reader = OpenBytes(bytes);
  EXPECT_EQ(DamageOf(reader), "");  // not read yet
  EXPECT_EQ(ReadAll(reader), 7U);
  EXPECT_EQ(DamageOf(reader), std::to_string(chunk) +
                                  ": an event chunk of thread 0 has a wrong checksum; its events are lost\n");
  ReadAll(reader);
  EXPECT_EQ(reader.trace().damage.size(), 1U);  // said once
}

TEST_F(DamageTest, AGapOfZerosIsNoDamage) {
  TraceBuilder builder;
  builder.On(0).Alloc(1, 0x10, 1, 0);
  builder.Seal(0).Zeros(100'000);
  builder.On(0).Free(2, 0x10);
  builder.Seal(0).Zeros(64).End(3, format::EndReason::kExit, 0);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@1 0:f10@2");
  EXPECT_EQ(DamageOf(reader), "");
}

TEST_F(DamageTest, GarbageIsSkippedToTheNextChunk) {
  TraceBuilder builder;
  builder.On(0).Alloc(1, 0x10, 1, 0);
  builder.Seal(0).Garbage(10'000);
  builder.On(0).Free(2, 0x10);
  builder.Seal(0).End(3, format::EndReason::kExit, 0);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@1 0:f10@2");
  EXPECT_THAT(DamageOf(reader), HasSubstr("10048 bytes are not part of this trace"));
  EXPECT_EQ(reader.trace().damage.size(), 1U);
}

// A file system's habit after a crash of the machine: blocks of another, deleted file. Their chunks are sound
// but for the trace they name.
TEST_F(DamageTest, ChunksOfAnotherTraceAreNotTaken) {
  TraceBuilder other;
  other.header().trace_id = 99;
  other.On(0).Alloc(1, 0x99, 9, 0);
  const std::string foreign = other.Seal(0).Build().substr(4096);
  TraceBuilder builder;
  builder.On(0).Alloc(1, 0x10, 1, 0);
  builder.Seal(0).End(5, format::EndReason::kExit, 0);
  auto reader = OpenBytes(builder.Build() + foreign);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@1");
  EXPECT_EQ(reader.trace().damage.size(), 1U);
}

TEST_F(DamageTest, MissingWindowsAreCounted) {
  TraceBuilder builder;
  builder.On(2).Alloc(1, 0x10, 1, 0);
  builder.Seal(2).SkipSequence(2).SkipSequence(2);
  builder.On(2).Free(9, 0x10);
  auto reader = Open(builder);
  EXPECT_THAT(DamageOf(reader), HasSubstr("2 event windows of thread 2 are missing before this one"));
  EXPECT_EQ(EventsOf(reader).size(), 2U);
}

TEST_F(DamageTest, TheFirstWindowsMayBeMissingToo) {
  TraceBuilder builder;
  builder.SkipSequence(0);
  builder.On(0).Free(9, 0x10);
  EXPECT_THAT(DamageOf(Open(builder)), HasSubstr("1 event window of thread 0 is missing"));
}

TEST_F(DamageTest, AChunkWinsOverItsWindowIfItsChecksumHolds) {
  TraceBuilder builder;
  WindowBuilder part(1), whole(1);
  part.Alloc(1, 0x10, 1, 0);
  whole.Alloc(1, 0x10, 1, 0).Free(2, 0x10);
  builder.Window(0, 0, part).Events(0, 0, whole);
  auto reader = Open(builder);
  EXPECT_EQ(EventsOf(reader).size(), 2U);
  EXPECT_EQ(DamageOf(reader), "");

  TraceBuilder broken;
  broken.Window(0, 0, whole).Events(0, 0, part, Codec::kZstd, [](auto* header) { header->checksum ^= 1; });
  auto other = Open(broken);
  EXPECT_EQ(EventsOf(other).size(), 2U);
  EXPECT_EQ(DamageOf(other), "");  // what a kill in the middle of the write leaves
}

TEST_F(DamageTest, WindowsOutOfUseOrChangingHandsAreIgnored) {
  TraceBuilder builder;
  WindowBuilder window(1);
  window.Alloc(1, 0x10, 1, 0);
  builder.Window(0, 0, window)
      .Window(1, 0, window, [](auto* header) { header->in_use = 0; })
      .Window(2, 0, window, [](auto* header) { header->version = 3; });
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@1");
  EXPECT_EQ(DamageOf(reader), "");
}

TEST_F(DamageTest, LengthsAreNotBelieved) {
  WindowBuilder window(1);
  window.Alloc(1, 0x10, 1, 0);
  TraceBuilder builder;
  builder.CompactWindows()
      .Window(0, 0, window, [](auto* header) { header->used_bytes = 1ULL << 60; })
      .Window(~0U, 0, window)
      .Events(~0U, 0, window)
      .Events(0, 0, window, Codec::kZstd, [](auto* header) { header->raw_bytes = 1ULL << 50; })
      .Events(0, 1, window, Codec::kZstd, [](auto* header) { header->stored_bytes = 1ULL << 50; })
      .Events(0, 2, window, Codec::kRaw, [](auto* header) { header->raw_bytes = 3; })
      .Events(0, 3, window, Codec::kRaw, [](auto* header) { header->codec = 9; })
      .Events(0, 4, window, Codec::kRaw, [](auto* header) { header->raw_bytes = header->stored_bytes = 0; })
      .Chunk(format::ChunkKind::kEvents, "short")
      .End(9, format::EndReason::kExit, 0);
  auto reader = Open(builder);
  EXPECT_EQ(EventsOf(reader).size(), 0U);
  EXPECT_EQ(reader.trace().damage.size(), 9U) << DamageOf(reader);
}

TEST_F(DamageTest, ADecompressorsComplaintIsReported) {
  WindowBuilder window(1);
  window.Alloc(1, 0x10, 1, 0);
  TraceBuilder builder;
  builder.Events(0, 0, window, Codec::kRaw, [](auto* header) { header->codec = 1; });
  auto reader = Open(builder);
  EXPECT_EQ(EventsOf(reader).size(), 0U);
  EXPECT_THAT(DamageOf(reader), HasSubstr("does not decompress"));
}

TEST_F(DamageTest, NodesOutOfOrderOrOutOfRange) {
  TraceBuilder builder;
  const auto orphan = builder.RawNode(7, 0x1000);  // its parent would come later
  builder.RawNode(0, 0);                           // handed out, never written
  const auto child = builder.RawNode(2, 0x2000);   // of that
  builder.On(0)
      .Alloc(1, 0x10, 1, orphan)
      .Alloc(2, 0x20, 1, child)
      .Alloc(3, 0x30, 1, 2)
      .Alloc(4, 0x40, 1, 12345);
  builder.Chunk(format::ChunkKind::kNodes,
                std::string("\xff\xff\xff\xf0\x01\0\0\0", 8) + std::string(40, 'x'));
  auto reader = Open(builder);
  EXPECT_EQ(reader.trace().sites[orphan].parent, 0U);
  EXPECT_EQ(reader.trace().sites[child].parent, 0U);
  EXPECT_EQ(reader.trace().sites.size(), 4U);
  EXPECT_EQ(reader.trace().damage.size(), 3U) << DamageOf(reader);
  const auto events = EventsOf(reader);
  EXPECT_EQ(events[0].node, orphan);
  EXPECT_EQ(events[2].node, 0U);
  EXPECT_THAT(DamageOf(reader), HasSubstr("2 events of thread 0 name call sites that are not in the file"));
}

TEST_F(DamageTest, BrokenLogRecordsAreReportedEach) {
  TraceBuilder builder;
  builder.LogRecord(1, static_cast<std::uint32_t>(format::LogType::kModule), "short")
      .LogRecord(2, static_cast<std::uint32_t>(format::LogType::kThread),
                 std::string(8, '\xff') + std::string(8, '\0'))
      .LogRecord(3, static_cast<std::uint32_t>(format::LogType::kMark), std::string(8, '\x7f'))
      .LogRecord(4, static_cast<std::uint32_t>(format::LogType::kNote), std::string(8, '\x7f'))
      .LogRecord(5, static_cast<std::uint32_t>(format::LogType::kCheckpoint), "x")
      .LogRecord(6, static_cast<std::uint32_t>(format::LogType::kEnd), std::string(8, '\x7f'))
      .Mark(7, 0, "still read");
  const auto reader = Open(builder);
  EXPECT_EQ(reader.trace().damage.size(), 6U) << DamageOf(reader);
  ASSERT_EQ(reader.trace().marks.size(), 1U);
  EXPECT_EQ(reader.trace().marks[0].name, "still read");
}

TEST_F(DamageTest, NoiseGivesAListOfBoundedLength) {
  TraceBuilder builder;
  for (int i = 0; i < 5000; ++i) builder.LogRecord(1, static_cast<std::uint32_t>(format::LogType::kEnd), "");
  EXPECT_EQ(Open(builder).trace().damage.size(), 1001U);
}

}  // namespace
}  // namespace memtrace::reader
