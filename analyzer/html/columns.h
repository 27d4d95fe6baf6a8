// SPDX-License-Identifier: MIT
// Writes columns of numbers and a table of strings as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace memtrace::html {

// {"a":[1,2],"b":…}: members are added one by one, values are JSON already.
class JsonObject {
 public:
  JsonObject& Add(std::string_view name, const std::string& json);
  JsonObject& Text(std::string_view name, std::string_view text);
  JsonObject& Number(std::string_view name, std::uint64_t number);
  std::string Done() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_;
};

// A column; with `delta`, each number is written as its difference to the one before, which compresses well
// where numbers grow slowly.
template <typename Rows, typename Value>
std::string Column(const Rows& rows, const Value& value, bool delta = false) {
  std::string json = "[";
  std::int64_t last = 0;
  for (const auto& row : rows) {
    const auto number = static_cast<std::int64_t>(value(row));
    if (json.size() > 1) json += ',';
    json += std::to_string(delta ? number - last : number);
    last = number;
  }
  return json + "]";
}

// Numbers texts from 0 on.
class StringTable {
 public:
  std::uint32_t NumberOf(std::string_view text);
  std::string Json() const;

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<const std::string*> texts_;
};

}  // namespace memtrace::html
