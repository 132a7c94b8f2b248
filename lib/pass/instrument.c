/* Dumps around passes. The text before a step is kept only for those modes that compare. */
#include "pass/instrument.h"

#include <errno.h>
#include <sys/stat.h>

#include "support/colour.h"
#include "support/diff.h"
#include "support/spelling.h"
#include "syntax/syntax.h"

void ts_instrument_init(ts_instrument *in, ts_context *ctx, ts_sink *out) {
  *in = (ts_instrument){.ctx = ctx, .out = out, .input = "-", .flags = ""};
  ts_sink_buffer(&in->text, &ctx->memory);
  ts_sink_buffer(&in->failure_diff, &ctx->memory);
}

void ts_instrument_drop(ts_instrument *in) {
  ts_sink_drop(&in->text);
  ts_sink_drop(&in->failure_diff);
}

/* ---- lists of passes ---- */

typedef struct check_call {
  ts_instrument *in;
  const ts_pass_table *table;
  const char *flag, *list;
} check_call;

static ts_result check_list(void *arg) {
  const check_call *c = arg;
  for (const char *p = c->list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
    const char *name = ts_strndup(&c->in->ctx->arena, p, strcspn(p, ","));
    if (ts_pass_find(c->table, name)) continue;
    const char *near = ts_pass_nearest(c->table, name);
    ts_error_plain(c->in->ctx, "-%s: there is no pass '%s'%s%s%s", c->flag, name,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return TS_USAGE;
  }
  return TS_OK;
}

ts_result ts_instrument_check(ts_instrument *in, const ts_pass_table *table) {
  check_call before = {in, table, "print-before", in->before};
  check_call after = {in, table, "print-after", in->after};
  ts_result result = ts_protect(in->ctx, check_list, &before);
  return result ? result : ts_protect(in->ctx, check_list, &after);
}

/* ---- commands ---- */

/* A word as a shell reads it back. */
static void print_word(ts_sink *s, const char *word) {
  static const char safe[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./,:=@%";
  if (*word && strspn(word, safe) == strlen(word)) {
    ts_sink_puts(s, word);
    return;
  }
  ts_sink_puts(s, "'");
  for (; *word; word++) {
    if (*word == '\'')
      ts_sink_puts(s, "'\\''");
    else
      ts_sink_write(s, word, 1);
  }
  ts_sink_puts(s, "'");
}

void ts_instrument_command(ts_sink *s, const ts_instrument *in, const ts_pipeline *p,
                           size_t steps) {
  ts_sink_puts(s, "ts-opt ");
  if (*in->flags) ts_sink_printf(s, "%s ", in->flags);
  for (size_t i = 0; i < steps; i++) {
    ts_pipeline_print_flag(s, &p->steps.at[i]);
    ts_sink_puts(s, " ");
  }
  print_word(s, in->input);
}

/* ---- dumps ---- */

void ts_instrument_print(ts_sink *out, const ts_module *m, bool colour) {
  if (!colour) {
    ts_print_module(out, m);
    return;
  }
  ts_sink text;
  ts_sink_buffer(&text, &m->ctx->memory);
  ts_print_module(&text, m);
  ts_colour_program(out, text.buf, text.n);
  ts_sink_drop(&text);
}

static void dump(ts_instrument *in, const char *when, const ts_pass_event *e, size_t steps) {
  ts_sink_printf(in->out, "// %s %s: ", when, e->pipeline->steps.at[e->step].pass->flag);
  ts_instrument_command(in->out, in, e->pipeline, steps);
  ts_sink_puts(in->out, "\n");
  ts_instrument_print(in->out, e->module, in->colour);
  ts_sink_puts(in->out, "\n");
}

static void print_to_buffer(ts_instrument *in, ts_sink *s, const ts_module *m) {
  ts_sink_drop(s);
  ts_sink_buffer(s, &in->ctx->memory);
  ts_print_module(s, m);
}

/* Prints what turned the text before the step into the module of the event. */
static void print_diff(ts_instrument *in, ts_sink *to, const ts_pass_event *e) {
  const char *flag = e->pipeline->steps.at[e->step].pass->flag;
  char before[80], after[80];
  snprintf(before, sizeof before, "before %s", flag);
  snprintf(after, sizeof after, "after %s", flag);
  ts_sink now, diff;
  ts_sink_buffer(&now, &in->ctx->memory);
  ts_sink_buffer(&diff, &in->ctx->memory);
  ts_print_module(&now, e->module);
  ts_diff_print(&diff, &in->ctx->memory, before, in->text.buf, in->text.n, after, now.buf, now.n);
  if (in->colour)
    ts_colour_diff(to, diff.buf, diff.n);
  else
    ts_sink_write(to, diff.buf, diff.n);
  ts_sink_drop(&now);
  ts_sink_drop(&diff);
}

static bool same_as_before(ts_instrument *in, const ts_pass_event *e) {
  ts_sink now;
  ts_sink_buffer(&now, &in->ctx->memory);
  ts_print_module(&now, e->module);
  bool same = now.n == in->text.n && (!now.n || !memcmp(now.buf, in->text.buf, now.n));
  ts_sink_drop(&now);
  return same;
}

static void show_change(ts_instrument *in, const ts_pass_event *e) {
  if (same_as_before(in, e)) {
    ts_sink_printf(in->out, "// after %s: no change\n", e->pipeline->steps.at[e->step].pass->flag);
  } else if (in->changed == TS_CHANGED_PRINT) {
    dump(in, "after", e, e->step + 1);
  } else {
    print_diff(in, in->out, e);
  }
}

/* ---- the tree of files ---- */

static bool has_loops(const ts_module *m) {
  for (const ts_func *f = m->first_func; f; f = f->next)
    if (ts_func_level(f) & TS_LEVEL_L) return true;
  return false;
}

static void cannot_write(ts_instrument *in, const char *path) {
  in->result = ts_error_plain(in->ctx, "cannot write %s: %s", path, strerror(errno));
}

/* One numbered file; returns its path, in the context's arena. */
static const char *write_stage(ts_instrument *in, const ts_module *m, const ts_pipeline *p,
                               size_t steps) {
  const char *name = steps ? p->steps.at[steps - 1].pass->flag : "input";
  const char *path = ts_sprintf(&in->ctx->arena, "%s/%02zu-%s.%s", in->tree_dir, steps, name,
                                has_loops(m) ? "lir" : "tir");
  FILE *file = fopen(path, "w");
  if (!file) {
    cannot_write(in, path);
    return path;
  }
  ts_sink s;
  ts_sink_file(&s, &in->ctx->memory, file);
  ts_sink_puts(&s, "// ");
  ts_instrument_command(&s, in, p, steps);
  ts_sink_puts(&s, "\n");
  ts_print_module(&s, m);
  bool failed = ts_sink_finish(&s) != TS_OK;
  ts_sink_drop(&s);
  if (fclose(file) || failed) cannot_write(in, path);
  return path;
}

typedef struct input_call {
  ts_instrument *in;
  const ts_module *module;
} input_call;

static ts_result write_input(void *arg) {
  const input_call *c = arg;
  ts_instrument *in = c->in;
  if (mkdir(in->tree_dir, 0777) && errno != EEXIST) {
    cannot_write(in, in->tree_dir);
    return in->result;
  }
  static const ts_pipeline none = {0};
  const char *path = write_stage(in, c->module, &none, 0);
  if (strcmp(in->input, "-")) return in->result;
  in->input = path; /* standard input cannot be read again, its copy can */
  in->flags = "";
  return in->result;
}

ts_result ts_instrument_input(ts_instrument *in, const ts_module *m) {
  return in->tree_dir ? ts_protect(in->ctx, write_input, &(input_call){in, m}) : TS_OK;
}

/* ---- callbacks ---- */

void ts_instrument_before(ts_instrument *in, const ts_pass_event *e) {
  const char *flag = e->pipeline->steps.at[e->step].pass->flag;
  if (in->changed || in->diff_failures) print_to_buffer(in, &in->text, e->module);
  if (in->before_all || ts_list_has(in->before, flag)) dump(in, "before", e, e->step);
}

void ts_instrument_after(ts_instrument *in, const ts_pass_event *e) {
  const char *flag = e->pipeline->steps.at[e->step].pass->flag;
  if (in->after_all || ts_list_has(in->after, flag)) dump(in, "after", e, e->step + 1);
  if (in->changed) show_change(in, e);
  if (in->tree_dir && !in->result) write_stage(in, e->module, e->pipeline, e->step + 1);
}

void ts_instrument_refused(ts_instrument *in, const ts_pass_event *e) {
  if (in->changed)
    ts_sink_printf(in->out, "// after %s: refused\n", e->pipeline->steps.at[e->step].pass->flag);
}

void ts_instrument_failed(ts_instrument *in, const ts_pass_event *e) {
  if (in->diff_failures && e->result == TS_CHECK) print_diff(in, &in->failure_diff, e);
}
