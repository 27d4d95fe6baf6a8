// SPDX-License-Identifier: MIT
// Columns of the page's document.
#include "analyzer/html/page_data.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/export/text.h"
#include "analyzer/html/columns.h"
#include "analyzer/html/page_groups.h"
#include "analyzer/html/page_tree.h"
#include "analyzer/html/source_text.h"
#include "analyzer/report/end_text.h"
#include "analyzer/report/function_text.h"
#include "analyzer/report/process_memory.h"
#include "analyzer/report/process_split.h"
#include "analyzer/report/python_text.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/start_code.h"
#include "analyzer/symbolize/attribution.h"
#include "analyzer/symbolize/python_frames.h"
#include "analyzer/util/size_units.h"
#include "analyzer/util/terminal_text.h"
#include "analyzer/util/time_format.h"

namespace memtrace::html {
namespace {

using aggregate::Amount;
using symbolize::Frame;

// Bits of frames.flags.
constexpr unsigned kInlined = 1;
constexpr unsigned kPlumbing = 2;  // operator new, std:: and the like
constexpr unsigned kStartCode = 4;
constexpr unsigned kProgram = 8;  // of the recorded program itself, not of a library or package
constexpr unsigned kPython = 16;

std::string AmountJson(const Amount& amount) {
  return JsonObject().Number("bytes", amount.bytes).Number("blocks", amount.blocks).Done();
}

std::string OptionalNumber(std::uint64_t value) {
  return value == format::kUnknown ? "null" : std::to_string(value);
}

std::string NotesJson(const PagePart& part) {
  std::string json = "[";
  const auto add = [&json](const std::string& text) {
    json += (json.size() > 1 ? "," : "") + exporting::Quoted(Printable(text));
  };
  const model::TraceInfo& info = part.trace.info;
  if (info.nested_events_lost > 0) add(fmt::format("{} events were lost", info.nested_events_lost));
  if (info.truncated_stacks > 0) add(fmt::format("{} stacks are incomplete", info.truncated_stacks));
  for (const model::Damage& damage : part.trace.damage) {
    add(fmt::format("the trace is damaged at byte {}: {}", damage.offset, damage.what));
  }
  for (const model::Note& note : part.trace.notes) add(note.text);
  for (const model::PythonRuntime& runtime : part.trace.python_runtimes) {
    if (runtime.support != format::PythonSupport::kFull) add("Python " + report::PythonRuntimeText(runtime));
  }
  return json + "]";
}

std::string SummaryJson(const PagePart& part) {
  const model::TraceInfo& info = part.trace.info;
  const aggregate::Profile& profile = part.profile;
  const report::ProcessMemory process = report::ProcessMemoryOf(part.trace);
  const std::string remark = report::FreeListRemark(part.trace);
  return JsonObject()
      .Text("command", exporting::CommandText(info))
      .Text("started", FormatWallClock(info.start_realtime_ns))
      .Text("host", Printable(info.host))
      .Number("pid", info.pid)
      .Number("duration_ns", info.duration_ns)
      .Text("end", report::EndText(info))
      .Text("file", Printable(info.path.substr(info.path.rfind('/') + 1)))
      .Add("peak", AmountJson(profile.peak))
      .Number("peak_ns", profile.peak_time_ns)
      .Add("not_freed", AmountJson(profile.not_freed))
      .Add("total", AmountJson(profile.total))
      .Add("temporary", AmountJson(profile.temporary))
      .Number("frees", profile.frees)
      .Add("resident_peak", OptionalNumber(process.resident_peak_bytes))
      .Add("resident_end", OptionalNumber(process.resident_at_end_bytes))
      .Number("own", process.own_bytes)
      .Add("notes", NotesJson(part))
      .Text("python_remark", remark.substr(0, remark.find('\n')))
      .Done();
}

std::string ThreadsJson(const model::Trace& trace) {
  std::string json = "[";
  for (model::ThreadId i = 0; i < trace.threads.size(); ++i) {
    json += (i == 0 ? "" : ",") + exporting::Quoted(report::ThreadText(trace, i));
  }
  return json + "]";
}

std::string MarksJson(const PagePart& part) {
  std::string json = "[";
  for (const aggregate::MarkAmounts& mark : part.profile.marks) {
    const model::Mark& named = part.trace.marks[mark.mark];
    json += (json.size() > 1 ? "," : "") + JsonObject()
                                               .Text("name", Printable(named.name))
                                               .Number("t", named.time_ns)
                                               .Number("live", mark.live.bytes)
                                               .Done();
  }
  return json + "]";
}

bool IsProgram(const Frame& frame, const PagePart* part) {
  if (frame.is_python) return symbolize::IsProgramsOwn(frame);
  return part != nullptr && !frame.module_path.empty() && frame.module_path == part->trace.info.exe;
}

unsigned FlagsOf(const Frame& frame, const PageRequest& request) {
  return (frame.is_inlined ? kInlined : 0) | (symbolize::IsSkipped(frame, true) ? kPlumbing : 0) |
         (report::IsStartCode(frame) ? kStartCode : 0) |
         (IsProgram(frame, &request.main) || IsProgram(frame, request.base) ? kProgram : 0) |
         (frame.is_python ? kPython : 0);
}

std::string FramesJson(const PageTree& tree, const PageRequest& request, StringTable& strings) {
  struct Row {
    std::uint32_t name, full, file, module;
    std::uint32_t line, declared;
    unsigned flags;
  };
  std::vector<Row> rows = {{strings.NumberOf("(too small to show)"), strings.NumberOf(""),
                            strings.NumberOf(""), strings.NumberOf(""), 0, 0, 0}};
  for (const Frame* frame : tree.frames()) {
    rows.push_back(
        {strings.NumberOf(report::FunctionText(*frame)), strings.NumberOf(Printable(frame->function)),
         strings.NumberOf(exporting::FileOf(*frame)),
         strings.NumberOf(Printable(frame->module_path.empty() ? frame->module : frame->module_path)),
         frame->has_line() ? frame->line : 0, frame->function_line, FlagsOf(*frame, request)});
  }
  return JsonObject()
      .Add("name", Column(rows, [](const Row& row) { return row.name; }))
      .Add("full", Column(rows, [](const Row& row) { return row.full; }))
      .Add("file", Column(rows, [](const Row& row) { return row.file; }))
      .Add("module", Column(rows, [](const Row& row) { return row.module; }))
      .Add("line", Column(rows, [](const Row& row) { return row.line; }))
      .Add("declared", Column(rows, [](const Row& row) { return row.declared; }))
      .Add("flags", Column(rows, [](const Row& row) { return row.flags; }))
      .Done();
}

std::string CurveJson(const aggregate::LiveCurve& curve) {
  std::vector<aggregate::CurvePoint> points = {{}};
  for (const aggregate::CurveInterval& interval : curve.intervals) {
    if (interval.highest != points.back()) points.push_back(interval.highest);
    if (interval.end != points.back()) points.push_back(interval.end);
  }
  return JsonObject()
      .Add("t", Column(
                    points, [](const auto& point) { return point.time_ns; }, true))
      .Add("bytes", Column(points, [](const auto& point) { return point.live.bytes; }))
      .Add("blocks", Column(points, [](const auto& point) { return point.live.blocks; }))
      .Done();
}

std::string ResidentJson(const model::Trace& trace) {
  std::vector<model::Checkpoint> known;
  for (const model::Checkpoint& checkpoint : trace.checkpoints) {
    if (checkpoint.resident != format::kUnknown) known.push_back(checkpoint);
  }
  constexpr std::size_t kMaxPoints = 2000;
  const std::size_t step = known.size() / kMaxPoints + 1;
  std::vector<model::Checkpoint> shown;  // of each step the highest
  for (std::size_t i = 0; i < known.size(); i += step) {
    const auto end = known.begin() + static_cast<std::ptrdiff_t>(std::min(i + step, known.size()));
    shown.push_back(*std::max_element(
        known.begin() + static_cast<std::ptrdiff_t>(i), end,
        [](const model::Checkpoint& a, const model::Checkpoint& b) { return a.resident < b.resident; }));
  }
  return JsonObject()
      .Add("t", Column(
                    shown, [](const auto& point) { return point.time_ns; }, true))
      .Add("bytes", Column(shown, [](const auto& point) { return point.resident; }))
      .Done();
}

std::string ProcessJson(const std::vector<aggregate::ProcessSplit>& splits) {
  std::string causes = "[";
  for (const report::ProcessCause& cause : report::ProcessCauses()) {
    causes += causes.size() > 1 ? "," : "";
    causes += JsonObject()
                  .Text("key", cause.key)
                  .Text("title", cause.title)
                  .Text("color", cause.color)
                  .Add("bytes", Column(splits, [&](const auto& split) { return cause.bytes(split.parts); }))
                  .Done();
  }
  return JsonObject()
      .Add("t", Column(
                    splits, [](const auto& split) { return split.time_ns; }, true))
      .Add("causes", causes + "]")
      .Done();
}

// Rows of entries instead of sites; those that became equal are joined.
std::vector<aggregate::LifeRow> RowsByEntry(const PageTree& tree, const aggregate::LifeTable& lives) {
  std::vector<aggregate::LifeRow> rows;
  for (aggregate::LifeRow row : lives.rows) {
    const aggregate::LifeSite& site = lives.sites[row.site];
    row.site = tree.EntryOf(site.node, site.thread);
    if (row.site < tree.entries().size()) rows.push_back(row);
  }
  const auto key = [](const aggregate::LifeRow& row) { return std::tie(row.site, row.birth, row.death); };
  std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  std::vector<aggregate::LifeRow> joined;
  for (const aggregate::LifeRow& row : rows) {
    if (joined.empty() || key(joined.back()) != key(row)) {
      joined.push_back(row);
    } else {
      joined.back().amount += row.amount;
      joined.back().temporary += row.temporary;
    }
  }
  return joined;
}

std::string LivesJson(const PageTree& tree, const aggregate::LifeTable& lives) {
  const std::vector<aggregate::LifeRow> rows = RowsByEntry(tree, lives);
  using Row = aggregate::LifeRow;
  return JsonObject()
      .Add("border_t", Column(
                           lives.borders, [](const auto& point) { return point.time_ns; }, true))
      .Add("border_bytes", Column(lives.borders, [](const auto& point) { return point.live.bytes; }))
      .Add("border_blocks", Column(lives.borders, [](const auto& point) { return point.live.blocks; }))
      .Add("entry", Column(
                        rows, [](const Row& row) { return row.site; }, true))
      .Add("birth", Column(rows, [](const Row& row) { return row.birth; }))
      .Add("age", Column(rows, [](const Row& row) { return row.death - row.birth; }))
      .Add("bytes", Column(rows, [](const Row& row) { return row.amount.bytes; }))
      .Add("blocks", Column(rows, [](const Row& row) { return row.amount.blocks; }))
      .Add("temporary_bytes", Column(rows, [](const Row& row) { return row.temporary.bytes; }))
      .Add("temporary_blocks", Column(rows, [](const Row& row) { return row.temporary.blocks; }))
      .Done();
}

std::string AmountsJson(const std::vector<PageEntry>& entries, report::Amounts PageEntry::*which) {
  JsonObject json;
  const auto add = [&](const std::string& name, Amount report::Amounts::*amount) {
    json.Add(name + "_bytes", Column(entries, [&](const PageEntry& e) { return (e.*which.*amount).bytes; }));
    json.Add(name + "_blocks",
             Column(entries, [&](const PageEntry& e) { return (e.*which.*amount).blocks; }));
  };
  add("peak", &report::Amounts::peak);
  add("not_freed", &report::Amounts::not_freed);
  add("total", &report::Amounts::total);
  add("temporary", &report::Amounts::temporary);
  return json.Done();
}

// {"<string of file>":{"<line>":"text"}}
std::string SourcesJson(const SourceTexts& sources, StringTable& strings) {
  JsonObject json;
  for (const auto& [file, texts] : sources) {
    JsonObject of_file;
    for (const auto& [line, text] : texts) of_file.Text(std::to_string(line), text);
    json.Add(std::to_string(strings.NumberOf(file)), of_file.Done());
  }
  return json.Done();
}

// The page formats by itself; growth texts are formatted here.
const char* SizeUnitsName() {
  switch (CurrentSizeUnits()) {
    case SizeUnits::kDecimal:
      return "decimal";
    case SizeUnits::kBytes:
      return "bytes";
    case SizeUnits::kBinary:
      break;
  }
  return "binary";
}

}  // namespace

std::string PageData(const PageRequest& request) {
  const PagePart& main = request.main;
  const PageTree tree(main.stacks, request.base != nullptr ? &request.base->stacks : nullptr,
                      request.max_nodes);
  StringTable strings;
  JsonObject json;
  json.Number("version", 1).Text("tool", exporting::ToolText());
  json.Text("title", request.title).Text("metric", request.metric);
  json.Add("inverted", request.is_inverted ? "true" : "false");
  json.Add("flame_only", request.flame_only ? "true" : "false");
  json.Text("size_units", SizeUnitsName());
  json.Add("summary", SummaryJson(main))
      .Add("threads", ThreadsJson(main.trace))
      .Add("marks", MarksJson(main));
  json.Text("working_directory", Printable(main.trace.info.working_directory));
  json.Add("frames", FramesJson(tree, request, strings));
  json.Add("nodes", JsonObject()
                        .Add("parent", Column(
                                           tree.nodes(), [](const PageNode& n) { return n.parent; }, true))
                        .Add("frame", Column(tree.nodes(), [](const PageNode& n) { return n.frame; }))
                        .Done());
  json.Add("entries", JsonObject()
                          .Add("node", Column(
                                           tree.entries(), [](const auto& e) { return e.node; }, true))
                          .Add("thread", Column(tree.entries(), [](const auto& e) { return e.thread; }))
                          .Add("charged", Column(tree.entries(), [](const auto& e) { return e.charged; }))
                          .Done());
  json.Number("folded_nodes", tree.folded_nodes());
  json.Add("folded_share", fmt::format("{}", tree.folded_share()));
  if (main.lives != nullptr) {
    json.Add("curve", CurveJson(*main.curve)).Add("resident", ResidentJson(main.trace));
    json.Add("lives", LivesJson(tree, *main.lives));
  } else {
    json.Add("amounts", AmountsJson(tree.entries(), &PageEntry::amounts));
  }
  if (main.process != nullptr && !main.process->empty()) json.Add("process", ProcessJson(*main.process));
  if (request.base != nullptr) {
    json.Add("base", JsonObject()
                         .Add("summary", SummaryJson(*request.base))
                         .Add("amounts", AmountsJson(tree.entries(), &PageEntry::base))
                         .Add("places", main.source != nullptr && request.base->source != nullptr
                                            ? PlacesJson(main, *request.base, tree)
                                            : "{}")
                         .Done());
  }
  if (main.growth != nullptr && main.source != nullptr) json.Add("growth", GrowthJson(main, tree, strings));
  json.Add("sources", SourcesJson(SourceTextsOf(request, tree.frames()), strings));
  json.Add("strings", strings.Json());
  return json.Done();
}

}  // namespace memtrace::html
