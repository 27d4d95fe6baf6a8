// SPDX-License-Identifier: MIT
// `memtrace pack`: every report stays the same to the byte when the recorded programs, their maps and their
// sources are gone.
#include <csignal>
#include <regex>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Pack : public EndToEnd {
 protected:
  fs::path CopyOf(const std::string& name) const {
    const fs::path copy = root() / "app" / name;
    fs::create_directories(copy.parent_path());
    fs::copy_file(Program(name), copy, fs::copy_options::overwrite_existing);
    return copy;
  }

  // All that reports say of a trace, under one name: they show it.
  std::string Reports(const fs::path& trace) const {
    const fs::path shown = root() / "shown.mtr";
    fs::copy_file(trace, shown, fs::copy_options::overwrite_existing);
    std::string text;
    const std::vector<std::vector<std::string>> commands = {{"top", "-n", "1000", "--by", "traceback"},
                                                            {"top", "-n", "50"},
                                                            {"top", "--no-inlines", "--by", "function"},
                                                            {"top", "--json"},
                                                            {"top", "--metric", "temporary"},
                                                            {"leaks", "-n", "1000"}};
    for (std::vector<std::string> words : commands) {
      words.push_back(shown);
      const Outcome outcome = Memtrace(words);
      EXPECT_EQ(EndOf(outcome), "exit code 0") << words[0] << outcome.err;
      EXPECT_THAT(outcome.err, IsEmpty()) << words[0];
      // The one fact that packing is there to change.
      text += std::regex_replace(outcome.out, std::regex("\"file_bytes\": [0-9]+"), "");
    }
    return text;
  }

  fs::path Packed(const fs::path& trace, std::vector<std::string> options = {}) const {
    const fs::path packed = root() / "packed.mtr";
    options.insert(options.begin(), {"pack", "--force", "-o", packed, trace});
    const Outcome outcome = Memtrace(options);
    EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
    return packed;
  }
};

TEST_F(Pack, ReportsAreTheSameWhenTheProgramIsGone) {
  const fs::path program = CopyOf("cxx_mix");
  const ShimRun run = ExpectSoundRun({program});
  const std::string before = Reports(run.trace);
  EXPECT_THAT(before, HasSubstr("cxx_mix.cc:"));
  const fs::path packed = Packed(run.trace);
  fs::remove(program);
  EXPECT_EQ(Reports(packed), before);
  const Outcome without = Memtrace({"top", run.trace});
  EXPECT_THAT(without.out, Not(HasSubstr("cxx_mix.cc:")))
      << "the test shows nothing: names come from elsewhere";
}

TEST_F(Pack, ManyThreads) {
  const ShimRun run = ExpectSoundRun({Program("threads_mix")});
  EXPECT_EQ(Reports(Packed(run.trace)), Reports(run.trace));
}

TEST_F(Pack, ARealProgramTakesLessRoom) {
  if (!IsInstalled("python3")) GTEST_SKIP() << "python3 is not installed";
  const ShimRun run = ExpectSoundRun(
      Command{"/usr/bin/python3", "-c",
              "import json; json.loads(json.dumps([{'a': i, 'b': str(i)} for i in range(9999)]))"}
          .With("PYTHONMALLOC", "malloc"));
  const fs::path packed = Packed(run.trace);
  EXPECT_EQ(Reports(packed), Reports(run.trace));
  EXPECT_LT(fs::file_size(packed), fs::file_size(run.trace) * 6 / 10);
  // Packing once more neither loses nor gains anything.
  const std::string bytes = ReadFile(packed);
  EXPECT_EQ(EndOf(Memtrace({"pack", "--in-place", packed})), "exit code 0");
  EXPECT_EQ(ReadFile(packed), bytes);
}

TEST_F(Pack, WhatAKillLeft) {
  Command command{Program("kill_victim")};
  Background program(Shimmed(command));
  ASSERT_TRUE(Await([&] { return !WithTraces({}).traces.empty(); }, std::chrono::seconds(20)));
  usleep(300'000);
  program.Signal(SIGKILL);
  program.Finish();
  const fs::path trace = WithTraces({}).traces[0];
  EXPECT_EQ(Reports(Packed(trace)), Reports(trace));
  EXPECT_EQ(SummaryOf(Packed(trace)).end, SummaryOf(trace).end);
}

TEST_F(Pack, SourceTextOnRequestOnly) {
  WriteFile(root() / "text.c",
            "#include <stdlib.h>\nint main(void) {\n  return malloc(9) == 0;  // the line\n}\n");
  const Outcome built = Run({"/usr/bin/cc", "-g", "-O0", "-o", root() / "text", root() / "text.c"});
  if (!built.Succeeded()) GTEST_SKIP() << "no C compiler";
  const ShimRun run = ExpectSoundRun({root() / "text"});
  const std::string before = Reports(run.trace);
  EXPECT_THAT(before, HasSubstr("// the line"));
  const fs::path bare = root() / "bare.mtr";
  fs::copy_file(Packed(run.trace), bare);
  const fs::path full = Packed(run.trace, {"--sources"});
  fs::remove(root() / "text.c");
  fs::remove(root() / "text");
  EXPECT_EQ(Reports(full), before);
  EXPECT_THAT(Memtrace({"top", bare}).out, Not(HasSubstr("// the line")));
  EXPECT_THAT(Memtrace({"top", bare}).out, HasSubstr("text.c:3"));
}

TEST_F(Pack, AJitsNamesGoAlong) {
  if (!IsInstalled("node")) GTEST_SKIP() << "node is not installed";
  WriteFile(work() / "app.js",
            "function packsIt() { return require('zlib').deflateSync(Buffer.alloc(99999)); }\n"
            "for (let i = 0; i < 9; i++) packsIt();\n");
  const ShimRun run = ExpectSoundRun(
      Command{"node", "--perf-basic-prof", "--interpreted-frames-native-stack", "app.js"}.Within(
          std::chrono::seconds(120)));
  const std::string before = Reports(run.trace);
  const fs::path packed = Packed(run.trace);
  fs::remove("/tmp/perf-" + std::to_string(run.pid) + ".map");
  EXPECT_EQ(Reports(packed), before);
  EXPECT_THAT(Memtrace({"top", packed, "--by", "traceback", "--focus", "packsIt"}).out,
              HasSubstr("app.js:1"));
}

TEST_F(Pack, DoesNotTouchWhatItShouldNot) {
  const ShimRun run = ExpectSoundRun({Program("malloc_mix")});
  const std::string original = ReadFile(run.trace);
  const fs::path beside = fs::path(run.trace).replace_extension(".packed.mtr");
  EXPECT_EQ(EndOf(Memtrace({"pack", run.trace})), "exit code 0");
  EXPECT_TRUE(fs::exists(beside));
  EXPECT_EQ(ReadFile(run.trace), original);
  const Outcome again = Memtrace({"pack", run.trace});
  EXPECT_EQ(EndOf(again), "exit code 2");
  EXPECT_THAT(again.err, HasSubstr("--force"));
  WriteFile(root() / "cut.mtr", original.substr(0, original.size() / 2));
  const Outcome cut = Memtrace({"pack", "-o", root() / "out.mtr", root() / "cut.mtr"});
  EXPECT_EQ(EndOf(cut), "exit code 2");
  EXPECT_THAT(cut.err, HasSubstr("damaged"));
  EXPECT_FALSE(fs::exists(root() / "out.mtr"));
  EXPECT_EQ(EndOf(Memtrace({"pack", "-o", "/nonexistent/out.mtr", run.trace})), "exit code 3");
}

}  // namespace
}  // namespace memtrace::e2e
