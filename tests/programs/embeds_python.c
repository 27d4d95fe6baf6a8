/* SPDX-License-Identifier: MIT
 * A program that learns of Python at run time only: opens the library named by its argument, privately, runs it from
 * beginning to end several times, closes it, and opens it again. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static const char kCode[] =
    "kept = []\n"
    "def embedded(count):\n"
    "    for _ in range(count):\n"
    "        kept.append(bytes(100))\n"
    "embedded(1000)\n";

static int run(void* library) {
  void (*initialize)(int) = (void (*)(int))dlsym(library, "Py_InitializeEx");
  int (*run_string)(const char*, void*) = (int (*)(const char*, void*))dlsym(library, "PyRun_SimpleStringFlags");
  int (*finalize)(void) = (int (*)(void))dlsym(library, "Py_FinalizeEx");
  if (initialize == NULL || run_string == NULL || finalize == NULL) return 1;
  for (int round = 0; round < 3; ++round) {
    initialize(0);
    if (run_string(kCode, NULL) != 0 || finalize() != 0) return 2;
    printf("round %d\n", round);
  }
  return 0;
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    void* library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), 3;
    const int result = run(library);
    if (result != 0) return result;
    dlclose(library);
  }
  return 0;
}
