// SPDX-License-Identifier: MIT
// Pitfall 32: a program that exports names which a recorder's own libraries use. If any of them is called by
// anyone, the program says so and fails.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRAP(name)                                      \
  void name(void) {                                     \
    static const char text[] = #name " was called\n";   \
    if (write(2, text, sizeof text - 1) > 0) _exit(66); \
    _exit(67);                                          \
  }

TRAP(ZSTD_compress)
TRAP(ZSTD_compressCCtx)
TRAP(ZSTD_compress2)
TRAP(ZSTD_createCCtx)
TRAP(ZSTD_createCCtx_advanced)
TRAP(ZSTD_isError)
TRAP(ZSTD_compressBound)
TRAP(XXH64)
TRAP(XXH3_64bits)
TRAP(unw_step)
TRAP(unw_init_local)
TRAP(unw_backtrace)
TRAP(_ULx86_64_step)
TRAP(_ULx86_64_init_local)
TRAP(_ULx86_64_init_local2)
TRAP(_ULx86_64_set_caching_policy)
TRAP(backtrace)
TRAP(Capture)
TRAP(arena)
TRAP(record)

int main(void) {
  for (int i = 0; i < 200000; ++i) free(malloc((size_t)(i % 1234)));
  printf("done\n");
  return 0;
}
