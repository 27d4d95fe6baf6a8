// SPDX-License-Identifier: MIT
// `memtrace run`: options become MEMTRACE_* variables, the library goes first into LD_PRELOAD, the program
// runs. Its stdout stays its own: everything said here goes to stderr, and only what the library could not
// say itself.
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/exit_codes.h"
#include "analyzer/cli/launcher.h"
#include "analyzer/cli/library_path.h"
#include "analyzer/cli/messages.h"
#include "analyzer/cli/program_check.h"
#include "analyzer/cli/reader_command.h"
#include "analyzer/cli/top_command.h"
#include "analyzer/cli/trace_choice.h"
#include "analyzer/reader/trace_reader.h"
#include "analyzer/report/end_text.h"
#include "analyzer/util/suggest.h"

namespace memtrace::cli {
namespace {

struct RunArguments {
  std::string output;
  std::optional<unsigned> depth;
  std::string report;
  std::string allocator;
  bool no_follow = false;
  bool quiet = false;
  std::vector<std::string> command;
};

constexpr const char* kRunExamples = R"(Examples:
  memtrace run -- ./server --port 80        records into memtrace.server.PID.mtr
  memtrace run --report top -- ./app        and prints the ten largest lines on stderr at the end
  memtrace run --allocator jemalloc ./app   served by jemalloc: would it give more memory back?
  memtrace run -o traces/%e.%p.mtr -- make  a trace for every process that make starts

The exit code is the program's own, 128+N if signal N killed it, 125 if memtrace failed, 126 if the program
cannot be executed, 127 if there is none. Without this command: LD_PRELOAD=libmemtrace.so ./app)";

// CLI11 does not know that the rest of the line is a program.
class RunHelp : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: memtrace run [OPTIONS] [--] PROGRAM [ARGUMENTS...]\n";
  }
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::uint64_t RealtimeNs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

Launch LaunchOf(const RunArguments& arguments, const std::string& library) {
  Launch launch{arguments.command, {}};
  const std::string others = Environment("LD_PRELOAD");
  launch.environment.emplace_back("LD_PRELOAD", others.empty() ? library : library + ":" + others);
  if (!arguments.output.empty()) launch.environment.emplace_back("MEMTRACE_OUT", arguments.output);
  if (arguments.depth) launch.environment.emplace_back("MEMTRACE_DEPTH", std::to_string(*arguments.depth));
  if (arguments.no_follow) launch.environment.emplace_back("MEMTRACE_FOLLOW", "0");
  if (!arguments.allocator.empty()) {
    launch.environment.emplace_back("MEMTRACE_ALLOCATOR", arguments.allocator);
  }
  if (arguments.quiet) launch.environment.emplace_back("MEMTRACE_QUIET", "1");
  return launch;
}

int LaunchFailed(const RunArguments& arguments, int error) {
  Fail(fmt::format("cannot run {}: {}", arguments.command[0], std::strerror(error)));
  if (error == ENOENT) return kRunNotFound;
  return error == EAGAIN || error == ENOMEM || error == ENFILE || error == EMFILE ? kRunFailed
                                                                                  : kRunNotExecutable;
}

// The library names the trace itself when the program exits; this is for programs that never came to that.
void SayWhatTheLibraryCouldNot(const LaunchResult& result, const std::optional<std::string>& trace) {
  if (!trace) {
    Warn("nothing was recorded: the program did not load libmemtrace.so, or could not write a trace");
    return;
  }
  Result<reader::TraceReader> reader = reader::TraceReader::Open(*trace);
  if (reader && result.signal == 0 && report::EndWord(reader->trace().info) == "exit") return;
  if (result.signal != 0) {
    Say(fmt::format("killed by signal {} ({}); recorded until then in {}", result.signal,
                    strsignal(result.signal), *trace));
  } else {
    Say(fmt::format("ended with code {}; recorded in {}", result.exit_code, *trace));
  }
  Say(fmt::format("next: memtrace top {}", *trace));
}

int RunRecorded(const RunArguments& arguments) {
  if (!arguments.report.empty() && arguments.report != "top") {
    const std::vector<std::string> names = {"top"};
    Fail(fmt::format("--report \"{}\" is not known: top{}", arguments.report,
                     DidYouMean(arguments.report, names)));
    return kRunFailed;
  }
  if (!arguments.allocator.empty() && arguments.allocator != "jemalloc") {
    const std::vector<std::string> names = {"jemalloc"};
    Fail(fmt::format("--allocator \"{}\" is not known: jemalloc{}", arguments.allocator,
                     DidYouMean(arguments.allocator, names)));
    return kRunFailed;
  }
  Result<std::string> library = FindPreloadLibrary();
  if (!library) {
    Fail(library.error().message);
    return kRunFailed;
  }
  std::optional<std::string> reason;
  if (const auto program = FindProgram(arguments.command[0])) reason = WhyNotRecordable(*program);
  if (reason) Warn(fmt::format("nothing can be recorded of {}: {}", arguments.command[0], *reason));

  const std::uint64_t begun_ns = RealtimeNs();
  const LaunchResult result = RunProgram(LaunchOf(arguments, *library));
  if (result.launch_errno != 0) return LaunchFailed(arguments, result.launch_errno);
  const std::string out = arguments.output.empty() ? Environment("MEMTRACE_OUT") : arguments.output;
  const std::optional<std::string> trace = TraceOfProcess(result.pid, out, begun_ns);
  if (!arguments.quiet && !reason) SayWhatTheLibraryCouldNot(result, trace);
  if (!arguments.report.empty() && trace) ReportTop(*trace, 2);
  return result.signal != 0 ? kRunSignalBase + result.signal : result.exit_code;
}

}  // namespace

void AddRunCommand(CLI::App& app, const std::vector<std::string>& after_dashes, int& exit_code) {
  CLI::App& command = *app.add_subcommand("run", "Run a program and record its allocations");
  const auto arguments = std::make_shared<RunArguments>();
  command.formatter(std::make_shared<RunHelp>());
  command
      .add_option("-o,--output", arguments->output,
                  "Trace file; %p pid, %e program, %h host, %t time, %n number")
      ->type_name("TRACE");
  command.add_option("--depth", arguments->depth, "Keep the N innermost frames of a stack; 0 [default]: all")
      ->type_name("N")
      ->check(DigitsOnly());
  command.add_flag("--no-follow", arguments->no_follow, "Do not record programs that the program starts");
  command.add_flag("-q,--quiet", arguments->quiet, "Say nothing on stderr");
  command.add_option("--report", arguments->report, "Print a report on stderr at the end: top")
      ->type_name("NAME");
  command
      .add_option("--allocator", arguments->allocator,
                  "Serve the program from another allocator, to see what that would change: jemalloc")
      ->type_name("NAME");
  command.prefix_command();
  command.footer(kRunExamples);
  command.callback([&command, after_dashes, arguments, &exit_code] {
    arguments->command = command.remaining();
    if (!arguments->command.empty() && arguments->command.front().starts_with('-')) {
      throw CLI::ExtrasError(arguments->command);
    }
    // In "run ls -- x" the dashes are an argument of ls.
    if (!arguments->command.empty() && !after_dashes.empty()) arguments->command.emplace_back("--");
    arguments->command.insert(arguments->command.end(), after_dashes.begin(), after_dashes.end());
    if (arguments->command.empty()) throw CLI::RequiredError("PROGRAM");
    exit_code = RunRecorded(*arguments);
  });
}

}  // namespace memtrace::cli
