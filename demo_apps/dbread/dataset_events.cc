// SPDX-License-Identifier: MIT
// The 20,000 events of a service that polls its table.
#include "demo_apps/dbread/dataset.h"

namespace dbread {
namespace {

Dataset Describe() {
  return {.name = "events",
          .columns = {{"id", ColumnType::kInteger},
                      {"kind", ColumnType::kText},
                      {"source", ColumnType::kText},
                      {"due_on", ColumnType::kDate},
                      {"attempts", ColumnType::kInteger},
                      {"payload", ColumnType::kText}},
          .from = "events",
          .where = "",
          .key = "id",
          .one_column = "kind"};
}

std::vector<Table> Tables(const Dialect&) {
  std::string payload =
      "'{\"order\": ' || (i * 31) || ', \"customer\": ' || (i % 977) || "
      "', \"note\": \"please deliver between nine and five, and ring twice\"}'";
  return {{.name = "events",
           .full_rows = 20'000,
           .columns = {{"id", ColumnType::kInteger, "i"},
                       {"kind", ColumnType::kText,
                        PickWord({"created", "changed", "delivery failed", "closed"}, "i")},
                       {"source", ColumnType::kText, "'warehouse number ' || (i % 40)"},
                       {"due_on", ColumnType::kDate, "8000 + (i % 365)"},
                       {"attempts", ColumnType::kInteger, "i % 7"},
                       {"payload", ColumnType::kText, payload}},
           .key = "id"}};
}

}  // namespace

const DatasetSource kEvents = {Describe, Tables};

}  // namespace dbread
