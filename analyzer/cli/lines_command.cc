// SPDX-License-Identifier: MIT
// `memtrace lines`: options in, a LinesReport out.
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/lines.h"

namespace memtrace::cli {
namespace {

struct LinesArguments {
  ReaderOptions reader;
  SelectorOptions selectors;
  std::string where;
};

constexpr const char* kLinesExamples = R"(Examples:
  memtrace lines posting.cpp                  all functions of the file that allocate, at the peak
  memtrace lines app.mtr posting.cpp:88       the function around that line
  memtrace lines posting.cpp:Index::add       one function of one file
  memtrace lines Index::add --at end          the function, wherever it is; what it did not free
  memtrace lines main --from loaded --to done   how each line's memory changed between two marks)";

// Everything but the range.
aggregate::Query AtMoment(const aggregate::Query& query, const aggregate::Moment& moment) {
  aggregate::Query all = query;
  all.from.reset();
  all.to.reset();
  all.is_moment_to = false;
  all.moment = moment;
  return all;
}

Result<Output> MakeReport(OpenTrace& open, const LinesArguments& arguments, const Selectors& selectors) {
  Result<aggregate::Query> asked = selectors.QueryOf(open.trace());
  if (!asked) return asked.error();
  aggregate::Query query = *asked;
  const auto build = [&](const aggregate::Query& wanted) {
    return open.Pass([&](reader::TraceReader& reader, const auto& progress) {
      return aggregate::BuildProfile(reader, wanted, progress);
    });
  };
  std::optional<aggregate::Profile> within;
  std::optional<aggregate::Profile> before;
  if (query.from || query.to) {
    within = build(query);
    query = within->query;  // peaks are times now
  }
  if (query.from) before = build(AtMoment(query, *query.from));
  const aggregate::Profile at = build(AtMoment(query, query.moment));
  report::SymbolizedStacks stacks = selectors.Stacks(open);
  const report::LineProfiles profiles{&at, before ? &*before : nullptr, within ? &*within : nullptr};
  Result<report::LinesReport> lines = report::LinesReport::Build(
      open.trace(), profiles, stacks,
      {report::LineTarget::Parse(arguments.where), arguments.where, selectors.stacks()});
  if (!lines) return lines.error();
  std::string text = arguments.reader.json ? report::ToText(lines->ToJson()) : lines->Text(open.render());
  return Output{std::move(text), 0, stacks.problems()};
}

int RunLines(LinesArguments arguments) {
  // One word alone is what to show, of the newest trace.
  if (arguments.where.empty()) std::swap(arguments.where, arguments.reader.trace);
  if (arguments.where.empty()) {
    return FailWith({ErrorCode::kUsage, "lines: say which: FILE, FILE:LINE, FILE:FUNCTION or FUNCTION"});
  }
  Result<Selectors> selectors = Selectors::Parse(arguments.selectors);
  if (!selectors) return FailWith(selectors.error());
  return RunReaderCommand(arguments.reader,
                          [&](OpenTrace& open) { return MakeReport(open, arguments, *selectors); });
}

}  // namespace

void AddLinesCommand(CLI::App& app, int& exit_code) {
  CLI::App& command =
      *app.add_subcommand("lines", "Source lines of a file or function with what they allocated");
  const auto arguments = std::make_shared<LinesArguments>();
  AddReaderOptions(command, arguments->reader);
  command.add_option("WHERE", arguments->where, "FILE, FILE:LINE, FILE:FUNCTION or FUNCTION");
  AddSelectorOptions(command, arguments->selectors);
  command.footer(kLinesExamples);
  command.callback([arguments, &exit_code] { exit_code = RunLines(*arguments); });
}

}  // namespace memtrace::cli
