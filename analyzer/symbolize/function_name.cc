// SPDX-License-Identifier: MIT
// Finds the qualified name inside a demangled function.
#include "analyzer/symbolize/function_name.h"

#include <optional>

#include "analyzer/symbolize/name_scanner.h"
#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::symbolize {
namespace {

constexpr std::string_view kAnonymous = "(anonymous namespace)";

// After a parameter list: "const", "&", "[clone …]" and the like; returns the place behind them.
std::size_t AfterQualifiers(std::string_view text, std::size_t at) {
  static constexpr std::string_view kQualifiers[] = {" const", " volatile", " &&",      " &",
                                                     "&&",     "&",         " noexcept"};
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view qualifier : kQualifiers) {
      if (!text.substr(at).starts_with(qualifier)) continue;
      at += qualifier.size();
      found = true;
    }
  }
  return at;
}

class NameReader {
 public:
  explicit NameReader(std::string_view text) : text_(text) {}

  // nullopt: not readable as a name.
  std::optional<std::string> Read() {
    while (at_ < text_.size() && !is_done_) {
      if (!Step()) return std::nullopt;
    }
    if (name_.empty()) return std::nullopt;
    return name_;
  }

 private:
  bool Step() {
    if (const std::size_t after = AfterOperatorName(text_, at_); after != at_) {
      // "operator<< <char>": the space only keeps the signs apart.
      const bool has_arguments = text_.substr(after).starts_with(" <");
      return CopyTo(has_arguments ? after + 1 : after);
    }
    switch (text_[at_]) {
      case ' ':  // what stood before was (part of) a return type
        name_.clear();
        ++at_;
        return true;
      case '(':
        return Parenthesis();
      case '<':
      case '[':
      case '{':
        return CopyTo(AfterBracket(text_, at_));
      case '>':
      case ')':
      case ']':
      case '}':
        return false;
      default:
        return CopyTo(at_ + 1);
    }
  }

  bool Parenthesis() {
    if (text_.substr(at_).starts_with(kAnonymous)) return CopyTo(at_ + kAnonymous.size());
    const std::size_t close = AfterBracket(text_, at_);
    if (close == kUnbalanced) return false;
    const bool is_type = name_ == "decltype" || text_.substr(0, at_).ends_with("decltype ");
    if (is_type) return CopyTo(close);
    const std::size_t after = AfterQualifiers(text_, close);
    // Followed by "::" these were the parameters of a function that the real one is nested in.
    if (text_.substr(after).starts_with("::")) {
      at_ = after;
      return true;
    }
    is_done_ = true;
    return true;
  }

  bool CopyTo(std::size_t after) {
    if (after == kUnbalanced) return false;
    name_ += text_.substr(at_, after - at_);
    at_ = after;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string name_;
  bool is_done_ = false;
};

}  // namespace

std::string QualifiedName(std::string_view function) {
  return NameReader(function).Read().value_or(std::string(function));
}

std::string DisplayName(std::string_view function) {
  return ShortenTemplates(QualifiedName(function));
}

std::string QualifiedName(const Frame& frame) {
  return frame.is_python ? frame.function : QualifiedName(frame.function);
}

std::string DisplayName(const Frame& frame) {
  return frame.is_python ? frame.function : DisplayName(frame.function);
}

}  // namespace memtrace::symbolize
