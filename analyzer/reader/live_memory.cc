// SPDX-License-Identifier: MIT
// The kinds are told apart by the rules of preload/trace/memory_reading.cc, which cannot be shared: no
// libstdc++ there.
#include "analyzer/reader/live_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace memtrace::reader {
namespace {

using format::MemoryKind;
using model::MemoryRange;

constexpr std::uint64_t kMaxGuardBytes = 1 << 20;
constexpr std::uint64_t kMaxRangeBytes = 64ULL << 30;  // a sanitizer's shadow is larger
constexpr std::size_t kPagesAtOnce = 8192;

// Linux, Documentation/admin-guide/mm/pagemap.rst.
constexpr std::uint64_t kPresent = 1ULL << 63;
constexpr std::uint64_t kIsFileOrShared = 1ULL << 61;
constexpr std::uint64_t kIsExclusive = 1ULL << 56;

struct Line {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t inode = 0;
  std::string access;
  std::string name;

  bool is_accessible() const { return access.find_first_of("rwx") != std::string::npos; }
  bool is_writable() const { return access[1] == 'w'; }
  bool is_shared() const { return access[3] == 's'; }
  bool is_anonymous() const { return inode == 0 && !is_shared(); }
};

std::optional<Line> ParseLine(const std::string& text) {
  unsigned long long start = 0, end = 0, inode = 0;
  char access[5] = {};
  int name_at = 0;
  if (std::sscanf(text.c_str(), "%llx-%llx %4s %*x %*x:%*x %llu %n", &start, &end, access, &inode, &name_at) <
      4) {
    return std::nullopt;
  }
  if (std::string_view(access).size() != 4) return std::nullopt;
  return Line{start, end, inode, access, text.substr(static_cast<std::size_t>(name_at))};
}

std::string_view LastComponent(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

class LiveReader {
 public:
  explicit LiveReader(const model::Trace& trace) : trace_(trace) {
    pagemap_ = open(fmt::format("/proc/{}/pagemap", trace.info.pid).c_str(), O_RDONLY | O_CLOEXEC);
    if (trace.memory.empty()) return;
    for (const MemoryRange& range : trace.memory.back().ranges) {
      if (range.kind == MemoryKind::kOwn) own_.push_back({range.start, range.end});
    }
  }
  ~LiveReader() {
    if (pagemap_ >= 0) close(pagemap_);
  }
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

  std::optional<model::MemoryReading> Read() {
    if (pagemap_ < 0) return std::nullopt;
    std::ifstream maps(fmt::format("/proc/{}/maps", trace_.info.pid));
    for (std::string text; std::getline(maps, text);) {
      std::optional<Line> line = ParseLine(text);
      if (!line || line->name.starts_with("[v")) continue;
      Take(*line);
      before_ = *line;
    }
    if (reading_.ranges.empty()) return std::nullopt;
    reading_.time_ns = trace_.info.duration_ns;
    if (!trace_.memory.empty()) {
      reading_.allocator = trace_.memory.back().allocator;
      reading_.is_forked = trace_.memory.back().is_forked;
    }
    ReadSum();
    return std::move(reading_);
  }

 private:
  // statm: size resident shared ..., in pages.
  void ReadSum() {
    std::ifstream statm(fmt::format("/proc/{}/statm", trace_.info.pid));
    std::uint64_t pages = 0, resident = 0, shared = 0;
    if (!(statm >> pages >> resident >> shared)) return;
    reading_.resident = resident * format::kPageBytes;
    reading_.resident_file = shared * format::kPageBytes;
  }

  void Take(const Line& line) {
    const bool is_arenas_rest = line.is_anonymous() && !line.is_accessible() && line.start == before_.end &&
                                line.end % format::kArenaBytes == 0;
    if (is_arenas_rest) MarkArena(line.end - format::kArenaBytes, line.start);
    if (!line.is_accessible() && line.inode == 0) return;
    if (!line.is_anonymous()) return AddPages(line.start, line.end, FileKind(line), line.name);
    AddPrivate(line.start, line.end, PrivateKind(line));
  }

  // What was added last turns out to be an arena, from `arena` on.
  void MarkArena(std::uint64_t arena, std::uint64_t end) {
    for (MemoryRange& range : reading_.ranges) {
      if (range.start >= arena && range.end <= end && range.kind == MemoryKind::kAnonymous) {
        range.kind = MemoryKind::kArena;
      }
    }
  }

  MemoryKind PrivateKind(const Line& line) const {
    if (line.name == "[heap]") return MemoryKind::kBreak;
    if (line.name == "[stack]") return MemoryKind::kMainStack;
    const bool follows = before_.end == line.start && !before_.access.empty();
    const bool is_guarded = follows && before_.is_anonymous() && !before_.is_accessible() &&
                            before_.end - before_.start <= kMaxGuardBytes &&
                            line.start % format::kArenaBytes != 0;
    if (is_guarded) return MemoryKind::kThreadStack;
    const bool follows_data = follows && before_.inode != 0 && before_.is_writable() && !before_.is_shared();
    return follows_data && line.is_writable() ? MemoryKind::kModuleData : MemoryKind::kAnonymous;
  }

  MemoryKind FileKind(const Line& line) const {
    const std::string_view name = LastComponent(line.name);
    const bool is_trace = line.is_shared() && line.is_writable() && name == LastComponent(trace_.info.path);
    if (name.starts_with("libmemtrace.so") || is_trace) return MemoryKind::kOwnFile;
    const bool has_no_file =
        line.is_shared() && (line.inode == 0 || line.name.starts_with("/dev/zero") ||
                             line.name.starts_with("/memfd:") || line.name.starts_with("/SYSV"));
    return has_no_file ? MemoryKind::kShared : MemoryKind::kFile;
  }

  // Cut at what is memtrace's, and at the arenas' places.
  void AddPrivate(std::uint64_t start, std::uint64_t end, MemoryKind kind) {
    while (start < end) {
      std::uint64_t until = end;
      MemoryKind of_part = kind;
      for (const auto& [own_start, own_end] : own_) {
        if (own_start <= start && start < own_end) {
          of_part = MemoryKind::kOwn;
          until = std::min(until, own_end);
        } else if (own_start > start) {
          until = std::min(until, own_start);
        }
      }
      const std::uint64_t window = (start / format::kArenaBytes + 1) * format::kArenaBytes;
      if (of_part == MemoryKind::kAnonymous) until = std::min(until, window);
      AddPages(start, until, of_part, "");
      start = until;
    }
  }

  void AddPages(std::uint64_t start, std::uint64_t end, MemoryKind kind, const std::string& name) {
    if (end <= start || end - start > kMaxRangeBytes) return;
    MemoryRange range{start, end, kind, 0, 0, {}, name};
    const bool is_file = kind == MemoryKind::kFile || kind == MemoryKind::kOwnFile;
    const bool is_private = !is_file && kind != MemoryKind::kShared;
    bool was_resident = false;
    std::uint64_t run = 0;
    std::vector<std::uint64_t> entries(kPagesAtOnce);
    for (std::uint64_t at = start; at < end;) {
      const std::size_t pages = std::min<std::size_t>(kPagesAtOnce, (end - at) / format::kPageBytes);
      const ssize_t bytes =
          pread(pagemap_, entries.data(), pages * 8, static_cast<off_t>(at / format::kPageBytes * 8));
      const std::size_t known = bytes > 0 ? static_cast<std::size_t>(bytes) / 8 : 0;
      for (std::size_t i = 0; i < pages; ++i) {
        const std::uint64_t entry = i < known ? entries[i] : 0;
        // Private and not this process's alone: the page of zeros, unless it has forked.
        const bool is_resident = (entry & kPresent) != 0 && (!is_private || (entry & kIsExclusive) != 0);
        if (is_resident != was_resident) {
          range.runs.push_back(std::exchange(run, 0));
          was_resident = is_resident;
        }
        ++run;
        if (!is_resident) continue;
        range.resident_bytes += format::kPageBytes;
        if (is_file && (entry & kIsFileOrShared) == 0) range.private_bytes += format::kPageBytes;
      }
      at += pages * format::kPageBytes;
    }
    if (was_resident) range.runs.push_back(run);
    if (is_file) range.runs.clear();
    if (range.resident_bytes > 0) reading_.ranges.push_back(std::move(range));
  }

  const model::Trace& trace_;
  int pagemap_ = -1;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> own_;
  Line before_;
  model::MemoryReading reading_;
};

}  // namespace

std::optional<model::MemoryReading> ReadLiveMemory(const model::Trace& trace) {
  return LiveReader(trace).Read();
}

void AddLiveMemory(TraceReader& reader) {
  if (!reader.trace().info.is_running) return;
  std::optional<model::MemoryReading> reading = ReadLiveMemory(reader.trace());
  if (!reading) return;
  // The reader's own, and no constant there: a reader hands it out as one to all who only read it.
  auto& trace = const_cast<model::Trace&>(reader.trace());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  if (!trace.memory.empty()) reading->time_ns = std::max(reading->time_ns, trace.memory.back().time_ns);
  trace.memory.push_back(std::move(*reading));
}

}  // namespace memtrace::reader
