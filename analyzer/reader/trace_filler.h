// SPDX-License-Identifier: MIT
// Log records → their pieces of the model: modules, threads, marks, checkpoints, notes, Python's
// interpreters and code, the end.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "analyzer/model/trace.h"
#include "analyzer/reader/log_payload.h"

namespace memtrace::reader {

// Add all records in file order, then Finish.
class TraceFiller {
 public:
  // Thread ordinals from thread_limit on are damage.
  TraceFiller(std::uint32_t thread_limit, model::Trace* trace) : thread_limit_(thread_limit), trace_(trace) {}

  // False: the record is damaged and nothing of it was taken.
  bool Add(format::LogType type, std::uint64_t time_ns, LogPayload payload);

  // Brings marks, checkpoints and notes into the order of time, links kept, and code into that of ids:
  // threads write their records a little out of order.
  void Finish();

 private:
  bool AddModule(LogPayload* payload);
  bool AddThread(LogPayload* payload);
  bool AddMark(std::uint64_t time_ns, LogPayload* payload);
  bool AddCheckpoint(std::uint64_t time_ns, LogPayload* payload);
  bool AddMemory(std::uint64_t time_ns, LogPayload* payload);
  bool AddBlockSizes(LogPayload* payload);
  bool AddNote(std::uint64_t time_ns, LogPayload* payload);
  bool AddEnd(LogPayload* payload);
  bool AddPythonRuntime(std::uint64_t time_ns, LogPayload* payload);
  bool AddPythonCode(LogPayload* payload);
  void SortCheckpoints();
  void SortCodes();

  // A module as far as it can differ from another one.
  using ModuleIdentity =
      std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint8_t, std::string, std::string>;

  const std::uint32_t thread_limit_;
  model::Trace* trace_;
  std::set<ModuleIdentity> modules_;
  std::map<model::ThreadId, std::size_t> waiting_marks_;  // by thread: its latest mark without a checkpoint
  struct OpenReading {
    model::MemoryReading reading;
    std::uint64_t page = 0;  // where its last record ended
  };
  std::map<std::uint32_t, OpenReading> open_readings_;  // by number: those whose last record is to come
};

}  // namespace memtrace::reader
