// SPDX-License-Identifier: MIT
// `memtrace export`: a trace in the format of another tool.
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/messages.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/export/export_file.h"
#include "analyzer/export/format.h"
#include "analyzer/report/json.h"
#include "analyzer/report/selector_text.h"

namespace memtrace::cli {
namespace {

struct ExportArguments {
  ReaderOptions reader;
  SelectorOptions selectors;
  std::string format;
  std::string metric = "live";
};

std::string Examples() {
  std::string text = R"(Examples:
  memtrace export -f pprof                       memtrace.app.PID.pb.gz beside the trace, for go tool pprof
  memtrace export -f speedscope -o - app.mtr     to stdout
  memtrace export -f folded --metric count -o - | flamegraph.pl --countname allocations > app.svg
  memtrace export -f dhat --focus Index::        only stacks through Index, for valgrind's dh_view.html

There is no --si or --bytes here: the formats hold numbers of bytes, and the tools that read them choose the units.

Formats:)";
  for (const exporting::Format& format : exporting::Formats()) {
    text += fmt::format("\n  {:<12} {}", format.name, format.purpose);
  }
  return text;
}

report::Json TotalsJson(const report::Amounts& totals) {
  return {{"live", report::ToJson(totals.live)},
          {"peak", report::ToJson(totals.peak)},
          {"not_freed", report::ToJson(totals.not_freed)},
          {"total", report::ToJson(totals.total)},
          {"temporary", report::ToJson(totals.temporary)}};
}

struct Written {
  std::string path;
  report::Json totals;
  report::Json selector;
};

// What a run needs, made from the options before the trace is read.
struct Plan {
  const exporting::Format& format;
  report::Metric metric;
  Selectors selectors;
  report::StackFilter filter;
  std::string output;
  int stdout_fd;
};

// The passes over single blocks that formats may ask for.
class BlockPasses {
 public:
  BlockPasses(OpenTrace& open, const aggregate::Query& query, const exporting::Stacks& stacks) : open_(open) {
    choice_.nodes = stacks.kept_nodes();
    selection_ = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::SelectionOf(reader, query, progress);
    });
    choice_.selection = selection_.get();
  }

  void AddTo(exporting::Input& input, exporting::Need need) {
    if (need == exporting::Need::kCurve) {
      input.curve = open_.Pass([&](reader::TraceReader& reader, const auto& progress) {
        return aggregate::BuildLiveCurve(reader, {.blocks = choice_}, progress);
      });
    }
    input.for_each_life = [this](aggregate::BlockLives::Visitor& visitor, const auto& lives_on) {
      open_.Pass([&](reader::TraceReader& reader, const auto& progress) {
        aggregate::VisitLives(reader, choice_, visitor, lives_on, progress);
      });
    };
    input.time_ns = open_.Pass([](reader::TraceReader& reader, const auto&) {
      return [&reader](std::uint64_t ticks) { return reader.TimeNs(ticks); };
    });
  }

 private:
  OpenTrace& open_;
  std::unique_ptr<aggregate::Selection> selection_;
  aggregate::BlockChoice choice_;
};

Result<Written> Export(OpenTrace& open, Plan& plan, report::StackSource& source) {
  Result<aggregate::Profile> profile = plan.selectors.Profile(open);
  if (!profile) return profile.error();
  if (plan.format.need != exporting::Need::kSums && !aggregate::HasBlocks(profile->domain)) {
    return Error{ErrorCode::kUsage, fmt::format("--domain {} has no single blocks, which {} is made of: "
                                                "try pprof, folded, speedscope, heapprofile, csv or json",
                                                report::DomainName(profile->domain), plan.format.name)};
  }
  const exporting::Stacks stacks(*profile, source, plan.filter, plan.selectors.skip());
  exporting::Input input{open.trace(), *profile, stacks, plan.metric};
  std::optional<BlockPasses> passes;
  if (plan.format.need != exporting::Need::kSums) {
    passes.emplace(open, profile->query, stacks).AddTo(input, plan.format.need);
  }
  const std::string& trace_path = open.trace().info.path;
  const std::string path =
      plan.output.empty() ? exporting::PathBesideTrace(trace_path, plan.format.suffix) : plan.output;
  Result<void> written = exporting::WriteToFile(
      path, trace_path, plan.stdout_fd, [&](exporting::Sink& sink) { plan.format.write(input, sink); });
  if (!written) return written.error();
  return Written{path, TotalsJson(stacks.totals()), report::SelectorJson(*profile, plan.selectors.stacks())};
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
  Result<Selectors> selectors = Selectors::Parse(arguments.selectors);
  if (!selectors) return FailWith(selectors.error());
  Result<report::StackFilter> filter = report::StackFilter::Create(selectors->stacks());
  if (!filter) return FailWith(filter.error());
  if (arguments.reader.json && arguments.reader.output == "-") {
    return FailWith({ErrorCode::kUsage, "--json and -o - both want stdout: give a file with -o"});
  }
  ReaderOptions reader = arguments.reader;
  reader.output.clear();  // the file is ours; what the command tells goes to stdout
  Plan plan{**format, *metric, *selectors, *filter, arguments.reader.output, arguments.reader.output_fd};
  return RunReaderCommand(reader, [&](OpenTrace& open) -> Result<Output> {
    report::SymbolizedStacks source = plan.selectors.Stacks(open);
    Result<Written> written = Export(open, plan, source);
    if (!written) return written.error();
    if (written->path != "-" && !reader.json) Say(fmt::format("wrote {}", written->path));
    if (!reader.json) return Output{"", 0, source.problems()};
    report::Json json = report::Envelope("export", open.trace());
    json["selector"] = written->selector;
    json["format"] = (*format)->name;
    json["path"] = written->path;
    json["totals"] = written->totals;
    return Output{report::ToText(json), 0, source.problems()};
  });
}

}  // namespace

void AddExportCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("export", "The trace in the format of another tool");
  const auto arguments = std::make_shared<ExportArguments>();
  AddReaderOptions(command, arguments->reader);
  RemoveSizeUnits(command);
  command.get_option("--json")->description("Tell on stdout, as one JSON object, what was written");
  command.get_option("--output")->description("File to write, - for stdout [beside the trace]");
  command.add_option("-f,--format", arguments->format, "Format, see below")->type_name("FORMAT")->required();
  command
      .add_option("--metric", arguments->metric,
                  "For folded and heapprofile: live, peak, not-freed, total, count or temporary")
      ->type_name("WHAT")
      ->capture_default_str();
  AddSelectorOptions(command, arguments->selectors);
  command.footer(Examples());
  command.callback([arguments, &exit_code] { exit_code = RunExport(*arguments); });
}

}  // namespace memtrace::cli
