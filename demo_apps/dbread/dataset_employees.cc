// SPDX-License-Identifier: MIT
// The 1,000,000 employees. Their width is chosen so that libpq's result for all of them takes about 226 MiB,
// as the write-up measured it: eight fields of 16 bytes and about 95 bytes of text a row.
#include "demo_apps/dbread/dataset.h"

namespace dbread {
namespace {

std::string FirstName() {
  return PickWord({"Ada", "Barbara", "Claude", "Dennis", "Edsger", "Frances", "Grace", "Hedy", "Ivan", "Jean",
                   "Katherine", "Linus", "Margaret", "Niklaus", "Ole", "Peter", "Radia"},
                  "i");
}

std::string LastName() {
  return PickWord(
      {"Allen", "Bartik", "Codd", "Dahl", "Engelbart", "Floyd", "Goldberg", "Hamilton", "Iverson", "Johnson",
       "Knuth", "Lovelace", "McCarthy", "Naur", "Perlman", "Ritchie", "Shannon", "Turing", "Wirth"},
      Quotient("i", 17));
}

std::string Department() {
  return PickWord({"Accounting", "Customer care", "Engineering", "Human resources", "Marketing", "Operations",
                   "Purchasing", "Research", "Sales"},
                  Quotient("i", 5));
}

std::string City() {
  return PickWord({"Amsterdam", "Barcelona", "Copenhagen", "Dublin", "Edinburgh", "Florence", "Gothenburg",
                   "Helsinki", "Lisbon", "Munich", "Rotterdam", "Zurich"},
                  Quotient("i", 11));
}

std::vector<Table> Tables(const Dialect&) {
  std::string email = "lower(" + FirstName() + " || '.' || " + LastName() + ") || i || '@example.com'";
  return {{.name = "employees",
           .full_rows = 1'000'000,
           .columns = {{"id", ColumnType::kInteger, "i"},
                       {"first_name", ColumnType::kText, FirstName()},
                       {"last_name", ColumnType::kText, LastName()},
                       {"email", ColumnType::kText, email},
                       {"department", ColumnType::kText, Department()},
                       {"city", ColumnType::kText, City()},
                       {"hire_date", ColumnType::kDate, "(i % 8000)"},
                       {"salary", ColumnType::kInteger, "90000 + (i % 997) * 75"}},
           .key = "id"}};
}

Dataset Describe() {
  return {.name = "employees",
          .columns = {{"id", ColumnType::kInteger},
                      {"first_name", ColumnType::kText},
                      {"last_name", ColumnType::kText},
                      {"email", ColumnType::kText},
                      {"department", ColumnType::kText},
                      {"city", ColumnType::kText},
                      {"hire_date", ColumnType::kDate},
                      {"salary", ColumnType::kInteger}},
          .from = "employees",
          .where = "",
          .key = "id",
          .one_column = "email"};
}

}  // namespace

const DatasetSource kEmployees = {Describe, Tables};

}  // namespace dbread
