// SPDX-License-Identifier: MIT
// Reads ELF headers and file modes; the dynamic loader's own rules are in ld.so(8), "secure-execution mode".
#include "analyzer/cli/program_check.h"

#include <elf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace memtrace::cli {
namespace {

constexpr int kMostInterpreters = 4;  // as many "#!" in a row as Linux follows

bool IsExecutableFile(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
}

// The loader drops LD_PRELOAD when a program gets rights that its caller does not have.
bool GainsRights(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return false;
  if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid()) return true;
  if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 && status.st_gid != getgid())
    return true;
  return getuid() != 0 && getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
}

std::string FirstBytes(const std::string& path, std::size_t bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string head(bytes, '\0');
  file.read(head.data(), static_cast<std::streamsize>(bytes));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return head;
}

// "#!/usr/bin/env python3" -> what will be executed in the end.
std::optional<std::string> Interpreter(const std::string& head) {
  if (!head.starts_with("#!")) return std::nullopt;
  std::istringstream line(head.substr(2, head.find('\n') - 2));
  std::string program;
  std::string argument;
  line >> program >> argument;
  const bool by_env = program == "/usr/bin/env" || program == "/bin/env";
  if (by_env && !argument.empty() && argument[0] != '-') return FindProgram(argument);
  return program;
}

std::optional<std::string> WhyNotElf(const std::string& path, const std::string& head) {
  Elf64_Ehdr header;
  if (head.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, head.data(), sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    return "it is no 64-bit x86 program";
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof segment)) return std::nullopt;
    if (segment.p_type == PT_INTERP) return std::nullopt;
  }
  return "it is statically linked, so no library can be loaded into it; link it dynamically";
}

}  // namespace

std::optional<std::string> FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return access(name.c_str(), F_OK) == 0 ? std::optional(name) : std::nullopt;
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (IsExecutableFile(candidate)) return candidate;
  }
  return std::nullopt;
}

std::optional<std::string> WhyNotRecordable(const std::string& path) {
  std::string program = path;
  for (int i = 0; i <= kMostInterpreters; ++i) {
    const std::string head = FirstBytes(program, 4096);
    if (head.starts_with(ELFMAG)) {
      if (GainsRights(program)) {
        return "it runs with rights of its own (set-uid, set-gid or capabilities), and the loader ignores "
               "LD_PRELOAD then; run a copy without them";
      }
      return WhyNotElf(program, head);
    }
    const std::optional<std::string> next = Interpreter(head);
    if (!next) return std::nullopt;  // not readable, or a script for the shell
    program = *next;
  }
  return std::nullopt;
}

}  // namespace memtrace::cli
