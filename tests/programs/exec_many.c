// SPDX-License-Identifier: MIT
// Replaces itself by execl with 2,000 arguments, then by execle with as many and one variable, and prints how
// many arguments and variables have come.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEN "x", "x", "x", "x", "x", "x", "x", "x", "x", "x"
#define HUNDRED TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN
#define FIVE_HUNDRED HUNDRED, HUNDRED, HUNDRED, HUNDRED, HUNDRED
#define TWO_THOUSAND FIVE_HUNDRED, FIVE_HUNDRED, FIVE_HUNDRED, FIVE_HUNDRED

int main(int argc, char** argv) {
  if (argc == 1) {
    execl(argv[0], argv[0], "first", TWO_THOUSAND, (char*)NULL);
    return 1;
  }
  printf("%s: %d arguments, %s\n", argv[1], argc,
         getenv("EXEC_MANY") != NULL ? getenv("EXEC_MANY") : "(not set)");
  if (strcmp(argv[1], "first") != 0) return 0;
  fflush(stdout);
  char* const environment[] = {"EXEC_MANY=set", NULL};
  execle(argv[0], argv[0], "second", TWO_THOUSAND, (char*)NULL, environment);
  return 1;
}
