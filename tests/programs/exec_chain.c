// SPDX-License-Identifier: MIT
// Replaces itself argv[1] times, with one of the exec functions in turn. Each stage allocates 100 blocks of
// 120 bytes plus 8 for each stage that is still to come. The last one prints "end" and its LD_PRELOAD.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern char** environ;

int main(int argc, char** argv) {
  const int left = argc > 1 ? atoi(argv[1]) : 0;
  for (int i = 0; i < 100; ++i) free(malloc((size_t)(120 + 8 * left)));
  if (left == 0) {
    const char* preload = getenv("LD_PRELOAD");
    printf("end %s\n", preload != NULL ? preload : "(not set)");
    return 0;
  }
  char next[16];
  snprintf(next, sizeof next, "%d", left - 1);
  char* const arguments[] = {argv[0], next, NULL};
  switch (left % 7) {
    case 0:
      execl(argv[0], argv[0], next, (char*)NULL);
      break;
    case 1:
      execv(argv[0], arguments);
      break;
    case 2:
      execve(argv[0], arguments, environ);
      break;
    case 3:
      execvp(argv[0], arguments);
      break;
    case 4:
      execlp(argv[0], argv[0], next, (char*)NULL);
      break;
    case 5:
      execle(argv[0], argv[0], next, (char*)NULL, environ);
      break;
    default:
      fexecve(open(argv[0], O_RDONLY | O_CLOEXEC), arguments, environ);
  }
  return 1;
}
