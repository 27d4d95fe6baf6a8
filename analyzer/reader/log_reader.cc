// SPDX-License-Identifier: MIT
// Splits log chunks into records and turns each kind into its piece of the model.
#include "analyzer/reader/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

namespace memtrace::reader {
namespace {

using format::LogType;

constexpr std::uint64_t kRecordsOffset = sizeof(format::ChunkHeader) + sizeof(format::LogHeader);

// A record's payload, taken piece by piece. A piece that is not there leaves ok() false and reads as zero.
class Payload {
 public:
  explicit Payload(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <typename T>
  T Struct() {
    T value{};
    const auto piece = Take(sizeof(T));
    if (ok_) std::memcpy(&value, piece.data(), sizeof(T));
    return value;
  }

  std::string Text(std::size_t count) {
    const auto piece = Take(count);
    return std::string(piece.begin(), piece.end());
  }

  std::string Hex(std::size_t count) {
    std::string text;
    for (const std::uint8_t byte : Take(count)) text += fmt::format("{:02x}", byte);
    return text;
  }

  bool ok() const { return ok_; }

 private:
  std::span<const std::uint8_t> Take(std::size_t count) {
    ok_ = ok_ && count <= bytes_.size();
    if (!ok_) return {};
    const auto piece = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return piece;
  }

  std::span<const std::uint8_t> bytes_;
  bool ok_ = true;
};

model::Module MakeModule(Payload* payload) {
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

bool IsSame(const model::Module& a, const model::Module& b) {
  return a.start == b.start && a.end == b.end && a.load_bias == b.load_bias && a.generation == b.generation &&
         a.build_id == b.build_id && a.path == b.path;
}

model::Checkpoint MakeCheckpoint(const format::LogCheckpoint& log, std::uint64_t time_ns) {
  model::Checkpoint checkpoint;
  checkpoint.time_ns = time_ns;
  checkpoint.thread = log.thread;
  checkpoint.reason = log.reason <= static_cast<std::uint32_t>(format::CheckpointReason::kEnd)
                          ? static_cast<format::CheckpointReason>(log.reason)
                          : format::CheckpointReason::kPeriodic;
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

// Brings checkpoints and marks into the order of time, links kept. Threads write their records a little out
// of order.
void SortByTime(model::Trace* trace) {
  std::vector<std::size_t> order(trace->checkpoints.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return trace->checkpoints[a].time_ns < trace->checkpoints[b].time_ns;
  });
  std::vector<model::Checkpoint> sorted;
  std::vector<std::size_t> new_index(order.size());
  sorted.reserve(order.size());
  for (const std::size_t old_index : order) {
    new_index[old_index] = sorted.size();
    sorted.push_back(trace->checkpoints[old_index]);
  }
  trace->checkpoints = std::move(sorted);
  for (model::Mark& mark : trace->marks) {
    if (mark.checkpoint) mark.checkpoint = new_index[*mark.checkpoint];
  }
  const auto earlier = [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; };
  std::stable_sort(trace->marks.begin(), trace->marks.end(), earlier);
  std::stable_sort(trace->notes.begin(), trace->notes.end(), earlier);
}

// Puts records into the model one after the other.
class TraceFiller {
 public:
  TraceFiller(std::uint32_t thread_limit, model::Trace* trace) : thread_limit_(thread_limit), trace_(trace) {}

  // False: the record is damaged.
  bool Add(LogType type, std::uint64_t time_ns, Payload payload) {
    switch (type) {
      case LogType::kModule:
        return AddModule(&payload);
      case LogType::kThread:
        return AddThread(&payload);
      case LogType::kMark:
        return AddMark(time_ns, &payload);
      case LogType::kCheckpoint:
        return AddCheckpoint(time_ns, &payload);
      case LogType::kNote:
        return AddNote(time_ns, &payload);
      case LogType::kEnd:
        return AddEnd(&payload);
      default:
        return true;  // modules gone, pauses, and what later versions may add
    }
  }

 private:
  bool AddModule(Payload* payload) {
    model::Module module = MakeModule(payload);
    if (!payload->ok() || module.end <= module.start) return false;
    // Mapped again at its old place: the recorder says so again, for a reader one entry is enough.
    const auto is_same = [&](const model::Module& other) { return IsSame(module, other); };
    if (std::none_of(trace_->modules.begin(), trace_->modules.end(), is_same)) {
      trace_->modules.push_back(std::move(module));
    }
    return true;
  }

  bool AddThread(Payload* payload) {
    const auto log = payload->Struct<format::LogThread>();
    std::string name = payload->Text(log.name_bytes);
    if (!payload->ok() || log.ordinal >= thread_limit_) return false;
    if (trace_->threads.size() <= log.ordinal) trace_->threads.resize(log.ordinal + 1);
    trace_->threads[log.ordinal] = {log.tid, std::move(name)};
    return true;
  }

  bool AddMark(std::uint64_t time_ns, Payload* payload) {
    const auto log = payload->Struct<format::LogMark>();
    model::Mark mark{payload->Text(log.name_bytes), time_ns, log.thread, std::nullopt};
    if (!payload->ok()) return false;
    trace_->marks.push_back(std::move(mark));
    return true;
  }

  // A mark's checkpoint is its thread's next one.
  bool AddCheckpoint(std::uint64_t time_ns, Payload* payload) {
    const auto log = payload->Struct<format::LogCheckpoint>();
    if (!payload->ok()) return false;
    const model::Checkpoint checkpoint = MakeCheckpoint(log, time_ns);
    if (checkpoint.reason == format::CheckpointReason::kMark) {
      const auto is_mine = [&](const model::Mark& mark) { return mark.thread == log.thread; };
      const auto mark = std::find_if(trace_->marks.rbegin(), trace_->marks.rend(), is_mine);
      if (mark != trace_->marks.rend() && !mark->checkpoint) mark->checkpoint = trace_->checkpoints.size();
    }
    trace_->checkpoints.push_back(checkpoint);
    return true;
  }

  bool AddNote(std::uint64_t time_ns, Payload* payload) {
    const auto log = payload->Struct<format::LogNote>();
    model::Note note{time_ns, log.is_error != 0, payload->Text(log.text_bytes)};
    if (!payload->ok()) return false;
    trace_->notes.push_back(std::move(note));
    return true;
  }

  // An exec is recorded before it is tried. One that failed is taken back; a process killed in between has the
  // header's state to say that it never ended.
  bool AddEnd(Payload* payload) {
    const auto log = payload->Struct<format::LogEnd>();
    if (!payload->ok() || log.reason > static_cast<std::uint32_t>(format::EndReason::kStopped)) return false;
    const auto reason = static_cast<format::EndReason>(log.reason);
    const bool has_ended =
        reason != format::EndReason::kContinues && trace_->info.state != format::RecordingState::kRecording;
    trace_->info.end_reason = has_ended ? std::optional(reason) : std::nullopt;
    trace_->info.end_code = has_ended ? log.code : 0;
    return true;
  }

  const std::uint32_t thread_limit_;
  model::Trace* trace_;
};

}  // namespace

LogReader::LogReader(const TraceFile& file, const std::vector<ChunkRef>& chunks, DamageLog* damage) {
  for (const ChunkRef& chunk : chunks) {
    if (chunk.kind == format::ChunkKind::kLog) AddChunk(file, chunk, damage);
  }
}

void LogReader::AddChunk(const TraceFile& file, const ChunkRef& chunk, DamageLog* damage) {
  if (chunk.stored_bytes <= kRecordsOffset) return;
  std::vector<std::uint8_t> bytes(chunk.stored_bytes - kRecordsOffset);
  bytes.resize(file.ReadAt(chunk.offset + kRecordsOffset, bytes.data(), bytes.size()));
  const std::span<const std::uint8_t> all(bytes);
  std::size_t at = 0;
  while (at + sizeof(format::LogRecord) <= all.size()) {
    format::LogRecord record{};
    std::memcpy(&record, all.data() + at, sizeof(record));
    if (record.size_bytes == 0) break;
    const std::uint64_t offset = chunk.offset + kRecordsOffset + at;
    const bool is_sound = record.size_bytes >= sizeof(record) && record.size_bytes % 8 == 0;
    if (!is_sound || record.size_bytes > all.size() - at) {
      if (!is_sound || !chunk.is_cut())
        damage->Add(offset, "a log record has an impossible size; the rest of its chunk is lost");
      break;
    }
    records_.push_back({offset, static_cast<LogType>(record.type), record.ticks,
                        all.subspan(at + sizeof(record), record.size_bytes - sizeof(record))});
    at += record.size_bytes;
  }
  chunks_.push_back(std::move(bytes));  // moves the buffer, not its bytes: the records stay valid
}

std::optional<ClockReading> LogReader::LatestReading() const {
  std::optional<ClockReading> latest;
  for (const Record& record : records_) {
    if (record.type != LogType::kCheckpoint) continue;
    Payload payload(record.payload);
    const auto checkpoint = payload.Struct<format::LogCheckpoint>();
    if (!payload.ok() || (latest && record.ticks <= latest->ticks)) continue;
    latest = ClockReading{record.ticks, checkpoint.monotonic_ns};
  }
  return latest;
}

std::uint64_t LogReader::LastTicks() const {
  std::uint64_t last = 0;
  for (const Record& record : records_) {
    if (record.type != LogType::kNote) last = std::max(last, record.ticks);
  }
  return last;
}

void LogReader::Fill(const TickClock& clock, std::uint32_t thread_limit, model::Trace* trace,
                     DamageLog* damage) const {
  TraceFiller filler(thread_limit, trace);
  for (const Record& record : records_) {
    if (!filler.Add(record.type, clock.Ns(record.ticks), Payload(record.payload))) {
      damage->Add(record.offset,
                  fmt::format("a log record of type {} is damaged", static_cast<std::uint32_t>(record.type)));
    }
  }
  SortByTime(trace);
}

}  // namespace memtrace::reader
