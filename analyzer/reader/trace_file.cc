// SPDX-License-Identifier: MIT
// TraceFile: open, fstat, pread, and the search for the next byte that is not zero.
#include "analyzer/reader/trace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace memtrace::reader {
namespace {

// Gaps between chunks are mostly shorter than a page; only a long one deserves big reads.
constexpr std::size_t kFirstScanBytes = 4096;
constexpr std::size_t kScanBytes = 256 * 1024;

Error Unreadable(const std::string& path, const std::string& why) {
  return Error{ErrorCode::kUnreadable, fmt::format("{}: {}", path, why)};
}

const char* WhatItIs(mode_t mode) {
  if (S_ISDIR(mode)) return "is a folder, not a trace file";
  if (S_ISFIFO(mode)) return "is a pipe; a trace has to be a regular file";
  if (S_ISSOCK(mode)) return "is a socket, not a trace file";
  return "is a device, not a trace file";
}

}  // namespace

Result<TraceFile> TraceFile::Open(const std::string& path) {
  // O_NONBLOCK: opening a FIFO that nobody writes to must not wait.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return Unreadable(path, errno == ENXIO ? WhatItIs(S_IFSOCK) : std::strerror(errno));
  }
  TraceFile file(path, fd);
  struct stat status {};
  if (fstat(fd, &status) != 0) return Unreadable(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return Unreadable(path, WhatItIs(status.st_mode));
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  file.device_ = status.st_dev;
  file.inode_ = status.st_ino;
  return file;
}

TraceFile::TraceFile(TraceFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      device_(other.device_),
      inode_(other.inode_) {}

TraceFile& TraceFile::operator=(TraceFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  size_ = other.size_;
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

TraceFile::~TraceFile() {
  if (fd_ >= 0) close(fd_);
}

void TraceFile::Refresh() {
  struct stat status {};
  if (fstat(fd_, &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
}

std::size_t TraceFile::ReadAt(std::uint64_t offset, void* out, std::size_t bytes) const {
  if (offset > static_cast<std::uint64_t>(INT64_MAX)) return 0;
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        pread(fd_, static_cast<char*>(out) + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::uint64_t TraceFile::SkipHole(std::uint64_t offset) const {
  if (offset >= size_) return size_;
  const off_t data = lseek(fd_, static_cast<off_t>(offset), SEEK_DATA);
  if (data >= 0) return std::min(static_cast<std::uint64_t>(data), size_);
  return errno == ENXIO ? size_ : offset;  // ENXIO: nothing but a hole up to the end
}

std::uint64_t TraceFile::SkipZeros(std::uint64_t offset) const {
  std::vector<char> block(kFirstScanBytes);
  while ((offset = SkipHole(offset)) < size_) {
    const std::size_t got = ReadAt(offset, block.data(), block.size());
    if (got == 0) return size_;
    const auto end = block.begin() + static_cast<std::ptrdiff_t>(got);
    const auto found = std::find_if(block.begin(), end, [](char byte) { return byte != 0; });
    if (found != end) return offset + static_cast<std::uint64_t>(found - block.begin());
    offset += got;
    block.resize(kScanBytes);
  }
  return size_;
}

}  // namespace memtrace::reader
