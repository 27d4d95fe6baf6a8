// SPDX-License-Identifier: MIT
// Fuzzes the parsers of small texts: suppressions, perf maps, sizes, Python's line tables. The first byte
// chooses.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "analyzer/report/suppressions.h"
#include "analyzer/symbolize/perf_map.h"
#include "analyzer/symbolize/python_lines.h"
#include "analyzer/util/size_format.h"

namespace {

// The parsers read files; this one has no name and leaves nothing behind.
std::string FileWith(const std::string& text) {
  static const int fd = memfd_create("texts_fuzz", MFD_CLOEXEC);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    std::abort();
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace memtrace;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
      if (const auto suppressions = report::Suppressions::Load(FileWith(text)); !suppressions) {
        if (suppressions.error().message.find('\n') != std::string::npos) std::abort();
      }
      break;
    case 1: {
      const symbolize::PerfMap map(FileWith(text));
      for (std::uint64_t pc = 0; pc < 0x4000; pc += 0x101) {
        const std::string* name = map.Find(pc);
        if (name != nullptr && name->size() > text.size()) std::abort();
      }
      break;
    }
    case 3: {
      if (text.empty()) break;
      model::PythonCode code;
      code.first_line = static_cast<std::uint8_t>(text[0]) * 7919U;
      code.table_kind = static_cast<format::PythonLineTable>(static_cast<std::uint8_t>(text[0]) % 3);
      code.line_table = text.substr(1);
      const symbolize::PythonLines lines(code);
      for (std::uint32_t offset = 0; offset < 0x4000; offset += 0x22) {
        if (lines.Find(offset).line > 0x7fffffff) std::abort();
      }
      break;
    }
    default:
      if (const auto bytes = ParseSize(text); !bytes && bytes.error().message.empty()) std::abort();
  }
  return 0;
}
