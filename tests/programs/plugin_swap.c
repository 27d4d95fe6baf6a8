// SPDX-License-Identifier: MIT
// Pitfall 26: loads two plugins in turn (argv[1], argv[2]), which the linker maps at one address, and
// allocates in each: 30 times 10 blocks of 1000 bytes in red and of 2000 in blue, all kept. Prints whether
// the addresses met.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void* UsePlugin(const char* path, size_t bytes) {
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  void* symbol = dlsym(handle, "allocate_in_plugin");
  void* (*allocate)(size_t);
  memcpy(&allocate, &symbol, sizeof allocate);
  for (int i = 0; i < 10; ++i) {
    if (allocate(bytes) == NULL) exit(2);
  }
  dlclose(handle);
  return symbol;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  int met = 0;
  for (int i = 0; i < 30; ++i) met += UsePlugin(argv[1], 1000) == UsePlugin(argv[2], 2000);
  printf("%s\n", met > 0 ? "met" : "apart");
  return 0;
}
