/* Starting programs: what comes back of every way in which one can end, and how soon. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/clock.h"
#include "support/process.h"
#include "unit.h"

static ts_memory memory;
static jmp_buf recover;
static ts_arena arena;
static char dir[64];

static void setup(void) {
  memory = (ts_memory){.recover = &recover};
  ck_assert_int_eq(setjmp(recover), 0);
  ts_arena_init(&arena, &memory);
  strcpy(dir, "/tmp/tilesmith-process-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void) {
  ts_arena_drop(&arena);
  ck_assert_uint_eq(memory.used, 0);
  ck_assert_int_eq(rmdir(dir), 0);
}

/* A line for the shell, with its variable D the test's folder. */
static ts_process_report shell(const char *line, double seconds, size_t keep) {
  const char *env[] = {"PATH=/usr/bin:/bin", ts_sprintf(&arena, "D=%s", dir), NULL};
  const char *argv[] = {"sh", "-c", line, NULL};
  ts_process p = {
      .path = "/bin/sh", .argv = argv, .env = env, .dir = dir, .seconds = seconds, .keep = keep};
  return ts_process_run(&arena, &p);
}

START_TEST(output_and_exit_status) {
  ts_process_report r = shell("echo one; echo two >&2; pwd; cat; exit 7", 60, 4096);
  ck_assert_int_eq(r.end, TS_PROCESS_EXITED);
  ck_assert_int_eq(r.code, 7);
  ck_assert_str_eq(r.output, ts_sprintf(&arena, "one\ntwo\n%s\n", dir));
  ck_assert_uint_eq(r.dropped, 0);
}
END_TEST

START_TEST(arguments_are_not_words_of_a_shell) {
  const char *argv[] = {"printf", "%s", "a b'\"$HOME\n;*", NULL}, *env[] = {NULL};
  ts_process p = {.path = ts_find_program(&arena, "printf"), .argv = argv, .env = env, .keep = 99};
  ck_assert_str_eq(ts_process_run(&arena, &p).output, "a b'\"$HOME\n;*");
}
END_TEST

START_TEST(what_is_past_the_cap_is_read_and_dropped) {
  ts_process_report r = shell("head -c 10000000 /dev/zero | tr '\\0' x; echo end >&2", 60, 1000);
  ck_assert_int_eq(r.code, 0);
  ck_assert_uint_eq(r.n, 1000);
  ck_assert_uint_eq(strspn(r.output, "x"), 1000);
  ck_assert_uint_eq(r.dropped, 10000000 + 4 - 1000);
}
END_TEST

START_TEST(a_signal_is_no_exit_status) {
  ts_process_report r = shell("kill -SEGV $$", 60, 100);
  ck_assert_int_eq(r.end, TS_PROCESS_SIGNALLED);
  ck_assert_int_eq(r.code, SIGSEGV);
}
END_TEST

START_TEST(signals_are_as_programs_expect_them) {
  signal(SIGTERM, SIG_IGN);
  ts_process_report r = shell("kill -TERM $$; sleep 1; echo ignored", 60, 100);
  signal(SIGTERM, SIG_DFL);
  ck_assert_int_eq(r.end, TS_PROCESS_SIGNALLED);
  ck_assert_int_eq(r.code, SIGTERM);
}
END_TEST

START_TEST(time_over_kills_all_that_was_started) {
  double begin = ts_time_now();
  ts_process_report r = shell("echo begun; (sleep 2; touch $D/late) & sleep 100", 0.3, 100);
  ck_assert_int_eq(r.end, TS_PROCESS_TIMED_OUT);
  ck_assert_str_eq(r.output, "begun\n");
  ck_assert_double_lt(ts_time_now() - begin, 1.5);
  sleep(2);
  ck_assert_int_ne(access(ts_sprintf(&arena, "%s/late", dir), F_OK), 0);
}
END_TEST

START_TEST(endless_output_ends_with_the_time) {
  ts_process_report r = shell("yes", 0.3, 10);
  ck_assert_int_eq(r.end, TS_PROCESS_TIMED_OUT);
  ck_assert_str_eq(r.output, "y\ny\ny\ny\ny\n");
}
END_TEST

START_TEST(closed_output_is_not_the_end) {
  ts_process_report r = shell("exec >&- 2>&-; sleep 0.2; exit 3", 60, 100);
  ck_assert_int_eq(r.end, TS_PROCESS_EXITED);
  ck_assert_int_eq(r.code, 3);
  ck_assert_int_eq(shell("exec >&- 2>&-; sleep 100", 0.2, 100).end, TS_PROCESS_TIMED_OUT);
}
END_TEST

START_TEST(the_end_does_not_wait_for_who_holds_the_output) {
  double begin = ts_time_now();
  ts_process_report r = shell("sleep 100 & echo done", 60, 100);
  ck_assert_int_eq(r.end, TS_PROCESS_EXITED);
  ck_assert_str_eq(r.output, "done\n");
  ck_assert_double_lt(ts_time_now() - begin, 10);
}
END_TEST

START_TEST(one_that_left_the_group_is_not_waited_for) {
  double begin = ts_time_now();
  ts_process_report r = shell("setsid yes & sleep 0.2; echo $! > /dev/null", 60, 100);
  ck_assert_int_eq(r.end, TS_PROCESS_EXITED);
  ck_assert_double_lt(ts_time_now() - begin, 10);
}
END_TEST

START_TEST(what_cannot_be_started_says_why) {
  const char *argv[] = {"x", NULL};
  const char *file = ts_sprintf(&arena, "%s/garbage", dir);
  int fd = open(file, O_WRONLY | O_CREAT, 0755);
  ck_assert_int_eq(write(fd, "\1\2\3garbage", 10), 10);
  close(fd);
  ts_process p = {.path = file, .argv = argv, .env = argv + 1, .keep = 10};
  ts_process_report r = ts_process_run(&arena, &p);
  ck_assert_int_eq(r.end, TS_PROCESS_NOT_STARTED);
  ck_assert_int_eq(r.code, ENOEXEC);
  unlink(file);
  r = ts_process_run(&arena, &p);
  ck_assert_int_eq(r.end, TS_PROCESS_NOT_STARTED);
  ck_assert_int_eq(r.code, ENOENT);
}
END_TEST

START_TEST(programs_are_found_on_the_path) {
  char *old = strdup(getenv("PATH"));
  const char *tool = ts_sprintf(&arena, "%s/a tool", dir);
  setenv("PATH", ts_sprintf(&arena, "/nowhere:%s:/bin", dir), 1);
  ck_assert_ptr_null(ts_find_program(&arena, "a tool"));
  close(open(tool, O_WRONLY | O_CREAT, 0644));
  ck_assert_ptr_null(ts_find_program(&arena, "a tool")); /* it cannot be executed */
  chmod(tool, 0755);
  ck_assert_str_eq(ts_find_program(&arena, "a tool"), tool);
  ck_assert_str_eq(ts_find_program(&arena, tool), tool);
  ck_assert_ptr_null(ts_find_program(&arena, dir)); /* a folder */
  ck_assert_ptr_null(ts_find_program(&arena, ""));
  unsetenv("PATH");
  ck_assert_ptr_null(ts_find_program(&arena, "sh"));
  setenv("PATH", old, 1);
  free(old);
  unlink(tool);
}
END_TEST

/* Six that sleep, two at once, each with words of its own; then three of which one never ends. */
START_TEST(several_run_at_once) {
  enum { N = 6 };
  const char *env[] = {"PATH=/usr/bin:/bin", NULL};
  ts_process all[N];
  ts_process_report reports[N];
  for (int i = 0; i < N; i++) {
    const char **argv = ts_new_array(&arena, const char *, 4);
    argv[0] = "sh", argv[1] = "-c";
    argv[2] = ts_sprintf(&arena, "sleep 0.1; echo word %d; exit %d", i, i);
    all[i] = (ts_process){.path = "/bin/sh", .argv = argv, .env = env, .seconds = 60, .keep = 99};
  }
  double begin = ts_time_now();
  ts_process_run_all(&arena, N, all, 2, reports);
  ck_assert_double_ge(ts_time_now() - begin, 0.3);
  for (int i = 0; i < N; i++) {
    ck_assert_int_eq(reports[i].end, TS_PROCESS_EXITED);
    ck_assert_int_eq(reports[i].code, i);
    ck_assert_str_eq(reports[i].output, ts_sprintf(&arena, "word %d\n", i));
  }
  /* time over: what runs is killed, what waits is not started */
  const char *const forever[] = {"sh", "-c", "sleep 1000", NULL};
  all[1].argv = forever;
  all[2].argv = forever;
  for (int i = 0; i < N; i++)
    all[i].seconds = 0.5;
  ts_process_run_all(&arena, 4, all, 2, reports);
  ck_assert_int_eq(reports[0].end, TS_PROCESS_EXITED);
  for (int i = 1; i < 4; i++)
    ck_assert_int_eq(reports[i].end, TS_PROCESS_TIMED_OUT);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {output_and_exit_status,
                                arguments_are_not_words_of_a_shell,
                                what_is_past_the_cap_is_read_and_dropped,
                                a_signal_is_no_exit_status,
                                signals_are_as_programs_expect_them,
                                time_over_kills_all_that_was_started,
                                endless_output_ends_with_the_time,
                                closed_output_is_not_the_end,
                                the_end_does_not_wait_for_who_holds_the_output,
                                one_that_left_the_group_is_not_waited_for,
                                what_cannot_be_started_says_why,
                                programs_are_found_on_the_path,
                                several_run_at_once};
  TCase *all = unit_case("process", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, setup, teardown);
  return unit_run("process", all);
}
