// SPDX-License-Identifier: MIT
// Programs say and do the same with the recorder as without it.
#include <unistd.h>

#include <csignal>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

class SameBehaviour : public EndToEnd {
 protected:
  Command Bash(const std::string& script) const {
    return Command{"/bin/bash", "-c", script}
        .With("GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z")
        .With("GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z");
  }
};

TEST_F(SameBehaviour, Ls) {
  ExpectSameBehaviour({"/bin/ls", "-la", "/etc"});
}
TEST_F(SameBehaviour, LsOfAMissingFile) {
  ExpectSameBehaviour({"/bin/ls", "/no/such/file"});
}
TEST_F(SameBehaviour, True) {
  ExpectSameBehaviour({"/bin/true"});
}
TEST_F(SameBehaviour, False) {
  ExpectSameBehaviour({"/bin/false"});
}
TEST_F(SameBehaviour, Sort) {
  ExpectSameBehaviour({"/usr/bin/sort", "-u", "/usr/share/common-licenses/GPL-3"});
}
TEST_F(SameBehaviour, Perl) {
  ExpectSameBehaviour({"/usr/bin/perl", "-e", "print join(',', map { $_ ** 2 } 1 .. 99)"});
}
TEST_F(SameBehaviour, PerlThatDies) {
  ExpectSameBehaviour({"/usr/bin/perl", "-e", "die \"no reason\\n\""});
}
TEST_F(SameBehaviour, Cat) {
  ExpectSameBehaviour(Command{"/bin/cat"}.Reading(std::string(300000, 'x')));
}

TEST_F(SameBehaviour, Python) {
  ExpectSameBehaviour(
      {"/usr/bin/python3", "-c", "import json, re, decimal; print(json.dumps({'a': [1, 2.5, None]}))"});
  ExpectSameBehaviour({"/usr/bin/python3", "-c", "raise ValueError('wrong')"});
  ExpectSameBehaviour({"/usr/bin/python3", "-c", "import os; os.abort()"});
}

TEST_F(SameBehaviour, PythonWithProcessesAndThreads) {
  ExpectSameBehaviour(
      {"/usr/bin/python3", "-c",
       "import subprocess, threading, multiprocessing as mp\n"
       "print(subprocess.check_output(['echo', 'from a child']))\n"
       "t = [threading.Thread(target=lambda: [list(range(1000)) for _ in range(100)]) for _ in range(8)]\n"
       "[x.start() for x in t]; [x.join() for x in t]\n"
       "with mp.get_context('fork').Pool(3) as p: print(p.map(abs, range(-5, 5)))\n"});
}

TEST_F(SameBehaviour, Git) {
  ExpectSameBehaviour(
      Bash("git init -q . && git config user.name Name && git config user.email a@example.org && "
           "for i in 1 2 3; do echo $i > file$i; git add .; git commit -q -m \"step $i\"; done; "
           "git log --stat; git branch other; git gc -q; git fsck; git diff HEAD~2"));
}

TEST_F(SameBehaviour, Compiler) {
  ExpectSameBehaviour({"/usr/bin/g++", "-O2", "-o", "program", "source.cc"}, [&] {
    WriteFile(work() / "source.cc",
              "#include <vector>\nint main() { std::vector<int> v(3); return v[0]; }\n");
  });
}

TEST_F(SameBehaviour, CompilerWithErrors) {
  ExpectSameBehaviour({"/usr/bin/g++", "-c", "source.cc"}, [&] {
    WriteFile(work() / "source.cc", "#include <vector>\nint main() { std::vector<Missing> v; return v; }\n");
  });
}

TEST_F(SameBehaviour, Sqlite) {
  ExpectSameBehaviour(
      {"/usr/bin/sqlite3", "file.db",
       "create table t(a); insert into t values (1), (2), (3); select sum(a) from t; select * from no;"});
}

TEST_F(SameBehaviour, Node) {
  ExpectSameBehaviour({"node", "-e", "console.log(JSON.stringify([...Array(1000).keys()].map(x => ({x}))))"});
  ExpectSameBehaviour({"node", "-e", "throw new TypeError('wrong')"});
}

TEST_F(SameBehaviour, Java) {
  ExpectSameBehaviour({"java", "-version"});
}

TEST_F(SameBehaviour, Debugger) {
  ExpectSameBehaviour({"gdb", "-nx", "--batch", "-ex", "info functions main", Program("malloc_mix")});
}

TEST_F(SameBehaviour, BashForksAndPipes) {
  ExpectSameBehaviour(
      Bash("for i in $(seq 100); do (echo $i | tr 0-9 a-j | cat); done | sort | uniq -c | sort -rn; "
           "x=$(for i in 1 2 3; do echo $(echo $(echo deep $i)); done); echo \"$x\""));
}

TEST_F(SameBehaviour, BashJobsAndTraps) {
  ExpectSameBehaviour(
      Bash("trap 'echo trapped' USR1; trap 'echo bye' EXIT; kill -USR1 $$; (exit 9) & wait $!; "
           "echo $?; sleep 0 & wait; exec 3>out; echo text >&3; exec 3>&-; cat out; exit 17"));
}

TEST_F(SameBehaviour, NumbersOfDescriptors) {
  // A program must find the descriptors it would have found: the lowest free one, and nothing foreign
  // below 10.
  ExpectSameBehaviour(
      {"/usr/bin/python3", "-c",
       "import os\n"
       "print([f for f in range(250) if os.path.exists('/proc/self/fd/%d' % f)], os.open('/', 0))"});
}

TEST_F(SameBehaviour, KilledBySignals) {
  for (const char* end : {"abort", "kill", "term", "segv"}) ExpectSameBehaviour({Program("ends"), end});
}

TEST_F(SameBehaviour, EveryWayToEnd) {
  for (const char* end :
       {"return", "exit", "_exit", "_Exit", "quick_exit", "handler", "thread", "pthread_exit"}) {
    ExpectSameBehaviour({Program("ends"), end});
  }
}

TEST_F(SameBehaviour, ClosedPipe) {
  Command yes{"/usr/bin/yes"};
  yes.close_stdout_early = true;
  const Outcome plain = Run(yes);
  const ShimRun shimmed = RunUnderShim(yes);
  EXPECT_EQ(EndOf(plain), "signal " + std::to_string(SIGPIPE));
  EXPECT_EQ(EndOf(shimmed), EndOf(plain));
}

TEST_F(SameBehaviour, ClosedStandardStreams) {
  // A recorder that opens its file here could be given number 1 or 2, and the program would write into the
  // trace.
  ExpectSameBehaviour(Bash("/bin/ls / >&- 2>&-; echo $?; echo text | /bin/cat >&-; echo ${PIPESTATUS[1]}"));
  const ShimRun run = RunUnderShim(Bash("exec 0<&- 1>&- 2>&-; exec /bin/ls /"));
  EXPECT_EQ(EndOf(run), "exit code 2");
  for (const fs::path& trace : run.traces)
    EXPECT_EQ(EndOf(Memtrace({"summary", trace})), "exit code 0") << trace;
}

TEST_F(SameBehaviour, UsableSizes) {
  ExpectSameBehaviour({Program("usable_sizes")});
}
TEST_F(SameBehaviour, CornersOfTheAllocationFunctions) {
  ExpectSameBehaviour({Program("semantics")});
}
TEST_F(SameBehaviour, FailingNew) {
  ExpectSameBehaviour({Program("failing_new")});
}
TEST_F(SameBehaviour, Exceptions) {
  ExpectSameBehaviour({Program("throws")});
}
TEST_F(SameBehaviour, CancelledThreads) {
  ExpectSameBehaviour({Program("cancelled_threads")});
}
TEST_F(SameBehaviour, OwnMappings) {
  ExpectSameBehaviour({Program("mapper")});
}
TEST_F(SameBehaviour, LibcBlocks) {
  ExpectSameBehaviour({Program("libc_blocks")});
}

TEST_F(SameBehaviour, DefaultTraceNameModeAndPlace) {
  const Outcome outcome = e2e::Run(Plain(Command{"/bin/true"}).With("LD_PRELOAD", ShimPath()));
  const fs::path trace = work() / ("memtrace.true." + std::to_string(outcome.pid) + ".mtr");
  ASSERT_TRUE(fs::exists(trace)) << outcome.err;
  EXPECT_EQ(fs::status(trace).permissions(), fs::perms(0600));
  EXPECT_THAT(outcome.err, testing::HasSubstr("memtrace: ")) << "one line at the start, a summary at exit";
  EXPECT_EQ(outcome.out, "");
}

TEST_F(SameBehaviour, TraceIsNeverOverwritten) {
  for (int i = 0; i < 3; ++i) {
    const ShimRun run = RunUnderShim(Command{"/bin/true"}.With("MEMTRACE_OUT", traces() / "same.mtr"));
    EXPECT_EQ(run.traces.size(), static_cast<std::size_t>(i + 1));
  }
}

TEST_F(SameBehaviour, TraceNamePattern) {
  const std::string pattern = traces() / "made/%h/%e-%p-%n-%%.mtr";
  const ShimRun run = RunUnderShim(Command{"/bin/true"}.With("MEMTRACE_OUT", pattern));
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  const fs::path folder = traces() / "made" / host;
  ASSERT_TRUE(fs::is_directory(folder)) << run.err;
  const std::string name = fs::directory_iterator(folder)->path().filename();
  EXPECT_THAT(name, testing::StartsWith("true-" + std::to_string(run.pid) + "-"));
  EXPECT_THAT(name, testing::EndsWith("-%.mtr"));
}

}  // namespace
}  // namespace memtrace::e2e
