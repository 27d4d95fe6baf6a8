// SPDX-License-Identifier: MIT
// Encodes the ranges of a reading and appends them to the log, a record whenever enough have come together.
//
//     Begin(start, kind) ─► Add(state) a page, one after the other ─► End(name)      one range, or several
//     where its
//                                                                                    runs would not fit into
//                                                                                    one
// What files have resident in small amounts is only summed up.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "preload/trace/log_writer.h"
#include "preload/trace/residency.h"

namespace memtrace::preload {

// Lives in the scratch memory of a reading. Not thread-safe.
class RangeWriter {
 public:
  // `head` is what every record of the reading begins with.
  void Start(LogWriter* log, const format::LogMemory& head);
  void Begin(std::uintptr_t start, format::MemoryKind kind);
  void Add(PageState state, std::size_t pages = 1);
  // `name`: of a file, kept if much of it is resident.
  void End(const char* name, std::size_t name_bytes);
  // A file's pages that nobody can place.
  void AddSmallFile(std::uint64_t resident_pages) { small_resident_ += resident_pages; }
  // The last record, with what is known only then.
  void Finish(const format::LogMemory& head);

  std::uint64_t private_pages() const {
    return private_pages_;
  }  // resident in ranges of private memory, and copies
  std::uint64_t file_pages() const { return file_pages_; }  // resident of files and shared memory
  std::uint64_t written_bytes() const { return written_bytes_; }

 private:
  static constexpr std::size_t kBodyBytes = 12 * 1024;
  static constexpr std::size_t kRunsBytes = 4 * 1024;
  static constexpr std::uint64_t kSmallFilePages = 16;

  void EndRun();
  void CutRange();
  void PutRange(std::uint64_t gap_pages, format::MemoryKind kind, const char* name, std::size_t name_bytes);
  void Flush(const format::LogMemory& head);

  LogWriter* log_;
  format::LogMemory head_;
  std::uint64_t end_page_;  // of the last range written
  std::uint64_t start_page_;
  format::MemoryKind kind_;
  std::uint64_t pages_;
  std::uint64_t resident_pages_;
  std::uint64_t copied_pages_;
  std::uint64_t run_pages_;
  bool run_is_resident_;
  std::uint32_t runs_;
  std::size_t runs_bytes_;
  std::size_t body_bytes_;
  std::uint64_t small_pages_;
  std::uint64_t small_resident_;
  std::uint64_t small_copies_;
  std::uint64_t private_pages_;
  std::uint64_t file_pages_;
  std::uint64_t written_bytes_;
  std::uint8_t runs_text_[kRunsBytes];
  std::uint8_t body_[kBodyBytes];
};

}  // namespace memtrace::preload
