// SPDX-License-Identifier: MIT
// Writes the seeds of the reader's corpus: small traces that between them hold every kind of chunk, record
// and event.
//
//     make_seeds tests/fuzz/corpus
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/reader/compressed_chunk.h"
#include "analyzer/reader/packed_events.h"
#include "analyzer/reader/symbols_codec.h"
#include "tests/format/trace_builder.h"

namespace {

using namespace memtrace;
using format::AllocKind;
using format::Codec;
using testing::TraceBuilder;
using testing::WindowBuilder;

// As little header as there is: the fuzzer should spend its time behind it.
TraceBuilder Begin() {
  TraceBuilder trace;
  trace.CompactWindows();
  return trace;
}

TraceBuilder OneThread() {
  TraceBuilder trace = Begin();
  const auto root = trace.Node(0, 0x401000);
  const auto leaf = trace.Node(root, 0x402000, AllocKind::kNewArray);
  trace.Module({.start = 0x400000, .end = 0x500000, .path = "/bin/app"}).Thread(0, 7, "main");
  trace.On(0).Alloc(10, 0x1000, 64, leaf).Free(11, 0x1000).Alloc(12, 0x2000, 8, root);
  trace.Seal(0, Codec::kRaw);
  trace.On(0).ReallocBegin(20, 0x2000).ReallocCancel(21, 0x2000).ReallocBegin(22, 0x2000);
  return trace.End(30, format::EndReason::kExit, 0);
}

TraceBuilder TwoThreadsAtOdds() {
  TraceBuilder trace = Begin();
  const auto node = trace.Node(0, 0x401000);
  trace.Node(0, 0x401000);
  trace.On(0).Alloc(10, 0x10, 1, node).Alloc(20, 0x10, 2, node).Free(40, 0x90);
  trace.On(1).Alloc(20, 0x90, 3, 2).Free(25, 0x10).Alloc(26, 0x10, 9, node);
  trace.Seal(1, Codec::kZstd);
  trace.On(1).Free(18, 0x10);
  return trace;
}

TraceBuilder Mappings() {
  TraceBuilder trace = Begin();
  const auto node = trace.Node(0, 0x401000, AllocKind::kMmap, {.is_guessed = true});
  trace.On(0)
      .Map(1, 0x10000, 0x8000, node)
      .Unmap(2, 0x12000, 0x1000)
      .Map(3, 0x11000, 0x4000, node)
      .Remap(4, 0x10000, 0x1000, 0x40000, 0x3000, node)
      .Break(5, 0x100000, 0x108000, node)
      .Break(6, 0x108000, 0x101000, node)
      .Time(7)
      .Alloc(8, 0x1003, 5, node);
  return trace;
}

TraceBuilder LogOnly() {
  format::LogCheckpoint checkpoint{};
  checkpoint.reason = static_cast<std::uint32_t>(format::CheckpointReason::kMark);
  checkpoint.monotonic_ns = 5'000'000;
  TraceBuilder trace = Begin();
  trace.Thread(3, 9, "worker").Mark(5, 3, "half way").Note(6, "a note", true);
  checkpoint.thread = 3;
  trace.Checkpoint(7, checkpoint).LogRecord(8, 2, std::string(8, '\0')).LogRecord(9, 99, "new");
  return trace.End(10, format::EndReason::kExec, 0).End(11, format::EndReason::kContinues, 0);
}

TraceBuilder Python() {
  TraceBuilder trace = Begin();
  const auto module = trace.PythonNode(0, 1, 4);
  const auto object = trace.PythonNode(module, 2, format::kPythonOffsetUnknown, AllocKind::kPythonObject);
  const auto arena = trace.PythonNode(module, 2, 3, AllocKind::kPythonArena);
  const auto native = trace.Node(module, 0x401000, AllocKind::kPythonMem);
  trace.PythonRuntime(1, 0x030b02f0).PythonRuntime(2, 0, format::PythonSupport::kNotVisible, "PyPy");
  trace
      .PythonCode(
          {.id = 1, .name = "<module>", .file = "app.py", .line_table = std::string("\x08\x01\x04\xff", 4)})
      .PythonCode({.id = 2,
                   .first_line = 40,
                   .name = "Cache.load",
                   .file = "/srv/app.py",
                   .line_table = std::string("\x80\x00\xd8\x04", 4),
                   .kind = format::PythonLineTable::kLocations});
  const auto later = trace.PythonNode(module, 2, 5, AllocKind::kPythonObject);
  trace.On(0)
      .Map(3, 0x100000, 0x40000, arena)
      .Alloc(4, 0x100010, 56, object)
      .Alloc(5, 0x90, 5000, native)
      .Reuse(6, 0x100010, later)
      .Reuse(6, 0x100080, later)
      .Free(6, 0x100010);
  trace.On(1).Reuse(7, 0x100010, object).Reuse(8, 0x90, later);
  return trace;
}

// As `memtrace pack` writes them, once compressed and once as they are.
TraceBuilder Packed() {
  TraceBuilder trace = Begin();
  const format::SiteNode nodes[] = {{0x401000, 0, 0}, {0x402000, 1, 0}, {0x403000, 1, 0}};
  format::NodesHeader header{};
  header.first_id = 1;
  header.capacity = std::size(nodes);
  std::string content(reinterpret_cast<const char*>(&header), sizeof(header));
  content.append(reinterpret_cast<const char*>(nodes), sizeof(nodes));
  trace.Chunk(format::ChunkKind::kCompressed, reader::CompressContent(format::ChunkKind::kNodes, content));
  std::string log(sizeof(format::LogHeader), '\0');
  for (std::uint64_t ticks = 1; ticks < 40; ++ticks) {
    const format::LogRecord record{sizeof(record) + sizeof(format::LogNote) + 8,
                                   static_cast<std::uint32_t>(format::LogType::kNote), ticks};
    format::LogNote note{};
    note.text_bytes = 6;
    log.append(reinterpret_cast<const char*>(&record), sizeof(record));
    log.append(reinterpret_cast<const char*>(&note), sizeof(note));
    log.append("a note\0\0", 8);
  }
  trace.Chunk(format::ChunkKind::kCompressed, reader::CompressContent(format::ChunkKind::kLog, log));
  trace.On(0).Alloc(10, 0x1000, 64, 2).Free(11, 0x1000).Alloc(12, 0x2000, 8, 3);
  return trace;
}

TraceBuilder Damaged() {
  TraceBuilder trace = Begin();
  WindowBuilder window(1);
  window.Alloc(1, 0x10, 1, 0).Raw({0xff, 0xff});
  trace.Window(0, 0, window, [](auto* header) { header->version = 1; })
      .Window(0, 2, window)
      .Garbage(100)
      .Events(0, 2, window, Codec::kRaw)
      .Zeros(200)
      .Events(1, 5, window, Codec::kZstd, [](auto* header) { header->checksum = 0; });
  return trace;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_seeds CORPUS_FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder(argv[1]);
  std::filesystem::create_directories(folder / "reader");
  OneThread().WriteTo(folder / "reader" / "one_thread");
  Python().WriteTo(folder / "reader" / "python");
  TwoThreadsAtOdds().WriteTo(folder / "reader" / "two_threads_at_odds");
  Mappings().WriteTo(folder / "reader" / "mappings");
  LogOnly().WriteTo(folder / "reader" / "log_only");
  Damaged().WriteTo(folder / "reader" / "damaged");
  Packed().WriteTo(folder / "reader" / "packed");

  std::filesystem::create_directories(folder / "decoder");
  WindowBuilder window(0);
  window.Alloc(1, 0x1000, 24, 1)
      .Free(2, 0x1000)
      .Alloc(300, 0x1003, 5, 3)
      .ReallocBegin(400, 0x20)
      .Map(1ULL << 33, 1, 2, 3);
  testing::WriteFile(folder / "decoder" / "every_shape",
                     std::string(8, '\0') + std::string(window.bytes().begin(), window.bytes().end()));

  using testing::WriteFile;
  std::filesystem::create_directories(folder / "packed");
  const std::vector<reader::WindowEvents> windows = {{0, 0, window.bytes()}, {1, 9, window.bytes()}};
  WriteFile(folder / "packed" / "window", std::string(window.bytes().begin(), window.bytes().end()));
  WriteFile(folder / "packed" / "two_windows", reader::EncodePackedEvents(3, windows));
  // A ring of blocks, each freed 31 allocations later: addresses are references then.
  testing::WindowBuilder ring(0);
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::uint64_t address = 0x10000 + 0x790 * (i * 7 % 31);
    if (i >= 31) ring.Free(10 * i, address);
    ring.Alloc(10 * i + 4, address, 40 + i % 5, 0);
  }
  const std::vector<reader::WindowEvents> ring_window = {{0, 0, ring.bytes()}};
  WriteFile(folder / "packed" / "referenced", reader::EncodePackedEvents(3, ring_window));

  std::filesystem::create_directories(folder / "symbols");
  model::Symbols symbols;
  symbols.strings = {"", "main", "/src/a.cc", "Inner", "int main() {"};
  symbols.frames = {{3, 2, 7, 1, 5}, {1, 2, 9, 2, 8}, {1, 0, 0, 0, 0}};
  symbols.modules = {{"/bin/app", "abcd", {{0x11f3, 0, 2}, {0x1280, 2, 1}}}, {"", "", {{~0ULL, 2, 1}}}};
  symbols.sources = {{2, 7, 4}};
  WriteFile(folder / "symbols" / "compressed", reader::EncodeSymbols(symbols));
  symbols.strings.push_back(std::string(6'000, 'x'));
  WriteFile(folder / "symbols" / "as_it_is", reader::EncodeSymbols(symbols));

  std::filesystem::create_directories(folder / "names");
  constexpr const char* kNames[][2] = {
      {"cxx",
       "_ZNSt6vectorISt4pairIKiNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEESaIS8_EE9push_"
       "backERKS8_"},
      {"lambda", "_ZZN5store9RunLambdaEvENKUlvE_clEv"},
      {"rust", "NvNtCs1234_7mycrate3foo3bar"},
      {"rust_generic", "INvMs_NtCslpTLCKKGtkc_5alloc3vecINtB5_3VechE4pushKj7b_EB7_"},
      {"rust_legacy", "_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE"},
      {"v8", "JS:*parse /srv/app.js:12:20"},
      {"plain", "void store::Cache<int, std::allocator<int> >::Put<long>(long const&) const"}};
  for (const auto& [name, text] : kNames) WriteFile(folder / "names" / name, text);

  std::filesystem::create_directories(folder / "texts");
  WriteFile(folder / "texts" / "suppressions",
            std::string(1, '\0') + "# comment\nleak:foo*bar\nleak:^lib$\n\nrace:x\n");
  WriteFile(folder / "texts" / "perf_map",
            "\x01"
            "1000 10 JS:*parse /srv/app.js:12:20\n0x1008 0x20 other\n");
  WriteFile(folder / "texts" / "size",
            "\x02"
            "64.5KiB");
  return 0;
}
