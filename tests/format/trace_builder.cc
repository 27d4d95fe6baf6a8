// SPDX-License-Identifier: MIT
// TraceBuilder: collects pieces, gives them their offsets, headers and checks at the end.
#include "tests/format/trace_builder.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "memtrace/varint.h"

namespace memtrace::testing {
namespace {

using format::ChunkKind;

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

std::string_view BytesOf(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void PadTo(std::size_t multiple, std::string* bytes) {
  bytes->resize((bytes->size() + multiple - 1) / multiple * multiple, '\0');
}

template <std::size_t kSize>
void CopyText(std::string_view text, char (&field)[kSize]) {
  std::memcpy(field, text.data(), std::min(text.size(), kSize));
}

std::string Compressed(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
  return out;
}

}  // namespace

TraceBuilder::TraceBuilder() : nodes_(1) {
  std::memcpy(header_.magic, format::kFileMagic, sizeof(header_.magic));
  header_.version = format::kFormatVersion;
  header_.header_bytes = format::kFileHeaderBytes;
  header_.trace_id = 0x1d0f7ace5eedULL;
  header_.pid = 4131;
  header_.parent_pid = 4000;
  header_.page_bytes = format::kPageBytes;
  header_.flags = format::kCountsInFlight;
  header_.nominal_ticks_per_second = 1'000'000'000;
  header_.start_realtime_ns = 1'750'000'000'000'000'000ULL;
  CopyText("app", header_.comm);
  CopyText("testhost", header_.host);
  CopyText("/usr/bin/app", header_.exe);
  header_.exe_bytes = 12;
  CopyText("/tmp", header_.working_directory);
  header_.working_directory_bytes = 4;
  Command({"app"});
}

TraceBuilder& TraceBuilder::Command(std::initializer_list<std::string> arguments) {
  std::string text;
  for (const std::string& argument : arguments) text += argument + '\0';
  std::memset(header_.command_line, 0, sizeof(header_.command_line));
  CopyText(text, header_.command_line);
  header_.command_line_bytes = static_cast<std::uint32_t>(text.size());
  return *this;
}

TraceBuilder& TraceBuilder::State(format::RecordingState state) {
  header_.state = static_cast<std::uint32_t>(state);
  return *this;
}

std::uint32_t TraceBuilder::Node(std::uint32_t parent, std::uint64_t pc, format::AllocKind kind,
                                 NodeFlags flags) {
  std::uint64_t key = pc | static_cast<std::uint64_t>(kind) << format::kKindShift |
                      static_cast<std::uint64_t>(flags.generation) << format::kGenerationShift;
  if (flags.is_exact) key |= format::kExactBit;
  if (flags.is_guessed) key |= format::kGuessBit;
  return RawNode(parent, key);
}

std::uint32_t TraceBuilder::RawNode(std::uint32_t parent, std::uint64_t key) {
  nodes_.push_back({key, parent, 0});
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t TraceBuilder::PythonNode(std::uint32_t parent, std::uint32_t code, std::uint32_t unit,
                                       format::AllocKind kind) {
  return Node(parent, std::uint64_t{code} << format::kPythonCodeShift | unit, kind,
              {.generation = format::kPythonGeneration});
}

TraceBuilder& TraceBuilder::BlockSizes(format::ServingAllocator allocator,
                                       const std::vector<std::uint64_t>& sizes, std::uint64_t step_bytes,
                                       std::uint32_t count) {
  format::LogBlockSizes head{};
  head.allocator = static_cast<std::uint32_t>(allocator);
  head.count = count != 0 ? count : static_cast<std::uint32_t>(sizes.size());
  head.step_bytes = step_bytes;
  std::string body;
  std::uint64_t last = 0;
  for (const std::uint64_t size : sizes) {
    std::uint8_t bytes[format::kMaxVarintBytes];
    body.append(reinterpret_cast<const char*>(bytes),
                static_cast<std::size_t>(format::PutVarint(bytes, size - last) - bytes));
    last = size;
  }
  return LogRecord(0, static_cast<std::uint32_t>(format::LogType::kBlockSizes),
                   std::string(BytesOf(head)) + body);
}

TraceBuilder& TraceBuilder::PythonRuntime(std::uint64_t ticks, std::uint32_t hex_version,
                                          format::PythonSupport support, std::string_view text,
                                          format::PythonReuse reuse) {
  const format::LogPythonRuntime runtime{hex_version, static_cast<std::uint32_t>(support),
                                         static_cast<std::uint32_t>(text.size()),
                                         static_cast<std::uint32_t>(reuse)};
  return LogRecord(ticks, static_cast<std::uint32_t>(format::LogType::kPythonRuntime),
                   std::string(BytesOf(runtime)).append(text));
}

TraceBuilder& TraceBuilder::PythonCode(const PythonCodeSpec& spec) {
  format::LogPythonCode code{};
  code.id = spec.id;
  code.first_line = spec.first_line;
  code.name_bytes = static_cast<std::uint32_t>(spec.name.size());
  code.file_bytes = static_cast<std::uint32_t>(spec.file.size());
  code.line_table_bytes = static_cast<std::uint32_t>(spec.line_table.size());
  code.line_table = static_cast<std::uint16_t>(spec.kind);
  return LogRecord(0, static_cast<std::uint32_t>(format::LogType::kPythonCode),
                   std::string(BytesOf(code)) + spec.name + spec.file + spec.line_table);
}

TraceBuilder& TraceBuilder::Module(const ModuleSpec& spec) {
  format::LogModule module{};
  module.start = spec.start;
  module.end = spec.end;
  module.load_bias = spec.load_bias;
  module.generation = spec.generation;
  module.build_id_bytes = static_cast<std::uint8_t>(spec.build_id.size());
  module.path_bytes = static_cast<std::uint16_t>(spec.path.size());
  return LogRecord(0, static_cast<std::uint32_t>(format::LogType::kModule),
                   std::string(BytesOf(module)) + spec.build_id + spec.path);
}

TraceBuilder& TraceBuilder::Thread(std::uint32_t ordinal, std::uint32_t tid, std::string_view name) {
  const format::LogThread thread{ordinal, tid, static_cast<std::uint32_t>(name.size()), 0};
  return LogRecord(0, static_cast<std::uint32_t>(format::LogType::kThread),
                   std::string(BytesOf(thread)).append(name));
}

TraceBuilder& TraceBuilder::Mark(std::uint64_t ticks, std::uint32_t thread, std::string_view name) {
  const format::LogMark mark{thread, static_cast<std::uint32_t>(name.size())};
  return LogRecord(ticks, static_cast<std::uint32_t>(format::LogType::kMark),
                   std::string(BytesOf(mark)).append(name));
}

TraceBuilder& TraceBuilder::Checkpoint(std::uint64_t ticks, const format::LogCheckpoint& checkpoint) {
  return LogRecord(ticks, static_cast<std::uint32_t>(format::LogType::kCheckpoint), BytesOf(checkpoint));
}

TraceBuilder& TraceBuilder::Memory(std::uint64_t ticks, const std::vector<RangeSpec>& ranges,
                                   const std::function<void(format::LogMemory*)>& change) {
  std::string body;
  const auto add = [&body](std::uint64_t value) {
    std::uint8_t bytes[format::kMaxVarintBytes];
    body.append(reinterpret_cast<const char*>(bytes),
                static_cast<std::size_t>(format::PutVarint(bytes, value) - bytes));
  };
  format::LogMemory memory{};
  memory.number = static_cast<std::uint32_t>(memory_readings_++);
  memory.allocator = static_cast<std::uint32_t>(format::ServingAllocator::kGlibc);
  memory.flags = format::kMemoryIsLast;
  memory.jemalloc_allocated_bytes = memory.jemalloc_active_bytes = format::kUnknown;
  memory.jemalloc_metadata_bytes = memory.jemalloc_resident_bytes = format::kUnknown;
  memory.jemalloc_retained_bytes = format::kUnknown;
  std::uint64_t page = 0;
  for (const RangeSpec& range : ranges) {
    const bool has_place = range.kind != format::MemoryKind::kSmallFiles;
    add(has_place ? range.start / format::kPageBytes - page : 0);
    add(range.pages);
    add(static_cast<std::uint64_t>(range.kind));
    add(range.resident_pages);
    add(range.private_pages);
    add(range.runs.size());
    for (const std::uint64_t run : range.runs) add(run);
    add(range.name.size());
    body += range.name;
    if (has_place) page = range.start / format::kPageBytes + range.pages;
    memory.resident_bytes += range.resident_pages * format::kPageBytes;
  }
  memory.body_bytes = static_cast<std::uint32_t>(body.size());
  if (change) change(&memory);
  return LogRecord(ticks, static_cast<std::uint32_t>(format::LogType::kMemory),
                   std::string(BytesOf(memory)) + body);
}

TraceBuilder& TraceBuilder::Note(std::uint64_t ticks, std::string_view text, bool is_error) {
  const format::LogNote note{is_error ? 1U : 0U, static_cast<std::uint32_t>(text.size())};
  return LogRecord(ticks, static_cast<std::uint32_t>(format::LogType::kNote),
                   std::string(BytesOf(note)).append(text));
}

TraceBuilder& TraceBuilder::End(std::uint64_t ticks, format::EndReason reason, int code) {
  const format::LogEnd end{static_cast<std::uint32_t>(reason), code};
  State(reason == format::EndReason::kStopped ? format::RecordingState::kStopped
                                              : format::RecordingState::kEnded);
  return LogRecord(ticks, static_cast<std::uint32_t>(format::LogType::kEnd), BytesOf(end));
}

TraceBuilder& TraceBuilder::LogRecord(std::uint64_t ticks, std::uint32_t type, std::string_view payload) {
  std::string body(payload);
  PadTo(8, &body);
  const format::LogRecord record{static_cast<std::uint32_t>(sizeof(format::LogRecord) + body.size()), type,
                                 ticks};
  log_.append(BytesOf(record)).append(body);
  return *this;
}

WindowBuilder& TraceBuilder::On(std::uint32_t thread) {
  ThreadScript& script = threads_[thread];
  if (!script.events.HasRoom()) Seal(thread);
  return script.events;
}

TraceBuilder& TraceBuilder::Seal(std::uint32_t thread, format::Codec codec) {
  ThreadScript& script = threads_[thread];
  if (script.events.empty()) return *this;
  Events(thread, script.sequence++, script.events, codec);
  script.events = WindowBuilder();
  return *this;
}

TraceBuilder& TraceBuilder::SkipSequence(std::uint32_t thread) {
  Seal(thread);
  ++threads_[thread].sequence;
  return *this;
}

TraceBuilder& TraceBuilder::Events(std::uint32_t thread, std::uint64_t sequence, const WindowBuilder& events,
                                   format::Codec codec,
                                   const std::function<void(format::EventsHeader*)>& change) {
  const std::string_view raw = BytesOf(events.bytes());
  const std::string stored = codec == format::Codec::kZstd ? Compressed(raw) : std::string(raw);
  format::EventsHeader header{};
  header.thread = thread;
  header.codec = static_cast<std::uint32_t>(codec);
  header.sequence = sequence;
  header.base_ticks = events.base_ticks();
  header.raw_bytes = raw.size();
  header.stored_bytes = stored.size();
  header.checksum = XXH3_64bits(stored.data(), stored.size());
  if (change) change(&header);
  header_.raw_event_bytes += raw.size();
  header_.stored_event_bytes += stored.size();
  return Chunk(ChunkKind::kEvents, std::string(BytesOf(header)) + stored);
}

TraceBuilder& TraceBuilder::Window(std::uint32_t thread, std::uint64_t sequence, const WindowBuilder& events,
                                   const std::function<void(format::WindowHeader*)>& change) {
  AppendWindow(&pieces_, thread, sequence, events, change);
  return *this;
}

void TraceBuilder::AppendWindow(std::vector<Piece>* pieces, std::uint32_t thread, std::uint64_t sequence,
                                const WindowBuilder& events,
                                const std::function<void(format::WindowHeader*)>& change) const {
  format::WindowHeader header{};
  header.version = 2;
  header.thread = thread;
  header.in_use = 1;
  header.sequence = sequence;
  header.base_ticks = events.base_ticks();
  header.used_bytes = events.bytes().size();
  if (change) change(&header);
  std::string payload = std::string(BytesOf(header)).append(BytesOf(events.bytes()));
  if (!compact_windows_) payload.resize(format::kWindowBytes - sizeof(format::ChunkHeader), '\0');
  pieces->push_back({ChunkKind::kWindow, std::move(payload)});
}

TraceBuilder& TraceBuilder::Zeros(std::size_t bytes) {
  pieces_.push_back({.payload = std::string(bytes, '\0'), .is_raw = true});
  return *this;
}

TraceBuilder& TraceBuilder::Garbage(std::size_t bytes) {
  std::string noise(bytes, '\0');
  std::uint32_t state = 1;
  for (char& byte : noise) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    byte = static_cast<char>((state >> 24) | 1);
  }
  pieces_.push_back({.payload = std::move(noise), .is_raw = true});
  return *this;
}

TraceBuilder& TraceBuilder::Chunk(ChunkKind kind, std::string_view payload) {
  pieces_.push_back({kind, std::string(payload)});
  return *this;
}

TraceBuilder& TraceBuilder::CompactWindows() {
  compact_windows_ = true;
  return *this;
}

std::string TraceBuilder::NodesPayload() const {
  format::NodesHeader header{};
  header.first_id = 0;
  header.capacity = static_cast<std::uint32_t>(nodes_.size());
  std::string payload(BytesOf(header));
  for (const format::SiteNode& node : nodes_) payload.append(BytesOf(node));
  return payload;
}

std::string TraceBuilder::Build() const {
  std::string file(format::kFileHeaderBytes, '\0');
  if (nodes_.size() > 1) AppendPiece({ChunkKind::kNodes, NodesPayload()}, &file);
  if (!log_.empty()) {
    format::LogHeader header{};
    header.used_bytes = static_cast<std::uint32_t>(log_.size());
    AppendPiece({ChunkKind::kLog, std::string(BytesOf(header)) + log_}, &file);
  }
  std::vector<Piece> pieces = pieces_;
  for (const auto& [thread, script] : threads_) {
    if (!script.events.empty()) AppendWindow(&pieces, thread, script.sequence, script.events, {});
  }
  for (const Piece& piece : pieces) AppendPiece(piece, &file);
  PadTo(format::kChunkAlignBytes, &file);
  FillHeader(file.size(), &file);
  return file;
}

void TraceBuilder::AppendPiece(const Piece& piece, std::string* file) const {
  PadTo(format::kChunkAlignBytes, file);
  if (piece.is_raw) {
    file->append(piece.payload);
    return;
  }
  format::ChunkHeader chunk{};
  chunk.magic = format::kChunkMagic;
  chunk.kind = static_cast<std::uint32_t>(piece.kind);
  chunk.size_bytes = sizeof(chunk) + piece.payload.size();
  chunk.check = format::ChunkCheck(header_.trace_id, file->size(), piece.kind, chunk.size_bytes);
  file->append(BytesOf(chunk)).append(piece.payload);
}

void TraceBuilder::FillHeader(std::size_t file_bytes, std::string* file) const {
  format::FileHeader header = header_;
  if (header.file_end == 0) header.file_end = file_bytes;
  if (header.node_count == 0) header.node_count = nodes_.size();
  if (header.thread_count == 0) header.thread_count = threads_.size();
  std::memcpy(file->data(), &header, sizeof(header));
}

void TraceBuilder::WriteTo(const std::string& path) const {
  WriteFile(path, Build());
}

void WriteFile(const std::string& path, std::string_view bytes) {
  // A new file each time: truncating one makes ext4 flush it when it is closed, which takes milliseconds.
  std::filesystem::remove(path);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace memtrace::testing
