// SPDX-License-Identifier: MIT
// What memtrace says to bad input: one clear line on stderr, nothing on stdout, the documented exit code.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

const char* const kReaders[] = {"summary", "top", "leaks", "info"};

class BadInput : public EndToEnd {
 protected:
  void SetUp() override { sound_ = RunUnderShim({Program("ends"), "exit", "50000"}).trace; }

  // One line, naming what it is about, and nothing else anywhere.
  void ExpectOneLine(const Outcome& outcome, const std::string& end, const std::string& naming) const {
    EXPECT_EQ(EndOf(outcome), end) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(naming));
  }

  void ExpectUnreadable(const fs::path& trace) const {
    for (const char* reader : kReaders)
      ExpectOneLine(Memtrace({reader, trace}), "exit code 3", trace.filename());
  }

  // A damaged trace is reported all the same, with a warning and exit code 4; or not at all, with one line.
  void ExpectDamagedOrUnreadable(const fs::path& trace) const {
    for (const char* reader : kReaders) {
      const Outcome outcome = Memtrace({reader, trace});
      EXPECT_THAT(EndOf(outcome), AnyOf("exit code 3", "exit code 4")) << reader << "\n" << outcome.err;
      if (outcome.exit_code == 3) ExpectOneLine(outcome, "exit code 3", trace.filename());
      if (outcome.exit_code == 4) {
        EXPECT_THAT(outcome.err, HasSubstr("warning: ")) << reader;
      }
    }
  }

  fs::path Copy(const std::string& bytes) const {
    WriteFile(work() / "copy.mtr", bytes);
    return work() / "copy.mtr";
  }

  fs::path sound_;
};

// ---- traces

TEST_F(BadInput, MissingTrace) {
  ExpectUnreadable(work() / "missing.mtr");
}
TEST_F(BadInput, EmptyTrace) {
  ExpectUnreadable(Copy(""));
}
TEST_F(BadInput, ForeignFiles) {
  ExpectUnreadable(Copy("just a text, not a trace\n"));
  ExpectUnreadable(Copy(ReadFile("/bin/ls")));
  ExpectUnreadable(Copy(std::string(1 << 20, '\0')));
}
TEST_F(BadInput, FolderAsTrace) {
  ExpectUnreadable(work());
}
TEST_F(BadInput, DeviceAndFifoAsTrace) {
  const fs::path fifo = work() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  ExpectUnreadable(fifo);
  ExpectUnreadable("/dev/null");
  ExpectUnreadable("/dev/zero");
}

TEST_F(BadInput, TraceWithoutPermission) {
  if (geteuid() != 0) {
    fs::permissions(sound_, fs::perms(0));
    return ExpectUnreadable(sound_);
  }
  // A copy that nobody can reach, wherever this was built.
  fs::permissions(root(), fs::perms(0755));
  fs::copy_file(MemtracePath(), root() / "memtrace");
  const Command as_nobody = Plain({root() / "memtrace", "summary", sound_}).Before([] {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(124);
  });
  ExpectOneLine(e2e::Run(as_nobody), "exit code 3", "Permission denied");
}

TEST_F(BadInput, NoTraceNamedAndNoneThere) {
  for (const char* reader : kReaders) ExpectOneLine(Memtrace({reader}), "exit code 3", "memtrace");
}

TEST_F(BadInput, TruncatedTraces) {
  const std::string whole = ReadFile(sound_);
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{100}, std::size_t{4095}, std::size_t{4096}, std::size_t{5000},
        std::size_t{70000}, whole.size() / 2, whole.size() - 1}) {
    SCOPED_TRACE(bytes);
    if (bytes < whole.size()) ExpectDamagedOrUnreadable(Copy(whole.substr(0, bytes)));
  }
}

TEST_F(BadInput, TruncatedTraceStillShowsWhatIsLeft) {
  // Uncompressed and long, so that half of it holds many windows.
  const ShimRun run = RunUnderShim(Command{Program("ends"), "exit", "300000"}.With("MEMTRACE_COMPRESS", "0"));
  const std::string whole = ReadFile(run.trace);
  const Outcome outcome = Memtrace({"summary", "--json", Copy(whole.substr(0, whole.size() / 2))});
  EXPECT_EQ(EndOf(outcome), "exit code 4");
  EXPECT_THAT(outcome.err, HasSubstr("byte"));
  const Summary rest = ParseSummary(nlohmann::json::parse(outcome.out));
  EXPECT_GT(rest.allocs, 10000u);
  EXPECT_LT(rest.allocs, 300000u);
}

TEST_F(BadInput, OverwrittenTraces) {
  const std::string whole = ReadFile(sound_);
  for (const std::size_t at : {std::size_t{9}, std::size_t{90}, std::size_t{4096}, std::size_t{8192},
                               std::size_t{70000}, whole.size() / 2, whole.size() - 300}) {
    SCOPED_TRACE(at);
    if (at + 256 > whole.size()) continue;
    for (const char* reader : kReaders) {
      std::string bad = whole;
      std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at), 256, '\xA5');
      const Outcome outcome = Memtrace({reader, Copy(bad)});
      // Space that is not in use may be overwritten without harm.
      EXPECT_THAT(EndOf(outcome), AnyOf("exit code 0", "exit code 3", "exit code 4"))
          << reader << outcome.err;
      if (outcome.exit_code == 3) ExpectOneLine(outcome, "exit code 3", "copy.mtr");
    }
  }
}

TEST_F(BadInput, NewerFormatVersion) {
  std::string newer = ReadFile(sound_);
  newer[8] = 99;  // FileHeader::version
  ExpectOneLine(Memtrace({"summary", Copy(newer)}), "exit code 3", "99");
}

// ---- words

TEST_F(BadInput, UnknownCommand) {
  ExpectOneLine(Memtrace({"tpo", sound_}), "exit code 2", "tpo");
}
TEST_F(BadInput, UnknownCommandIsGuessed) {
  EXPECT_THAT(Memtrace({"tpo"}).err, HasSubstr("top"));
}
TEST_F(BadInput, UnknownOption) {
  for (const char* reader : kReaders)
    ExpectOneLine(Memtrace({reader, "--frobnicate", sound_}), "exit code 2", "--frobnicate");
}
TEST_F(BadInput, UnknownMetric) {
  ExpectOneLine(Memtrace({"top", "--metric", "peek", sound_}), "exit code 2", "peek");
}
TEST_F(BadInput, UnknownGrouping) {
  ExpectOneLine(Memtrace({"top", "--by", "planet", sound_}), "exit code 2", "planet");
}
TEST_F(BadInput, UnknownMoment) {
  ExpectOneLine(Memtrace({"top", "--at", "no such mark", sound_}), "exit code 2", "no such mark");
}
TEST_F(BadInput, UnknownDomain) {
  ExpectOneLine(Memtrace({"top", "--domain", "moon", sound_}), "exit code 2", "moon");
}
TEST_F(BadInput, CountThatIsNone) {
  ExpectOneLine(Memtrace({"top", "-n", "ten", sound_}), "exit code 2", "ten");
  ExpectOneLine(Memtrace({"top", "-n", "-3", sound_}), "exit code 2", "-3");
}
TEST_F(BadInput, BrokenExpression) {
  ExpectOneLine(Memtrace({"top", "--focus", "(", sound_}), "exit code 2", "(");
}
TEST_F(BadInput, TwoTraces) {
  EXPECT_EQ(EndOf(Memtrace({"top", sound_, sound_})), "exit code 2");
}
TEST_F(BadInput, NoCommand) {
  EXPECT_EQ(EndOf(Memtrace({})), "exit code 2");
}

// ---- output

TEST_F(BadInput, OutputThatCannotBeWritten) {
  ExpectOneLine(Memtrace({"top", "-o", "/no/such/folder/file", sound_}), "exit code 3",
                "/no/such/folder/file");
}

TEST_F(BadInput, FullOutput) {
  const Outcome outcome =
      Run({"/bin/sh", "-c", MemtracePath() + " summary '" + sound_.string() + "' > /dev/full"});
  EXPECT_NE(outcome.exit_code, 0) << "a report that could not be printed is no success";
  EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
}

TEST_F(BadInput, ReaderOfTheOutputGoesAway) {
  const Outcome outcome = Run(
      {"/bin/bash", "-c", MemtracePath() + " info '" + sound_.string() + "' | true; exit ${PIPESTATUS[0]}"});
  EXPECT_THAT(EndOf(outcome), AnyOf("exit code 0", "exit code 141")) << outcome.err;
  EXPECT_EQ(outcome.err, "");
}

// ---- good input, for the other half of the contract

TEST_F(BadInput, HelpAndVersion) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"--help"},
                                                                                     {"top", "--help"},
                                                                                     {"run", "--help"},
                                                                                     {"summary", "--help"},
                                                                                     {"leaks", "--help"},
                                                                                     {"info", "--help"}}) {
    const Outcome outcome = Memtrace(words);
    EXPECT_EQ(EndOf(outcome), "exit code 0");
    EXPECT_THAT(outcome.out, HasSubstr("memtrace"));
    EXPECT_EQ(outcome.err, "");
  }
  EXPECT_EQ(EndOf(Memtrace({"--version"})), "exit code 0");
}

TEST_F(BadInput, NoColourWhereNoTerminalIs) {
  for (const char* reader : kReaders) {
    EXPECT_THAT(Memtrace({reader, sound_}).out, testing::Not(HasSubstr("\x1b"))) << reader;
    EXPECT_THAT(Memtrace({reader, sound_}).err, testing::Not(HasSubstr("\x1b"))) << reader;
  }
}

TEST_F(BadInput, LeaksAsAGate) {
  EXPECT_EQ(EndOf(Memtrace({"leaks", "--error-exitcode", "1", sound_})), "exit code 1");
  EXPECT_EQ(EndOf(Memtrace({"leaks", sound_})), "exit code 0");
  EXPECT_EQ(EndOf(Memtrace({"leaks", "--error-exitcode", "1", "--min-bytes", "1GiB", sound_})),
            "exit code 0");
}

TEST_F(BadInput, EveryReportHasJson) {
  for (const char* reader : kReaders) {
    const auto json = MemtraceJson({reader, sound_});
    for (const char* key : {"schema_version", "tool", "command", "trace", "rows"}) {
      EXPECT_TRUE(json.contains(key)) << reader << " lacks " << key;
    }
  }
}

TEST_F(BadInput, ReportsDoNotWriteToTheTrace) {
  const std::string before = ReadFile(sound_);
  for (const char* reader : kReaders) Memtrace({reader, sound_});
  EXPECT_EQ(ReadFile(sound_) == before, true);
}

TEST_F(BadInput, NamesInATraceCannotReachTheTerminal) {
  // A program's arguments are under anybody's control; escape sequences in them must not be printed.
  const ShimRun run = RunUnderShim({"/bin/echo", "\x1b]0;title\x07\x1b[31m"});
  for (const char* reader : kReaders) {
    EXPECT_THAT(Memtrace({reader, run.trace}).out,
                testing::Not(testing::AnyOf(HasSubstr("\x1b"), HasSubstr("\x07"))));
  }
}

}  // namespace
}  // namespace memtrace::e2e
