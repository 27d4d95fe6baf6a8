// SPDX-License-Identifier: MIT
// Copying rows out of a statement and showing the copies.
#include "demo_apps/dbread/sqlite/stored_rows.h"

namespace dbread::sqlite {

void StoredRows::Fill(Statement& statement, std::size_t most_rows) {
  rows_.clear();
  while (rows_.size() < most_rows && statement.Step()) Append(statement.Row());
}

void StoredRows::Append(RowView view) {
  std::vector<StoredField> row;
  row.reserve(view.size());
  for (const Field& field : view) {
    StoredField& stored = row.emplace_back();
    stored.text = field.text;
    stored.is_null = field.is_null;
  }
  rows_.push_back(std::move(row));
}

RowView StoredRows::Row(std::size_t index) {
  view_.clear();
  for (const StoredField& field : rows_[index]) view_.push_back({field.text, field.is_null});
  return view_;
}

}  // namespace dbread::sqlite
