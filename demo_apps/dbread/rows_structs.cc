// SPDX-License-Identifier: MIT
// Rows as objects of a class made for their table.
#include <cstdint>
#include <string>

#include "demo_apps/dbread/parse_field.h"
#include "demo_apps/dbread/row_sink.h"

namespace dbread {
namespace {

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

struct Date {
  std::int16_t year = 0;
  std::int8_t month = 0;
  std::int8_t day = 0;
};

Date ToDate(std::string_view text) {
  if (text.size() != 10) throw DatabaseError("not a date: " + std::string(text));
  return {ToNumber<std::int16_t>(text.substr(0, 4)), ToNumber<std::int8_t>(text.substr(5, 2)),
          ToNumber<std::int8_t>(text.substr(8, 2))};
}

struct Employee {
  std::int32_t id = 0;
  std::string first_name;
  std::string last_name;
  std::string email;
  std::string department;
  std::string city;
  Date hire_date;
  std::int32_t salary = 0;
};

struct Employees {
  using Row = Employee;

  static Employee Make(RowView row) {
    Employee employee;
    employee.id = ToNumber<std::int32_t>(row[0].text);
    employee.first_name = row[1].text;
    employee.last_name = row[2].text;
    employee.email = row[3].text;
    employee.department = row[4].text;
    employee.city = row[5].text;
    employee.hire_date = ToDate(row[6].text);
    employee.salary = ToNumber<std::int32_t>(row[7].text);
    return employee;
  }

  static std::uint64_t Hash(const Employee& employee) {
    const Date& date = employee.hire_date;
    char day[16];
    auto end = fmt::format_to_n(day, sizeof(day), "{:04}-{:02}-{:02}", date.year, date.month, date.day);
    RowHash hash;
    hash.Add(employee.id);
    hash.Add(employee.first_name);
    hash.Add(employee.last_name);
    hash.Add(employee.email);
    hash.Add(employee.department);
    hash.Add(employee.city);
    hash.Add(std::string_view(day, end.size));
    hash.Add(employee.salary);
    return hash.value();
  }
};

// What a narrow read gives: the one column that is wanted.
struct SingleText {
  std::string text;
};

struct SingleTexts {
  using Row = SingleText;

  static SingleText Make(RowView row) {
    SingleText single;
    single.text = row[0].text;
    return single;
  }

  static std::uint64_t Hash(const SingleText& single) {
    RowHash hash;
    hash.Add(single.text);
    return hash.value();
  }
};

}  // namespace

std::unique_ptr<RowSink> MakeStructSink(const Dataset& dataset, bool one_column, bool keep) {
  if (one_column) return std::make_unique<KeepOrDrop<SingleTexts>>(SingleTexts(), keep);
  if (dataset.name == "records") return std::make_unique<KeepOrDrop<Records>>(Records(), keep);
  return std::make_unique<KeepOrDrop<Employees>>(Employees(), keep);
}

}  // namespace dbread
