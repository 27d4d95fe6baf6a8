// SPDX-License-Identifier: MIT
// Chrome's trace events: counters over time and marks, for Perfetto and chrome://tracing. Times are in
// microseconds.
#include <string>

#include <fmt/format.h>

#include "analyzer/export/format.h"
#include "analyzer/export/text.h"

namespace memtrace::exporting {
namespace {

class EventWriter {
 public:
  EventWriter(const Input& input, Sink& sink) : input_(input), sink_(sink) {}

  void Add(const std::string& fields) {
    sink_.Write(fmt::format("{}{{\"pid\":{},{}}}", is_first_ ? "\n" : ",\n", input_.trace.info.pid, fields));
    is_first_ = false;
  }

  void Live(const aggregate::CurvePoint& point) {
    Add(fmt::format(R"("ph":"C","name":"live heap","ts":{},"args":{{"bytes":{}}})", Us(point.time_ns),
                    point.live.bytes));
    Add(fmt::format(R"("ph":"C","name":"live blocks","ts":{},"args":{{"blocks":{}}})", Us(point.time_ns),
                    point.live.blocks));
  }

  static std::string Us(std::uint64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

 private:
  const Input& input_;
  Sink& sink_;
  bool is_first_ = true;
};

}  // namespace

void WriteChrome(const Input& input, Sink& sink) {
  sink.Write("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
  EventWriter events(input, sink);
  events.Add(R"("ph":"M","name":"process_name","args":{"name":)" + Quoted(CommandText(input.trace.info)) +
             "}");
  aggregate::CurvePoint last;
  events.Live(last);
  for (const aggregate::CurveInterval& interval : input.curve.intervals) {
    for (const aggregate::CurvePoint& point : {interval.highest, interval.end}) {
      if (point != last) events.Live(point);
      last = point;
    }
  }
  for (const model::Checkpoint& checkpoint : input.trace.checkpoints) {
    if (checkpoint.resident == format::kUnknown) continue;
    events.Add(fmt::format(R"("ph":"C","name":"process memory","ts":{},"args":{{"resident_bytes":{}}})",
                           EventWriter::Us(checkpoint.time_ns), checkpoint.resident));
  }
  for (const model::Mark& mark : input.trace.marks) {
    events.Add(fmt::format(R"("ph":"i","s":"p","tid":{},"name":{},"ts":{})", mark.thread, Quoted(mark.name),
                           EventWriter::Us(mark.time_ns)));
  }
  sink.Write("]}\n");
}

}  // namespace memtrace::exporting
