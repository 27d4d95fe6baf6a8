// SPDX-License-Identifier: MIT
// Strips what compilers and linkers add to symbols, and calls the demangler that fits.
#include "analyzer/symbolize/demangle.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "analyzer/symbolize/rust_names.h"

namespace memtrace::symbolize {
namespace {

constexpr std::size_t kMaxMangledBytes = 16 * 1024;
constexpr std::size_t kMaxDemangledBytes = 16 * 1024;

constexpr std::string_view kSuffixes[] = {".cold",  ".part.", ".constprop.", ".isra.", ".lto_priv.",
                                          ".llvm.", "@"};

std::string_view WithoutSuffixes(std::string_view symbol) {
  std::size_t end = symbol.size();
  for (const std::string_view suffix : kSuffixes) {
    // From 1: a name that begins with the suffix would be left empty.
    end = std::min(end, symbol.find(suffix, 1));
  }
  return symbol.substr(0, end);
}

std::string DemangleItanium(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  return name != nullptr && status == 0 ? std::string(name.get()) : symbol;
}

// Clang numbers lambdas of a file as "$_0", "$_1"; GCC writes "{lambda(int)#1}".
std::string WithReadableLambdas(std::string name) {
  constexpr std::string_view kMark = "$_";
  for (std::size_t at = 0; (at = name.find(kMark, at)) != std::string::npos; at += kMark.size()) {
    const std::size_t end = name.find_first_not_of("0123456789", at + kMark.size());
    if (end == at + kMark.size() ||
        !std::string_view(name).substr(std::min(end, name.size())).starts_with("::operator()")) {
      continue;
    }
    name.replace(at, end - at, "{lambda#" + name.substr(at + kMark.size(), end - at - kMark.size()) + "}");
  }
  return name;
}

}  // namespace

bool IsMangled(std::string_view symbol) {
  return symbol.starts_with("_Z") || symbol.starts_with("_R");
}

std::string Demangle(const char* symbol_text) {
  std::string symbol(WithoutSuffixes(symbol_text));
  if (symbol.size() > kMaxMangledBytes) {
    symbol.resize(kMaxDemangledBytes);
    return symbol.append("...");
  }
  if (symbol.starts_with("_R")) return DemangleRustV0(symbol);
  if (!symbol.starts_with("_Z")) return symbol;
  std::string name = IsRustLegacy(symbol) ? RustLegacyName(DemangleItanium(symbol))
                                          : WithReadableLambdas(DemangleItanium(symbol));
  if (name.size() > kMaxDemangledBytes) name = name.substr(0, kMaxDemangledBytes) + "...";
  return name;
}

}  // namespace memtrace::symbolize
