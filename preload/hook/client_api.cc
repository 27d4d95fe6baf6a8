// SPDX-License-Identifier: MIT
// The functions behind memtrace.h.
#include <errno.h>

#include "preload/hook/export.h"
#include "preload/recorder.h"

using memtrace::preload::IsActive;
using memtrace::preload::RecordMark;
using memtrace::preload::SetPaused;

MEMTRACE_EXPORT void memtrace_mark_impl(const char* name) {
  const int saved_errno = errno;
  if (name != nullptr) RecordMark(name);
  errno = saved_errno;
}

MEMTRACE_EXPORT void memtrace_pause_impl(void) { SetPaused(true); }
MEMTRACE_EXPORT void memtrace_resume_impl(void) { SetPaused(false); }
MEMTRACE_EXPORT int memtrace_active_impl(void) { return IsActive() ? 1 : 0; }

// The same by the header's names, for languages that look a function up when they run: Python's
// ctypes.CDLL(None).memtrace_mark(b"rows read").
MEMTRACE_EXPORT void memtrace_mark(const char* name) { memtrace_mark_impl(name); }
MEMTRACE_EXPORT void memtrace_pause(void) { SetPaused(true); }
MEMTRACE_EXPORT void memtrace_resume(void) { SetPaused(false); }
MEMTRACE_EXPORT int memtrace_active(void) { return memtrace_active_impl(); }
