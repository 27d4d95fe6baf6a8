// SPDX-License-Identifier: MIT
// Searches for module and debug files in the places where distributions and debuggers put them.
#include "analyzer/symbolize/debug_files.h"

#include <filesystem>
#include <utility>

namespace memtrace::symbolize {
namespace {

constexpr std::size_t kShownBuildIdDigits = 12;

// /proc/<pid>/maps marks a file that was removed or replaced while it was mapped.
std::string WithoutDeletedMark(const std::string& path) {
  constexpr std::string_view kMark = " (deleted)";
  if (!path.ends_with(kMark)) return path;
  return path.substr(0, path.size() - kMark.size());
}

std::string FileName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The folder with its slash; paths here are absolute.
std::string Folder(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

std::string ShortId(const std::string& build_id) {
  return build_id.empty() ? "none" : build_id.substr(0, kShownBuildIdDigits);
}

std::string ChangedSince(const model::Module& module, const ElfFile& file) {
  return "changed since the recording (build-id " + ShortId(module.build_id) + " then, " +
         ShortId(file.build_id()) + " now)";
}

bool IsLinked(const ElfFile& module, const DebugLink& link, const ElfFile& candidate) {
  if (!module.build_id().empty() && !candidate.build_id().empty()) {
    return module.build_id() == candidate.build_id();
  }
  return candidate.Crc32() == link.crc32;
}

}  // namespace

DebugFiles::DebugFiles(std::vector<std::string> debug_paths, std::string working_directory)
    : user_paths_(std::move(debug_paths)),
      debug_paths_(user_paths_),
      working_directory_(std::move(working_directory)) {
  debug_paths_.emplace_back("/usr/lib/debug");
}

std::vector<std::string> DebugFiles::ModuleCandidates(const std::string& recorded) const {
  std::string path = WithoutDeletedMark(recorded);
  if (!path.starts_with('/') && !working_directory_.empty()) path = working_directory_ + "/" + path;
  std::vector<std::string> candidates = {path};
  for (const std::string& root : user_paths_) {
    candidates.push_back(root + path);
    candidates.push_back(root + "/" + FileName(path));
  }
  return candidates;
}

FoundFile DebugFiles::FindModule(const model::Module& module) const {
  std::string problem;
  for (const std::string& path : ModuleCandidates(module.path)) {
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(path);
    if (file && (module.build_id.empty() || (*file)->build_id() == module.build_id)) {
      return {std::move(file).value(), {}};
    }
    // What is wrong at the recorded path says most; the other places are only tried.
    if (problem.empty()) problem = file ? ChangedSince(module, **file) : file.error().message;
  }
  return {nullptr, problem};
}

std::unique_ptr<ElfFile> DebugFiles::FindByBuildId(const std::string& build_id) const {
  if (build_id.size() < 3) return nullptr;
  const std::string name = "/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) + ".debug";
  for (const std::string& root : debug_paths_) {
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(root + name);
    if (file && (*file)->build_id() == build_id) return std::move(file).value();
  }
  return nullptr;
}

std::vector<std::string> DebugFiles::LinkCandidates(const ElfFile& module,
                                                    const std::string& file_name) const {
  std::error_code ignored;
  const std::filesystem::path real = std::filesystem::canonical(module.path(), ignored);
  const std::string folder = Folder(real.empty() ? module.path() : real.string());
  std::vector<std::string> candidates;
  for (const std::string& root : user_paths_) candidates.push_back(root + "/" + file_name);
  candidates.push_back(folder + file_name);
  candidates.push_back(folder + ".debug/" + file_name);
  for (const std::string& root : debug_paths_) candidates.push_back(root + folder + file_name);
  return candidates;
}

FoundFile DebugFiles::FindDebugInfo(const ElfFile& module) const {
  if (std::unique_ptr<ElfFile> file = FindByBuildId(module.build_id())) return {std::move(file), {}};
  const std::optional<DebugLink> link = module.debug_link();
  if (!link) return {};
  FoundFile found;
  for (const std::string& path : LinkCandidates(module, link->file_name)) {
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(path);
    if (!file) continue;
    // A link may bear the module's own name; the module itself is not its debug file.
    if (std::error_code ignored; std::filesystem::equivalent(path, module.path(), ignored)) continue;
    if (IsLinked(module, *link, **file)) return {std::move(file).value(), {}};
    if (found.problem.empty()) found.problem = path + " belongs to another build";
  }
  return found;
}

}  // namespace memtrace::symbolize
