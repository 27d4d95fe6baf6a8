// SPDX-License-Identifier: MIT
// For tests of stack capture: a hook to call from anywhere, and libunwind's opinion of the same stack.
#pragma once

#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "preload/base/arena.h"
#include "preload/site/site_nodes.h"
#include "preload/stack/capture.h"

namespace memtrace::preload {

inline format::SiteNode* GrowFromArena(std::uint32_t, std::uint32_t capacity) {
  return MapArray<format::SiteNode>(capacity);
}

struct CapturedStack {
  std::uint32_t node = 0;
  std::vector<std::uint64_t> keys;       // of our nodes, innermost first, the truncation mark left out
  std::vector<std::uint64_t> reference;  // pcs
  bool truncated = false;

  std::vector<std::uint64_t> pcs() const {
    std::vector<std::uint64_t> result;
    for (const std::uint64_t key : keys) result.push_back(key & format::kPcMask);
    return result;
  }
};

inline void ReadNode(std::uint32_t node, CapturedStack& stack) {
  stack.node = node;
  for (; node != 0; node = SiteNodeAt(node).parent) {
    const std::uint64_t key = SiteNodeAt(node).key;
    if (key == format::kTruncatedPc) {
      stack.truncated = true;
      break;
    }
    stack.keys.push_back(key);
  }
}

// Fresh state for every test; the stack room's tables are the process's and stay.
class CaptureSession {
 public:
  explicit CaptureSession(std::uint32_t max_depth = 0) {
    SiteTreeReset(NodeStorage{GrowFromArena});
    StackInit(StackOptions{max_depth, nullptr});
    thread_ = MapArray<ThreadCapture>(1);
    ThreadCaptureInit(*thread_, 0, StackTop());
    current_ = this;
  }
  ~CaptureSession() {
    StackInit(StackOptions{0, nullptr});
    current_ = nullptr;
  }
  CaptureSession(const CaptureSession&) = delete;
  CaptureSession& operator=(const CaptureSession&) = delete;

  static CaptureSession* current() { return current_; }
  ThreadCapture& thread() { return *thread_; }
  std::vector<CapturedStack>& stacks() { return stacks_; }

 private:
  static std::uintptr_t StackTop() {
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    void* low = nullptr;
    std::size_t bytes = 0;
    pthread_attr_getstack(&attributes, &low, &bytes);
    pthread_attr_destroy(&attributes);
    return reinterpret_cast<std::uintptr_t>(low) + bytes;
  }

  inline static thread_local CaptureSession* current_ = nullptr;
  ThreadCapture* thread_;
  std::vector<CapturedStack> stacks_;
};

// Stands where malloc would: captures its caller's stack and keeps it beside libunwind's.
[[gnu::noinline]] inline std::uint32_t TestHook(format::AllocKind kind = format::AllocKind::kMalloc,
                                                bool with_reference = true) {
  auto* const frame = static_cast<std::uintptr_t*>(__builtin_frame_address(0));
  const std::uintptr_t pc = frame[1];
  const auto sp = reinterpret_cast<std::uintptr_t>(frame + 2);
  CaptureSession& session = *CaptureSession::current();
  CapturedStack stack;
  ReadNode(Capture(session.thread(), pc, sp, frame[0], kind), stack);
  if (with_reference) {
    unw_set_caching_policy(unw_local_addr_space, UNW_CACHE_NONE);
    unw_context_t context;
    unw_cursor_t cursor;
    unw_getcontext(&context);
    unw_init_local(&cursor, &context);
    bool met = false;
    do {
      unw_word_t ip = 0;
      unw_word_t stack_pointer = 0;
      unw_get_reg(&cursor, UNW_REG_IP, &ip);
      unw_get_reg(&cursor, UNW_REG_SP, &stack_pointer);
      met |= ip == pc && stack_pointer == sp;
      if (met && ip != 0) stack.reference.push_back(ip);
    } while (unw_step(&cursor) > 0);
  }
  session.stacks().push_back(stack);
  return stack.node;
}

}  // namespace memtrace::preload
