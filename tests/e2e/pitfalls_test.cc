// SPDX-License-Identifier: MIT
// The hostile programs of tests/programs, each under the recorder. What is not here is in the test of its
// subject (ends, processes, resources, same_behaviour, exactness); tests/programs/README.md is the table.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class Pitfalls : public EndToEnd {
 protected:
  std::vector<Row> Functions(const fs::path& trace, const std::string& metric = "total") const {
    return TopOf(trace, {"-n", "1000", "--by", "function", "--metric", metric});
  }
};

TEST_F(Pitfalls, P01_P03_AllocationsBeforeEverything) {
  const ShimRun run = ExpectSoundRun({Program("preinit_malloc")});
  const auto rows = Functions(run.trace);
  EXPECT_EQ(SumOfFunction(rows, "BeforeAll", "total"), (Amount{10 + 21 + 5 + 500 + 100 + 128 + 10 + 10, 8}));
  EXPECT_EQ(SumOfFunction(rows, "Early", "total"), (Amount{1000 + 1000 + 77 + 1 + 16 + 64 + 1 + 123, 8}));
}

TEST_F(Pitfalls, P02_AnotherLibraryThatWrapsMalloc) {
  const Command counted = Command{Program("counted_malloc")}.With("LD_PRELOAD", Plugin("counting_malloc"));
  const ShimRun run = ExpectSoundRun(counted);
  EXPECT_EQ(run.out, "seen: 1000\n") << "behind ours";
  EXPECT_EQ(SumOfFunction(Functions(run.trace), "main", "total"), (Amount{4321000, 1000}));
  Command other_way = Shimmed(counted);
  other_way.environment["LD_PRELOAD"] = Plugin("counting_malloc") + ":" + ShimPath();
  EXPECT_EQ(e2e::Run(other_way).out, "seen: 1000\n") << "before ours";
}

TEST_F(Pitfalls, P04_LibcFunctionsThatAllocate) {
  const Command script = Command{"/bin/bash", "-c", "ls / | sort; echo $((6 * 7)); cat /etc/hostname"}.With(
      "LD_PRELOAD", Plugin("interposing_libc"));
  ExpectSameBehaviour(script);
  ExpectSoundRun(
      Command{Program("loader_lock"), Plugin("plugin_red")}.With("LD_PRELOAD", Plugin("interposing_libc")));
}

TEST_F(Pitfalls, P06_P21_RecorderLoadedByDlopen) {
  const Outcome outcome =
      Run(Command{Program("dlopen_shim"), ShimPath()}.With("MEMTRACE_OUT", traces() / "%p.mtr"));
  EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
  EXPECT_EQ(outcome.out, "done\n");
}

TEST_F(Pitfalls, P08_ThreadAttributes) {
  EXPECT_EQ(SummaryOf(ExpectSoundRun({Program("thread_attributes")}).trace).truncated_stacks, 0u);
}

TEST_F(Pitfalls, P10_SignalsBelongToTheProgram) {
  EXPECT_EQ(ExpectSoundRun({Program("signal_to_main")}).out, "all signals came to main\n");
}

TEST_F(Pitfalls, P10_CallsForSingleThreadedProcessesOnly) {
  ExpectSameBehaviour({Program("single_threaded"), "10"});
  ExpectSameBehaviour({Program("single_threaded"), "1000000"});
}

TEST_F(Pitfalls, P11_LocksOfStdio) {
  EXPECT_EQ(ExpectSoundRun({Program("stdio_locks")}).out, "done\n");
}

TEST_F(Pitfalls, P12_LocksOfTheDynamicLinker) {
  ExpectSoundRun(Command{Program("loader_lock"), Plugin("plugin_red")}.Within(std::chrono::seconds(50)));
}

TEST_F(Pitfalls, P13_ProgramLinkedWithJemalloc) {
  if (!fs::exists(Program("jemalloc_shared"))) GTEST_SKIP() << "built without jemalloc";
  ExpectSameBehaviour({Program("jemalloc_shared")});
  const ShimRun run = ExpectSoundRun({Program("jemalloc_shared")});
  EXPECT_EQ(SumOfFunction(Functions(run.trace), "main", "total").blocks, 1000u + 19u);
}

TEST_F(Pitfalls, P14_ContentionDoesNotCollapse) {
  using Clock = std::chrono::steady_clock;
  const Command contention{Program("contention"), "100000"};
  const auto timed = [](const auto& run) {
    const auto start = Clock::now();
    run();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const double plain_s = timed([&] { Run(contention); });
  const double shimmed_s = timed([&] { ExpectSoundRun(contention); });
  EXPECT_LT(shimmed_s, 10 * plain_s + 3) << "plain " << plain_s << " s; a lock in the path makes it minutes";
}

TEST_F(Pitfalls, P19_AllocationInSignalHandlers) {
  for (const char* stack : {"normal", "altstack"}) {
    const ShimRun run =
        ExpectSoundRun(Command{Program("signal_malloc"), stack}
                           .With("LD_PRELOAD", Plugin("signal_safe_malloc"))
                           .With("MEMTRACE_OUT", traces() / (std::string(stack) + ".%p.mtr")));
    unsigned long long main_blocks = 0, handler_blocks = 0;
    ASSERT_EQ(sscanf(run.out.c_str(), "main=%llu handler=%llu", &main_blocks, &handler_blocks), 2);
    const auto rows = Functions(run.trace);
    const Summary summary = SummaryOf(run.trace);
    EXPECT_EQ(SumOfFunction(rows, "main", "total").blocks, main_blocks) << "what main does is never lost";
    const std::uint64_t seen = SumOfFunction(rows, "OnTimer", "total").blocks;
    EXPECT_GT(seen, 0u) << "only what interrupts the recorder itself may be lost";
    EXPECT_LE(seen, handler_blocks);
    const std::uint64_t made = 2 * (main_blocks + handler_blocks);  // each block is allocated and freed
    const std::uint64_t accounted =
        summary.allocs + summary.frees + summary.unknown_frees + summary.events_lost;
    EXPECT_GE(accounted, made) << "what is not recorded is counted as lost";
    EXPECT_LE(accounted, made + 100) << "a few belong to start and end";
  }
}

TEST_F(Pitfalls, P19_MappingInSignalHandlers) {
  EXPECT_EQ(ExpectSoundRun({Program("signal_maps")}).out, "done\n");
}

TEST_F(Pitfalls, P22_CallThatIsItsFunctionsLastInstruction) {
  const ShimRun run = ExpectSoundRun({Program("call_at_end")});
  for (const Row& row : Functions(run.trace)) {
    if (row.function.find("AllocateAndLeave") == std::string::npos) continue;
    ASSERT_GE(row.stack.size(), 2u);
    const auto own = std::find_if(row.stack.begin(), row.stack.end(), [](const std::string& function) {
      return function.find("AllocateAndLeave") != std::string::npos;
    });
    ASSERT_NE(own, row.stack.end());
    EXPECT_THAT(*(own + 1), HasSubstr("LastCallHere"));
    return;
  }
  FAIL() << "AllocateAndLeave has no row";
}

TEST_F(Pitfalls, P23_StacksEndWhereTheThreadBegan) {
  for (const char* name :
       {"malloc_mix", "cxx_mix", "threads_mix", "tls_destructors", "throws", "cancelled_threads"}) {
    EXPECT_EQ(SummaryOf(ExpectSoundRun({Program(name)}).trace).truncated_stacks, 0u) << name;
  }
}

TEST_F(Pitfalls, P24_CodeMadeAtRunTime) {
  const ShimRun run = ExpectSoundRun({Program("jit_caller")});
  const Summary summary = SummaryOf(run.trace);
  EXPECT_GT(summary.guessed_frames, 0u) << "a step by rbp is a guess, and said to be one";
  EXPECT_GE(summary.allocs, 20000u);
}

TEST_F(Pitfalls, P25_StacksOfTheProgramsOwn) {
  const ShimRun run = ExpectSoundRun({Program("coroutines")});
  EXPECT_EQ(SumOfFunction(Functions(run.trace), "Run", "total").blocks, 8000u);
}

TEST_F(Pitfalls, P26_AnotherLibraryAtTheSameAddress) {
  const ShimRun run = ExpectSoundRun({Program("plugin_swap"), Plugin("plugin_red"), Plugin("plugin_blue")});
  if (run.out != "met\n") GTEST_SKIP() << "the linker did not reuse the address here";
  const auto rows = Functions(run.trace, "not-freed");
  EXPECT_EQ(SumOfFunction(rows, "AllocateRed", "not-freed"), (Amount{300000, 300}));
  EXPECT_EQ(SumOfFunction(rows, "AllocateBlue", "not-freed"), (Amount{600000, 300}));
}

TEST_F(Pitfalls, P28_RecordingGoesOnAfterFailures) {
  const ShimRun run = ExpectSoundRun({Program("failing_new")});
  EXPECT_EQ(SumOfFunction(Functions(run.trace), "Use88", "total"), (Amount{88000, 1000}));
  EXPECT_EQ(SummaryOf(run.trace).mismatched_frees, 0u);
}

TEST_F(Pitfalls, P30_FreesOfUnknownBlocksPassThrough) {
  EXPECT_EQ(SummaryOf(ExpectSoundRun({Program("libc_blocks")}).trace).unknown_frees, 0u);
}

TEST_F(Pitfalls, P31_DeepBoundPlugin) {
  const ShimRun run = ExpectSoundRun({Program("deepbind"), Plugin("deepbind_plugin")});
  EXPECT_EQ(run.out, "done\n");
  EXPECT_EQ(SummaryOf(run.trace).unknown_frees, 100u) << "made past the recorder, freed in front of it";
}

TEST_F(Pitfalls, P32_NamesThatTheProgramExportsToo) {
  ExpectSameBehaviour({Program("symbol_clash")});
}

TEST_F(Pitfalls, P33_AddressSanitizerInTheExecutable) {
  ExpectSameBehaviour({Program("sanitized_static")});
  const ShimRun run = RunUnderShim({Program("sanitized_static"), "bad"});
  EXPECT_THAT(run.err, HasSubstr("heap-buffer-overflow"));
  EXPECT_THAT(run.err, HasSubstr("sanitized.c:")) << "its stacks are as good as ever";
}

TEST_F(Pitfalls, P33_AddressSanitizersLibrary) {
  // It refuses to run when another library is loaded before it; that is its rule, and it says what to do.
  const Command trusted =
      Command{Program("sanitized_shared")}.With("ASAN_OPTIONS", "verify_asan_link_order=0");
  const ShimRun run = RunUnderShim(trusted);
  EXPECT_EQ(EndOf(run), "exit code 0") << run.err;
  EXPECT_EQ(run.out, "done\n");
  const ShimRun bad = RunUnderShim(
      Command{Program("sanitized_shared"), "bad"}.With("ASAN_OPTIONS", "verify_asan_link_order=0"));
  EXPECT_THAT(bad.err, HasSubstr("heap-buffer-overflow"));
}

TEST_F(Pitfalls, P33_ThreadSanitizer) {
  const Command sanitized{Program("sanitized_threads"), "2000"};
  if (!Run(sanitized).Succeeded()) GTEST_SKIP() << "ThreadSanitizer does not run on this kernel, even alone";
  ExpectSameBehaviour(sanitized);
}

TEST_F(Pitfalls, P34_LibrariesFoundByTheProgramsOwnRunpath) {
  EXPECT_EQ(ExpectSoundRun({Program("rpath_dlopen")}).out, "found\n");
}

TEST_F(Pitfalls, P37_ReaderNeedsLittleMemory) {
  const ShimRun run = ExpectSoundRun({Program("contention"), "100000"});
  const Outcome summary = Memtrace({"summary", run.trace});
  EXPECT_LT(summary.peak_resident_bytes, 100u << 20) << "3.2 million events, 1024 live blocks";
}

TEST_F(Pitfalls, TakingTheAddressOfMallocIsNoMallocOfOnesOwn) {
  const ShimRun run = ExpectSoundRun({Program("malloc_address")});
  const Outcome summary = Memtrace({"summary", run.trace});
  EXPECT_THAT(summary.out, HasSubstr(" 100 frees"));
  EXPECT_THAT(summary.out + summary.err + run.err, Not(HasSubstr("its own malloc")));
}

// ---- a program whose allocator the recorder cannot see

class NothingToSee : public Pitfalls, public testing::WithParamInterface<const char*> {};

TEST_P(NothingToSee, SummarySaysWhy) {
  if (!fs::exists(Program(GetParam()))) GTEST_SKIP() << GetParam() << " was not built";
  ExpectSameBehaviour({Program(GetParam())});
  const ShimRun run = RunUnderShim({Program(GetParam())});
  ASSERT_FALSE(run.trace.empty()) << run.err;
  for (const fs::path& trace : run.traces) {
    const Outcome summary = Memtrace({"summary", trace});
    EXPECT_EQ(EndOf(summary), "exit code 0");
    EXPECT_THAT(summary.out + summary.err, HasSubstr("0 events, because"));
    EXPECT_THAT(summary.out + summary.err, HasSubstr("its own malloc"));
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, NothingToSee,
                         testing::Values("own_malloc", "jemalloc_static", "sanitized_static"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace memtrace::e2e
