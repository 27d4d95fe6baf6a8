// SPDX-License-Identifier: MIT
// A program with its own malloc in the executable: its calls never reach a preloaded library. memtrace must
// say that it saw nothing, and why; in its forked child as well.
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static char arena[1 << 22];
static size_t used;

void* malloc(size_t size) {
  const size_t start = (used + 31) & ~(size_t)15;
  if (size > sizeof arena - start) return NULL;
  memcpy(arena + start - 16, &size, sizeof size);
  used = start + size;
  return arena + start;
}
void free(void* block) {
  (void)block;
}
void* calloc(size_t count, size_t size) {
  return malloc(count * size);
}  // never reused, so still zero
void* realloc(void* block, size_t size) {
  void* moved = malloc(size);
  size_t old_size = 0;
  if (block != NULL) memcpy(&old_size, (char*)block - 16, sizeof old_size);
  if (moved != NULL && block != NULL) memcpy(moved, block, old_size < size ? old_size : size);
  return moved;
}

int main(void) {
  for (int i = 0; i < 1000; ++i) {
    char* volatile block = malloc(100);
    if (block < arena || block >= arena + sizeof arena) return 1;
    free(block);
  }
  const pid_t child = fork();
  if (child == 0) _exit(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
  int status = 1;
  if (waitpid(child, &status, 0) != child || status != 0) return 2;
  printf("done\n");
  return 0;
}
