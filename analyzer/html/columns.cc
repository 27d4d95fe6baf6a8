// SPDX-License-Identifier: MIT
#include "analyzer/html/columns.h"

#include "analyzer/export/text.h"

namespace memtrace::html {

JsonObject& JsonObject::Add(std::string_view name, const std::string& json) {
  text_ += text_.empty() ? "{\"" : ",\"";
  text_.append(name).append("\":").append(json);
  return *this;
}

JsonObject& JsonObject::Text(std::string_view name, std::string_view text) {
  return Add(name, exporting::Quoted(text));
}

JsonObject& JsonObject::Number(std::string_view name, std::uint64_t number) {
  return Add(name, std::to_string(number));
}

std::uint32_t StringTable::NumberOf(std::string_view text) {
  const auto [known, is_new] =
      numbers_.try_emplace(std::string(text), static_cast<std::uint32_t>(texts_.size()));
  if (is_new) texts_.push_back(&known->first);
  return known->second;
}

std::string StringTable::Json() const {
  std::string json = "[";
  for (const std::string* text : texts_) {
    if (json.size() > 1) json += ',';
    json += exporting::Quoted(*text);
  }
  return json + "]";
}

}  // namespace memtrace::html
