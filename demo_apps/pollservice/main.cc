// SPDX-License-Identifier: MIT
// pollservice: a service that polls its events table until SIGTERM, in a healthy and in a leaking variant.
//
//   dbread --driver sqlite --db t.db --dataset events --prepare
//   pollservice --db t.db --interval 0.5 --leak
//
// Marks: "Poll N" after each poll, "Snapshot N" every minute, "Requested N" on SIGUSR1. Signals are waited
// for where the service sleeps and nowhere else, so there is no handler that could meet it at work.
#include <memtrace/memtrace.h>
#include <signal.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>

#include "demo_apps/dbread/driver.h"
#include "demo_apps/pollservice/poller.h"

namespace pollservice {
namespace {

using Clock = std::chrono::steady_clock;
using dbread::ReadKind;

constexpr int kUsageError = 2;

const std::map<std::string, ReadKind> kReads = {{"eager", ReadKind::kEager},
                                                {"batched", ReadKind::kBatched},
                                                {"single-row", ReadKind::kSingleRow},
                                                {"cursor", ReadKind::kCursor},
                                                {"keyset", ReadKind::kKeyset}};
const std::map<std::string, PollKind> kKinds = {
    {"list", PollKind::kList}, {"iterate", PollKind::kIterate}, {"column", PollKind::kColumn}};

struct Options {
  dbread::DriverOptions driver;
  ReadKind read = ReadKind::kEager;
  PollKind kind = PollKind::kList;
  bool leaks = false;
  double interval_s = 5;
  double snapshot_s = 60;
  std::size_t polls = 0;
};

void Describe(CLI::App& app, Options& options) {
  dbread::AddDriverOptions(app, options.driver);
  dbread::AddChoice(app, "--read", options.read, kReads, "how rows are read");
  dbread::AddChoice(app, "--poll", options.kind, kKinds,
                    "a list of all events, one after the other, or one column");
  app.add_flag("--leak", options.leaks, "keep failed events of earlier polls beside those of this one");
  app.add_option("--interval", options.interval_s, "seconds from poll to poll [5]")
      ->check(CLI::Range(0.001, 86400.0));
  app.add_option("--snapshot", options.snapshot_s, "seconds from snapshot to snapshot [60]")
      ->check(CLI::Range(0.001, 86400.0));
  app.add_option("--polls", options.polls, "end after so many polls [on SIGTERM]");
}

Clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

class Service {
 public:
  explicit Service(const Options& options)
      : options_(options),
        connection_(dbread::Connect(options.driver, false)),
        poller_(*connection_, options.read, options.kind, options.leaks) {
    sigemptyset(&signals_);
    for (int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals_, signal);
    sigprocmask(SIG_BLOCK, &signals_, nullptr);
  }

  void Run() {
    next_snapshot_ = Clock::now() + Seconds(options_.snapshot_s);
    Clock::time_point next_poll = Clock::now();
    do {
      Poll();
      next_poll = std::max(next_poll + Seconds(options_.interval_s), Clock::now());
    } while (polls_ != options_.polls && SleepUntil(next_poll));
    spdlog::info("ends after {} polls", polls_);
  }

 private:
  void Poll() {
    std::size_t events = poller_.Poll();
    polls_ += 1;
    Mark("Poll", polls_);
    if (Clock::now() >= next_snapshot_) {
      Mark("Snapshot", ++snapshots_);
      next_snapshot_ += Seconds(options_.snapshot_s);
    }
    std::printf("poll %zu: %zu events, %zu to be tried again\n", polls_, events, poller_.waiting_retries());
    if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to standard output");
  }

  // False when the service is asked to end.
  bool SleepUntil(Clock::time_point when) {
    while (true) {
      auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(when - Clock::now()).count();
      left = std::max<decltype(left)>(left, 0);
      timespec limit{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
      int signal = sigtimedwait(&signals_, nullptr, &limit);
      if (signal == SIGTERM || signal == SIGINT) return false;
      if (signal == SIGUSR1) Mark("Requested", ++requests_);
      if (signal < 0 && errno == EAGAIN) return true;
    }
  }

  static void Mark(const char* what, std::size_t number) {
    memtrace_mark(fmt::format("{} {}", what, number).c_str());
  }

  Options options_;
  std::unique_ptr<dbread::Connection> connection_;
  Poller poller_;
  sigset_t signals_;
  Clock::time_point next_snapshot_;
  std::size_t polls_ = 0;
  std::size_t snapshots_ = 0;
  std::size_t requests_ = 0;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Polls the events table (dbread --dataset events --prepare) until SIGTERM.", "pollservice");
  Describe(app, options);
  try {
    app.parse(argc, argv);
    dbread::CheckDriverOptions(options.driver);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "pollservice: %s (see --help)\n", error.what());
    return kUsageError;
  }
  try {
    spdlog::set_default_logger(spdlog::stderr_logger_st("pollservice"));
    spdlog::set_pattern("%n: %v");
    Service(options).Run();
  } catch (const dbread::UnsupportedRead& error) {
    spdlog::error("{}", error.what());
    return kUsageError;
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace pollservice

int main(int argc, char** argv) {
  return pollservice::Main(argc, argv);
}
