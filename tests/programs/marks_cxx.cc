// SPDX-License-Identifier: MIT
// The client header from C++, from several threads at once: each of eight sets the same mark 500 times.
#include <memtrace/memtrace.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

int main() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 500; ++j) memtrace_mark("round");
    });
  }
  for (std::thread& thread : threads) thread.join();
  errno = 77;
  memtrace_mark(std::string(1000, 'x').c_str());  // cut at 255 bytes
  memtrace_mark("");
  std::printf("errno %d\n", errno);
  return 0;
}
