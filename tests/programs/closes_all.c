// SPDX-License-Identifier: MIT
// Pitfall 39: a daemon. It closes every descriptor, opens files of its own under the same numbers, and goes
// on allocating: 200,000 blocks of 96 bytes. Its files must hold its own data and nothing else. argv[1]: a
// folder; argv[2]: "close", "close_range" or "closefrom".
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kFiles = 64, kBlocks = 200000 };

static void CloseAll(const char* how) {
  if (strcmp(how, "close_range") == 0) {
    close_range(0, ~0u, 0);
  } else if (strcmp(how, "closefrom") == 0) {
    closefrom(0);
  } else {
    for (int fd = 0; fd < 4096; ++fd) close(fd);
  }
}

// 0 when file `i` holds its own line and nothing else.
static int Verify(int fd, int i) {
  char text[64], expected[64];
  const int length = snprintf(expected, sizeof expected, "file %d\n", i);
  const ssize_t got = pread(fd, text, sizeof text, 0);
  return got == length && memcmp(text, expected, (size_t)length) == 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc != 3 || chdir(argv[1]) != 0) return 2;
  for (int i = 0; i < kBlocks / 2; ++i) free(malloc(96));
  CloseAll(argv[2]);
  int fds[kFiles];
  for (int i = 0; i < kFiles; ++i) {
    char name[32];
    snprintf(name, sizeof name, "own%d", i);
    fds[i] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fds[i] != i) return 3;
    if (dprintf(fds[i], "file %d\n", i) <= 0) return 4;
  }
  for (int i = 0; i < kBlocks / 2; ++i) free(malloc(96));
  int spoiled = 0;
  for (int i = 0; i < kFiles; ++i) spoiled += Verify(fds[i], i);
  return spoiled == 0 ? 0 : 5;
}
