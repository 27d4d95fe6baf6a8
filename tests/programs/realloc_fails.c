// SPDX-License-Identifier: MIT
// Pitfall 28: a realloc that fails leaves its block alone, and nothing was freed or allocated. Blocks of 72
// bytes: 100 made, each survives two failures, 50 are freed. (valgrind counts failed calls as allocations;
// here is no tie to it.)
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void* blocks[100];

int main(void) {
  volatile size_t huge = SIZE_MAX / 2;
  for (int i = 0; i < 100; ++i) {
    char* block = malloc(72);
    memset(block, i, 72);
    if (realloc(block, huge) != NULL || reallocarray(block, huge, 4) != NULL) return 1;
    if (block[0] != i || block[71] != i) return 2;
    blocks[i] = block;
  }
  for (int i = 0; i < 50; ++i) free(blocks[i]);
  printf("done\n");
  return 0;
}
