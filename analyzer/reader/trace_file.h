// SPDX-License-Identifier: MIT
// Read access to a trace file by offset. Nothing is mapped: the file may shrink under us, and a short read is
// an answer where a mapping would be a SIGBUS.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "analyzer/util/result.h"

namespace memtrace::reader {

// Owns the descriptor. Reading is thread-safe (pread); Refresh is not.
class TraceFile {
 public:
  // Only a regular file opens: anything else (a folder, a FIFO, a socket) is a kUnreadable error.
  static Result<TraceFile> Open(const std::string& path);

  TraceFile(TraceFile&& other) noexcept;
  TraceFile& operator=(TraceFile&& other) noexcept;
  ~TraceFile();

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // at the time of Open or the last Refresh
  dev_t device() const { return device_; }
  ino_t inode() const { return inode_; }

  // Takes the size anew; a recorder may have made the file longer.
  void Refresh();

  // Reads up to `bytes` bytes at `offset` and returns how many there were: fewer at the file's end or where
  // the device fails.
  std::size_t ReadAt(std::uint64_t offset, void* out, std::size_t bytes) const;

  template <typename T>
  bool ReadStruct(std::uint64_t offset, T* out) const {
    static_assert(std::is_trivially_copyable_v<T>);
    return ReadAt(offset, out, sizeof(T)) == sizeof(T);
  }

  // The first offset >= `offset` that may hold something else than zeros (holes are skipped without reading
  // them), or size() if there is none.
  std::uint64_t SkipHole(std::uint64_t offset) const;

  // The first offset >= `offset` whose byte is not zero, or size().
  std::uint64_t SkipZeros(std::uint64_t offset) const;

 private:
  TraceFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace memtrace::reader
