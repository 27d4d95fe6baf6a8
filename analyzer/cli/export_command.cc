// SPDX-License-Identifier: MIT
// `memtrace export`: a trace in the format of another tool.
#include <memory>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/messages.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/export/export_file.h"
#include "analyzer/export/format.h"

namespace memtrace::cli {
namespace {

struct ExportArguments {
  ReaderOptions reader;
  std::string format;
  std::string output;
  std::string metric = "live";
  std::string at = "peak";
  std::vector<std::string> focus;
  std::vector<std::string> ignore;
  bool no_inlines = false;
};

std::string Examples() {
  std::string text = R"(Examples:
  memtrace export -f pprof                       memtrace.app.PID.pb.gz beside the trace, for go tool pprof
  memtrace export -f speedscope -o - app.mtr     to stdout
  memtrace export -f folded --metric count -o - | flamegraph.pl --countname allocations > app.svg
  memtrace export -f dhat --focus Index::        only stacks through Index, for valgrind's dh_view.html

Formats:)";
  for (const exporting::Format& format : exporting::Formats()) {
    text += fmt::format("\n  {:<12} {}", format.name, format.purpose);
  }
  return text;
}

Result<void> Export(OpenTrace& open, const ExportArguments& arguments, const exporting::Format& format,
                    report::StackSource& source, report::StackFilter& filter, report::Metric metric) {
  Result<aggregate::Profile> profile = open.Profile(arguments.at);
  if (!profile) return profile.error();
  const exporting::Stacks stacks(*profile, source, filter);
  exporting::Input input{open.trace(), *profile, stacks, metric};
  const aggregate::BlockChoice choice{stacks.kept_nodes()};
  if (format.need == exporting::Need::kCurve) {
    input.curve = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::BuildLiveCurve(reader, {.blocks = choice}, progress);
    });
  }
  if (format.need == exporting::Need::kBlocks) {
    input.for_each_life = [&open, &choice](aggregate::BlockLives::Visitor& visitor, const auto& lives_on) {
      open.Pass([&](reader::TraceReader& reader, const auto& progress) {
        aggregate::VisitLives(reader, choice, visitor, lives_on, progress);
      });
    };
    input.time_ns = open.Pass([](reader::TraceReader& reader, const auto&) {
      return [&reader](std::uint64_t ticks) { return reader.TimeNs(ticks); };
    });
  }
  const std::string path = arguments.output.empty()
                               ? exporting::PathBesideTrace(open.trace().info.path, format.suffix)
                               : arguments.output;
  Result<void> written = exporting::WriteToFile(path, open.trace().info.path, arguments.reader.output_fd,
                                                [&](exporting::Sink& sink) { format.write(input, sink); });
  if (written && path != "-") Say(fmt::format("wrote {}", path));
  return written;
}

int RunExport(const ExportArguments& arguments) {
  Result<const exporting::Format*> format = exporting::FindFormat(arguments.format);
  if (!format) return FailWith(format.error());
  Result<report::Metric> metric = report::ParseMetric(arguments.metric);
  if (!metric) return FailWith(metric.error());
  if (arguments.metric != "live" && !(*format)->takes_metric) {
    return FailWith({ErrorCode::kUsage, fmt::format("--metric chooses nothing in {}: it holds all metrics or "
                                                    "a curve",
                                                    (*format)->name)});
  }
  Result<report::StackFilter> filter = report::StackFilter::Create(arguments.focus, arguments.ignore);
  if (!filter) return FailWith(filter.error());
  return RunReaderCommand(arguments.reader, [&](OpenTrace& open) -> Result<Output> {
    report::SymbolizedStacks source(open.trace(), open.Symbols(!arguments.no_inlines));
    Result<void> done = Export(open, arguments, **format, source, *filter, *metric);
    if (!done) return done.error();
    return Output{"", 0, source.problems()};
  });
}

}  // namespace

void AddExportCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("export", "The trace in the format of another tool");
  const auto arguments = std::make_shared<ExportArguments>();
  command.add_option("TRACE", arguments->reader.trace,
                     "Trace file; the newest memtrace.*.mtr of this folder if not given");
  command.add_option("-f,--format", arguments->format, "Format, see below")->type_name("FORMAT")->required();
  command.add_option("-o,--output", arguments->output, "File to write, - for stdout [beside the trace]")
      ->type_name("FILE");
  command
      .add_option("--metric", arguments->metric,
                  "For folded and heapprofile: live, peak, not-freed, total, count or temporary")
      ->type_name("WHAT")
      ->capture_default_str();
  command.add_option("--at", arguments->at, "Moment of what is live: peak, end, a time (1.5s) or a mark")
      ->type_name("WHEN")
      ->capture_default_str();
  command
      .add_option("--focus", arguments->focus,
                  "Only stacks with a frame whose function, file or module matches")
      ->type_name("REGEX")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--ignore", arguments->ignore, "No stacks with such a frame")
      ->type_name("REGEX")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--no-inlines", arguments->no_inlines, "Do not unfold inlined calls; faster");
  command.footer(Examples());
  command.callback([arguments, &exit_code] { exit_code = RunExport(*arguments); });
}

}  // namespace memtrace::cli
