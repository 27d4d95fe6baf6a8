// SPDX-License-Identifier: MIT
// Pitfall 28: the corners of the allocation functions, printed, so that a run with the recorder can be
// compared with one without: size 0, overflow, failure, odd alignments, errno before and after.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static volatile size_t huge = SIZE_MAX - 4096;
static volatile size_t half = SIZE_MAX / 2;

// A result as text that is the same in every run: null or not, alignment, errno.
static void Say(const char* what, void* block, size_t alignment) {
  const int saved = errno;
  printf("%s: %s, %saligned to %zu, errno %d\n", what, block ? "block" : "NULL",
         (uintptr_t)block % alignment == 0 ? "" : "not ", alignment, saved);
  free(block);
  errno = 0;
}

static void SayResult(const char* what, int result, void* block) {
  printf("%s: returned %d, errno %d\n", what, result, errno);
  if (result == 0) free(block);
  errno = 0;
}

static void Failures(void) {
  Say("malloc(huge)", malloc(huge), 1);
  Say("malloc(half)", malloc(half), 1);
  Say("calloc overflow", calloc(half, 4), 1);
  Say("calloc huge", calloc(huge, 1), 1);
  Say("reallocarray overflow", reallocarray(NULL, half, 4), 1);
  Say("realloc(NULL, huge)", realloc(NULL, huge), 1);
  Say("memalign huge", memalign(64, huge), 1);
  Say("aligned_alloc huge", aligned_alloc(64, huge), 1);
  Say("valloc huge", valloc(huge), 1);
  Say("pvalloc huge", pvalloc(huge), 1);
  Say("pvalloc max", pvalloc(half * 2 + 1), 1);
}

static void Alignments(void) {
  static const size_t kAlignments[] = {0, 1, 2, 3, 4, 8, 12, 16, 24, 48, 64, 4096, 65536};
  for (size_t i = 0; i < sizeof kAlignments / sizeof *kAlignments; ++i) {
    volatile size_t alignment = kAlignments[i];
    char name[64];
    void* block = NULL;
    snprintf(name, sizeof name, "posix_memalign(%zu)", alignment);
    const int result = posix_memalign(&block, alignment, 100);
    SayResult(name, result, block);
    snprintf(name, sizeof name, "memalign(%zu)", alignment);
    Say(name, memalign(alignment, 100), alignment == 0 ? 1 : 8);
    snprintf(name, sizeof name, "aligned_alloc(%zu, 33)", alignment);
    Say(name, aligned_alloc(alignment, 33), alignment == 0 ? 1 : 8);
  }
}

static void Zero(void) {
  Say("malloc(0)", malloc(0), 16);
  Say("calloc(0, 8)", calloc(0, 8), 16);
  Say("calloc(8, 0)", calloc(8, 0), 16);
  Say("realloc(NULL, 0)", realloc(NULL, 0), 16);
  Say("aligned_alloc(64, 0)", aligned_alloc(64, 0), 64);
  Say("valloc(0)", valloc(0), 4096);
  Say("pvalloc(0)", pvalloc(0), 4096);
  volatile size_t zero = 0;
  void* block = malloc(100);
  Say("realloc(block, 0)", realloc(block, zero), 16);
  block = malloc(100);
  Say("reallocarray(block, 0, 8)", reallocarray(block, zero, 8), 16);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  errno = 0;
  Failures();
  Alignments();
  Zero();
  errno = 77;
  void* block = malloc(100);
  printf("errno after malloc: %d\n", errno);
  block = realloc(block, 100000);
  printf("errno after realloc: %d\n", errno);
  free(block);
  printf("errno after free: %d\n", errno);
  free(NULL);
  printf("errno after free(NULL): %d\n", errno);
  block = malloc(1u << 22);  // freed by munmap
  free(block);
  printf("errno after munmap'd free: %d\n", errno);
  return 0;
}
