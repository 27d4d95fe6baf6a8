// SPDX-License-Identifier: MIT
// The .mtr trace format: the one contract between libmemtrace.so (writer) and the analyzer (reader).
// FORMAT.md explains it in prose with a worked example; this file holds nothing but constants and structs.
//
//   offset 0      FileHeader, 4096 bytes, mapped and updated in place
//   then          chunks, each at a 64-byte aligned offset and begun by a ChunkHeader:
//
//     kWindow  64 KiB, page aligned, mapped shared: one thread's events while they are being written; reused
//     kEvents  the content of one full window, written to the file's end, mostly zstd compressed
//     kNodes   page aligned, mapped shared: a run of SiteNode, filled in place, ids are positions
//     kLog     page aligned, mapped shared: modules, threads, marks, checkpoints, notes
//
//   and in what `memtrace pack` makes of a file:
//
//     kSymbols       names of the call-site tree's addresses
//     kPackedEvents  the content of up to kMaxPackedWindows windows, in columns
//     kCompressed    the content of a log or nodes chunk
//
// Space between chunks is zero. All integers are little-endian. A writer killed at any instant leaves a
// readable file: whatever a reader needs in order to trust a byte was stored after that byte.
#pragma once

#include <cstddef>
#include <cstdint>

namespace memtrace::format {

// ---------------------------------------------------------------- file header

inline constexpr char kFileMagic[8] = {'\x89', 'M', 'T', 'R', '\r', '\n', '\x1a', '\n'};  // PNG's idea: shows text-mode damage
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint32_t kPackedFormatVersion = 3;  // 2 brought kPackedEvents chunks, 3 kCompressed ones
inline constexpr std::size_t kFileHeaderBytes = 4096;
inline constexpr std::size_t kChunkAlignBytes = 64;
inline constexpr std::size_t kPageBytes = 4096;

enum class RecordingState : std::uint32_t {
  kRecording = 0,  // also what a killed process leaves
  kEnded = 1,      // the process ran its exit handlers, called _exit, or replaced itself by exec
  kStopped = 2,    // memtrace gave up (see stop_errno and the log's notes); the process went on
};

struct FileHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint64_t trace_id;  // random; part of every chunk's check, so chunks of another trace are not taken for ours
  std::uint32_t pid;
  std::uint32_t parent_pid;
  std::uint32_t tick_shift;  // one tick is 2^tick_shift TSC cycles
  std::uint32_t max_depth;   // frames kept a stack; 0: unlimited

  // Two readings of both clocks give the tick rate: the first at start, the latest at each checkpoint.
  std::uint64_t start_ticks;
  std::uint64_t start_monotonic_ns;
  std::uint64_t start_realtime_ns;
  std::uint64_t latest_ticks;
  std::uint64_t latest_monotonic_ns;
  std::uint64_t nominal_ticks_per_second;  // from CPUID; 0: unknown

  // Counters, updated in place.
  std::uint64_t file_end;              // first offset not yet given to a chunk
  std::uint64_t node_count;            // site nodes handed out, node 0 (the empty stack) included
  std::uint64_t thread_count;          // threads that recorded at least one event
  std::uint64_t nested_events_lost;    // allocations made while the recorder itself ran on the same thread
  std::uint64_t truncated_stacks;      // stacks that ended before the thread's first frame
  std::uint64_t guessed_frames;        // steps through code without unwind information
  std::uint64_t own_private_bytes;     // memtrace's own memory: anonymous mappings
  std::uint64_t own_mapped_bytes;      // memtrace's own memory: parts of this file mapped into the process
  std::uint64_t raw_event_bytes;       // bytes of sealed windows before compression
  std::uint64_t stored_event_bytes;    // and as written

  std::uint32_t state;       // RecordingState
  std::int32_t stop_errno;   // with kStopped: why
  std::uint32_t page_bytes;
  std::uint32_t exe_bytes;
  std::uint32_t command_line_bytes;
  std::uint32_t working_directory_bytes;
  std::uint64_t in_flight_bytes;  // below file_end, given to chunks that are not in the file yet; see kCountsInFlight
  std::uint32_t flags;            // kCountsInFlight
  std::uint32_t reserved;

  char comm[16];                 // as the kernel had it at start, NUL padded
  char host[64];                 // NUL padded
  char exe[1024];                // path of the executable, exe_bytes of it
  char working_directory[512];
  char command_line[2048];       // argv, NUL separated, cut at the field's end
};
static_assert(sizeof(FileHeader) <= kFileHeaderBytes);
static_assert(offsetof(FileHeader, start_ticks) == 40);
static_assert(offsetof(FileHeader, file_end) == 88);
static_assert(offsetof(FileHeader, state) == 168);
static_assert(offsetof(FileHeader, in_flight_bytes) == 192);
static_assert(offsetof(FileHeader, comm) == 208);

// in_flight_bytes is kept: it grows before file_end does and shrinks when the chunk's bytes are in the file. So the
// file is at least file_end - in_flight_bytes long, or its end is missing. Early recorders left both fields 0.
inline constexpr std::uint32_t kCountsInFlight = 1;

// ---------------------------------------------------------------- chunks

inline constexpr std::uint64_t kChunkMagic = 0x314b4e484352544dULL;  // "MTRCHNK1" read as a little-endian number

enum class ChunkKind : std::uint32_t {
  kWindow = 1, kEvents = 2, kNodes = 3, kLog = 4, kSymbols = 5, kPackedEvents = 6, kCompressed = 7
};

struct ChunkHeader {
  std::uint64_t magic;
  std::uint32_t kind;        // ChunkKind
  std::uint32_t reserved;
  std::uint64_t size_bytes;  // this header included; the next chunk starts at the next multiple of kChunkAlignBytes
  std::uint64_t check;       // ChunkCheck(); a reader that lost its way looks for a header whose check holds
};
static_assert(sizeof(ChunkHeader) == 32);

// Binds a header to its trace, place, kind and size. Steele, Lea, Flood (2014): the SplitMix64 finalizer.
constexpr std::uint64_t ChunkCheck(std::uint64_t trace_id, std::uint64_t offset, ChunkKind kind, std::uint64_t size_bytes) {
  std::uint64_t x = trace_id ^ (offset * 0x9e3779b97f4a7c15ULL) ^ (size_bytes << 8) ^ static_cast<std::uint64_t>(kind);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// ---------------------------------------------------------------- windows and event chunks

inline constexpr std::size_t kWindowBytes = 64 * 1024;

// A window belongs to one thread at a time. `version` is a seqlock: odd while the window changes hands.
// Events are decodable up to used_bytes, which is stored after each event's bytes.
struct WindowHeader {
  std::uint64_t version;
  std::uint32_t thread;       // thread ordinal, see LogThread
  std::uint32_t in_use;       // 0: free, its last content is in a kEvents chunk
  std::uint64_t sequence;     // counts this thread's windows from 0
  std::uint64_t base_ticks;   // time of the first event is counted from here
  std::uint64_t used_bytes;   // event bytes, from the end of this header
  std::uint64_t reserved[7];
};
static_assert(sizeof(WindowHeader) == 96);
inline constexpr std::size_t kWindowDataOffset = sizeof(ChunkHeader) + sizeof(WindowHeader);
static_assert(kWindowDataOffset == 128);
inline constexpr std::size_t kWindowDataBytes = kWindowBytes - kWindowDataOffset;

enum class Codec : std::uint32_t { kRaw = 0, kZstd = 1 };

// A kEvents chunk: ChunkHeader, EventsHeader, stored_bytes of data. When both a window and an events chunk
// hold the same (thread, sequence), the chunk counts if its checksum holds.
struct EventsHeader {
  std::uint32_t thread;
  std::uint32_t codec;        // Codec
  std::uint64_t sequence;
  std::uint64_t base_ticks;
  std::uint64_t raw_bytes;    // after decompression; at most kWindowDataBytes
  std::uint64_t stored_bytes;
  std::uint64_t checksum;     // XXH3 (64 bits) of the stored bytes
};
static_assert(sizeof(EventsHeader) == 48);

// A kPackedEvents chunk: ChunkHeader, PackedEventsHeader, PackedWindow[windows], the columns; see FORMAT.md.
struct PackedEventsHeader {
  std::uint32_t thread;
  std::uint32_t windows;       // at most kMaxPackedWindows, one after the other
  std::uint64_t raw_bytes;     // of all of them
  std::uint64_t stored_bytes;  // from the end of this header
  std::uint64_t checksum;      // XXH3 (64 bits) of the stored bytes
};
static_assert(sizeof(PackedEventsHeader) == 32);

struct PackedWindow {
  std::uint64_t sequence;
  std::uint64_t base_ticks;
  std::uint64_t raw_bytes;  // at most kWindowDataBytes
};
static_assert(sizeof(PackedWindow) == 24);
inline constexpr std::uint32_t kMaxPackedWindows = 16;
inline constexpr std::uint64_t kMaxPackedRatio = 256;  // raw_bytes is less than this many times stored_bytes

// ---------------------------------------------------------------- events
//
// A window's events are a byte stream with three running values, all 0 at its start except the time:
//   node (last site node), address (last address), ticks (base_ticks).
// Fields are little-endian integers of the byte counts the head names; deltas are zigzag; addresses are
// in units of 8 bytes.
//
//   bit     7 6   5 4 3   2 1   0
//   free   [time][address][form][0]                       1 byte, then address delta, ticks delta
//
//   bit    15..12 11 10  9 8 7  6 5 4   3 2 1  0
//   alloc  [  0  ][time][size ][address][node][1]         2 bytes, then node delta, address delta, size, ticks delta
//
//   time: 0, 1, 2, 4 bytes by code 0..3.   address, size, node: 0..7 bytes.
//   form: 0 free, 1 delete, 2 delete[], 3: an extended event, whose bits 3..7 are its ExtendedEvent number,
//   followed by LEB128 fields, the ticks delta first.
enum class FreeForm : std::uint8_t { kFree = 0, kDelete = 1, kDeleteArray = 2, kExtended = 3 };

inline constexpr unsigned kAddressShift = 3;
inline constexpr unsigned kTimeBytes[4] = {0, 1, 2, 4};
inline constexpr std::size_t kMaxEventBytes = 64;  // no event is longer

enum class ExtendedEvent : std::uint8_t {
  kTime = 0,           // only moves the clock
  kAlloc = 1,          // node, address, size: an address that is no multiple of 8
  kFree = 2,           // address, FreeForm
  kReallocBegin = 3,   // zigzag address delta: this block is given to realloc; freed unless cancelled
  kReallocCancel = 4,  // zigzag address delta: realloc failed, the block is as it was
  kMap = 5,            // node, address, length, prot, flags
  kUnmap = 6,          // address, length
  kRemap = 7,          // node, old address, old length, new address, new length
  kBreak = 8,          // node, old end, new end
  kReuse = 9,          // zigzag node delta, zigzag address delta: a live block, handed out again by one of node's
};

// ---------------------------------------------------------------- site nodes

// How a block was asked for; kept in the innermost node of its stack.
enum class AllocKind : std::uint8_t {
  kMalloc = 0, kCalloc, kRealloc, kReallocArray, kPosixMemalign, kAlignedAlloc, kMemalign, kValloc, kPvalloc,
  kNew = 9, kNewArray, kNewAligned, kNewArrayAligned,
  kMmap = 13, kMremap, kBrk, kSbrk,
  kMallocx = 17, kRallocx, kXallocx, kTcmalloc, kMimalloc,
  kPythonMem = 22, kPythonObject,  // CPython's PyMem_* and PyObject_* allocators
  kPythonArena = 24,               // kMap only: a mapping that CPython carves its objects out of
};
inline constexpr std::size_t kAllocKinds = 25;

// One step of a stack: return address plus the id of the caller's node. Two nodes may be equal (threads race);
// a reader treats them as one. A parent's id is always smaller. key is stored last: 0 means not yet written.
//
//   bit  63..56      55       54     53..48  47..0
//        generation  guessed  exact  kind    pc
//
//   exact: pc is the instruction itself (an interrupted frame), not a return address
//   guessed: found through rbp in code without unwind information
//   generation: which of the modules that lived at this address, see LogModule; never kPythonGeneration
//
// A Python frame has kPythonGeneration and, in place of the pc, the id of its code object and where in it the
// instruction is, so that the stack of a block reads module, function, ..., PyList_Append, realloc in one tree:
//
//   bit  63..56             55..48          47..20    19..0
//        kPythonGeneration  as above, kind  code id   instruction offset / 2, or kPythonOffsetUnknown
struct SiteNode {
  std::uint64_t key;
  std::uint32_t parent;  // 0: outermost frame
  std::uint32_t extra;   // 0 for native frames
};
static_assert(sizeof(SiteNode) == 16);

inline constexpr std::uint64_t kPcMask = (1ULL << 48) - 1;
inline constexpr unsigned kKindShift = 48;
inline constexpr std::uint64_t kKindMask = 0x3fULL << kKindShift;
inline constexpr std::uint64_t kExactBit = 1ULL << 54;
inline constexpr std::uint64_t kGuessBit = 1ULL << 55;
inline constexpr unsigned kGenerationShift = 56;
inline constexpr std::uint8_t kPythonGeneration = 255;
inline constexpr unsigned kPythonCodeShift = 20;
inline constexpr std::uint32_t kPythonOffsetUnknown = (1U << kPythonCodeShift) - 1;
inline constexpr std::uint32_t kMaxPythonCodes = 1U << 28;
// Stands for all code outside of modules once a trace has a great many nodes: a program that makes new code for ever
// does not get new nodes for ever.
inline constexpr std::uint64_t kManyCodesPc = 2;
inline constexpr std::uint64_t kTruncatedPc = 1;  // outermost "frame" of a stack whose end was not reached

struct NodesHeader {
  std::uint32_t first_id;
  std::uint32_t capacity;
  std::uint64_t reserved[3];
};
static_assert(sizeof(NodesHeader) == 32);  // SiteNode[capacity] follows at 64

// ---------------------------------------------------------------- compressed log and nodes

// A kCompressed chunk: ChunkHeader, CompressedHeader, stored_bytes of data. Decompressed they are what would follow
// the ChunkHeader of a chunk of that kind; of kNodes in columns: NodesHeader, then of all nodes the keys, then how far
// below its own id each one's parent is (4 bytes), then the extras.
struct CompressedHeader {
  std::uint32_t kind;   // ChunkKind: kNodes or kLog
  std::uint32_t codec;  // Codec
  std::uint64_t raw_bytes;     // after decompression; less than kMaxCompressedRatio times the stored bytes
  std::uint64_t stored_bytes;
  std::uint64_t checksum;      // XXH3 (64 bits) of the stored bytes
};
static_assert(sizeof(CompressedHeader) == 32);
inline constexpr std::uint64_t kMaxCompressedRatio = 64;

// ---------------------------------------------------------------- symbols

// A kSymbols chunk: ChunkHeader, SymbolsHeader, stored_bytes of data. What they hold is drawn in FORMAT.md.
struct SymbolsHeader {
  std::uint32_t codec;  // Codec
  std::uint32_t reserved;
  std::uint64_t raw_bytes;     // after decompression; less than kMaxSymbolsRatio times the stored bytes
  std::uint64_t stored_bytes;
  std::uint64_t checksum;      // XXH3 (64 bits) of the stored bytes
};
static_assert(sizeof(SymbolsHeader) == 32);
inline constexpr std::uint64_t kMaxSymbolsRatio = 32;

// ---------------------------------------------------------------- log

// Records are 8-byte aligned; size_bytes is stored last and ends the list where it is 0.
struct LogHeader {
  std::uint32_t used_bytes;  // reserved so far, from the end of this header; may exceed what is complete
  std::uint32_t reserved[7];
};
static_assert(sizeof(LogHeader) == 32);

enum class LogType : std::uint32_t {
  kModule = 1, kModuleGone, kThread, kMark, kCheckpoint, kPause, kResume, kNote, kEnd,
  kPythonRuntime = 10, kPythonCode,
  kMemory = 12, kBlockSizes,
};

struct LogRecord {
  std::uint32_t size_bytes;  // this header and padding included
  std::uint32_t type;        // LogType; unknown ones are skipped
  std::uint64_t ticks;
};
static_assert(sizeof(LogRecord) == 16);

// An executable mapping [start, end). load_bias + ELF address = address in the process.
struct LogModule {
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t load_bias;
  std::uint32_t id;
  std::uint8_t generation;
  std::uint8_t build_id_bytes;
  std::uint16_t path_bytes;
  // build id, path
};
static_assert(sizeof(LogModule) == 32);

struct LogModuleGone {
  std::uint32_t id;
  std::uint32_t reserved;
};

// A thread, or its new name. Ordinals are never reused; thread ids are.
struct LogThread {
  std::uint32_t ordinal;
  std::uint32_t tid;
  std::uint32_t name_bytes;
  std::uint32_t reserved;
  // name
};

struct LogMark {
  std::uint32_t thread;
  std::uint32_t name_bytes;
  // name
};

enum class CheckpointReason : std::uint32_t { kStart = 0, kPeriodic, kMark, kEnd, kHigh };  // kHigh: more than ever before
inline constexpr std::uint64_t kUnknown = ~0ULL;

// Process memory at a moment; kUnknown where it could not be read. A mark is followed by its checkpoint.
struct LogCheckpoint {
  std::uint32_t thread;
  std::uint32_t reason;               // CheckpointReason
  std::uint64_t monotonic_ns;
  std::uint64_t resident_bytes;       // /proc/self/statm
  std::uint64_t resident_file_bytes;  // of them: file pages (program, libraries, and this trace's windows)
  std::uint64_t virtual_bytes;
  std::uint64_t resident_peak_bytes;  // getrusage ru_maxrss
  std::uint64_t own_private_bytes;    // memtrace itself, as in FileHeader
  std::uint64_t own_mapped_bytes;
  std::uint64_t allocator_arena_bytes;   // mallinfo2 arena: what malloc has from brk and its arenas
  std::uint64_t allocator_mapped_bytes;  // mallinfo2 hblkhd: big blocks of their own
  std::uint64_t allocator_in_use_bytes;  // mallinfo2 uordblks
  std::uint64_t allocator_free_bytes;    // mallinfo2 fordblks
};
static_assert(sizeof(LogCheckpoint) == 96);

// What lies in process memory at a moment: a *reading*. One too large for a record is cut into several, in order, all
// with its number. `body` holds ranges of the address space, ascending; of each, as LEB128 numbers:
//
//   pages since the end of the range before, pages, MemoryKind, resident pages, of them private copies (kFile only),
//   number of runs, the runs' pages: absent, resident, absent, ... (0 runs: how they lie is not known),
//   bytes of a name, the name
enum class MemoryKind : std::uint32_t {
  kAnonymous = 0,    // private memory of no file
  kBreak = 1,        // the data segment that brk moves, where glibc's malloc has its main arena
  kArena = 2,        // one of glibc's other arenas, by its shape: at a multiple of 64 MiB, the rest of that forbidden
  kMainStack = 3,
  kThreadStack = 4,  // behind a guard page, or where a recorded thread has its stack
  kFile = 5,
  kShared = 6,       // shared memory of no file that has a name in a file system
  kModuleData = 7,   // zero-initialised data directly behind that of a file
  kOwn = 8,          // memtrace's own memory
  kOwnFile = 9,      // its own library, and the parts of the trace that are mapped
  kSmallFiles = 10,  // the sum of all files with little resident: its place means nothing
};
inline constexpr std::uint64_t kArenaBytes = 64ULL << 20;  // glibc: HEAP_MAX_SIZE

enum class ServingAllocator : std::uint32_t { kOther = 0, kGlibc, kJemalloc, kTcmalloc, kMimalloc };

// LogMemory::flags
inline constexpr std::uint32_t kMemoryIsLast = 1;   // the reading's last record
inline constexpr std::uint32_t kMemoryNoFiles = 2;  // what of a file's mapping is resident could not be read
inline constexpr std::uint32_t kMemoryIsForked = 4;  // the process began as a fork: its parent's blocks are in it too

struct LogMemory {
  std::uint32_t thread;
  std::uint32_t number;     // of the reading, from 0
  std::uint32_t reason;     // CheckpointReason
  std::uint32_t allocator;  // ServingAllocator
  std::uint32_t flags;
  std::uint32_t body_bytes;
  std::uint64_t cost_ns;              // CPU time that reading took
  std::uint64_t resident_bytes;       // /proc/self/statm, at its end; kUnknown where it could not be read
  std::uint64_t resident_file_bytes;
  std::uint64_t jemalloc_allocated_bytes;  // jemalloc(3), stats.*; kUnknown: not asked
  std::uint64_t jemalloc_active_bytes;
  std::uint64_t jemalloc_metadata_bytes;
  std::uint64_t jemalloc_resident_bytes;
  std::uint64_t jemalloc_retained_bytes;
  // body
};
static_assert(sizeof(LogMemory) == 88);

// The sizes in which the serving allocator hands out blocks, as it told when the recording began: a request takes the
// smallest that holds it, and one above the last of them the next multiple of step_bytes. glibc and jemalloc are not
// asked, their rules are published. `body`: LEB128 numbers, what each size is larger than the one before, the first
// than 0.
struct LogBlockSizes {
  std::uint32_t allocator;  // ServingAllocator
  std::uint32_t count;
  std::uint64_t step_bytes;
  // body
};
static_assert(sizeof(LogBlockSizes) == 16);

struct LogNote {
  std::uint32_t is_error;
  std::uint32_t text_bytes;
  // text
};

// A Python interpreter whose objects are recorded from now on, or why they are not.
enum class PythonSupport : std::uint32_t { kFull = 0, kNoStacks = 1, kNotVisible = 2 };
// Whether objects that CPython's free lists hand out again are recorded (ExtendedEvent::kReuse). A record that is not
// kUnseen only says so of the interpreter of that version which was recorded before it.
enum class PythonReuse : std::uint32_t { kUnseen = 0, kSeen = 1, kLost = 2 };
struct LogPythonRuntime {
  std::uint32_t hex_version;  // PY_VERSION_HEX; 0: unknown
  std::uint32_t support;      // PythonSupport; kNoStacks: blocks without Python frames
  std::uint32_t text_bytes;
  std::uint32_t reuse;    // PythonReuse
  // text: why not kFull
};
static_assert(sizeof(LogPythonRuntime) == 16);

// A Python code object, copied when it is first seen on a stack. Ids start at 1 and are never reused; code that is
// made again with the same content gets the same id. Logged before the first node that names it.
enum class PythonLineTable : std::uint16_t { kLnotab = 0, kLines310 = 1, kLocations = 2 };  // to 3.9, 3.10, from 3.11 (PEP 657)
struct LogPythonCode {
  std::uint32_t id;
  std::uint32_t first_line;
  std::uint32_t name_bytes;        // co_qualname, to 3.10 co_name; UTF-8, lone surrogates as three bytes
  std::uint32_t file_bytes;        // co_filename
  std::uint32_t line_table_bytes;
  std::uint16_t line_table;        // PythonLineTable
  std::uint16_t reserved;
  // name, file, line table
};
static_assert(sizeof(LogPythonCode) == 24);

// kContinues takes the last one back: an exec that failed.
enum class EndReason : std::uint32_t { kContinues = 0, kExit = 1, kUnderscoreExit, kExec, kStopped };

struct LogEnd {
  std::uint32_t reason;  // EndReason
  std::int32_t code;     // exit status or errno
};

}  // namespace memtrace::format
