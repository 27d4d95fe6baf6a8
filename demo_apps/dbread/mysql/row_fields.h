// SPDX-License-Identifier: MIT
// A row of a result as views of its fields.
#pragma once

#include <mysql.h>

#include "demo_apps/dbread/row.h"

namespace dbread::mysql {

class RowFields {
 public:
  // Valid as long as the row is, and until the next call.
  RowView Show(MYSQL_RES* result, MYSQL_ROW row) {
    unsigned columns = mysql_num_fields(result);
    if (columns > kMaxColumns) throw DatabaseError("too many columns");
    const unsigned long* lengths = mysql_fetch_lengths(result);
    for (unsigned i = 0; i < columns; i++) {
      fields_[i] = {row[i] != nullptr ? std::string_view(row[i], lengths[i]) : std::string_view(),
                    row[i] == nullptr};
    }
    return {fields_, columns};
  }

 private:
  static constexpr unsigned kMaxColumns = 32;

  Field fields_[kMaxColumns];
};

}  // namespace dbread::mysql
