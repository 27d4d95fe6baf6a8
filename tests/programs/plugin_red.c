// SPDX-License-Identifier: MIT
// Pitfall 26: a plugin of the same shape as plugin_blue.c, so that it is often mapped at the same address.
#include <stdlib.h>

void* AllocateRed(size_t bytes) {
  return malloc(bytes);
}
void* allocate_in_plugin(size_t bytes) {
  char* block = AllocateRed(bytes);
  if (block != NULL) block[0] = 'r';
  return block;
}
