// SPDX-License-Identifier: MIT
// Header checks, each with the one line that a person needs, and the header's texts as strings.
#include "analyzer/reader/file_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace memtrace::reader {
namespace {

Error Unreadable(const TraceFile& file, const std::string& why) {
  return Error{ErrorCode::kUnreadable, fmt::format("{}: {}", file.path(), why)};
}

std::string Padded(const char* text, std::size_t capacity) {
  return std::string(text, strnlen(text, capacity));
}

std::string Counted(const char* text, std::uint32_t bytes, std::size_t capacity) {
  return std::string(text, std::min<std::size_t>(bytes, capacity));
}

// argv as the kernel keeps it: every argument ends with a NUL, the last one perhaps without.
std::vector<std::string> SplitArguments(std::string_view text) {
  std::vector<std::string> arguments;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return arguments;
}

format::RecordingState KnownState(std::uint32_t state) {
  return state <= static_cast<std::uint32_t>(format::RecordingState::kStopped)
             ? static_cast<format::RecordingState>(state)
             : format::RecordingState::kRecording;
}

}  // namespace

Result<format::FileHeader> ReadFileHeader(const TraceFile& file) {
  if (file.size() == 0) return Unreadable(file, "is empty: no trace was written to it");
  format::FileHeader header{};
  const std::size_t got = file.ReadAt(0, &header, sizeof(header));
  if (std::memcmp(header.magic, format::kFileMagic, std::min(got, sizeof(header.magic))) != 0) {
    return Unreadable(file, "is not a memtrace trace");
  }
  if (file.size() < format::kFileHeaderBytes || got < sizeof(header)) {
    return Unreadable(file, fmt::format("is cut off at byte {}, inside the trace header of {} bytes",
                                        file.size(), format::kFileHeaderBytes));
  }
  if (header.version > format::kPackedFormatVersion) {
    return Unreadable(file,
                      fmt::format("has trace format version {}; this memtrace reads version {} and older: "
                                  "read it with a newer memtrace",
                                  header.version, format::kPackedFormatVersion));
  }
  if (header.version == 0 || header.header_bytes != format::kFileHeaderBytes) {
    return Unreadable(file, "has a damaged trace header");
  }
  return header;
}

model::TraceInfo InfoFromHeader(const format::FileHeader& header, const TraceFile& file) {
  model::TraceInfo info;
  info.path = file.path();
  info.file_bytes = file.size();
  info.format_version = header.version;
  info.pid = header.pid;
  info.parent_pid = header.parent_pid;
  info.comm = Padded(header.comm, sizeof(header.comm));
  info.exe = Counted(header.exe, header.exe_bytes, sizeof(header.exe));
  info.host = Padded(header.host, sizeof(header.host));
  info.working_directory =
      Counted(header.working_directory, header.working_directory_bytes, sizeof(header.working_directory));
  info.command_line =
      SplitArguments(Counted(header.command_line, header.command_line_bytes, sizeof(header.command_line)));
  info.start_realtime_ns = header.start_realtime_ns;
  info.state = KnownState(header.state);
  info.stop_errno = header.stop_errno;
  info.max_depth = header.max_depth;
  info.nested_events_lost = header.nested_events_lost;
  info.truncated_stacks = header.truncated_stacks;
  info.guessed_frames = header.guessed_frames;
  info.own_private_bytes = header.own_private_bytes;
  info.own_mapped_bytes = header.own_mapped_bytes;
  info.raw_event_bytes = header.raw_event_bytes;
  info.stored_event_bytes = header.stored_event_bytes;
  return info;
}

}  // namespace memtrace::reader
