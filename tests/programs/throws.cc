// SPDX-License-Identifier: MIT
// Pitfall 32: C++ exceptions, thrown through many frames with destructors that allocate, rethrown, nested,
// carried to another thread, while the recorder walks the same stacks. Any mix-up of unwinders ends in
// terminate().
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

struct AllocatesWhenDestroyed {
  ~AllocatesWhenDestroyed() { std::vector<int> block(100, 1); }
};

void Descend(int depth) {
  const AllocatesWhenDestroyed guard;
  const std::string local(50, 'x');
  if (depth == 0) throw std::runtime_error("bottom " + local);
  Descend(depth - 1);
}

int CatchAndRethrow() {
  try {
    try {
      Descend(60);
    } catch (const std::exception&) {
      std::throw_with_nested(std::logic_error("outer, also with a long enough text"));
    }
  } catch (const std::logic_error& error) {
    try {
      std::rethrow_if_nested(error);
    } catch (const std::runtime_error&) {
      return 1;
    }
  }
  return 0;
}

int CarryToOtherThread() {
  std::exception_ptr carried;
  std::thread([&] {
    try {
      Descend(20);
    } catch (...) {
      carried = std::current_exception();
    }
  }).join();
  try {
    std::rethrow_exception(carried);
  } catch (const std::runtime_error&) {
    return 1;
  }
}

}  // namespace

int main() {
  int caught = 0;
  for (int i = 0; i < 300; ++i) caught += CatchAndRethrow();
  for (int i = 0; i < 30; ++i) caught += CarryToOtherThread();
  std::printf("caught %d\n", caught);
  return caught == 330 ? 0 : 1;
}
