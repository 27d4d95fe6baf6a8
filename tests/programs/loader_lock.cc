// SPDX-License-Identifier: MIT
// Pitfall 12: allocation under the dynamic linker's locks. Some threads allocate inside dl_iterate_phdr, some
// throw, some load and unload a library, some just allocate: every pair of locks is taken in every order.
// argv[1]: the library to load.
#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

int AllocateInside(dl_phdr_info* info, std::size_t, void*) {
  const std::string name = std::string(info->dlpi_name) + " long enough to be on the heap";
  std::free(std::malloc(name.size()));
  return 0;
}

void Throw(int depth) {
  const std::string local(100, 'x');
  if (depth == 0) throw std::runtime_error(local);
  Throw(depth - 1);
}

void ThrowAndCatch() {
  try {
    Throw(10);
  } catch (const std::runtime_error&) {
  }
}

template <typename Action>
std::thread Repeat(int times, Action action) {
  return std::thread([times, action] {
    for (int i = 0; i < times; ++i) action();
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const char* library = argv[1];
  std::atomic<bool> loaded{true};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.push_back(Repeat(2000, [] { dl_iterate_phdr(AllocateInside, nullptr); }));
    threads.push_back(Repeat(1000, ThrowAndCatch));
    threads.push_back(Repeat(300, [&] {
      void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
      if (handle == nullptr) loaded = false;
      if (handle != nullptr) dlclose(handle);
    }));
    threads.push_back(Repeat(100000, [] { std::free(std::malloc(100)); }));
  }
  for (std::thread& thread : threads) thread.join();
  std::puts(loaded ? "done" : "the library could not be loaded");
  return loaded ? 0 : 1;
}
