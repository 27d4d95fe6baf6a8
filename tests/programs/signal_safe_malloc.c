// SPDX-License-Identifier: MIT
// Pitfall 19: an allocator that may be called at any moment, also from a signal handler that interrupted it:
// one atomic addition, nothing is ever reused. With it behind the recorder, only the recorder can deadlock.
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static const size_t kArenaBytes = (size_t)8 << 30;
static _Atomic(char*) arena;
static atomic_size_t used;

static char* Arena(void) {
  char* base = atomic_load(&arena);
  if (base != NULL) return base;
  char* fresh =
      mmap(NULL, kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (atomic_compare_exchange_strong(&arena, &base, fresh)) return fresh;
  munmap(fresh, kArenaBytes);
  return base;
}

// 16 bytes before each block hold its size, for realloc.
static void* Take(size_t alignment, size_t size) {
  if (alignment < 16) alignment = 16;
  if (size > kArenaBytes / 4) return errno = ENOMEM, NULL;
  const size_t start = atomic_fetch_add(&used, ((size + alignment + 31) & ~(size_t)15) + alignment);
  if (start + size + 2 * alignment + 32 > kArenaBytes) return errno = ENOMEM, NULL;
  char* block = (char*)(((uintptr_t)Arena() + start + 16 + alignment - 1) & ~(uintptr_t)(alignment - 1));
  memcpy(block - 16, &size, sizeof size);
  return block;
}

void* malloc(size_t size) {
  return Take(16, size);
}
void free(void* block) {
  (void)block;
}
void* calloc(size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return errno = ENOMEM, NULL;
  return Take(16, count * size);
}
void* realloc(void* block, size_t size) {
  void* moved = Take(16, size);
  size_t old_size = 0;
  if (block != NULL) memcpy(&old_size, (char*)block - 16, sizeof old_size);
  if (moved != NULL && block != NULL) memcpy(moved, block, old_size < size ? old_size : size);
  return moved;
}
void* memalign(size_t alignment, size_t size) {
  return Take(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  return Take(alignment, size);
}
int posix_memalign(void** result, size_t alignment, size_t size) {
  *result = Take(alignment, size);
  return *result == NULL ? ENOMEM : 0;
}
size_t malloc_usable_size(void* block) {
  size_t size = 0;
  if (block != NULL) memcpy(&size, (char*)block - 16, sizeof size);
  return size;
}
