// SPDX-License-Identifier: MIT
// A row of emails: one that was sent, with the address it went to.
#pragma once

#include "demo_apps/dbread/models/date.h"

namespace dbread {

struct BouncedEmail {
  std::int32_t send_id = 0;
  std::string campaign;
  Date sent_on;
  std::string subject;
  std::string message_id;
  std::string diagnostic;
  std::int32_t address_id = 0;
  std::string address;
  std::string full_name;
  std::string street;
  std::string city;
  Date added_on;
};

struct BouncedEmails {
  using Row = BouncedEmail;

  static BouncedEmail Make(RowView row) {
    BouncedEmail email;
    email.send_id = ToNumber<std::int32_t>(row[0].text);
    email.campaign = row[1].text;
    email.sent_on = ToDate(row[2].text);
    email.subject = row[3].text;
    email.message_id = row[4].text;
    email.diagnostic = row[5].text;
    email.address_id = ToNumber<std::int32_t>(row[6].text);
    email.address = row[7].text;
    email.full_name = row[8].text;
    email.street = row[9].text;
    email.city = row[10].text;
    email.added_on = ToDate(row[11].text);
    return email;
  }

  static std::uint64_t Hash(const BouncedEmail& email) {
    RowHash hash;
    hash.Add(email.send_id);
    hash.Add(email.campaign);
    AddDate(hash, email.sent_on);
    hash.Add(email.subject);
    hash.Add(email.message_id);
    hash.Add(email.diagnostic);
    hash.Add(email.address_id);
    hash.Add(email.address);
    hash.Add(email.full_name);
    hash.Add(email.street);
    hash.Add(email.city);
    AddDate(hash, email.added_on);
    return hash.value();
  }
};

}  // namespace dbread
