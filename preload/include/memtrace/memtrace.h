/* SPDX-License-Identifier: MIT */
/* memtrace.h: optional calls for programs that want to say something to memtrace while it records them.
 *
 * Nothing has to be linked: the functions are weak. Under LD_PRELOAD=libmemtrace.so they act; without it
 * the inline wrappers below find no function, do nothing and return at once. C99 and C++.
 *
 *     #include <memtrace/memtrace.h>
 *     memtrace_mark("Result iteration end");
 *
 * Other languages look the same names up in the process, where they are only under the library. Python:
 *
 *     mark = getattr(ctypes.CDLL(None), "memtrace_mark", lambda name: None)
 *     mark(b"Result iteration end")
 *
 * Or they set the environment variable MEMTRACE_MARK, by setenv or putenv of libc: os.environ["MEMTRACE_MARK"] = "end".
 *
 * All calls are thread-safe. None changes errno. Do not call them from a signal handler.
 */
#ifndef MEMTRACE_MEMTRACE_H_
#define MEMTRACE_MEMTRACE_H_

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define MEMTRACE_WEAK __attribute__((weak))
#else
#error "memtrace.h needs weak symbols: GCC or Clang"
#endif

/* The functions of libmemtrace.so; null without it. Use the wrappers below. */
MEMTRACE_WEAK extern void memtrace_mark_impl(const char* name);
MEMTRACE_WEAK extern void memtrace_pause_impl(void);
MEMTRACE_WEAK extern void memtrace_resume_impl(void);
MEMTRACE_WEAK extern int memtrace_active_impl(void);

/* Names this moment and takes a reading of the process's memory. `name` is UTF-8, copied, cut at 255 bytes;
 * the same name may be set many times. Reports show it (`memtrace summary`) and select by it (`--at NAME`).
 * Costs a few microseconds. */
static inline void memtrace_mark(const char* name) {
  if (memtrace_mark_impl) memtrace_mark_impl(name);
}

/* Stops recording allocations in all threads until memtrace_resume. Frees are still recorded, so blocks
 * from before the pause do not look live for ever. Calls do not nest. */
static inline void memtrace_pause(void) {
  if (memtrace_pause_impl) memtrace_pause_impl();
}

static inline void memtrace_resume(void) {
  if (memtrace_resume_impl) memtrace_resume_impl();
}

/* 1 while allocations are being recorded; 0 without the shim, while paused, or after recording has stopped. */
static inline int memtrace_active(void) {
  return memtrace_active_impl ? memtrace_active_impl() : 0;
}

#ifdef __cplusplus
}
#endif

#endif /* MEMTRACE_MEMTRACE_H_ */
