// SPDX-License-Identifier: MIT
// Pitfall 24: machine code made at run time, without unwind information, calls malloc: once with a frame
// pointer and once with rbp used for data, and the code's pages move again and again.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef void* (*Generated)(size_t size, void* (*allocate)(size_t));

// push rbp; mov rbp, rsp; call rsi; pop rbp; ret
static const unsigned char kWithFrame[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd6, 0x5d, 0xc3};
// push rbp; mov rbp, -1; call rsi; pop rbp; ret
static const unsigned char kRbpIsData[] = {0x55, 0x48, 0xc7, 0xc5, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xd6, 0x5d, 0xc3};

static int CallGenerated(const unsigned char* code, size_t bytes) {
  char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 0;
  memcpy(page, code, bytes);
  if (mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0) return 0;
  Generated function;
  memcpy(&function, &page, sizeof function);
  for (int i = 0; i < 20; ++i) {
    void* block = function(40, malloc);
    if (block == NULL) return 0;
    free(block);
  }
  return munmap(page, 4096) == 0;
}

int main(void) {
  for (int i = 0; i < 500; ++i) {
    if (!CallGenerated(kWithFrame, sizeof kWithFrame)) return 1;
    if (!CallGenerated(kRbpIsData, sizeof kRbpIsData)) return 2;
  }
  printf("done\n");
  return 0;
}
