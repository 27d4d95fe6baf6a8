// SPDX-License-Identifier: MIT
// Pitfalls 6 and 21: the recorder loaded by dlopen instead of LD_PRELOAD, with its thread variables then
// allocated late, and closed again while threads run. argv[1] is the library. It may refuse, but not harm.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void* Allocate(void* unused) {
  (void)unused;
  for (int i = 0; i < 10000; ++i) free(malloc((size_t)i));
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  pthread_t before, after;
  pthread_create(&before, NULL, Allocate, NULL);
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fprintf(stderr, "%s\n", dlerror());
  pthread_create(&after, NULL, Allocate, NULL);
  Allocate(NULL);
  if (library != NULL) dlclose(library);
  pthread_join(before, NULL);
  pthread_join(after, NULL);
  Allocate(NULL);
  printf("done\n");
  return 0;
}
