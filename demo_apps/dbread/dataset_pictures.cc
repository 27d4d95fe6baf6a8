// SPDX-License-Identifier: MIT
// The pictures: 100,000 of them, 8 to 12 KiB each, about 1 GB together. The SHA-1 of its bytes is a picture's
// key, so that their order says nothing about when they came.
#include "demo_apps/dbread/dataset.h"

namespace dbread {
namespace {

Dataset Describe() {
  return {.name = "pictures",
          .columns = {{"sha1", ColumnType::kKeyText},
                      {"width", ColumnType::kInteger},
                      {"picture", ColumnType::kBytes}},
          .from = "pictures",
          .where = "",
          .key = "sha1",
          .one_column = "sha1"};
}

std::vector<Table> Tables(const Dialect& dialect) {
  std::string bytes = dialect.Bytes(dialect.Repeat("'row of pixels ' || i || ' '", "380 + i % 190"));
  return {{.name = "pictures",
           .full_rows = 100'000,
           .columns = {{"sha1", ColumnType::kKeyText, dialect.Sha1(bytes)},
                       {"width", ColumnType::kInteger, "64 + i % 512"},
                       {"picture", ColumnType::kBytes, bytes}},
           .key = "sha1"}};
}

}  // namespace

const DatasetSource kPictures = {Describe, Tables};

}  // namespace dbread
