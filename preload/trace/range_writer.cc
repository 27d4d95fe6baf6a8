// SPDX-License-Identifier: MIT
#include "preload/trace/range_writer.h"

#include <string.h>

#include "memtrace/varint.h"

namespace memtrace::preload {
namespace {

using format::MemoryKind;

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxNumbers = 7;

}  // namespace

void RangeWriter::Start(LogWriter* log, const format::LogMemory& head) {
  log_ = log;
  head_ = head;
  end_page_ = 0;
  body_bytes_ = 0;
  small_pages_ = small_resident_ = small_copies_ = 0;
  private_pages_ = file_pages_ = written_bytes_ = 0;
}

void RangeWriter::Begin(std::uintptr_t start, MemoryKind kind) {
  start_page_ = start / format::kPageBytes;
  kind_ = kind;
  pages_ = resident_pages_ = copied_pages_ = 0;
  run_pages_ = 0;
  run_is_resident_ = false;
  runs_ = 0;
  runs_bytes_ = 0;
}

void RangeWriter::EndRun() {
  const std::uint8_t* end = format::PutVarint(runs_text_ + runs_bytes_, run_pages_);
  runs_bytes_ = static_cast<std::size_t>(end - runs_text_);
  ++runs_;
  run_pages_ = 0;
}

void RangeWriter::Add(PageState state, std::size_t pages) {
  const bool is_resident = state != PageState::kAbsent;
  if (is_resident != run_is_resident_) {
    if (format::HasRuns(kind_)) {
      EndRun();
      if (runs_bytes_ + 2 * format::kMaxVarintBytes > kRunsBytes) {
        CutRange();
        if (is_resident) EndRun();  // runs begin with what is absent: nothing
      }
    }
    run_is_resident_ = is_resident;
  }
  run_pages_ += pages;
  pages_ += pages;
  if (!is_resident) return;
  resident_pages_ += pages;
  if (format::IsCopy(kind_, state)) copied_pages_ += pages;
}

// What has come so far becomes a range of its own. A run has just ended.
void RangeWriter::CutRange() {
  PutRange(start_page_ - end_page_, kind_, nullptr, 0);
  const std::uint64_t next = start_page_ + pages_;
  Begin(next * format::kPageBytes, kind_);
}

void RangeWriter::End(const char* name, std::size_t name_bytes) {
  if (pages_ == 0) return;
  if (kind_ == MemoryKind::kFile && resident_pages_ < kSmallFilePages) {
    small_pages_ += pages_;
    small_resident_ += resident_pages_;
    small_copies_ += copied_pages_;
    private_pages_ += copied_pages_;
    file_pages_ += resident_pages_ - copied_pages_;
    return;
  }
  if (resident_pages_ == 0) return;  // nothing to tell
  if (format::HasRuns(kind_) && run_is_resident_) EndRun();
  const bool is_named = kind_ == MemoryKind::kFile || kind_ == MemoryKind::kShared;
  PutRange(start_page_ - end_page_, kind_, name, is_named ? name_bytes : 0);
}

void RangeWriter::PutRange(std::uint64_t gap_pages, MemoryKind kind, const char* name,
                           std::size_t name_bytes) {
  if (name_bytes > kMaxNameBytes) name_bytes = kMaxNameBytes;
  if (body_bytes_ + kMaxNumbers * format::kMaxVarintBytes + runs_bytes_ + name_bytes > kBodyBytes)
    Flush(head_);
  std::uint8_t* out = body_ + body_bytes_;
  for (const std::uint64_t number : {gap_pages, pages_, static_cast<std::uint64_t>(kind), resident_pages_,
                                     copied_pages_, static_cast<std::uint64_t>(runs_)}) {
    out = format::PutVarint(out, number);
  }
  memcpy(out, runs_text_, runs_bytes_);
  out = format::PutVarint(out + runs_bytes_, name_bytes);
  if (name_bytes > 0) memcpy(out, name, name_bytes);
  body_bytes_ = static_cast<std::size_t>(out + name_bytes - body_);
  if (kind == MemoryKind::kSmallFiles) return;
  end_page_ = start_page_ + pages_;
  const std::uint64_t of_file = format::IsFileKind(kind) ? resident_pages_ - copied_pages_ : 0;
  file_pages_ += of_file;
  private_pages_ += resident_pages_ - of_file;
}

void RangeWriter::Flush(const format::LogMemory& head) {
  format::LogMemory record = head;
  record.body_bytes = static_cast<std::uint32_t>(body_bytes_);
  log_->Append(format::LogType::kMemory, record, Bytes{body_, body_bytes_});
  written_bytes_ += sizeof(format::LogRecord) + sizeof(record) + body_bytes_;
  body_bytes_ = 0;
}

void RangeWriter::Finish(const format::LogMemory& head) {
  if (small_resident_ > 0) {
    Begin(0, MemoryKind::kSmallFiles);
    pages_ = small_pages_ > small_resident_ ? small_pages_ : small_resident_;
    resident_pages_ = small_resident_;
    copied_pages_ = small_copies_;
    PutRange(0, MemoryKind::kSmallFiles, nullptr, 0);
  }
  Flush(head);
}

}  // namespace memtrace::preload
