// SPDX-License-Identifier: MIT
// One or two traces to one page.
#include "analyzer/cli/page_command.h"

#include <memory>
#include <optional>

#include <fmt/format.h>

#include "analyzer/aggregate/life_table.h"
#include "analyzer/cli/messages.h"
#include "analyzer/export/export_file.h"
#include "analyzer/export/text.h"
#include "analyzer/html/flame_svg.h"
#include "analyzer/html/page.h"
#include "analyzer/report/json.h"
#include "analyzer/report/process_timeline.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/suggest.h"

namespace memtrace::cli {
namespace {

// Everything of one trace that its part of a page refers to.
struct Recorded {
  Recorded(const OpenTrace& open, const Selectors& chosen, report::StackFilter& filter,
           aggregate::Profile sums)
      : selectors(chosen.stacks()),
        skip(chosen.skip()),
        profile(std::move(sums)),
        source(chosen.Stacks(open)),
        stacks(profile, source, filter, skip) {}

  report::StackSelectors selectors;
  bool skip;

  aggregate::Profile profile;
  report::SymbolizedStacks source;
  exporting::Stacks stacks;
  std::optional<aggregate::LiveCurve> curve;
  std::optional<aggregate::LifeTable> lives;
  std::optional<aggregate::CurvesByNode> growth;
  std::vector<aggregate::ProcessSplit> process;

  html::PagePart Part(const model::Trace& trace) {
    return {trace,
            profile,
            stacks,
            curve ? &*curve : nullptr,
            lives ? &*lives : nullptr,
            growth ? &*growth : nullptr,
            &process,
            &source,
            selectors,
            skip};
  }
};

Result<std::unique_ptr<Recorded>> Read(OpenTrace& open, const Selectors& selectors,
                                       report::StackFilter filter, bool with_time) {
  Result<aggregate::Profile> profile = selectors.Profile(open);
  if (!profile) return profile.error();
  auto recorded = std::make_unique<Recorded>(open, selectors, filter, std::move(*profile));
  // Mappings come and go in pieces: of them there are sums, but no rows over time.
  if (!with_time || !aggregate::HasBlocks(recorded->profile.domain)) return recorded;
  const auto selection = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::SelectionOf(reader, recorded->profile.query, progress);
  });
  const aggregate::BlockChoice choice{recorded->stacks.kept_nodes(), selection.get()};
  recorded->curve = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildLiveCurve(reader, {.blocks = choice}, progress);
  });
  recorded->lives = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildLifeTable(reader, *recorded->curve, {.blocks = choice}, progress);
  });
  if (recorded->profile.not_freed.blocks > 0) {
    recorded->growth = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::BuildCurves(reader, recorded->profile, progress);
    });
  }
  if (!open.trace().memory.empty()) {
    constexpr std::size_t kMostReadings = 300;
    const std::uint64_t duration_ns = open.trace().info.duration_ns;
    aggregate::ProcessMemoryWatch watch(
        open.trace(), report::ReadingsWithin(open.trace(), 0, duration_ns, kMostReadings), false);
    open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::BuildProfile(reader, {}, progress, &watch);
    });
    recorded->process = watch.splits();
  }
  return recorded;
}

Result<html::SourceMode> ParseSourceMode(const std::string& text) {
  const std::vector<std::string> names = {"none", "lines", "files"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (text == names[i]) return static_cast<html::SourceMode>(i);
  }
  return Error{ErrorCode::kUsage, fmt::format("--source \"{}\" is not known: {}{}", text, ListOf(names),
                                              DidYouMean(text, names))};
}

Result<std::string> ParsePageMetric(const std::string& text) {
  const std::vector<std::string> names = {"peak", "not-freed", "total", "count", "temporary"};
  for (const std::string& name : names) {
    if (text == name) return text == "not-freed" ? std::string("not_freed") : text;
  }
  return Error{ErrorCode::kUsage, fmt::format("--metric \"{}\" is not known: {}{}", text, ListOf(names),
                                              DidYouMean(text, names))};
}

struct Plan {
  const PageArguments& arguments;
  Selectors selectors;
  report::StackFilter filter;
  html::SourceMode source_mode;
  std::string metric;
  std::string base;  // path; empty: none
};

struct Written {
  std::string path;
  report::Json selector;
  std::vector<std::string> problems;
};

Result<Written> Write(OpenTrace& open, const Plan& plan) {
  const PageArguments& arguments = plan.arguments;
  Result<std::unique_ptr<Recorded>> main = Read(open, plan.selectors, plan.filter, !arguments.flame_only);
  if (!main) return main.error();
  html::PageRequest request{(*main)->Part(open.trace())};
  std::optional<OpenTrace> base_trace;
  std::unique_ptr<Recorded> base;
  std::optional<html::PagePart> base_part;
  if (!plan.base.empty()) {
    Result<reader::TraceReader> reader = reader::TraceReader::Open(plan.base);
    if (!reader) return reader.error();
    base_trace.emplace(std::move(*reader), open.render(), open.Symbols());
    // Its own: what a filter remembers is about frames of one trace.
    Result<report::StackFilter> filter = report::StackFilter::Create(plan.selectors.stacks());
    if (!filter) return filter.error();
    Result<std::unique_ptr<Recorded>> read = Read(*base_trace, plan.selectors, std::move(*filter), false);
    if (!read) return read.error();
    base = std::move(*read);
    base_part.emplace(base->Part(base_trace->trace()));
    request.base = &*base_part;
  }
  request.source = &(*main)->source;
  request.source_mode = plan.source_mode;
  request.title = report::BlocksSelectedText((*main)->profile.query, open.trace());
  request.metric = plan.metric;
  request.is_inverted = arguments.is_inverted;
  request.flame_only = arguments.flame_only;
  const std::string& trace_path = open.trace().info.path;
  const std::string path = arguments.reader.output.empty()
                               ? exporting::PathBesideTrace(trace_path, arguments.suffix)
                               : arguments.reader.output;
  const std::string title = exporting::CommandText(open.trace().info) + " – memtrace";
  const bool is_svg = arguments.flame_only && path.ends_with(".svg");
  Result<void> written =
      exporting::WriteToFile(path, trace_path, arguments.reader.output_fd, [&](exporting::Sink& sink) {
        if (is_svg) {
          html::WriteFlameSvg(request, sink);
        } else {
          html::WritePage(title, html::PageData(request), !arguments.no_compress, sink);
        }
      });
  if (!written) return written.error();
  return Written{path, report::SelectorJson((*main)->profile, plan.selectors.stacks()),
                 (*main)->source.problems()};
}

}  // namespace

void AddPageOptions(CLI::App& command, PageArguments& arguments) {
  AddReaderOptions(command, arguments.reader);
  command.get_option("--json")->description("Tell on stdout, as one JSON object, what was written");
  command.get_option("--output")->description("File to write, - for stdout [beside the trace]");
  command.add_option("--metric", arguments.metric, "Shown first: peak, not-freed, total, count or temporary")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_flag("--inverted", arguments.is_inverted, "From the places up to their callers");
  command.add_flag("--no-compress", arguments.no_compress, "Write the page's data as plain JSON");
  AddSelectorOptions(command, arguments.selectors, false);
}

int WritePageOf(const PageArguments& arguments) {
  Result<html::SourceMode> source_mode = ParseSourceMode(arguments.source);
  if (!source_mode) return FailWith(source_mode.error());
  Result<std::string> metric = ParsePageMetric(arguments.metric);
  if (!metric) return FailWith(metric.error());
  Result<Selectors> selectors = Selectors::Parse(arguments.selectors);
  if (!selectors) return FailWith(selectors.error());
  Result<report::StackFilter> filter = report::StackFilter::Create(selectors->stacks());
  if (!filter) return FailWith(filter.error());
  if (arguments.reader.json && arguments.reader.output == "-") {
    return FailWith({ErrorCode::kUsage, "--json and -o - both want stdout: give a file with -o"});
  }
  if (!arguments.base.empty() && !arguments.newer.empty()) {
    return FailWith({ErrorCode::kUsage, "give what to compare with once: two traces, or one and --base"});
  }
  Plan plan{arguments, *selectors, *filter, *source_mode, *metric, arguments.base};
  ReaderOptions reader = arguments.reader;
  reader.output.clear();  // the file is ours; what the command tells goes to stdout
  if (!arguments.newer.empty()) {
    plan.base = reader.trace;
    reader.trace = arguments.newer;
  }
  return RunReaderCommand(reader, [&](OpenTrace& open) -> Result<Output> {
    Result<Written> written = Write(open, plan);
    if (!written) return written.error();
    if (!reader.json) {
      if (written->path != "-") Say(fmt::format("wrote {}", written->path));
      return Output{"", 0, written->problems};
    }
    report::Json json = report::Envelope(arguments.command, open.trace());
    json["selector"] = written->selector;
    json["path"] = written->path;
    return Output{report::ToText(json), 0, written->problems};
  });
}

}  // namespace memtrace::cli
