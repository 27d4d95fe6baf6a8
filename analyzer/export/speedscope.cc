// SPDX-License-Identifier: MIT
// speedscope's own JSON, which keeps inlined frames and lines: one profile a metric, frames shared.
#include <array>
#include <string>

#include <fmt/format.h>

#include "analyzer/export/format.h"
#include "analyzer/export/text.h"

namespace memtrace::exporting {
namespace {

using report::Metric;

struct Part {
  std::string name;
  const char* unit;
  Metric metric;
};

std::string FrameJson(const symbolize::Frame& frame) {
  std::string json = "{\"name\":" + Quoted(NameOf(frame));
  if (frame.has_line()) {
    json += fmt::format(",\"file\":{},\"line\":{}", Quoted(FileOf(frame)), frame.line);
    if (frame.column != 0) json += fmt::format(",\"col\":{}", frame.column);
  } else if (!frame.module_path.empty()) {
    json += ",\"file\":" + Quoted(frame.module_path);
  }
  return json + "}";
}

void WritePart(const Part& part, const Input& input, const std::vector<std::string>& samples, Sink& sink) {
  std::string listed;
  std::string weights;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::uint64_t weight =
        report::RankOf(part.metric, report::AmountOf(part.metric, input.stacks.all()[i].amounts));
    if (weight == 0) continue;
    listed += (listed.empty() ? "" : ",\n") + samples[i];
    weights += (weights.empty() ? "" : ",") + std::to_string(weight);
    sum += weight;
  }
  sink.Write(
      fmt::format("{{\"type\":\"sampled\",\"name\":{},\"unit\":\"{}\",\"startValue\":0,\"endValue\":{},",
                  Quoted(part.name), part.unit, sum));
  sink.Write("\"samples\":[" + listed + "],\"weights\":[" + weights + "]}");
}

}  // namespace

void WriteSpeedscope(const Input& input, Sink& sink) {
  FrameTable frames;
  std::vector<std::string> samples;  // outermost frame first
  for (const Stack& stack : input.stacks.all()) {
    std::string sample = "[";
    for (std::size_t i = stack.frames.size(); i-- > 0;) {
      sample += std::to_string(frames.NumberOf(stack.frames[i])) + (i > 0 ? "," : "");
    }
    samples.push_back(sample + "]");
  }
  sink.Write("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"shared\":{\"frames\":[");
  for (std::size_t i = 0; i < frames.frames().size(); ++i) {
    sink.Write((i > 0 ? ",\n" : "\n") + FrameJson(*frames.frames()[i]));
  }
  const std::array<Part, 5> parts = {{{"Live " + input.profile.moment.label, "bytes", Metric::kLive},
                                      {"Not freed", "bytes", Metric::kNotFreed},
                                      {"Allocated in total", "bytes", Metric::kTotal},
                                      {"Allocations", "none", Metric::kCount},
                                      {"Temporary allocations", "none", Metric::kTemporary}}};
  sink.Write("]},\n\"profiles\":[");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) sink.Write(",\n");
    WritePart(parts[i], input, samples, sink);
  }
  sink.Write(fmt::format("],\n\"name\":{},\"activeProfileIndex\":0,\"exporter\":{}}}\n",
                         Quoted(CommandText(input.trace.info)), Quoted(ToolText())));
}

}  // namespace memtrace::exporting
