// SPDX-License-Identifier: MIT
// `memtrace compare`: several traces in, one table or one picture out.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "analyzer/aggregate/process_memory.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/compare.h"

namespace memtrace::cli {
namespace {

struct CompareArguments {
  ReaderOptions reader;
  std::vector<std::string> traces;
  SelectorOptions selectors;
  std::size_t slices = 1000;
  bool markdown = false;
  bool csv = false;
  bool svg = false;
  bool process = false;
  bool causes = false;
  std::string at;  // empty: process memory at its highest
};

constexpr const char* kCompareExamples = R"(Examples:
  memtrace compare out/*.mtr                               one line a recording
  memtrace compare 'all at once=a.mtr' 'one by one=b.mtr'  with names of one's own
  memtrace compare --markdown *.mtr                        a table for a README or an issue
  memtrace compare --svg -o runs.svg *.mtr                 every run's live memory in one picture
  memtrace compare --svg --process -o rss.svg *.mtr        and their process memory
  memtrace compare --causes eager.mtr streamed.mtr         what process memory consists of in each
  memtrace compare --causes --at loaded --csv *.mtr        the same at the mark "loaded" of each, for a script
  memtrace compare --focus '^main$' *.mtr                  main sources among what main asked for
  memtrace compare --from loaded --size 1MiB: *.mtr        large blocks allocated after the mark "loaded"

Which blocks: what is counted in all columns but process memory, and shown by --svg, where --from and --to are
the time shown. Which stacks: among them the main source is looked for.)";

// "NAME=TRACE", or a trace alone, whose name is what tells it from the others.
struct NamedTraces {
  std::vector<std::string> names;
  std::vector<std::string> paths;
};

NamedTraces NamesOf(const std::vector<std::string>& words) {
  NamedTraces named;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const bool has_name = equals != std::string::npos && equals > 0 && access(word.c_str(), F_OK) != 0;
    named.names.push_back(has_name ? word.substr(0, equals) : "");
    named.paths.push_back(has_name ? word.substr(equals + 1) : word);
  }
  const std::vector<std::string> shortened = report::ShortNames(named.paths);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (named.names[i].empty()) named.names[i] = shortened[i];
  }
  return named;
}

bool SelectsBlocks(const SelectorOptions& options) {
  return !options.from.empty() || !options.to.empty() || !options.threads.empty() || !options.size.empty() ||
         !options.lifetime.empty() || options.domain != "heap";
}

// As it was written: each trace has its own marks and threads for it.
report::Json SelectorOf(const CompareArguments& arguments) {
  const SelectorOptions& options = arguments.selectors;
  const auto given = [](const std::string& text) {
    return text.empty() ? report::Json(nullptr) : report::Json(text);
  };
  return {{"domain", options.domain},
          {"from", given(options.from)},
          {"to", given(options.to)},
          {"threads", options.threads},
          {"size", given(options.size)},
          {"lifetime", given(options.lifetime)},
          {"focus", options.stacks.focus},
          {"ignore", options.stacks.ignore},
          {"hide", options.stacks.hide},
          {"show_from", given(options.stacks.show_from)},
          {"include", options.stacks.include},
          {"exclude", options.stacks.exclude},
          {"all_frames", options.stacks.all_frames},
          {"process_at", given(arguments.at)}};
}

// Process memory by cause, at its highest or at the reading next to a moment; nothing if the trace has no
// readings.
Result<std::optional<report::RunProcess>> ProcessOf(OpenTrace& open, const std::string& at) {
  std::optional<std::size_t> reading;
  std::optional<std::uint64_t> moment_ns;
  if (!at.empty()) {
    const Result<aggregate::Moment> moment = aggregate::ParseMoment(at, open.trace());
    if (!moment) return moment.error();
    moment_ns = open.TimeOf(*moment);
    reading = aggregate::ReadingFor(open.trace(), *moment_ns);
  } else if (const std::vector<std::size_t> usual = aggregate::HighestAndLastReading(open.trace());
             !usual.empty()) {
    reading = usual.front();
  }
  if (!reading) return std::optional<report::RunProcess>();
  aggregate::ProcessMemoryWatch watch(open.trace(), {*reading}, true);
  open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildProfile(reader, {}, progress, &watch);
  });
  const aggregate::ProcessSplit& split = watch.splits().front();
  return std::optional(report::RunProcess{split.parts, split.time_ns, moment_ns.value_or(split.time_ns)});
}

Result<Output> Compare(const CompareArguments& arguments, const Selectors& selectors,
                       const NamedTraces& named, std::vector<OpenTrace>& traces) {
  Output output;
  std::vector<report::RunFigures> runs;
  std::vector<aggregate::Timeline> lines;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    Result<aggregate::Profile> profile = selectors.Profile(traces[i]);
    if (!profile) return profile.error();
    report::SymbolizedStacks stacks = selectors.Stacks(traces[i]);
    Result<report::RunFigures> run =
        report::FiguresOf(named.names[i], traces[i].trace(), *profile, stacks,
                          {selectors.stacks(), selectors.skip()}, traces[i].render());
    if (!run) return run.error();
    if (arguments.causes || arguments.reader.json) {
      Result<std::optional<report::RunProcess>> process = ProcessOf(traces[i], arguments.at);
      if (!process) {
        return Error{process.error().code, fmt::format("{}: {}", named.names[i], process.error().message)};
      }
      run->process = *process;
    }
    runs.push_back(std::move(*run));
    for (const std::string& problem : stacks.problems()) {
      const auto& known = output.problems;
      if (std::find(known.begin(), known.end(), problem) == known.end()) output.problems.push_back(problem);
    }
    if (!arguments.svg || arguments.process) continue;
    lines.push_back(traces[i].Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::BuildTimeline(reader, {profile->query, arguments.slices}, progress);
    }));
  }
  if (arguments.svg) {
    output.text = arguments.process ? report::CompareProcessSvg(runs) : report::CompareHeapSvg(runs, lines);
    return output;
  }
  const std::string moment =
      arguments.at.empty() ? "" : aggregate::ParseMoment(arguments.at, traces.front().trace())->label;
  const report::CompareReport compare(std::move(runs), SelectorOf(arguments), moment);
  if (arguments.causes && !arguments.reader.json && !arguments.csv) {
    output.text = arguments.markdown ? compare.CausesMarkdown() : compare.CausesText(traces.front().render());
    return output;
  }
  output.text = arguments.reader.json ? report::ToText(compare.ToJson())
                : arguments.markdown  ? compare.Markdown()
                : arguments.csv       ? compare.Csv(arguments.causes)
                                      : compare.Text(traces.front().render());
  return output;
}

int RunCompare(const CompareArguments& arguments) {
  // Their peaks are those of the chosen blocks, wherever a range ends.
  SelectorOptions at_peak = arguments.selectors;
  at_peak.at = "peak";
  const Result<Selectors> selectors = Selectors::Parse(at_peak);
  if (!selectors) return FailWith(selectors.error());
  if (arguments.svg && selectors->stacks().is_any()) {
    return FailWith(
        {ErrorCode::kUsage,
         "--focus and its like say among which stacks the table looks for the main source; --svg has "
         "none: see memtrace timeline --svg --focus"});
  }
  if (arguments.process && SelectsBlocks(arguments.selectors)) {
    return FailWith({ErrorCode::kUsage, "--process shows process memory, of which blocks cannot be chosen"});
  }
  if (!arguments.at.empty() && !arguments.causes && !arguments.reader.json) {
    return FailWith({ErrorCode::kUsage,
                     "--at says when process memory is looked at: it needs --causes (or --json); the heap's "
                     "columns are about the whole run, see memtrace top --at"});
  }
  const NamedTraces named = NamesOf(arguments.traces);
  return RunTracesCommand(arguments.reader, named.paths, [&](std::vector<OpenTrace>& traces) {
    return Compare(arguments, *selectors, named, traces);
  });
}

}  // namespace

void AddCompareCommand(CLI::App& app, int& exit_code) {
  CLI::App& command =
      *app.add_subcommand("compare", "Several recordings side by side, as a table or a picture");
  const auto arguments = std::make_shared<CompareArguments>();
  command.add_option("TRACE", arguments->traces, "Trace files, or NAME=TRACE to give them names")
      ->required()
      ->type_name("[NAME=]TRACE...");
  AddOutputOptions(command, arguments->reader);
  CLI::Option* json = command.get_option("--json");
  CLI::Option* markdown =
      command.add_flag("--markdown", arguments->markdown, "A Markdown table")->excludes(json);
  CLI::Option* csv = command.add_flag("--csv", arguments->csv, "Plain numbers for a spreadsheet")
                         ->excludes(json)
                         ->excludes(markdown);
  CLI::Option* svg =
      command.add_flag("--svg", arguments->svg, "Live memory of all runs over time, one curve each")
          ->excludes(json)
          ->excludes(markdown)
          ->excludes(csv);
  command.add_flag("--process", arguments->process, "With --svg: process memory instead of live memory")
      ->needs(svg);
  command
      .add_flag("--causes", arguments->causes,
                "What process memory was: live blocks, kept by the allocator, mapped, files …; with --csv as "
                "further columns")
      ->excludes(svg);
  command
      .add_option(
          "--at", arguments->at,
          "With --causes: at that moment of each, not at its highest: peak, end, a time or a mark's name")
      ->type_name("WHEN")
      ->excludes(svg);
  AddSelectorOptions(command, arguments->selectors, false);
  command.add_option("--slices", arguments->slices, "Slices of time for --svg")
      ->type_name("N")
      ->check(NumberFrom(1, 1000000))
      ->capture_default_str();
  command.footer(kCompareExamples);
  command.callback([arguments, &exit_code] { exit_code = RunCompare(*arguments); });
}

}  // namespace memtrace::cli
