// SPDX-License-Identifier: MIT
#include "preload/trace/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "preload/base/clock.h"
#include "preload/base/syscalls.h"

namespace memtrace::preload {
namespace {

using format::ChunkHeader;
using format::ChunkKind;

std::uint64_t RoundUp(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) & ~(to - 1);
}

std::atomic_ref<std::uint64_t> FileEnd(format::FileHeader* header) {
  return std::atomic_ref<std::uint64_t>(header->file_end);
}

std::uint64_t RandomId() {
  std::uint64_t id = 0;
  if (sys::Call(SYS_getrandom, sys::AsLong(&id), sizeof(id), 1 /* GRND_NONBLOCK */) != sizeof(id)) {
    id = __rdtsc() * 0x9e3779b97f4a7c15ULL;
  }
  return id;
}

// Shared with the file, not inherited by forked children: they record into a file of their own.
void* MapShared(int fd, std::uint64_t offset, std::size_t bytes) {
  const long address = sys::Call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED,
                                 fd, static_cast<long>(offset));
  if (sys::IsError(address)) return nullptr;
  sys::Call(SYS_madvise, address, static_cast<long>(bytes), MADV_DONTFORK);
  return reinterpret_cast<void*>(address);
}

}  // namespace

class TraceFile::TransientAccess {
 public:
  explicit TransientAccess(TraceFile& file) : file_(file) {
    if (file_.is_transient_) file_.transient_lock_.Lock();
  }
  ~TransientAccess() {
    if (!file_.is_transient_) return;
    if (file_.IsOpen()) sys::Call(SYS_close, file_.fd_);
    file_.fd_ = -1;
    file_.transient_lock_.Unlock();
  }
  TransientAccess(const TransientAccess&) = delete;
  TransientAccess& operator=(const TransientAccess&) = delete;

 private:
  TraceFile& file_;
};

int TraceFile::Create(const char* pattern, const NameFacts& facts) {
  fd_ = CreateTraceFile(pattern, facts, &path_);
  if (fd_ < 0) return fd_;
  struct stat status {};
  sys::Call(SYS_fstat, fd_, sys::AsLong(&status));
  device_ = status.st_dev;
  inode_ = status.st_ino;
  if (!FitsFileSizeLimit(format::kFileHeaderBytes) || !Allocate(0, format::kFileHeaderBytes))
    return last_error();
  header_ = static_cast<format::FileHeader*>(MapShared(fd_, 0, format::kFileHeaderBytes));
  if (header_ == nullptr) return -ENOMEM;
  header_->trace_id = RandomId();
  header_->file_end = format::kFileHeaderBytes;
  header_->flags = format::kCountsInFlight;
  header_->own_mapped_bytes = format::kFileHeaderBytes;
  if (fd_ < kLowestHighNumber) {
    is_transient_ = true;
    sys::Call(SYS_close, fd_);
    fd_ = -1;
  }
  return 0;
}

bool TraceFile::Fail(long error) {
  last_error_.store(static_cast<int>(error), std::memory_order_relaxed);
  return false;
}

TraceFile::Space TraceFile::TakeSpace(std::size_t size_bytes, std::size_t align_bytes) {
  const std::uint64_t at_most = size_bytes + align_bytes + format::kChunkAlignBytes;
  std::atomic_ref<std::uint64_t>(header_->in_flight_bytes).fetch_add(at_most, std::memory_order_release);
  auto file_end = FileEnd(header_);
  std::uint64_t end = file_end.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t offset = RoundUp(end, align_bytes);
    const std::uint64_t new_end = RoundUp(offset + size_bytes, format::kChunkAlignBytes);
    if (file_end.compare_exchange_weak(end, new_end, std::memory_order_release)) return {offset, at_most};
  }
}

// Space that could not be filled stays in flight for good: nothing will ever be there.
void TraceFile::Landed(const Space& space) {
  std::atomic_ref<std::uint64_t>(header_->in_flight_bytes)
      .fetch_sub(space.counted_bytes, std::memory_order_release);
}

// Growing a file beyond RLIMIT_FSIZE is a SIGXFSZ, which ends the program: so it is asked before.
bool TraceFile::FitsFileSizeLimit(std::uint64_t end) {
  rlimit limit{};
  if (sys::IsError(sys::Call(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, sys::AsLong(&limit)))) return true;
  return end <= limit.rlim_cur || Fail(-EFBIG);
}

bool TraceFile::Allocate(std::uint64_t offset, std::size_t size_bytes) {
  long result;
  do {
    result = sys::Call(SYS_fallocate, fd_, 0, static_cast<long>(offset), static_cast<long>(size_bytes));
  } while (result == -EINTR);
  if (result == 0) return true;
  if (result != -EOPNOTSUPP && result != -ENOSYS) return Fail(result);
  static constexpr char kZeros[format::kPageBytes] = {};  // file systems without fallocate: 9p, some FUSE
  for (std::size_t done = 0; done < size_bytes; done += sizeof(kZeros)) {
    if (!WriteAt(offset + done, kZeros, sizeof(kZeros))) return false;
  }
  return true;
}

bool TraceFile::WriteAt(std::uint64_t offset, const void* data, std::size_t size_bytes) {
  const char* bytes = static_cast<const char*>(data);
  while (size_bytes > 0) {
    const long written = sys::Call(SYS_pwrite64, fd_, sys::AsLong(bytes), static_cast<long>(size_bytes),
                                   static_cast<long>(offset));
    if (written == -EINTR) continue;
    if (written <= 0) return Fail(written == 0 ? -ENOSPC : written);
    bytes += written;
    offset += static_cast<std::uint64_t>(written);
    size_bytes -= static_cast<std::size_t>(written);
  }
  return true;
}

bool TraceFile::IsOpen() const {
  struct stat status {};
  return sys::Call(SYS_fstat, fd_, sys::AsLong(&status)) == 0 && status.st_dev == device_ &&
         status.st_ino == inode_;
}

bool TraceFile::ReopenIfLost() {
  if (IsOpen()) return true;
  const long fd =
      sys::Call(SYS_openat, AT_FDCWD, sys::AsLong(path_.c_str()), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (sys::IsError(fd)) return Fail(-EBADF);
  struct stat status {};
  if (sys::Call(SYS_fstat, fd, sys::AsLong(&status)) != 0 || status.st_dev != device_ ||
      status.st_ino != inode_) {
    sys::Call(SYS_close, fd);
    return Fail(-EBADF);
  }
  fd_ = MoveToHighNumber(static_cast<int>(fd));
  return true;
}

void* TraceFile::MapChunk(ChunkKind kind, std::size_t size_bytes) {
  TransientAccess access(*this);
  return ReopenIfLost() ? MapReserved(kind, size_bytes) : nullptr;
}

bool TraceFile::AppendEvents(const format::EventsHeader& events, const void* data) {
  TransientAccess access(*this);
  const bool is_open = is_transient_ ? ReopenIfLost() : IsOpen();
  return is_open ? WriteEvents(events, data) : Fail(-EBADF);
}

void* TraceFile::MapReserved(ChunkKind kind, std::size_t size_bytes) {
  const Space space = TakeSpace(size_bytes, format::kPageBytes);
  const std::uint64_t offset = space.offset;
  if (!FitsFileSizeLimit(offset + size_bytes) || !Allocate(offset, size_bytes)) return nullptr;
  Landed(space);
  auto* chunk = static_cast<ChunkHeader*>(MapShared(fd_, offset, size_bytes));
  if (chunk == nullptr) {
    Fail(-ENOMEM);
    return nullptr;
  }
  chunk->kind = static_cast<std::uint32_t>(kind);
  chunk->size_bytes = size_bytes;
  chunk->check = format::ChunkCheck(header_->trace_id, offset, kind, size_bytes);
  std::atomic_ref<std::uint64_t>(chunk->magic).store(format::kChunkMagic, std::memory_order_release);
  std::atomic_ref<std::uint64_t>(header_->own_mapped_bytes).fetch_add(size_bytes, std::memory_order_relaxed);
  return chunk;
}

bool TraceFile::WriteEvents(const format::EventsHeader& events, const void* data) {
  struct {
    ChunkHeader chunk;
    format::EventsHeader events;
  } head{};
  static_assert(sizeof(head) == sizeof(ChunkHeader) + sizeof(format::EventsHeader));
  const std::size_t size_bytes = sizeof(head) + events.stored_bytes;
  const Space space = TakeSpace(size_bytes, format::kChunkAlignBytes);
  if (!FitsFileSizeLimit(space.offset + size_bytes)) return false;
  head.chunk.magic = format::kChunkMagic;
  head.chunk.kind = static_cast<std::uint32_t>(ChunkKind::kEvents);
  head.chunk.size_bytes = size_bytes;
  head.chunk.check = format::ChunkCheck(header_->trace_id, space.offset, ChunkKind::kEvents, size_bytes);
  head.events = events;
  if (!WriteBoth(space.offset, {&head, sizeof(head)}, {const_cast<void*>(data), events.stored_bytes}))
    return false;
  Landed(space);
  return true;
}

bool TraceFile::WriteBoth(std::uint64_t offset, const iovec& head, const iovec& data) {
  const iovec parts[2] = {head, data};
  long written;
  do {
    written = sys::Call(SYS_pwritev, fd_, sys::AsLong(parts), 2, static_cast<long>(offset), 0);
  } while (written == -EINTR);
  if (written == static_cast<long>(head.iov_len + data.iov_len)) return true;
  if (written < 0) return Fail(written);
  // A short write: a nearly full disk, or a signal. The rest is tried once more, piece by piece.
  std::size_t done = static_cast<std::size_t>(written);
  if (done < head.iov_len) {
    if (!WriteAt(offset + done, static_cast<const char*>(head.iov_base) + done, head.iov_len - done))
      return false;
    done = head.iov_len;
  }
  const std::size_t data_done = done - head.iov_len;
  return WriteAt(offset + done, static_cast<const char*>(data.iov_base) + data_done,
                 data.iov_len - data_done);
}

}  // namespace memtrace::preload
