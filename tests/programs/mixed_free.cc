// SPDX-License-Identifier: MIT
// Blocks released by the wrong function: glibc does not mind, other allocators do. 10 of each of three kinds
// of mismatch, which memtrace must count, and 10 right pairs of each of three kinds, which it must not.
#include <cstdio>
#include <cstdlib>
#include <new>

int main() {
  for (int i = 0; i < 10; ++i) {
    void* volatile a = ::operator new(40);
    std::free(a);
    void* volatile b = std::malloc(40);
    ::operator delete(b);
    void* volatile c = ::operator new[](40);
    ::operator delete(c);
    void* volatile d = ::operator new(40);
    ::operator delete(d);
    void* volatile e = ::operator new[](40);
    ::operator delete[](e);
    void* volatile f = std::malloc(40);
    std::free(f);
  }
  std::puts("done");
  return 0;
}
