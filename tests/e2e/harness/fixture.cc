// SPDX-License-Identifier: MIT
// Folders, environments and the comparison of a plain run with a preloaded one.
#include "tests/e2e/harness/fixture.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

namespace memtrace::e2e {
namespace {

fs::path MakeRoot() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/memtrace_e2e.XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + pattern);
  fs::permissions(pattern, fs::perms(0755));  // tests that change the user must reach it
  return fs::canonical(pattern);
}

void Empty(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
}

std::vector<std::string> FilesBelow(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    names.push_back(fs::relative(entry.path(), folder).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<fs::path> TracesIn(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".mtr") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::string Program(const std::string& name) {
  return std::string(MEMTRACE_TEST_PROGRAMS) + "/" + name;
}
std::string Plugin(const std::string& name) {
  return Program("lib" + name + ".so");
}
std::string ShimPath() {
  return MEMTRACE_PRELOAD_LIBRARY;
}
std::string MemtracePath() {
  return MEMTRACE_EXECUTABLE;
}

std::string WithoutOwnLines(const std::string& err) {
  static const std::regex own_line("memtrace: [^\n]*\n");
  return std::regex_replace(err, own_line, "");
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

bool IsInstalled(const std::string& program) {
  if (program.starts_with('/')) return access(program.c_str(), X_OK) == 0;
  for (const char* folder : {"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"}) {
    if (access((folder + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

EndToEnd::EndToEnd() : root_(MakeRoot()), work_(root_ / "work"), traces_(root_ / "traces") {
  fs::create_directory(work_);
  fs::create_directory(traces_);
  fs::create_directory(root_ / "home");
}

EndToEnd::~EndToEnd() {
  if (std::getenv("MEMTRACE_E2E_KEEP") != nullptr) {
    printf("kept: %s\n", root_.c_str());
    return;
  }
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

Command EndToEnd::Plain(const Command& command) const {
  Command full = command;
  full.environment.try_emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  full.environment.try_emplace("HOME", root_ / "home");
  full.environment.try_emplace("LC_ALL", "C.UTF-8");
  full.environment.try_emplace("TZ", "UTC");
  if (full.folder.empty()) full.folder = work_;
  return full;
}

Command EndToEnd::Shimmed(const Command& command) const {
  Command full = Plain(command);
  std::string& preload = full.environment["LD_PRELOAD"];
  preload = preload.empty() ? ShimPath() : ShimPath() + ":" + preload;
  full.environment.try_emplace("MEMTRACE_OUT", traces_ / "%e.%p.mtr");
  return full;
}

ShimRun EndToEnd::RunUnderShim(const Command& command) const {
  return WithTraces(e2e::Run(Shimmed(command)));
}

ShimRun EndToEnd::WithTraces(const Outcome& outcome) const {
  ShimRun run{outcome, TracesIn(traces_), {}};
  const std::string own_number = "." + std::to_string(outcome.pid) + ".";
  for (const fs::path& trace : run.traces) {
    if (run.trace.empty() && trace.filename().string().find(own_number) != std::string::npos)
      run.trace = trace;
  }
  return run;
}

Outcome EndToEnd::Memtrace(std::vector<std::string> words) const {
  words.insert(words.begin(), MemtracePath());
  return e2e::Run(Plain(Command(std::move(words))));
}

nlohmann::json EndToEnd::MemtraceJson(std::vector<std::string> words) const {
  words.push_back("--json");
  const Outcome outcome = Memtrace(words);
  EXPECT_EQ(EndOf(outcome), "exit code 0") << "memtrace " << testing::PrintToString(words) << "\n"
                                           << outcome.err;
  nlohmann::json parsed = nlohmann::json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(parsed.is_discarded()) << "not JSON: " << outcome.out.substr(0, 400);
  return parsed;
}

Summary EndToEnd::SummaryOf(const fs::path& trace) const {
  EXPECT_FALSE(trace.empty()) << "the program left no trace";
  return trace.empty() ? Summary{} : ParseSummary(MemtraceJson({"summary", trace}));
}

std::vector<Row> EndToEnd::TopOf(const fs::path& trace, std::vector<std::string> options) const {
  EXPECT_FALSE(trace.empty()) << "the program left no trace";
  if (trace.empty()) return {};
  options.insert(options.begin(), {"top", trace});
  return ParseRows(MemtraceJson(options));
}

void EndToEnd::ExpectSameBehaviour(const Command& command, const std::function<void()>& prepare) const {
  const fs::path program = command.argv[0];
  if (program.is_absolute() ? !fs::exists(program) : !IsInstalled(program)) {
    GTEST_SKIP() << program << " is not installed";
  }
  const auto run = [&](const Command& variant) {
    Empty(work_);
    Empty(root_ / "home");
    if (prepare) prepare();
    Outcome outcome = e2e::Run(variant);
    return std::make_pair(outcome, FilesBelow(work_));
  };
  const auto [plain, plain_files] = run(Plain(command));
  const auto [shimmed, shimmed_files] = run(Shimmed(command));
  const auto [quiet, quiet_files] = run(Shimmed(command.With("MEMTRACE_QUIET", "1")));
  const std::string name = testing::PrintToString(command.argv);
  EXPECT_FALSE(plain.timed_out) << name << " does not end, even alone";
  EXPECT_EQ(EndOf(shimmed), EndOf(plain)) << name << "\n" << shimmed.err;
  EXPECT_EQ(shimmed.out, plain.out) << name;
  EXPECT_EQ(WithoutOwnLines(shimmed.err), plain.err) << name;
  EXPECT_NE(shimmed.err, plain.err) << name << ": memtrace said nothing, so it was probably not there";
  EXPECT_EQ(shimmed_files, plain_files) << name;
  EXPECT_EQ(EndOf(quiet), EndOf(plain)) << name << " with MEMTRACE_QUIET=1";
  EXPECT_EQ(quiet.out, plain.out) << name << " with MEMTRACE_QUIET=1";
  EXPECT_EQ(quiet.err, plain.err) << name << " with MEMTRACE_QUIET=1";
  EXPECT_EQ(quiet_files, plain_files) << name << " with MEMTRACE_QUIET=1";
}

ShimRun EndToEnd::ExpectSoundRun(const Command& command) const {
  ShimRun run = RunUnderShim(command);
  EXPECT_EQ(EndOf(run), "exit code 0") << testing::PrintToString(command.argv) << "\n" << run.out << run.err;
  EXPECT_FALSE(run.trace.empty()) << "no trace; stderr: " << run.err;
  if (!run.trace.empty()) {
    const Outcome summary = Memtrace({"summary", run.trace});
    EXPECT_EQ(EndOf(summary), "exit code 0") << summary.out << summary.err;
  }
  return run;
}

}  // namespace memtrace::e2e
