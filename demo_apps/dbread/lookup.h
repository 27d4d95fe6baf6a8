// SPDX-License-Identifier: MIT
// A dictionary of the values of one column, made while rows are read. It outlives the rows: small blocks
// between large ones, which is why the memory of the rows may not go back to the system when they do.
#pragma once

#include <string>
#include <unordered_map>

#include "demo_apps/dbread/dataset.h"
#include "demo_apps/dbread/row.h"

namespace dbread {

class Lookup {
 public:
  explicit Lookup(std::size_t place) : place_(place) {}

  void Add(RowView row) { counts_[std::string(row[place_].text)] += 1; }

  std::size_t size() const { return counts_.size(); }

 private:
  std::size_t place_;  // of the column
  std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace dbread
