// SPDX-License-Identifier: MIT
// A row of records.
#pragma once

#include "demo_apps/dbread/parse_field.h"
#include "demo_apps/dbread/row_hash.h"

namespace dbread {

struct Record {
  std::int32_t id = 0;
  std::int32_t num = 0;
  std::string data;
};

struct Records {
  using Row = Record;

  static Record Make(RowView row) {
    Record record;
    record.id = ToNumber<std::int32_t>(row[0].text);
    record.num = ToNumber<std::int32_t>(row[1].text);
    record.data = row[2].text;
    return record;
  }

  static std::uint64_t Hash(const Record& record) {
    RowHash hash;
    hash.Add(record.id);
    hash.Add(record.num);
    hash.Add(record.data);
    return hash.value();
  }
};

}  // namespace dbread
