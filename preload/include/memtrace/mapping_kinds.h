// SPDX-License-Identifier: MIT
// Which kinds of process memory (MemoryKind) the lines of /proc/PID/maps are. One set of rules for two who read
// it: the recorder, of its own process, and the analyzer, of one that still runs.
//
//     lines, in order                                     pieces given out
//     rw-p  [heap]                                        kBreak
//     ---p  guard page ┐ directly before                  (nothing: it cannot be touched)
//     rw-p             ┘                                  kThreadStack
//     rw-p  64 MiB aligned ┐ what a line is, the next     kArena
//     ---p  the rest of it ┘ one may tell: it waits       (nothing)
//     rw-p  libc.so ┐ directly behind                     kFile
//     rw-p          ┘                                     kModuleData
//     rw-p  with memtrace's own memory in its middle      kAnonymous, kOwn, kAnonymous
//
// Headers alone, without the C++ library, which the recorder has not. Nothing here is thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"

namespace memtrace::format {

// One line.
struct Mapping {
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t inode;  // 0: no file
  bool is_accessible;   // any of r, w, x
  bool is_writable;
  bool is_shared;

  constexpr bool is_anonymous() const { return inode == 0 && !is_shared; }
};

// By what a line is known as a part of the trace.
struct TraceIdentity {
  const char* path;
  std::uint64_t inode;  // 0: not known, its name must do
};

// A larger forbidden range is no guard of a stack.
inline constexpr std::uint64_t kMaxGuardBytes = 1 << 20;

// A larger range is some sanitizer's shadow of the whole address space, and its pages take minutes to look at.
inline constexpr std::uint64_t kMaxReadBytes = 64ULL << 30;

constexpr bool NameStartsWith(const char* name, const char* start) {
  while (*start != '\0') {
    if (*name++ != *start++) return false;
  }
  return true;
}

constexpr const char* LastComponent(const char* path) {
  const char* last = path;
  for (const char* p = path; *p != '\0'; ++p) {
    if (*p == '/') last = p + 1;
  }
  return last;
}

// Mappings of the kernel's own ([vdso] and its like), which count for nobody: to be passed over.
constexpr bool IsKernels(const char* name) { return NameStartsWith(name, "[v"); }

constexpr MemoryKind FileKind(const Mapping& line, const char* path, const TraceIdentity& trace) {
  const char* name = LastComponent(path);
  if (NameStartsWith(name, "libmemtrace.so")) return MemoryKind::kOwnFile;
  const bool may_be_trace =
      line.is_shared && line.is_writable && (trace.inode == 0 || trace.inode == line.inode);
  if (may_be_trace && NameStartsWith(name, LastComponent(trace.path))) return MemoryKind::kOwnFile;
  const bool has_no_file = line.is_shared && (line.inode == 0 || NameStartsWith(path, "/dev/zero") ||
                                              NameStartsWith(path, "/memfd:") || NameStartsWith(path, "/SYSV"));
  return has_no_file ? MemoryKind::kShared : MemoryKind::kFile;
}

// Of private memory of no file, by the line before; that it is an arena only the one behind it can tell.
constexpr MemoryKind PrivateKind(const Mapping& line, const char* name, const Mapping& before) {
  if (NameStartsWith(name, "[heap]")) return MemoryKind::kBreak;
  if (NameStartsWith(name, "[stack]")) return MemoryKind::kMainStack;
  const bool follows = before.end == line.start;
  const bool is_guarded = follows && before.is_anonymous() && !before.is_accessible &&
                          before.end - before.start <= kMaxGuardBytes && line.start % kArenaBytes != 0;
  if (is_guarded) return MemoryKind::kThreadStack;
  const bool follows_data = follows && before.inode != 0 && before.is_writable && !before.is_shared;
  return follows_data && line.is_writable ? MemoryKind::kModuleData : MemoryKind::kAnonymous;
}

// Takes lines and gives out pieces of one kind each, ascending: emit(start, end, kind). What it gives out may be
// the line before: only a piece of a file has the name of the line that was taken. `Range`: addresses, with a start
// and an end.
template <typename Range>
class MappingKinds {
 public:
  // `own`: memtrace's own memory, ascending, `own_count` of them; they and the trace's path must stay until Finish.
  void Start(const Range* own, std::size_t own_count, const TraceIdentity& trace) {
    own_ = own;
    own_end_ = own + own_count;
    trace_ = trace;
    before_ = waiting_ = Mapping{};
    is_waiting_ = false;
  }

  template <typename Emit>
  void Take(const Mapping& line, const char* name, const Emit& emit) {
    const bool is_arenas_rest = is_waiting_ && line.is_anonymous() && !line.is_accessible &&
                                line.start == waiting_.end && line.end % kArenaBytes == 0;
    if (is_arenas_rest) GiveArena(line.end - kArenaBytes, emit);
    Finish(emit);
    if (line.is_accessible || line.inode != 0) {
      if (line.is_anonymous()) {
        waiting_ = line;
        waiting_kind_ = PrivateKind(line, name, before_);
        is_waiting_ = true;
      } else {
        emit(line.start, line.end, FileKind(line, name, trace_));
      }
    }
    before_ = line;
  }

  // Behind the last line.
  template <typename Emit>
  void Finish(const Emit& emit) {
    if (is_waiting_) GivePrivate(waiting_.start, waiting_.end, waiting_kind_, emit);
    is_waiting_ = false;
  }

 private:
  // What waits is an arena from `arena` on, or from its own start: a full arena's neighbour continues its line.
  template <typename Emit>
  void GiveArena(std::uint64_t arena, const Emit& emit) {
    if (arena < waiting_.start || arena >= waiting_.end) return;
    const std::uint64_t first = waiting_.start % kArenaBytes == 0 ? waiting_.start : arena;
    if (first > waiting_.start) GivePrivate(waiting_.start, first, waiting_kind_, emit);
    GivePrivate(first, waiting_.end, MemoryKind::kArena, emit);
    is_waiting_ = false;
  }

  template <typename Emit>
  void GivePrivate(std::uint64_t start, std::uint64_t end, MemoryKind kind, const Emit& emit) {
    while (start < end) {
      while (own_ != own_end_ && own_->end <= start) ++own_;
      const bool has_own = own_ != own_end_ && own_->start < end;
      const bool is_own = has_own && own_->start <= start;
      const std::uint64_t cut = !has_own ? end : is_own ? own_->end : own_->start;
      const std::uint64_t until = cut < end ? cut : end;
      emit(start, until, is_own ? MemoryKind::kOwn : kind);
      start = until;
    }
  }

  const Range* own_;  // the first that does not end before where we are
  const Range* own_end_;
  TraceIdentity trace_;
  Mapping before_;
  Mapping waiting_;
  MemoryKind waiting_kind_;
  bool is_waiting_;
};

// ---------------------------------------------------------------- pages

enum class PageState : std::uint8_t {
  kAbsent = 0,
  kResident,
  kPrivateCopy,  // of a file's page, or private memory, as far as pagemap tells
  kCommon,       // private memory that is common with a forked process, or the page of zeros; pagemap only
};

// Of an entry of /proc/PID/pagemap: Linux, Documentation/admin-guide/mm/pagemap.rst.
constexpr PageState PageStateOf(std::uint64_t entry) {
  constexpr std::uint64_t kPresent = 1ULL << 63;
  constexpr std::uint64_t kIsFileOrShared = 1ULL << 61;
  constexpr std::uint64_t kIsExclusive = 1ULL << 56;
  if ((entry & kPresent) == 0) return PageState::kAbsent;
  if ((entry & kIsFileOrShared) != 0) return PageState::kResident;
  return (entry & kIsExclusive) != 0 ? PageState::kPrivateCopy : PageState::kCommon;
}

constexpr bool IsFileKind(MemoryKind kind) {
  return kind == MemoryKind::kFile || kind == MemoryKind::kOwnFile || kind == MemoryKind::kShared;
}

// As what a page counts. Private memory may be common with a forked child too, but as a rule it is the page of
// zeros, which is nobody's.
constexpr PageState CountedState(MemoryKind kind, PageState state) {
  return !IsFileKind(kind) && state == PageState::kCommon ? PageState::kAbsent : state;
}

// A resident page of a file that this process has changed: its own copy.
constexpr bool IsCopy(MemoryKind kind, PageState state) {
  return IsFileKind(kind) && (state == PageState::kPrivateCopy || state == PageState::kCommon);
}

// Whether a range of that kind tells how its resident pages lie: where blocks or mappings of the program may be.
constexpr bool HasRuns(MemoryKind kind) {
  return kind == MemoryKind::kAnonymous || kind == MemoryKind::kBreak || kind == MemoryKind::kArena ||
         kind == MemoryKind::kThreadStack || kind == MemoryKind::kModuleData || kind == MemoryKind::kShared;
}

}  // namespace memtrace::format
