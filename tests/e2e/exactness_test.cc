// SPDX-License-Identifier: MIT
// Counts are exact: what `memtrace summary` says equals what valgrind says of the same program.
#include "tests/e2e/harness/fixture.h"
#include "tests/e2e/harness/valgrind.h"

namespace memtrace::e2e {
namespace {

// The one difference: libmemtrace.so has thread variables, so the loader's vector of modules with such
// variables, one for each thread, is an entry of 16 bytes longer than without it.
constexpr std::uint64_t kLoaderVectorEntryBytes = 16;

HeapCounts CountsOf(const Summary& summary) {
  return {summary.allocs, summary.frees, summary.bytes_allocated, summary.in_use_at_exit.bytes,
          summary.in_use_at_exit.blocks};
}

class Exactness : public EndToEnd {
 protected:
  std::uint64_t LoaderVectors(const fs::path& trace, const std::string& metric) {
    const auto report = MemtraceJson({"top", trace, "--metric", metric, "--focus", "^_dl_allocate_tls$"});
    return report.at("matching").at("blocks");
  }

  // Skips, saying so, where valgrind is missing or its own two runs differ.
  void ExpectValgrindsCounts(const Command& command) {
    if (!IsInstalled("valgrind")) GTEST_SKIP() << "valgrind is not installed";
    if (command.argv[0][0] == '/' && !fs::exists(command.argv[0])) {
      GTEST_SKIP() << command.argv[0] << " is not installed";
    }
    const Command full =
        Plain(command).With("MEMTRACE_OUT", traces() / "%e.%p.mtr").With("MEMTRACE_QUIET", "1");
    const std::optional<HeapCounts> first = CountWithValgrind(full);
    const std::optional<HeapCounts> second = CountWithValgrind(full);
    ASSERT_TRUE(first.has_value() && second.has_value()) << "valgrind could not count";
    if (*first != *second) {
      GTEST_SKIP() << "valgrind's own runs differ: " << ToString(*first) << " and " << ToString(*second);
    }
    const fs::path library = root() / "libmemtrace.so";  // a short path, see AsUnderValgrind
    fs::create_symlink(ShimPath(), library);
    const ShimRun run = WithTraces(e2e::Run(AsUnderValgrind(full, library)));
    const Summary summary = SummaryOf(run.trace);
    HeapCounts counts = CountsOf(summary);
    counts.bytes_allocated -= kLoaderVectorEntryBytes * LoaderVectors(run.trace, "total");
    counts.in_use_bytes -= kLoaderVectorEntryBytes * LoaderVectors(run.trace, "not-freed");
    EXPECT_EQ(ToString(counts), ToString(*first)) << EndOf(run);
    EXPECT_EQ(summary.events_lost, 0u);
  }
};

// ---- our own programs: these must never be skipped for being undeterministic

class ExactProgram : public Exactness, public testing::WithParamInterface<const char*> {};

TEST_P(ExactProgram, CountsEqualValgrinds) {
  ExpectValgrindsCounts({Program(GetParam())});
  EXPECT_EQ(IsSkipped(), !IsInstalled("valgrind")) << "this program is deterministic";
}

INSTANTIATE_TEST_SUITE_P(Programs, ExactProgram,
                         testing::Values("malloc_mix", "cxx_mix", "realloc_chain", "threads_mix",
                                         "libc_blocks", "preinit_malloc", "tls_destructors", "throws"),
                         [](const auto& param) { return std::string(param.param); });

// ---- real command lines
//
// Not here: gcc, because its collector's tables depend on where the kernel maps pages, and so do its counts.

struct RealCommand {
  const char* name;
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
};

void PrintTo(const RealCommand& command, std::ostream* out) {
  *out << command.argv[0];
}

const RealCommand kRealCommands[] = {
    {"ls", {"/bin/ls", "-laR", "/etc/alternatives"}, {}},
    {"bash",
     {"/bin/bash", "-c", "declare -A t; for i in {1..300}; do t[k$i]=\"v $((i * i))\"; done; echo ${#t[@]}"},
     {}},
    {"sort", {"/usr/bin/sort", "-r", "/usr/share/common-licenses/GPL-3"}, {}},
    {"grep", {"/bin/grep", "-nE", "(free|software)+ [a-z]*", "/usr/share/common-licenses/GPL-3"}, {}},
    {"sed", {"/bin/sed", "-e", "s/the/THE/g", "-e", "y/abc/xyz/", "/usr/share/common-licenses/GPL-3"}, {}},
    {"awk",
     {"/usr/bin/awk", "{ n[$1] += NF } END { for (w in n) t += n[w]; print t }",
      "/usr/share/common-licenses/GPL-3"},
     {}},
    {"perl",
     {"/usr/bin/perl", "-e", "my %h; $h{$_ % 97} .= $_ for 1 .. 5000; print scalar(keys %h), qq(\\n);"},
     {{"PERL_HASH_SEED", "0"}, {"PERL_PERTURB_KEYS", "0"}}},
    {"python3",
     {"/usr/bin/python3", "-I", "-c", "import json; print(len(json.dumps(list(range(5000)))))"},
     {{"MEMTRACE_PYTHON", "0"}, {"PYTHONHASHSEED", "0"}}},  // valgrind sees malloc's blocks alone
    {"sqlite3",
     {"/usr/bin/sqlite3", ":memory:",
      "create table t(a, b); with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) "
      "insert into t select i, hex(i * i) from n; create index x on t(b); select count(*), max(b) from t;"},
     {}},
    {"git", {"/usr/bin/git", "--no-pager", "config", "--list"}, {{"GIT_CONFIG_NOSYSTEM", "1"}}},
    {"objdump", {"/usr/bin/objdump", "-d", "/bin/true"}, {}},
    {"tar", {"/bin/tar", "cf", "/dev/null", "-C", "/usr/share", "common-licenses"}, {}},
    {"find", {"/usr/bin/find", "/etc/alternatives", "-type", "l", "-name", "*.gz"}, {}},
};

class ExactCommand : public Exactness, public testing::WithParamInterface<RealCommand> {};

TEST_P(ExactCommand, CountsEqualValgrinds) {
  Command command(GetParam().argv);
  command.environment = GetParam().environment;
  ExpectValgrindsCounts(command);
}

INSTANTIATE_TEST_SUITE_P(Commands, ExactCommand, testing::ValuesIn(kRealCommands),
                         [](const auto& param) { return std::string(param.param.name); });

// ---- what valgrind cannot say

TEST_F(Exactness, FailedReallocIsNeitherAllocationNorFree) {
  const ShimRun run = ExpectSoundRun({Program("realloc_fails")});
  const Amount made = SumOfFunction(TopOf(run.trace, {"-n", "1000", "--metric", "total"}), "main", "total");
  const Amount kept =
      SumOfFunction(TopOf(run.trace, {"-n", "1000", "--metric", "not-freed"}), "main", "not-freed");
  EXPECT_EQ(made, (Amount{7200, 100}));
  EXPECT_EQ(kept, (Amount{3600, 50}));
}

TEST_F(Exactness, MismatchedFreesAreCounted) {
  EXPECT_EQ(SummaryOf(ExpectSoundRun({Program("mixed_free")}).trace).mismatched_frees, 30u);
}

TEST_F(Exactness, RightPairsAreNoMismatch) {
  EXPECT_EQ(SummaryOf(ExpectSoundRun({Program("cxx_mix")}).trace).mismatched_frees, 0u);
}

TEST_F(Exactness, OwnMappingsAreADomainOfTheirOwn) {
  const ShimRun run = ExpectSoundRun({Program("mapper")});
  const auto rows = TopOf(run.trace, {"--domain", "mapped", "--metric", "not-freed", "--by", "function"});
  EXPECT_EQ(SumOfFunction(rows, "Map", "not-freed").bytes, 3u << 20) << "Map and MapAndKeep";
  EXPECT_EQ(SumOfFunction(rows, "main", "not-freed").bytes, 0u);
}

}  // namespace
}  // namespace memtrace::e2e
