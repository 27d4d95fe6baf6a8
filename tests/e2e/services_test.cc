// SPDX-License-Identifier: MIT
// Real services, with all their processes, serve the same under the recorder as without it. Servers listen on
// unix sockets in the test's folder. Not part of the packages that tools/test installs, as Debian starts some of
// them as services of the machine: tools/install_packages services.
#include <unistd.h>

#include <string>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

class Services : public EndToEnd {
 protected:
  // Under the shim the whole script is recorded: the shell, the server and its clients.
  void ExpectSameService(const std::vector<std::string>& programs, const std::string& script) {
    for (const std::string& program : programs) {
      if (!IsInstalled(program)) GTEST_SKIP() << program << " is not installed";
    }
    const std::string patient = "await() { for i in $(seq 300); do \"$@\" && return; sleep 0.1; done; exit 99; }\n";
    ExpectSameBehaviour(Command{"/bin/bash", "-c", patient + script}.Within(std::chrono::seconds(150)));
  }

  // The largest trace of a program in allocations, and that nothing of it was lost.
  Summary LargestTraceOf(const std::string& comm) {
    Summary largest;
    for (const fs::path& trace : WithTraces(Outcome{}).traces) {
      if (!trace.filename().string().starts_with(comm + ".")) continue;
      const Summary summary = SummaryOf(trace);
      EXPECT_EQ(summary.events_lost, 0u) << trace;
      if (summary.allocs > largest.allocs) largest = summary;
    }
    return largest;
  }
};

TEST_F(Services, RedisUnderItsBenchmark) {
  ExpectSameService({"redis-server", "redis-benchmark"}, R"sh(
    redis-server --port 0 --unixsocket "$PWD/socket" --save '' --appendonly no --logfile log &
    await redis-cli -s socket ping >/dev/null 2>&1
    redis-benchmark -s socket -n 20000 -c 8 -q -t set,get,lpush,hset >/dev/null
    redis-cli -s socket set key value
    redis-cli -s socket get key
    redis-cli -s socket llen mylist
    redis-cli -s socket shutdown nosave
    wait $!; echo "server: $?")sh");
  if (IsSkipped()) return;
  EXPECT_GT(LargestTraceOf("redis-server").allocs, 60'000u);
}

TEST_F(Services, NginxWithWorkersAndAReload) {
  WriteFile(root() / "nginx.conf", R"sh(
    worker_processes 2; pid pid; error_log stderr; daemon off;
    events { worker_connections 64; }
    http {
      access_log off; gzip on; gzip_types text/plain; gzip_min_length 1;
      client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
      server { listen unix:socket; root .; location / { default_type text/plain; } }
    })sh");
  ExpectSameService({"nginx", "curl"}, R"sh(
    seq 5000 >page.txt
    nginx -p "$PWD" -c ")sh" + (root() / "nginx.conf").string() + R"sh(" 2>log &
    get() { curl -s --compressed --unix-socket socket http://localhost/page.txt; }
    await get >/dev/null
    for i in $(seq 50); do get | md5sum; done | sort | uniq -c
    kill -HUP $!; sleep 0.5
    get | md5sum
    kill -QUIT $!; wait $!; echo "server: $?"
    rm -f socket)sh");
  if (IsSkipped()) return;
  EXPECT_GT(LargestTraceOf("nginx").allocs, 100u);
}

// wrk cannot speak to a socket in a folder; the port is taken from the shell's process id, which nobody else has.
TEST_F(Services, NginxUnderWrk) {
  ExpectSameService({"nginx", "wrk", "curl"}, R"sh(
    port=$((20000 + $$ % 30000))
    seq 500 >page.txt
    cat >conf <<END
      worker_processes 2; pid $PWD/pid; error_log stderr; daemon off;
      events { worker_connections 256; }
      http {
        access_log off; gzip on; gzip_types text/plain; gzip_min_length 1;
        client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
        server { listen 127.0.0.1:$port; root $PWD; location / { default_type text/plain; } }
      }
END
    nginx -p "$PWD" -c "$PWD/conf" 2>log &
    await curl -sf http://127.0.0.1:$port/page.txt >/dev/null
    wrk -t 2 -c 16 -d 1s -H 'Accept-Encoding: gzip' http://127.0.0.1:$port/page.txt >wrk.out; echo "wrk: $?"
    grep -cE 'requests in' wrk.out
    grep -E 'Non-2xx|Socket errors' wrk.out
    kill -QUIT $!; wait $!; echo "server: $?"
    rm -f wrk.out conf)sh");
  if (IsSkipped()) return;
  EXPECT_GT(LargestTraceOf("nginx").allocs, 100u);
}

TEST_F(Services, PostgresUnderPgbench) {
  // The server runs as a user of its own, who must be able to read the library and to write traces, wherever we are.
  fs::permissions(root(), fs::perms::all);
  fs::permissions(work(), fs::perms::all);
  fs::permissions(traces(), fs::perms::all);
  fs::copy_file(ShimPath(), root() / "libmemtrace.so");
  fs::permissions(root() / "libmemtrace.so", fs::perms(0755));
  ExpectSameService({"psql", "pgbench", "runuser"}, R"sh(
    [ -z "$LD_PRELOAD" ] || export LD_PRELOAD=)sh" + (root() / "libmemtrace.so").string() + R"sh(
    as() { "$@"; }
    if [ "$(id -u)" = 0 ]; then as() { runuser -u postgres -- "$@"; }; fi
    programs=$(dirname "$(readlink -f /usr/lib/postgresql/*/bin/postgres | tail -1)")
    as "$programs/initdb" -D "$PWD/data" -A trust --no-sync --no-instructions >/dev/null || exit 98
    as "$programs/postgres" -D "$PWD/data" -k "$PWD" -c listen_addresses= -c fsync=off >log 2>&1 &
    export PGHOST=$PWD
    as "$programs/pgbench" --version >/dev/null
    await as "$programs/pg_isready" -q
    as "$programs/pgbench" -i -q -s 2 postgres >/dev/null 2>&1; echo "init: $?"
    as "$programs/pgbench" -n -c 4 -j 2 -t 500 postgres 2>/dev/null | grep -E 'processed|failed'
    as "$programs/psql" -At -c 'select count(*) from pgbench_history' postgres
    kill -INT $(head -1 data/postmaster.pid); wait $!; echo "server: $?"
    grep -cE 'PANIC|terminated by signal' log
    rm -rf data .psql_history)sh");
  if (IsSkipped()) return;
  EXPECT_GT(LargestTraceOf("postgres").allocs, 1'000u);
}

TEST_F(Services, ChromiumPrintsAPage) {
  // The tracer of its crashes and the D-Bus that is not there complain in a varying order: stderr is left aside.
  ExpectSameService({"chromium"}, R"sh(
    echo '<body><script>document.body.append("sum " + [1,2,3].reduce((a, b) => a + b))</script>' >page.html
    chromium --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/page.html" \
      2>/dev/null
    echo "exit: $?"; rm -rf profile .pki .config .cache .local)sh");
  // Chromium brings an allocator of its own, and each of its traces says so.
  for (const fs::path& trace : WithTraces(Outcome{}).traces) {
    if (!trace.filename().string().starts_with("chromium.")) continue;
    const Outcome summary = Memtrace({"summary", trace});
    if (summary.out.find("total heap usage   0 allocs") == std::string::npos) continue;  // the shell that starts it
    EXPECT_THAT(summary.out, testing::HasSubstr("has its own malloc")) << trace;
  }
}

TEST_F(Services, PythonsOwnTests) {
  if (Run({"python3", "-c", "import test.test_json"}).exit_code != 0) GTEST_SKIP() << "python3's test suite is not installed";
  ExpectSameService({"python3"}, R"sh(
    python3 -m unittest -q test.test_json.test_decode test.test_json.test_dump test.test_json.test_unicode \
      test.test_json.test_speedups 2>&1 | grep -v '^Ran '; echo "exit: ${PIPESTATUS[0]}")sh");
}

}  // namespace
}  // namespace memtrace::e2e
