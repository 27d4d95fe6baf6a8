// SPDX-License-Identifier: MIT
// One row a stack and thread, all metrics, quoted as RFC 4180 says.
#include <string>

#include <fmt/format.h>

#include "analyzer/export/format.h"
#include "analyzer/export/text.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::exporting {
namespace {

std::string Field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

// As memray's transform csv: "function;file;line|function;file;line", innermost frame first.
std::string StackField(const Stack& stack) {
  std::string text;
  for (const symbolize::Frame* frame : stack.frames) {
    if (!text.empty()) text += '|';
    text += fmt::format("{};{};{}", NameOf(*frame),
                        frame->has_line() ? FileOf(*frame) : Printable(frame->module_path),
                        frame->has_line() ? frame->line : 0);
  }
  return text;
}

std::string ChargedFields(const Stack& stack) {
  if (stack.frames.empty()) return ",,,";
  const symbolize::Frame& frame = *stack.frames[stack.charged_frame];
  return fmt::format("{},{},{},{}", Field(NameOf(frame)), Field(FileOf(frame)),
                     frame.has_line() ? std::to_string(frame.line) : "", Field(Printable(frame.module_path)));
}

}  // namespace

void WriteCsv(const Input& input, Sink& sink) {
  sink.Write(
      "thread,thread_name,live_bytes,live_blocks,peak_bytes,peak_blocks,not_freed_bytes,not_freed_blocks,"
      "total_bytes,total_blocks,temporary_bytes,temporary_blocks,function,file,line,module,stack\r\n");
  const auto& threads = input.trace.threads;
  for (const Stack& stack : input.stacks.all()) {
    const std::string place = ChargedFields(stack) + "," + Field(StackField(stack));
    for (const aggregate::SiteAmounts& site : stack.sites) {
      const std::string name = site.thread < threads.size() ? Printable(threads[site.thread].name) : "";
      sink.Write(fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", site.thread, Field(name),
                             site.live.bytes, site.live.blocks, site.peak.bytes, site.peak.blocks,
                             site.not_freed.bytes, site.not_freed.blocks, site.total.bytes, site.total.blocks,
                             site.temporary.bytes, site.temporary.blocks, place));
    }
  }
}

}  // namespace memtrace::exporting
