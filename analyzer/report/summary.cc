// SPDX-License-Identifier: MIT
// The heap's figures are in valgrind's terms, so that the two can be compared line by line.
#include "analyzer/report/summary.h"

#include <fmt/format.h>

#include "analyzer/report/command_text.h"
#include "analyzer/report/end_text.h"
#include "analyzer/report/metric_text.h"
#include "analyzer/report/process_memory.h"
#include "analyzer/report/python_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/table.h"
#include "analyzer/util/terminal_text.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

constexpr std::size_t kTopLines = 5;
constexpr std::size_t kMarksShown = 40;

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

TopReport TopOf(const model::Trace& trace, const aggregate::Profile& profile, StackSource& source) {
  TopOptions options;
  options.limit = kTopLines;
  return std::move(TopReport::Build(trace, profile, source, std::move(options)))
      .value();  // no filter, no error
}

std::string Line(const char* name, const std::string& text) {
  return fmt::format("  {:<18} {}\n", name, text);
}

std::string ProcessText(const model::Trace& trace) {
  const ProcessMemory memory = ProcessMemoryOf(trace);
  return Line("process memory", fmt::format("{} {}, {} at its peak; memtrace's own part is {}",
                                            KnownSize(memory.resident_at_end_bytes),
                                            trace.info.is_running ? "now" : "at the end",
                                            KnownSize(memory.resident_peak_bytes), Size(memory.own_bytes)));
}

}  // namespace

SummaryReport::SummaryReport(const model::Trace& trace, const aggregate::Profile& profile,
                             StackSource& source, const std::vector<aggregate::ProcessSplit>& splits,
                             std::vector<aggregate::PythonHeap> python, std::optional<ChosenSplit> chosen)
    : trace_(trace),
      profile_(profile),
      has_moment_(chosen.has_value()),
      top_(TopOf(trace, profile, source)),
      process_(trace, splits, source, std::move(chosen)),
      python_(std::move(python)) {}

std::string SummaryReport::HeapText(const RenderOptions& render) const {
  const aggregate::Profile& p = profile_;
  std::string text = render.paint.Bold("Heap") + "\n";
  text += Line("total heap usage",
               fmt::format("{} allocs, {} frees, {} bytes allocated", FormatGrouped(p.total.blocks),
                           FormatGrouped(p.frees), FormatGrouped(p.total.bytes)));
  text += Line(trace_.info.is_running ? "in use now" : "in use at exit",
               fmt::format("{} bytes in {} blocks", FormatGrouped(p.not_freed.bytes),
                           FormatGrouped(p.not_freed.blocks)));
  text += Line("peak", fmt::format("{} in {} at {}", Size(p.peak.bytes),
                                   Counted(p.peak.blocks, "block", "blocks"), FormatTime(p.peak_time_ns)));
  text += Line(
      "temporary",
      fmt::format("{} of all allocations ({}) were freed before their thread's next one",
                  FormatShare(static_cast<double>(p.temporary.blocks), static_cast<double>(p.total.blocks)),
                  FormatGrouped(p.temporary.blocks)));
  if (p.peak_mapped.bytes > 0) {
    text += Line("mapped",
                 fmt::format("up to {} by the program's own mmap and brk calls", Size(p.peak_mapped.bytes)));
  }
  return text + ProcessText(trace_);
}

// Its objects are part of the heap; its arenas are what they take of the process.
std::string SummaryReport::PythonText(const RenderOptions& render) const {
  if (trace_.python_runtimes.empty() && python_.empty()) return {};
  std::string text = "\n" + render.paint.Bold("Python") + "\n";
  for (const model::PythonRuntime& runtime : trace_.python_runtimes)
    text += Line("interpreter", PythonRuntimeText(runtime));
  for (std::size_t i = 0; i < python_.size(); ++i) {
    const aggregate::PythonHeap& heap = python_[i];
    const char* when = i == 0 ? "at the heap's peak" : trace_.info.is_running ? "now" : "at the end";
    text += Line(i == 0 ? "objects" : "", fmt::format("{} in {} {}", Size(heap.objects.bytes),
                                                      Counted(heap.objects.blocks, "block", "blocks"), when));
  }
  for (std::size_t i = 0; i < python_.size(); ++i) {
    if (const std::string arenas = ArenasText(python_[i]); !arenas.empty())
      text += Line(i == 0 ? "arenas" : "", arenas + (i == 0 ? " then" : ""));
  }
  return text;
}

// W2's lines: one a mark.
std::string SummaryReport::MarksText(const RenderOptions& render) const {
  if (profile_.marks.empty()) return {};
  Table table({{"Mark", Align::kLeft, true}, {"time"}, {"process memory"}, {"traced"}, {"peak until then"}});
  const std::size_t count = profile_.marks.size();
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (count > kMarksShown && i >= kMarksShown / 2 && i < count - kMarksShown / 2) {
      ++left_out;
      continue;
    }
    const aggregate::MarkAmounts& amounts = profile_.marks[i];
    const model::Mark& mark = trace_.marks.at(amounts.mark);
    table.Add({Printable(mark.name), FormatTime(mark.time_ns), KnownSize(ResidentAtMark(trace_, mark)),
               Size(amounts.live.bytes), Size(amounts.peak_bytes)});
  }
  std::string text = table.Text(render.columns, 2);
  if (left_out > 0)
    text += fmt::format("  ({} marks in the middle are left out; --json has all)\n", left_out);
  return "\n" + text;
}

// What the recorder wanted said. An empty recording needs a reason.
std::string SummaryReport::NotesText() const {
  const bool is_empty = profile_.total.blocks == 0;
  std::string text;
  for (const model::Note& note : trace_.notes) {
    text += Line(is_empty && text.empty() ? "0 events, because" : "note", Printable(note.text));
  }
  if (is_empty && text.empty()) text += Line("0 events, because", "the program allocated nothing");
  return text;
}

// What one must know before trusting the figures: nothing if there is nothing.
std::string SummaryReport::QualityText() const {
  const model::TraceInfo& info = trace_.info;
  std::string text = Line("events lost", FormatGrouped(info.nested_events_lost));
  text += NotesText();
  if (info.truncated_stacks > 0) text += Line("truncated stacks", FormatGrouped(info.truncated_stacks));
  if (info.guessed_frames > 0) text += Line("guessed frames", FormatGrouped(info.guessed_frames));
  if (profile_.unknown_frees > 0) {
    text +=
        Line("unknown frees", FormatGrouped(profile_.unknown_frees) + " of blocks from before the recording");
  }
  if (profile_.mismatched_frees > 0) {
    text += Line("mismatched frees",
                 FormatGrouped(profile_.mismatched_frees) + " (new with free, new[] with delete)");
  }
  return text;
}

std::string SummaryReport::Text(const RenderOptions& render) const {
  const model::TraceInfo& info = trace_.info;
  std::string command = CommandText(info);
  if (render.columns > 40) command = EllipsizeEnd(command, render.columns - 21);
  std::string text = render.paint.Bold(command) + "\n";
  text +=
      Line("recorded", fmt::format("{} from {}, process {} on {}", FormatTime(info.duration_ns),
                                   FormatWallClock(info.start_realtime_ns), info.pid, Printable(info.host)));
  text += Line("ended", EndText(info));
  text += "\n" + HeapText(render) + QualityText() + PythonText(render) + MarksText(render);
  if (const std::string process = process_.Text(render); !process.empty()) text += "\n" + process;
  const std::string moment = has_moment_ ? Printable(profile_.moment.label) : "at peak";
  text +=
      fmt::format("\n{}\n{}", render.paint.Bold("Lines that hold the most " + moment), top_.RowsText(render));
  text += render.paint.Dim(FreeListRemark(trace_));
  const std::string file = ShellQuoted(info.path);
  text += fmt::format("\nnext: memtrace top {0}\n      memtrace leaks {0}\n", file);
  return text;
}

Json SummaryReport::ToJson(const RenderOptions& render) const {
  const model::TraceInfo& info = trace_.info;
  const ProcessMemory memory = ProcessMemoryOf(trace_);
  Json json = Envelope("summary", trace_);
  json["selector"] = Json::object();
  if (has_moment_) {
    json["selector"] = {{"at", profile_.moment.label}, {"at_time_ns", profile_.moment_time_ns}};
    json["live"] = report::ToJson(profile_.live);
  }
  json["heap"] = {{"allocations", profile_.total.blocks},
                  {"frees", profile_.frees},
                  {"allocated_bytes", profile_.total.bytes},
                  {"in_use_at_exit", report::ToJson(profile_.not_freed)},
                  {"peak", report::ToJson(profile_.peak)},
                  {"peak_time_ns", profile_.peak_time_ns},
                  {"temporary", report::ToJson(profile_.temporary)},
                  {"unknown_frees", profile_.unknown_frees},
                  {"mismatched_frees", profile_.mismatched_frees},
                  {"peak_mapped", report::ToJson(profile_.peak_mapped)}};
  json["process"] = {{"resident_at_end_bytes", KnownOrNull(memory.resident_at_end_bytes)},
                     {"resident_peak_bytes", KnownOrNull(memory.resident_peak_bytes)},
                     {"memtrace_private_bytes", info.own_private_bytes},
                     {"memtrace_mapped_bytes", info.own_mapped_bytes}};
  json["process_memory"] = process_.ToJson(render);
  json["quality"] = {{"events_lost", info.nested_events_lost},
                     {"truncated_stacks", info.truncated_stacks},
                     {"guessed_frames", info.guessed_frames}};
  json["python"] = PythonJson(trace_);
  for (std::size_t i = 0; i < python_.size(); ++i)
    json["python"][i == 0 ? "at_peak" : "at_end"] = report::ToJson(python_[i]);
  json["notes"] = Json::array();
  for (const model::Note& note : trace_.notes) {
    json["notes"].push_back({{"time_ns", note.time_ns}, {"is_error", note.is_error}, {"text", note.text}});
  }
  json["marks"] = Json::array();
  for (const aggregate::MarkAmounts& amounts : profile_.marks) {
    const model::Mark& mark = trace_.marks.at(amounts.mark);
    json["marks"].push_back({{"name", mark.name},
                             {"time_ns", mark.time_ns},
                             {"thread", mark.thread},
                             {"resident_bytes", KnownOrNull(ResidentAtMark(trace_, mark))},
                             {"live", report::ToJson(amounts.live)},
                             {"peak_until_then_bytes", amounts.peak_bytes}});
  }
  json["rows"] = top_.ToJson()["rows"];
  return json;
}

}  // namespace memtrace::report
