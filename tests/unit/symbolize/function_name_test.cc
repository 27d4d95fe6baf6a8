// SPDX-License-Identifier: MIT
// Reading and shortening of function names.
#include "analyzer/symbolize/function_name.h"

#include <gtest/gtest.h>

namespace memtrace::symbolize {
namespace {

TEST(QualifiedNameTest, DropsReturnTypeAndParameters) {
  EXPECT_EQ(QualifiedName("store::Load(int, char const*)"), "store::Load");
  EXPECT_EQ(QualifiedName("std::vector<int> store::Make<int>(int) const"), "store::Make<int>");
  EXPECT_EQ(QualifiedName("unsigned long const& f<int>()"), "f<int>");
  EXPECT_EQ(QualifiedName("main"), "main");
}

TEST(QualifiedNameTest, KeepsAnonymousNamespaces) {
  EXPECT_EQ(QualifiedName("(anonymous namespace)::Load(int)"), "(anonymous namespace)::Load");
  EXPECT_EQ(QualifiedName("void a::(anonymous namespace)::F<int>()"), "a::(anonymous namespace)::F<int>");
}

TEST(QualifiedNameTest, ReadsOperators) {
  EXPECT_EQ(QualifiedName("operator new(unsigned long)"), "operator new");
  EXPECT_EQ(QualifiedName("operator new[](unsigned long, std::align_val_t)"), "operator new[]");
  EXPECT_EQ(QualifiedName("A::operator()(int) const"), "A::operator()");
  EXPECT_EQ(QualifiedName("std::ostream& std::operator<< <char>(std::ostream&, char)"),
            "std::operator<< <char>");
  EXPECT_EQ(QualifiedName("bool a::operator<(a::B const&, a::B const&)"), "a::operator<");
  EXPECT_EQ(QualifiedName("A::operator->()"), "A::operator->");
  EXPECT_EQ(QualifiedName("A::operator std::vector<int>() const"), "A::operator std::vector<int>");
  EXPECT_EQ(QualifiedName("operator\"\" _kb(unsigned long long)"), "operator\"\" _kb");
}

TEST(QualifiedNameTest, ReadsFunctionsInFunctions) {
  EXPECT_EQ(QualifiedName("main::{lambda(int)#1}::operator()(int) const"),
            "main::{lambda(int)#1}::operator()");
  EXPECT_EQ(QualifiedName("A::Run(int) const::{lambda()#2}::operator()() const"),
            "A::Run::{lambda()#2}::operator()");
  EXPECT_EQ(QualifiedName("void A::Run<int>(int)::Local::Method()"), "A::Run<int>::Local::Method");
}

TEST(QualifiedNameTest, ReadsComputedReturnTypes) {
  EXPECT_EQ(QualifiedName("decltype ({parm#1}(0)) fmt::visit<int>(int&&)"), "fmt::visit<int>");
  EXPECT_EQ(QualifiedName("std::enable_if<((a)<(b)), int>::type f<int>(int)"), "f<int>");
  EXPECT_EQ(QualifiedName("auto f<int>(int)"), "f<int>");
}

TEST(QualifiedNameTest, ReadsRustNames) {
  EXPECT_EQ(QualifiedName("<alloc::string::String as core::fmt::Write>::write_str"),
            "<alloc::string::String as core::fmt::Write>::write_str");
  EXPECT_EQ(QualifiedName("core::ops::function::FnOnce::call_once{{vtable.shim}}"),
            "core::ops::function::FnOnce::call_once{{vtable.shim}}");
}

TEST(QualifiedNameTest, GivesUnreadableTextBack) {
  for (const char* text :
       {"", "f<", "f(", "a>b", ")(", "operator", "operator ", "0x7f00 (no module)", "((((", "{<("}) {
    EXPECT_EQ(QualifiedName(text), text);
  }
}

TEST(ShortenTemplatesTest, NamesStandardStrings) {
  EXPECT_EQ(ShortenTemplates(
                "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_create"),
            "std::string::_M_create");
  EXPECT_EQ(ShortenTemplates("std::basic_string_view<char, std::char_traits<char> >"), "std::string_view");
  EXPECT_EQ(ShortenTemplates("std::basic_ostream<wchar_t, std::char_traits<wchar_t> >"), "std::wostream");
  EXPECT_EQ(
      ShortenTemplates("std::basic_string<char16_t, std::char_traits<char16_t>, std::allocator<char16_t> >"),
      "std::u16string");
  EXPECT_EQ(ShortenTemplates(
                "std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char>>"),
            "std::string");
}

TEST(ShortenTemplatesTest, DropsDefaultArguments) {
  EXPECT_EQ(ShortenTemplates(
                "std::vector<std::basic_string<char, std::char_traits<char>, std::allocator<char> >, "
                "std::allocator<std::basic_string<char, std::char_traits<char>, std::allocator<char> > > "
                ">::push_back(int const&)"),
            "std::vector<std::string>::push_back(int const&)");
  EXPECT_EQ(
      ShortenTemplates("std::map<int, long, std::less<int>, std::allocator<std::pair<int const, long> > >"),
      "std::map<int, long>");
  EXPECT_EQ(
      ShortenTemplates("std::unordered_map<int, A, std::hash<int>, std::equal_to<int>, std::allocator<A> >"),
      "std::unordered_map<int, A>");
  EXPECT_EQ(ShortenTemplates("std::unique_ptr<a::B, std::default_delete<a::B> >"), "std::unique_ptr<a::B>");
  EXPECT_EQ(ShortenTemplates("std::stack<int, std::deque<int, std::allocator<int> > >"), "std::stack<int>");
}

TEST(ShortenTemplatesTest, KeepsWhatIsNotTheDefault) {
  EXPECT_EQ(ShortenTemplates("std::map<int, long, std::greater<int>, std::allocator<int> >"),
            "std::map<int, long, std::greater<int>>");
  EXPECT_EQ(ShortenTemplates("std::set<int, std::less<void>, std::allocator<int> >"),
            "std::set<int, std::less<void>>");
  EXPECT_EQ(ShortenTemplates("std::vector<int, arena::Allocator<int> >"),
            "std::vector<int, arena::Allocator<int>>");
  EXPECT_EQ(ShortenTemplates("std::pair<int, std::less<int> >"), "std::pair<int, std::less<int>>");
  EXPECT_EQ(ShortenTemplates("my::vector<int, std::allocator<int> >"),
            "my::vector<int, std::allocator<int>>");
  EXPECT_EQ(ShortenTemplates("my::std::vector<int, std::allocator<int> >"),
            "my::std::vector<int, std::allocator<int>>");
}

TEST(ShortenTemplatesTest, TidiesOtherTemplates) {
  EXPECT_EQ(ShortenTemplates("a::Array<int, 5ul>::Get"), "a::Array<int, 5>::Get");
  EXPECT_EQ(ShortenTemplates("f[abi:cxx11](int)"), "f(int)");
  EXPECT_EQ(ShortenTemplates("a::Call<void (*)(std::vector<int, std::allocator<int> >)>"),
            "a::Call<void (*)(std::vector<int>)>");
  EXPECT_EQ(ShortenTemplates("<alloc::vec::Vec<u8> as core::ops::Drop>::drop"),
            "<alloc::vec::Vec<u8> as core::ops::Drop>::drop");
  EXPECT_EQ(ShortenTemplates("bool std::operator< <char>(A<int> const&)"),
            "bool std::operator< <char>(A<int> const&)");
}

TEST(ShortenTemplatesTest, GivesUnreadableTextBack) {
  for (const char* text : {"", "f<", "f<a", "f<a(>", "a>b", "<", "f<<<<", "f<a,", "f<a,>>"}) {
    EXPECT_EQ(ShortenTemplates(text), text);
  }
  const std::string deep = std::string(100'000, '<') + "a";
  EXPECT_EQ(ShortenTemplates("f" + deep), "f" + deep);
}

TEST(DisplayNameTest, IsQualifiedAndShort) {
  EXPECT_EQ(DisplayName("void std::vector<int, std::allocator<int> >::_M_realloc_insert<int>(int*, int&&)"),
            "std::vector<int>::_M_realloc_insert<int>");
}

}  // namespace
}  // namespace memtrace::symbolize
