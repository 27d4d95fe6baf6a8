// SPDX-License-Identifier: MIT
// Pitfall 7: blocks allocated and freed by the destructors of thread variables, C++'s and pthread's (which
// run in several rounds), after the thread's function has returned. Nothing of it may be lost: counts equal
// valgrind's.
#include <pthread.h>

#include <cstdio>
#include <cstdlib>

namespace {

pthread_key_t key;

struct AtThreadEnd {
  void* block = std::malloc(64);
  ~AtThreadEnd() {
    std::free(block);
    for (std::size_t i = 1; i < 50; ++i) std::free(std::malloc(i * 8));
  }
};

thread_local AtThreadEnd at_thread_end;

// Sets its own key anew, so that pthread calls it again, up to PTHREAD_DESTRUCTOR_ITERATIONS times.
void KeyDestructor(void* value) {
  std::free(value);
  static thread_local int rounds;
  if (++rounds < 3) pthread_setspecific(key, std::malloc(200));
}

void* Work(void*) {
  pthread_setspecific(key, std::malloc(100));
  return at_thread_end.block == nullptr ? &key : nullptr;
}

}  // namespace

int main() {
  pthread_key_create(&key, KeyDestructor);
  for (int i = 0; i < 100; ++i) {
    pthread_t thread;
    void* failed = nullptr;
    if (pthread_create(&thread, nullptr, Work, nullptr) != 0) return 1;
    pthread_join(thread, &failed);
    if (failed != nullptr) return 2;
  }
  std::puts("done");
  return 0;
}
