// SPDX-License-Identifier: MIT
// One line an address; the build-ids are those of the sample program's modules.
#include "tests/golden/sample_symbols.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace memtrace::testing {
namespace {

constexpr const char* kSources = "/home/me/indexer/";

struct Place {
  const char* function;
  const char* file;  // below kSources; empty: none
  std::uint32_t line;
  std::uint32_t declared;
};

class Names {
 public:
  void Module(const std::string& path, const std::string& build_id) {
    symbols_.modules.push_back({path, build_id, {}});
  }

  // Innermost first; all but the last are inlined. `pc` counts from the module's start: the call is the byte
  // before.
  void Address(std::uint64_t pc, const std::vector<Place>& places) {
    symbols_.modules.back().addresses.push_back({pc - 1, static_cast<std::uint32_t>(symbols_.frames.size()),
                                                 static_cast<std::uint32_t>(places.size())});
    for (const Place& place : places) {
      symbols_.frames.push_back({Text(place.function), File(place.file), place.line, 3, place.declared});
    }
  }

  void Source(const char* file, std::uint32_t line, const std::string& text) {
    symbols_.sources.push_back({File(file), line, Text(text)});
  }

  // Readers look lines up in their order.
  model::Symbols Take() {
    std::sort(symbols_.sources.begin(), symbols_.sources.end(), [](const auto& a, const auto& b) {
      return std::pair(a.file, a.line) < std::pair(b.file, b.line);
    });
    return std::move(symbols_);
  }

 private:
  std::uint32_t File(const std::string& file) { return file.empty() ? 0 : Text(kSources + file); }
  std::uint32_t Text(const std::string& text) {
    for (std::uint32_t i = 0; i < symbols_.strings.size(); ++i) {
      if (symbols_.strings[i] == text) return i;
    }
    symbols_.strings.push_back(text);
    return static_cast<std::uint32_t>(symbols_.strings.size() - 1);
  }

  model::Symbols symbols_;
};

}  // namespace

model::Symbols SampleSymbols() {
  Names names;
  names.Module("/usr/bin/indexer", "1234ab");
  names.Address(0x401000, {{"main", "src/main.cpp", 20, 8}});
  names.Address(0x402000,
                {{"std::vector<Posting, std::allocator<Posting> >::push_back(Posting const&)", "", 0, 0},
                 {"Index::add(Doc, Pos)", "src/posting.cpp", 88, 85}});
  names.Address(0x403000, {{"load(Connection&)", "src/load.cpp", 41, 38}});
  names.Address(0x403100, {{"load(Connection&)", "src/load.cpp", 57, 38}});
  names.Address(0x404000, {{"worker_main(void*)", "src/worker.cpp", 12, 10}});
  names.Address(0x405000, {{"Arena::reserve(unsigned long)", "include/arena.h", 41, 40},
                           {"Index::grow()", "src/index.cpp", 30, 25}});
  names.Address(0x406000, {{"Session::open()", "src/session.cpp", 51, 50}});
  names.Address(0x407000,
                {{"split(std::basic_string_view<char, std::char_traits<char> >)", "src/text.cpp", 9, 5}});
  names.Module("/usr/lib/libpq.so.5.15", "0f0e");
  names.Address(0x1000, {{"PQexec", "", 0, 0}});
  names.Source("src/posting.cpp", 88, "    entries_.push_back(Posting{doc, pos});");
  names.Source("include/arena.h", 41, "\tauto* block = new char[bytes];  // <arena> & \"more\"");
  names.Source("src/load.cpp", 41, "  result = PQexec(connection, \"select a\");");
  names.Source("src/session.cpp", 51, "  return calloc(1, sizeof(Session));");
  return names.Take();
}

}  // namespace memtrace::testing
