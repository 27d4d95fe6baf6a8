// SPDX-License-Identifier: MIT
// Every stack with all its metrics, by thread; frames are listed once and referred to by number. The schema
// only ever grows, as that of the reports' --json.
#include <string>

#include <fmt/format.h>

#include "analyzer/export/format.h"
#include "analyzer/export/text.h"
#include "analyzer/report/json.h"

namespace memtrace::exporting {
namespace {

std::string AmountsJson(const report::Amounts& amounts) {
  const auto pair = [](const char* name, const aggregate::Amount& amount) {
    return fmt::format("\"{}\":{{\"bytes\":{},\"blocks\":{}}}", name, amount.bytes, amount.blocks);
  };
  return pair("live", amounts.live) + "," + pair("peak", amounts.peak) + "," +
         pair("not_freed", amounts.not_freed) + "," + pair("total", amounts.total) + "," +
         pair("temporary", amounts.temporary);
}

std::string FrameJson(const symbolize::Frame& frame) {
  return fmt::format(R"({{"function":{},"file":{},"line":{},"module":{},"is_inlined":{},"is_python":{}}})",
                     Quoted(NameOf(frame)), frame.has_line() ? Quoted(FileOf(frame)) : "null",
                     frame.has_line() ? std::to_string(frame.line) : "null",
                     frame.module_path.empty() ? "null" : Quoted(frame.module_path), frame.is_inlined,
                     frame.is_python);
}

// {"frames":[0,3,4],"charged_frame":1,"threads":[{"thread":0,…}]}: frames innermost first; charged_frame is
// an index into them.
std::string StackJson(const Stack& stack, FrameTable& frames) {
  std::string numbers;
  for (const symbolize::Frame* frame : stack.frames) {
    numbers += (numbers.empty() ? "" : ",") + std::to_string(frames.NumberOf(frame));
  }
  std::string threads;
  for (const aggregate::SiteAmounts& site : stack.sites) {
    report::Amounts amounts;
    amounts.Add(site);
    threads +=
        fmt::format("{}{{\"thread\":{},{}}}", threads.empty() ? "" : ",", site.thread, AmountsJson(amounts));
  }
  return fmt::format(R"({{"frames":[{}],"charged_frame":{},"threads":[{}]}})", numbers,
                     stack.frames.empty() ? "null" : std::to_string(stack.charged_frame), threads);
}

}  // namespace

void WriteJson(const Input& input, Sink& sink) {
  report::Json head = report::Envelope("export", input.trace);
  head["moment"] = {{"label", input.profile.moment.label}, {"time_ns", input.profile.moment_time_ns}};
  head["threads"] = report::Json::array();
  for (std::size_t i = 0; i < input.trace.threads.size(); ++i) {
    const model::Thread& thread = input.trace.threads[i];
    head["threads"].push_back({{"thread", i}, {"tid", thread.tid}, {"name", thread.name}});
  }
  std::string text = report::ToText(head);
  text.resize(text.rfind('}'));  // the rest may be too large for a document in memory
  sink.Write(text + ",\"totals\":{" + AmountsJson(input.stacks.totals()) + "},\n\"stacks\":[");
  FrameTable frames;
  bool is_first = true;
  for (const Stack& stack : input.stacks.all()) {
    sink.Write((is_first ? "\n" : ",\n") + StackJson(stack, frames));
    is_first = false;
  }
  sink.Write("],\n\"frames\":[");
  for (std::size_t i = 0; i < frames.frames().size(); ++i) {
    sink.Write((i == 0 ? "\n" : ",\n") + FrameJson(*frames.frames()[i]));
  }
  sink.Write("]}\n");
}

}  // namespace memtrace::exporting
