// SPDX-License-Identifier: MIT
// `memtrace check`: limits in, a verdict and exit code 1 if one of them is broken out.
#include <array>
#include <charconv>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/exit_codes.h"
#include "analyzer/cli/own_suppressions.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/selector_options.h"
#include "analyzer/report/check.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/util/size_format.h"

namespace memtrace::cli {
namespace {

using report::Figure;
using report::kFigures;

constexpr std::array<const char*, kFigures> kLimitOptions = {"--max-peak", "--max-not-freed", "--max-total",
                                                             "--max-count", "--max-process"};

struct CheckArguments {
  ReaderOptions reader;
  std::array<std::string, kFigures> most;  // as written; empty: no limit
  std::string baseline;
  std::string growth;
  std::size_t lines = 5;
  SuppressionOptions suppressions;
  SelectorOptions selectors;
};

constexpr const char* kCheckExamples = R"(Examples:
  memtrace check --max-peak 64MiB --max-not-freed 0 app.mtr      fails where one of the limits is broken
  memtrace check --max-count 1e6 app.mtr                         not more than a million allocations
  memtrace check --baseline main.mtr --max-growth 5% branch.mtr  at most 5 % more than before, of everything
  memtrace check --max-peak 64MiB --json -o check.json app.mtr   the verdict for a script
  memtrace check --focus libfoo --max-peak 8MiB app.mtr          what libfoo asks for, counted alone
  memtrace check --max-not-freed 0 --suppressions lsan.supp      but for stacks that are known

Exit code 1 if a limit is broken; the lines at fault are named.)";

// "1000000", "1e6", "2.5k" would be a size: counts have no units.
Result<std::uint64_t> ParseCount(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc() && end == text.data() + text.size() && number >= 0 &&
                        number < 1e18 && number == static_cast<double>(static_cast<std::uint64_t>(number));
  if (is_whole) return static_cast<std::uint64_t>(number);
  return Error{ErrorCode::kUsage, fmt::format("\"{}\" is no count; write 1000000 or 1e6", text)};
}

// "5%", "5", "0.5%".
Result<double> ParsePercent(const std::string& text) {
  double number = 0;
  const char* const text_end = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), text_end, number);
  const bool ends = end == text_end || (*end == '%' && end + 1 == text_end);
  if (error == std::errc() && ends && number >= 0 && number <= 1e6) return number / 100;
  return Error{ErrorCode::kUsage,
               fmt::format("--max-growth \"{}\" is no percentage, such as 5% or 0.5%", text)};
}

Result<report::CheckOptions> ToOptions(const CheckArguments& arguments) {
  report::CheckOptions options;
  bool has_limit = false;
  for (std::size_t i = 0; i < kFigures; ++i) {
    if (arguments.most[i].empty()) continue;
    const bool is_count = static_cast<Figure>(i) == Figure::kCount;
    Result<std::uint64_t> limit = is_count ? ParseCount(arguments.most[i]) : ParseSize(arguments.most[i]);
    if (!limit)
      return Error{ErrorCode::kUsage, fmt::format("{} {}", kLimitOptions[i], limit.error().message)};
    options.most[i] = *limit;
    has_limit = true;
  }
  if (arguments.baseline.empty() != arguments.growth.empty()) {
    return Error{ErrorCode::kUsage, "--baseline and --max-growth belong together"};
  }
  if (!arguments.growth.empty()) {
    Result<double> growth = ParsePercent(arguments.growth);
    if (!growth) return growth.error();
    options.growth = *growth;
    has_limit = true;
  }
  if (!has_limit) return Error{ErrorCode::kUsage, "no limit given, for example --max-peak 64MiB"};
  options.lines = arguments.lines;
  options.skip = !arguments.selectors.no_skip;
  options.stacks = arguments.selectors.stacks;
  Result<report::Suppressions> suppressions = LoadSuppressions(arguments.suppressions);
  if (!suppressions) return suppressions.error();
  options.suppressions = std::move(*suppressions);
  return options;
}

int RunCheck(const CheckArguments& arguments) {
  Result<report::CheckOptions> options = ToOptions(arguments);
  if (!options) return FailWith(options.error());
  SelectorOptions at_peak = arguments.selectors;
  at_peak.at = "peak";
  const Result<Selectors> selectors = Selectors::Parse(at_peak);
  if (!selectors) return FailWith(selectors.error());
  Result<std::string> path = ChooseTrace(arguments.reader);
  if (!path) return FailWith(path.error());
  std::vector<std::string> paths = {*path};
  if (!arguments.baseline.empty()) paths.push_back(arguments.baseline);
  return RunTracesCommand(arguments.reader, paths, [&](std::vector<OpenTrace>& traces) -> Result<Output> {
    report::SymbolizedStacks stacks = selectors->Stacks(traces.front());
    report::SymbolizedStacks before_stacks = selectors->Stacks(traces.back());
    Result<aggregate::Profile> profile = selectors->ProfileOfStacks(traces.front(), stacks);
    if (!profile) return profile.error();
    Result<aggregate::Profile> before = *profile;
    if (traces.size() > 1) before = selectors->ProfileOfStacks(traces.back(), before_stacks);
    if (!before) return before.error();
    if (profile->query.selects_blocks() || profile->query.domain != aggregate::Domain::kHeap) {
      if (options->most[static_cast<std::size_t>(Figure::kProcess)]) {
        return Error{ErrorCode::kUsage,
                     "--max-process limits process memory, of which blocks and stacks cannot be chosen"};
      }
      options->chosen = report::BlocksSelectedText(profile->query, traces.front().trace());
      if (options->chosen.empty()) options->chosen = "the domain " + arguments.selectors.domain;
    }
    Output output;
    AddOwnSuppressions(arguments.suppressions, stacks, options->suppressions, output.problems);
    const report::DiffSide baseline{traces.back().trace(), *before, before_stacks};
    Result<report::CheckReport> check = report::CheckReport::Build(
        {traces.front().trace(), *profile, stacks}, traces.size() > 1 ? &baseline : nullptr, *options);
    if (!check) return check.error();
    output.text =
        arguments.reader.json ? report::ToText(check->ToJson()) : check->Text(traces.front().render());
    output.exit_code = check->passed() ? kExitOk : kExitFinding;
    output.problems.insert(output.problems.end(), stacks.problems().begin(), stacks.problems().end());
    return output;
  });
}

}  // namespace

void AddCheckCommand(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("check", "Limits for CI: exit code 1 where one is broken");
  const auto arguments = std::make_shared<CheckArguments>();
  AddReaderOptions(command, arguments->reader);
  const auto limit = [&](Figure figure, const char* names, const char* type, const char* help) {
    command.add_option(names, arguments->most[static_cast<std::size_t>(figure)], help)->type_name(type);
  };
  limit(Figure::kPeak, "--max-peak", "SIZE", "Most that may be live at once: 64MiB");
  limit(Figure::kNotFreed, "--max-not-freed,--max-leaked", "SIZE", "Most that may be left at the end: 0");
  limit(Figure::kTotal, "--max-total", "SIZE", "Most that may be allocated in total");
  limit(Figure::kCount, "--max-count,--max-allocs", "N", "Most allocations: 1000000 or 1e6");
  limit(Figure::kProcess, "--max-process", "SIZE", "Most process memory");
  command.add_option("--baseline", arguments->baseline, "An earlier recording of the same")
      ->type_name("TRACE");
  command
      .add_option("--max-growth", arguments->growth,
                  "How much more than there peak, not freed, total and count may be")
      ->type_name("PERCENT");
  command.add_option("-n", arguments->lines, "Lines to name for each broken limit")
      ->type_name("N")
      ->check(DigitsOnly())
      ->capture_default_str();
  AddSuppressionOptions(command, arguments->suppressions);
  AddSelectorOptions(command, arguments->selectors, false);
  command.footer(kCheckExamples);
  command.callback([arguments, &exit_code] { exit_code = RunCheck(*arguments); });
}

}  // namespace memtrace::cli
