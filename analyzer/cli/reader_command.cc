// SPDX-License-Identifier: MIT
// The order of things on a terminal: progress (wiped), the report, then what the reader of it should know.
#include "analyzer/cli/reader_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "analyzer/cli/exit_codes.h"
#include "analyzer/cli/messages.h"
#include "analyzer/cli/trace_choice.h"
#include "analyzer/symbolize/debuginfod.h"
#include "analyzer/symbolize/symbol_cache.h"
#include "analyzer/util/progress.h"
#include "analyzer/util/size_units.h"
#include "analyzer/util/terminal.h"

namespace memtrace::cli {
namespace {

constexpr std::size_t kWarningsOfAKind = 3;

bool GoesToStdout(const ReaderOptions& options) {
  return options.output.empty() || options.output == "-";
}

report::RenderOptions RenderFor(const ReaderOptions& options, ColorMode color) {
  report::RenderOptions render;
  std::error_code ignored;
  render.working_directory = std::filesystem::current_path(ignored).string();
  if (!GoesToStdout(options)) {
    render.paint = Paint(color == ColorMode::kAlways);
    return render;
  }
  render.paint = Paint(WantsColor(color, options.output_fd));
  render.columns = OutputColumns(options.output_fd);
  return render;
}

Result<void> WriteAll(int fd, const std::string& text, const std::string& name) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t bytes = write(fd, text.data() + done, text.size() - done);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) {
      return Error{ErrorCode::kUnreadable, fmt::format("cannot write {}: {}", name, std::strerror(errno))};
    }
    done += static_cast<std::size_t>(bytes);
  }
  return {};
}

Result<void> WriteOutput(const ReaderOptions& options, const std::string& text) {
  if (GoesToStdout(options)) return WriteAll(options.output_fd, text, "the report");
  const int fd = open(options.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    return Error{ErrorCode::kUnreadable,
                 fmt::format("cannot write {}: {}", options.output, std::strerror(errno))};
  }
  Result<void> written = WriteAll(fd, text, options.output);
  if (close(fd) != 0 && written) {
    return Error{ErrorCode::kUnreadable,
                 fmt::format("cannot write {}: {}", options.output, std::strerror(errno))};
  }
  return written;
}

void WarnOfSome(const std::vector<std::string>& lines, const char* more) {
  for (std::size_t i = 0; i < std::min(lines.size(), kWarningsOfAKind); ++i) Warn(lines[i]);
  if (lines.size() > kWarningsOfAKind) Warn(fmt::format("{} {}", lines.size() - kWarningsOfAKind, more));
}

void WarnOfDamage(const model::Trace& trace, bool is_named) {
  const std::string which = is_named ? trace.info.path : "trace";
  std::vector<std::string> lines;
  for (const model::Damage& damage : trace.damage) {
    lines.push_back(fmt::format("{} is damaged at byte {}: {}", which, damage.offset, damage.what));
  }
  WarnOfSome(lines, "other places are damaged; see memtrace info");
}

}  // namespace

void AddReaderOptions(CLI::App& command, ReaderOptions& options) {
  command.add_option("TRACE", options.trace,
                     "Trace file; the newest memtrace.*.mtr of this folder if not given");
  AddOutputOptions(command, options);
}

void AddOutputOptions(CLI::App& command, ReaderOptions& options) {
  command.add_flag("--json", options.json, "One JSON object instead of text; fields are only ever added");
  command.add_option("-o,--output", options.output, "Write to FILE instead of stdout")->type_name("FILE");
  command.add_option("--color", options.color, "auto (a terminal, and no NO_COLOR), always or never")
      ->type_name("WHEN")
      ->capture_default_str();
  CLI::Option* si = command.add_flag_callback(
      "--si", [] { SetSizeUnits(SizeUnits::kDecimal); }, "Sizes in powers of 1000: kB, MB, GB");
  command
      .add_flag_callback(
          "--bytes", [] { SetSizeUnits(SizeUnits::kBytes); }, "Sizes with all their digits")
      ->excludes(si);
  constexpr const char* kGroup = "Names";
  command
      .add_option(
          "--sysroot", options.symbols.sysroot,
          "Copy of the files of the machine that recorded: programs and libraries are looked up there first")
      ->type_name("FOLDER")
      ->check(CLI::ExistingDirectory)
      ->group(kGroup);
  command
      .add_option("--debug-path", options.symbols.debug_paths,
                  "Folder with debug files, before /usr/lib/debug; may be given again")
      ->type_name("FOLDER")
      ->check(CLI::ExistingDirectory)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)  // a trace's name behind it stays one
      ->group(kGroup);
  command
      .add_flag("--debuginfod", options.symbols.debuginfod,
                "Fetch debug information that is missing here from the servers of DEBUGINFOD_URLS")
      ->group(kGroup);
  command
      .add_flag("--no-cache", options.no_cache,
                "Look names up anew: nothing from or to ~/.cache/memtrace, where slow look-ups are kept")
      ->group(kGroup);
}

void RemoveSizeUnits(CLI::App& command) {
  command.remove_option(command.get_option("--bytes"));
  command.remove_option(command.get_option("--si"));
}

CLI::Validator DigitsOnly() {
  return NumberFrom(0, 999'999'999);
}

CLI::Validator NumberFrom(std::uint64_t min, std::uint64_t max) {
  return CLI::Validator(
      [min, max](std::string& text) {
        const bool is_number =
            !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos;
        const bool fits = is_number && std::stoull(text) >= min && std::stoull(text) <= max;
        return fits ? std::string() : fmt::format("\"{}\" is no whole number from {} to {}", text, min, max);
      },
      "");
}

void AddLimitOption(CLI::App& command, std::size_t& limit, const char* help) {
  command.add_option("-n", limit, help)->type_name("N")->check(DigitsOnly())->capture_default_str();
}

std::function<void(double)> OpenTrace::NewProgress(const std::string& doing) const {
  const std::string name = std::filesystem::path(trace().info.path).filename().string();
  auto progress = std::make_shared<Progress>(doing + " " + name);
  return [progress](double share) { progress->Show(share); };
}

symbolize::SymbolizerOptions OpenTrace::Symbols(bool inlines) const {
  symbolize::SymbolizerOptions symbols = symbols_;
  symbols.inlines = inlines;
  symbols.progress = NewProgress("looking up names of");
  return symbols;
}

Result<aggregate::Profile> OpenTrace::Profile(const std::string& at, aggregate::Domain domain) {
  Result<aggregate::Moment> moment = aggregate::ParseMoment(at, trace());
  if (!moment) return moment.error();
  const aggregate::Query request{domain, *moment};
  return Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildProfile(reader, request, progress);
  });
}

std::uint64_t OpenTrace::TimeOf(const aggregate::Moment& moment) {
  if (moment.kind == aggregate::Moment::Kind::kTime) return moment.time_ns;
  if (moment.kind == aggregate::Moment::Kind::kEnd) return trace().info.duration_ns;
  return Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildProfile(reader, {.moment = moment}, progress).peak_time_ns;
  });
}

int FailWith(const Error& error) {
  Fail(error.message);
  return error.code == ErrorCode::kUsage ? kExitUsage : kExitUnreadable;
}

Result<std::string> ChooseTrace(const ReaderOptions& options) {
  if (!options.trace.empty()) return options.trace;
  Result<std::string> newest = NewestTraceIn(".");
  if (newest) Say(fmt::format("reading {}, the newest trace here", *newest));
  return newest;
}

int RunTracesCommand(const ReaderOptions& options, const std::vector<std::string>& paths,
                     const std::function<Result<Output>(std::vector<OpenTrace>&)>& work) {
  const std::optional<ColorMode> color = ParseColorMode(options.color);
  if (!color) {
    return FailWith({ErrorCode::kUsage,
                     fmt::format("--color \"{}\" is not known: auto, always or never", options.color)});
  }
  // Told before minutes are spent on reading the trace.
  if (options.symbols.debuginfod) {
    if (auto servers = symbolize::Debuginfod::Open(); !servers) return FailWith(servers.error());
  }
  symbolize::SymbolizerOptions symbols = options.symbols;
  if (!options.no_cache) symbols.cache_folder = symbolize::SymbolCache::DefaultFolder();
  std::vector<OpenTrace> traces;
  for (const std::string& path : paths) {
    Result<reader::TraceReader> reader = reader::TraceReader::Open(path);
    if (!reader) return FailWith(reader.error());
    traces.emplace_back(std::move(*reader), RenderFor(options, *color), symbols);
  }
  Result<Output> output = work(traces);
  if (!output) return FailWith(output.error());
  if (Result<void> written = WriteOutput(options, output->text); !written) return FailWith(written.error());
  WarnOfSome(output->problems, "other modules gave no names");
  bool is_damaged = false;
  for (const OpenTrace& open : traces) {
    WarnOfDamage(open.trace(), traces.size() > 1);
    is_damaged = is_damaged || !open.trace().damage.empty();
  }
  if (output->exit_code != 0) return output->exit_code;
  return is_damaged ? kExitDamaged : kExitOk;
}

int RunReaderCommand(const ReaderOptions& options, const std::function<Result<Output>(OpenTrace&)>& work) {
  Result<std::string> path = ChooseTrace(options);
  if (!path) return FailWith(path.error());
  return RunTracesCommand(options, {*path},
                          [&work](std::vector<OpenTrace>& traces) { return work(traces.front()); });
}

}  // namespace memtrace::cli
