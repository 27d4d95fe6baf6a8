// SPDX-License-Identifier: MIT
// Pitfall 34: dlopen of a bare name that only this program's RUNPATH leads to ($ORIGIN/plugins). A recorder
// that calls dlopen in the program's place changes the caller, and the library is not found.
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
  void* handle = dlopen("libhidden_plugin.so", RTLD_NOW);
  printf("%s\n", handle != NULL ? "found" : dlerror());
  return handle != NULL && dlclose(handle) == 0 ? 0 : 1;
}
