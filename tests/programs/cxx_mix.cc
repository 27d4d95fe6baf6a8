// SPDX-License-Identifier: MIT
// Every shape of operator new and delete, and the standard library's own allocations. Its counts must equal
// valgrind's.
#include <cstdio>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace {

struct alignas(64) Wide {
  char bytes[128];
};

struct Base {
  virtual ~Base() = default;
  int value = 1;
};
struct Derived : Base {
  std::string text = "long enough not to fit into the small string buffer";
};

void EveryShape(int i) {
  delete new int(i);
  delete[] new int[10 + i];
  delete new Wide();
  delete[] new Wide[3];
  ::operator delete(::operator new(100));
  ::operator delete (::operator new(100), std::size_t{100});
  ::operator delete[](::operator new[](100), std::size_t{100});
  ::operator delete(::operator new(100, std::nothrow), std::nothrow);
  ::operator delete[](::operator new[](100, std::nothrow), std::nothrow);
  const std::align_val_t alignment{256};
  ::operator delete(::operator new(100, alignment), alignment);
  ::operator delete (::operator new(100, alignment), std::size_t{100}, alignment);
  ::operator delete[](::operator new[](100, alignment), alignment);
  ::operator delete[](::operator new[](100, alignment), std::size_t{100}, alignment);
  ::operator delete(::operator new(100, alignment, std::nothrow), alignment, std::nothrow);
  ::operator delete[](::operator new[](100, alignment, std::nothrow), alignment, std::nothrow);
}

void Containers() {
  std::vector<std::unique_ptr<Base>> owners;
  std::map<std::string, std::vector<int>> table;
  for (int i = 0; i < 300; ++i) {
    owners.push_back(std::make_unique<Derived>());
    table["a key that does not fit either " + std::to_string(i)].resize(static_cast<std::size_t>(i));
  }
  auto shared = std::make_shared<std::vector<double>>(1000);
  auto again = shared;
}

}  // namespace

int main() {
  for (int i = 0; i < 200; ++i) EveryShape(i);
  Containers();
  for (int i = 0; i < 50; ++i) {
    try {
      throw std::string("exceptions are allocated too, by __cxa_allocate_exception");
    } catch (const std::string&) {
    }
  }
  volatile auto* left = new Wide[2];  // on purpose
  std::puts(left != nullptr ? "done" : "");
  return 0;
}
