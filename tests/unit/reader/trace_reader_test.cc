// SPDX-License-Identifier: MIT
// What stands in a sound trace comes out of the reader: header, log, call sites, events.
#include "analyzer/reader/trace_reader.h"

#include <gmock/gmock.h>

#include <cstring>

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

using ::testing::ElementsAre;

class TraceReaderTest : public ReaderTest {};

TEST_F(TraceReaderTest, AnEmptyRecordingIsSound) {
  auto reader = Open(TraceBuilder().End(0, format::EndReason::kExit, 0));
  EXPECT_EQ(DamageOf(reader), "");
  EXPECT_EQ(EventsOf(reader).size(), 0U);
  EXPECT_EQ(reader.trace().sites.size(), 1U);
  EXPECT_EQ(reader.trace().info.duration_ns, 0U);
}

TEST_F(TraceReaderTest, TellsOfTheProcess) {
  TraceBuilder builder;
  builder.Command({"indexer", "--all", ""}).End(5000, format::EndReason::kExit, 3);
  builder.header().nested_events_lost = 2;
  builder.header().truncated_stacks = 3;
  builder.header().own_private_bytes = 4096;
  builder.header().max_depth = 64;
  const auto reader = Open(builder);
  const model::TraceInfo& info = reader.trace().info;
  EXPECT_EQ(info.path, Path());
  EXPECT_EQ(info.file_bytes, std::filesystem::file_size(Path()));
  EXPECT_EQ(info.pid, 4131U);
  EXPECT_EQ(info.parent_pid, 4000U);
  EXPECT_EQ(info.comm, "app");
  EXPECT_EQ(info.exe, "/usr/bin/app");
  EXPECT_EQ(info.host, "testhost");
  EXPECT_EQ(info.working_directory, "/tmp");
  EXPECT_THAT(info.command_line, ElementsAre("indexer", "--all", ""));
  EXPECT_EQ(info.state, format::RecordingState::kEnded);
  EXPECT_EQ(info.end_reason, format::EndReason::kExit);
  EXPECT_EQ(info.end_code, 3);
  EXPECT_EQ(info.duration_ns, 5000U);
  EXPECT_EQ(info.nested_events_lost, 2U);
  EXPECT_EQ(info.truncated_stacks, 3U);
  EXPECT_EQ(info.own_private_bytes, 4096U);
  EXPECT_EQ(info.max_depth, 64U);
  EXPECT_FALSE(info.is_running);
}

TEST_F(TraceReaderTest, LengthsInTheHeaderAreNotBelieved) {
  TraceBuilder builder;
  builder.header().exe_bytes = builder.header().command_line_bytes = ~0U;
  builder.header().working_directory_bytes = 100'000;
  builder.header().state = 77;
  std::memset(builder.header().comm, 'x', sizeof(builder.header().comm));
  const auto reader = Open(builder);
  EXPECT_EQ(reader.trace().info.exe.size(), sizeof(builder.header().exe));
  EXPECT_EQ(reader.trace().info.comm.size(), sizeof(builder.header().comm));
  EXPECT_EQ(reader.trace().info.state, format::RecordingState::kRecording);
}

// An exec that fails is recorded before it is tried; the recording then goes on, and ends in another way.
TEST_F(TraceReaderTest, AnEndThatDidNotHappenIsNone) {
  TraceBuilder builder;
  builder.End(10, format::EndReason::kExec, 0).State(format::RecordingState::kRecording);
  EXPECT_FALSE(Open(builder).trace().info.end_reason.has_value());
  builder.End(11, format::EndReason::kContinues, 0);
  EXPECT_FALSE(Open(builder).trace().info.end_reason.has_value());
  builder.End(12, format::EndReason::kExit, 4);
  const auto reader = Open(builder);
  EXPECT_EQ(reader.trace().info.end_reason, format::EndReason::kExit);
  EXPECT_EQ(reader.trace().info.end_code, 4);
  EXPECT_EQ(DamageOf(reader), "");
}

TEST_F(TraceReaderTest, ReadsTheLog) {
  TraceBuilder builder;
  builder.header().start_ticks = 1000;
  builder
      .Module({.start = 0x400000,
               .end = 0x500000,
               .load_bias = 0x3ff000,
               .path = "/bin/a b",
               .build_id = "\x01\xAB"})
      .Thread(0, 4131, "main")
      .Thread(2, 4140, "worker")
      .Thread(2, 4140, "renamed")
      .Mark(3000, 0, "Start")
      .LogRecord(3001, 9999, "a kind of record that does not exist yet")
      .Note(2000, "cannot compress", true);
  const auto reader = Open(builder);
  const model::Trace& trace = reader.trace();
  EXPECT_EQ(DamageOf(reader), "");
  ASSERT_EQ(trace.modules.size(), 1U);
  EXPECT_EQ(trace.modules[0].path, "/bin/a b");
  EXPECT_EQ(trace.modules[0].build_id, "01ab");
  EXPECT_EQ(trace.modules[0].load_bias, 0x3ff000U);
  ASSERT_EQ(trace.threads.size(), 3U);
  EXPECT_EQ(trace.threads[0].name, "main");
  EXPECT_EQ(trace.threads[1].tid, 0U);
  EXPECT_EQ(trace.threads[2].name, "renamed");
  ASSERT_EQ(trace.marks.size(), 1U);
  EXPECT_EQ(trace.marks[0].name, "Start");
  EXPECT_EQ(trace.marks[0].time_ns, 2000U);
  ASSERT_EQ(trace.notes.size(), 1U);
  EXPECT_TRUE(trace.notes[0].is_error);
  EXPECT_EQ(trace.notes[0].time_ns, 1000U);
}

TEST_F(TraceReaderTest, AMarkKnowsItsCheckpointAcrossOtherThreads) {
  format::LogCheckpoint mine{}, other{};
  mine.reason = other.reason = static_cast<std::uint32_t>(format::CheckpointReason::kMark);
  mine.resident_bytes = 111;
  mine.allocator_free_bytes = format::kUnknown;
  other.thread = 1;
  other.resident_bytes = 222;
  TraceBuilder builder;
  builder.Mark(10, 0, "a").Mark(11, 1, "b").Checkpoint(14, other).Checkpoint(13, mine).Mark(20, 0, "without");
  const auto reader = Open(builder);
  const model::Trace& trace = reader.trace();
  ASSERT_EQ(trace.marks.size(), 3U);
  EXPECT_EQ(trace.checkpoints[0].time_ns, 13U);  // sorted by time
  ASSERT_TRUE(trace.marks[0].checkpoint);
  EXPECT_EQ(trace.checkpoints[*trace.marks[0].checkpoint].resident, 111U);
  EXPECT_EQ(trace.checkpoints[*trace.marks[0].checkpoint].allocator_free, format::kUnknown);
  EXPECT_EQ(trace.checkpoints[*trace.marks[1].checkpoint].resident, 222U);
  EXPECT_FALSE(trace.marks[2].checkpoint);
}

TEST_F(TraceReaderTest, TakesTheClockFromTheLatestCheckpoint) {
  format::LogCheckpoint checkpoint{};
  checkpoint.monotonic_ns = 3'000'000'000;
  TraceBuilder builder;
  builder.header().start_ticks = 500;
  builder.header().start_monotonic_ns = 1'000'000'000;
  builder.Checkpoint(500 + 400'000'000, checkpoint);  // 2 s: 200 MHz
  const auto reader = Open(builder);
  EXPECT_NEAR(reader.trace().info.ticks_per_second, 2e8, 1);
  EXPECT_EQ(reader.TimeNs(500 + 200'000'000), 1'000'000'000U);
  EXPECT_EQ(reader.trace().info.duration_ns, 2'000'000'000U);
}

TEST_F(TraceReaderTest, ReadsCallSites) {
  TraceBuilder builder;
  builder.Module({.start = 0x1000, .end = 0x2000, .path = "old", .generation = 0})
      .Module({.start = 0x1000, .end = 0x2000, .path = "new", .generation = 1})
      .Module({.start = 0x1000, .end = 0x2000, .path = "new", .generation = 1});
  const auto start = builder.Node(0, 0x1800);
  const auto after = builder.Node(start, 0x1900, AllocKind::kNewArray, {.generation = 1});
  const auto last_call = builder.Node(start, 0x2000);  // returns behind the module's end
  const auto at_end = builder.Node(start, 0x2000, AllocKind::kMalloc, {.is_exact = true});
  const auto guessed = builder.Node(after, 0x7000, AllocKind::kMalloc, {.is_guessed = true});
  const auto truncated = builder.Node(0, format::kTruncatedPc);
  const auto reader = Open(builder);
  const auto& sites = reader.trace().sites;
  const auto& modules = reader.trace().modules;
  ASSERT_EQ(modules.size(), 2U);
  EXPECT_EQ(modules[sites[start].module].path, "old");
  EXPECT_EQ(modules[sites[after].module].path, "new");
  EXPECT_EQ(sites[after].kind, AllocKind::kNewArray);
  EXPECT_EQ(sites[after].parent, start);
  EXPECT_EQ(modules[sites[last_call].module].path, "old");
  EXPECT_EQ(sites[at_end].module, model::kNoModule);
  EXPECT_TRUE(sites[at_end].is_exact);
  EXPECT_TRUE(sites[guessed].is_guessed);
  EXPECT_EQ(sites[guessed].module, model::kNoModule);
  EXPECT_EQ(sites[truncated].pc, format::kTruncatedPc);
}

TEST_F(TraceReaderTest, EqualCallSitesAreOne) {
  TraceBuilder builder;
  const auto root = builder.Node(0, 0x1000);
  const auto first = builder.Node(root, 0x2000);
  const auto twin = builder.Node(root, 0x2000);
  const auto leaf = builder.Node(first, 0x3000);
  const auto leaf_of_twin = builder.Node(twin, 0x3000);
  const auto other_kind = builder.Node(twin, 0x3000, AllocKind::kCalloc);
  builder.On(0)
      .Alloc(1, 0x10, 1, leaf)
      .Alloc(2, 0x20, 1, leaf_of_twin)
      .Alloc(3, 0x30, 1, other_kind)
      .Alloc(4, 0x40, 1, twin);
  auto reader = Open(builder);
  const auto events = EventsOf(reader);
  EXPECT_EQ(events[0].node, leaf);
  EXPECT_EQ(events[1].node, leaf);
  EXPECT_EQ(events[2].node, other_kind);
  EXPECT_EQ(reader.trace().sites[other_kind].parent, first);
  EXPECT_EQ(events[3].node, first);
}

TEST_F(TraceReaderTest, ReadsEventsFromChunksAndWindows) {
  TraceBuilder builder;
  builder.On(0).Alloc(10, 0x10, 1, 0);
  builder.Seal(0, Codec::kZstd);
  builder.On(0).Alloc(20, 0x20, 2, 0);
  builder.Seal(0, Codec::kRaw);
  builder.On(0).Free(30, 0x10);
  auto reader = Open(builder);
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@10 0:a20+2@20 0:f10@30");
  EXPECT_EQ(Short(EventsOf(reader)), "0:a10+1@10 0:a20+2@20 0:f10@30");  // again, from the start
  EXPECT_EQ(DamageOf(reader), "");
  EXPECT_EQ(reader.trace().info.duration_ns, 30U);
  EXPECT_EQ(reader.trace().threads.size(), 1U);
}

TEST_F(TraceReaderTest, ReportsProgressUpToOne) {
  TraceBuilder builder;
  for (std::uint64_t i = 0; i < 300'000; ++i) builder.On(0).Alloc(i, 16 * i, 1, 0);
  auto reader = Open(builder);
  std::vector<double> shares;
  std::size_t count = 0;
  reader.ForEachBatch([&](std::span<const Event> batch) { count += batch.size(); },
                      [&](double share) { shares.push_back(share); });
  EXPECT_EQ(count, 300'000U);
  EXPECT_GT(shares.size(), 2U);
  EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
  EXPECT_EQ(shares.back(), 1.0);
}

}  // namespace
}  // namespace memtrace::reader
