// SPDX-License-Identifier: MIT
// Sets a limit on itself and goes on: argv[1] is nofile (then uses up every descriptor), as (then allocates
// until malloc fails), fsize (then writes a file up to the limit). 50,000 blocks before and after. What it
// could do is printed where it does not depend on memtrace's presence.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void Allocate(void) {
  for (int i = 0; i < 50000; ++i) {
    void* block = malloc((size_t)(i % 3000));
    if (block == NULL) exit(1);
    free(block);
  }
}

static void Limit(int resource, rlim_t value) {
  const struct rlimit limit = {value, value};
  if (setrlimit(resource, &limit) != 0) exit(2);
}

static void UseUpDescriptors(void) {
  Limit(RLIMIT_NOFILE, 40);
  int last = -1;
  for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;) last = fd;
  printf("open: %s, the last one is %s40\n", strerror(errno), last < 40 ? "below " : "not below ");
}

static void UseUpMemory(void) {
  Limit(RLIMIT_AS, (rlim_t)256 << 20);
  static void* blocks[4096];
  int count = 0;
  while (count < 4096 && (blocks[count] = malloc(1 << 20)) != NULL) ++count;
  printf("malloc: %s, %s\n", strerror(errno), count > 100 ? "after more than 100 MiB" : "too early");
  while (count > 0) free(blocks[--count]);
}

static void UseUpFileSize(void) {
  Limit(RLIMIT_FSIZE, 4096);
  signal(SIGXFSZ, SIG_DFL);
  char page[4096] = {0};
  const int fd = open("own_file", O_RDWR | O_CREAT | O_TRUNC, 0600);
  printf("write: %zd\n", write(fd, page, sizeof page));
  close(fd);
}

int main(int argc, char** argv) {
  Allocate();
  if (argc > 1 && strcmp(argv[1], "nofile") == 0) UseUpDescriptors();
  if (argc > 1 && strcmp(argv[1], "as") == 0) UseUpMemory();
  if (argc > 1 && strcmp(argv[1], "fsize") == 0) UseUpFileSize();
  Allocate();
  printf("done\n");
  return 0;
}
