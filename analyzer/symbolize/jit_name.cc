// SPDX-License-Identifier: MIT
// Takes names apart from their end, where the place is.
#include "analyzer/symbolize/jit_name.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace memtrace::symbolize {
namespace {

constexpr std::string_view kKinds[] = {"JS:", "LazyCompile:", "Function:", "Eval:", "Script:", "Callback:"};
constexpr std::string_view kCompilerMarks = "*~^+'`";

// Takes ":12" off the end of the text.
std::optional<std::uint32_t> TakeNumber(std::string_view* text) {
  const std::size_t colon = text->rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text->size()) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text->data() + colon + 1, text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  text->remove_suffix(text->size() - colon);
  return value;
}

// Names may have spaces in them ("get size"), and so may paths: a path begins at its root or scheme where it
// has one.
std::size_t SpaceBeforePath(std::string_view text) {
  std::size_t best = std::string_view::npos;
  for (const std::string_view start : {" /", " node:", " file:", " evalmachine."}) {
    best = std::min(best, text.find(start));
  }
  return best != std::string_view::npos ? best : text.find(' ');
}

}  // namespace

JitName ParseJitName(std::string_view text) {
  const JitName as_it_is{std::string(text), {}, 0, 0};
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                 [&](std::string_view candidate) { return text.starts_with(candidate); });
  if (kind == std::end(kKinds)) return as_it_is;
  std::string_view rest = text.substr(kind->size());
  if (!rest.empty() && kCompilerMarks.find(rest[0]) != std::string_view::npos) rest.remove_prefix(1);
  JitName name;
  const auto last = TakeNumber(&rest);
  if (!last) return as_it_is;
  const auto before = TakeNumber(&rest);  // older versions write no column
  name.line = before.value_or(*last);
  name.column = before ? *last : 0;
  const std::size_t space = SpaceBeforePath(rest);
  if (space == std::string_view::npos || space + 1 == rest.size()) return as_it_is;
  name.function = space == 0 ? "(anonymous)" : std::string(rest.substr(0, space));
  name.file = rest.substr(space + 1);
  return name;
}

}  // namespace memtrace::symbolize
