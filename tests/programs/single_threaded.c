// SPDX-License-Identifier: MIT
// Pitfall 10: calls that only a single-threaded process may make. argv[1]: how many blocks to allocate
// before. Prints what unshare(CLONE_NEWUSER) said, which is EINVAL in a process with more than one thread.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  const long blocks = argc > 1 ? atol(argv[1]) : 0;
  for (long i = 0; i < blocks; ++i) free(malloc((size_t)(i % 500)));
  const int result = unshare(CLONE_NEWUSER);
  printf("unshare: %s\n", result == 0 ? "allowed" : strerror(errno));
  return 0;
}
