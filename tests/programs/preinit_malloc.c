// SPDX-License-Identifier: MIT
// Pitfalls 1 and 3: allocations before any constructor has run (.preinit_array), in the constructors of a
// library that is initialised before the recorder, and under a failing dlsym, which allocates its message.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

extern void* early_blocks[8];  // libearly_constructor.so

static void* before_all[8];

static void BeforeAll(void) {
  before_all[0] = malloc(10);
  before_all[1] = calloc(3, 7);
  before_all[2] = realloc(malloc(5), 500);
  if (posix_memalign(&before_all[3], 64, 100) != 0) abort();
  before_all[4] = aligned_alloc(64, 128);
  before_all[5] = memalign(32, 10);
  before_all[6] = valloc(10);
  if (dlsym(RTLD_DEFAULT, "no_such_symbol_anywhere") != NULL || dlerror() == NULL) abort();
}

__attribute__((section(".preinit_array"), used)) static void (*const before_all_entry)(void) = BeforeAll;

int main(void) {
  for (int i = 0; i < 7; ++i) {
    if (before_all[i] == NULL || early_blocks[i] == NULL) return 1;
    free(before_all[i]);
    free(early_blocks[i]);
  }
  printf("done\n");
  return 0;
}
