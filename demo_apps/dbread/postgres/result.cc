// SPDX-License-Identifier: MIT
// libpq's results: errors, and their rows as views.
#include "demo_apps/dbread/postgres/result.h"

#include <string_view>

namespace dbread::postgres {

constexpr Oid kBytesType = 17;  // bytea; the numbers of built-in types never change

void ThrowError(PGconn* connection, const PGresult* result) {
  const char* primary = result != nullptr ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  std::string message = primary != nullptr ? primary : PQerrorMessage(connection);
  constexpr std::string_view kUndefinedTable = "42P01";
  if (state != nullptr && state == kUndefinedTable) message += "; dbread --prepare makes it";
  throw DatabaseError(message);
}

void ResultBatch::Show(const PGresult* result, int first, int last) {
  if (static_cast<std::size_t>(PQnfields(result)) > kMaxColumns) throw DatabaseError("too many columns");
  result_ = result;
  first_ = first;
  last_ = last;
}

RowView ResultBatch::Row(std::size_t index) {
  int row = first_ + static_cast<int>(index);
  int columns = PQnfields(result_);
  for (int i = 0; i < columns; i++) {
    auto bytes = static_cast<std::size_t>(PQgetlength(result_, row, i));
    std::string_view text(PQgetvalue(result_, row, i), bytes);
    bool is_bytes = PQftype(result_, i) == kBytesType && text.starts_with("\\x");
    fields_[i] = {is_bytes ? text.substr(2) : text, PQgetisnull(result_, row, i) != 0, is_bytes};
  }
  return {fields_, static_cast<std::size_t>(columns)};
}

}  // namespace dbread::postgres
