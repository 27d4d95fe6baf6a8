// SPDX-License-Identifier: MIT
#include "preload/stack/check_stacks.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <atomic>

#include "preload/base/arena.h"
#include "preload/site/site_nodes.h"
#include "preload/stack/stack_memory.h"

namespace memtrace::preload {
namespace {

constexpr std::uint32_t kMaxFrames = 128 * 1024;
constexpr int kStacksShown = 4;

struct Libunwind {
  int (*get_context)(unw_context_t*);
  decltype(&unw_init_local) init_local;
  decltype(&unw_step) step;
  decltype(&unw_get_reg) get_register;
};
constinit Libunwind g_unwind{};

struct Counts {
  std::atomic<std::uint64_t> stacks{0};
  std::atomic<std::uint64_t> frames{0};
  std::atomic<std::uint64_t> mismatches{0};          // stacks without guesses, both ends reached
  std::atomic<std::uint64_t> guessed_mismatches{0};  // stacks through code without unwind information
  std::atomic<std::uint64_t> truncated{0};           // our walk did not reach the end
  std::atomic<std::uint64_t> truncated_shorter{0};   // and libunwind got further
  std::atomic<std::uint64_t> reference_failed{0};    // libunwind reported an error on its way
  std::atomic<std::uint64_t> not_found{0};           // libunwind never came to the frame in question
};
constinit Counts g_counts;
constinit std::atomic<int> g_shown{0};

struct Stack {
  std::uint64_t* pcs;  // innermost first
  std::uint32_t size = 0;
  bool truncated = false;
  bool guessed = false;
};

void ReadNodes(std::uint32_t node, Stack& stack) {
  while (node != 0 && stack.size < kMaxFrames) {
    const format::SiteNode& at = SiteNodeAt(node);
    if (at.key == format::kTruncatedPc) {
      stack.truncated = true;
      return;
    }
    stack.guessed |= (at.key & format::kGuessBit) != 0;
    stack.pcs[stack.size++] = at.key & format::kPcMask;
    node = at.parent;
  }
}

// False: the frame at (pc, sp) was not met.
bool ReadReference(std::uint64_t pc, std::uint64_t sp, Stack& stack) {
  unw_context_t context;
  unw_cursor_t cursor;
  g_unwind.get_context(&context);
  if (g_unwind.init_local(&cursor, &context) != 0) return false;
  bool met = false;
  for (;;) {
    unw_word_t ip = 0;
    unw_word_t stack_pointer = 0;
    g_unwind.get_register(&cursor, UNW_REG_IP, &ip);
    g_unwind.get_register(&cursor, UNW_REG_SP, &stack_pointer);
    met |= ip == pc && stack_pointer == sp;
    if (met && ip == 0) return true;
    if (met && stack.size < kMaxFrames) stack.pcs[stack.size++] = ip;
    // libunwind believes that memory goes on for ever; a coroutine's stack does not.
    const bool readable =
        IsReadable(stack_pointer & ~std::uint64_t{7}) && IsReadable((stack_pointer + 64) & ~std::uint64_t{7});
    const int result = readable ? g_unwind.step(&cursor) : -1;
    stack.truncated = result < 0;
    if (result <= 0) return met;
  }
}

void Show(const Stack& ours, const Stack& reference) {
  if (g_shown.fetch_add(1, std::memory_order_relaxed) >= kStacksShown) return;
  dprintf(STDERR_FILENO, "memtrace check: stack of %u frames%s%s, libunwind's of %u%s\n", ours.size,
          ours.truncated ? ", truncated" : "", ours.guessed ? ", guessed" : "", reference.size,
          reference.truncated ? ", with an error" : "");
  auto at = [](const Stack& stack, std::uint32_t i) { return i < stack.size ? stack.pcs[i] : 0; };
  int lines = 0;
  for (std::uint32_t i = 0; (i < ours.size || i < reference.size) && lines < 12; ++i) {
    const std::uint64_t a = at(ours, i);
    const std::uint64_t b = at(reference, i);
    if (a == b && at(ours, i + 1) == at(reference, i + 1)) continue;
    ++lines;
    Dl_info first{};
    Dl_info second{};
    dladdr(reinterpret_cast<void*>(a), &first);
    dladdr(reinterpret_cast<void*>(b), &second);
    dprintf(STDERR_FILENO, "  %4u %c %lx %s %s | %lx %s %s\n", i, a == b ? ' ' : '*', a,
            first.dli_fname ? first.dli_fname : "?", first.dli_sname ? first.dli_sname : "?", b,
            second.dli_fname ? second.dli_fname : "?", second.dli_sname ? second.dli_sname : "?");
  }
}

void Count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

void Compare(const Stack& ours, const Stack& reference) {
  Count(g_counts.stacks);
  Count(g_counts.frames, reference.size);
  if (reference.truncated) Count(g_counts.reference_failed);
  const std::uint32_t common = ours.size < reference.size ? ours.size : reference.size;
  bool equal = true;
  for (std::uint32_t i = 0; i < common; ++i) equal &= ours.pcs[i] == reference.pcs[i];
  if (ours.truncated) {
    Count(g_counts.truncated);
    if (equal && ours.size >= reference.size) return;
    Count(g_counts.truncated_shorter);
  } else {
    // Where libunwind gave up with an error, ours may be the longer one.
    if (equal && (ours.size == reference.size || (reference.truncated && ours.size > reference.size))) return;
    Count(ours.guessed ? g_counts.guessed_mismatches : g_counts.mismatches);
  }
  Show(ours, reference);
}

[[gnu::destructor]] void PrintCounts() {
  if (g_counts.stacks.load() == 0) return;
  dprintf(STDERR_FILENO,
          "memtrace check: pid %d: %lu stacks, %lu frames, %lu mismatches; guessed %lu, truncated %lu "
          "(shorter %lu), "
          "libunwind failed %lu, not found %lu\n",
          static_cast<int>(getpid()), g_counts.stacks.load(), g_counts.frames.load(),
          g_counts.mismatches.load(), g_counts.guessed_mismatches.load(), g_counts.truncated.load(),
          g_counts.truncated_shorter.load(), g_counts.reference_failed.load(), g_counts.not_found.load());
}

#define MEMTRACE_TEXT2(x) #x
#define MEMTRACE_TEXT(x) MEMTRACE_TEXT2(x)

template <typename Function>
void Bind(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

void CheckStacksInit() {
  void* library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return;
  Bind(library, MEMTRACE_TEXT(unw_init_local), g_unwind.init_local);
  Bind(library, MEMTRACE_TEXT(unw_step), g_unwind.step);
  Bind(library, MEMTRACE_TEXT(unw_get_reg), g_unwind.get_register);
  Bind(library, "_Ux86_64_getcontext", g_unwind.get_context);
  decltype(&unw_set_caching_policy) set_caching = nullptr;
  Bind(library, MEMTRACE_TEXT(unw_set_caching_policy), set_caching);
  auto* space = static_cast<unw_addr_space_t*>(dlsym(library, MEMTRACE_TEXT(unw_local_addr_space)));
  // The cache is wrong after dlclose: it would call right stacks wrong.
  if (set_caching != nullptr && space != nullptr) set_caching(*space, UNW_CACHE_NONE);
}

[[gnu::noinline]] void CheckStack(std::uint32_t node, std::uint64_t pc, std::uint64_t sp) {
  if (g_unwind.step == nullptr) return;
  Stack ours{MapArray<std::uint64_t>(kMaxFrames)};
  Stack reference{MapArray<std::uint64_t>(kMaxFrames)};
  ReadNodes(node, ours);
  if (ReadReference(pc, sp, reference)) {
    Compare(ours, reference);
  } else {
    Count(g_counts.not_found);
  }
  UnmapPrivate(ours.pcs, kMaxFrames * sizeof(std::uint64_t));
  UnmapPrivate(reference.pcs, kMaxFrames * sizeof(std::uint64_t));
}

}  // namespace memtrace::preload
