// SPDX-License-Identifier: MIT
#include "preload/trace/trace_name.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

constexpr char kSuffix[] = ".mtr";
constexpr std::uint32_t kMaxNumber = 10'000;

bool HasNumber(const char* pattern) {
  for (const char* p = pattern; *p != '\0'; ++p) {
    if (p[0] == '%' && p[1] == 'n') return true;
    if (p[0] == '%' && p[1] == '%') ++p;
  }
  return false;
}

void AddSafe(Path* path, const char* text) {
  for (; *text != '\0'; ++text) path->Add(*text == '/' ? '_' : *text);
}

void AddField(Path* path, char letter, const NameFacts& facts, std::uint32_t number) {
  switch (letter) {
    case 'p': path->AddNumber(facts.pid); break;
    case 'e': AddSafe(path, facts.comm); break;
    case 'h': AddSafe(path, facts.host); break;
    case 't': path->AddNumber(facts.realtime_ns / 1'000'000'000ULL); break;
    case 'n': path->AddNumber(number); break;
    case '%': path->Add('%'); break;
    default: path->Add('%').Add(letter);
  }
}

// Makes every folder on the way to `path`; what exists already is fine.
void MakeParents(const char* path) {
  Path folder;
  for (const char* p = path; *p != '\0'; ++p) {
    if (*p == '/' && folder.size() > 0) sys::Call(SYS_mkdir, sys::AsLong(folder.c_str()), 0777);
    folder.Add(*p);
  }
}

Path Absolute(const Path& path) {
  if (path.c_str()[0] == '/') return path;
  char folder[1024];
  const long bytes = sys::Call(SYS_getcwd, sys::AsLong(folder), sizeof(folder));
  if (sys::IsError(bytes)) return path;
  return Path().Add(folder).Add('/').Add(path.c_str());
}

}  // namespace

int MoveToHighNumber(int fd) {
  rlimit limit{};
  sys::Call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, sys::AsLong(&limit));
  for (long wanted = 1000; wanted >= kLowestHighNumber; wanted /= 2) {
    if (static_cast<rlim_t>(wanted) >= limit.rlim_cur) continue;
    const long high = sys::Call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, wanted);
    if (sys::IsError(high)) continue;
    sys::Call(SYS_close, fd);
    return static_cast<int>(high);
  }
  return fd;
}

Path ExpandName(const char* pattern, const NameFacts& facts, std::uint32_t number) {
  Path path;
  for (const char* p = pattern; *p != '\0'; ++p) {
    if (*p == '%' && p[1] != '\0') {
      AddField(&path, *++p, facts, number);
    } else {
      path.Add(*p);
    }
  }
  if (number == 0 || HasNumber(pattern)) return path;
  const std::size_t suffix_bytes = sizeof(kSuffix) - 1;
  const bool has_suffix =
      path.size() > suffix_bytes && Equal(path.c_str() + path.size() - suffix_bytes, kSuffix);
  if (has_suffix) path.Truncate(path.size() - suffix_bytes);
  path.Add('.').AddNumber(number);
  return has_suffix ? path.Add(kSuffix) : path;
}

int CreateTraceFile(const char* pattern, const NameFacts& facts, Path* path) {
  if (pattern == nullptr) pattern = kDefaultTracePattern;
  bool made_parents = false;
  for (std::uint32_t number = 0; number < kMaxNumber; ++number) {
    *path = ExpandName(pattern, facts, number);
    if (path->full()) return -ENAMETOOLONG;
    // O_NOFOLLOW: a link that somebody left at our name in a shared folder is not followed.
    const long fd = sys::Call(SYS_openat, AT_FDCWD, sys::AsLong(path->c_str()),
                              O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (!sys::IsError(fd)) {
      *path = Absolute(*path);
      return MoveToHighNumber(static_cast<int>(fd));
    }
    if (fd == -ENOENT && !made_parents) {
      MakeParents(path->c_str());
      made_parents = true;
      --number;
      continue;
    }
    if (fd != -EEXIST) return static_cast<int>(fd);
  }
  return -EEXIST;
}

}  // namespace memtrace::preload
