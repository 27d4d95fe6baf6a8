// SPDX-License-Identifier: MIT
// Fuzzes everything that reads a function's name: the demanglers, what shortens their output, V8's names.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "analyzer/symbolize/attribution.h"
#include "analyzer/symbolize/demangle.h"
#include "analyzer/symbolize/function_name.h"
#include "analyzer/symbolize/jit_name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace memtrace::symbolize;
  constexpr std::size_t kLongest = 64 * 1024;  // of a name of any kind
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::string& symbol : {text, "_R" + text, "_ZN" + text, "_Z" + text}) {
    const std::string name = Demangle(symbol.c_str());
    if (name.size() > kLongest + symbol.size()) std::abort();
    if (DisplayName(name).size() > 2 * name.size() + 64) std::abort();
    Frame frame;
    frame.function = name;
    IsAllocationPlumbing(frame);
  }
  if (ParseJitName(text).function.size() > text.size() + 16) std::abort();
  return 0;
}
