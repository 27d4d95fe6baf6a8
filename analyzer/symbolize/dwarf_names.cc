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

constexpr int kMaxDepth = 32;        // of functions in classes in functions; more is a circle, too
constexpr int kMaxOriginSteps = 16;  // inlined → abstract → declaration is two; more than a few is a circle

// The attribute's text, looked for in the entry and in the entries it refers to; nullptr if there is none.
const char* Text(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  return dwarf_formstring(dwarf_attr_integrate(&die, name, &attribute));
}

// Empty if there is none, or one that is not mangled: C functions renamed by their library, as glibc does
// with
// __GI_strdup, are better known by their name in the source.
std::string LinkageName(Dwarf_Die& die) {
  const char* linkage_name = Text(die, DW_AT_linkage_name);
  if (linkage_name == nullptr) linkage_name = Text(die, DW_AT_MIPS_linkage_name);
  return linkage_name != nullptr && IsMangled(linkage_name) ? Demangle(linkage_name) : std::string();
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

// GCC gives a lambda's class no name, but it has a call operator.
const char* NameOfUnnamed(Dwarf_Die& type) {
  bool is_lambda = false;
  DwarfWalk().ForEachChild(type, [&](Dwarf_Die& member) {
    const char* name = dwarf_tag(&member) == DW_TAG_subprogram ? Text(member, DW_AT_name) : nullptr;
    is_lambda = is_lambda || (name != nullptr && std::string_view(name) == "operator()");
  });
  return is_lambda ? "{lambda}" : "{unnamed}";
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

// Walks a unit once.
class FunctionNames::NestingCollector {
 public:
  NestingCollector(Dwarf_Die unit, Nesting* nesting) : nesting_(nesting) {
    nesting_->scopes.push_back({unit, 0});
    Collect(unit, 0);
  }

 private:
  void Collect(Dwarf_Die& parent, std::uint32_t scope) {
    walk_.ForEachChild(parent, [&](Dwarf_Die& die) {
      switch (dwarf_tag(&die)) {
        case DW_TAG_subprogram:
          nesting_->of_entry.emplace(die.addr, scope);
          [[fallthrough]];
        case DW_TAG_namespace:
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
        case DW_TAG_union_type:
        case DW_TAG_enumeration_type:
          nesting_->scopes.push_back({die, scope});
          return Collect(die, static_cast<std::uint32_t>(nesting_->scopes.size() - 1));
        case DW_TAG_lexical_block:
          return Collect(die, scope);
        default:
          return;
      }
    });
  }

  Nesting* nesting_;
  DwarfWalk walk_;
};

const FunctionNames::Nesting& FunctionNames::NestingOf(Dwarf_Die& entry) {
  const auto [place, is_new] = nesting_.try_emplace(entry.cu);
  Dwarf_Die unit;
  if (is_new && dwarf_diecu(&entry, &unit, nullptr, nullptr) != nullptr) {
    NestingCollector(unit, &place->second);
  }
  return place->second;
}

std::string FunctionNames::ScopeName(const Nesting& nesting, std::uint32_t index) {
  if (index == 0) return {};
  Dwarf_Die die = nesting.scopes[index].die;
  const int tag = dwarf_tag(&die);
  if (tag == DW_TAG_subprogram) return QualifiedName(Of(die));  // of a class or lambda inside a function
  const char* name = Text(die, DW_AT_name);
  if (name == nullptr) name = tag == DW_TAG_namespace ? "(anonymous namespace)" : NameOfUnnamed(die);
  return Joined(ScopeName(nesting, nesting.scopes[index].parent), name);
}

std::string FunctionNames::Build(Dwarf_Die& function) {
  if (std::string linkage_name = LinkageName(function); !linkage_name.empty()) return linkage_name;
  const char* name = Text(function, DW_AT_name);
  if (name == nullptr) return {};
  Dwarf_Die declaration = Declaration(function);
  if (!HasNestedNames(declaration)) return name;
  const Nesting& nesting = NestingOf(declaration);
  const auto scope = nesting.of_entry.find(declaration.addr);
  return scope == nesting.of_entry.end() ? name : Joined(ScopeName(nesting, scope->second), name);
}

const std::string& FunctionNames::Of(Dwarf_Die& function) {
  static const std::string kTooDeep;
  const auto known = names_.find(function.addr);
  if (known != names_.end()) return known->second;
  if (depth_ >= kMaxDepth) return kTooDeep;
  ++depth_;
  std::string name = Build(function);
  --depth_;
  return names_.emplace(function.addr, std::move(name)).first->second;
}

}  // namespace memtrace::symbolize
