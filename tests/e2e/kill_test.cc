// SPDX-License-Identifier: MIT
// SIGKILL at random moments: every trace opens, and holds every call that the program announced as finished.
#include <csignal>

#include <array>
#include <fstream>
#include <random>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

constexpr int kThreads = 4;

struct Announced {
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
};

// The first kThreads pairs of the file that kill_victim shares.
Announced ReadAnnounced(const fs::path& path) {
  std::array<std::uint64_t, 2 * kThreads> pairs{};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(pairs.data()), sizeof pairs);
  Announced sum;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    sum.allocations += pairs[i];
    sum.frees += pairs[i + 1];
  }
  return sum;
}

class Kill : public EndToEnd {
 protected:
  Command Victim() const { return {Program("kill_victim"), root() / "announced", std::to_string(kThreads)}; }

  // A trace taken at `announced` may hold a little more: what was finished but not yet announced, one call a
  // thread.
  void ExpectAnnounced(const fs::path& trace, const Announced& announced, std::uint64_t tolerance) const {
    ASSERT_FALSE(trace.empty());
    const auto rows = TopOf(trace, {"-n", "100", "--metric", "total", "--by", "function"});
    const std::uint64_t allocations = SumOfFunction(rows, "Work", "total").blocks;
    EXPECT_GE(allocations, announced.allocations) << trace;
    EXPECT_LE(allocations, announced.allocations + tolerance) << trace;
    const std::uint64_t live = SumOfFunction(rows, "Work", "not-freed").blocks;
    EXPECT_LE(live, allocations - announced.frees) << trace << ": a free that was announced is missing";
    EXPECT_GE(live + kThreads, allocations - announced.frees) << trace << ": a free too many";
  }
};

TEST_F(Kill, EveryAnnouncedCallIsInTheTrace) {
  const char* wanted = std::getenv("MEMTRACE_KILLS");
  const int kills = wanted != nullptr ? std::stoi(wanted) : 25;
  std::mt19937 random(20240229);
  for (int i = 0; i < kills && !HasFailure(); ++i) {
    fs::remove(root() / "announced");
    Background victim(Shimmed(Victim()));
    ASSERT_TRUE(victim.AwaitOutput("started\n", std::chrono::seconds(20)));
    // Counted in allocations: mostly within the first windows, sometimes when many have been compressed.
    const std::uint64_t moment = random() % (i % 5 == 0 ? 1000000 : 60000);
    ASSERT_TRUE(Await([&] { return ReadAnnounced(root() / "announced").allocations >= moment; },
                      std::chrono::seconds(30)));
    kill(victim.pid(), SIGKILL);
    const ShimRun run = WithTraces(victim.Finish());
    EXPECT_EQ(EndOf(run), "signal 9");
    ExpectAnnounced(run.trace, ReadAnnounced(root() / "announced"), kThreads);
    EXPECT_EQ(EndOf(Memtrace({"summary", run.trace})), "exit code 0") << "kill " << i << " at " << moment;
    if (!HasFailure()) fs::remove(run.trace);
  }
}

TEST_F(Kill, KilledWithoutCompressionAndWithoutHelper) {
  for (const char* setting : {"MEMTRACE_COMPRESS", "MEMTRACE_HELPER"}) {
    fs::remove(root() / "announced");
    Background victim(Shimmed(Victim().With(setting, "0")));
    ASSERT_TRUE(Await([&] { return ReadAnnounced(root() / "announced").allocations >= 200000; },
                      std::chrono::seconds(30)));
    kill(victim.pid(), SIGKILL);
    ExpectAnnounced(WithTraces(victim.Finish()).trace, ReadAnnounced(root() / "announced"), kThreads);
  }
}

TEST_F(Kill, StoppedProcessIsReadable) {
  Background victim(Shimmed(Victim()));
  ASSERT_TRUE(Await([&] { return ReadAnnounced(root() / "announced").allocations >= 50000; },
                    std::chrono::seconds(30)));
  kill(victim.pid(), SIGSTOP);
  const std::string stat = "/proc/" + std::to_string(victim.pid()) + "/stat";
  ASSERT_TRUE(
      Await([&] { return ReadFile(stat).find(") T ") != std::string::npos; }, std::chrono::seconds(5)));
  Outcome stopped;
  stopped.pid = victim.pid();
  const fs::path trace = WithTraces(stopped).trace;
  ExpectAnnounced(trace, ReadAnnounced(root() / "announced"), kThreads);
  EXPECT_TRUE(SummaryOf(trace).is_running);
  kill(victim.pid(), SIGCONT);
  const Announced then = ReadAnnounced(root() / "announced");
  EXPECT_TRUE(Await([&] { return ReadAnnounced(root() / "announced").allocations > then.allocations + 1000; },
                    std::chrono::seconds(20)))
      << "the program goes on";
  kill(victim.pid(), SIGKILL);
}

TEST_F(Kill, RunningProcessIsReadableAgainAndAgain) {
  // With rests, or the trace would grow faster than it is read.
  Background victim(
      Shimmed({Program("kill_victim"), root() / "announced", std::to_string(kThreads), "2000"}));
  ASSERT_TRUE(victim.AwaitOutput("started\n", std::chrono::seconds(20)));
  Outcome running;
  running.pid = victim.pid();
  std::uint64_t last = 0;
  for (int i = 0; i < 10; ++i) {
    const Announced before = ReadAnnounced(root() / "announced");
    const fs::path trace = WithTraces(running).trace;
    ASSERT_FALSE(trace.empty());
    const auto rows = TopOf(trace, {"-n", "100", "--metric", "total", "--by", "function"});
    const std::uint64_t seen = SumOfFunction(rows, "Work", "total").blocks;
    EXPECT_GE(seen, before.allocations) << "read " << i;
    EXPECT_GE(seen, last);
    EXPECT_LE(SumOfFunction(rows, "Work", "live").blocks, 50u * kThreads);
    last = seen;
  }
  kill(victim.pid(), SIGKILL);
}

TEST_F(Kill, KilledByTheLimitOfItsMemory) {
  // An end such as out-of-memory killers make: no warning, in the middle of an allocation.
  const ShimRun run = RunUnderShim({"/usr/bin/python3", "-c",
                                    "import os, resource, signal\n"
                                    "resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))\n"
                                    "b = []\n"
                                    "try:\n"
                                    "    while True: b.append(bytearray(1 << 20))\n"
                                    "except MemoryError: os.kill(os.getpid(), signal.SIGKILL)\n"});
  EXPECT_EQ(EndOf(run), "signal 9") << run.err;
  EXPECT_GT(SummaryOf(run.trace).in_use_at_exit.bytes, 100u << 20);
}

}  // namespace
}  // namespace memtrace::e2e
