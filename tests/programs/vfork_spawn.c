// SPDX-License-Identifier: MIT
// Pitfall 16: vfork and posix_spawn children share the parent's memory until they exec. The parent's own
// recording must be whole afterwards: it makes exactly 3000 blocks of 72 bytes, a third after each way of
// starting a child.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static int Await(pid_t child, int expected) {
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == expected;
}

__attribute__((noinline)) static pid_t VforkAndExec(char* const* argv) {
  const pid_t child = vfork();
  if (child != 0) return child;
  execve(argv[0], argv, environ);
  _exit(5);
}

static void Allocate1000(void) {
  for (int i = 0; i < 1000; ++i) free(malloc(72));
}

int main(void) {
  char* const argv[] = {"/bin/sh", "-c", "exit 7", NULL};
  for (int i = 0; i < 10; ++i) {
    if (!Await(VforkAndExec(argv), 7)) return 1;
  }
  Allocate1000();
  char* const missing[] = {"/no/such/program", NULL};
  for (int i = 0; i < 10; ++i) {
    if (!Await(VforkAndExec(missing), 5)) return 2;
  }
  Allocate1000();
  for (int i = 0; i < 10; ++i) {
    pid_t child = 0;
    if (posix_spawn(&child, argv[0], NULL, NULL, argv, environ) != 0 || !Await(child, 7)) return 3;
  }
  if (system("exit 3") != 3 << 8) return 4;
  Allocate1000();
  printf("done\n");
  return 0;
}
