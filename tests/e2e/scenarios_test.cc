// SPDX-License-Identifier: MIT
// The write-ups' scenarios at a small scale: which way of reading needs more than which, who holds it, and
// whether a service that leaks is told from one that does not while both run.
#include <signal.h>

#include <algorithm>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kDbread = std::string(MEMTRACE_KNOWN_PROGRAMS) + "/dbread";
const std::string kPollservice = std::string(MEMTRACE_KNOWN_PROGRAMS) + "/pollservice";

// What one way of reading did to memory.
struct Way {
  std::uint64_t peak_bytes = 0;        // of what main asked for
  std::uint64_t whole_peak_bytes = 0;  // of all, from before main on
  std::string main_source;             // the line that holds most of it: file and function
  std::vector<std::string> mark_names;
  std::vector<std::uint64_t> mark_resident_bytes;

  std::uint64_t ResidentAt(const std::string& mark) const {
    const auto found = std::find(mark_names.begin(), mark_names.end(), mark);
    EXPECT_NE(found, mark_names.end()) << mark;
    return found == mark_names.end() ? 0 : mark_resident_bytes[found - mark_names.begin()];
  }
};

class Scenarios : public EndToEnd {
 protected:
  void Make(const std::string& dataset, const std::string& scale) {
    const Outcome made = Run({kDbread, "--db", "t.db", "--dataset", dataset, "--scale", scale, "--prepare"});
    ASSERT_TRUE(made.Succeeded()) << made.err;
    dataset_ = dataset;
  }

  Way Read(std::vector<std::string> options) {
    options.insert(options.begin(), {kDbread, "--db", "t.db", "--dataset", dataset_});
    return WayOf(ExpectSoundRun(Command(options)).trace);
  }

  // Process memory at its highest, down to one part in fifty.
  void ExpectExplained(const fs::path& trace) {
    const json summary = MemtraceJson({"summary", trace});
    const json& highest = summary.at("process_memory").at("highest");
    const double unexplained = highest.at("causes").at("unexplained");
    EXPECT_LT(unexplained, 0.02 * highest.at("resident_bytes").get<double>()) << trace << highest.dump(2);
  }

  Way WayOf(const fs::path& trace) {
    ExpectExplained(trace);
    const json top = MemtraceJson({"top", "--metric", "peak", "--focus", "^main$", trace});
    Way way;
    way.peak_bytes = top.at("matching").at("bytes");
    const std::vector<Row> rows = ParseRows(top);
    if (!rows.empty()) way.main_source = rows[0].file + " " + rows[0].function;
    const Summary summary = SummaryOf(trace);
    way.whole_peak_bytes = summary.peak.bytes;
    for (const json& mark : summary.marks) {
      way.mark_names.push_back(mark.at("name"));
      way.mark_resident_bytes.push_back(mark.at("resident_bytes"));
    }
    return way;
  }

  std::string dataset_;
};

TEST_F(Scenarios, EmployeesFromSqliteEagerThenBatchedThenStreamed) {
  Make("employees", "0.02");
  const Way eager = Read({"--read", "eager", "--rows", "structs"});
  const Way batched = Read({"--read", "batched", "--batch", "2000", "--rows", "structs"});
  const Way streamed = Read({"--read", "single-row", "--rows", "structs"});
  EXPECT_GT(eager.peak_bytes, 5 * batched.peak_bytes);
  EXPECT_GT(batched.peak_bytes, 2 * streamed.peak_bytes);
  EXPECT_THAT(eager.main_source, HasSubstr("sqlite/stored_rows.cc"));
  EXPECT_THAT(batched.main_source, HasSubstr("sqlite/stored_rows.cc"));
}

TEST_F(Scenarios, RecordsCostMoreTheMoreALayerKnowsOfThem) {
  Make("records", "0.1");
  const auto kept = [&](const char* rows) {
    return Read({"--read", "single-row", "--keep", "--rows", rows});
  };
  const Way structs = kept("structs"), tuples = kept("tuples"), named = kept("named");
  const Way validated = kept("validated"), existing = kept("validated-existing"), entities = kept("entities");
  EXPECT_LT(structs.peak_bytes, tuples.peak_bytes);
  EXPECT_LT(tuples.peak_bytes, named.peak_bytes);
  EXPECT_LT(named.peak_bytes, validated.peak_bytes);
  EXPECT_LT(validated.peak_bytes, existing.peak_bytes);
  EXPECT_LT(existing.peak_bytes, entities.peak_bytes);
  EXPECT_GT(entities.peak_bytes, 5 * tuples.peak_bytes);
  EXPECT_THAT(tuples.main_source, HasSubstr("rows_tuples.cc"));
  EXPECT_THAT(validated.main_source, HasSubstr("rows_validated.cc"));
  EXPECT_THAT(entities.main_source, HasSubstr("rows_entities.cc"));
}

TEST_F(Scenarios, BouncedEmailsStayWhereADictionaryOfAddressesOutlivesThem) {
  Make("emails", "0.1");
  const std::vector<std::string> whole = {"--read", "eager", "--rows", "structs", "--keep", "--lookup"};
  std::vector<std::string> narrow = whole;
  narrow.insert(narrow.end(), {"--columns", "one"});
  const Way all = Read(whole);
  const Way one = Read(narrow);
  EXPECT_GT(all.peak_bytes, 4 * one.peak_bytes);
  // What the read added, and how much of it is still there when the rows are gone.
  const auto start = static_cast<double>(all.ResidentAt("Engine connected"));
  const double added = static_cast<double>(all.ResidentAt("Result iteration end")) - start;
  const double left = static_cast<double>(all.ResidentAt("Rows released")) - start;
  EXPECT_GT(left, added / 2) << "the memory went back, although small live blocks lie between the freed ones";
}

TEST_F(Scenarios, PicturesAreReadInPagesOfConstantSize) {
  Make("pictures", "0.01");
  const Way eager = Read({"--read", "eager"});
  for (const char* read : {"offset", "keyset", "batched"}) {
    const Way pages = Read({"--read", read, "--batch", "20"});
    EXPECT_GT(eager.peak_bytes, 10 * pages.peak_bytes) << read;
  }
  const Way keys = Read({"--read", "eager", "--columns", "one"});
  EXPECT_GT(eager.peak_bytes, 20 * keys.peak_bytes);
}

class PollingService : public Scenarios {
 protected:
  void SetUp() override { Make("events", "0.05"); }

  // Runs the service until it has polled so often; what `look` sees is the trace of a running process.
  template <typename Look>
  void WhilePolling(std::vector<std::string> options, const Look& look) {
    options.insert(options.begin(), {kPollservice, "--db", "t.db", "--interval", "0.05"});
    Background service(Shimmed(Command(options)));
    ASSERT_TRUE(service.AwaitOutput("poll 40:", std::chrono::seconds(60))) << service.output();
    service.Signal(SIGUSR1);
    ASSERT_TRUE(service.AwaitOutput("poll 42:", std::chrono::seconds(60))) << service.output();
    look(WithTraces(Outcome{}).traces.at(0));
    service.Signal(SIGTERM);
    const Outcome end = service.Finish();
    EXPECT_EQ(EndOf(end), "exit code 0") << end.err;
  }

  std::vector<json> GrowingPlaces(const fs::path& trace) {
    std::vector<json> growing;
    const json leaks = MemtraceJson({"leaks", "-n", "100", trace});
    for (const json& row : leaks.at("rows")) {
      if (row.at("still_growing")) growing.push_back(row);
    }
    return growing;
  }

  json Growth(const fs::path& trace) {
    return MemtraceJson({"diff", trace, "--at", "Poll 5", "--at", "Poll 40"});
  }
};

TEST_F(PollingService, ALeakIsNamedWhileTheServiceRuns) {
  WhilePolling({"--leak"}, [&](const fs::path& trace) {
    EXPECT_TRUE(SummaryOf(trace).is_running);
    // What grows evenly is judged over time, and a busy machine may hold the service up: it is given the
    // time.
    std::vector<json> growing;
    const auto is_found = [&] { return !(growing = GrowingPlaces(trace)).empty(); };
    ASSERT_TRUE(Await(is_found, std::chrono::seconds(60)));
    for (const json& place : growing) {
      EXPECT_THAT(place.at("label").get<std::string>(), HasSubstr("pollservice/outbox.cc"));
    }
    const json diff = Growth(trace);
    EXPECT_GT(diff.at("total").at("after").at("bytes"), diff.at("total").at("before").at("bytes"));
    EXPECT_THAT(diff.at("rows").at(0).at("label").get<std::string>(), HasSubstr("pollservice/outbox.cc"));
    // The mark that was asked for by a signal.
    EXPECT_EQ(MemtraceJson({"top", trace, "--at", "Requested 1"}).at("command"), "top");
  });
}

TEST_F(PollingService, AHealthyOneGrowsNowhere) {
  for (const char* poll : {"list", "iterate", "column"}) {
    WhilePolling({"--poll", poll}, [&](const fs::path& trace) {
      EXPECT_THAT(GrowingPlaces(trace), testing::IsEmpty()) << poll;
      const json diff = Growth(trace);
      EXPECT_EQ(diff.at("total").at("after"), diff.at("total").at("before")) << poll;
      fs::remove(trace);
    });
  }
}

// The servers' own scenarios: the test's script runs with a throw-away server.
class ServerScenarios : public Scenarios {
 protected:
  // Records each way into traces/NAME.mtr; false and skipped where the server is not installed.
  bool ReadAll(const std::string& tool, const std::string& driver, const std::string& dataset,
               const std::string& scale, const std::vector<std::pair<std::string, std::string>>& ways) {
    const std::string dbread = kDbread + " --driver " + driver + " --dataset " + dataset;
    std::string script = "set -e; " + dbread + " --scale " + scale + " --prepare\n";
    for (const auto& [name, options] : ways) {
      script += MemtracePath() + " run -o " + (traces() / name).string() + ".mtr -- " + dbread + " " +
                options + "\n";
    }
    const Command command{std::string(MEMTRACE_SOURCE_ROOT) + "/tools/" + tool, "--", "/bin/sh", "-c",
                          script};
    const Outcome outcome = Run(command.Within(std::chrono::seconds(150)));
    if (outcome.err.find("server programs found") != std::string::npos) return false;
    if (outcome.err.find("built without") != std::string::npos) return false;
    EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
    return true;
  }

  Way WayOf(const std::string& name) { return Scenarios::WayOf(traces() / (name + ".mtr")); }
};

TEST_F(ServerScenarios, EmployeesFromPostgres) {
  if (!ReadAll("with_postgres", "postgres", "employees", "0.02",
               {{"eager", "--read eager"},
                {"batched", "--read batched --batch 100"},
                {"cursor", "--read cursor --batch 1000"},
                {"single-row", "--read single-row"},
                {"copy", "--read copy"},
                {"async", "--read eager --async"}})) {
    GTEST_SKIP() << "PostgreSQL is not installed";
  }
  const Way eager = WayOf("eager"), batched = WayOf("batched"), cursor = WayOf("cursor");
  const Way streamed = WayOf("single-row"), copy = WayOf("copy"), async = WayOf("async");
  // libpq buffers the whole result, however it is handed out, and whoever waits.
  EXPECT_GT(batched.peak_bytes, eager.peak_bytes / 2);
  EXPECT_GT(async.peak_bytes, eager.peak_bytes / 2);
  EXPECT_GT(eager.peak_bytes, 5 * cursor.peak_bytes);
  EXPECT_GT(cursor.peak_bytes, 2 * streamed.peak_bytes);
  EXPECT_GT(cursor.peak_bytes, 2 * copy.peak_bytes);
  EXPECT_THAT(eager.main_source, HasSubstr("PQgetResult"));
  EXPECT_THAT(batched.main_source, HasSubstr("PQgetResult"));
}

TEST_F(ServerScenarios, EventsFromMariadb) {
  if (!ReadAll("with_mariadb", "mysql", "events", "0.2",
               {{"store", "--read eager"},
                {"batched", "--read batched"},
                {"use", "--read single-row"},
                {"cursor", "--read cursor"},
                {"async", "--read eager --async"}})) {
    GTEST_SKIP() << "MariaDB is not installed";
  }
  const Way store = WayOf("store"), batched = WayOf("batched"), use = WayOf("use");
  EXPECT_GT(store.peak_bytes, 5 * use.peak_bytes);
  EXPECT_GT(batched.peak_bytes, store.peak_bytes / 2);
  EXPECT_GT(store.peak_bytes, 3 * WayOf("cursor").peak_bytes);
  // The non-blocking interface works on a stack of its own, which does not begin in main.
  EXPECT_GT(WayOf("async").whole_peak_bytes, use.whole_peak_bytes + store.peak_bytes / 2);
  EXPECT_THAT(store.main_source, HasSubstr("mysql_store_result"));
}

TEST_F(ServerScenarios, RecordsFromPythonByDriverAndByOrm) {
  const std::string python = "/usr/bin/python3";  // the system's, which has the system's packages
  if (!Run({python, "-c", "import psycopg, psycopg2, sqlalchemy"}).Succeeded()) {
    GTEST_SKIP() << "psycopg or SQLAlchemy is not installed";
  }
  const std::string programs = std::string(MEMTRACE_SOURCE_ROOT) + "/demo_apps/python/records_";
  std::string script =
      "set -e; " + kDbread + " --driver postgres --dataset records --scale 0.05 --prepare 2>/dev/null\n";
  for (const std::string way : {"driver", "orm"}) {
    script += python + " " + programs + way + ".py | tail -n 1\n";
    script += MemtracePath() + " run -q --no-follow -o " + (traces() / way).string() + ".mtr -- " + python +
              " " + programs + way + ".py | tail -n 1\n";
  }
  const Command command{std::string(MEMTRACE_SOURCE_ROOT) + "/tools/with_postgres", "--", "/bin/sh", "-c",
                        script};
  const Outcome outcome = Run(command.With("PYTHONDONTWRITEBYTECODE", "1").Within(std::chrono::seconds(150)));
  if (outcome.err.find("server programs found") != std::string::npos)
    GTEST_SKIP() << "PostgreSQL is not installed";
  const std::string line = "records: 4600 rows, sum of num 80597100\n";
  EXPECT_EQ(outcome.out, line + line + line + line) << outcome.err;
  const Way driver = WayOf("driver"), orm = WayOf("orm");
  EXPECT_THAT(orm.mark_names, testing::ElementsAre("Start", "After imports", "Engine connected",
                                                   "Result iteration start", "Result iteration end"));
  EXPECT_EQ(driver.mark_names, orm.mark_names);
  EXPECT_GT(orm.ResidentAt("Result iteration end"), driver.ResidentAt("Result iteration end"));
}

}  // namespace
}  // namespace memtrace::e2e
