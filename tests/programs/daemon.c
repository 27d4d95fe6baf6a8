// SPDX-License-Identifier: MIT
// Becomes a daemon in the classical way: fork, setsid, fork, chdir("/"), close everything; then allocates
// 5000 blocks of 104 bytes and creates the file argv[1] to say that it is done.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const pid_t child = fork();
  if (child < 0) return 1;
  if (child > 0) return waitpid(child, NULL, 0) == child ? 0 : 3;
  setsid();
  if (fork() != 0) _exit(0);
  if (chdir("/") != 0) _exit(4);
  for (int fd = 0; fd < 1024; ++fd) close(fd);
  for (int i = 0; i < 5000; ++i) free(malloc(104));
  const int done = open(argv[1], O_WRONLY | O_CREAT, 0600);
  return close(done);
}
