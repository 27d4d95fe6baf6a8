// SPDX-License-Identifier: MIT
// A child in strict seccomp mode may only read, write and _exit (the old system call): any other system call
// of the recorder's, in malloc or at the end, kills it. It allocates from memory that malloc already has.
#define _GNU_SOURCE
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kBlocks = 100000 };

int main(void) {
  const pid_t child = fork();
  if (child == 0) {
    free(malloc(1000));
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(9);
    for (int i = 0; i < kBlocks; ++i) free(malloc((size_t)(i % 100)));
    syscall(SYS_exit, 21);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 1;
  if (WIFSIGNALED(status)) printf("child killed by signal %d\n", WTERMSIG(status));
  if (WIFEXITED(status)) printf("child ended with %d\n", WEXITSTATUS(status));
  return 0;
}
