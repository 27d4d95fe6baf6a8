// SPDX-License-Identifier: MIT
// `memtrace compare`: several traces in, one table or one picture out.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/compare.h"

namespace memtrace::cli {
namespace {

struct CompareArguments {
  ReaderOptions reader;
  std::vector<std::string> traces;
  std::vector<std::string> focus;
  std::vector<std::string> ignore;
  std::size_t slices = 1000;
  bool markdown = false;
  bool csv = false;
  bool svg = false;
  bool process = false;
};

constexpr const char* kExamples = R"(Examples:
  memtrace compare out/*.mtr                               one line a recording
  memtrace compare 'all at once=a.mtr' 'one by one=b.mtr'  with names of one's own
  memtrace compare --markdown *.mtr                        a table for a README or an issue
  memtrace compare --svg -o runs.svg *.mtr                 every run's live memory in one picture
  memtrace compare --svg --process -o rss.svg *.mtr        and their process memory
  memtrace compare --focus '^main$' *.mtr                  main sources among what main asked for)";

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

Result<Output> Compare(const CompareArguments& arguments, const NamedTraces& named,
                       std::vector<OpenTrace>& traces) {
  Output output;
  std::vector<report::RunFigures> runs;
  std::vector<aggregate::Timeline> lines;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    Result<aggregate::Profile> profile = traces[i].Profile("peak");
    if (!profile) return profile.error();
    report::SymbolizedStacks stacks(traces[i].trace(), traces[i].Symbols());
    report::StackSelectors selectors;
    selectors.focus = arguments.focus;
    selectors.ignore = arguments.ignore;
    Result<report::RunFigures> run =
        report::FiguresOf(named.names[i], traces[i].trace(), *profile, stacks, selectors, traces[i].render());
    if (!run) return run.error();
    runs.push_back(std::move(*run));
    for (const std::string& problem : stacks.problems()) {
      const auto& known = output.problems;
      if (std::find(known.begin(), known.end(), problem) == known.end()) output.problems.push_back(problem);
    }
    if (!arguments.svg || arguments.process) continue;
    lines.push_back(traces[i].Pass([&](reader::TraceReader& reader, const auto& progress) {
      aggregate::TimelineRequest request;
      request.max_slices = arguments.slices;
      return aggregate::BuildTimeline(reader, request, progress);
    }));
  }
  if (arguments.svg) {
    output.text = arguments.process ? report::CompareProcessSvg(runs) : report::CompareHeapSvg(runs, lines);
    return output;
  }
  const report::CompareReport compare(std::move(runs));
  output.text = arguments.reader.json ? report::ToText(compare.ToJson())
                : arguments.markdown  ? compare.Markdown()
                : arguments.csv       ? compare.Csv()
                                      : compare.Text(traces.front().render());
  return output;
}

int RunCompare(const CompareArguments& arguments) {
  report::StackSelectors selectors;
  selectors.focus = arguments.focus;
  selectors.ignore = arguments.ignore;
  if (Result<report::StackFilter> filter = report::StackFilter::Create(selectors); !filter) {
    return FailWith(filter.error());
  }
  const NamedTraces named = NamesOf(arguments.traces);
  return RunTracesCommand(arguments.reader, named.paths,
                          [&](std::vector<OpenTrace>& traces) { return Compare(arguments, named, traces); });
}

CLI::Option* AddPatterns(CLI::App& command, const char* name, std::vector<std::string>& values,
                         const char* help) {
  return command.add_option(name, values, help)
      ->type_name("REGEX")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);  // what follows are traces
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
  AddPatterns(command, "--focus", arguments->focus,
              "Look for the main source among stacks with a frame that matches");
  AddPatterns(command, "--ignore", arguments->ignore, "and without such a frame");
  command.add_option("--slices", arguments->slices, "Slices of time for --svg")
      ->type_name("N")
      ->check(NumberFrom(1, 1000000))
      ->capture_default_str();
  command.footer(kExamples);
  command.callback([arguments, &exit_code] { exit_code = RunCompare(*arguments); });
}

}  // namespace memtrace::cli
