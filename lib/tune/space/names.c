/* What names in space files stand for. */
#include "support/spelling.h"
#include "target/gpu.h"
#include "tune/space/space_impl.h"

/* ---- words ---- */

typedef struct word {
  const char *text;
  struct word *next; /* of the same hash */
} word;

const char *ts_space_intern(ts_space_reader *r, const char *text, size_t n) {
  const void *key = (const void *)(uintptr_t)(ts_hash(text, n, 0) | 1);
  word *first = ts_ptrmap_get(&r->words, key);
  for (word *w = first; w; w = w->next)
    if (strlen(w->text) == n && !memcmp(w->text, text, n)) return w->text;
  word *w = ts_new(r->arena, word);
  *w = (word){ts_strndup(r->arena, text, n), first};
  ts_ptrmap_put(&r->words, key, w);
  return w->text;
}

/* ---- names ---- */

enum { NUM_FIGURES = 7 };
/* The i-th figure of the machine. */
static const char *figure(const ts_target *t, unsigned i, double *value) {
  const struct {
    const char *name;
    double value;
  } figures[NUM_FIGURES] = {
      {"vector_bits", t->vector_bits},
      {"vector_registers", t->vector_registers},
      {"l1_bytes", (double)t->l1_bytes},
      {"l2_bytes", (double)t->l2_bytes},
      {"threads", t->threads},
      {"gpu_shared_bytes", TS_GPU_SHARED_BYTES},
      {"gpu_block_threads", TS_GPU_MAX_BLOCK_THREADS},
  };
  *value = figures[i].value;
  return figures[i].name;
}

/* The i-th name that stands for a number outside of the file; NULL past the last. */
static const char *outer_name(const ts_tune_space_setting *s, unsigned i, double *value) {
  if (i < NUM_FIGURES) return figure(s->target, i, value);
  i -= NUM_FIGURES;
  if (i >= s->num_extents) return NULL;
  *value = (double)s->extents[i].value;
  return s->extents[i].name;
}

static size_t find_parameter(const ts_tune_space *space, const char *name) {
  size_t i = 0;
  while (i < space->parameters.n && strcmp(space->parameters.at[i].known.name, name) != 0)
    i++;
  return i;
}

static bool find_constant(const ts_space_reader *r, const char *name, double *value) {
  for (size_t i = 0; i < r->space->constants.n; i++)
    if (!strcmp(r->space->constants.at[i].name, name))
      return *value = r->space->constants.at[i].value, true;
  return false;
}

static bool find_outer(const ts_space_reader *r, const char *name, double *value) {
  const char *known;
  for (unsigned i = 0; (known = outer_name(r->setting, i, value)); i++)
    if (!strcmp(known, name)) return true;
  return false;
}

const char *ts_space_what_is(const ts_space_reader *r, const char *name) {
  double value;
  if (find_parameter(r->space, name) < r->space->parameters.n) return "a parameter";
  if (find_constant(r, name, &value)) return "a constant";
  return find_outer(r, name, &value) ? "a figure of the program or the machine" : NULL;
}

ts_space_expr *ts_space_use(ts_space_reader *r, ts_space_named n) {
  ts_space_expr *e = ts_new(r->arena, ts_space_expr);
  *e = (ts_space_expr){.op = TS_SPACE_UNKNOWN, .loc = n.loc, .name = n.name};
  size_t i = find_parameter(r->space, n.name);
  double value;
  if (i < r->space->parameters.n) {
    e->op = TS_SPACE_PARAMETER;
    e->type = r->space->parameters.at[i].type;
    e->parameter = (unsigned)i;
  } else if (find_constant(r, n.name, &value) || find_outer(r, n.name, &value)) {
    e->op = TS_SPACE_CONSTANT;
    e->type = TS_SPACE_NUMBER;
    e->value = ts_space_number(value);
  }
  return e;
}

/* ---- names that nothing is known by ---- */

static const ts_space_parameter *parameter_called(const ts_tune_space *space, const char *name) {
  size_t i = find_parameter(space, name);
  return i < space->parameters.n ? &space->parameters.at[i] : NULL;
}

static void report_later(ts_space_reader *r, const ts_space_expr *e, size_t condition_of,
                         const ts_space_parameter *later) {
  if (condition_of == SIZE_MAX) {
    ts_error(r->ctx, e->loc, "'%s' is declared further down; a name is known from there on",
             e->name);
    ts_note(r->ctx, later->loc, "by this");
    return;
  }
  const ts_space_parameter *p = &r->space->parameters.at[condition_of];
  if (p == later) {
    ts_error(r->ctx, e->loc, "cyclic condition: '%s' is there if '%s' says so", e->name, e->name);
    return;
  }
  ts_error(
      r->ctx, e->loc,
      "cyclic condition: '%s' hangs on '%s', which is declared behind it; a condition knows the "
      "parameters before its own",
      p->known.name, e->name);
  ts_note(r->ctx, later->loc, "this may hang on '%s'", p->known.name);
}

static void offer_names(const ts_space_reader *r, ts_nearest *near) {
  double value;
  const char *known;
  for (size_t i = 0; i < r->space->parameters.n; i++)
    ts_nearest_offer(near, r->space->parameters.at[i].known.name);
  for (size_t i = 0; i < r->space->constants.n; i++)
    ts_nearest_offer(near, r->space->constants.at[i].name);
  for (unsigned i = 0; (known = outer_name(r->setting, i, &value)); i++)
    ts_nearest_offer(near, known);
}

static void report_unknown(ts_space_reader *r, const ts_space_expr *e) {
  ts_nearest near = ts_nearest_to(e->name);
  offer_names(r, &near);
  if (near.best) {
    ts_error(r->ctx, e->loc, "there is no '%s' here; did you mean '%s'?", e->name, near.best);
    return;
  }
  const char *list = "";
  for (unsigned i = 0; i < r->setting->num_extents; i++)
    list = ts_sprintf(r->arena, "%s%s%s", list, i ? ", " : "", r->setting->extents[i].name);
  if (*list)
    ts_error(r->ctx, e->loc,
             "there is no parameter, constant or extent '%s'; the extents of the program are %s",
             e->name, list);
  else
    ts_error(
        r->ctx, e->loc,
        "there is no parameter, constant or extent '%s'; the program has no extents with names",
        e->name);
}

void ts_space_report_strangers(ts_space_reader *r) {
  for (size_t i = 0; i < r->strangers.n; i++) {
    const ts_space_expr *e = r->strangers.at[i].expr;
    const ts_space_parameter *later = parameter_called(r->space, e->name);
    if (later)
      report_later(r, e, r->strangers.at[i].condition_of, later);
    else
      report_unknown(r, e);
  }
}
