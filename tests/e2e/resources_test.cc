// SPDX-License-Identifier: MIT
// When something runs out - disk, descriptors, address space, permission - recording ends and the program
// does not.
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using testing::HasSubstr;

void Limit(int resource, rlim_t value) {
  const rlimit limit = {value, value};
  setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

class Resources : public EndToEnd {
 protected:
  // Whole runs equal: the program's own output and end are what they are without memtrace.
  ShimRun ExpectUnharmed(const Command& command) const {
    const Outcome plain = Run(command);
    const ShimRun run = RunUnderShim(command);
    EXPECT_EQ(EndOf(run), EndOf(plain)) << run.err;
    EXPECT_EQ(run.out, plain.out);
    return run;
  }

  // One line on stderr that says it is over, and why.
  static void ExpectSaysOnce(const ShimRun& run, const std::string& reason) {
    EXPECT_THAT(run.err, HasSubstr(reason));
    const std::size_t first = run.err.find(reason);
    if (first == std::string::npos) return;
    EXPECT_EQ(run.err.find(reason, first + 1), std::string::npos) << "said more than once:\n" << run.err;
  }
};

// ---- a full disk: a tmpfs of one megabyte

class FullDisk : public Resources {
 protected:
  void SetUp() override {
    disk_ = root() / "disk";
    fs::create_directory(disk_);
    if (mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=1m") != 0) {
      GTEST_SKIP() << "a small file system cannot be mounted here: " << strerror(errno);
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) umount2(disk_.c_str(), MNT_DETACH);
  }
  fs::path disk_;
  bool mounted_ = false;
};

TEST_F(FullDisk, RecordingEndsAndTheProgramGoesOn) {
  const Command steady = Command{Program("steady"), "400000"}.With("MEMTRACE_OUT", disk_ / "%p.mtr");
  const ShimRun run = ExpectUnharmed(steady.With("MEMTRACE_COMPRESS", "0"));
  ExpectSaysOnce(run, "no space left");
  const fs::path trace = disk_ / (std::to_string(run.pid) + ".mtr");
  ASSERT_TRUE(fs::exists(trace));
  const Outcome summary = Memtrace({"summary", trace});
  EXPECT_THAT(EndOf(summary), testing::AnyOf("exit code 0", "exit code 4"));
  EXPECT_THAT(summary.out + summary.err, HasSubstr("No space left on device"))
      << "the report says why it stopped";
  const auto json = nlohmann::json::parse(Memtrace({"summary", "--json", trace}).out);
  EXPECT_GT(ParseSummary(json).allocs, 1000u) << "what came before is there";
}

TEST_F(FullDisk, NoRoomAtAll) {
  WriteFile(disk_ / "filler", std::string(2 << 20, 'x'));
  const ShimRun run =
      ExpectUnharmed(Command{Program("steady"), "20000"}.With("MEMTRACE_OUT", disk_ / "%p.mtr"));
  ExpectSaysOnce(run, "no space left");
}

TEST_F(FullDisk, FilledByTheProgramItself) {
  // The program's own write fails as it does alone, and mapped windows of ours give no SIGBUS.
  const Command script = Command{"/bin/bash", "-c",
                                 "head -c 3000000 /dev/zero > '" + (disk_ / "own").string() +
                                     "' 2>/dev/null; for i in {1..30000}; do a[$i]=$i; done; echo end"}
                             .With("MEMTRACE_OUT", disk_ / "%e.%p.mtr");
  const ShimRun run = RunUnderShim(script);
  EXPECT_EQ(EndOf(run), "exit code 0") << run.err;
  EXPECT_EQ(run.out, "end\n");
}

// ---- limits

TEST_F(Resources, FileSizeLimitGivesTheProgramNoSignal) {
  const Command limited = Command{Program("steady"), "100000"}.Before([] { Limit(RLIMIT_FSIZE, 4096); });
  const ShimRun run = ExpectUnharmed(limited);
  EXPECT_THAT(run.err, HasSubstr("memtrace: "));
}

TEST_F(Resources, FileSizeLimitInTheMiddle) {
  ExpectUnharmed({Program("rlimits"), "fsize"});
}

TEST_F(Resources, FileSizeLimitThatLetsATraceBegin) {
  const Command limited = Command{Program("steady"), "400000"}
                              .Before([] { Limit(RLIMIT_FSIZE, 1 << 20); })
                              .With("MEMTRACE_COMPRESS", "0");
  const ShimRun run = ExpectUnharmed(limited);
  ASSERT_FALSE(run.trace.empty());
  EXPECT_THAT(EndOf(Memtrace({"summary", run.trace})), testing::AnyOf("exit code 0", "exit code 4"));
}

TEST_F(Resources, DescriptorsUsedUp) {
  ExpectUnharmed({Program("rlimits"), "nofile"});
  ExpectUnharmed(Command{Program("steady"), "50000", "own_file"}.Before([] { Limit(RLIMIT_NOFILE, 4); }));
  ExpectUnharmed(Command{Program("steady"), "50000"}.Before([] { Limit(RLIMIT_NOFILE, 3); }));
}

TEST_F(Resources, AddressSpaceUsedUp) {
  ExpectUnharmed({Program("rlimits"), "as"});
  const ShimRun tight =
      RunUnderShim(Command{Program("steady"), "20000"}.Before([] { Limit(RLIMIT_AS, 24 << 20); }));
  EXPECT_EQ(EndOf(tight),
            EndOf(Run(Command{Program("steady"), "20000"}.Before([] { Limit(RLIMIT_AS, 24 << 20); }))))
      << tight.err;
}

TEST_F(Resources, LockedMemoryAndCoreLimits) {
  ExpectUnharmed(Command{Program("steady"), "20000"}.Before([] {
    Limit(RLIMIT_CORE, 0);
    Limit(RLIMIT_MEMLOCK, 0);
    Limit(RLIMIT_STACK, 1 << 20);
  }));
}

// ---- places where no trace can be written

TEST_F(Resources, UnwritablePlaces) {
  for (const std::string place : {"/proc/no/such.mtr", "/dev/full", "/dev/null", "/"}) {
    const ShimRun run = ExpectUnharmed(Command{Program("steady"), "20000"}.With("MEMTRACE_OUT", place));
    EXPECT_THAT(run.err, HasSubstr("memtrace: ")) << place;
    EXPECT_THAT(run.err, HasSubstr(place)) << "the line names the place";
  }
  struct stat after {};
  EXPECT_TRUE(stat("/dev/null", &after) == 0 && S_ISCHR(after.st_mode)) << "/dev/null is still a device";
}

TEST_F(Resources, FolderWithoutPermission) {
  if (geteuid() != 0) GTEST_SKIP() << "runs as root only, by becoming nobody";
  // Copies that nobody can reach, wherever this was built.
  for (const fs::path& folder : {root(), work()}) fs::permissions(folder, fs::perms(0755));
  fs::copy_file(Program("steady"), root() / "steady");
  fs::copy_file(ShimPath(), root() / "libmemtrace.so");
  const Command as_nobody = Command{root() / "steady", "20000"}.Before([] {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(124);
  });
  const Outcome plain = Run(as_nobody);
  ASSERT_TRUE(plain.Succeeded()) << EndOf(plain);
  Command shimmed = Shimmed(as_nobody);
  shimmed.environment["LD_PRELOAD"] = root() / "libmemtrace.so";
  const ShimRun run = WithTraces(e2e::Run(shimmed));
  EXPECT_EQ(run.out, plain.out);
  EXPECT_TRUE(run.traces.empty());
  ExpectSaysOnce(run, "permission denied");
}

TEST_F(Resources, FifoAndFolderAsTrace) {
  const fs::path fifo = root() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const fs::path& place : {fifo, work()}) {
    const ShimRun run = ExpectUnharmed(
        Command{Program("steady"), "20000"}.With("MEMTRACE_OUT", place).Within(std::chrono::seconds(20)));
    EXPECT_FALSE(run.timed_out) << place << ": waited for a reader";
  }
  EXPECT_TRUE(fs::is_fifo(fifo)) << "not replaced";
}

// ---- wrong settings

TEST_F(Resources, WrongSettingsAreNamedAndTheProgramRuns) {
  const std::pair<const char*, const char*> wrong[] = {
      {"MEMTRACE_DEPTH", "many"}, {"MEMTRACE_DEPTH", "-1"},   {"MEMTRACE_FOLLOW", "maybe"},
      {"MEMTRACE_QUIET", "2"},    {"MEMTRACE_REPORT", "all"}, {"MEMTRACE_COMPRESS", "gz"},
      {"MEMTRACE_HELPER", ""},    {"MEMTRACE_OUT", ""}};
  for (const auto& [variable, value] : wrong) {
    const ShimRun run = RunUnderShim(Command{"/bin/echo", "runs"}.With(variable, value));
    EXPECT_EQ(EndOf(run), "exit code 0");
    EXPECT_EQ(run.out, "runs\n");
    EXPECT_TRUE(run.traces.empty()) << variable << "=" << value;
    EXPECT_THAT(run.err, HasSubstr(variable));
    EXPECT_THAT(run.err, HasSubstr(value));
    EXPECT_THAT(run.err, HasSubstr("allowed")) << "it says what would be right";
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
}

}  // namespace
}  // namespace memtrace::e2e
