// SPDX-License-Identifier: MIT
// A small language that writes .mtr files for tests, sound ones and broken ones.
//
//     TraceBuilder trace;
//     const auto main_node = trace.Node(0, 0x401000);
//     const auto load_node = trace.Node(main_node, 0x402000, AllocKind::kNew);
//     trace.Thread(0, 4131, "app").Module({.start = 0x400000, .end = 0x500000, .path = "/usr/bin/app"});
//     trace.On(0).Alloc(10, 0x5000, 100, load_node).Free(20, 0x5000);
//     trace.Mark(15, 0, "half way");
//     trace.WriteTo("sample.mtr");
//
// Layout: header, node chunk, log chunk, then event chunks, windows and oddities in the order they were asked
// for. On(thread) collects events; Seal(thread) writes them as an events chunk; what is left at the end
// stands in windows. Times are ticks; one tick is one nanosecond unless the header is changed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "memtrace/trace_format.h"
#include "tests/format/window_builder.h"

namespace memtrace::testing {

struct ModuleSpec {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t load_bias = 0;
  std::string path = {};
  std::string build_id = {};  // raw bytes
  std::uint8_t generation = 0;
};

struct PythonCodeSpec {
  std::uint32_t id = 1;
  std::uint32_t first_line = 1;
  std::string name = {};
  std::string file = {};
  std::string line_table = {};  // empty with kLnotab: all of it is the first line
  format::PythonLineTable kind = format::PythonLineTable::kLnotab;
};

struct NodeFlags {
  bool is_exact = false;
  bool is_guessed = false;
  std::uint8_t generation = 0;
};

// A range of a reading of process memory. Without runs it is resident as far as `resident_pages` says, and
// where is not known, unless all of it is.
struct RangeSpec {
  std::uint64_t start = 0;
  std::uint64_t pages = 0;
  format::MemoryKind kind = format::MemoryKind::kAnonymous;
  std::uint64_t resident_pages = 0;
  std::uint64_t private_pages = 0;
  std::vector<std::uint64_t> runs = {};  // absent, resident, absent, ...
  std::string name = {};
};

class TraceBuilder {
 public:
  TraceBuilder();

  // Everything in the header may be changed; file_end and counts of nodes and threads are filled in at the
  // end unless they were set.
  format::FileHeader& header() { return header_; }
  TraceBuilder& Command(std::initializer_list<std::string> arguments);
  TraceBuilder& State(format::RecordingState state);

  // The tree and the log.
  std::uint32_t Node(std::uint32_t parent, std::uint64_t pc,
                     format::AllocKind kind = format::AllocKind::kMalloc, NodeFlags flags = {});
  // A Python frame; `unit`: which two bytes of the code's instructions.
  std::uint32_t PythonNode(std::uint32_t parent, std::uint32_t code, std::uint32_t unit,
                           format::AllocKind kind = format::AllocKind::kMalloc);
  std::uint32_t RawNode(std::uint32_t parent, std::uint64_t key);  // also key 0, impossible parents
  TraceBuilder& Module(const ModuleSpec& module);
  TraceBuilder& Thread(std::uint32_t ordinal, std::uint32_t tid, std::string_view name);
  TraceBuilder& Mark(std::uint64_t ticks, std::uint32_t thread, std::string_view name);
  TraceBuilder& Checkpoint(std::uint64_t ticks, const format::LogCheckpoint& checkpoint);
  // The ranges ascending. `change` sees the head before it is written.
  TraceBuilder& Memory(std::uint64_t ticks, const std::vector<RangeSpec>& ranges,
                       const std::function<void(format::LogMemory*)>& change = {});
  // `count`: 0 for as many as there are.
  TraceBuilder& BlockSizes(format::ServingAllocator allocator, const std::vector<std::uint64_t>& sizes,
                           std::uint64_t step_bytes, std::uint32_t count = 0);
  TraceBuilder& PythonRuntime(std::uint64_t ticks, std::uint32_t hex_version,
                              format::PythonSupport support = format::PythonSupport::kFull,
                              std::string_view text = {},
                              format::PythonReuse reuse = format::PythonReuse::kUnseen);
  TraceBuilder& PythonCode(const PythonCodeSpec& code);
  TraceBuilder& Note(std::uint64_t ticks, std::string_view text, bool is_error = false);
  TraceBuilder& End(std::uint64_t ticks, format::EndReason reason, int code);  // and the header's state
  TraceBuilder& LogRecord(std::uint64_t ticks, std::uint32_t type, std::string_view payload);

  // Events of a thread, sequence numbers counted by themselves.
  WindowBuilder& On(std::uint32_t thread);
  TraceBuilder& Seal(std::uint32_t thread, format::Codec codec = format::Codec::kZstd);
  // Leaves a number out: a window that nobody has.
  TraceBuilder& SkipSequence(std::uint32_t thread);

  // Chunks with everything said.
  TraceBuilder& Events(std::uint32_t thread, std::uint64_t sequence, const WindowBuilder& events,
                       format::Codec codec = format::Codec::kZstd,
                       const std::function<void(format::EventsHeader*)>& change = {});
  TraceBuilder& Window(std::uint32_t thread, std::uint64_t sequence, const WindowBuilder& events,
                       const std::function<void(format::WindowHeader*)>& change = {});
  TraceBuilder& Zeros(std::size_t bytes);
  TraceBuilder& Garbage(std::size_t bytes);  // the same bytes each time, none of them zero
  TraceBuilder& Chunk(format::ChunkKind kind, std::string_view payload);

  // Windows with only the room they need instead of 64 KiB, for files that tests cut at each byte.
  TraceBuilder& CompactWindows();

  // The file. May be called more than once.
  std::string Build() const;
  void WriteTo(const std::string& path) const;

 private:
  struct ThreadScript {
    std::uint64_t sequence = 0;
    WindowBuilder events;
  };
  // Bytes of a chunk, or of a gap, that still wait for their offset.
  struct Piece {
    format::ChunkKind kind{};
    std::string payload;
    bool is_raw = false;  // no header
  };

  void AppendWindow(std::vector<Piece>* pieces, std::uint32_t thread, std::uint64_t sequence,
                    const WindowBuilder& events,
                    const std::function<void(format::WindowHeader*)>& change) const;
  std::string NodesPayload() const;
  void AppendPiece(const Piece& piece, std::string* file) const;
  void FillHeader(std::size_t file_bytes, std::string* file) const;

  format::FileHeader header_{};
  std::vector<format::SiteNode> nodes_;
  std::string log_;
  std::size_t memory_readings_ = 0;
  std::vector<Piece> pieces_;
  std::map<std::uint32_t, ThreadScript> threads_;
  bool compact_windows_ = false;
};

// Writes `bytes` to `path`; throws on failure.
void WriteFile(const std::string& path, std::string_view bytes);

}  // namespace memtrace::testing
