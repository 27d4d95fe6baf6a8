// SPDX-License-Identifier: MIT
// Captured stacks against libunwind's, frame by frame, where the prefix is easily wrong.
#include "preload/stack/capture.h"

#include <alloca.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <vector>

#include "preload/site/site_tree.h"
#include "preload/stack/capture_internal.h"
#include "tests/unit/stack/captured_stack.h"

namespace memtrace::preload {
namespace {

#define KEEP_FRAME() asm volatile("" ::: "memory")

// For loops that must stay loops: an unrolled one calls from several places.
volatile int g_three = 3;

void ExpectAllExact(CaptureSession& session) {
  for (const CapturedStack& stack : session.stacks()) {
    ASSERT_NE(stack.node, 0u);
    EXPECT_FALSE(stack.truncated);
    EXPECT_EQ(stack.pcs(), stack.reference);
  }
}

[[gnu::noinline]] void Recurse(int depth, int hooks) {
  if ((hooks & 1) != 0) TestHook();
  if (depth > 0) Recurse(depth - 1, hooks >> 1);
  if ((hooks & 2) != 0) TestHook();
  KEEP_FRAME();
}

TEST(Capture, RecursionOfAllDepths) {
  CaptureSession session;
  for (int depth = 0; depth < 40; ++depth) Recurse(depth, depth * 7919);
  ExpectAllExact(session);
  EXPECT_GT(session.stacks().size(), 100u);
  EXPECT_EQ(session.thread().counters.foreign_walks, 0u);
}

TEST(Capture, SameStackSameNode) {
  CaptureSession session;
  for (int i = 0; i < g_three; ++i) Recurse(5, 1);
  ASSERT_EQ(session.stacks().size(), 3u);
  EXPECT_EQ(session.stacks()[0].node, session.stacks()[2].node);
  EXPECT_EQ(session.stacks()[1].node, session.stacks()[2].node);
}

TEST(Capture, GrowsToVeryDeepStacks) {
  CaptureSession session;
  Recurse(5000, 0);
  TestHook();
  Recurse(5000, 1);
  Recurse(3, 1);
  ExpectAllExact(session);
}

[[gnu::noinline]] void DeepHook(int depth) {
  if (depth == 0) {
    TestHook();
    TestHook();
  } else {
    DeepHook(depth - 1);
  }
  KEEP_FRAME();
}

TEST(Capture, DeepStacksAreWhole) {
  CaptureSession session;
  for (int i = 1; i < g_three; ++i) DeepHook(3000);
  ASSERT_EQ(session.stacks().size(), 4u);
  EXPECT_GT(session.stacks()[0].keys.size(), 3000u);
  EXPECT_EQ(session.stacks()[0].node, session.stacks()[2].node);
  ExpectAllExact(session);
}

[[gnu::noinline]] void WithAlloca(std::size_t bytes, int depth) {
  auto* const volatile room = static_cast<char*>(alloca(bytes));
  room[0] = 1;
  TestHook();
  if (depth > 0) WithAlloca(bytes * 7 % 300 + 8, depth - 1);
  TestHook();
}

TEST(Capture, AllocaMakesRbpTheBase) {
  CaptureSession session;
  for (std::size_t bytes = 16; bytes < 400; bytes += 24) WithAlloca(bytes, 4);
  ExpectAllExact(session);
}

[[gnu::noinline]] void Realigned(int depth) {
  alignas(64) volatile char room[64];
  room[0] = static_cast<char>(depth);
  TestHook();
  if (depth > 0) {
    (depth & 1) != 0 ? Realigned(depth - 1) : WithAlloca(40, 1);
  }
  TestHook();
  room[1] = room[0];
}

TEST(Capture, OverAlignedFrames) {
  CaptureSession session;
  for (int depth = 0; depth < 8; ++depth) Realigned(depth);
  ExpectAllExact(session);
}

// What one frame loses the next gains: all pcs and stack pointers from HookOnce inwards stay, and the return
// addresses of the stack before lie untouched in memory. Only the saved rbp is another.
[[gnu::noinline]] void HookOnce(std::uint64_t a) {
  std::uint64_t v[6] = {a, a + 1, a + 2, a + 3, a + 4, a + 5};
  TestHook();
  asm volatile("" : "+r"(v[0]), "+r"(v[1]), "+r"(v[2]), "+r"(v[3]), "+r"(v[4]), "+r"(v[5]));
}
[[gnu::noinline]] void Gain(std::size_t bytes) {
  auto* const volatile room = static_cast<char*>(alloca(bytes));
  HookOnce(reinterpret_cast<std::uint64_t>(room));
  KEEP_FRAME();
}
template <int kLoss>
[[gnu::noinline]] void Lose() {
  volatile char room[64 + 16 * kLoss];
  room[0] = 1;
  Gain(512 - 16 * kLoss);
  room[1] = room[0];
}

TEST(Capture, OnlyTheSavedRbpChanged) {
  CaptureSession session;
  for (int i = 0; i < 3; ++i) {
    Lose<0>();
    Lose<1>();
    Lose<3>();
    Lose<2>();
  }
  ExpectAllExact(session);
}

[[gnu::noinline]] void HookTwice(format::AllocKind first, format::AllocKind second) {
  const format::AllocKind kinds[] = {first, second, first, first};
  for (const format::AllocKind kind : kinds) TestHook(kind);
}

TEST(Capture, KindIsInTheInnermostNodeOnly) {
  CaptureSession session;
  HookTwice(format::AllocKind::kNew, format::AllocKind::kMalloc);
  const auto& stacks = session.stacks();
  ASSERT_EQ(stacks.size(), 4u);
  auto kind_of = [](std::uint64_t key) { return (key & format::kKindMask) >> format::kKindShift; };
  EXPECT_EQ(kind_of(stacks[0].keys[0]), static_cast<std::uint64_t>(format::AllocKind::kNew));
  EXPECT_EQ(kind_of(stacks[1].keys[0]), 0u);
  EXPECT_EQ(stacks[0].node, stacks[2].node);
  EXPECT_EQ(stacks[2].node, stacks[3].node);
  EXPECT_NE(stacks[0].node, stacks[1].node);
  for (const CapturedStack& stack : stacks) {
    for (std::size_t i = 1; i < stack.keys.size(); ++i) EXPECT_EQ(kind_of(stack.keys[i]), 0u);
  }
  ExpectAllExact(session);
}

TEST(Capture, MaxDepthKeepsTheInnermostFrames) {
  constexpr std::uint32_t kMaxDepth = 6;
  CaptureSession session(kMaxDepth);
  for (int i = 0; i < 2; ++i) {
    DeepHook(50);
    DeepHook(2);
    WithAlloca(64, 3);
  }
  for (const CapturedStack& stack : session.stacks()) {
    ASSERT_EQ(stack.keys.size(), kMaxDepth);
    EXPECT_TRUE(stack.truncated);
    const std::vector<std::uint64_t> innermost(stack.reference.begin(), stack.reference.begin() + kMaxDepth);
    EXPECT_EQ(stack.pcs(), innermost);
  }
}

TEST(Capture, MaxDepthAboveTheStackChangesNothing) {
  CaptureSession session(1000);
  DeepHook(100);
  ExpectAllExact(session);
}

void HandlerWithHook(int) {
  Recurse(3, 5);
}

TEST(Capture, InterruptedFramesAreExact) {
  CaptureSession session;
  struct sigaction action {};
  action.sa_handler = HandlerWithHook;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  WithAlloca(32, 1);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_DFL);
  ExpectAllExact(session);
  bool exact_bit_seen = false;
  for (const std::uint64_t key : session.stacks()[0].keys) exact_bit_seen |= (key & format::kExactBit) != 0;
  EXPECT_TRUE(exact_bit_seen);
  EXPECT_GT(session.thread().counters.foreign_walks, 0u);
}

TEST(Capture, AlternateSignalStack) {
  CaptureSession session;
  std::vector<char> memory(256 * 1024);
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = HandlerWithHook;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_DFL);
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, nullptr);
  ASSERT_GT(session.stacks().size(), 0u);
  ExpectAllExact(session);
}

ucontext_t g_main_context;
ucontext_t g_coroutine_context;
void CoroutineBody() {
  Recurse(6, 0x55);
  swapcontext(&g_coroutine_context, &g_main_context);
}

TEST(Capture, CoroutineKeepsItsFramesAndTheThreadItsPrefix) {
  CaptureSession session;
  DeepHook(10);
  const std::uint64_t steps_before = session.thread().counters.rule_steps;
  std::vector<char> memory(256 * 1024);
  getcontext(&g_coroutine_context);
  g_coroutine_context.uc_stack.ss_sp = memory.data();
  g_coroutine_context.uc_stack.ss_size = memory.size();
  g_coroutine_context.uc_link = &g_main_context;
  makecontext(&g_coroutine_context, CoroutineBody, 0);
  swapcontext(&g_main_context, &g_coroutine_context);
  const std::size_t in_coroutine = session.stacks().size() - 2;
  ASSERT_GT(in_coroutine, 2u);
  DeepHook(10);
  EXPECT_EQ(session.thread().counters.foreign_walks, 1u);  // the first one; then the stack is known
  EXPECT_LT(session.thread().counters.rule_steps - steps_before, 30u);
  for (std::size_t i = 2; i < 2 + in_coroutine; ++i) {
    const auto ours = session.stacks()[i].pcs();
    const auto& theirs = session.stacks()[i].reference;
    EXPECT_FALSE(session.stacks()[i].truncated);
    const std::size_t common = std::min(ours.size(), theirs.size());
    ASSERT_GT(common, 2u);
    for (std::size_t f = 0; f < common; ++f) EXPECT_EQ(ours[f], theirs[f]);
  }
}

ucontext_t g_other_context;
[[gnu::noinline]] void HookAlone(int depth) {
  TestHook(format::AllocKind::kMalloc, /*with_reference=*/false);  // libunwind reads on into the hole
  if (depth > 0) HookAlone(depth - 1);
  KEEP_FRAME();
}
void OtherBody() {
  for (;;) {
    HookAlone(4);
    swapcontext(&g_other_context, &g_main_context);
  }
}

// Stacks that come and go at other places, with holes around them.
TEST(Capture, CoroutineStacksMayVanish) {
  CaptureSession session;
  constexpr std::size_t kBytes = 64 * 1024;
  for (int i = 0; i < 6; ++i) {
    auto* const mapped = static_cast<char*>(
        mmap(nullptr, kBytes + 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(mapped, 4096, PROT_NONE);
    mprotect(mapped + 4096 + kBytes, 4096, PROT_NONE);
    getcontext(&g_other_context);
    g_other_context.uc_stack.ss_sp = mapped + 4096;
    g_other_context.uc_stack.ss_size = kBytes - static_cast<std::size_t>(i) * 4096;
    makecontext(&g_other_context, OtherBody, 0);
    for (int turn = 0; turn < g_three; ++turn) {
      session.stacks().clear();
      swapcontext(&g_main_context, &g_other_context);
      for (const CapturedStack& stack : session.stacks()) {
        EXPECT_FALSE(stack.truncated);
        ASSERT_GE(stack.keys.size(), 3u);
        const auto pcs = stack.pcs();
        EXPECT_EQ(pcs[pcs.size() - 2], session.stacks()[0].pcs()[session.stacks()[0].keys.size() - 2]);
      }
    }
    munmap(mapped, kBytes + 2 * 4096);
  }
}

// A hook called with a stack pointer in memory that is no stack: nothing may be read that is not there.
TEST(Capture, NonsenseIsTruncatedNotFatal) {
  CaptureSession session;
  const auto pc = reinterpret_cast<std::uintptr_t>(&DeepHook) + 8;
  for (const std::uintptr_t sp :
       {std::uintptr_t{0x1000}, std::uintptr_t{0x7fffffffe000}, std::uintptr_t{0xffff800000000000}}) {
    CapturedStack stack;
    ReadNode(Capture(session.thread(), pc, sp, sp + 64, format::AllocKind::kMalloc), stack);
    EXPECT_TRUE(stack.truncated);
    EXPECT_EQ(stack.pcs(), std::vector<std::uint64_t>{pc});
  }
  DeepHook(3);
  EXPECT_EQ(session.stacks()[0].pcs(), session.stacks()[0].reference);
}

TEST(Capture, CodeWithoutUnwindInformationIsMarkedAsGuessed) {
  CaptureSession session;
  // Two frames as a JIT's code with frame pointers leaves them, called from a third whose rbp is 0.
  alignas(16) std::uint64_t memory[32] = {};
  constexpr std::uint64_t kJitPc = 0x10000000;
  auto* const base = reinterpret_cast<std::uint64_t*>(memory);
  base[4] = reinterpret_cast<std::uint64_t>(&base[10]);
  base[5] = kJitPc + 0x100;
  base[10] = 0;
  base[11] = kJitPc + 0x200;
  CapturedStack stack;
  for (int i = 0; i < 2; ++i) {
    stack = CapturedStack{};
    ReadNode(Capture(session.thread(), kJitPc, reinterpret_cast<std::uintptr_t>(base),
                     reinterpret_cast<std::uintptr_t>(&base[4]), format::AllocKind::kMalloc),
             stack);
    const std::vector<std::uint64_t> expected = {kJitPc, (kJitPc + 0x100) | format::kGuessBit,
                                                 (kJitPc + 0x200) | format::kGuessBit};
    EXPECT_EQ(stack.keys, expected);
    EXPECT_FALSE(stack.truncated);
  }
  base[11] = kJitPc + 0x300;  // another caller, everything else as it was
  stack = CapturedStack{};
  ReadNode(Capture(session.thread(), kJitPc, reinterpret_cast<std::uintptr_t>(base),
                   reinterpret_cast<std::uintptr_t>(&base[4]), format::AllocKind::kMalloc),
           stack);
  EXPECT_EQ(stack.keys.back() & format::kPcMask, kJitPc + 0x300);
  EXPECT_EQ(session.thread().counters.guessed_frames, 4u);  // the second capture did not step
}

// A JIT that compiles anew for ever: in the end its frames share nodes, and other code keeps its own.
TEST(Capture, CodeMadeForEverDoesNotTakeNodesForEver) {
  CaptureSession session;
  DeepHook(3);
  SetManyNodesForTest(SiteTreeNodeCount() + 100);
  alignas(16) std::uint64_t memory[32] = {};
  auto* const base = reinterpret_cast<std::uint64_t*>(memory);
  CapturedStack stack;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const std::uint64_t pc = 0x10000000 + i * 64;
    base[4] = reinterpret_cast<std::uint64_t>(&base[10]);
    base[5] = pc + 8;
    base[10] = 0;
    base[11] = 0x10000000;  // one that has a node from the beginning
    stack = CapturedStack{};
    ReadNode(Capture(session.thread(), pc, reinterpret_cast<std::uintptr_t>(base),
                     reinterpret_cast<std::uintptr_t>(&base[4]), format::AllocKind::kMalloc),
             stack);
  }
  EXPECT_LT(SiteTreeNodeCount(), 250u);
  const std::uint64_t shared = format::kManyCodesPc | format::kGuessBit;
  EXPECT_EQ(stack.keys, (std::vector<std::uint64_t>{shared, shared, 0x10000000 | format::kGuessBit}));
  session.stacks().clear();
  DeepHook(7);
  ExpectAllExact(session);
  SetManyNodesForTest(1 << 20);
}

TEST(Capture, ResetServesAnotherStack) {
  CaptureSession session;
  DeepHook(3000);
  ThreadCaptureReset(session.thread(), 0, session.thread().high());
  EXPECT_EQ(session.thread().counters.captures, 0u);
  session.stacks().clear();
  DeepHook(4);
  ExpectAllExact(session);
}

}  // namespace
}  // namespace memtrace::preload
