// SPDX-License-Identifier: MIT
// Everything here is said about the file; what the program did is the summary's.
#include "analyzer/report/info.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "analyzer/report/end_text.h"
#include "analyzer/report/metric_text.h"
#include "analyzer/report/python_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/table.h"
#include "analyzer/util/terminal_text.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

constexpr std::size_t kThreadsShown = 20;
constexpr std::size_t kDamageShown = 20;
constexpr std::array<const char*, kEventTypes> kEventNames = {
    "allocations", "frees", "reallocs begun", "reallocs failed", "maps", "unmaps", "remaps", "breaks"};

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

std::string Line(const char* name, const std::string& text) {
  return fmt::format("  {:<18} {}\n", name, text);
}

double Ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// The mappings of one file are shown once.
struct ModuleLine {
  std::string path;
  std::string build_id;
  std::uint64_t start = 0;
  std::size_t mappings = 0;
};

std::vector<ModuleLine> ModuleLines(const model::Trace& trace) {
  std::vector<ModuleLine> lines;
  for (const model::Module& module : trace.modules) {
    const auto known = std::find_if(lines.begin(), lines.end(), [&](const ModuleLine& line) {
      return line.path == module.path && line.build_id == module.build_id;
    });
    ModuleLine& line = known != lines.end()
                           ? *known
                           : lines.emplace_back(ModuleLine{module.path, module.build_id, module.start, 0});
    ++line.mappings;
  }
  return lines;
}

}  // namespace

EventCounts CountEvents(reader::TraceReader& reader, const std::function<void(double)>& progress) {
  EventCounts counts{};
  reader.ForEachEvent(
      [&counts](const model::Event& event) { ++counts[static_cast<std::size_t>(event.type)]; }, progress);
  return counts;
}

std::uint64_t InfoReport::TotalEvents() const {
  return std::accumulate(events_.begin(), events_.end(), 0ULL);
}

std::string InfoReport::FileText() const {
  const model::TraceInfo& info = trace_.info;
  std::string text = Line("format", fmt::format("memtrace trace, version {}", info.format_version));
  text += Line("size", fmt::format("{} ({} bytes)", Size(info.file_bytes), FormatGrouped(info.file_bytes)));
  text += Line("process", fmt::format("{} ({}), parent {}, on {}", info.pid, Printable(info.comm),
                                      info.parent_pid, Printable(info.host)));
  text += Line("program", Printable(info.exe));
  text += Line("folder", Printable(info.working_directory));
  text += Line("started", FormatWallClock(info.start_realtime_ns));
  text += Line("duration", FormatTime(info.duration_ns));
  text += Line("ended", EndText(info));
  text += Line("stack depth",
               info.max_depth == 0 ? "unlimited" : fmt::format("at most {} frames", info.max_depth));
  text += Line("clock", fmt::format("{:.3f} ticks a microsecond", info.ticks_per_second / 1e6));
  text += Line("memtrace itself", fmt::format("{} private, {} mapped from the trace",
                                              Size(info.own_private_bytes), Size(info.own_mapped_bytes)));
  return text;
}

std::string InfoReport::EventsText() const {
  const model::TraceInfo& info = trace_.info;
  const std::uint64_t total = TotalEvents();
  std::string text = Line("events", FormatGrouped(total));
  for (std::size_t i = 0; i < events_.size(); ++i) {
    if (events_[i] > 0) text += Line("", fmt::format("{} {}", FormatGrouped(events_[i]), kEventNames[i]));
  }
  if (info.stored_event_bytes > 0) {
    text += Line("compressed", fmt::format("{} of full windows to {}, ratio {:.2f}",
                                           Size(info.raw_event_bytes), Size(info.stored_event_bytes),
                                           Ratio(info.raw_event_bytes, info.stored_event_bytes)));
  }
  if (total > 0) {
    text += Line("bytes an event", fmt::format("{:.2f} of the file", Ratio(info.file_bytes, total)));
  }
  for (const model::PythonRuntime& runtime : trace_.python_runtimes)
    text += Line("python", PythonRuntimeText(runtime));
  if (!trace_.python_codes.empty())
    text += Line("python code", Counted(trace_.python_codes.size(), "code object", "code objects"));
  text += Line("call sites", fmt::format("{} nodes", trace_.sites.empty() ? 0 : trace_.sites.size() - 1));
  text += Line("events lost", FormatGrouped(info.nested_events_lost));
  text += Line("truncated stacks", FormatGrouped(info.truncated_stacks));
  text += Line("guessed frames", FormatGrouped(info.guessed_frames));
  text += Line("checkpoints", FormatGrouped(trace_.checkpoints.size()));
  text += Line("marks", FormatGrouped(trace_.marks.size()));
  return text;
}

std::string InfoReport::ThreadsText(const RenderOptions& render) const {
  std::string text = "\n" + render.paint.Bold(Counted(trace_.threads.size(), "thread", "threads")) + "\n";
  for (std::size_t i = 0; i < std::min(trace_.threads.size(), kThreadsShown); ++i) {
    const model::Thread& thread = trace_.threads[i];
    text += fmt::format("  {:>4}  tid {:<8} {}\n", i, thread.tid, Printable(thread.name));
  }
  if (trace_.threads.size() > kThreadsShown) {
    text += fmt::format("  and {} others; --json has all\n", trace_.threads.size() - kThreadsShown);
  }
  return text;
}

std::string InfoReport::ModulesText(const RenderOptions& render) const {
  const std::vector<ModuleLine> modules = ModuleLines(trace_);
  Table table({{"", Align::kLeft}, {"", Align::kLeft, true}, {"", Align::kLeft}});
  for (const ModuleLine& line : modules) {
    table.Add({fmt::format("{:#014x}", line.start), Printable(line.path.empty() ? "(no file)" : line.path),
               line.build_id.empty() ? "no build-id" : line.build_id});
  }
  return "\n" + render.paint.Bold(Counted(modules.size(), "module", "modules")) + "\n" +
         table.Text(render.columns, 2);
}

std::string InfoReport::NotesText() const {
  std::string text;
  for (const model::Note& note : trace_.notes) {
    text += fmt::format("  {} {}{}\n", FormatTime(note.time_ns), note.is_error ? "error: " : "",
                        Printable(note.text));
  }
  if (!text.empty()) text = "\nNotes of the recorder\n" + text;
  if (trace_.damage.empty()) return text + "\nNo damage found.\n";
  text += fmt::format("\n{}\n", Counted(trace_.damage.size(), "damaged place", "damaged places"));
  for (std::size_t i = 0; i < std::min(trace_.damage.size(), kDamageShown); ++i) {
    const model::Damage& damage = trace_.damage[i];
    text += fmt::format("  at byte {}: {}\n", damage.offset, Printable(damage.what));
  }
  if (trace_.damage.size() > kDamageShown) {
    text += fmt::format("  and {} others; --json has all\n", trace_.damage.size() - kDamageShown);
  }
  return text;
}

std::string InfoReport::Text(const RenderOptions& render) const {
  return render.paint.Bold(Printable(trace_.info.path)) + "\n" + FileText() + EventsText() +
         ThreadsText(render) + ModulesText(render) + NotesText();
}

Json InfoReport::ToJson() const {
  const model::TraceInfo& info = trace_.info;
  Json json = Envelope("info", trace_);
  json["selector"] = Json::object();
  json["header"] = {{"format_version", info.format_version},
                    {"comm", info.comm},
                    {"exe", info.exe},
                    {"host", info.host},
                    {"working_directory", info.working_directory},
                    {"parent_pid", info.parent_pid},
                    {"max_depth", info.max_depth},
                    {"ticks_per_second", info.ticks_per_second},
                    {"own_private_bytes", info.own_private_bytes},
                    {"own_mapped_bytes", info.own_mapped_bytes},
                    {"raw_event_bytes", info.raw_event_bytes},
                    {"stored_event_bytes", info.stored_event_bytes},
                    {"compression_ratio", Ratio(info.raw_event_bytes, info.stored_event_bytes)},
                    {"bytes_per_event", Ratio(info.file_bytes, TotalEvents())},
                    {"events_lost", info.nested_events_lost},
                    {"truncated_stacks", info.truncated_stacks},
                    {"guessed_frames", info.guessed_frames},
                    {"nodes", trace_.sites.empty() ? 0 : trace_.sites.size() - 1},
                    {"checkpoints", trace_.checkpoints.size()},
                    {"marks", trace_.marks.size()}};
  json["events"] = {{"total", TotalEvents()}};
  for (std::size_t i = 0; i < events_.size(); ++i) {
    std::string key = kEventNames[i];
    std::replace(key.begin(), key.end(), ' ', '_');
    json["events"][key] = events_[i];
  }
  json["threads"] = Json::array();
  for (std::size_t i = 0; i < trace_.threads.size(); ++i) {
    json["threads"].push_back(
        {{"thread", i}, {"tid", trace_.threads[i].tid}, {"name", trace_.threads[i].name}});
  }
  json["rows"] = Json::array();  // the modules: what the file lists
  for (const model::Module& module : trace_.modules) {
    json["rows"].push_back({{"module", module.path},
                            {"build_id", module.build_id},
                            {"start", module.start},
                            {"end", module.end},
                            {"load_bias", module.load_bias},
                            {"generation", module.generation}});
  }
  json["python"] = PythonJson(trace_);
  json["notes"] = Json::array();
  for (const model::Note& note : trace_.notes) {
    json["notes"].push_back({{"time_ns", note.time_ns}, {"is_error", note.is_error}, {"text", note.text}});
  }
  return json;
}

}  // namespace memtrace::report
