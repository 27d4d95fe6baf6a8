// SPDX-License-Identifier: MIT
// The program's own mappings: mmap, mremap with and without moving, partial munmap, fixed mappings over
// others, brk. At its end 3 MiB are mapped by MapAndKeep; everything else is gone.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const size_t kMiB = 1 << 20;

static char* Map(size_t bytes) {
  char* start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) exit(1);
  return start;
}

__attribute__((noinline)) static char* MapAndKeep(void) {
  char* start = Map(5 * kMiB);
  if (munmap(start + kMiB, kMiB) != 0) exit(2);      // a hole
  if (munmap(start + 4 * kMiB, kMiB) != 0) exit(3);  // and the end: 3 MiB stay
  char* again = mmap(start, kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (again != start) exit(4);  // replaces a part: still 3 MiB
  return start;
}

int main(void) {
  char* kept = MapAndKeep();
  char* a = Map(kMiB);
  a = mremap(a, kMiB, 8 * kMiB, MREMAP_MAYMOVE);
  if (a == MAP_FAILED) return 5;
  a = mremap(a, 8 * kMiB, 2 * kMiB, 0);
  if (a == MAP_FAILED || munmap(a, 2 * kMiB) != 0) return 6;
  char* target = Map(2 * kMiB);
  char* b = Map(kMiB);
  b = mremap(b, kMiB, 2 * kMiB, MREMAP_MAYMOVE | MREMAP_FIXED, target);
  if (b != target || munmap(b, 2 * kMiB) != 0) return 7;
  if (mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
    return 8;  // fails: not counted
  void* before = sbrk(0);
  if (sbrk((intptr_t)kMiB) != before || brk(before) != 0) return 9;
  kept[0] = 1;
  printf("done\n");
  return 0;
}
