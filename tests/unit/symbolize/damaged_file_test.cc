// SPDX-License-Identifier: MIT
// Programs with flipped, overwritten and missing bytes: any answer will do, but one must come, soon.
#include <gelf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "analyzer/symbolize/module_file.h"
#include "fixtures.h"

namespace memtrace::symbolize {
namespace {

struct FilePart {
  std::size_t offset;
  std::size_t size;
};

// The parts that a symbolizer reads: headers, symbol tables, debug sections.
std::vector<FilePart> InterestingParts(const std::string& path, std::size_t file_bytes) {
  const auto file = ElfFile::Open(path);
  Elf* elf = (*file)->elf();
  std::vector<FilePart> parts = {{0, 512}};
  std::size_t names = 0;
  elf_getshdrstrndx(elf, &names);
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    gelf_getshdr(section, &header);
    const char* name = elf_strptr(elf, names, header.sh_name);
    const bool is_read = std::strstr(name, "debug") != nullptr || std::strstr(name, "sym") != nullptr ||
                         std::strstr(name, "str") != nullptr || std::strstr(name, "note") != nullptr;
    if (is_read && header.sh_size != 0) parts.push_back({header.sh_offset, header.sh_size});
  }
  GElf_Ehdr header;
  gelf_getehdr(elf, &header);
  parts.push_back({header.e_shoff, file_bytes - header.e_shoff});
  return parts;
}

// Overwrites a few bytes of one part: all over it or close together, with random values or extreme ones.
std::string Damaged(std::string content, const std::vector<FilePart>& parts, unsigned seed) {
  std::mt19937 random(seed);
  FilePart part = parts[random() % parts.size()];
  if (random() % 2 == 0 && part.size > 64) {
    part.offset += random() % (part.size - 64);
    part.size = 64;
  }
  const bool is_extreme = random() % 3 == 0;
  for (unsigned count = 1U << (random() % 7); count > 0; --count) {
    content[part.offset + random() % part.size] = is_extreme ? '\xff' : static_cast<char>(random());
  }
  if (random() % 12 == 0) content.resize(random() % content.size());
  return content;
}

class DamagedFileTest : public testing::TestWithParam<const char*> {
 protected:
  // Looks up addresses all over the file's code; gives what was found, as one text.
  std::string LookUpAll(const std::string& path) const {
    model::Module module;
    module.path = path;
    ModuleFile file(module, DebugFiles({}, ""));
    std::string found;
    for (const AddressSpan& code : code_) {
      for (std::uint64_t address = code.begin; address < code.end; address += 16) {
        for (const Location& location : file.Find(address, true)) {
          found += location.function + " " + location.file + ":" + std::to_string(location.line) + "\n";
        }
      }
    }
    return found;
  }

  std::vector<AddressSpan> code_;
};

INSTANTIATE_TEST_SUITE_P(Fixtures, DamagedFileTest, testing::Values("full", "dwarf4", "bare", "clang"),
                         FixtureOf);

TEST_P(DamagedFileTest, GivesSomeAnswer) {
  if (!HasFixture(GetParam())) GTEST_SKIP() << "no compiler for the fixture " << GetParam() << " was found";
  const std::string path = FixturePath(GetParam());
  const std::string content = ReadFile(path);
  const std::vector<FilePart> parts = InterestingParts(path, content.size());
  code_ = (*ElfFile::Open(path))->code();
  const std::string sound = LookUpAll(path);
  const TemporaryFolder folder;
  unsigned changed = 0;
  constexpr unsigned kCopies = 250;
  for (unsigned seed = 0; seed < kCopies; ++seed) {
    SCOPED_TRACE(seed);
    WriteFile(folder / "damaged.so", Damaged(content, parts, seed));
    if (LookUpAll(folder / "damaged.so") != sound) ++changed;
  }
  // Damage that changes no answer has hit nothing that was read.
  EXPECT_GT(changed, kCopies / 10);
}

}  // namespace
}  // namespace memtrace::symbolize
