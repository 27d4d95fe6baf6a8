// SPDX-License-Identifier: MIT
// What makes demangled names long is mostly what the reader can do without.
#include "analyzer/report/function_text.h"

#include <fmt/format.h>

#include "analyzer/symbolize/function_name.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

constexpr std::size_t kLongName = 48;
constexpr std::string_view kAnonymous = "(anonymous namespace)::";
constexpr std::string_view kOperator = "operator";

void Remove(std::string& text, std::string_view part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at))
    text.erase(at, part.size());
}

// Bytes of "operator<<" and its like at the start of `text`; 0 if there is none. Its brackets are no
// brackets.
std::size_t OperatorBytes(std::string_view text) {
  if (!text.starts_with(kOperator)) return 0;
  for (const std::string_view symbol : {"<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "<", ">"}) {
    if (text.substr(kOperator.size()).starts_with(symbol)) return kOperator.size() + symbol.size();
  }
  return 0;
}

}  // namespace

std::string FoldTemplateArguments(std::string_view name) {
  if (name.starts_with('<')) return std::string(name);
  std::string folded;
  int depth = 0;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t operator_bytes = OperatorBytes(name.substr(at));
    const std::size_t bytes = operator_bytes == 0 ? 1 : operator_bytes;
    const char c = name[at];
    if (operator_bytes == 0 && c == '<' && depth++ == 0) folded += "<…>";
    if (depth == 0) folded += name.substr(at, bytes);
    if (operator_bytes == 0 && c == '>' && depth > 0) --depth;
    at += bytes;
  }
  return folded;
}

std::string FunctionIdentity(const symbolize::Frame& frame) {
  constexpr char kSeparator = '\n';
  if (!frame.is_python) return frame.function + kSeparator + frame.module_path;
  return fmt::format("{1}{0}{2}{0}{3}", kSeparator, frame.function, frame.file, frame.function_line);
}

std::string ModuleText(const symbolize::Frame& frame) {
  return frame.module.empty() ? "code outside of any file" : Printable(frame.module);
}

std::string FunctionText(const symbolize::Frame& frame) {
  if (frame.is_truncated) return "(callers not found)";
  if (frame.function.empty()) return "?? in " + ModuleText(frame);
  if (frame.is_python) return Printable(frame.function);
  std::string name = Printable(symbolize::DisplayName(frame.function));
  Remove(name, kAnonymous);
  return DisplayWidth(name) <= kLongName ? name : FoldTemplateArguments(name);
}

}  // namespace memtrace::report
