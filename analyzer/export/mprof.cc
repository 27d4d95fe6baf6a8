// SPDX-License-Identifier: MIT
// memory_profiler's .dat: live bytes over time in MiB, and what lies between two marks as a function.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "analyzer/export/format.h"
#include "analyzer/export/text.h"

namespace memtrace::exporting {
namespace {

double Mib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

class MprofWriter {
 public:
  MprofWriter(const Input& input, Sink& sink) : input_(input), sink_(sink) {}

  double Seconds(std::uint64_t time_ns) const {
    return static_cast<double>(input_.trace.info.start_realtime_ns) * 1e-9 +
           static_cast<double>(time_ns) * 1e-9;
  }

  // Nine decimals: a byte is about a millionth of a MiB, and the peak shall be exact.
  void Memory(const aggregate::CurvePoint& point) {
    sink_.Write(fmt::format("MEM {:.9f} {:.4f}\n", Mib(point.live.bytes), Seconds(point.time_ns)));
  }

  void Phase(const aggregate::MarkAmounts& begin, const aggregate::MarkAmounts& end) {
    std::string name = input_.trace.marks[begin.mark].name;  // a blank would end it
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ' ' || c == '\n' || c == '\t'; }, '_');
    sink_.Write(fmt::format("FUNC {} {:.9f} {:.4f} {:.9f} {:.4f} 0\n", name.empty() ? "_" : name,
                            Mib(begin.live.bytes), Seconds(input_.trace.marks[begin.mark].time_ns),
                            Mib(end.live.bytes), Seconds(input_.trace.marks[end.mark].time_ns)));
  }

 private:
  const Input& input_;
  Sink& sink_;
};

}  // namespace

void WriteMprof(const Input& input, Sink& sink) {
  MprofWriter writer(input, sink);
  sink.Write("CMDLINE " + CommandText(input.trace.info) + "\n");
  aggregate::CurvePoint last;
  writer.Memory(last);
  for (const aggregate::CurveInterval& interval : input.curve.intervals) {
    for (const aggregate::CurvePoint& point : {interval.highest, interval.end}) {
      if (point != last) writer.Memory(point);
      last = point;
    }
  }
  const auto& marks = input.profile.marks;
  for (std::size_t i = 0; i + 1 < marks.size(); ++i) writer.Phase(marks[i], marks[i + 1]);
}

}  // namespace memtrace::exporting
