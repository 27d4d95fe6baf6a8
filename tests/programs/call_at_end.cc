// SPDX-License-Identifier: MIT
// Pitfall 22: a call that never returns is the last instruction of its function, so its return address
// already belongs to the next one. The caller of AllocateAndLeave must be named LastCallHere, not
// WrongNeighbour.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>

namespace {
std::jmp_buf back;
}

[[noreturn]] __attribute__((noinline)) void AllocateAndLeave(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);
  std::free(block);
  std::longjmp(back, 1);
}

__attribute__((noinline)) void LastCallHere(std::size_t bytes) {
  std::printf("leaving\n");
  AllocateAndLeave(bytes);
}

__attribute__((noinline)) int WrongNeighbour() {
  return std::rand();
}

int main() {
  if (setjmp(back) == 0) LastCallHere(7654);
  return WrongNeighbour() >= 0 ? 0 : 1;
}
