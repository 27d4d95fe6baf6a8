// SPDX-License-Identifier: MIT
// pthread_cancel unwinds a thread by a forced exception, through frames with destructors, wherever it stands,
// with asynchronous cancellation at calls to allocation functions excluded, because glibc itself does not
// allow those.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <vector>

namespace {

std::atomic<int> destroyed{0};

struct Guard {
  std::vector<std::string> blocks = std::vector<std::string>(10, std::string(100, 'g'));
  ~Guard() { ++destroyed; }
};

volatile bool forever = true;

void AllocateUntilCancelled(int depth) {
  const Guard guard;
  if (depth > 0) return AllocateUntilCancelled(depth - 1);
  while (forever) {
    const std::string block(1000, 'b');
    pthread_testcancel();
  }
}

void* Work(void* started) {
  static_cast<std::atomic<bool>*>(started)->store(true);
  AllocateUntilCancelled(4);
  return nullptr;
}

}  // namespace

int main() {
  for (int i = 0; i < 50; ++i) {
    std::atomic<bool> started{false};
    pthread_t thread;
    void* result = nullptr;
    if (pthread_create(&thread, nullptr, Work, &started) != 0) return 1;
    while (!started) usleep(100);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    if (result != PTHREAD_CANCELED) return 2;
  }
  std::printf("destroyed %d\n", destroyed.load());
  return destroyed == 250 ? 0 : 3;
}
