/* Answers before and after each pass. The answers after one pass are those before the next, so each
 * module is run once. */
#include "check/semantics.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "check/bound.h"

/* Enough for some 10^9 loop iterations; a function that takes more is not compared. */
static const uint64_t fuel = UINT64_C(20000000000);
static const int64_t bound_steps = 100000000; /* seconds */

typedef struct entry {
  const char *name;
  ts_dtype dtype;
  ts_role role;
  ts_array initial; /* inputs; zeros for outputs */
  ts_array answer;  /* what the last run left */
  double *bound;    /* of each element, for the next step; NULL: not known */
} entry;

typedef struct subject {
  struct subject *next;
  const char *name;
  unsigned n;
  entry *entries; /* of the signature */
  ts_bindings bindings;
  bool skipped;
  bool unbounded; /* by the step under way, its answers may change by anything */
} subject;

struct ts_semantics {
  ts_context *ctx;
  uint64_t seed;
  ts_arena arena;  /* subjects */
  ts_arena bounds; /* what the step under way needs */
  subject *first;
};

/* ---- life ---- */

ts_result ts_semantics_create(ts_context *ctx, uint64_t seed, ts_semantics **out) {
  ts_semantics *s = calloc(1, sizeof *s);
  if (!s) {
    ts_error_plain(ctx, "out of memory");
    return TS_LIMIT;
  }
  s->ctx = ctx;
  s->seed = seed;
  ts_arena_init(&s->arena, &ctx->memory);
  ts_arena_init(&s->bounds, &ctx->memory);
  *out = s;
  return TS_OK;
}

void ts_semantics_destroy(ts_semantics *s) {
  if (!s) return;
  for (subject *u = s->first; u; u = u->next)
    for (unsigned i = 0; i < u->n; i++) {
      ts_array_drop(s->ctx, &u->entries[i].initial);
      ts_array_drop(s->ctx, &u->entries[i].answer);
    }
  ts_arena_drop(&s->arena);
  ts_arena_drop(&s->bounds);
  free(s);
}

/* ---- messages ---- */

/* Takes the messages after `last` off the list: they belong to a run that need not succeed. Returns
 * the first of them. */
static const char *take_back(ts_context *ctx, ts_diag *last, unsigned errors) {
  ts_diag *taken = last ? last->next : ctx->first;
  if (last)
    last->next = NULL;
  else
    ctx->first = NULL;
  ctx->last = last;
  ctx->num_errors = errors;
  return taken ? taken->message : "no reason given";
}

static ts_result changed(ts_semantics *s, const ts_pipeline_step *step, ts_loc loc,
                         const char *name) {
  ts_error(s->ctx, loc, "pass '%s' changed the answer of @%s", step->pass->flag, name);
  return TS_CHECK;
}

/* ---- running ---- */

static void bind_extents(ts_semantics *s, subject *u, const ts_signature *sig) {
  static const int64_t sizes[] = {5, 7, 12, 3, 10, 9, 4, 6};
  TS_VEC(struct ts_binding) v = {0};
  for (unsigned i = 0; i < sig->n; i++)
    for (unsigned k = 0; k < sig->entries[i].type->rank; k++) {
      ts_extent e = sig->entries[i].type->dims[k];
      bool known = !ts_is_symbolic(e);
      for (size_t j = 0; !known && j < v.n; j++)
        known = v.at[j].name == ts_extent_name(e);
      int64_t size = sizes[v.n % ts_countof(sizes)];
      if (!known) ts_push(&s->arena, &v, (struct ts_binding){ts_extent_name(e), size, "the check"});
    }
  u->bindings.n = (unsigned)v.n;
  u->bindings.at = v.at;
}

static ts_result make_entries(ts_semantics *s, subject *u, const ts_module *m,
                              const ts_signature *sig) {
  u->entries = ts_new_array(&s->arena, entry, sig->n);
  for (; u->n < sig->n; u->n++) {
    const ts_sig_entry *from = &sig->entries[u->n];
    entry *e = &u->entries[u->n];
    int64_t dims[TS_MAX_RANK];
    ts_bound_dims(&u->bindings, from->type, dims);
    e->name = ts_strdup(&s->arena, ts_str_text(m, from->name));
    e->dtype = from->type->dtype;
    e->role = from->role;
    ts_result result = ts_array_create(s->ctx, e->dtype, from->type->rank, dims, &e->initial);
    if (result) return result;
    if (e->role != TS_ROLE_OUT) ts_array_fill(&e->initial, TS_FILL_NORMAL, 1, s->seed, e->name);
  }
  return TS_OK;
}

static ts_result copy_array(ts_context *ctx, const ts_array *from, ts_array *out) {
  ts_result result = ts_array_create(ctx, from->dtype, from->rank, from->dims, out);
  int64_t n = ts_array_count(from);
  if (!result) memcpy(out->data, from->data, (size_t)n * ts_dtype_bytes(from->dtype));
  return result;
}

/* Runs the function on fresh copies, which are the caller's to drop whatever is returned. */
static ts_result run(ts_semantics *s, const subject *u, const ts_func *f, ts_array *arrays) {
  ts_result result = TS_OK;
  for (unsigned i = 0; i < u->n && !result; i++)
    result = copy_array(s->ctx, &u->entries[i].initial, &arrays[i]);
  if (result) return result;
  const ts_engine *engine = ts_engine_find("interp", f);
  if (!engine) return ts_error(s->ctx, f->loc, "no engine runs this function");
  void *compiled = NULL;
  ts_run_args args = {.func = f, .arrays = arrays, .limits = {.fuel = fuel}};
  result = engine->prepare(s->ctx, f->module, f, NULL, &compiled);
  if (!result) result = engine->run(s->ctx, compiled, &args);
  if (compiled) engine->release(s->ctx, compiled);
  return result;
}

static void drop_all(ts_semantics *s, ts_array *arrays, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    ts_array_drop(s->ctx, &arrays[i]);
}

static void keep_answers(ts_semantics *s, subject *u, const ts_array *arrays) {
  for (unsigned i = 0; i < u->n; i++) {
    ts_array_drop(s->ctx, &u->entries[i].answer);
    u->entries[i].answer = arrays[i];
  }
}

/* ---- the input ---- */

static ts_result record(ts_semantics *s, subject *u, const ts_func *f) {
  ts_signature sig = ts_func_signature(f);
  bind_extents(s, u, &sig);
  ts_result result = make_entries(s, u, f->module, &sig);
  if (result) return result;
  ts_array *arrays = ts_new_array(&s->arena, ts_array, u->n);
  result = run(s, u, f, arrays);
  if (result)
    drop_all(s, arrays, u->n);
  else
    keep_answers(s, u, arrays);
  return result;
}

static void add_subject(ts_semantics *s, const ts_func *f) {
  subject *u = ts_new(&s->arena, subject), **end = &s->first;
  while (*end)
    end = &(*end)->next;
  *end = u;
  u->name = ts_strdup(&s->arena, ts_str_text(f->module, f->name));
  ts_diag *last = s->ctx->last;
  unsigned errors = s->ctx->num_errors;
  if (!record(s, u, f)) return;
  const char *why = take_back(s->ctx, last, errors);
  u->skipped = true;
  ts_warning(s->ctx, f->loc, "the answers of @%s are not compared, since it cannot be run: %s",
             u->name, why);
}

/* ---- comparing ---- */

static void keep_bound(entry *e, const ts_bounded *b) {
  for (int64_t k = 0; k < b->count; k++)
    b->error[k] *= 2;
  e->bound = b->error;
}

static ts_result bound_tensors(ts_semantics *s, subject *u, const ts_func *f,
                               const ts_pipeline_step *step, const ts_array *args) {
  ts_bounded *results = ts_new_array(&s->bounds, ts_bounded, f->num_results);
  ts_result result = ts_bound_results(s->ctx, &s->bounds, f, args, &u->bindings,
                                      ts_pipeline_step_dtype(step, "acc"), 0.5, results);
  for (unsigned i = 0; !result && i < f->num_results; i++)
    keep_bound(&u->entries[f->body->num_args + i], &results[i]);
  return result;
}

static ts_result bound_loops(ts_semantics *s, subject *u, const ts_func *f, const ts_array *args) {
  bool known;
  ts_bounded *outs = ts_new_array(&s->bounds, ts_bounded, u->n);
  ts_result result =
      ts_bound_loops(s->ctx, &s->bounds, f, args, &u->bindings, 0.5, bound_steps, outs, &known);
  if (result) return result;
  u->unbounded = !known;
  if (!known)
    ts_warning(s->ctx, f->loc,
               "the answers of @%s are not compared after this step, since its "
               "rounding errors are not bounded: it launches, calls, takes long, or "
               "branches by what it computed",
               u->name);
  for (unsigned i = 0; known && i < u->n; i++)
    if (u->entries[i].role != TS_ROLE_IN) keep_bound(&u->entries[i], &outs[i]);
  return TS_OK;
}

/* What the step may change the answers of `f` by: twice its rounding error. */
static ts_result find_bounds(ts_semantics *s, subject *u, const ts_func *f,
                             const ts_pipeline_step *step) {
  for (unsigned i = 0; i < u->n; i++)
    u->entries[i].bound = NULL;
  u->unbounded = false;
  if (u->skipped || ts_pipeline_step_exact(step)) return TS_OK;
  ts_array *args = ts_new_array(&s->bounds, ts_array, u->n);
  for (unsigned i = 0; i < u->n; i++)
    args[i] = u->entries[i].initial;
  return ts_func_level(f) == TS_LEVEL_T ? bound_tensors(s, u, f, step, args)
                                        : bound_loops(s, u, f, args);
}

static bool same_bits(const entry *e, const ts_array *now, int64_t i) {
  size_t bytes = ts_dtype_bytes(e->dtype);
  const char *a = e->answer.data, *b = now->data;
  if (!memcmp(a + (size_t)i * bytes, b + (size_t)i * bytes, bytes)) return true;
  return ts_is_float(e->dtype) && isnan(ts_array_get(&e->answer, i)) && isnan(ts_array_get(now, i));
}

/* By how much element i exceeds its bound: as a multiple of the bound, or the difference itself
 * when the bound is 0. 0 when it does not exceed it. */
static double excess(const entry *e, const ts_array *now, int64_t i) {
  if (same_bits(e, now, i)) return 0;
  double bound = e->bound ? e->bound[i] : 0;
  double difference = fabs(ts_array_get(now, i) - ts_array_get(&e->answer, i));
  if (bound == INFINITY || (e->bound && difference <= bound)) return 0;
  if (isnan(difference)) return INFINITY;
  return bound > 0 ? difference / bound : fmax(difference, DBL_MIN); /* +0 and -0 differ by 0 */
}

static double ulps_between(ts_semantics *s, const entry *e, const ts_array *now, int64_t i) {
  size_t at = (size_t)i * ts_dtype_bytes(e->dtype);
  ts_array a = {.dtype = e->dtype, .data = (char *)e->answer.data + at};
  ts_array b = {.dtype = e->dtype, .data = (char *)now->data + at};
  ts_difference d = {0};
  return ts_array_compare(s->ctx, &b, &a, 0, 0, &d) ? INFINITY : d.max_ulp;
}

static const char *bindings_text(ts_semantics *s, const ts_module *m, const subject *u) {
  const char *text = ts_sprintf(&s->bounds, "seed %llu", (unsigned long long)s->seed);
  for (unsigned i = 0; i < u->bindings.n; i++)
    text = ts_sprintf(&s->bounds, "%s, %s = %lld", text, ts_str_text(m, u->bindings.at[i].name),
                      (long long)u->bindings.at[i].value);
  return text;
}

typedef struct worst {
  const entry *entry;
  const ts_array *now;
  int64_t at, count; /* element; how many are out of bounds */
  double excess;
} worst;

static ts_result report(ts_semantics *s, const subject *u, const ts_func *f,
                        const ts_pipeline_step *step, const worst *w) {
  ts_arena *a = &s->bounds;
  const entry *e = w->entry;
  ts_result result = changed(s, step, f->loc, u->name);
  double difference = fabs(ts_array_get(w->now, w->at) - ts_array_get(&e->answer, w->at));
  ts_note_plain(s->ctx, "%s%s is %s before and %s after: %.6g ULP apart", e->name,
                ts_array_index_text(a, w->now, w->at), ts_array_value_text(a, &e->answer, w->at),
                ts_array_value_text(a, w->now, w->at), ulps_between(s, e, w->now, w->at));
  if (e->bound)
    ts_note_plain(s->ctx,
                  "the difference %.3g exceeds the bound %.3g, twice the rounding error of "
                  "any evaluation",
                  difference, e->bound[w->at]);
  else
    ts_note_plain(s->ctx, "the difference is %.3g, the bound is 0: '%s' keeps every bit",
                  difference, step->pass->flag);
  ts_note_plain(s->ctx, "%lld of %lld elements of %s are out of bounds; inputs: %s",
                (long long)w->count, (long long)ts_array_count(w->now), e->name,
                bindings_text(s, f->module, u));
  return result;
}

/* The element that is furthest beyond its bound, in the first output that has one. */
static bool find_worst(const subject *u, const ts_array *arrays, worst *w) {
  *w = (worst){0};
  for (unsigned i = 0; i < u->n && !w->entry; i++) {
    const entry *e = &u->entries[i];
    if (e->role == TS_ROLE_IN) continue;
    int64_t n = ts_array_count(&arrays[i]);
    for (int64_t k = 0; k < n; k++) {
      double x = excess(e, &arrays[i], k);
      w->count += x > 0;
      if (!(x > w->excess)) continue;
      *w = (worst){e, &arrays[i], k, w->count, x};
    }
  }
  return w->entry != NULL;
}

/* An infinite bound proves nothing. Elements that differ under one are reported, so that nobody
 * takes them for checked. */
static void warn_unjudged(ts_semantics *s, const subject *u, const ts_func *f,
                          const ts_pipeline_step *step, const ts_array *arrays) {
  for (unsigned i = 0; i < u->n; i++) {
    const entry *e = &u->entries[i];
    int64_t n = e->role != TS_ROLE_IN && e->bound ? ts_array_count(&arrays[i]) : 0, unjudged = 0;
    for (int64_t k = 0; k < n; k++)
      unjudged += e->bound[k] == INFINITY && !same_bits(e, &arrays[i], k);
    if (unjudged)
      ts_warning(s->ctx, f->loc,
                 "%lld of %lld elements of %s of @%s are not the same after '%s' and not judged: "
                 "no bound of their rounding errors is known",
                 (long long)unjudged, (long long)n, e->name, u->name, step->pass->flag);
  }
}

static bool same_signature(const subject *u, const ts_func *f) {
  ts_signature sig = ts_func_signature(f);
  if (sig.n != u->n) return false;
  for (unsigned i = 0; i < sig.n; i++) {
    const ts_sig_entry *now = &sig.entries[i];
    const entry *e = &u->entries[i];
    int64_t dims[TS_MAX_RANK];
    if (now->type->dtype != e->dtype || now->type->rank != e->initial.rank ||
        now->role != e->role || strcmp(ts_str_text(f->module, now->name), e->name))
      return false;
    ts_bound_dims(&u->bindings, now->type, dims);
    if (memcmp(dims, e->initial.dims, sizeof *dims * e->initial.rank)) return false;
  }
  return true;
}

static ts_result compare(ts_semantics *s, subject *u, const ts_func *f,
                         const ts_pipeline_step *step) {
  if (u->skipped) return TS_OK;
  if (!same_signature(u, f)) {
    ts_error(s->ctx, f->loc, "pass '%s' changed the signature of @%s", step->pass->flag, u->name);
    return TS_CHECK;
  }
  ts_array *arrays = ts_new_array(&s->bounds, ts_array, u->n);
  ts_result result = run(s, u, f, arrays);
  worst w;
  if (result) {
    ts_note(s->ctx, f->loc, "@%s could be run before pass '%s'", u->name, step->pass->flag);
    result = result == TS_LIMIT ? TS_LIMIT : TS_CHECK;
  } else if (!u->unbounded && find_worst(u, arrays, &w)) {
    result = report(s, u, f, step, &w);
  } else if (!u->unbounded) {
    warn_unjudged(s, u, f, step, arrays);
  }
  if (result)
    drop_all(s, arrays, u->n);
  else
    keep_answers(s, u, arrays);
  return result;
}

/* ---- entry ---- */

typedef struct check_call {
  ts_semantics *s;
  ts_module *m;
  const ts_pipeline_step *step;
  bool after;
} check_call;

static ts_func *find_by_name(const ts_module *m, const char *name) {
  ts_str id = ts_intern_find(&m->strings, name, strlen(name));
  return id ? ts_func_find(m, id) : NULL;
}

static subject *find_subject(const ts_semantics *s, const ts_func *f) {
  const char *name = ts_str_text(f->module, f->name);
  subject *u = s->first;
  while (u && strcmp(u->name, name))
    u = u->next;
  return u;
}

static ts_result compare_all(const check_call *c) {
  for (subject *u = c->s->first; u; u = u->next) {
    const ts_func *f = find_by_name(c->m, u->name);
    if (!f) {
      ts_error_plain(c->s->ctx, "pass '%s' removed @%s", c->step->pass->flag, u->name);
      return TS_CHECK;
    }
    ts_result result = compare(c->s, u, f, c->step);
    if (result) return result;
  }
  return TS_OK;
}

/* Before a step: answers of functions not seen yet, and bounds. */
static ts_result prepare(const check_call *c) {
  ts_arena_drop(&c->s->bounds);
  ts_result result = TS_OK;
  for (const ts_func *f = c->m->first_func; f && !result; f = f->next) {
    if (!find_subject(c->s, f)) add_subject(c->s, f);
    result = find_bounds(c->s, find_subject(c->s, f), f, c->step);
  }
  return result;
}

static ts_result check_body(void *arg) {
  const check_call *c = arg;
  return c->after ? compare_all(c) : prepare(c);
}

ts_result ts_semantics_check(void *semantics, ts_module *m, const ts_pipeline_step *step,
                             bool after) {
  check_call call = {semantics, m, step, after};
  return ts_protect(call.s->ctx, check_body, &call);
}
