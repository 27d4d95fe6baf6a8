// SPDX-License-Identifier: MIT
// Programs that LD_PRELOAD cannot reach are recognised before they run.
#include "analyzer/cli/program_check.h"

#include <elf.h>
#include <unistd.h>

#include <cstring>

#include <gmock/gmock.h>

#include "tests/unit/report/cli/scratch_folder.h"

namespace memtrace::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

// The headers of a program with one segment; enough for the check, which never runs it.
std::string Elf(std::uint32_t segment_type, std::uint16_t machine = EM_X86_64,
                unsigned char elf_class = ELFCLASS64) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = elf_class;
  header.e_machine = machine;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = segment_type;
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) +
         std::string(reinterpret_cast<const char*>(&segment), sizeof segment);
}

class ProgramCheckTest : public testing::InScratchFolder {
 protected:
  std::optional<std::string> WhyNot(const std::string& content) {
    WriteProgram("program", content);
    return WhyNotRecordable("./program");
  }
};

TEST_F(ProgramCheckTest, DynamicProgramsAreFine) {
  EXPECT_EQ(WhyNot(Elf(PT_INTERP)), std::nullopt);
  EXPECT_EQ(WhyNotRecordable("/bin/sh"), std::nullopt);
}

TEST_F(ProgramCheckTest, StaticProgramsAreNot) {
  EXPECT_THAT(WhyNot(Elf(PT_LOAD)), Optional(HasSubstr("statically linked")));
}

TEST_F(ProgramCheckTest, OtherMachinesAreNot) {
  EXPECT_THAT(WhyNot(Elf(PT_INTERP, EM_AARCH64)), Optional(HasSubstr("64-bit x86")));
  EXPECT_THAT(WhyNot(Elf(PT_INTERP, EM_X86_64, ELFCLASS32)), Optional(HasSubstr("64-bit x86")));
}

TEST_F(ProgramCheckTest, ScriptsAreJudgedByTheirInterpreter) {
  WriteProgram("static", Elf(PT_LOAD));
  EXPECT_THAT(WhyNot("#! " + (folder() / "static").string() + " -x\nhello\n"), Optional(HasSubstr("static")));
  EXPECT_EQ(WhyNot("#!/bin/sh\n"), std::nullopt);
  EXPECT_EQ(WhyNot("#!/usr/bin/env sh\n"), std::nullopt);
  EXPECT_EQ(WhyNot("echo a shell runs this\n"), std::nullopt);
}

TEST_F(ProgramCheckTest, AScriptThatIsItsOwnInterpreterEnds) {
  EXPECT_EQ(WhyNot("#!" + (folder() / "program").string() + "\n"), std::nullopt);
}

TEST_F(ProgramCheckTest, ProgramsWithRightsOfTheirOwnAreNot) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  WriteProgram("program", Elf(PT_INTERP));
  ASSERT_EQ(chown("program", 65534, 65534), 0);
  std::filesystem::permissions("program", std::filesystem::perms(04755));
  EXPECT_THAT(WhyNotRecordable("./program"), Optional(HasSubstr("set-uid")));
}

TEST_F(ProgramCheckTest, ShortAndEmptyFilesAreNobodysProblem) {
  EXPECT_EQ(WhyNot(""), std::nullopt);
  EXPECT_EQ(WhyNot("\x7f"
                   "ELF"),
            std::nullopt);
  EXPECT_EQ(WhyNot("#!"), std::nullopt);
  EXPECT_EQ(WhyNotRecordable("/no/such/file"), std::nullopt);
}

TEST_F(ProgramCheckTest, FindsProgramsOnThePathThatCanBeExecuted) {
  EXPECT_THAT(FindProgram("sh"), Optional(HasSubstr("/sh")));
  EXPECT_EQ(FindProgram("no-such-program-anywhere"), std::nullopt);
  EXPECT_EQ(FindProgram("./absent"), std::nullopt);
}

}  // namespace
}  // namespace memtrace::cli
