// SPDX-License-Identifier: MIT
// Where the databases' dialects differ when a table is made: the same few expressions, written in other
// words.
#pragma once

#include <cstddef>
#include <string>

#include "demo_apps/dbread/query.h"

namespace dbread {

// A driver's words. {} stands for the expression, or for the first and the second one of Repeat.
struct DialectWords {
  const char* series;  // of the number of rows
  const char* day;
  const char* repeat = "repeat({}, {})";
  const char* bytes;
  const char* sha1;
  const char* bytes_type;
  const char* key_text_type = "text";
};

// Arguments and results are SQL expressions.
class Dialect {
 public:
  explicit Dialect(const DialectWords& words) : words_(words) {}

  // A table expression with the numbers 1 to `rows` in series.i.
  std::string Series(std::size_t rows) const;
  // The day that is `days` (an integer) after 2000-01-01.
  std::string Day(const std::string& days) const;
  std::string Repeat(const std::string& text, const std::string& times) const;
  // A text as bytes, and the SHA-1 of bytes as 40 hexadecimal digits.
  std::string Bytes(const std::string& text) const;
  std::string Sha1(const std::string& bytes) const;
  std::string TypeName(ColumnType type) const;

 private:
  DialectWords words_;
};

}  // namespace dbread
