// SPDX-License-Identifier: MIT
// Completion in real shells, and the man page as its own tools see it.
#include <regex>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class ShellTest : public EndToEnd {
 protected:
  // The script for a shell, in the working folder.
  fs::path Script(const std::string& shell) const {
    const Outcome script = Memtrace({"completion", shell});
    EXPECT_EQ(EndOf(script), "exit code 0") << script.err;
    WriteFile(work() / ("memtrace." + shell), script.out);
    return work() / ("memtrace." + shell);
  }

  // Commands as `memtrace --help` lists them.
  std::vector<std::string> Commands() const {
    const std::string help = Memtrace({"--help"}).out;
    std::vector<std::string> commands;
    static const std::regex line("\n  ([a-z]+)  +[A-Z]");
    const std::string list = help.substr(help.find("Subcommands:"));
    for (std::sregex_iterator i(list.begin(), list.end(), line), end; i != end; ++i)
      commands.push_back((*i)[1]);
    return commands;
  }
};

TEST_F(ShellTest, BashCompletesCommandsOptionsValuesAndTraces) {
  WriteFile(work() / "app.mtr", "");
  WriteFile(work() / "app.txt", "");
  const fs::path script = Script("bash");
  const auto complete = [&](const std::string& words) {
    const Outcome outcome =
        Run({"/bin/bash", "--norc", "-c",
             "source '" + script.string() + "'; COMP_WORDS=(" + words +
                 "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _memtrace; printf '%s\n' \"${COMPREPLY[@]}\""});
    EXPECT_EQ(outcome.err, "") << words;
    return outcome.out;
  };
  EXPECT_EQ(complete("memtrace ti"), "timeline\n");
  EXPECT_EQ(complete("memtrace top --by f"), "file\nfunction\n");
  EXPECT_EQ(complete("memtrace diff --norm"), "--normalize\n");
  EXPECT_EQ(complete("memtrace top a"), "app.mtr\n");
  EXPECT_EQ(complete("memtrace completion z"), "zsh\n");
  EXPECT_THAT(complete("memtrace run -- ech"), HasSubstr("echo\n"));
  EXPECT_THAT(complete("memtrace ''"), AllOf(HasSubstr("run\n"), HasSubstr("--version\n")));
}

TEST_F(ShellTest, FishCompletes) {
  if (!IsInstalled("fish")) GTEST_SKIP() << "fish is not installed";
  WriteFile(work() / "app.mtr", "");
  const fs::path script = Script("fish");
  const auto complete = [&](const std::string& line) {
    const Outcome outcome = Run({"/usr/bin/fish", "--no-config", "-c",
                                 "source '" + script.string() + "'; complete -C '" + line + "'"});
    EXPECT_EQ(outcome.err, "") << line;
    return outcome.out;
  };
  EXPECT_THAT(complete("memtrace ti"), AllOf(HasSubstr("timeline\t"), Not(HasSubstr("top"))));
  EXPECT_THAT(complete("memtrace top --by fi"), HasSubstr("file"));
  EXPECT_THAT(complete("memtrace diff --norm"), HasSubstr("--normalize\t"));
  EXPECT_THAT(complete("memtrace leaks a"), HasSubstr("app.mtr"));
}

// A shell on a terminal of its own, to which a tab is typed.
TEST_F(ShellTest, ZshCompletes) {
  if (!IsInstalled("zsh")) GTEST_SKIP() << "zsh is not installed";
  WriteFile(work() / "app.mtr", "");
  const fs::path script = Script("zsh");
  WriteFile(
      work() / "type.zsh",
      "zmodload zsh/zpty\n"
      "zpty shell zsh -f -i\n"
      "zpty -w shell \"PS1=; autoload -Uz compinit; compinit -u -D; source '" +
          script.string() +
          "'; bindkey -e; print rea''dy\"\n"
          "text=\n"
          "await() { while [[ $text != *$1* ]]; do zpty -r -m shell part \"*$1*\" || return; text+=$part; "
          "done }\n"
          "await ready\n"
          "for line in 'memtrace ti' 'memtrace top --by fu' 'memtrace diff --norm' 'memtrace leaks a'; do\n"
          "  zpty -w -n shell \"$line\"$'\\t'\n"
          "  sleep 0.3\n"
          "  zpty -w -n shell $'\\x15'\n"
          "done\n"
          "zpty -w shell 'print do''ne'\n"
          "await done\n"
          "print -r -- \"$text\"\n");
  const Outcome outcome =
      Run(Command{"/usr/bin/zsh", "-f", work() / "type.zsh"}.Within(std::chrono::seconds(30)));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("memtrace timeline"), HasSubstr("--by function"),
                                 HasSubstr("--normalize"), HasSubstr("app.mtr")));
}

TEST_F(ShellTest, UnknownShellsAreToldOf) {
  const Outcome outcome = Memtrace({"completion", "fissh"});
  EXPECT_EQ(EndOf(outcome), "exit code 2");
  EXPECT_THAT(outcome.err, HasSubstr("bash, zsh or fish; did you mean \"fish\"?"));
}

TEST_F(ShellTest, TheManPageIsSoundAndKnowsEveryCommand) {
  const std::string page = std::string(MEMTRACE_SOURCE_ROOT) + "/tools/memtrace.1";
  std::vector<std::string> documented;
  const std::string text = ReadFile(page);
  static const std::regex item("\n\\.It Cm ([a-z]+)\n");
  for (std::sregex_iterator i(text.begin(), text.end(), item), end; i != end; ++i)
    documented.push_back((*i)[1]);
  ASSERT_GE(Commands().size(), 10U);
  EXPECT_THAT(documented, IsSupersetOf(Commands()));
  if (!IsInstalled("mandoc")) GTEST_SKIP() << "mandoc is not installed";
  const Outcome lint = Run({"/usr/bin/mandoc", "-T", "lint", "-W", "warning", page});
  EXPECT_EQ(EndOf(lint), "exit code 0") << lint.out << lint.err;
}

}  // namespace
}  // namespace memtrace::e2e
