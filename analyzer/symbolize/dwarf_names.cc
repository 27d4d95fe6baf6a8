// SPDX-License-Identifier: MIT
// Names functions by DW_AT_linkage_name, else by DW_AT_name and the entries around their declaration.
#include "analyzer/symbolize/dwarf_names.h"

#include <dwarf.h>

#include <string_view>
#include <utility>

#include "analyzer/symbolize/demangle.h"
#include "analyzer/symbolize/dwarf_walk.h"
#include "analyzer/symbolize/function_name.h"

namespace memtrace::symbolize {
namespace {

constexpr int kMaxOriginSteps = 16;  // inlined → abstract → declaration is two; more than a few is a circle

// The attribute's text, looked for in the entry and in the entries it refers to; nullptr if there is none.
const char* Text(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  return dwarf_formstring(dwarf_attr_integrate(&die, name, &attribute));
}

std::string LinkageName(Dwarf_Die& die) {
  const char* mangled = Text(die, DW_AT_linkage_name);
  if (mangled == nullptr) mangled = Text(die, DW_AT_MIPS_linkage_name);
  return mangled == nullptr ? std::string() : Demangle(mangled);
}

bool Follow(Dwarf_Die* die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Die target;
  if (dwarf_attr(die, name, &attribute) == nullptr) return false;
  if (dwarf_formref_die(&attribute, &target) == nullptr) return false;
  *die = target;
  return true;
}

// From a concrete or inlined instance to the first declaration, which stands inside its class or namespace.
Dwarf_Die Declaration(Dwarf_Die die) {
  for (int i = 0; i < kMaxOriginSteps; ++i) {
    if (!Follow(&die, DW_AT_abstract_origin) && !Follow(&die, DW_AT_specification)) break;
  }
  return die;
}

std::string Joined(const std::string& scope, const std::string& name) {
  return scope.empty() ? name : scope + "::" + name;
}

// GCC gives a lambda's class no name; its one function of interest is the call operator.
bool IsLambda(Dwarf_Die& type) {
  bool is_lambda = false;
  DwarfWalk().ForEachChild(type, [&](Dwarf_Die& member) {
    const char* name = dwarf_tag(&member) == DW_TAG_subprogram ? Text(member, DW_AT_name) : nullptr;
    is_lambda = is_lambda || (name != nullptr && std::string_view(name) == "operator()");
  });
  return is_lambda;
}

bool HasNestedNames(Dwarf_Die& die) {
  Dwarf_Die unit;
  if (dwarf_diecu(&die, &unit, nullptr, nullptr) == nullptr) return false;
  switch (dwarf_srclang(&unit)) {
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_Mips_Assembler:
      return false;
    default:
      return true;
  }
}

}  // namespace

// Walks a unit once. Scopes are added as they are entered, so a function's scope is known before its inner
// ones.
class FunctionNames::NestingCollector {
 public:
  explicit NestingCollector(Nesting* nesting) : nesting_(nesting) { nesting_->scopes.emplace_back(); }

  void Collect(Dwarf_Die& parent, std::uint32_t scope) {
    walk_.ForEachChild(parent, [&](Dwarf_Die& die) {
      switch (dwarf_tag(&die)) {
        case DW_TAG_subprogram:
          nesting_->of_entry.emplace(die.addr, scope);
          return CollectInside(die, [&] { return FunctionScope(die, scope); });
        case DW_TAG_namespace:
          return CollectInside(die, [&] { return Named(die, scope, "(anonymous namespace)"); });
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
        case DW_TAG_union_type:
        case DW_TAG_enumeration_type:
          return CollectInside(die,
                               [&] { return Named(die, scope, IsLambda(die) ? "{lambda}" : "{unnamed}"); });
        case DW_TAG_lexical_block:
          return Collect(die, scope);
        default:
          return;
      }
    });
  }

 private:
  template <typename MakeScope>
  void CollectInside(Dwarf_Die& die, const MakeScope& make_scope) {
    if (dwarf_haschildren(&die) <= 0) return;
    nesting_->scopes.push_back(make_scope());
    Collect(die, static_cast<std::uint32_t>(nesting_->scopes.size() - 1));
  }

  std::string Named(Dwarf_Die& die, std::uint32_t scope, const char* if_unnamed) {
    const char* name = Text(die, DW_AT_name);
    return Joined(nesting_->scopes[scope], name == nullptr ? if_unnamed : name);
  }

  // For classes and lambdas inside a function. A definition apart from its declaration takes the latter's
  // scope.
  std::string FunctionScope(Dwarf_Die& die, std::uint32_t scope) {
    if (const std::string linkage_name = LinkageName(die); !linkage_name.empty())
      return QualifiedName(linkage_name);
    const Dwarf_Die declaration = Declaration(die);
    const auto known = nesting_->of_entry.find(declaration.addr);
    return Named(die, known == nesting_->of_entry.end() ? scope : known->second, "{unnamed}");
  }

  Nesting* nesting_;
  DwarfWalk walk_;
};

const FunctionNames::Nesting& FunctionNames::NestingOf(Dwarf_Die& entry) {
  const auto [place, is_new] = nesting_.try_emplace(entry.cu);
  Dwarf_Die unit;
  if (is_new && dwarf_diecu(&entry, &unit, nullptr, nullptr) != nullptr) {
    NestingCollector(&place->second).Collect(unit, 0);
  }
  return place->second;
}

std::string FunctionNames::Build(Dwarf_Die function) {
  if (std::string linkage_name = LinkageName(function); !linkage_name.empty()) return linkage_name;
  const char* name = Text(function, DW_AT_name);
  if (name == nullptr) return {};
  Dwarf_Die declaration = Declaration(function);
  if (!HasNestedNames(declaration)) return name;
  const Nesting& nesting = NestingOf(declaration);
  const auto scope = nesting.of_entry.find(declaration.addr);
  return scope == nesting.of_entry.end() ? name : Joined(nesting.scopes[scope->second], name);
}

const std::string& FunctionNames::Of(Dwarf_Die& function) {
  const auto known = names_.find(function.addr);
  if (known != names_.end()) return known->second;
  return names_.emplace(function.addr, Build(function)).first->second;
}

}  // namespace memtrace::symbolize
