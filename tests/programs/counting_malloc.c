// SPDX-License-Identifier: MIT
// Pitfall 2: another preloaded library that wraps malloc. Recorder and wrapper must both see every call. Its
// count of calls with the telltale size is printed when the program calls count_telltale().
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { kTelltaleBytes = 4321 };

static _Atomic int telltale;
static void* (*next_malloc)(size_t);

int count_telltale(void) {
  return atomic_load(&telltale);
}

void* malloc(size_t size) {
  if (next_malloc == NULL) {
    void* symbol = dlsym(RTLD_NEXT, "malloc");
    __builtin_memcpy(&next_malloc, &symbol, sizeof symbol);
  }
  if (size == kTelltaleBytes) atomic_fetch_add(&telltale, 1);
  return next_malloc(size);
}
