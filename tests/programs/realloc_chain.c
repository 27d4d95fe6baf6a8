// SPDX-License-Identifier: MIT
// realloc in every direction: growing in place, growing by moving, shrinking, through mmap'd sizes (mremap
// inside glibc), from NULL. Its counts must equal valgrind's.
#include <stdio.h>
#include <stdlib.h>

static char* Grow(char* block, size_t from, size_t to) {
  char* moved = realloc(block, to);
  if (moved == NULL) exit(1);
  if (from != 0 && moved[from - 1] != (char)from) exit(2);  // the content came along
  moved[to - 1] = (char)to;
  return moved;
}

int main(void) {
  for (int round = 0; round < 20; ++round) {
    char* a = NULL;
    size_t size = 0;
    for (size_t next = 1; next <= (4u << 20); next = next * 3 / 2 + 1) {
      void* fence = malloc(16);  // keeps some of the growth from happening in place
      a = Grow(a, size, next);
      size = next;
      free(fence);
    }
    for (size_t next = size / 2; next > 1; next /= 2) {
      a = realloc(a, next);
      if (a == NULL) return 3;
    }
    if (round % 2 == 0) free(a);
  }
  printf("done\n");
  return 0;
}
