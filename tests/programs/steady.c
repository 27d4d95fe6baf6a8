// SPDX-License-Identifier: MIT
// argv[1] allocations of differing sizes, from stacks that never repeat for long, so that a trace of them is
// large however well it is compressed. Prints a checksum. argv[2], if given, is a file it writes 2000 bytes
// to afterwards: the program's own use of the disk or of descriptors must fail or work as it does alone.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 1;

static uint32_t Random(void) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

__attribute__((noinline)) static void* Descend(int depth, size_t size) {
  if (depth == 0) return malloc(size);
  void* block = depth % 2 ? Descend(depth - 1, size) : Descend(depth - 1, size);
  __asm__ volatile("" ::: "memory");
  return block;
}

int main(int argc, char** argv) {
  const long allocations = argc > 1 ? atol(argv[1]) : 100000;
  void* held[1024] = {0};
  uint64_t checksum = 0;
  for (long i = 0; i < allocations; ++i) {
    void** slot = &held[Random() % 1024];
    free(*slot);
    const size_t size = Random() % 5000;
    *slot = Descend((int)(Random() % 12), size);
    if (*slot == NULL) return 1;
    checksum = checksum * 31 + size;
  }
  for (int i = 0; i < 1024; ++i) free(held[i]);
  printf("checksum %llu\n", (unsigned long long)checksum);
  if (argc > 2) {
    char text[2000];
    memset(text, 'x', sizeof text);
    FILE* file = fopen(argv[2], "w");
    const size_t written = file != NULL ? fwrite(text, 1, sizeof text, file) : 0;
    const int closed = file != NULL ? fclose(file) : -1;
    printf("own file: %zu, %d\n", written, closed);
  }
  return 0;
}
