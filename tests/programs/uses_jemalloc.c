// SPDX-License-Identifier: MIT
// Pitfall 13: a program linked with jemalloc, dynamically or statically. jemalloc must go on serving it: its
// usable sizes are printed, and they differ from glibc's.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  for (size_t size = 1; size <= 5000; size = size * 3 / 2 + 1) {
    void* block = malloc(size);
    if (block == NULL) return 1;
    printf("%zu -> %zu\n", size, malloc_usable_size(block));
    free(block);
  }
  for (int i = 0; i < 1000; ++i) free(malloc((size_t)i));
  return 0;
}
