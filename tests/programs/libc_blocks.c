// SPDX-License-Identifier: MIT
// Pitfall 30: blocks that libc allocates and the program frees or resizes, and libc's own. Its counts must
// equal valgrind's.
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <regex.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static int Compare(const void* a, const void* b) {
  return *(const int*)a - *(const int*)b;
}

static void Strings(void) {
  char* text = NULL;
  if (asprintf(&text, "%0*d", 500, 7) != 500) exit(1);
  text = realloc(text, 1000);
  free(text);
  free(strdup("duplicated"));
  free(strndup("duplicated", 3));
  free(wcsdup(L"wide"));
  free(realpath("/usr/../usr/lib", NULL));
}

static void Streams(void) {
  char* memory = NULL;
  size_t size = 0;
  FILE* stream = open_memstream(&memory, &size);
  for (int i = 0; i < 5000; ++i) fprintf(stream, "line %d\n", i);
  fclose(stream);
  FILE* reader = fmemopen(memory, size, "r");
  char* line = NULL;
  size_t capacity = 0;
  long lines = 0;
  while (getline(&line, &capacity, reader) > 0) ++lines;
  fclose(reader);
  free(line);
  free(memory);
  if (lines != 5000) exit(2);
}

int main(void) {
  Strings();
  Streams();
  static int numbers[100000];
  for (int i = 0; i < 100000; ++i) numbers[i] = (i * 7919) % 100003;
  qsort(numbers, 100000, sizeof(int), Compare);  // a merge sort with a block of its own
  regex_t expression;
  if (regcomp(&expression, "^(a|b)*c+[0-9]{2,5}$", REG_EXTENDED) != 0) return 3;
  if (regexec(&expression, "ababcc123", 0, NULL, 0) != 0) return 4;
  regfree(&expression);
  DIR* folder = opendir("/");
  while (readdir(folder) != NULL) {
  }
  closedir(folder);
  setenv("MEMTRACE_TEST_VARIABLE", "a value", 1);
  hcreate(1000);
  hdestroy();
  FILE* null = popen("exit 0", "r");
  if (null == NULL || pclose(null) != 0) return 5;
  printf("done\n");
  return 0;
}
