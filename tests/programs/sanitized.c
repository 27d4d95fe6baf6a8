// SPDX-License-Identifier: MIT
// Pitfall 33: built with AddressSanitizer, which brings a malloc of its own. argv[1] "bad" makes the mistake
// that AddressSanitizer is there to find.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  for (int i = 0; i < 1000; ++i) free(malloc((size_t)i));
  volatile char* block = malloc(10);
  const int past_the_end = argc > 1 && strcmp(argv[1], "bad") == 0 ? 10 : 9;
  block[past_the_end] = 1;
  free((void*)block);
  printf("done\n");
  return 0;
}
