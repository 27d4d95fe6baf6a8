// SPDX-License-Identifier: MIT
// A row of employees.
#pragma once

#include "demo_apps/dbread/models/date.h"

namespace dbread {

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
    RowHash hash;
    hash.Add(employee.id);
    hash.Add(employee.first_name);
    hash.Add(employee.last_name);
    hash.Add(employee.email);
    hash.Add(employee.department);
    hash.Add(employee.city);
    AddDate(hash, employee.hire_date);
    hash.Add(employee.salary);
    return hash.value();
  }
};

}  // namespace dbread
