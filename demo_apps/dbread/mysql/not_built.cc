// SPDX-License-Identifier: MIT
// Stands in for the mysql driver where its library was not there when dbread was built.
#include "demo_apps/dbread/connection.h"

namespace dbread {

std::unique_ptr<Connection> ConnectToMysql(const std::string&, Waiting) {
  throw UnsupportedRead("built without mysql: install libmariadb-dev and build again");
}

}  // namespace dbread
