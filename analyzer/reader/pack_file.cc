// SPDX-License-Identifier: MIT
// Chunk by chunk from one file to the other.
#include "analyzer/reader/pack_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/reader/compressed_chunk.h"
#include "analyzer/reader/file_header.h"
#include "analyzer/reader/packed_events.h"
#include "analyzer/reader/segment_bytes.h"
#include "analyzer/reader/snapshot.h"
#include "analyzer/reader/symbols_codec.h"

namespace memtrace::reader {
namespace {

using format::ChunkHeader;
using format::ChunkKind;

constexpr std::size_t kCopyBytes = 1 << 20;

Error CannotWrite(const std::string& path) {
  return Error{ErrorCode::kUnreadable, fmt::format("cannot write {}: {}", path, std::strerror(errno))};
}

// The new file. After a failed write ok() is false and nothing more is written; without Finish nothing is
// left.
class NewFile {
 public:
  NewFile(std::string path, std::uint64_t trace_id)
      : path_(std::move(path)), temporary_(fmt::format("{}.{}.tmp", path_, getpid())), trace_id_(trace_id) {
    fd_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    ok_ = fd_ >= 0;
  }
  ~NewFile() {
    if (fd_ < 0) return;
    close(fd_);
    unlink(temporary_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  bool ok() const { return ok_; }
  std::uint64_t end() const { return end_; }

  void AddChunk(ChunkKind kind, std::string_view body) {
    ChunkHeader header{};
    header.magic = format::kChunkMagic;
    header.kind = static_cast<std::uint32_t>(kind);
    header.size_bytes = sizeof(header) + body.size();
    header.check = format::ChunkCheck(trace_id_, end_, kind, header.size_bytes);
    Write(end_, {reinterpret_cast<const char*>(&header), sizeof(header)});
    Write(end_ + sizeof(header), body);
    const std::uint64_t after = end_ + header.size_bytes;
    end_ = (after + format::kChunkAlignBytes - 1) / format::kChunkAlignBytes * format::kChunkAlignBytes;
  }

  // The header last: until then this is no trace.
  Result<void> Finish(format::FileHeader header) {
    header.version = format::kPackedFormatVersion;
    header.file_end = end_;
    header.flags |= format::kCountsInFlight;
    header.in_flight_bytes = 0;
    if (ok_ && ftruncate(fd_, static_cast<off_t>(end_)) != 0) ok_ = false;
    Write(0, {reinterpret_cast<const char*>(&header), sizeof(header)});
    ok_ = ok_ && fsync(fd_) == 0 && rename(temporary_.c_str(), path_.c_str()) == 0;
    if (!ok_) return CannotWrite(path_);
    close(std::exchange(fd_, -1));
    return {};
  }

 private:
  void Write(std::uint64_t offset, std::string_view bytes) {
    while (ok_ && !bytes.empty()) {
      const ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      ok_ = written > 0;
      if (!ok_) return;
      bytes.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
  }

  std::string path_;
  std::string temporary_;
  std::uint64_t trace_id_;
  int fd_ = -1;
  bool ok_ = false;
  std::uint64_t end_ = format::kFileHeaderBytes;
};

// A chunk's bytes behind its header, without the zeros at their end. Log and nodes are mapped with room to
// grow.
std::string BodyOf(const TraceFile& file, const ChunkRef& chunk) {
  const std::uint64_t begin = chunk.offset + sizeof(ChunkHeader);
  const std::uint64_t end = chunk.offset + chunk.stored_bytes;
  std::string body;
  for (std::uint64_t at = begin; at < end;) {
    // What lies beyond the last byte that is not zero is never allocated.
    const std::uint64_t next = std::min(file.SkipZeros(at), end);
    if (next == end) break;
    const std::size_t wanted = std::min<std::uint64_t>(kCopyBytes, end - next);
    body.resize(next - begin + wanted);
    const std::size_t got = file.ReadAt(next, body.data() + (next - begin), wanted);
    body.resize(next - begin + got);
    if (got == 0) break;
    at = next + got;
  }
  body.resize(body.find_last_not_of('\0') + 1);
  return body;
}

// The nodes that were written, and a capacity that says so.
std::string NodesOf(const TraceFile& file, const ChunkRef& chunk) {
  std::string body = BodyOf(file, chunk);
  format::NodesHeader header{};
  if (body.size() < sizeof(header)) body.resize(sizeof(header));
  std::memcpy(&header, body.data(), sizeof(header));
  const std::size_t nodes =
      std::min<std::size_t>(header.capacity, (body.size() - sizeof(header) + sizeof(format::SiteNode) - 1) /
                                                 sizeof(format::SiteNode));
  header.capacity = static_cast<std::uint32_t>(nodes);
  std::memcpy(body.data(), &header, sizeof(header));
  body.resize(sizeof(header) + nodes * sizeof(format::SiteNode));
  return body;
}

// The records, as far as their sizes lead; what comes behind them is room.
std::string LogOf(const TraceFile& file, const ChunkRef& chunk) {
  std::string body(chunk.stored_bytes - sizeof(ChunkHeader), '\0');
  body.resize(file.ReadAt(chunk.offset + sizeof(ChunkHeader), body.data(), body.size()));
  std::size_t end = sizeof(format::LogHeader);
  format::LogRecord record{};
  while (end + sizeof(record) <= body.size()) {
    std::memcpy(&record, body.data() + end, sizeof(record));
    if (record.size_bytes == 0 || record.size_bytes > body.size() - end) break;
    end += record.size_bytes;
  }
  body.resize(std::min(body.size(), end));
  return body;
}

// The body of the kCompressed chunk that a log or nodes chunk becomes, or one that was packed before and is
// now packed anew; empty for other chunks. False if it is damaged.
bool RepackedBody(const TraceFile& file, const ChunkRef& chunk, std::string* body) {
  if (chunk.kind == ChunkKind::kLog) *body = CompressContent(chunk.kind, LogOf(file, chunk));
  if (chunk.kind == ChunkKind::kNodes) *body = CompressContent(chunk.kind, NodesOf(file, chunk));
  const auto inside = KindInside(file, chunk);
  if (inside != ChunkKind::kLog && inside != ChunkKind::kNodes) return true;
  std::vector<std::uint8_t> content;
  if (ReadCompressed(file, chunk, &content) != nullptr) return false;
  *body = CompressContent(*inside, {reinterpret_cast<const char*>(content.data()), content.size()});
  return true;
}

// One thread's windows on their way into chunks.
class EventPacker {
 public:
  EventPacker(const TraceFile& file, NewFile* out, std::uint32_t thread)
      : file_(file), out_(out), thread_(thread) {}

  // Null, or what is wrong with the segment.
  const char* Add(const Segment& segment) {
    if (const char* problem = bytes_.Load(file_, segment)) return problem;
    windows_.push_back(
        {segment.sequence, segment.base_ticks, {bytes_.bytes().begin(), bytes_.bytes().end()}});
    if (windows_.size() == format::kMaxPackedWindows) Flush();
    return nullptr;
  }

  void Flush() {
    if (windows_.empty()) return;
    std::vector<WindowEvents> views;
    for (const Window& window : windows_) views.push_back({window.sequence, window.base_ticks, window.bytes});
    const std::string body = EncodePackedEvents(thread_, views);
    if (body.empty()) {
      for (const Window& window : windows_) AddAsItIs(window);
    } else {
      out_->AddChunk(ChunkKind::kPackedEvents, body);
    }
    windows_.clear();
  }

 private:
  struct Window {
    std::uint64_t sequence;
    std::uint64_t base_ticks;
    std::vector<std::uint8_t> bytes;
  };

  // Events that end in the middle of one, as a kill may leave them, or that repeat themselves beyond belief.
  void AddAsItIs(const Window& window) {
    format::EventsHeader header{};
    header.thread = thread_;
    header.sequence = window.sequence;
    header.base_ticks = window.base_ticks;
    header.raw_bytes = header.stored_bytes = window.bytes.size();
    header.checksum = XXH3_64bits(window.bytes.data(), window.bytes.size());
    if (window.bytes.empty()) return;
    std::string body(reinterpret_cast<const char*>(&header), sizeof(header));
    body.append(reinterpret_cast<const char*>(window.bytes.data()), window.bytes.size());
    out_->AddChunk(ChunkKind::kEvents, body);
  }

  const TraceFile& file_;
  NewFile* out_;
  const std::uint32_t thread_;
  SegmentBytes bytes_;
  std::vector<Window> windows_;
};

Error Damaged(const std::string& path, std::uint64_t offset, const std::string& what) {
  return Error{
      ErrorCode::kUsage,
      fmt::format("{} is damaged at byte {} ({}); a packed copy would not show that: see memtrace info", path,
                  offset, what)};
}

std::uint64_t BytesOnDisk(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

}  // namespace

Result<PackedSizes> PackFile(const std::string& input, const std::string& output,
                             const model::Symbols& symbols, const std::function<void(double)>& progress) {
  auto file = TraceFile::Open(input);
  if (!file) return file.error();
  const auto header = ReadFileHeader(*file);
  if (!header) return header.error();
  const auto snapshot = TakeSnapshot(&*file, *header);
  if (snapshot->is_running) {
    return Error{ErrorCode::kUsage,
                 fmt::format("{} is still being recorded by process {}: pack it when it has ended", input,
                             header->pid)};
  }
  if (!snapshot->damage.empty()) {
    return Damaged(input, snapshot->damage.front().offset, snapshot->damage.front().what);
  }
  PackedSizes sizes;
  sizes.before_bytes = std::min(BytesOnDisk(input), file->size());
  NewFile out(output, snapshot->header.trace_id);
  if (!out.ok()) return CannotWrite(output);
  for (const ChunkRef& chunk : snapshot->chunks) {
    std::string body;
    if (!RepackedBody(*file, chunk, &body)) return Damaged(input, chunk.offset, "its log or call sites");
    if (!body.empty()) out.AddChunk(ChunkKind::kCompressed, body);
  }
  const std::uint64_t before_symbols = out.end();
  if (!symbols.modules.empty() || !symbols.sources.empty()) {
    out.AddChunk(ChunkKind::kSymbols, EncodeSymbols(symbols));
  }
  sizes.symbol_bytes = out.end() - before_symbols;
  std::size_t segments = 0;
  for (const ThreadSegments& thread : snapshot->segments.threads) segments += thread.segments.size();
  std::size_t done = 0;
  for (const ThreadSegments& thread : snapshot->segments.threads) {
    EventPacker packer(*file, &out, thread.thread);
    for (const Segment& segment : thread.segments) {
      if (const char* problem = packer.Add(segment)) return Damaged(input, segment.offset, problem);
      if (progress) progress(static_cast<double>(++done) / static_cast<double>(segments));
    }
    packer.Flush();
  }
  if (Result<void> finished = out.Finish(snapshot->header); !finished) return finished.error();
  sizes.after_bytes = out.end();
  return sizes;
}

}  // namespace memtrace::reader
