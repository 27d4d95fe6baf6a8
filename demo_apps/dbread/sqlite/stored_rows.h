// SPDX-License-Identifier: MIT
// Copies of rows. SQLite keeps no result in the client, so a layer that wants several rows at once copies
// them.
//
//   StoredRows ── row ── row ── row        a vector each,
//                  │
//                  └─ text, text, ...      a string each
#pragma once

#include <string>
#include <vector>

#include "demo_apps/dbread/row.h"
#include "demo_apps/dbread/sqlite/statement.h"

namespace dbread::sqlite {

class StoredRows : public RowBatch {
 public:
  // Copies up to `most_rows` rows; fewer at the end. What was stored before is dropped.
  void Fill(Statement& statement, std::size_t most_rows);

  std::size_t size() const override { return rows_.size(); }
  RowView Row(std::size_t index) override;

 private:
  struct StoredField {
    std::string text;
    bool is_null = false;
  };

  void Append(RowView view);

  std::vector<std::vector<StoredField>> rows_;
  std::vector<Field> view_;
};

}  // namespace dbread::sqlite
