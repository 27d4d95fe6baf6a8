// SPDX-License-Identifier: MIT
// TraceFiller: one function a kind of record.
#include "analyzer/reader/trace_filler.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "analyzer/reader/memory_ranges.h"

namespace memtrace::reader {
namespace {

using format::LogType;

model::Module MakeModule(LogPayload* payload) {
  const auto log = payload->Struct<format::LogModule>();
  model::Module module;
  module.start = log.start;
  module.end = log.end;
  module.load_bias = log.load_bias;
  module.generation = log.generation;
  module.build_id = payload->Hex(log.build_id_bytes);
  module.path = payload->Text(log.path_bytes);
  return module;
}

model::Checkpoint MakeCheckpoint(const format::LogCheckpoint& log, std::uint64_t time_ns) {
  model::Checkpoint checkpoint;
  checkpoint.time_ns = time_ns;
  checkpoint.thread = log.thread;
  checkpoint.reason = ReasonOf(log.reason);
  checkpoint.resident = log.resident_bytes;
  checkpoint.resident_file = log.resident_file_bytes;
  checkpoint.virtual_size = log.virtual_bytes;
  checkpoint.resident_peak = log.resident_peak_bytes;
  checkpoint.own_private = log.own_private_bytes;
  checkpoint.own_mapped = log.own_mapped_bytes;
  checkpoint.allocator_arena = log.allocator_arena_bytes;
  checkpoint.allocator_mapped = log.allocator_mapped_bytes;
  checkpoint.allocator_in_use = log.allocator_in_use_bytes;
  checkpoint.allocator_free = log.allocator_free_bytes;
  return checkpoint;
}

}  // namespace

bool TraceFiller::Add(LogType type, std::uint64_t time_ns, LogPayload payload) {
  switch (type) {
    case LogType::kModule:
      return AddModule(&payload);
    case LogType::kThread:
      return AddThread(&payload);
    case LogType::kMark:
      return AddMark(time_ns, &payload);
    case LogType::kCheckpoint:
      return AddCheckpoint(time_ns, &payload);
    case LogType::kMemory:
      return AddMemory(time_ns, &payload);
    case LogType::kBlockSizes:
      return AddBlockSizes(&payload);
    case LogType::kNote:
      return AddNote(time_ns, &payload);
    case LogType::kEnd:
      return AddEnd(&payload);
    case LogType::kPythonRuntime:
      return AddPythonRuntime(time_ns, &payload);
    case LogType::kPythonCode:
      return AddPythonCode(&payload);
    default:
      return true;  // modules gone, pauses, and what later versions may add
  }
}

bool TraceFiller::AddModule(LogPayload* payload) {
  model::Module module = MakeModule(payload);
  if (!payload->ok() || module.end <= module.start) return false;
  // Mapped again at its old place: the recorder says so again, for a reader one entry is enough.
  const bool is_new = modules_
                          .insert({module.start, module.end, module.load_bias, module.generation,
                                   module.build_id, module.path})
                          .second;
  if (is_new) trace_->modules.push_back(std::move(module));
  return true;
}

bool TraceFiller::AddThread(LogPayload* payload) {
  const auto log = payload->Struct<format::LogThread>();
  std::string name = payload->Text(log.name_bytes);
  if (!payload->ok() || log.ordinal >= thread_limit_) return false;
  if (trace_->threads.size() <= log.ordinal) trace_->threads.resize(log.ordinal + 1);
  trace_->threads[log.ordinal] = {log.tid, std::move(name)};
  return true;
}

bool TraceFiller::AddMark(std::uint64_t time_ns, LogPayload* payload) {
  const auto log = payload->Struct<format::LogMark>();
  model::Mark mark{payload->Text(log.name_bytes), time_ns, log.thread, std::nullopt};
  if (!payload->ok()) return false;
  waiting_marks_[log.thread] = trace_->marks.size();
  trace_->marks.push_back(std::move(mark));
  return true;
}

// A mark's checkpoint is its thread's next one.
bool TraceFiller::AddCheckpoint(std::uint64_t time_ns, LogPayload* payload) {
  const auto log = payload->Struct<format::LogCheckpoint>();
  if (!payload->ok()) return false;
  const model::Checkpoint checkpoint = MakeCheckpoint(log, time_ns);
  const auto mark = waiting_marks_.find(log.thread);
  if (checkpoint.reason == format::CheckpointReason::kMark && mark != waiting_marks_.end()) {
    trace_->marks[mark->second].checkpoint = trace_->checkpoints.size();
    waiting_marks_.erase(mark);
  }
  trace_->checkpoints.push_back(checkpoint);
  return true;
}

// A reading's records may stand among those of another one. One whose last record never came (the process was
// killed) is dropped: its sum would be wrong.
bool TraceFiller::AddMemory(std::uint64_t time_ns, LogPayload* payload) {
  const auto log = payload->Struct<format::LogMemory>();
  LogPayload body = payload->Part(log.body_bytes);
  if (!payload->ok()) return false;
  const auto [open, is_first] = open_readings_.try_emplace(log.number);
  model::MemoryReading& reading = open->second.reading;
  if (is_first) reading = MakeMemoryReading(log, time_ns);
  const bool is_sound = AddMemoryRanges(&body, &open->second.page, &reading);
  const bool is_last = (log.flags & format::kMemoryIsLast) != 0;
  if (is_sound && is_last) {
    reading.resident = log.resident_bytes;
    reading.resident_file = log.resident_file_bytes;
    reading.cost_ns = log.cost_ns;
    trace_->memory.push_back(std::move(reading));
  }
  if (!is_sound || is_last) open_readings_.erase(open);
  return is_sound;
}

bool TraceFiller::AddBlockSizes(LogPayload* payload) {
  std::optional<model::BlockSizes> sizes = TakeBlockSizes(payload);
  if (sizes) trace_->block_sizes = std::move(*sizes);
  return sizes.has_value();
}

bool TraceFiller::AddNote(std::uint64_t time_ns, LogPayload* payload) {
  const auto log = payload->Struct<format::LogNote>();
  model::Note note{time_ns, log.is_error != 0, payload->Text(log.text_bytes)};
  if (!payload->ok()) return false;
  trace_->notes.push_back(std::move(note));
  return true;
}

// An exec is recorded before it is tried. One that failed is taken back; a process killed in between has the
// header's state to say that it never ended.
bool TraceFiller::AddEnd(LogPayload* payload) {
  const auto log = payload->Struct<format::LogEnd>();
  if (!payload->ok() || log.reason > static_cast<std::uint32_t>(format::EndReason::kStopped)) return false;
  const auto reason = static_cast<format::EndReason>(log.reason);
  const bool has_ended =
      reason != format::EndReason::kContinues && trace_->info.state != format::RecordingState::kRecording;
  trace_->info.end_reason = has_ended ? std::optional(reason) : std::nullopt;
  trace_->info.end_code = has_ended ? log.code : 0;
  return true;
}

bool TraceFiller::AddPythonRuntime(std::uint64_t time_ns, LogPayload* payload) {
  const auto log = payload->Struct<format::LogPythonRuntime>();
  model::PythonRuntime runtime;
  runtime.time_ns = time_ns;
  runtime.hex_version = log.hex_version;
  runtime.text = payload->Text(log.text_bytes);
  if (!payload->ok() || log.support > static_cast<std::uint32_t>(format::PythonSupport::kNotVisible))
    return false;
  if (log.reuse > static_cast<std::uint32_t>(format::PythonReuse::kLost)) return false;
  if (const auto reuse = static_cast<format::PythonReuse>(log.reuse); reuse != format::PythonReuse::kUnseen) {
    auto& known = trace_->python_runtimes;
    const auto of_version = std::find_if(known.rbegin(), known.rend(), [&](const auto& one) {
      return one.hex_version == log.hex_version;
    });
    if (of_version != known.rend()) of_version->reuse = std::max(of_version->reuse, reuse);
    return of_version != known.rend();
  }
  runtime.support = static_cast<format::PythonSupport>(log.support);
  trace_->python_runtimes.push_back(std::move(runtime));
  return true;
}

bool TraceFiller::AddPythonCode(LogPayload* payload) {
  const auto log = payload->Struct<format::LogPythonCode>();
  model::PythonCode code;
  code.id = log.id;
  code.first_line = log.first_line;
  code.table_kind = static_cast<format::PythonLineTable>(log.line_table);
  code.name = payload->Text(log.name_bytes);
  code.file = payload->Text(log.file_bytes);
  code.line_table = payload->Text(log.line_table_bytes);
  const bool is_known_table =
      log.line_table <= static_cast<std::uint16_t>(format::PythonLineTable::kLocations);
  if (!payload->ok() || log.id == 0 || log.id >= format::kMaxPythonCodes || !is_known_table) return false;
  trace_->python_codes.push_back(std::move(code));
  return true;
}

// An id that was given twice keeps its first code.
void TraceFiller::SortCodes() {
  auto& codes = trace_->python_codes;
  std::stable_sort(codes.begin(), codes.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  const auto same = [](const auto& a, const auto& b) { return a.id == b.id; };
  codes.erase(std::unique(codes.begin(), codes.end(), same), codes.end());
}

void TraceFiller::Finish() {
  SortCheckpoints();
  SortCodes();
  const auto earlier = [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; };
  std::stable_sort(trace_->marks.begin(), trace_->marks.end(), earlier);
  std::stable_sort(trace_->notes.begin(), trace_->notes.end(), earlier);
  std::stable_sort(trace_->memory.begin(), trace_->memory.end(), earlier);
}

void TraceFiller::SortCheckpoints() {
  std::vector<std::size_t> order(trace_->checkpoints.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return trace_->checkpoints[a].time_ns < trace_->checkpoints[b].time_ns;
  });
  std::vector<model::Checkpoint> sorted;
  std::vector<std::size_t> new_index(order.size());
  sorted.reserve(order.size());
  for (const std::size_t old_index : order) {
    new_index[old_index] = sorted.size();
    sorted.push_back(trace_->checkpoints[old_index]);
  }
  trace_->checkpoints = std::move(sorted);
  for (model::Mark& mark : trace_->marks) {
    if (mark.checkpoint) mark.checkpoint = new_index[*mark.checkpoint];
  }
}

}  // namespace memtrace::reader
