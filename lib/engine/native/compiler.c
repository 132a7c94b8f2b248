/* The system's C compiler: which one, with what flags, and what it says. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/files.h"
#include "support/process.h"
#include "target/machine.h"
#include "engine/native/native_impl.h"

#if defined(__x86_64__)
#include <cpuid.h>
#else
#include <sys/auxv.h>
#endif

enum { KEPT_OUTPUT = 64 << 10, MOST_NOTES = 5, MOST_LINE = 200 };
static const char *const usual_names[] = {"cc", "gcc", "clang"};

/* ---- which ---- */

/* What the path leads to, by what changes when it is replaced. */
static const char *file_text(ts_arena *arena, const char *path) {
  struct stat st;
  char real[PATH_MAX];
  if (!realpath(path, real) || stat(real, &st) != 0) return "";
  return ts_sprintf(arena, "%s|%s|%lld|%lld.%09ld", path, real, (long long)st.st_size,
                    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* It is started in another folder. */
static const char *absolute(ts_arena *arena, const char *path) {
  char here[PATH_MAX];
  if (*path == '/' || !getcwd(here, sizeof here)) return path;
  return ts_sprintf(arena, "%s/%s", here, path);
}

ts_result ts_native_find_compiler(ts_native_job *job) {
  ts_native_compiler *cc = &job->compiler;
  const char *from = getenv("TS_CC"), *asked = job->options->cc;
  if (!asked && from && *from) asked = from;
  *cc = (ts_native_compiler){0};
  if (asked) {
    cc->path = ts_find_program(job->arena, asked);
    if (!cc->path) {
      const char *where = asked == from ? "TS_CC" : "--cc";
      (void)ts_error_plain(job->ctx, "%s: there is no compiler '%s'", where, asked);
      return TS_USAGE;
    }
  }
  for (unsigned i = 0; i < ts_countof(usual_names) && !cc->path; i++)
    cc->path = ts_find_program(job->arena, usual_names[i]);
  if (!cc->path)
    return ts_error_plain(job->ctx, "no C compiler was found: TS_CC is not set, and cc, gcc and "
                                    "clang are in no folder of PATH");
  cc->path = absolute(job->arena, cc->path);
  cc->file = file_text(job->arena, cc->path);
  return TS_OK;
}

/* ---- starting it ---- */

static bool has_name(const char *entry, const char *name) {
  size_t n = strlen(name);
  return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* Ours, but that messages are in English, that temporary files lie where they are taken away, and
 * that no other file is written. */
static const char *const *make_environment(ts_arena *arena) {
  static const char *const out[] = {"LC_ALL", "LANGUAGE", "TMPDIR", "DEPENDENCIES_OUTPUT",
                                    "SUNPRO_DEPENDENCIES"};
  size_t n = 0, at = 0;
  while (environ && environ[n])
    n++;
  const char **env = ts_new_array(arena, const char *, n + 3);
  for (size_t i = 0; i < n; i++) {
    bool keep = true;
    for (unsigned k = 0; k < ts_countof(out) && keep; k++)
      keep = !has_name(environ[i], out[k]);
    if (keep) env[at++] = environ[i];
  }
  env[at++] = "LC_ALL=C";
  env[at] = "TMPDIR=.";
  return env;
}

static ts_process process_of(ts_native_job *job, const char *const *argv) {
  return (ts_process){.path = job->compiler.path,
                      .argv = argv,
                      .env = make_environment(job->arena),
                      .dir = job->dir,
                      .seconds = job->options->compile_timeout,
                      .stop = job->ctx->memory.stop,
                      .keep = KEPT_OUTPUT};
}

static ts_process_report start(ts_native_job *job, const char *const *argv) {
  ts_process p = process_of(job, argv);
  ts_process_report report = ts_process_run(job->arena, &p);
  ts_memory_look(&job->ctx->memory);
  return report;
}

static bool succeeded(const ts_process_report *r) {
  return r->end == TS_PROCESS_EXITED && r->code == 0;
}

void ts_native_ask_version(ts_native_job *job) {
  ts_process_report r = start(job, (const char *const[]){job->compiler.path, "--version", NULL});
  job->compiler.version = succeeded(&r) ? r.output : "";
}

/* ---- flags ---- */

typedef TS_VEC(const char *) words;

/* Rounding is the program's: nothing may be contracted or reordered. Names are the program's too: a
 * function @sin is called by its own callers, not the C library's. What is to be unrolled is marked
 * so in the C text; unrolling other short loops as well made gcc take four times as long, for
 * nothing. -fno-trapping-math is not among them: with it gcc 12 gives one side of an if the other's
 * elements (test/engine/native/one-of-two.lir). */
static void add_flags(const ts_native_job *job, words *w) {
  static const char *const always[] = {"-std=gnu11",
                                       "-O3",
                                       "-ffp-contract=off",
                                       "-fno-math-errno",
                                       "-fPIC",
                                       "-w",
                                       "-shared",
                                       "-fno-semantic-interposition",
                                       "-pipe",
                                       "-Wl,-Bsymbolic",
                                       "--param=max-completely-peel-times=8"};
  const char *cpu = job->options->target_cpu ? job->options->target_cpu : "native";
  for (unsigned i = 0; i < ts_countof(always); i++)
    ts_push(job->arena, w, always[i]);
  ts_push(job->arena, w, ts_sprintf(job->arena, "-march=%s", cpu));
  if (!job->compiler.no_openmp) ts_push(job->arena, w, "-fopenmp");
}

#if defined(__x86_64__)
static void add_cpuid(ts_digest *d, unsigned leaf, unsigned subleaf, bool with_b) {
  unsigned a = 0, b = 0, c = 0, e = 0;
  if (!__get_cpuid_count(leaf, subleaf, &a, &b, &c, &e)) return;
  if (!with_b) b = 0;
  unsigned regs[] = {leaf, subleaf, a, b, c, e};
  ts_digest_add(d, regs, sizeof regs);
}

/* Vendor, model and features: Intel's Software Developer's Manual, volume 2, CPUID. EBX of leaf 1
 * is left out, as it names the core. */
static void add_cpu(ts_digest *d) {
  unsigned low = 0, high = 0;
  add_cpuid(d, 0, 0, true);
  add_cpuid(d, 1, 0, false);
  add_cpuid(d, 7, 0, true);
  add_cpuid(d, 7, 1, true);
  add_cpuid(d, 0x80000001, 0, true);
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx")) /* what of it the system has turned on */
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  ts_digest_add(d, &low, sizeof low);
}
#else
static void add_cpu(ts_digest *d) {
  unsigned long features[] = {getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};
  ts_digest_add(d, features, sizeof features);
}
#endif

void ts_native_add_circumstances(const ts_native_job *job, ts_digest *d) {
  words w = {0};
  ts_digest_add_text(d, job->compiler.file);
  ts_digest_add_text(d, job->compiler.version ? job->compiler.version : "");
  add_flags(job, &w);
  for (size_t i = 0; i < w.n; i++)
    ts_digest_add_text(d, w.at[i]);
  add_cpu(d);
}

/* ---- its errors ---- */

/* One line as it can be shown: short, and of printing characters. */
static const char *shown_line(ts_arena *arena, const char *line, size_t n) {
  char *text = ts_strndup(arena, line, ts_min(n, (size_t)MOST_LINE));
  for (char *p = text; *p; p++)
    if (*p < ' ' || *p > '~') *p = *p == '\t' ? ' ' : '?';
  return text;
}

/* The range of line `line` of the program without the space around it; false when it has no such
 * line. */
static bool line_range(const ts_source *s, unsigned long line, ts_loc *loc) {
  const char *p = s->text, *end = s->text + s->n;
  if (line < s->first_line) return false;
  for (unsigned long i = s->first_line; i < line; i++) {
    p = memchr(p, '\n', (size_t)(end - p));
    if (!p++) return false;
  }
  const char *stop = memchr(p, '\n', (size_t)(end - p));
  if (!stop) stop = end;
  while (p < stop && *p == ' ')
    p++;
  *loc = (ts_loc){(uint32_t)(p - s->text), (uint32_t)(stop - s->text)};
  return p < stop;
}

/* "program:12:3: error: …" as a note at line 12 of the program. False: it is another kind of
 * line. */
static bool note_located(ts_native_job *job, const char *line) {
  static const char prefix[] = TS_NATIVE_SOURCE ":";
  char *at;
  ts_loc loc;
  const char *message = strstr(line, "error: ");
  if (strncmp(line, prefix, sizeof prefix - 1) != 0 || !message) return false;
  if (!line_range(job->source, strtoul(line + sizeof prefix - 1, &at, 10), &loc)) return false;
  ts_note(job->ctx, loc, "%s", message);
  return true;
}

/* Its first errors at lines of the program; where it names none, the first lines of all it said. */
static void note_output(ts_native_job *job, const ts_process_report *r) {
  for (int located = 1, notes = 0; located >= 0 && notes == 0; located--)
    for (const char *p = r->output, *end = p + r->n; p < end && notes < MOST_NOTES;) {
      const char *stop = memchr(p, '\n', (size_t)(end - p));
      if (!stop) stop = end;
      const char *line = shown_line(job->arena, p, (size_t)(stop - p));
      if (located) {
        notes += note_located(job, line);
      } else if (*line) {
        ts_note_plain(job->ctx, "%s", line);
        notes++;
      }
      p = stop + 1;
    }
  if (r->dropped)
    ts_note_plain(job->ctx, "of the %" PRIu64 " bytes it printed %zu were read", r->n + r->dropped,
                  r->n);
}

static ts_result report(ts_native_job *job, const ts_process_report *r) {
  const char *cc = job->compiler.path;
  switch (r->end) {
  case TS_PROCESS_NOT_STARTED:
    return ts_error_plain(job->ctx, "the compiler %s cannot be started: %s", cc, strerror(r->code));
  case TS_PROCESS_TIMED_OUT:
    (void)ts_error_plain(job->ctx, "the compiler %s did not finish within %g s", cc,
                         job->options->compile_timeout);
    ts_note_plain(job->ctx, "--compile-timeout sets the limit");
    return TS_LIMIT;
  case TS_PROCESS_SIGNALLED:
    (void)ts_error(job->ctx, job->loc, "the compiler %s was ended by signal %d on the code of @%s",
                   cc, r->code, job->name);
    break;
  default:
    (void)ts_error(job->ctx, job->loc, "the compiler %s failed on the code of @%s (exit code %d)",
                   cc, job->name, r->code);
  }
  note_output(job, r);
  return TS_ERR;
}

/* ---- the folder ---- */

static ts_result make_folder(ts_native_job *job) {
  const char *given = getenv("TMPDIR"), *above = given && *given ? given : "/tmp";
  char *dir = ts_sprintf(job->arena, "%s/tilesmith-XXXXXX", above);
  if (job->dir) return TS_OK;
  if (!mkdtemp(dir))
    return ts_error_plain(job->ctx, "%s: cannot make a folder to compile in: %s", above,
                          strerror(errno));
  job->dir = dir;
  return TS_OK;
}

void ts_native_remove_folder(ts_native_job *job) {
  DIR *dir = job->dir ? opendir(job->dir) : NULL;
  for (struct dirent *e; dir && (e = readdir(dir));)
    (void)unlinkat(dirfd(dir), e->d_name, 0);
  if (dir) closedir(dir);
  if (job->dir) (void)rmdir(job->dir);
  job->dir = NULL;
}

/* ---- compiling ---- */

/* The compiler's words for what ends in NULL: files and what goes with them. */
static words command(ts_native_job *job, const char *const *rest) {
  words w = {0};
  ts_push(job->arena, &w, job->compiler.path);
  add_flags(job, &w);
  for (; *rest; rest++)
    ts_push(job->arena, &w, *rest);
  return w;
}

static ts_process_report run_command(ts_native_job *job, words w) {
  ts_push(job->arena, &w, NULL);
  return start(job, w.at);
}

static ts_process_report compile_file(ts_native_job *job, const char *from, const char *to) {
  return run_command(job, command(job, (const char *const[]){"-o", to, from, "-lm", NULL}));
}

static const char *unit_file(ts_native_job *job, unsigned unit, const char *ending) {
  return ts_sprintf(job->arena, "kernel%u.%s", unit, ending);
}

static ts_process_report link_units(ts_native_job *job) {
  words w = command(job, (const char *const[]){"-o", "kernel.so", NULL});
  for (unsigned i = 0; i < job->num_units; i++)
    ts_push(job->arena, &w, unit_file(job, i, "o"));
  ts_push(job->arena, &w, "-lm");
  return run_command(job, w);
}

/* The report of the first that failed, in the order of the units; of the linker when none did. */
static ts_process_report compile_units(ts_native_job *job) {
  unsigned n = job->num_units;
  if (n == 1) return compile_file(job, unit_file(job, 0, "c"), "kernel.so");
  ts_process *all = ts_new_array(job->arena, ts_process, n);
  ts_process_report *reports = ts_new_array(job->arena, ts_process_report, n);
  for (unsigned i = 0; i < n; i++) {
    words w = command(job, (const char *const[]){"-c", "-o", unit_file(job, i, "o"),
                                                 unit_file(job, i, "c"), NULL});
    ts_push(job->arena, &w, NULL);
    all[i] = process_of(job, w.at);
  }
  ts_process_run_all(job->arena, n, all, ts_machine_threads(0), reports);
  ts_memory_look(&job->ctx->memory);
  for (unsigned i = 0; i < n; i++)
    if (!succeeded(&reports[i])) return reports[i];
  return link_units(job);
}

static bool write_file(ts_native_job *job, const char *name, const char *text, size_t n) {
  const char *path = ts_sprintf(job->arena, "%s/%s", job->dir, name);
  if (ts_file_write(AT_FDCWD, path, O_TRUNC, text, n)) return true;
  (void)ts_error_plain(job->ctx, "the C code cannot be written to a temporary file: %s",
                       strerror(errno));
  return false;
}

bool ts_native_has_openmp(ts_native_job *job) {
  static const char text[] = "int f(int n) {\n"
                             "  int s = 0;\n"
                             "#pragma omp parallel for reduction(+ : s)\n"
                             "  for (int i = 0; i < n; i++) s += i;\n"
                             "  return s;\n"
                             "}\n";
  if (!write_file(job, "probe.c", text, sizeof text - 1)) return true;
  ts_process_report r = compile_file(job, "probe.c", "probe.so");
  if (!succeeded(&r)) return false;
  void *handle = dlopen(ts_sprintf(job->arena, "%s/probe.so", job->dir),
                        RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  return handle != NULL;
}

ts_result ts_native_compile(ts_native_job *job, const char **object) {
  ts_result result = make_folder(job);
  if (result) return result;
  for (unsigned i = 0; i < job->num_units; i++)
    if (!write_file(job, unit_file(job, i, "c"), job->units[i].text, job->units[i].n))
      return TS_ERR;
  ts_process_report r = compile_units(job);
  if (r.end == TS_PROCESS_EXITED && r.code != 0 && !job->compiler.no_openmp &&
      !ts_native_has_openmp(job)) {
    job->compiler.no_openmp = true;
    r = compile_units(job);
  }
  if (!succeeded(&r)) return report(job, &r);
  *object = ts_sprintf(job->arena, "%s/kernel.so", job->dir);
  return TS_OK;
}
