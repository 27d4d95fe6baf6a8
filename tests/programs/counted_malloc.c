// SPDX-License-Identifier: MIT
// Pitfall 2: allocates the telltale size 1000 times and prints how many of them libcounting_malloc.so saw.
#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) int count_telltale(void);

int main(void) {
  volatile size_t telltale_bytes = 4321;
  for (int i = 0; i < 1000; ++i) {
    void* block = malloc(telltale_bytes);
    if (block == NULL) return 1;
    free(block);
  }
  printf("seen: %d\n", count_telltale ? count_telltale() : -1);
  return 0;
}
