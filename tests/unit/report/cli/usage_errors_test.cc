// SPDX-License-Identifier: MIT
// Complaints about command lines are one line and guess what was meant.
#include "analyzer/cli/usage_errors.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "analyzer/cli/commands.h"

namespace memtrace::cli {
namespace {

// The complaint about "memtrace WORDS..."; empty if it would run.
std::string Complaint(std::vector<std::string> words) {
  int exit_code = 0;
  CLI::App app("", "memtrace");
  app.require_subcommand(1);
  AddRunCommand(app, {}, exit_code);
  AddTopCommand(app, exit_code);
  AddLeaksCommand(app, exit_code);
  if (const auto complaint = UnknownCommand(app, words)) return *complaint;
  std::reverse(words.begin(), words.end());
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return ParseComplaint(app, error);
  }
  return "";
}

TEST(UsageErrors, GuessCommands) {
  EXPECT_EQ(Complaint({"tpo"}), "unknown command \"tpo\": run, top or leaks; did you mean \"top\"?");
  EXPECT_EQ(Complaint({}), "no command given: run, top or leaks; see memtrace --help");
}

TEST(UsageErrors, GuessOptions) {
  EXPECT_EQ(Complaint({"top", "--metrik", "x"}), "top: unknown option --metrik; did you mean \"--metric\"?");
  EXPECT_EQ(Complaint({"top", "--metrik=x"}), "top: unknown option --metrik; did you mean \"--metric\"?");
  EXPECT_EQ(Complaint({"leaks", "--frobnicate"}),
            "leaks: unknown option --frobnicate (memtrace leaks --help)");
  EXPECT_EQ(Complaint({"run", "--dept", "3", "ls"}), "run: unknown option --dept; did you mean \"--depth\"?");
}

TEST(UsageErrors, NameWhatIsTooMuchOrMissing) {
  EXPECT_EQ(Complaint({"top", "a", "b"}), "top: unexpected argument \"b\" (memtrace top --help)");
  EXPECT_EQ(Complaint({"run"}), "run: PROGRAM is required (memtrace run --help)");
}

TEST(UsageErrors, NumbersAreWholeAndNotNegative) {
  EXPECT_EQ(Complaint({"top", "-n", "-3"}),
            "top: -n: \"-3\" is no whole number from 0 to 999999999 (memtrace top --help)");
  EXPECT_FALSE(Complaint({"top", "-n", "ten"}).empty());
  EXPECT_FALSE(Complaint({"run", "--depth", "-1", "ls"}).empty());
}

}  // namespace
}  // namespace memtrace::cli
