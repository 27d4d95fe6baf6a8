// SPDX-License-Identifier: MIT
// What a trace says apart from its events: plain data, filled by reader/, read by everyone else. No I/O here.
//
//   Trace ── info        the process: command, times, counters, how it ended
//         ├─ sites       the call-site tree: node id → (pc, parent, module)
//         ├─ modules     executable mappings with build-ids
//         ├─ threads     ordinal → tid, name
//         ├─ marks       named moments, each with its checkpoint
//         ├─ checkpoints readings of process memory, in sums
//         ├─ memory      readings of process memory, range by range
//         ├─ notes       what the recorder wanted said
//         ├─ python      interpreters and code objects: python_runtimes, python_codes
//         ├─ symbols     names that a packed trace brings along
//         └─ damage      what could not be read, by file offset
//
// All times are nanoseconds since the start of recording.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/python.h"
#include "analyzer/model/symbols.h"
#include "memtrace/trace_format.h"

namespace memtrace::model {

using NodeId = std::uint32_t;    // 0: the empty stack
using ThreadId = std::uint32_t;  // thread ordinal of the trace, not the kernel's tid
inline constexpr std::uint32_t kNoModule = ~0U;

struct Module {
  std::uint64_t start = 0;  // [start, end) in the process
  std::uint64_t end = 0;
  std::uint64_t load_bias = 0;  // ELF address = address in the process - load_bias
  std::uint8_t generation = 0;
  std::string build_id;  // lower-case hex; empty if the module has none
  std::string path;
};

// A node of the call-site tree; see format::SiteNode. Equal nodes of the file are merged: nodes whose
// canonical id differs from their own never appear in events that the reader hands out.
struct Site {
  std::uint64_t pc = 0;  // of a Python frame: code id and instruction, see below
  NodeId parent = 0;
  std::uint32_t module = kNoModule;                     // index into Trace::modules
  format::AllocKind kind = format::AllocKind::kMalloc;  // of innermost frames only
  bool is_exact = false;                                // pc is the instruction itself, not a return address
  bool is_guessed = false;
  bool is_python = false;

  // Of Python frames: the code, by its id in Trace::python_codes, and the place in its instructions, in units
  // of two bytes or format::kPythonOffsetUnknown.
  std::uint32_t python_code() const { return static_cast<std::uint32_t>(pc >> format::kPythonCodeShift); }
  std::uint32_t python_unit() const { return static_cast<std::uint32_t>(pc & format::kPythonOffsetUnknown); }
};

struct Thread {
  std::uint32_t tid = 0;
  std::string name;
};

struct Checkpoint {
  std::uint64_t time_ns = 0;
  ThreadId thread = 0;
  format::CheckpointReason reason = format::CheckpointReason::kPeriodic;
  // Bytes; format::kUnknown where the recorder could not tell.
  std::uint64_t resident = format::kUnknown;
  std::uint64_t resident_file = format::kUnknown;
  std::uint64_t virtual_size = format::kUnknown;
  std::uint64_t resident_peak = format::kUnknown;
  std::uint64_t own_private = format::kUnknown;
  std::uint64_t own_mapped = format::kUnknown;
  std::uint64_t allocator_arena = format::kUnknown;
  std::uint64_t allocator_mapped = format::kUnknown;
  std::uint64_t allocator_in_use = format::kUnknown;
  std::uint64_t allocator_free = format::kUnknown;
};

// A range of the address space at a moment.
struct MemoryRange {
  std::uint64_t start = 0;  // [start, end) in the process; of kSmallFiles the length alone means something
  std::uint64_t end = 0;
  format::MemoryKind kind = format::MemoryKind::kAnonymous;
  std::uint64_t resident_bytes = 0;
  std::uint64_t private_bytes = 0;  // of them copies of a file's pages, this process's alone
  std::vector<std::uint64_t> runs;  // pages absent, resident, absent, ... from `start`; empty: not known
  std::string name;                 // of the file, if it has much resident
};

// In which sizes an allocator hands out blocks; see format::LogBlockSizes.
struct BlockSizes {
  format::ServingAllocator allocator = format::ServingAllocator::kOther;
  std::vector<std::uint64_t> bytes;  // rising; empty: it did not tell
  std::uint64_t step_bytes = 1;      // above the last one
};

// What lies in process memory at a moment; see format::LogMemory.
struct MemoryReading {
  std::uint64_t time_ns = 0;
  ThreadId thread = 0;
  format::CheckpointReason reason = format::CheckpointReason::kPeriodic;
  format::ServingAllocator allocator = format::ServingAllocator::kOther;
  bool knows_files = true;
  bool is_forked = false;  // the process began as a fork: what its parent left in it is in no event
  std::uint64_t cost_ns = 0;
  std::uint64_t resident = format::kUnknown;  // as the kernel counts it
  std::uint64_t resident_file = format::kUnknown;
  std::uint64_t jemalloc_allocated = format::kUnknown;
  std::uint64_t jemalloc_active = format::kUnknown;
  std::uint64_t jemalloc_metadata = format::kUnknown;
  std::uint64_t jemalloc_resident = format::kUnknown;
  std::uint64_t jemalloc_retained = format::kUnknown;
  std::vector<MemoryRange> ranges;  // ascending, without overlaps
};

struct Mark {
  std::string name;
  std::uint64_t time_ns = 0;
  ThreadId thread = 0;
  std::optional<std::size_t> checkpoint;  // index into Trace::checkpoints
};

struct Note {
  std::uint64_t time_ns = 0;
  bool is_error = false;
  std::string text;
};

struct Damage {
  std::uint64_t offset = 0;  // in the file
  std::string what;          // "event chunk of thread 2 has a wrong checksum", ...
};

struct TraceInfo {
  std::string path;  // of the trace file
  std::uint64_t file_bytes = 0;
  std::uint32_t format_version = 0;
  std::uint32_t pid = 0;
  std::uint32_t parent_pid = 0;
  std::string comm;
  std::string exe;
  std::string host;
  std::string working_directory;
  std::vector<std::string> command_line;
  std::uint64_t start_realtime_ns = 0;  // since the Unix epoch
  std::uint64_t duration_ns = 0;        // until the last thing recorded
  double ticks_per_second = 0;
  format::RecordingState state = format::RecordingState::kRecording;
  bool is_running = false;  // the process is alive and still records into this file
  std::optional<format::EndReason> end_reason;
  std::int32_t end_code = 0;
  std::int32_t stop_errno = 0;
  std::uint32_t max_depth = 0;
  std::uint64_t nested_events_lost = 0;
  std::uint64_t truncated_stacks = 0;
  std::uint64_t guessed_frames = 0;
  std::uint64_t own_private_bytes = 0;
  std::uint64_t own_mapped_bytes = 0;
  std::uint64_t raw_event_bytes = 0;
  std::uint64_t stored_event_bytes = 0;
};

struct Trace {
  TraceInfo info;
  std::vector<Site> sites;  // by NodeId; [0] is the empty stack
  std::vector<Module> modules;
  std::vector<Thread> threads;          // by ThreadId
  std::vector<Mark> marks;              // by time
  std::vector<Checkpoint> checkpoints;  // by time
  std::vector<MemoryReading> memory;    // by time
  BlockSizes block_sizes;
  std::vector<Note> notes;
  std::vector<PythonRuntime> python_runtimes;  // in the order they were met
  std::vector<PythonCode> python_codes;        // by id
  std::vector<Damage> damage;                  // empty: everything was readable
  Symbols symbols;                             // what `memtrace pack` put in; mostly nothing
};

}  // namespace memtrace::model
