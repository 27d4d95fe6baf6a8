// SPDX-License-Identifier: MIT
// Pitfall 31: loaded with RTLD_DEEPBIND, this plugin calls libc's malloc and free past every preloaded
// library.
#include <stdlib.h>

void* make_block(size_t bytes) {
  return malloc(bytes);
}
void drop_block(void* block) {
  free(block);
}
