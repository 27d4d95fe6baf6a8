// SPDX-License-Identifier: MIT
// A row of pictures.
#pragma once

#include "demo_apps/dbread/parse_field.h"
#include "demo_apps/dbread/row_hash.h"

namespace dbread {

struct Picture {
  std::string sha1;
  std::int32_t width = 0;
  std::string bytes;
};

struct Pictures {
  using Row = Picture;

  static Picture Make(RowView row) {
    Picture picture;
    picture.sha1 = row[0].text;
    picture.width = ToNumber<std::int32_t>(row[1].text);
    picture.bytes = ToBytes(row[2]);
    return picture;
  }

  static std::uint64_t Hash(const Picture& picture) {
    RowHash hash;
    hash.Add(picture.sha1);
    hash.Add(picture.width);
    hash.Add(picture.bytes);
    return hash.value();
  }
};

}  // namespace dbread
