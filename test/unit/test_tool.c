/* What the tools share: options, input files, output files. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"
#include "unit.h"

/* ---- options ---- */

struct settings {
  const char *output;
  bool verify;
  int64_t limit;
  uint64_t memory;
  double rtol;
  int print;
  char calls[256]; /* "name(value) " of each call, in order */
};

static ts_result record(ts_tool *t, const ts_flag *f, const char *value) {
  struct settings *s = t->user;
  size_t n = strlen(s->calls);
  snprintf(s->calls + n, sizeof s->calls - n, "%s(%s) ", f->name, value ? value : "");
  return TS_OK;
}

/* Parses words separated by '|' and gives the result; `*message` is the first error's. */
static ts_result parse(const char *line, struct settings *s, ts_tool *t) {
  static struct settings *current;
  static ts_flag flags[8];
  current = s;
  *s = (struct settings){.output = "-", .verify = true};
  const ts_flag table[] = {
      {"o", TS_FLAG_STRING, "file", "output", .at = &current->output},
      {"verify-each", TS_FLAG_BOOL, NULL, "verify", .at = &current->verify},
      {"limit", TS_FLAG_INT, "n", "limit", .at = &current->limit, .min = -1, .max = 9},
      {"max-memory", TS_FLAG_SIZE, "size", "cap", .at = &current->memory},
      {"rtol", TS_FLAG_DOUBLE, "x", "tolerance", .at = &current->rtol},
      {"print", TS_FLAG_WORD, NULL, "how much", .at = &current->print,
       .words = "summary|full|none"},
      {"D", TS_FLAG_CALL, "NAME=n", "bind", .call = record, .joined = true},
      {"fuse", TS_FLAG_CALL_OPTIONAL, "options", "fuse", .call = record},
  };
  memcpy(flags, table, sizeof table);
  static char text[512];
  snprintf(text, sizeof text, "%s", line);
  static char *argv[32];
  int argc = 1;
  argv[0] = (char *)"probe";
  for (char *p = strtok(text, "|"); p; p = strtok(NULL, "|"))
    argv[argc++] = p;
  ck_assert_int_eq(ts_tool_begin(t, "probe", "tries things", s), TS_OK);
  return ts_tool_parse(t, argc, argv, flags, ts_countof(flags), 2);
}

static void finish(ts_tool *t) {
  ts_context_clear_diagnostics(t->ctx);
  (void)ts_tool_end(t, TS_OK);
}

START_TEST(options_come_with_one_dash_or_two_and_values_either_way) {
  static const char *const lines[] = {
      "-o=x|-limit=-1|-max-memory=16K|-rtol=1e-5|-print=none|-verify-each=false",
      "--o|x|--limit|-1|--max-memory|16KiB|--rtol|0.00001|--print|none|--verify-each=0",
  };
  for (size_t i = 0; i < ts_countof(lines); i++) {
    struct settings s;
    ts_tool t;
    ck_assert_int_eq(parse(lines[i], &s, &t), TS_OK);
    ck_assert_str_eq(s.output, "x");
    ck_assert_int_eq(s.limit, -1);
    ck_assert_uint_eq(s.memory, 16384);
    ck_assert_double_eq(s.rtol, 1e-5);
    ck_assert_int_eq(s.print, 2);
    ck_assert(!s.verify);
    ck_assert_uint_eq(t.num_inputs, 1);
    ck_assert_str_eq(t.inputs[0], "-");
    finish(&t);
  }
}
END_TEST

START_TEST(calls_come_in_the_order_given) {
  struct settings s;
  ts_tool t;
  ck_assert_int_eq(parse("-fuse|a.tir|-DM=3|--fuse=x=1 y|-D|N=4|--|-fuse", &s, &t), TS_OK);
  ck_assert_str_eq(s.calls, "fuse() D(M=3) fuse(x=1 y) D(N=4) ");
  ck_assert_uint_eq(t.num_inputs, 2);
  ck_assert_str_eq(t.inputs[0], "a.tir");
  ck_assert_str_eq(t.inputs[1], "-fuse");
  ck_assert_str_eq(t.command_line, "probe -fuse a.tir -DM=3 '--fuse=x=1 y' -D N=4 -- -fuse");
  finish(&t);
}
END_TEST

START_TEST(bad_command_lines_say_what_would_be_right) {
  static const char *const cases[][2] = {
      {"-fues", "unknown option '-fues'; did you mean '-fuse'?"},
      {"--verify-eahc=1", "unknown option '--verify-eahc'; did you mean '--verify-each'?"},
      {"-helo", "unknown option '-helo'; did you mean '-help'?"},
      {"-x", "unknown option '-x'; -help lists them"},
      {"-limit=x", "option '-limit' cannot be 'x': expected an integer from -1 to 9"},
      {"-limit=10", "option '-limit' cannot be '10': expected an integer from -1 to 9"},
      {"-limit=99999999999999999999",
       "option '-limit' cannot be '99999999999999999999': expected an integer from -1 to 9"},
      {"-max-memory=3X",
       "option '-max-memory' cannot be '3X': expected a size in bytes, such as 64M or 2GiB"},
      {"-max-memory=99999999T",
       "option '-max-memory' cannot be '99999999T': expected a size in bytes, such as 64M or 2GiB"},
      {"-rtol=1,5", "option '-rtol' cannot be '1,5': expected a number"},
      {"-print=ful", "option '-print' cannot be 'ful': expected summary|full|none"},
      {"-verify-each=yes", "option '-verify-each' cannot be 'yes': expected true or false"},
      {"-o", "option '-o' needs a value: -o=file"},
      {"-o|-fuse", "option '-o' needs a value: -o=file"},
      {"a|b|c", "one input too many: 'c'"},
      {"-version=1", "option '-version' takes no value"},
  };
  for (size_t i = 0; i < ts_countof(cases); i++) {
    struct settings s;
    ts_tool t;
    ck_assert_int_eq(parse(cases[i][0], &s, &t), TS_USAGE);
    ck_assert_str_eq(t.ctx->first->message, cases[i][1]);
    ck_assert_ptr_null(t.ctx->first->next);
    finish(&t);
  }
}
END_TEST

/* ---- files ---- */

/* Tests run in a directory of their own. */
static void enter_directory(void) {
  char path[] = "/tmp/tilesmith-tool-XXXXXX";
  ck_assert_ptr_nonnull(mkdtemp(path));
  ck_assert_int_eq(chdir(path), 0);
}

static void write_text(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs(text, f);
  fclose(f);
}

/* The file's text, "(none)" when it is not there. */
static const char *text_in(const char *path) {
  static char text[4096];
  FILE *f = fopen(path, "r");
  if (!f) return "(none)";
  text[fread(text, 1, sizeof text - 1, f)] = '\0';
  fclose(f);
  return text;
}

/* Leaves the directory empty, or says what is left in it. */
static void leave_directory(const char *const *files) {
  char path[4096];
  for (; *files; files++)
    ck_assert_msg(unlink(*files) == 0, "%s is missing", *files);
  ck_assert_ptr_nonnull(getcwd(path, sizeof path));
  ck_assert_int_eq(chdir("/"), 0);
  ck_assert_msg(rmdir(path) == 0, "something is left in %s", path);
}

START_TEST(response_files_are_split_as_a_shell_does) {
  enter_directory();
  write_text("more", "-DN=4\n\t'-fuse=a b' \"-DM=\\\"5\" -D\\ x @even_more\n");
  write_text("even_more", "last\\'s");
  write_text("open", "-fuse='a");
  write_text("endless", "@endless");
  struct settings s;
  ts_tool t;
  ck_assert_int_eq(parse("-fuse|@more", &s, &t), TS_OK);
  ck_assert_str_eq(s.calls, "fuse() D(N=4) fuse(a b) D(M=\"5) D( x) ");
  ck_assert_str_eq(t.inputs[0], "last's");
  finish(&t);
  static const char *const bad[][2] = {
      {"@open", "'@open' leaves a quote open"},
      {"@endless", "'@endless' is nested more than 16 deep"},
      {"@missing", "cannot read 'missing': No such file or directory"},
  };
  for (size_t i = 0; i < ts_countof(bad); i++) {
    ck_assert_int_eq(parse(bad[i][0], &s, &t), TS_USAGE);
    ck_assert_str_eq(t.ctx->first->message, bad[i][1]);
    finish(&t);
  }
  leave_directory((const char *const[]){"more", "even_more", "open", "endless", NULL});
}
END_TEST

START_TEST(whole_files_are_read) {
  enter_directory();
  size_t n = 300000;
  char *text = malloc(n + 1);
  for (size_t i = 0; i < n; i++)
    text[i] = (char)('a' + i % 26);
  text[n] = '\0';
  write_text("big", text);
  write_text("empty", "");
  ts_tool t;
  ck_assert_int_eq(ts_tool_begin(&t, "probe", "", NULL), TS_OK);
  ts_source s;
  ck_assert_int_eq(ts_tool_read(&t, "big", &s), TS_OK);
  ck_assert_uint_eq(s.n, n);
  ck_assert_str_eq(s.text, text); /* ends in NUL */
  ck_assert_str_eq(s.name, "big");
  ck_assert_int_eq(ts_tool_read(&t, "empty", &s), TS_OK);
  ck_assert_uint_eq(s.n, 0);
  ck_assert_int_eq(ts_tool_read(&t, ".", &s), TS_ERR);
  ck_assert_str_eq(t.ctx->last->message, "cannot read '.': it is a directory");
  size_t before = t.ctx->memory.used;
  ts_context_set_memory_cap(t.ctx, before + 200000);
  ck_assert_int_eq(ts_tool_read(&t, "big", &s), TS_LIMIT);
  ck_assert_str_eq(t.ctx->last->message, "cannot read 'big': out of memory");
  finish(&t);
  free(text);
  leave_directory((const char *const[]){"big", "empty", NULL});
}
END_TEST

START_TEST(more_than_a_gibibyte_is_refused_unread) {
  enter_directory();
  write_text("huge", "");
  ck_assert_int_eq(truncate("huge", (1L << 30) + 1), 0);
  ts_tool t;
  ck_assert_int_eq(ts_tool_begin(&t, "probe", "", NULL), TS_OK);
  ts_source s;
  ck_assert_int_eq(ts_tool_read(&t, "huge", &s), TS_ERR);
  ck_assert_str_eq(t.ctx->last->message, "cannot read 'huge': it is larger than 1 GiB");
  ck_assert_uint_lt(t.ctx->memory.peak, 100000);
  finish(&t);
  leave_directory((const char *const[]){"huge", NULL});
}
END_TEST

START_TEST(a_file_appears_only_when_committed) {
  enter_directory();
  write_text("old", "old text");
  ck_assert_int_eq(chmod("old", 0640), 0);
  ck_assert_int_eq(symlink("old", "link"), 0);
  ts_tool t;
  ts_output o;
  ck_assert_int_eq(ts_tool_begin(&t, "probe", "", NULL), TS_OK);
  ck_assert_int_eq(ts_output_open(&t, &o, "new"), TS_OK);
  ts_sink_puts(&o.sink, "text");
  ck_assert_str_eq(text_in("new"), "(none)");
  ck_assert_int_eq(ts_output_commit(&t, &o), TS_OK);
  ck_assert_str_eq(text_in("new"), "text");
  ck_assert_int_eq(ts_output_open(&t, &o, "link"), TS_OK);
  ts_sink_puts(&o.sink, "new text");
  ts_output_discard(&o);
  ck_assert_str_eq(text_in("old"), "old text");
  ck_assert_int_eq(ts_output_open(&t, &o, "link"), TS_OK);
  ts_sink_puts(&o.sink, "new text");
  ck_assert_int_eq(ts_output_commit(&t, &o), TS_OK);
  ck_assert_str_eq(text_in("old"), "new text"); /* through the link, which is still one */
  struct stat st;
  ck_assert_int_eq(lstat("link", &st), 0);
  ck_assert(S_ISLNK(st.st_mode));
  ck_assert_int_eq(stat("old", &st), 0);
  ck_assert_int_eq(st.st_mode & 0777, 0640);
  ck_assert_int_eq(ts_output_open(&t, &o, "nowhere/new"), TS_ERR);
  ck_assert_str_eq(t.ctx->last->message, "cannot write 'nowhere/new': No such file or directory");
  ck_assert_int_eq(ts_output_open(&t, &o, "."), TS_ERR);
  finish(&t);
  leave_directory((const char *const[]){"old", "new", "link", NULL});
}
END_TEST

START_TEST(a_full_device_is_an_error) {
  ts_tool t;
  ts_output o;
  ck_assert_int_eq(ts_tool_begin(&t, "probe", "", NULL), TS_OK);
  ck_assert_int_eq(ts_output_open(&t, &o, "/dev/full"), TS_OK);
  ts_sink_puts(&o.sink, "text");
  ck_assert_int_eq(ts_output_commit(&t, &o), TS_ERR);
  ck_assert_str_eq(t.ctx->last->message, "cannot write '/dev/full': No space left on device");
  finish(&t);
}
END_TEST

START_TEST(a_deadly_signal_removes_what_is_unfinished) {
  enter_directory();
  write_text("old", "old text");
  int ready[2];
  ck_assert_int_eq(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    ts_tool t;
    ts_output a, b, c;
    signal(SIGTERM, SIG_DFL); /* check has set its own, which a tool would leave alone */
    if (ts_tool_begin(&t, "probe", "", NULL) || ts_output_open(&t, &a, "old") ||
        ts_output_open(&t, &b, "new") || ts_output_open(&t, &c, "other"))
      _exit(9);
    ts_output_discard(&b);
    (void)!write(ready[1], "x", 1);
    for (;;)
      pause();
  }
  char x;
  ck_assert_int_eq(read(ready[0], &x, 1), 1);
  kill(child, SIGTERM);
  int status;
  waitpid(child, &status, 0);
  ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  ck_assert_str_eq(text_in("old"), "old text");
  leave_directory((const char *const[]){"old", NULL});
}
END_TEST

/* ---- standard input and output ---- */

/* With COPY in its environment this program is a tool that copies its input a hundred times. */
static int copy_as_tool(void) {
  ts_tool t;
  ts_source s;
  ts_output o;
  ts_result r = ts_tool_begin(&t, "copy", "", NULL);
  if (!r) r = ts_tool_read(&t, "-", &s);
  if (!r) r = ts_output_open(&t, &o, "-");
  if (!r) {
    for (int i = 0; i < 100; i++)
      ts_sink_write(&o.sink, s.text, s.n);
    r = ts_output_commit(&t, &o);
  }
  return ts_tool_end(&t, r);
}

/* Standard error and exit status of a shell's line, in which $SELF is that tool. */
static void check_shell(const char *line, const char *want) {
  char command[512], got[512], self[256];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  ck_assert_int_gt(n, 0);
  self[n] = '\0';
  setenv("COPY", "1", 1);
  setenv("SELF", self, 1);
  snprintf(command, sizeof command, "exec 2>&1; %s; echo $?", line);
  FILE *p = popen(command, "r");
  got[fread(got, 1, sizeof got - 1, p)] = '\0';
  pclose(p);
  unsetenv("COPY");
  ck_assert_msg(strcmp(got, want) == 0, "%s:\n%s", line, got);
}

START_TEST(broken_standard_streams_are_errors_not_signals) {
  check_shell("echo hi | \"$SELF\" >/dev/null", "0\n");
  check_shell("\"$SELF\" </dev/null",
              "copy: error: standard input is empty: did the tool before the pipe fail?\n1\n");
  check_shell("\"$SELF\" <&-", "copy: error: cannot read standard input: Bad file descriptor\n1\n");
  check_shell("\"$SELF\" </", "copy: error: cannot read standard input: it is a directory\n1\n");
  check_shell("echo hi | \"$SELF\" >/dev/full",
              "copy: error: cannot write standard output: No space left on device\n1\n");
  check_shell("echo hi | \"$SELF\" >&-",
              "copy: error: cannot write standard output: Bad file descriptor\n1\n");
  check_shell("{ head -c 100000 /dev/zero | \"$SELF\"; echo $? >&2; } | true",
              "copy: error: cannot write standard output: Broken pipe\n1\n0\n");
  check_shell("(ulimit -f 1; trap '' XFSZ; head -c 100000 /dev/zero | \"$SELF\" >/tmp/$$.size); rm "
              "/tmp/$$.size",
              "copy: error: cannot write standard output: File too large\n0\n");
}
END_TEST

int main(void) {
  const TTest *const tests[] = {options_come_with_one_dash_or_two_and_values_either_way,
                                calls_come_in_the_order_given,
                                bad_command_lines_say_what_would_be_right,
                                response_files_are_split_as_a_shell_does,
                                whole_files_are_read,
                                more_than_a_gibibyte_is_refused_unread,
                                a_file_appears_only_when_committed,
                                a_full_device_is_an_error,
                                a_deadly_signal_removes_what_is_unfinished,
                                broken_standard_streams_are_errors_not_signals};
  return getenv("COPY") ? copy_as_tool()
                        : unit_run("tool", unit_case("tool", ts_countof(tests), tests));
}
