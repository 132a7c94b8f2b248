/* The recipe tuned: the best schedule that the records have for a function on this machine, and where they have none that
 * of the recipe cpu. */
#include "support/remarks.h"
#include "syntax/fingerprint.h"
#include "target/machine.h"
#include "transforms/recipe/recipe_impl.h"
#include "records/store.h"

typedef struct tuned {
  ts_recipe *r;
  const ts_recipe_options *options;
  const char *target;
  ts_store *store;
  ts_result result;
} tuned;

/* What is said of a function. */
static const char by_records[] = "the best schedule that was kept";
static const char by_the_recipe[] = "the recipe cpu, as no schedule is kept";

/* ---- records ---- */

/* The records are of use, and not needed: what is wrong with them is no error. */
static void open_store(tuned *t) {
  ts_context *ctx = t->r->m->ctx;
  ts_diag *last = ctx->last;
  const char *path = *t->options->db ? t->options->db : NULL;
  if (ts_store_open(ctx, path, TS_STORE_READ, &t->store)) ts_errors_to_warnings(ctx, last);
}

/* The best pipeline kept for the function as it stands, and how many of its steps led to it. False: there is none. */
static bool find_best(tuned *t, const ts_func *f, ts_pipeline *best, unsigned *from) {
  ts_context *ctx = t->r->m->ctx;
  char hex[TS_DIGEST_HEX];
  const char *text = NULL;
  ts_diag *last = ctx->last;
  *best = (ts_pipeline){.table = t->r->pass->expansion->table};
  ts_result result = ts_func_fingerprint(f, hex);
  if (!result) result = ts_store_best(t->store, t->r->pass->scratch, hex, t->target, &text, from);
  if (!result && text) result = ts_pipeline_parse(ctx, best, text);
  if (result == TS_LIMIT) t->result = result;
  if (result) ts_errors_to_warnings(ctx, last);
  return !result && text && *from < best->steps.n;
}

/* ---- steps ---- */

/* The step for this function alone (NULL: for all), where it could be for others. */
static ts_pipeline_step step_for(tuned *t, const ts_func *f, const ts_pipeline_step *step) {
  const ts_option_table *table = &step->pass->options;
  const ts_option *only = ts_option_find(table, "func");
  ts_pipeline_step out = *step;
  if (!f || !t->r->several || !only) return out;
  out.options = ts_arena_alloc(&t->r->m->ctx->arena, table->bytes);
  memcpy(out.options, step->options, table->bytes);
  *(const char **)((char *)out.options + only->offset) = ts_str_text(t->r->m, f->name);
  return out;
}

static void add_steps(tuned *t, const ts_func *f, const ts_pipeline *from, size_t begin,
                      size_t end) {
  for (size_t i = begin; i < end; i++)
    ts_push(&t->r->m->ctx->arena, &t->r->pass->expansion->steps,
            step_for(t, f, &from->steps.at[i]));
}

static void say(tuned *t, const ts_func *f, const char *what) {
  ts_remark(t->r->m->ctx, f->loc, t->r->pass->name, "analysis", "%s of @%s on %s", what,
            ts_str_text(t->r->m, f->name), t->target);
}

/* An extent of the function that is not known; NULL: there is none. */
static const char *open_extent(const ts_func *f) {
  for (unsigned i = 0; i < f->body->num_args; i++) {
    const ts_type *type = f->body->args[i]->type;
    for (unsigned d = 0; d < type->rank; d++)
      if (ts_is_symbolic(type->dims[d]))
        return ts_str_text(f->module, ts_extent_name(type->dims[d]));
  }
  return NULL;
}

/* Schedules are kept for numbers, and for ranges of an extent, which only together are one of the function. */
static void say_none_kept(tuned *t, const ts_func *f) {
  const char *open = open_extent(f);
  say(t, f, by_the_recipe);
  if (open)
    ts_note(t->r->m->ctx, f->loc,
            "%s is not known: ts-tune --buckets=%s=16,128 finds a schedule for each range of it",
            open, open);
}

static void schedule_loops(tuned *t, ts_func *f) {
  ts_pipeline best;
  unsigned from;
  if (find_best(t, f, &best, &from)) {
    say(t, f, by_records);
    add_steps(t, f, &best, from, best.steps.n);
    return;
  }
  if (t->result) return;
  say_none_kept(t, f);
  t->r->func = f;
  ts_recipe_cpu(t->r);
  t->result = t->r->result;
}

static bool makes_loops(const ts_pipeline_step *step) {
  return (step->pass->level_in & TS_LEVEL_T) && step->pass->level_out == TS_LEVEL_L;
}

/* The number of steps up to the one that makes loops; 0: there is none. */
static size_t steps_to_loops(const ts_pipeline *p) {
  for (size_t i = 0; i < p->steps.n; i++)
    if (makes_loops(&p->steps.at[i])) return i + 1;
  return 0;
}

/* The only function, as its record has it. False: it has none. */
static bool schedule_only(tuned *t) {
  ts_func *f = t->r->m->first_func;
  ts_pipeline best;
  unsigned from;
  if (f->next || !find_best(t, f, &best, &from)) return false;
  say(t, f, by_records);
  add_steps(t, NULL, &best, from, best.steps.n);
  return true;
}

/* What follows on the steps that make loops: this recipe again, or where there are no records the other one. */
static ts_result schedule_made_loops(tuned *t) {
  ts_context *ctx = t->r->m->ctx;
  ts_pipeline *expansion = t->r->pass->expansion;
  if (!t->store) {
    for (ts_func *f = t->r->m->first_func; f; f = f->next)
      say(t, f, by_the_recipe);
    return ts_pipeline_add(ctx, expansion, t->r->pass->name,
                           ts_sprintf(t->r->pass->scratch, "cpu target=%s threads=%u",
                                      t->options->target, t->r->threads));
  }
  ts_recipe_options *again = ts_new(&ctx->arena, ts_recipe_options);
  *again = *t->options;
  again->lowers = false;
  ts_push(&ctx->arena, &expansion->steps,
          ((ts_pipeline_step){ts_pass_find(expansion->table, t->r->pass->name), again}));
  return TS_OK;
}

/* Loops first: as the record of one of several functions makes them, or as engines do; and then the same again. */
static ts_result schedule_tensors(tuned *t) {
  ts_context *ctx = t->r->m->ctx;
  ts_pipeline *expansion = t->r->pass->expansion, best = {0};
  unsigned from;
  size_t n = 0;
  if (schedule_only(t) || t->result) return t->result;
  for (ts_func *f = t->r->m->first_func; f && !n && !t->result; f = f->next)
    if (ts_func_level(f) == TS_LEVEL_T && find_best(t, f, &best, &from)) n = steps_to_loops(&best);
  if (n)
    add_steps(t, NULL, &best, 0, n);
  else if (!t->result)
    t->result = ts_pipeline_parse(ctx, expansion, "fuse,lower");
  return t->result ? t->result : schedule_made_loops(t);
}

static bool has_tensors(const ts_module *m) {
  for (const ts_func *f = m->first_func; f; f = f->next)
    if (ts_func_level(f) == TS_LEVEL_T) return true;
  return false;
}

static ts_result schedule(void *arg) {
  tuned *t = arg;
  ts_module *m = t->r->m;
  t->target = ts_target_text(t->r->pass->scratch, &t->r->target, t->r->threads);
  open_store(t);
  if (t->options->lowers && has_tensors(m)) return schedule_tensors(t);
  for (ts_func *f = m->first_func; f && !t->result; f = f->next)
    if (ts_func_level(f) == TS_LEVEL_L) schedule_loops(t, f);
  return t->result;
}

static void close_store(void *arg) {
  tuned *t = arg;
  ts_store_close(t->store);
  t->store = NULL;
}

ts_result ts_recipe_tuned(ts_recipe *r, const ts_recipe_options *options) {
  tuned t = {.r = r, .options = options};
  r->threads = ts_machine_threads((unsigned)options->threads);
  return ts_protect_cleanup(r->m->ctx, schedule, close_store, &t);
}
