// SPDX-License-Identifier: MIT
// A program with rules for LeakSanitizer of its own, as projects have that are built with it now and then:
// 3 blocks are kept on purpose and suppressed, 2 are lost.
#include <cstdio>
#include <cstdlib>

extern "C" __attribute__((used)) const char* __lsan_default_suppressions() {
  return "# kept until the end\nleak:KeepRegistry\n";
}

void* volatile sink;

__attribute__((noinline)) void KeepRegistry() {
  for (int i = 0; i < 3; ++i) sink = std::malloc(1000);
}

__attribute__((noinline)) void LoseSome() {
  for (int i = 0; i < 2; ++i) sink = std::malloc(77);
}

int main() {
  KeepRegistry();
  LoseSome();
  sink = nullptr;
  std::puts("done");
  return 0;
}
