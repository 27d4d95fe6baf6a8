// SPDX-License-Identifier: MIT
// Statically linked: no dynamic linker, no LD_PRELOAD. memtrace run must say so.
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  free(malloc(100));
  printf("done\n");
  return 0;
}
