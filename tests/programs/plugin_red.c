// SPDX-License-Identifier: MIT
// Pitfall 26: a plugin of the same shape as plugin_blue.c, so that it is often mapped at the same address.
#include <stdlib.h>

__attribute__((noinline)) static char* AllocateRed(size_t bytes) {
  char* block = malloc(bytes);
  if (block != NULL) block[0] = 'r';
  return block;
}

void* allocate_in_plugin(size_t bytes) {
  char* block = AllocateRed(bytes);
  if (block != NULL) block[1] = '+';
  return block;
}
