// SPDX-License-Identifier: MIT
// The .mtr file as the recorder sees it: space is reserved before it is touched, mapped parts are filled in
// place, finished chunks are appended.
//
//     0          4096
//     │ header   │ log │ nodes │ window │ events │ events │ window │ events │ …
//       mapped     mapped        mapped   pwrite   pwrite
//                                                        file_end ──────────┘ moves by fetch_add
//
// Why reserve: a store into a mapped page that the disk has no room for is a SIGBUS, a crash of the program.
// Thread-safe. Lives in memory that is zero in a forked child (see fork_local.h).
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/base/spin_lock.h"
#include "preload/trace/trace_name.h"

namespace memtrace::preload {

class TraceFile {
 public:
  // Creates the file and its header page. Returns 0 or a negative errno.
  int Create(const char* pattern, const NameFacts& facts);

  // Maps a new chunk of `size_bytes` (a multiple of the page size), its ChunkHeader written. Null on failure;
  // the error is then in last_error().
  void* MapChunk(format::ChunkKind kind, std::size_t size_bytes);

  // Appends an events chunk; `data` is stored as it is. False on failure, see last_error(): -EBADF if the
  // program has closed our descriptor; then ReopenIfLost may help.
  bool AppendEvents(const format::EventsHeader& events, const void* data);

  // True if our descriptor is ours, or could be opened again after the program closed it. Opening takes the
  // lowest free number for a moment, so only a thread of the program may do it, inside a call of its own: a
  // helper that does so beside it could take the number that the program's next open expects.
  bool ReopenIfLost();

  // False where the program may have so few descriptors (ulimit -n) that we keep none: the file is then
  // opened for each access, which only the program's own threads may do.
  bool keeps_descriptor() const { return !is_transient_; }

  format::FileHeader* header() const { return header_; }
  const Path& path() const { return path_; }
  int last_error() const { return last_error_.load(std::memory_order_relaxed); }
  int fd() const { return fd_; }
  ino_t inode() const { return inode_; }

 private:
  struct Space {
    std::uint64_t offset;
    std::uint64_t counted_bytes;  // what it counts for in FileHeader::in_flight_bytes
  };
  // `size_bytes` new bytes, aligned and in flight until Landed(); space on disk is not reserved by this.
  Space TakeSpace(std::size_t size_bytes, std::size_t align_bytes);
  void Landed(const Space& space);
  bool FitsFileSizeLimit(std::uint64_t end);
  bool Allocate(std::uint64_t offset, std::size_t size_bytes);
  bool WriteAt(std::uint64_t offset, const void* data, std::size_t size_bytes);
  // False if our descriptor was closed by the program, and perhaps given to another file.
  bool IsOpen() const;
  bool WriteBoth(std::uint64_t offset, const iovec& head, const iovec& data);
  void* MapReserved(format::ChunkKind kind, std::size_t size_bytes);
  bool WriteEvents(const format::EventsHeader& events, const void* data);
  // Around each access when no descriptor is kept.
  class TransientAccess;
  bool Fail(long error);

  format::FileHeader* header_;
  int fd_;
  dev_t device_;
  ino_t inode_;
  bool is_transient_;
  SpinLock transient_lock_;
  std::atomic<int> last_error_;
  Path path_;
};

}  // namespace memtrace::preload
