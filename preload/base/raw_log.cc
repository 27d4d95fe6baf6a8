// SPDX-License-Identifier: MIT
#include "preload/base/raw_log.h"

#include <errno.h>
#include <signal.h>

#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

constexpr long kSignalSetBytes = 8;  // the kernel's sigset_t

// A write to a pipe without readers raises SIGPIPE, which would end a program that never wrote there itself.
// It is blocked around the write, and one that we caused is taken back before the old mask returns.
void WriteWithoutSigpipe(const char* data, std::size_t bytes) {
  const std::uint64_t sigpipe = 1ULL << (SIGPIPE - 1);
  std::uint64_t old_mask = 0;
  std::uint64_t pending = 0;
  sys::Call(SYS_rt_sigpending, sys::AsLong(&pending), kSignalSetBytes);
  sys::Call(SYS_rt_sigprocmask, SIG_BLOCK, sys::AsLong(&sigpipe), sys::AsLong(&old_mask), kSignalSetBytes);
  while (bytes > 0) {
    const long written = sys::Call(SYS_write, 2, sys::AsLong(data), static_cast<long>(bytes));
    if (written == -EINTR) continue;
    if (written == -EPIPE && (pending & sigpipe) == 0) {
      const long no_wait[2] = {0, 0};
      sys::Call(SYS_rt_sigtimedwait, sys::AsLong(&sigpipe), 0, sys::AsLong(no_wait), kSignalSetBytes);
    }
    if (written <= 0) break;
    data += written;
    bytes -= static_cast<std::size_t>(written);
  }
  sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, sys::AsLong(&old_mask), 0, kSignalSetBytes);
}

}  // namespace

void SayLine(const char* text) {
  Text<1536> line;
  line.Add("memtrace: ").Add(text);
  if (line.full()) line.Truncate(line.size() - 1);
  line.Add('\n');
  WriteWithoutSigpipe(line.c_str(), line.size());
}

Text<64> ErrnoText(int error) {
  Text<64> text;
  switch (error) {
    case ENOSPC: return text.Add("no space left on the device");
    case EDQUOT: return text.Add("disk quota exceeded");
    case EFBIG: return text.Add("the file size limit (ulimit -f) is reached");
    case EACCES: return text.Add("permission denied");
    case EPERM: return text.Add("operation not permitted");
    case EROFS: return text.Add("read-only file system");
    case ENOENT: return text.Add("no such folder");
    case ENOTDIR: return text.Add("a part of the path is not a folder");
    case EISDIR: return text.Add("it is a folder");
    case EMFILE:
    case ENFILE: return text.Add("too many open files");
    case ENOMEM: return text.Add("out of memory");
    case ENAMETOOLONG: return text.Add("the path is too long");
    case EIO: return text.Add("input/output error");
    case EBADF: return text.Add("the program closed memtrace's file and its path is gone");
    case EOPNOTSUPP: return text.Add("the file system does not support it");
    default: return text.Add("error ").AddNumber(static_cast<unsigned>(error));
  }
}

}  // namespace memtrace::preload
