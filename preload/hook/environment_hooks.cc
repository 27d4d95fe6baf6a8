// SPDX-License-Identifier: MIT
// Marks from any language, without a header, a package or a look-up: whoever sets the environment variable
// MEMTRACE_MARK sets a mark. Without memtrace that is all it does.
//
//     Python   os.environ["MEMTRACE_MARK"] = "rows read"          C   setenv("MEMTRACE_MARK", "rows read",
//     1);
//
// Runtimes that keep an environment of their own (Java, Perl, shells) do not call libc and are not seen.
#include <errno.h>
#include <stdlib.h>

#include "preload/base/text.h"
#include "preload/hook/export.h"
#include "preload/hook/next_allocator.h"
#include "preload/recorder.h"

namespace {

using namespace memtrace::preload;  // NOLINT(google-build-using-namespace): hooks live in the global
                                    // namespace

constexpr char kVariable[] = "MEMTRACE_MARK";

constinit decltype(&::setenv) g_setenv = nullptr;
constinit decltype(&::putenv) g_putenv = nullptr;

// The value in "MEMTRACE_MARK=value"; null: another variable, or one that is taken out.
const char* ValueOfMark(const char* assignment) {
  constexpr std::size_t kBytes = sizeof(kVariable) - 1;
  const bool is_mark = StartsWith(assignment, kVariable) && assignment[kBytes] == '=';
  return is_mark ? assignment + kBytes + 1 : nullptr;
}

void Mark(const char* name) {
  if (name[0] == '\0') return;
  const int saved_errno = errno;
  RecordMark(name);
  errno = saved_errno;
}

}  // namespace

MEMTRACE_EXPORT int setenv(const char* name, const char* value, int overwrite) noexcept {
  const int result = CachedNext(&g_setenv, "setenv")(name, value, overwrite);
  if (result == 0 && overwrite != 0 && Equal(name, kVariable)) Mark(value);
  return result;
}

MEMTRACE_EXPORT int putenv(char* assignment) noexcept {
  const int result = CachedNext(&g_putenv, "putenv")(assignment);
  const char* const name = result == 0 ? ValueOfMark(assignment) : nullptr;
  if (name != nullptr) Mark(name);
  return result;
}
