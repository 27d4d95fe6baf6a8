// SPDX-License-Identifier: MIT
// The recorder's rules (memtrace/mapping_kinds.h) upon another process's /proc.
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

#include "analyzer/reader/live_process.h"
#include "memtrace/mapping_kinds.h"

namespace memtrace::reader {
namespace {

using format::MemoryKind;
using model::MemoryRange;

constexpr std::size_t kPagesAtOnce = 8192;

struct Line {
  format::Mapping mapping;
  std::string name;
};

std::optional<Line> ParseLine(const std::string& text) {
  unsigned long long start = 0, end = 0, inode = 0;
  char access[5] = {};
  int name_at = 0;
  if (std::sscanf(text.c_str(), "%llx-%llx %4s %*x %*x:%*x %llu %n", &start, &end, access, &inode, &name_at) <
      4) {
    return std::nullopt;
  }
  const std::string_view allowed(access);
  if (allowed.size() != 4) return std::nullopt;
  const bool is_accessible = allowed.find_first_of("rwx") != std::string_view::npos;
  return Line{{start, end, inode, is_accessible, allowed[1] == 'w', allowed[3] == 's'},
              text.substr(static_cast<std::size_t>(name_at))};
}

struct OwnRange {
  std::uint64_t start;
  std::uint64_t end;
};

class LiveReader {
 public:
  LiveReader(const model::Trace& trace, std::uint32_t pid) : trace_(trace), pid_(pid) {
    pagemap_ = open(fmt::format("/proc/{}/pagemap", pid).c_str(), O_RDONLY | O_CLOEXEC);
    if (trace.memory.empty()) return;
    for (const MemoryRange& range : trace.memory.back().ranges) {
      if (range.kind == MemoryKind::kOwn)
        own_.push_back({range.start, range.end});  // ascending, as ranges are
    }
  }
  ~LiveReader() {
    if (pagemap_ >= 0) close(pagemap_);
  }
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

  std::optional<model::MemoryReading> Read() {
    if (pagemap_ < 0) return std::nullopt;
    std::ifstream maps(fmt::format("/proc/{}/maps", pid_));
    format::MappingKinds<OwnRange> kinds;
    kinds.Start(own_.data(), own_.size(), {trace_.info.path.c_str(), 0});
    std::optional<Line> line;
    const auto add = [&](std::uint64_t start, std::uint64_t end, MemoryKind kind) {
      AddPages(start, end, kind, line && format::IsFileKind(kind) ? line->name : "");
    };
    for (std::string text; std::getline(maps, text);) {
      line = ParseLine(text);
      if (line && !format::IsKernels(line->name.c_str())) kinds.Take(line->mapping, line->name.c_str(), add);
    }
    kinds.Finish(add);
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
    std::ifstream statm(fmt::format("/proc/{}/statm", pid_));
    std::uint64_t pages = 0, resident = 0, shared = 0;
    if (!(statm >> pages >> resident >> shared)) return;
    reading_.resident = resident * format::kPageBytes;
    reading_.resident_file = shared * format::kPageBytes;
  }

  void AddPages(std::uint64_t start, std::uint64_t end, MemoryKind kind, const std::string& name) {
    if (end - start > format::kMaxReadBytes) return;
    MemoryRange range{start, end, kind, 0, 0, {}, name};
    bool was_resident = false;
    std::uint64_t run = 0;
    std::vector<std::uint64_t> entries(kPagesAtOnce);
    for (std::uint64_t at = start; at < end;) {
      const std::size_t pages = std::min<std::size_t>(kPagesAtOnce, (end - at) / format::kPageBytes);
      const ssize_t bytes =
          pread(pagemap_, entries.data(), pages * 8, static_cast<off_t>(at / format::kPageBytes * 8));
      const std::size_t known = bytes > 0 ? static_cast<std::size_t>(bytes) / 8 : 0;
      for (std::size_t i = 0; i < pages; ++i) {
        const format::PageState state = i < known
                                            ? format::CountedState(kind, format::PageStateOf(entries[i]))
                                            : format::PageState::kAbsent;
        const bool is_resident = state != format::PageState::kAbsent;
        if (is_resident != was_resident) {
          range.runs.push_back(std::exchange(run, 0));
          was_resident = is_resident;
        }
        ++run;
        if (!is_resident) continue;
        range.resident_bytes += format::kPageBytes;
        if (format::IsCopy(kind, state)) range.private_bytes += format::kPageBytes;
      }
      at += pages * format::kPageBytes;
    }
    if (was_resident) range.runs.push_back(run);
    if (!format::HasRuns(kind)) range.runs.clear();
    if (range.resident_bytes > 0) reading_.ranges.push_back(std::move(range));
  }

  const model::Trace& trace_;
  const std::uint32_t pid_;  // here; in a container it has another one
  int pagemap_ = -1;
  std::vector<OwnRange> own_;
  model::MemoryReading reading_;
};

}  // namespace

std::optional<model::MemoryReading> ReadLiveMemory(const model::Trace& trace) {
  const Result<TraceFile> file = TraceFile::Open(trace.info.path);
  if (!file) return std::nullopt;
  const std::optional<std::uint32_t> pid = FindRecorder(*file, trace.info.pid);
  return pid ? LiveReader(trace, *pid).Read() : std::nullopt;
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
