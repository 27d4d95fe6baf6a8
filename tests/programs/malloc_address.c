// SPDX-License-Identifier: MIT
// A non-PIE program that takes malloc's address: the dynamic linker then gives the program's own PLT entry to
// whoever asks for "malloc", as if the program had a malloc of its own. Its 100 blocks are recorded all the same.
#include <stdlib.h>

int main(void) {
  void* (*volatile allocate)(size_t) = malloc;
  for (int i = 0; i < 100; ++i) {
    void* volatile block = allocate(64);
    if (block == NULL) return 1;
    free(block);
  }
  return 0;
}
