// SPDX-License-Identifier: MIT
// Names when the recorded machine's files are elsewhere: under a sysroot, on a debuginfod server, in a JIT's
// map.
#include <unistd.h>

#include <regex>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Names : public EndToEnd {
 protected:
  // A copy of a test program, so that it can be moved away.
  fs::path CopyOf(const std::string& name) const {
    const fs::path copy = root() / "app" / name;
    fs::create_directories(copy.parent_path());
    fs::copy_file(Program(name), copy, fs::copy_options::overwrite_existing);
    return copy;
  }
  // Moves a file into another tree, its path kept below it.
  void MoveBelow(const fs::path& tree, const fs::path& file) const {
    const fs::path target = tree / file.relative_path();
    fs::create_directories(target.parent_path());
    fs::rename(file, target);
  }
  std::string Top(const fs::path& trace, std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"top", trace});
    const Outcome outcome = Memtrace(options);
    EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
    return outcome.out;
  }
};

TEST_F(Names, SysrootHasTheFilesOfAMachineThatIsGone) {
  const fs::path program = CopyOf("malloc_mix");
  const ShimRun run = ExpectSoundRun({program});
  const std::string before = Top(run.trace);
  EXPECT_THAT(before, HasSubstr("malloc_mix.c:"));
  MoveBelow(root() / "image", program);
  EXPECT_THAT(Top(run.trace), Not(HasSubstr("malloc_mix.c:")));
  EXPECT_EQ(Top(run.trace, {"--sysroot", root() / "image"}), before);
}

TEST_F(Names, DebugPathIsAFolderAndMayBeGivenAgain) {
  const fs::path program = CopyOf("malloc_mix");
  const ShimRun run = ExpectSoundRun({program});
  const std::string before = Top(run.trace);
  fs::create_directories(root() / "empty");
  MoveBelow(root() / "debug", program);
  EXPECT_EQ(Top(run.trace, {"--debug-path", root() / "empty", "--debug-path", root() / "debug"}), before);
  const Outcome wrong = Memtrace({"top", run.trace, "--debug-path", root() / "nowhere"});
  EXPECT_EQ(EndOf(wrong), "exit code 2");
  EXPECT_THAT(wrong.err, HasSubstr("--debug-path"));
}

// Serves files from a folder on 127.0.0.1 as a debuginfod server would: /buildid/ID/debuginfo.
// Text alone would take the brace in the raw string for the function's end, and never find that of the other
// one.
TEST_F(Names, AListingEndsWhereTheFunctionsCodeDoes) {
  WriteFile(root() / "text.cc",
            "#include <cstdio>\n"  // 1
            "#include <cstdlib>\n"
            "__attribute__((noinline)) void* First(int n) {\n"  // 3
            "  std::puts(R\"(\n"
            "}\n"
            ")\");\n"
            "  void* block = std::malloc(n);\n"  // 7
            "  std::puts(\"first\");\n"
            "  return block;\n"
            "}  // end of First\n"  // 10
            "__attribute__((noinline)) void* Second(int n) {\n"
            "#if 0\n"
            "  if (n) {\n"
            "#endif\n"
            "  void* block = std::malloc(n);  // }\n"  // 15
            "  std::puts(\"second\");\n"
            "  return block;\n"
            "}  // end of Second\n"  // 18
            "int main() { return First(100) == nullptr || Second(200) == nullptr; }\n");
  const fs::path program = root() / "text";
  const Outcome built = Run({"/usr/bin/c++", "-g", "-O1", "-o", program, root() / "text.cc"});
  if (!built.Succeeded()) GTEST_SKIP() << "no C++ compiler";
  const ShimRun run = ExpectSoundRun({program});
  const Outcome first = Memtrace({"lines", run.trace, "First"});
  EXPECT_THAT(first.out, AllOf(HasSubstr("    10 "), HasSubstr("// end of First"), Not(HasSubstr("Second"))));
  const Outcome second = Memtrace({"lines", run.trace, "Second"});
  EXPECT_THAT(second.out,
              AllOf(HasSubstr("// end of Second"), Not(HasSubstr("main")), Not(HasSubstr("First"))));
}

class DebuginfodNames : public Names {
 protected:
  void SetUp() override {
    if (!IsInstalled("python3")) GTEST_SKIP() << "python3 is not installed";
    fs::create_directories(root() / "server/buildid");
    Command command{"/usr/bin/python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"};
    command.folder = root() / "server";
    server_ = std::make_unique<Background>(Plain(command));
    ASSERT_TRUE(server_->AwaitOutput("Serving HTTP on", std::chrono::seconds(20)));
  }
  void TearDown() override {
    if (server_ != nullptr) server_->Signal(SIGTERM);
  }

  std::string Url() const {
    const std::string& said = server_->output();
    std::smatch match;
    return std::regex_search(said, match, std::regex("http://127\\.0\\.0\\.1:[0-9]+/")) ? match[0].str() : "";
  }
  Outcome TopFrom(const std::string& url, const fs::path& trace, std::vector<std::string> options) const {
    options.insert(options.begin(), {MemtracePath(), "top", trace});
    return Run(
        Command(options).With("DEBUGINFOD_URLS", url).With("DEBUGINFOD_CACHE_PATH", root() / "fetched"));
  }

  std::unique_ptr<Background> server_;
};

TEST_F(DebuginfodNames, AreFetchedOnRequestOnly) {
  const fs::path program = CopyOf("malloc_mix");
  const ShimRun run = ExpectSoundRun({program});
  const std::string before = Top(run.trace);
  std::string build_id;
  const nlohmann::json info = MemtraceJson({"info", run.trace});
  for (const nlohmann::json& module : info["rows"]) {
    if (module["module"] == program.string()) build_id = module["build_id"];
  }
  ASSERT_FALSE(build_id.empty());
  fs::create_directories(root() / "server/buildid" / build_id);
  fs::rename(program, root() / "server/buildid" / build_id / "debuginfo");

  EXPECT_THAT(TopFrom(Url(), run.trace, {}).out, Not(HasSubstr("malloc_mix.c:")));
  EXPECT_FALSE(fs::exists(root() / "fetched")) << "nobody asked for the network";
  const Outcome fetched = TopFrom(Url(), run.trace, {"--debuginfod"});
  EXPECT_EQ(EndOf(fetched), "exit code 0") << fetched.err;
  EXPECT_EQ(fetched.out, before);
}

TEST_F(DebuginfodNames, NeedAServersAddress) {
  const ShimRun run = ExpectSoundRun({Program("malloc_mix")});
  const Outcome outcome = Memtrace({"top", run.trace, "--debuginfod"});
  EXPECT_EQ(EndOf(outcome), "exit code 2");
  EXPECT_THAT(outcome.err, HasSubstr("DEBUGINFOD_URLS"));
}

// JavaScript functions that make native blocks: a compressor's state is malloc'ed below them.
class NodeNames : public Names {
 protected:
  void SetUp() override {
    node_ = IsInstalled("node") ? "node" : "nodejs";
    if (!IsInstalled(node_)) GTEST_SKIP() << "node is not installed";
    WriteFile(work() / "app.js", R"(const zlib = require('zlib');
function keepsDeflaters(list, n) {
  for (let i = 0; i < n; i++) list.push(zlib.createDeflateRaw());
}
function runsTheWork() {
  const list = [];
  for (let i = 0; i < 30; i++) keepsDeflaters(list, 20);
}
runsTheWork();
)");
  }
  ~NodeNames() override { fs::remove(map_); }

  ShimRun RunNode(std::vector<std::string> options) {
    options.insert(options.begin(), node_);
    options.push_back("app.js");
    ShimRun run = ExpectSoundRun(Command(options).Within(std::chrono::seconds(120)));
    map_ = "/tmp/perf-" + std::to_string(run.pid) + ".map";
    return run;
  }
  std::string StackThrough(const std::string& function, const fs::path& trace) const {
    return Top(trace, {"--by", "traceback", "--focus", function, "-n", "1"});
  }

  std::string node_;
  fs::path map_;
};

TEST_F(NodeNames, CompiledFunctionsOfAProcessThatEnded) {
  const ShimRun run = RunNode({"--perf-basic-prof", "--always-sparkplug"});
  ASSERT_TRUE(fs::exists(map_)) << "node wrote no map";
  const std::string stack = StackThrough("keepsDeflaters", run.trace);
  EXPECT_THAT(stack, AllOf(HasSubstr("keepsDeflaters"), HasSubstr("app.js:2"), HasSubstr("runsTheWork")));
}

TEST_F(NodeNames, InterpretedFunctionsToo) {
  const ShimRun run = RunNode({"--perf-basic-prof", "--interpreted-frames-native-stack"});
  const std::string stack = StackThrough("runsTheWork", run.trace);
  EXPECT_THAT(stack, AllOf(HasSubstr("keepsDeflaters"), HasSubstr("runsTheWork"), HasSubstr("app.js:5")));
}

}  // namespace
}  // namespace memtrace::e2e
