// SPDX-License-Identifier: MIT
// Rust's v0 mangling (RFC 2603, and the rustc book's "v0 Symbol Format").
//
//   _R NvC s1234_ 7mycrate 3foo       N path in a namespace (v: values), C crate root, s…_ a number that
//   tells
//                                     crates of one name apart, then identifiers with their lengths
#include <cstdint>

#include "analyzer/symbolize/rust_names.h"

namespace memtrace::symbolize {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxNameBytes = 4096;  // back references can double a name with every few bytes

std::string_view BasicType(char tag) {
  switch (tag) {
    case 'a':
      return "i8";
    case 'b':
      return "bool";
    case 'c':
      return "char";
    case 'd':
      return "f64";
    case 'e':
      return "str";
    case 'f':
      return "f32";
    case 'h':
      return "u8";
    case 'i':
      return "isize";
    case 'j':
      return "usize";
    case 'l':
      return "i32";
    case 'm':
      return "u32";
    case 'n':
      return "i128";
    case 'o':
      return "u128";
    case 'p':
      return "_";
    case 's':
      return "i16";
    case 't':
      return "u16";
    case 'u':
      return "()";
    case 'v':
      return "...";
    case 'x':
      return "i64";
    case 'y':
      return "u64";
    case 'z':
      return "!";
    default:
      return {};
  }
}

class V0Reader {
 public:
  explicit V0Reader(std::string_view text) : text_(text) {}

  bool Read(std::string* name) {
    Path(/*is_value=*/true);
    *name = std::move(out_);
    return is_sound_;
  }

 private:
  // Each production gives up by clearing is_sound_; everything after that is skipped.
  struct Level {
    explicit Level(V0Reader* reader) : reader_(reader) {
      if (++reader_->depth_ > kMaxDepth) reader_->is_sound_ = false;
    }
    ~Level() { --reader_->depth_; }
    V0Reader* reader_;
  };

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  char Take() {
    if (at_ >= text_.size()) is_sound_ = false;
    return is_sound_ ? text_[at_++] : '\0';
  }

  bool TakeIf(char c) {
    if (!is_sound_ || Peek() != c) return false;
    ++at_;
    return true;
  }

  void Put(std::string_view text) {
    if (is_silent_ || !is_sound_) return;
    out_ += text;
    if (out_.size() > kMaxNameBytes) is_sound_ = false;
  }

  // Digits 0-9a-zA-Z up to "_": "_" is 0, "0_" is 1.
  std::uint64_t Base62() {
    if (TakeIf('_')) return 0;
    std::uint64_t value = 0;
    while (is_sound_) {
      const char c = Take();
      if (c == '_') return value + 1;
      unsigned digit = 0;
      if (c >= '0' && c <= '9')
        digit = static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'z')
        digit = static_cast<unsigned>(c - 'a') + 10;
      else if (c >= 'A' && c <= 'Z')
        digit = static_cast<unsigned>(c - 'A') + 36;
      else
        is_sound_ = false;
      if (value > (~0ULL - digit) / 62) is_sound_ = false;
      value = value * 62 + digit;
    }
    return 0;
  }

  std::uint64_t Disambiguator() { return TakeIf('s') ? Base62() + 1 : 0; }

  // Identifiers that need Unicode stay in their Punycode form, marked as rustc's own tools do when they give
  // up.
  std::string Identifier() {
    const bool is_punycode = TakeIf('u');
    std::size_t size = 0;
    if (Peek() < '0' || Peek() > '9') is_sound_ = false;
    while (is_sound_ && Peek() >= '0' && Peek() <= '9' && size <= text_.size()) {
      size = size * 10 + static_cast<std::size_t>(Take() - '0');
      if (size == 0) break;
    }
    TakeIf('_');
    if (!is_sound_ || size > text_.size() - at_) {
      is_sound_ = false;
      return {};
    }
    const std::string name(text_.substr(at_, size));
    at_ += size;
    return is_punycode ? "punycode{" + name + "}" : name;
  }

  // Runs `read` at the place that a "B" production names. It must lie before, so this ends.
  template <typename Production>
  void BackReference(const Production& read) {
    const std::size_t here = at_ - 1;
    const std::uint64_t target = Base62();
    if (target >= here) is_sound_ = false;
    if (!is_sound_ || is_silent_) return;
    const std::size_t resume = at_;
    at_ = static_cast<std::size_t>(target);
    read();
    at_ = resume;
  }

  void Path(bool is_value) {
    const Level level(this);
    switch (Take()) {
      case 'C': {
        Disambiguator();
        return Put(Identifier());
      }
      case 'M':
        ImplPath();
        return Angles([&] { Type(); });
      case 'X':
        ImplPath();
        return TypeAsTrait();
      case 'Y':
        return TypeAsTrait();
      case 'N':
        return NestedPath(is_value);
      case 'I':
        Path(is_value);
        if (is_value) Put("::");
        return Angles([&] { GenericArguments(); });
      case 'B':
        return BackReference([&] { Path(is_value); });
      default:
        is_sound_ = false;
    }
  }

  template <typename Content>
  void Angles(const Content& content) {
    Put("<");
    content();
    Put(">");
  }

  void TypeAsTrait() {
    Angles([&] {
      Type();
      Put(" as ");
      Path(false);
    });
  }

  // Where an impl block stands is of no interest to a reader.
  void ImplPath() {
    Disambiguator();
    const bool was_silent = is_silent_;
    is_silent_ = true;
    Path(false);
    is_silent_ = was_silent;
  }

  void NestedPath(bool is_value) {
    const char name_space = Take();
    Path(is_value);
    const std::uint64_t number = Disambiguator();
    const std::string name = Identifier();
    if (name_space >= 'A' && name_space <= 'Z') {
      const std::string kind = name_space == 'C'   ? "closure"
                               : name_space == 'S' ? "shim"
                                                   : std::string(1, name_space);
      Put("::{" + kind + (name.empty() ? "" : ":" + name) + "#" + std::to_string(number) + "}");
    } else if (!name.empty()) {
      Put("::" + name);
    }
  }

  // Returns how many there were.
  int GenericArguments() {
    int count = 0;
    for (; is_sound_ && !TakeIf('E'); ++count) {
      if (count != 0) Put(", ");
      if (TakeIf('L')) {
        Lifetime();
      } else if (TakeIf('K')) {
        Constant();
      } else {
        Type();
      }
    }
    return count;
  }

  void Lifetime() { Put(Base62() == 0 ? "'_" : "'a"); }

  void Type() {
    const Level level(this);
    const char tag = Take();
    if (const std::string_view basic = BasicType(tag); !basic.empty()) return Put(basic);
    switch (tag) {
      case 'A':
      case 'S':
        return Array(tag == 'A');
      case 'T':
        Put("(");
        if (GenericArguments() == 1) Put(",");
        return Put(")");
      case 'R':
      case 'Q':
        Put("&");
        if (TakeIf('L')) Base62();
        if (tag == 'Q') Put("mut ");
        return Type();
      case 'P':
      case 'O':
        Put(tag == 'P' ? "*const " : "*mut ");
        return Type();
      case 'F':
        return Function();
      case 'D':
        return DynamicTrait();
      case 'B':
        return BackReference([&] { Type(); });
      default:
        --at_;
        Path(false);
    }
  }

  void Array(bool has_length) {
    Put("[");
    Type();
    if (has_length) {
      Put("; ");
      Constant();
    }
    Put("]");
  }

  void Binder() {
    if (TakeIf('G')) Base62();
  }

  void Function() {
    Binder();
    if (TakeIf('U')) Put("unsafe ");
    if (TakeIf('K')) {
      Put("extern \"" + (TakeIf('C') ? std::string("C") : Identifier()) + "\" ");
    }
    Put("fn(");
    GenericArguments();
    Put(")");
    if (TakeIf('u')) return;  // returns ()
    Put(" -> ");
    Type();
  }

  void DynamicTrait() {
    Put("dyn ");
    Binder();
    for (bool is_first = true; is_sound_ && !TakeIf('E'); is_first = false) {
      if (!is_first) Put(" + ");
      Path(false);
      while (TakeIf('p')) AssociatedType();
    }
    if (!TakeIf('L')) is_sound_ = false;
    Base62();
  }

  // Stands in one list with the trait's own arguments: "FnOnce<(), Output = u8>".
  void AssociatedType() {
    const bool has_list = out_.ends_with('>') && !is_silent_ && is_sound_;
    if (has_list) out_.pop_back();
    Put((has_list ? ", " : "<") + Identifier() + " = ");
    Type();
    Put(">");
  }

  // Integers, bool and char; what generic constants are made of. Others make the name unreadable to us.
  void Constant() {
    const Level level(this);
    if (TakeIf('p')) return Put("_");
    if (TakeIf('B')) return BackReference([&] { Constant(); });
    const char type = Take();
    if (BasicType(type).empty()) is_sound_ = false;
    if (TakeIf('n')) Put("-");
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (char c = Take(); is_sound_ && c != '_'; c = Take(), ++digits) {
      const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      if (!is_digit || digits >= 16) is_sound_ = false;
      value = value * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (type == 'b') return Put(value != 0 ? "true" : "false");
    Put(type == 'c' && value >= 0x20 && value < 0x7f ? "'" + std::string(1, static_cast<char>(value)) + "'"
                                                     : std::to_string(value));
  }

  std::string_view text_;  // behind "_R"; back references count from there
  std::size_t at_ = 0;
  std::string out_;
  int depth_ = 0;
  bool is_silent_ = false;
  bool is_sound_ = true;
};

}  // namespace

std::string DemangleRustV0(std::string_view symbol) {
  std::string name;
  const bool is_v0 = symbol.size() > 2 && symbol[2] >= 'A' && symbol[2] <= 'Z';
  if (!is_v0 || !V0Reader(symbol.substr(2)).Read(&name)) return std::string(symbol);
  return name;
}

}  // namespace memtrace::symbolize
