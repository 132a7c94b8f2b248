/* The store of trials: what is kept comes back, whatever happens to whoever keeps it; what is damaged is refused. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/files.h"
#include "store_unit.h"

/* Holds the trials of the store to what fill has put there; the number of them, -1 for a failure. */
static ts_result count_trial(void *user, const ts_trial *t) {
  int *n = user;
  char want[40];
  snprintf(want, sizeof want, "x=%d", ++*n);
  if (strcmp(t->parameters, want) != 0 || t->ms.value != *n)
    ck_abort_msg("another trial: %s", t->parameters);
  return TS_OK;
}

static int count(place *p, ts_store *s) {
  int n = 0;
  return ts_store_trials(s, &p->arena, 1, count_trial, &n) ? -1 : n;
}

/* Opening it is refused with this message, "%s" the path. */
static void refused(place *p, ts_store_access access, const char *format) {
  ts_store *s;
  char want[300];
  snprintf(want, sizeof want, format, p->path);
  ck_assert_int_eq(ts_store_open(p->ctx, p->path, access, &s), TS_ERR);
  ck_assert_ptr_null(s);
  ck_assert_str_eq(p->ctx->first->message, want);
  ts_context_clear_diagnostics(p->ctx);
}

static void run_sql(place *p, const char *sql) {
  sqlite3 *db;
  ck_assert_int_eq(sqlite3_open(p->path, &db), SQLITE_OK);
  ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

/* ---- keeping ---- */

START_TEST(a_trial_comes_back_with_everything) {
  place *p = place_make();
  double samples[] = {0.1, 1e-300, 5e-324, 3};
  ts_trial t = {.parameters = "a=1 b=word",
                .pipeline = "fuse, lower{acc=f32}",
                .verdict = TS_VERDICT_WRONG,
                .reason = "it's \"off\"\nby 2",
                .num_samples = 4,
                .samples = samples,
                .ms = {1.5, 1, -0.0},
                .energy = {TS_ENERGY_MEASURED, 2, 1, 3, "RAPL"},
                .error = NAN,
                .hopeless = true,
                .code = "ff00",
                .duplicate = true,
                .pass_seconds = 1,
                .compile_seconds = 2,
                .check_seconds = 3,
                .measure_seconds = INFINITY,
                .clock_mhz = 5,
                .load = 6,
                .when = 1700000000},
           back;
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ck_assert_int_eq(ts_session_keep(session_of(p, s, &a_key), &t), TS_OK);
  ts_store_close(s);
  bool found;
  s = open_store(p, p->path, TS_STORE_WRITE);
  ck_assert_int_eq(
      ts_session_recall(session_of(p, s, &a_key), &p->arena, "a=1 b=word", &found, &back), TS_OK);
  ck_assert(found);
  ck_assert_str_eq(back.pipeline, t.pipeline);
  ck_assert_int_eq(back.verdict, t.verdict);
  ck_assert_str_eq(back.reason, t.reason);
  ck_assert_uint_eq(back.num_samples, 4);
  ck_assert_mem_eq(back.samples, samples, sizeof samples);
  ck_assert_double_eq(back.ms.value, 1.5);
  ck_assert_double_eq(back.ms.high, 0);
  ck_assert_int_eq(back.energy.kind, TS_ENERGY_MEASURED);
  ck_assert_double_eq(back.energy.high, 3);
  ck_assert_str_eq(back.energy.how, "RAPL");
  ck_assert(isnan(back.error) && back.hopeless && back.duplicate && isinf(back.measure_seconds));
  ck_assert_str_eq(back.code, "ff00");
  ck_assert_double_eq(back.pass_seconds + back.compile_seconds * 10 + back.check_seconds * 100,
                      321);
  ck_assert_double_eq(back.clock_mhz * 10 + back.load, 56);
  ck_assert_int_eq(back.when, 1700000000);
  ck_assert_int_eq(ts_session_recall(session_of(p, s, &a_key), &p->arena, "a=2", &found, &back),
                   TS_OK);
  ck_assert(!found);
  ts_store_close(s);
  place_drop(p);
}
END_TEST

START_TEST(of_two_tuners_that_tried_the_same_point_the_first_one_counts) {
  place *p = place_make();
  ts_store *one = open_store(p, p->path, TS_STORE_WRITE),
           *two = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_store *a = session_of(p, one, &a_key), *b = session_of(p, two, &a_key);
  ts_trial t = nth_trial(p, 1), other = t, back;
  bool found;
  other.ms.value = 7;
  ck_assert_int_eq(ts_session_keep(a, &t), TS_OK);
  ck_assert_int_eq(ts_session_keep(b, &other), TS_OK);
  keep_nth(p, b, 2);
  ck_assert_int_eq(ts_session_recall(a, &p->arena, "x=1", &found, &back), TS_OK);
  ck_assert_double_eq(back.ms.value, 1);
  ck_assert_int_eq(count(p, one), 2);
  ck_assert_int_eq(ts_session_correct(b, &other), TS_OK);
  ck_assert_int_eq(ts_session_recall(a, &p->arena, "x=1", &found, &back), TS_OK);
  ck_assert_double_eq(back.ms.value, 7);
  ts_store_close(one);
  ts_store_close(two);
  place_drop(p);
}
END_TEST

static ts_result note_session(void *user, const ts_kept_session *session) {
  char *text = user;
  int n = (int)strlen(text);
  snprintf(text + n, 200 - (size_t)n, "[%lld %s %s %llu %llu]", (long long)session->id,
           session->key.function, session->key.shape, (unsigned long long)session->trials,
           (unsigned long long)session->good);
  return TS_OK;
}

START_TEST(sessions_are_told_apart_by_what_they_are_about) {
  place *p = place_make();
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_key other = a_key, like = {.target = "zen4"};
  other.target = "zen5";
  ts_session_key same = a_key;
  same.shape = "M is 512";
  keep_nth(p, session_of(p, s, &a_key), 1);
  keep_nth(p, session_of(p, s, &other), 2);
  keep_nth(p, session_of(p, s, &same), 3);
  ts_trial failed = {.parameters = "x=4", .verdict = TS_VERDICT_FAULT};
  ck_assert_int_eq(ts_session_keep(session_of(p, s, &a_key), &failed), TS_OK);
  char text[200] = "";
  ck_assert_int_eq(ts_store_sessions(s, &p->arena, NULL, note_session, text), TS_OK);
  ck_assert_str_eq(text, "[1 mlp M=512 3 2][2 mlp M=512 1 1]");
  text[0] = 0;
  ck_assert_int_eq(ts_store_sessions(s, &p->arena, &like, note_session, text), TS_OK);
  ck_assert_str_eq(text, "[1 mlp M=512 3 2]");
  ts_store_close(s);
  place_drop(p);
}
END_TEST

START_TEST(the_best_pipeline_is_that_of_the_least_time_of_a_good_trial) {
  place *p = place_make();
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_store *session = session_of(p, s, &a_key);
  const char *pipeline;
  unsigned from;
  ts_trial wrong = nth_trial(p, 1), hopeless = nth_trial(p, 2);
  wrong.verdict = TS_VERDICT_WRONG;
  hopeless.hopeless = true;
  ck_assert_int_eq(ts_session_keep(session, &wrong), TS_OK);
  ck_assert_int_eq(ts_session_keep(session, &hopeless), TS_OK);
  keep_nth(p, session, 4);
  keep_nth(p, session, 3);
  ck_assert_int_eq(ts_store_best(s, &p->arena, "abc", "zen4", &pipeline, &from), TS_OK);
  ck_assert_str_eq(pipeline, "tile{i=3}");
  ck_assert_uint_eq(from, 0);
  ck_assert_int_eq(ts_store_best(s, &p->arena, "def", "zen4", &pipeline, &from), TS_OK);
  ck_assert_str_eq(pipeline, "tile{i=3}");
  ck_assert_uint_eq(from, 2);
  ck_assert_int_eq(ts_store_best(s, &p->arena, "abc", "zen5", &pipeline, &from), TS_OK);
  ck_assert_ptr_null(pipeline);
  ts_store_close(s);
  place_drop(p);
}
END_TEST

START_TEST(the_usual_place_is_in_the_cache_and_may_be_empty) {
  place *p = place_make();
  ts_store *s;
  const char *pipeline;
  unsigned from;
  setenv("XDG_CACHE_HOME", p->folder, 1);
  ck_assert_int_eq(ts_store_open(p->ctx, NULL, TS_STORE_READ, &s), TS_OK);
  ck_assert_ptr_null(s);
  ck_assert_int_eq(ts_store_best(s, &p->arena, "abc", "zen4", &pipeline, &from), TS_OK);
  ck_assert_ptr_null(pipeline);
  ts_store_close(open_store(p, NULL, TS_STORE_WRITE));
  snprintf(p->path, sizeof p->path, "%s/tilesmith/tune.db", p->folder);
  ck_assert_int_eq(unlink(p->path), 0);
  *strrchr(p->path, '/') = 0;
  ck_assert_int_eq(rmdir(p->path), 0);
  place_drop(p);
}
END_TEST

/* ---- ends that nobody planned ---- */

/* Keeps trials from `from` on and tells of each through the pipe once it is kept, until it is killed. */
static void keep_for_ever(place *p, int from, int pipe_end) {
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_store *session = session_of(p, s, &a_key);
  for (int n = from;; n++) {
    keep_nth(p, session, n);
    if (write(pipe_end, &n, sizeof n) != sizeof n) _exit(1);
  }
}

START_TEST(kill_9_at_any_moment_loses_no_kept_trial) {
  place *p = place_make();
  int kept = 0;
  for (unsigned round = 0; round < 12; round++) {
    int ends[2], n = kept; /* the last that was told of */
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) keep_for_ever(p, kept + 1, ends[1]);
    close(ends[1]);
    for (unsigned i = 0; i < round % 3; i++)
      ck_assert_int_eq(read(ends[0], &n, sizeof n), sizeof n);
    usleep(round * 700);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(ends[0], &n, sizeof n) == sizeof n)
      continue;
    close(ends[0]);
    ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
    (void)session_of(p, s, &a_key);
    int there = count(p, s);
    ck_assert_int_ge(there, n);
    ck_assert_int_le(there, n + 1); /* the one that was kept, and not yet told of */
    kept = there;
    ts_store_close(s);
  }
  ck_assert_int_ge(kept, 4);
  place_drop(p);
}
END_TEST

START_TEST(a_log_that_is_lost_takes_no_kept_trial_with_it) {
  place *p = place_make();
  int ends[2], n = 0;
  ck_assert_int_eq(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) keep_for_ever(p, 1, ends[1]);
  close(ends[1]);
  while (n < 5)
    ck_assert_int_eq(read(ends[0], &n, sizeof n), sizeof n);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  char log[120];
  snprintf(log, sizeof log, "%s-wal", p->path);
  (void)unlink(log);
  ts_store *s = open_store(p, p->path, TS_STORE_READ);
  ck_assert_int_ge(count(p, s), 5);
  ts_store_close(s);
  close(ends[0]);
  place_drop(p);
}
END_TEST

START_TEST(a_full_disk_is_an_error_and_leaves_the_store_as_it_was) {
  place *p = place_make();
  fill(p, 3);
  struct stat st;
  ck_assert_int_eq(stat(p->path, &st), 0);
  signal(SIGXFSZ, SIG_IGN);
  const struct rlimit limit = {(rlim_t)st.st_size, RLIM_INFINITY},
                      none = {RLIM_INFINITY, RLIM_INFINITY};
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_store *session = session_of(p, s, &a_key);
  setrlimit(RLIMIT_FSIZE, &limit);
  ts_trial large = nth_trial(p, 4);
  char *reason = ts_arena_alloc(&p->arena, 100001);
  memset(reason, 'r', 100000);
  large.reason = reason;
  ts_result result = ts_session_keep(session, &large);
  setrlimit(RLIMIT_FSIZE, &none);
  ck_assert_int_eq(result, TS_ERR);
  char want[200];
  snprintf(want, sizeof want, "%s: the store of trials cannot be written: disk I/O error", p->path);
  ck_assert_str_eq(p->ctx->first->message, want);
  keep_nth(p, session, 4);
  ts_store_close(s);
  s = open_store(p, p->path, TS_STORE_READ);
  ck_assert_int_eq(count(p, s), 4);
  ts_store_close(s);
  place_drop(p);
}
END_TEST

START_TEST(memory_that_runs_out_anywhere_leaves_nothing_open) {
  for (uint64_t n = 1; n < 400; n++) {
    place *p = place_make();
    fill(p, 1);
    ts_store *s;
    p->ctx->memory.fail_after = n;
    ts_result result = ts_store_open(p->ctx, p->path, TS_STORE_WRITE, &s);
    p->ctx->memory.fail_after = 0;
    ck_assert(result == TS_OK ? s != NULL : result == TS_LIMIT && !s);
    ts_store_close(s);
    place_drop(p);
    if (result == TS_OK) return;
  }
  ck_abort_msg("it never opens");
}
END_TEST

/* ---- damage ---- */

static void write_copy(place *p, const char *bytes, size_t n) {
  ck_assert(ts_file_write(AT_FDCWD, p->path, O_TRUNC, bytes, n));
}

/* True: refused, by a message with its name. Else it has to hold all trials. */
static bool is_refused(place *p, int trials) {
  ts_store *s;
  bool refused = ts_store_open(p->ctx, p->path, TS_STORE_READ, &s) != TS_OK;
  if (refused)
    ck_assert_ptr_nonnull(strstr(p->ctx->first->message, p->path));
  else
    ck_assert_int_eq(count(p, s), trials);
  ts_context_clear_diagnostics(p->ctx);
  ts_store_close(s);
  return refused;
}

START_TEST(a_truncated_store_is_refused) {
  place *p = place_make();
  const char *bytes;
  size_t n;
  fill(p, 40);
  ck_assert(ts_file_read(&p->arena, AT_FDCWD, p->path, &bytes, &n));
  for (size_t cut = 0; cut < n; cut += cut < 200 ? 50 : 1024) {
    write_copy(p, bytes, cut);
    ck_assert_msg(is_refused(p, 40), "cut at %zu of %zu", cut, n);
  }
  place_drop(p);
}
END_TEST

/* A bit in room that no row takes may flip, and a few of the header that mean nothing to a reader. */
START_TEST(a_flipped_bit_is_found_or_changes_no_trial) {
  place *p = place_make();
  const char *bytes;
  size_t n, refusals = 0, flips = 0;
  fill(p, 40);
  ck_assert(ts_file_read(&p->arena, AT_FDCWD, p->path, &bytes, &n));
  char *copy = ts_arena_alloc(&p->arena, n);
  for (size_t at = 0; at < n; at += at < 100 ? 1 : 61) {
    memcpy(copy, bytes, n);
    copy[at] ^= (char)(1 << at % 8);
    write_copy(p, copy, n);
    refusals += is_refused(p, 40);
    flips++;
  }
  ck_assert_uint_ge(4 * refusals, flips); /* three fifths of so small a store are room */
  place_drop(p);
}
END_TEST

START_TEST(what_a_row_says_is_sealed) {
  place *p = place_make();
  fill(p, 3);
  run_sql(p, "UPDATE trial SET ms = 0.5 WHERE id = 2");
  refused(p, TS_STORE_WRITE, "%s: the store of trials is damaged: 1 rows do not fit their seals");
  place_drop(p);
}
END_TEST

START_TEST(a_row_that_is_changed_after_the_store_was_opened_is_found_when_it_is_read) {
  place *p = place_make();
  fill(p, 3);
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_store *session = session_of(p, s, &a_key);
  ts_trial t;
  bool found;
  run_sql(p, "UPDATE trial SET ms = 0.5 WHERE id = 2");
  ck_assert_int_eq(ts_session_recall(session, &p->arena, "x=1", &found, &t), TS_OK);
  ck_assert_int_eq(ts_session_recall(session, &p->arena, "x=2", &found, &t), TS_ERR);
  ck_assert_ptr_nonnull(
      strstr(p->ctx->first->message,
             "tune.db: the store of trials is damaged: a row does not fit its seal"));
  ts_store_close(s);
  place_drop(p);
}
END_TEST

START_TEST(other_files_are_no_stores) {
  place *p = place_make();
  refused(p, TS_STORE_READ, "cannot open the store of trials '%s': No such file or directory");
  ck_assert_int_eq(mkdir(p->path, 0700), 0);
  refused(p, TS_STORE_WRITE, "%s: not a regular file, as a store of trials is");
  ck_assert_int_eq(rmdir(p->path), 0);
  write_copy(p, "func @f(%A: tensor<4xf32>)\n", 27);
  refused(p, TS_STORE_WRITE, "%s: not a store of trials, or one whose beginning is damaged");
  ck_assert_int_eq(unlink(p->path), 0);
  run_sql(p, "CREATE TABLE mine (a)");
  refused(p, TS_STORE_WRITE, "%s: an SQLite file, but not a store of trials");
  ck_assert_int_eq(unlink(p->path), 0);
  fill(p, 1);
  run_sql(p, "PRAGMA user_version = 7");
  refused(p, TS_STORE_READ, "%s: a store of trials of version 7; this program knows version 1");
  run_sql(
      p,
      "PRAGMA user_version = 1; CREATE TRIGGER t AFTER INSERT ON trial BEGIN DELETE FROM session; END");
  refused(p, TS_STORE_WRITE, "%s: the store of trials is damaged: its tables are others");
  place_drop(p);
}
END_TEST

START_TEST(a_store_that_may_not_be_written_can_be_read) {
  place *p = place_make();
  fill(p, 3);
  ck_assert_int_eq(chmod(p->path, 0444), 0);
  ck_assert_int_eq(chmod(p->folder, 0555), 0);
  if (geteuid() == 0) {
    ck_assert_int_eq(chown(p->folder, 65534, 65534), 0);
    ck_assert_int_eq(seteuid(65534), 0);
  }
  refused(p, TS_STORE_WRITE, "%s: the store of trials cannot be written");
  ts_store *s = open_store(p, p->path, TS_STORE_READ);
  ck_assert_int_eq(count(p, s), 3);
  ts_store_close(s);
  if (getuid() == 0) ck_assert_int_eq(seteuid(0), 0);
  ck_assert_int_eq(chmod(p->folder, 0755), 0);
  place_drop(p);
}
END_TEST

UNIT_MAIN("store", a_trial_comes_back_with_everything,
          of_two_tuners_that_tried_the_same_point_the_first_one_counts,
          sessions_are_told_apart_by_what_they_are_about,
          the_best_pipeline_is_that_of_the_least_time_of_a_good_trial,
          the_usual_place_is_in_the_cache_and_may_be_empty,
          kill_9_at_any_moment_loses_no_kept_trial, a_log_that_is_lost_takes_no_kept_trial_with_it,
          a_full_disk_is_an_error_and_leaves_the_store_as_it_was,
          memory_that_runs_out_anywhere_leaves_nothing_open, a_truncated_store_is_refused,
          a_flipped_bit_is_found_or_changes_no_trial, what_a_row_says_is_sealed,
          a_row_that_is_changed_after_the_store_was_opened_is_found_when_it_is_read,
          other_files_are_no_stores, a_store_that_may_not_be_written_can_be_read)
