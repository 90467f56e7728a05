// The limits that Tasker is measured against: SQLite's C API with nothing around it, and the
// wake-up of a sleeping thread.
//
//   bench_limit commits   latency of n single-row commits, one after the other
//   bench_limit rows      rows a second in large batches
//   bench_limit wake      from a notify to the woken thread running
//   bench_limit version   SQLite's version
//
// SQLite runs as Tasker does by default: WAL, synchronous=FULL.
#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/native/output.h"

namespace tasker::bench {
namespace {

/// A table of numbered rows in a new file. Every failure ends the program.
class RowTable {
 public:
  explicit RowTable(const std::string& path) {
    check(sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr),
          "open");
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=FULL");
    execute("CREATE TABLE row (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL)");
    begin_ = prepare("BEGIN IMMEDIATE");
    insert_ = prepare("INSERT INTO row (seq, body) VALUES (?1, ?2)");
    commit_ = prepare("COMMIT");
  }

  ~RowTable() {
    sqlite3_finalize(begin_);
    sqlite3_finalize(insert_);
    sqlite3_finalize(commit_);
    sqlite3_close(db_);
  }

  RowTable(const RowTable&) = delete;
  RowTable& operator=(const RowTable&) = delete;

  void begin() { step(begin_); }
  void commit() { step(commit_); }

  void insert(std::uint64_t seq, const std::string& body) {
    check(sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(seq)), "bind");
    check(sqlite3_bind_text(insert_, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC),
          "bind");
    step(insert_);
  }

  /// Rows from `first` on, read back from the table.
  Work read_work(std::uint64_t first, std::uint64_t tasks) {
    sqlite3_stmt* read = prepare("SELECT count(*), coalesce(sum(seq), 0) FROM row WHERE seq >= ?1");
    check(sqlite3_bind_int64(read, 1, static_cast<sqlite3_int64>(first)), "bind");
    if (sqlite3_step(read) != SQLITE_ROW) die("read", sqlite3_errmsg(db_));
    const Work work{.tasks = tasks,
                    .steps = static_cast<std::uint64_t>(sqlite3_column_int64(read, 0)),
                    .checksum = static_cast<std::uint64_t>(sqlite3_column_int64(read, 1))};
    sqlite3_finalize(read);
    return work;
  }

 private:
  void check(int code, const char* what) {
    if (code != SQLITE_OK) die(what, db_ != nullptr ? sqlite3_errmsg(db_) : "out of memory");
  }

  void execute(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), sql); }

  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr), sql);
    return statement;
  }

  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) die("step", sqlite3_errmsg(db_));
    check(sqlite3_reset(statement), "reset");
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
};

struct CommitsOptions {
  std::string path;
  std::uint32_t commits = 5;
  std::uint64_t tasks = 300;
  std::uint64_t warmup = 50;
  std::uint32_t row_bytes = 200;
};

/// Tasks are numbered from 1; those up to `warmup` are not measured.
void run_commits(const CommitsOptions& options) {
  RowTable table(options.path);
  const std::string body(options.row_bytes, 'x');
  std::vector<double> samples_us;
  samples_us.reserve(options.tasks);
  for (std::uint64_t seq = 1; seq <= options.warmup + options.tasks; ++seq) {
    const auto start = SteadyClock::now();
    for (std::uint32_t i = 0; i < options.commits; ++i) {
      table.begin();
      table.insert(seq, body);
      table.commit();
    }
    if (seq > options.warmup) {
      samples_us.push_back(microseconds_between(start, SteadyClock::now()));
    }
  }
  print_samples(samples_us, table.read_work(options.warmup + 1, options.tasks));
}

struct RowsOptions {
  std::string path;
  std::uint64_t rows = 500'000;
  std::uint64_t warmup = 50'000;
  std::uint64_t batch = 1000;
  std::uint32_t row_bytes = 200;
};

void insert_batches(RowTable& table, const RowsOptions& options, std::uint64_t first,
                    std::uint64_t last) {
  const std::string body(options.row_bytes, 'x');
  for (std::uint64_t seq = first; seq <= last;) {
    table.begin();
    for (std::uint64_t i = 0; i < options.batch && seq <= last; ++i, ++seq) table.insert(seq, body);
    table.commit();
  }
}

void run_rows(const RowsOptions& options) {
  RowTable table(options.path);
  insert_batches(table, options, 1, options.warmup);
  const auto start = SteadyClock::now();
  insert_batches(table, options, options.warmup + 1, options.warmup + options.rows);
  const double elapsed_s = seconds_between(start, SteadyClock::now());
  print_elapsed(elapsed_s, table.read_work(options.warmup + 1, options.rows));
}

struct WakeOptions {
  std::uint64_t rounds = 200;
  std::uint32_t idle_ms = 5;
};

/// A second thread sleeps on a condition variable; each round wakes it after a pause.
void run_wake(const WakeOptions& options) {
  std::mutex mutex;
  std::condition_variable woken;
  std::uint64_t notified = 0;
  std::uint64_t answered = 0;
  SteadyClock::time_point sent;
  std::vector<double> samples_us;
  samples_us.reserve(options.rounds);

  std::thread waiter([&] {
    for (std::uint64_t round = 1; round <= options.rounds; ++round) {
      std::unique_lock lock(mutex);
      woken.wait(lock, [&] { return notified == round; });
      samples_us.push_back(microseconds_between(sent, SteadyClock::now()));
      answered = round;
    }
  });
  for (std::uint64_t round = 1; round <= options.rounds;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(options.idle_ms));
    {
      const std::lock_guard lock(mutex);
      // On a busy machine the waiter may not have run yet: another pause.
      if (answered != round - 1) continue;
      notified = round++;
      sent = SteadyClock::now();
    }
    woken.notify_one();
  }
  waiter.join();
  print_samples(samples_us, Work{.tasks = options.rounds,
                                 .steps = options.rounds,
                                 .checksum = options.rounds * (options.rounds + 1) / 2});
}

int run(int argc, char** argv) {
  CLI::App app("Limits that Tasker is measured against");
  app.require_subcommand(1);

  CommitsOptions commits;
  auto* commits_command = app.add_subcommand("commits", "latency of n single-row commits");
  commits_command->add_option("--path", commits.path, "new database file")->required();
  commits_command->add_option("--commits", commits.commits, "commits of one task");
  commits_command->add_option("--tasks", commits.tasks, "tasks measured");
  commits_command->add_option("--warmup", commits.warmup, "tasks before them");
  commits_command->add_option("--row-bytes", commits.row_bytes, "bytes in a row");

  RowsOptions rows;
  auto* rows_command = app.add_subcommand("rows", "rows a second in large batches");
  rows_command->add_option("--path", rows.path, "new database file")->required();
  rows_command->add_option("--rows", rows.rows, "rows measured");
  rows_command->add_option("--warmup", rows.warmup, "rows before them");
  rows_command->add_option("--batch", rows.batch, "rows in a commit")->check(CLI::PositiveNumber);
  rows_command->add_option("--row-bytes", rows.row_bytes, "bytes in a row");

  WakeOptions wake;
  auto* wake_command = app.add_subcommand("wake", "from a notify to the woken thread running");
  wake_command->add_option("--rounds", wake.rounds, "wake-ups measured");
  wake_command->add_option("--idle-ms", wake.idle_ms, "pause before each");

  auto* version_command = app.add_subcommand("version", "SQLite's version");

  CLI11_PARSE(app, argc, argv);
  if (commits_command->parsed()) run_commits(commits);
  if (rows_command->parsed()) run_rows(rows);
  if (wake_command->parsed()) run_wake(wake);
  if (version_command->parsed()) fmt::print("{}\n", sqlite3_libversion());
  return 0;
}

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) { return tasker::bench::run(argc, argv); }
