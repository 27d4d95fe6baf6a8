// SPDX-License-Identifier: MIT
#include "preload/base/options.h"

#include "preload/base/raw_log.h"
#include "preload/base/spelling.h"
#include "preload/base/text.h"

namespace memtrace::preload {
namespace {

bool WrongValue(const char* variable, const char* value, const char* allowed) {
  Text<512> line;
  line.Add(variable).Add("=").Add(value).Add(" is not understood; allowed: ").Add(allowed);
  line.Add(". The program runs unprofiled.");
  Say(line);
  return false;
}

bool ReadSwitch(const char* variable, const char* value, bool* out) {
  if (Equal(value, "0") || Equal(value, "1")) {
    *out = value[0] == '1';
    return true;
  }
  return WrongValue(variable, value, "0 or 1");
}

bool ReadDepth(const char* variable, const char* value, std::uint32_t* out) {
  std::uint64_t number = 0;
  const char* p = value;
  for (; *p >= '0' && *p <= '9' && number <= 1'000'000; ++p)
    number = number * 10 + static_cast<unsigned>(*p - '0');
  if (p == value || *p != '\0' || number > 1'000'000) {
    return WrongValue(variable, value, "0 (no limit) to 1000000 frames");
  }
  *out = static_cast<std::uint32_t>(number);
  return true;
}

// A setting that was meant and not made is worse than a refused one: the person believes in it. Other
// programs may have variables of our prefix, so that only slips are spoken of.
void HintAtSlip(const char* variable) {
  static constexpr const char* kSettings[] = {"MEMTRACE_OUT",   "MEMTRACE_DEPTH",    "MEMTRACE_FOLLOW",
                                              "MEMTRACE_QUIET", "MEMTRACE_COMPRESS", "MEMTRACE_HELPER",
                                              "MEMTRACE_MODE",  "MEMTRACE_PYTHON",   "MEMTRACE_REPORT",
                                              "MEMTRACE_ALLOCATOR"};
  for (const char* setting : kSettings) {
    if (!IsSlipOf(variable, setting)) continue;
    Text<256> line;
    Say(line.Add(variable).Add(" is not a setting; did you mean ").Add(setting).Add("? It is ignored."));
    return;
  }
}

bool ReadOne(const char* variable, const char* value, Options* options) {
  if (Equal(variable, "MEMTRACE_OUT")) {
    if (value[0] == '\0')
      return WrongValue(variable, value, "a path, with %p pid, %e program, %h host, %t time, %n number");
    options->out = value;
    return true;
  }
  if (Equal(variable, "MEMTRACE_DEPTH")) return ReadDepth(variable, value, &options->depth);
  if (Equal(variable, "MEMTRACE_FOLLOW")) return ReadSwitch(variable, value, &options->follow);
  if (Equal(variable, "MEMTRACE_QUIET")) return ReadSwitch(variable, value, &options->quiet);
  if (Equal(variable, "MEMTRACE_COMPRESS")) return ReadSwitch(variable, value, &options->compress);
  if (Equal(variable, "MEMTRACE_HELPER")) return ReadSwitch(variable, value, &options->helper);
  if (Equal(variable, "MEMTRACE_PYTHON")) return ReadSwitch(variable, value, &options->python);
  if (Equal(variable, "MEMTRACE_MODE")) {
    return Equal(value, "full") ||
           WrongValue(variable, value, "full (aggregate and sample are not built yet)");
  }
  if (Equal(variable, "MEMTRACE_REPORT")) {
    options->report_top = Equal(value, "top");
    return options->report_top || Equal(value, "") || WrongValue(variable, value, "top");
  }
  if (Equal(variable, "MEMTRACE_ALLOCATOR")) {
    options->wants_jemalloc = Equal(value, "jemalloc");
    return options->wants_jemalloc || Equal(value, "") || WrongValue(variable, value, "jemalloc");
  }
  HintAtSlip(variable);
  return true;  // MEMTRACE_LIBRARY and other readers' variables
}

// True if LD_PRELOAD names a jemalloc, whatever its folder and version.
bool HasJemalloc(char** environment) {
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (!StartsWith(*entry, "LD_PRELOAD=")) continue;
    if (Contains(*entry, "libjemalloc.so")) return true;
  }
  return false;
}

const char* LastComponent(const char* path, const char* end, std::size_t* bytes) {
  const char* start = path;
  for (const char* p = path; p < end; ++p) {
    if (*p == '/') start = p + 1;
  }
  *bytes = static_cast<std::size_t>(end - start);
  return start;
}

bool SameComponent(const char* entry, const char* end, const char* library) {
  std::size_t bytes = 0;
  const char* name = LastComponent(entry, end, &bytes);
  if (bytes != Length(library)) return false;
  for (std::size_t i = 0; i < bytes; ++i) {
    if (name[i] != library[i]) return false;
  }
  return true;
}

bool IsSeparator(char c) {
  return c == ':' || c == ' ';
}

// Shortens the list in place, entry by entry.
void DropEntry(char* list, const char* library) {
  char* out = list;
  const char* in = list;
  while (*in != '\0') {
    const char* end = in;
    while (*end != '\0' && !IsSeparator(*end)) ++end;
    const bool keep = !SameComponent(in, end, library);
    const char* next = *end == '\0' ? end : end + 1;
    if (keep) {
      while (in < next) *out++ = *in++;
    }
    in = next;
  }
  while (out > list && IsSeparator(out[-1])) --out;
  *out = '\0';
}

}  // namespace

bool ReadOptions(char** environment, Options* options) {
  for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    if (!StartsWith(*entry, "MEMTRACE_")) continue;
    Text<64> name;
    const char* p = *entry;
    while (*p != '\0' && *p != '=') name.Add(*p++);
    if (*p != '=') continue;
    if (!ReadOne(name.c_str(), p + 1, options)) return false;
  }
  if (options->wants_jemalloc && HasJemalloc(environment)) options->wants_jemalloc = false;
  return true;
}

void RemoveFromPreload(char** environment, const char* library) {
  constexpr char kPrefix[] = "LD_PRELOAD=";
  char** out = environment;
  for (char** in = environment; *in != nullptr; ++in) {
    bool keep = true;
    if (StartsWith(*in, kPrefix)) {
      char* list = *in + sizeof(kPrefix) - 1;
      DropEntry(list, library);
      keep = *list != '\0';
    }
    if (keep) *out++ = *in;
  }
  *out = nullptr;
}

}  // namespace memtrace::preload
