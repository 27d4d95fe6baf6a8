// SPDX-License-Identifier: MIT
// libpq's results: errors, and their rows as views.
#include "demo_apps/dbread/postgres/result.h"

#include <string_view>

namespace dbread::postgres {

void ThrowError(PGconn* connection, const PGresult* result) {
  const char* primary = result != nullptr ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  std::string message = primary != nullptr ? primary : PQerrorMessage(connection);
  constexpr std::string_view kUndefinedTable = "42P01";
  if (state != nullptr && state == kUndefinedTable) message += "; dbread --prepare makes it";
  throw DatabaseError(message);
}

ResultHandle RunStatement(PGconn* connection, const std::string& sql) {
  ResultHandle result(PQexec(connection, sql.c_str()));
  ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) ThrowError(connection, result.get());
  return result;
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
    fields_[i] = {{PQgetvalue(result_, row, i), bytes}, PQgetisnull(result_, row, i) != 0};
  }
  return {fields_, static_cast<std::size_t>(columns)};
}

}  // namespace dbread::postgres
