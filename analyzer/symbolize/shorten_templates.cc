// SPDX-License-Identifier: MIT
// ShortenTemplates(): a recursive rewrite of template argument lists.
#include <algorithm>
#include <optional>
#include <vector>

#include "analyzer/symbolize/function_name.h"
#include "analyzer/symbolize/name_scanner.h"

namespace memtrace::symbolize {
namespace {

constexpr int kMaxDepth = 64;

constexpr std::string_view kNoise[] = {"__cxx11::", "std::__1::", "[abi:cxx11]"};
constexpr std::string_view kNoiseReplacement[] = {"", "std::", ""};

// Standard templates, and how many of their arguments always matter; the rest goes where it is the default.
struct Standard {
  std::string_view name;
  std::size_t kept;
};
constexpr Standard kStandard[] = {
    {"vector", 1},
    {"deque", 1},
    {"list", 1},
    {"forward_list", 1},
    {"set", 1},
    {"multiset", 1},
    {"map", 2},
    {"multimap", 2},
    {"unordered_set", 1},
    {"unordered_map", 2},
    {"unordered_multiset", 1},
    {"unordered_multimap", 2},
    {"unique_ptr", 1},
    {"stack", 1},
    {"queue", 1},
    {"priority_queue", 1},
    {"basic_string", 1},
    {"basic_string_view", 1},
    {"basic_regex", 1},
    {"basic_ios", 1},
    {"basic_istream", 1},
    {"basic_ostream", 1},
    {"basic_iostream", 1},
    {"basic_streambuf", 1},
    {"basic_ifstream", 1},
    {"basic_ofstream", 1},
    {"basic_fstream", 1},
    {"basic_filebuf", 1},
    {"basic_stringstream", 1},
    {"basic_ostringstream", 1},
    {"basic_istringstream", 1},
    {"basic_stringbuf", 1},
    {"_Vector_base", 1},
    {"_Deque_base", 1},
    {"_List_base", 1},
    {"_Rb_tree", 2},
};

// Defaults whose only argument is the first one of the template itself: less<Key>, hash<Key>, ...
constexpr std::string_view kDefaultsOfFirst[] = {
    "std::less<",           "std::hash<",   "std::equal_to<", "std::char_traits<",
    "std::default_delete<", "std::vector<", "std::deque<",    "std::regex_traits<"};

bool IsDefault(std::string_view argument, std::string_view first) {
  if (argument.starts_with("std::allocator<")) return true;
  return std::any_of(std::begin(kDefaultsOfFirst), std::end(kDefaultsOfFirst), [&](std::string_view prefix) {
    return argument.starts_with(prefix) && argument.ends_with('>') &&
           argument.substr(prefix.size(), argument.size() - prefix.size() - 1) == first;
  });
}

// basic_string<char> → string, basic_ostream<wchar_t> → wostream.
std::optional<std::string> Alias(std::string_view name, const std::vector<std::string>& arguments) {
  constexpr std::string_view kBasic = "basic_";
  if (!name.starts_with(kBasic) || arguments.size() != 1) return std::nullopt;
  const std::string alias(name.substr(kBasic.size()));
  if (arguments[0] == "char") return alias;
  if (arguments[0] == "wchar_t") return "w" + alias;
  const bool is_string = alias.starts_with("string") && !alias.ends_with("stream");
  if (is_string && arguments[0].starts_with("char") && arguments[0].ends_with("_t")) {
    return std::string(arguments[0].substr(4, arguments[0].size() - 6)).insert(0, "u") + alias;
  }
  return std::nullopt;
}

// "5ul" → "5"
std::string WithoutLiteralSuffix(const std::string& argument) {
  const std::size_t digits = argument.find_first_not_of("0123456789", argument.starts_with('-') ? 1 : 0);
  if (digits == 0 || digits == std::string::npos) return argument;
  return argument.find_first_not_of("ul", digits) == std::string::npos ? argument.substr(0, digits)
                                                                       : argument;
}

class Shortener {
 public:
  explicit Shortener(std::string_view text) : text_(text) {}

  std::optional<std::string> Run() {
    std::string result = Sequence('\0');
    if (!is_sound_ || at_ != text_.size()) return std::nullopt;
    return result;
  }

 private:
  // Copies up to the bracket that closes `open`, or, in a template's list, up to a comma. Does not take it.
  std::string Sequence(char open) {
    std::string out;
    while (is_sound_ && at_ < text_.size()) {
      if (const std::size_t after = AfterOperatorName(text_, at_); after != at_) {
        out += text_.substr(at_, after - at_);
        at_ = after;
        continue;
      }
      const char c = text_[at_];
      if (c == ',' && open == '<') break;
      if (c == '>' && open == '<' && text_[at_ - 1] != '-') break;
      if (c == ')' || c == ']' || c == '}') break;
      if (c == '>' && open == '\0' && !out.ends_with('-')) is_sound_ = false;
      if (c == '<' && StartsArguments(out)) {
        Template(&out);
      } else if (c == '(' || c == '[' || c == '{' || c == '<') {
        Bracket(c, &out);
      } else {
        out += c;
        ++at_;
      }
    }
    return out;
  }

  // "<lambda(int)>" and Rust's "<T as Trait>" stand where a name would; "(a)<(b)" is a comparison.
  static bool StartsArguments(const std::string& out) {
    if (out.empty()) return false;
    const std::size_t last = out.find_last_not_of(' ');
    return last != std::string::npos &&
           (IsIdentifierChar(out[last]) || out.find("operator") != std::string::npos) && out[last] != ':' &&
           out[last] != ')';
  }

  void Bracket(char open, std::string* out) {
    const bool is_comparison = open == '<' && !out->empty() && out->back() == ')';
    *out += open;
    ++at_;
    if (is_comparison) return;
    if (++depth_ > kMaxDepth) is_sound_ = false;
    while (is_sound_) {
      *out += Sequence(open);
      if (at_ >= text_.size()) is_sound_ = false;
      if (!is_sound_) return;
      *out += text_[at_];
      if (text_[at_++] != ',') break;
    }
    --depth_;
  }

  void Template(std::string* out) {
    if (++depth_ > kMaxDepth) is_sound_ = false;
    std::vector<std::string> arguments;
    do {
      ++at_;
      while (at_ < text_.size() && text_[at_] == ' ') ++at_;
      std::string argument = Sequence('<');
      while (argument.ends_with(' ')) argument.pop_back();
      arguments.push_back(WithoutLiteralSuffix(argument));
      if (at_ >= text_.size() || (text_[at_] != ',' && text_[at_] != '>')) is_sound_ = false;
    } while (is_sound_ && text_[at_] == ',');
    ++at_;
    --depth_;
    if (is_sound_) Append(std::move(arguments), out);
  }

  // `out` ends with the template's name.
  static void Append(std::vector<std::string> arguments, std::string* out) {
    const std::string name = StandardName(*out);
    const auto standard = std::find_if(std::begin(kStandard), std::end(kStandard),
                                       [&](const Standard& known) { return known.name == name; });
    if (standard != std::end(kStandard)) {
      while (arguments.size() > standard->kept && IsDefault(arguments.back(), arguments[0]))
        arguments.pop_back();
      if (const auto alias = Alias(name, arguments)) {
        out->replace(out->size() - name.size(), name.size(), *alias);
        return;
      }
    }
    *out += '<';
    for (std::size_t i = 0; i < arguments.size(); ++i) *out += (i == 0 ? "" : ", ") + arguments[i];
    *out += '>';
  }

  // "vector" where `out` ends with a std::vector of its own, not with my::std::vector.
  static std::string StandardName(const std::string& out) {
    std::size_t begin = out.size();
    while (begin > 0 && (IsIdentifierChar(out[begin - 1]) || out[begin - 1] == ':')) --begin;
    const std::string_view path = std::string_view(out).substr(begin);
    constexpr std::string_view kStd = "std::";
    if (!path.starts_with(kStd) || path.find("::", kStd.size()) != std::string_view::npos) return {};
    return std::string(path.substr(kStd.size()));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool is_sound_ = true;
};

std::string WithoutNoise(std::string_view name) {
  std::string text(name);
  for (std::size_t i = 0; i < std::size(kNoise); ++i) {
    for (std::size_t at = 0; (at = text.find(kNoise[i], at)) != std::string::npos;) {
      text.replace(at, kNoise[i].size(), kNoiseReplacement[i]);
    }
  }
  return text;
}

}  // namespace

std::string ShortenTemplates(std::string_view name) {
  const std::string text = WithoutNoise(name);
  if (text.find('<') == std::string::npos) return text;
  return Shortener(text).Run().value_or(text);
}

}  // namespace memtrace::symbolize
