// SPDX-License-Identifier: MIT
// The script of the sample program; times are nanoseconds, which the builder's ticks are.
#include "tests/unit/report/sample_program.h"

#include <cstring>

namespace memtrace::testing {
namespace {

using format::AllocKind;

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kPostings = 0x10000;
constexpr std::uint64_t kWorkerPostings = 0x200000;
constexpr std::uint64_t kResults = 0x400000;
constexpr std::uint64_t kArena = 0x800000;
constexpr std::uint64_t kSessions = 0xa00000;
constexpr std::uint64_t kText = 0xb00000;

struct Nodes {
  std::uint32_t add, first_query, second_query, worker_add, grow, open, split;
};

Nodes AddNodes(TraceBuilder& trace) {
  Nodes nodes{};
  const std::uint32_t main_node = trace.Node(0, 0x401000);                           // 1
  nodes.add = trace.Node(main_node, 0x402000, AllocKind::kNew);                      // 2
  const std::uint32_t load = trace.Node(main_node, 0x403000);                        // 3
  nodes.first_query = trace.Node(load, 0x7f0000001000);                              // 4
  nodes.second_query = trace.Node(trace.Node(main_node, 0x403100), 0x7f0000001000);  // 5, 6
  const std::uint32_t worker = trace.Node(0, 0x404000);                              // 7
  nodes.worker_add = trace.Node(worker, 0x402000, AllocKind::kNew);                  // 8
  nodes.grow = trace.Node(worker, 0x405000, AllocKind::kNewArray);                   // 9
  nodes.open = trace.Node(main_node, 0x406000, AllocKind::kCalloc);                  // 10
  nodes.split = trace.Node(main_node, 0x407000);                                     // 11
  return nodes;
}

void MainEvents(WindowBuilder& events, const Nodes& nodes, bool is_later) {
  const std::uint64_t postings = is_later ? 1500 : 1000;
  for (std::uint64_t i = 0; i < postings; ++i)
    events.Alloc(100 * kMs + i, kPostings + i * 256, 160, nodes.add);
  for (std::uint64_t i = 0; i < 3; ++i) {
    events.Alloc(200 * kMs + i, kResults + i * 0x10000, 20'000,
                 i == 2 && !is_later ? nodes.second_query : nodes.first_query);
  }
  events.Free(210 * kMs, kResults);
  const std::uint64_t sessions = is_later ? 24 : 3;
  for (std::uint64_t i = 0; i < sessions; ++i)
    events.Alloc((3500 + i * (is_later ? 100 : 1000)) * kMs, kSessions + i * 512, 300, nodes.open);
  for (std::uint64_t i = 0; i < 500; ++i) {
    events.Alloc(6000 * kMs + i * 20, kText, 24, nodes.split).Free(6000 * kMs + i * 20 + 5, kText);
  }
}

void WorkerEvents(WindowBuilder& events, const Nodes& nodes) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    events.Alloc(1000 * kMs + i, kWorkerPostings + i * 256, 160, nodes.worker_add);
  }
  events.Alloc(2000 * kMs, kArena, 1 << 20, nodes.grow);
  for (std::uint64_t i = 0; i < 2000; ++i)
    events.Free(3000 * kMs + i, kWorkerPostings + i * 256, format::FreeForm::kDelete);
  events.Free(3001 * kMs, kArena, format::FreeForm::kDeleteArray);
  events.Alloc(6500 * kMs, kSessions + 0x8000, 300, nodes.open);
}

// The heap from the first posting to the last session, libraries, and a stack.
void Memory(TraceBuilder& trace, std::uint64_t ms, std::uint64_t resident_pages) {
  trace.Memory(
      ms * kMs,
      {{.start = kPostings,
        .pages = (kText + 0x1000 - kPostings) / format::kPageBytes,
        .kind = format::MemoryKind::kBreak,
        .resident_pages = resident_pages,
        .runs = {0, resident_pages}},
       {.start = 0x7f0000000000,
        .pages = 256,
        .kind = format::MemoryKind::kFile,
        .resident_pages = 200,
        .private_pages = 4,
        .name = "/usr/lib/libpq.so.5.15"},
       {.start = 0x7ffff0000000, .pages = 33, .kind = format::MemoryKind::kMainStack, .resident_pages = 3}});
}

void Checkpoint(TraceBuilder& trace, std::uint64_t ms, format::CheckpointReason reason,
                std::uint64_t resident) {
  format::LogCheckpoint checkpoint{};
  checkpoint.reason = static_cast<std::uint32_t>(reason);
  checkpoint.monotonic_ns = ms * kMs;
  checkpoint.resident_bytes = resident;
  checkpoint.resident_file_bytes = 2 << 20;
  checkpoint.virtual_bytes = 64 << 20;
  checkpoint.resident_peak_bytes = 9 << 20;
  trace.Checkpoint(ms * kMs, checkpoint);
}

void FillHeader(format::FileHeader& header) {
  header.pid = 4131;
  header.parent_pid = 4000;
  header.start_realtime_ns = 1'700'000'000'000'000'000;
  header.own_private_bytes = 700'000;
  header.own_mapped_bytes = 300'000;
  header.truncated_stacks = 2;
  std::strncpy(header.comm, "indexer", sizeof header.comm - 1);
  std::strncpy(header.host, "example", sizeof header.host - 1);
  std::strncpy(header.exe, "/usr/bin/indexer", sizeof header.exe - 1);
  header.exe_bytes = 16;
  std::strncpy(header.working_directory, "/home/me/corpus", sizeof header.working_directory - 1);
  header.working_directory_bytes = 15;
}

}  // namespace

TraceBuilder SampleTrace(bool is_later) {
  TraceBuilder trace;
  FillHeader(trace.header());
  trace.Command({"indexer", "--threads", "2", "my corpus"});
  const Nodes nodes = AddNodes(trace);
  trace.Module({.start = 0x400000, .end = 0x500000, .path = "/usr/bin/indexer", .build_id = "\x12\x34\xab"});
  trace.Module({.start = 0x7f0000000000,
                .end = 0x7f0000100000,
                .load_bias = 0x7f0000000000,
                .path = "/usr/lib/libpq.so.5.15",
                .build_id = "\x0f\x0e"});
  trace.Thread(0, 4131, "indexer").Thread(1, 4132, "worker-1");
  MainEvents(trace.On(0), nodes, is_later);
  trace.Seal(0);
  WorkerEvents(trace.On(1), nodes);
  trace.Mark(1500 * kMs, 0, "loaded");
  Checkpoint(trace, 1500, format::CheckpointReason::kMark, 5 << 20);
  if (is_later) Memory(trace, 2500, 2200);
  trace.Mark(7000 * kMs, 0, "done");
  Checkpoint(trace, 7000, format::CheckpointReason::kMark, 6 << 20);
  trace.Note(7100 * kMs, "smaps could not be read");
  Checkpoint(trace, 8000, format::CheckpointReason::kEnd, 6 << 20);
  if (is_later) Memory(trace, 7900, 2400);
  return trace.End(8000 * kMs, format::EndReason::kExit, 0);
}

void WriteSampleTrace(const std::string& path) {
  SampleTrace().WriteTo(path);
}

MadeUpStacks SampleStacks() {
  const auto main_frame = LineFrame("main", "/home/me/indexer/src/main.cpp", 20);
  const auto worker = LineFrame("worker_main(void*)", "/home/me/indexer/src/worker.cpp", 12);
  const auto start = LibraryFrame("__libc_start_call_main", "/usr/lib/libc.so.6");
  const auto add = LineFrame("Index::add(Doc, Pos)", "/home/me/indexer/src/posting.cpp", 88);
  const auto operator_new = LibraryFrame("operator new(unsigned long)", "/usr/lib/libstdc++.so.6");
  const auto query = LibraryFrame("PQexec", "/usr/lib/libpq.so.5.15");
  auto reserve = LineFrame("Arena::reserve(unsigned long)", "/home/me/indexer/include/arena.h", 41);
  reserve.is_inlined = true;
  MadeUpStacks stacks;
  stacks.Stack(2, {operator_new, add, main_frame, start});
  stacks.Stack(4, {query, LineFrame("load", "/home/me/indexer/src/load.cpp", 41), main_frame, start});
  stacks.Stack(6, {query, LineFrame("load", "/home/me/indexer/src/load.cpp", 57), main_frame, start});
  stacks.Stack(8, {operator_new, add, worker});
  stacks.Stack(9, {reserve, LineFrame("Index::grow()", "/home/me/indexer/src/index.cpp", 30), worker});
  stacks.Stack(10, {LineFrame("Session::open", "/home/me/indexer/src/session.cpp", 51), main_frame, start});
  stacks.Stack(11, {LineFrame("split", "/home/me/indexer/src/text.cpp", 9), main_frame, start});
  stacks.Source("/home/me/indexer/src/posting.cpp", 88, "    entries_.push_back(Posting{doc, pos});");
  stacks.Source("/home/me/indexer/include/arena.h", 41,
                "\tauto* block = new char[bytes];  // \x1b[31mred\x1b[0m");
  stacks.Source("/home/me/indexer/src/load.cpp", 41, "  result = PQexec(connection, \"select a\");");
  stacks.Source("/home/me/indexer/src/session.cpp", 51, "  return calloc(1, sizeof(Session));");
  return stacks;
}

}  // namespace memtrace::testing
