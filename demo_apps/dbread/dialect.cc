// SPDX-License-Identifier: MIT
#include "demo_apps/dbread/dialect.h"

#include <spdlog/fmt/fmt.h>

namespace dbread {

std::string Dialect::Series(std::size_t rows) const {
  return fmt::format(fmt::runtime(words_.series), rows);
}

std::string Dialect::Day(const std::string& days) const {
  return fmt::format(fmt::runtime(words_.day), days);
}

std::string Dialect::Repeat(const std::string& text, const std::string& times) const {
  return fmt::format(fmt::runtime(words_.repeat), text, times);
}

std::string Dialect::Bytes(const std::string& text) const {
  return fmt::format(fmt::runtime(words_.bytes), text);
}

std::string Dialect::Sha1(const std::string& bytes) const {
  return fmt::format(fmt::runtime(words_.sha1), bytes);
}

std::string Dialect::TypeName(ColumnType type) const {
  switch (type) {
    case ColumnType::kInteger:
      return "integer";
    case ColumnType::kDate:
      return "date";
    case ColumnType::kBytes:
      return words_.bytes_type;
    case ColumnType::kKeyText:
      return words_.key_text_type;
    case ColumnType::kText:
      break;
  }
  return "text";
}

}  // namespace dbread
