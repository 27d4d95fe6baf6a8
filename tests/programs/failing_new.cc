// SPDX-License-Identifier: MIT
// Pitfall 28: operator new that fails: bad_alloc, bad_array_new_length, the new_handler's calls, nothrow; and
// after each failure recording must go on. It makes exactly 1000 blocks of 88 bytes, between the failures.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>

namespace {

volatile std::size_t huge = ~std::size_t{0} / 2 - 4096;
int handler_calls = 0;

void GiveUpThirdTime() {
  if (++handler_calls == 3) std::set_new_handler(nullptr);
}

void ThrowFromHandler() {
  throw std::runtime_error("from the handler");
}

template <typename Action>
const char* NameOfFailure(Action action) {
  try {
    action();
  } catch (const std::bad_array_new_length&) {
    return "bad_array_new_length";
  } catch (const std::bad_alloc&) {
    return "bad_alloc";
  } catch (const std::runtime_error& error) {
    return "runtime_error";
  }
  return "no exception";
}

struct ThrowingConstructor {
  char bytes[40];
  ThrowingConstructor() { throw std::runtime_error("constructor"); }
};

void Use88() {
  char* volatile block = new char[88];
  delete[] block;
}

void OneRound() {
  std::printf("%s\n", NameOfFailure([] { (void)::operator new(huge); }));
  Use88();
  std::printf("%s\n", NameOfFailure([] { (void)new char[huge]; }));
  Use88();
  std::printf("%s\n", NameOfFailure([] { (void)new long[huge]; }));
  Use88();
  std::printf("%s\n", NameOfFailure([] { (void)::operator new (huge, std::align_val_t{64}); }));
  Use88();
  std::printf("%s\n", NameOfFailure([] { delete new ThrowingConstructor; }));
  Use88();
  std::printf("%d\n", ::operator new(huge, std::nothrow) == nullptr);
  Use88();
  std::set_new_handler(GiveUpThirdTime);
  handler_calls = 0;
  std::printf("%s\n", NameOfFailure([] { (void)::operator new(huge); }));
  std::printf("handler called %d times\n", handler_calls);
  Use88();
  std::set_new_handler(ThrowFromHandler);
  std::printf("%s\n", NameOfFailure([] { (void)::operator new(huge); }));
  Use88();
  std::printf("%s\n", NameOfFailure([] { (void)new (std::nothrow) char[huge]; }));
  std::set_new_handler(nullptr);
  Use88();
  Use88();
}

}  // namespace

int main() {
  for (int i = 0; i < 100; ++i) OneRound();
  return 0;
}
