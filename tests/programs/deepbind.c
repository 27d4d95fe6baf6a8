// SPDX-License-Identifier: MIT
// Pitfall 31: a plugin (argv[1]) loaded with RTLD_DEEPBIND. Blocks go both ways: 100 made there and freed
// here, which the recorder sees as frees of unknown blocks, and 50 made here and freed there.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  void* plugin = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_DEEPBIND) : NULL;
  if (plugin == NULL) return 1;
  void* make_symbol = dlsym(plugin, "make_block");
  void* drop_symbol = dlsym(plugin, "drop_block");
  void* (*make_block)(size_t);
  void (*drop_block)(void*);
  memcpy(&make_block, &make_symbol, sizeof make_block);
  memcpy(&drop_block, &drop_symbol, sizeof drop_block);
  // All at once, so that no block made here can come to lie where an unseen one was.
  void* theirs[100];
  void* ours[50];
  for (int i = 0; i < 100; ++i) theirs[i] = make_block(200);
  for (int i = 0; i < 50; ++i) ours[i] = malloc(300);
  for (int i = 0; i < 100; ++i) free(theirs[i]);
  for (int i = 0; i < 50; ++i) drop_block(ours[i]);
  printf("done\n");
  return 0;
}
