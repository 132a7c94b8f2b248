/* NumPy in a process of its own, which takes its turns by lines over pipes: "run 3" is answered
 * with the seconds that took, "result" by writing Y into the file that it shares with this process.
 * `config` is "python script". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

typedef struct numpy {
  pid_t child;
  FILE *to, *from;
  char path[64]; /* X, W, b, then Y, in f32 */
} numpy;

static void release(bench_entry *e) {
  numpy *p = e->state;
  if (!p) return;
  if (p->to) fclose(p->to);
  if (p->from) fclose(p->from);
  if (p->child > 0) waitpid(p->child, NULL, 0);
  if (p->path[0]) unlink(p->path);
  free(p);
  e->state = NULL;
}

static bool write_data(bench_entry *e, numpy *p) {
  snprintf(p->path, sizeof p->path, "/tmp/tilesmith-bench-XXXXXX");
  int fd = mkstemp(p->path);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
  if (!file) p->path[0] = 0;
  bool fine = file != NULL;
  for (unsigned i = 0; fine && i < e->c->num_inputs; i++)
    fine = fwrite(e->c->in[i].data, bench_bytes(&e->c->in[i]), 1, file) == 1;
  fine = fine && fwrite(e->out, bench_bytes(&e->c->out), 1, file) == 1;
  return file && fclose(file) == 0 && fine;
}

/* The child's end; does not return. */
static void become(bench_entry *e, numpy *p, int in, int out) {
  char config[4096], threads[16], m[24], k[24], n[24];
  snprintf(config, sizeof config, "%s", e->config);
  char *script = strchr(config, ' ');
  if (script) *script++ = 0;
  snprintf(threads, sizeof threads, "%u", e->c->threads);
  snprintf(m, sizeof m, "%lld", (long long)e->c->m);
  snprintf(k, sizeof k, "%lld", (long long)e->c->k);
  snprintf(n, sizeof n, "%lld", (long long)e->c->n);
  dup2(in, 0);
  dup2(out, 1);
  execl(config, config, script, threads, p->path, m, k, n, (char *)NULL);
  _exit(127);
}

static bool start(bench_entry *e, numpy *p) {
  int to[2], from[2];
  if (pipe(to)) return false;
  if (pipe(from)) return close(to[0]), close(to[1]), false;
  p->child = fork();
  if (p->child == 0) {
    close(to[1]);
    close(from[0]);
    become(e, p, to[0], from[1]);
  }
  close(to[0]);
  close(from[1]);
  p->to = fdopen(to[1], "w");
  p->from = fdopen(from[0], "r");
  return p->child > 0 && p->to && p->from;
}

/* The number that the child answers with; negative when it is gone. */
static double ask(numpy *p, const char *what, unsigned times) {
  char line[128];
  fprintf(p->to, "%s %u\n", what, times);
  fflush(p->to);
  return fgets(line, sizeof line, p->from) ? strtod(line, NULL) : -1;
}

/* Y of a first run, for the check. */
static bool fetch(bench_entry *e, numpy *p) {
  size_t bytes = bench_bytes(&e->c->out);
  if (ask(p, "result", 1) < 0) return false;
  FILE *file = fopen(p->path, "r");
  bool fine = file && !fseek(file, -(long)bytes, SEEK_END) && fread(e->out, bytes, 1, file) == 1;
  if (file) fclose(file);
  return fine;
}

static bool prepare(bench_entry *e) {
  numpy *p = e->state = calloc(1, sizeof *p);
  if (!p) return bench_leave_out(e, "no memory");
  if (!e->config) return bench_leave_out(e, "no Python with NumPy and SciPy");
  if (!write_data(e, p)) return bench_leave_out(e, "cannot write its data to /tmp");
  if (!start(e, p) || ask(p, "run", 1) < 0 || !fetch(e, p))
    return bench_leave_out(e, "%s did not run", e->config);
  return true;
}

static double run(bench_entry *e, unsigned times) {
  double seconds = ask(e->state, "run", times);
  return seconds < 0 ? 1e9 : seconds;
}

const bench_peer bench_numpy = {
    .name = "NumPy", .kinds = 1 << BENCH_MLP, .prepare = prepare, .time = run, .release = release};
