// SPDX-License-Identifier: MIT
// Pitfall 11: a thread allocates while another holds the locks of stdout and stderr; a recorder that logs by
// stdio from inside a hook would wait for ever.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void* Allocate(void* unused) {
  (void)unused;
  for (int i = 0; i < 300000; ++i) free(malloc((size_t)(i % 1000)));
  return NULL;
}

int main(void) {
  flockfile(stdout);
  flockfile(stderr);
  pthread_t thread;
  if (pthread_create(&thread, NULL, Allocate, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  funlockfile(stderr);
  funlockfile(stdout);
  printf("done\n");
  return 0;
}
