// SPDX-License-Identifier: MIT
#include "preload/stack/capture.h"

#include "preload/stack/capture_inline.h"
#include "preload/stack/capture_internal.h"
#include "preload/stack/modules_internal.h"
#include "preload/stack/rule_table.h"
#ifdef MEMTRACE_CHECK_STACKS
#include "preload/stack/check_stacks.h"
#endif

namespace memtrace::preload {

std::uint32_t Capture(ThreadCapture& thread, std::uintptr_t pc, std::uintptr_t sp, std::uintptr_t rbp,
                      format::AllocKind kind) {
  const std::uint32_t node = CaptureUnchecked(thread, pc, sp, rbp, kind);
#ifdef MEMTRACE_CHECK_STACKS
  if (node != 0 && thread.counters.captures % MEMTRACE_CHECK_STACKS == 0) CheckStack(node, pc, sp);
#endif
  return node;
}

bool StackInit(const StackOptions& options) {
  g_max_depth = options.max_depth;
#ifdef MEMTRACE_CHECK_STACKS
  CheckStacksInit();
#endif
  return RuleTableInit() && ModulesInit(options.module_sink);
}

void StackResetAfterFork() {
  RuleTableInit();
  ModulesResetAfterFork();
}

}  // namespace memtrace::preload
