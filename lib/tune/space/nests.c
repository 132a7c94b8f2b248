/* The space of a program's nests: the recipe with its decisions as parameters.
 *
 *   space mlp
 *   param j_vectors in [1, 2, 3]
 *   …
 *   pipeline { fuse, lower{acc=f32}, recipe{cpu threads=2 j.vectors=$j_vectors …} } */
#include "support/remarks.h"
#include "transforms/passes.h"
#include "transforms/recipe/choice.h"
#include "tune/space/space.h"

typedef struct nests {
  ts_context *ctx;
  ts_arena *arena;
  const ts_target *target;
  unsigned threads;
  ts_recipe_choices all;
} nests;

/* ---- loops ---- */

static bool has_tensors(const ts_module *m) {
  for (const ts_func *f = m->first_func; f; f = f->next)
    if (ts_func_level(f) == TS_LEVEL_T) return true;
  return false;
}

static void note_f64(void *arg, ts_op *op) {
  for (unsigned i = 0; i < op->num_results; i++)
    *(bool *)arg |= ts_op_result(op, i)->type->dtype == TS_F64;
}

/* What sums may be added up in: f32, but for programs that compute in f64. */
static const char *lowering(const ts_module *m) {
  bool f64 = false;
  for (const ts_func *f = m->first_func; f; f = f->next) {
    for (unsigned i = 0; i < f->body->num_args; i++)
      f64 |= f->body->args[i]->type->dtype == TS_F64;
    ts_walk(f->body, note_f64, &f64);
  }
  return f64 ? "fuse, lower" : "fuse, lower{acc=f32}";
}

static ts_result run(ts_module *m, const char *text) {
  ts_context *ctx = m->ctx;
  ts_pipeline pipeline = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_diag *last = ctx->last;
  ts_result result = ts_pipeline_parse(ctx, &pipeline, text);
  if (!result) result = ts_run_pipeline(m, &pipeline, &runner);
  ts_remarks_drop_after(ctx, last);
  return result;
}

/* ---- choices ---- */

static bool is_known(const nests *n, const char *parameter) {
  for (size_t i = 0; i < n->all.at.n; i++)
    if (!strcmp(n->all.at.at[i].parameter, parameter)) return true;
  return false;
}

/* Nests of one name in several functions share their choices. */
static ts_result add_func(nests *n, ts_func *f) {
  ts_recipe_choices choices;
  ts_result result = ts_recipe_choices_of(n->ctx, n->arena, f, n->target, n->threads, &choices);
  for (size_t i = 0; i < choices.at.n; i++)
    if (!is_known(n, choices.at.at[i].parameter)) ts_push(n->arena, &n->all.at, choices.at.at[i]);
  for (size_t i = 0; i < choices.rules.n; i++)
    ts_push(n->arena, &n->all.rules, choices.rules.at[i]);
  for (size_t i = 0; i < choices.products.n; i++)
    ts_push(n->arena, &n->all.products, choices.products.at[i]);
  return result;
}

static ts_result find_choices(nests *n, ts_module *m) {
  ts_result result = TS_OK;
  for (ts_func *f = m->first_func; f && !result; f = f->next)
    if (ts_func_level(f) == TS_LEVEL_L) result = add_func(n, f);
  if (result || n->all.at.n) return result;
  return ts_error(n->ctx, m->first_func ? m->first_func->loc : (ts_loc){0},
                  "there is nothing to choose: the recipe finds no nest without a schedule that "
                  "could have another one");
}

/* ---- text ---- */

/* A name as space files have them. */
static const char *plain_name(ts_arena *arena, const char *name) {
  bool number = *name >= '0' && *name <= '9';
  char *text = ts_sprintf(arena, "%s%s", number ? "f" : "", name);
  for (char *c = text; *c; c++)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c)) *c = '_';
  return text;
}

static void put_parameters(ts_sink *s, const nests *n) {
  for (size_t i = 0; i < n->all.at.n; i++) {
    const ts_recipe_choice *c = &n->all.at.at[i];
    ts_sink_printf(s, "# %s\nparam %s in [", c->summary, c->parameter);
    for (unsigned v = 0; v < c->n; v++)
      ts_sink_printf(s, "%s%s", v ? ", " : "", c->values[v]);
    ts_sink_puts(s, "]\n");
  }
  for (size_t i = 0; i < n->all.rules.n; i++)
    ts_sink_printf(s, "require %s\n", n->all.rules.at[i]);
}

static void put_pipeline(ts_sink *s, const nests *n, const char *before) {
  ts_sink_printf(s, "pipeline { %srecipe{cpu threads=%u", before, n->threads);
  if (strcmp(n->target->name, "native")) ts_sink_printf(s, " target=%s", n->target->name);
  for (size_t i = 0; i < n->all.at.n; i++)
    ts_sink_printf(s, " %s=$%s", n->all.at.at[i].option, n->all.at.at[i].parameter);
  ts_sink_puts(s, "} }\n");
}

/* The proxy of the small program that Tilesmith replaces: what each tile loads and stores. */
static void put_product_power(ts_sink *s, const ts_recipe_tiles *t) {
  ts_sink_puts(s, " + ");
  if (t->matrices > 1) ts_sink_printf(s, "%lld * ", (long long)t->matrices);
  ts_sink_printf(s,
                 "ceildiv(%lld, %s) * ceildiv(%lld, %s) * (w_shared * ceildiv(%lld, %s) * (%s * %s "
                 "+ %s * %s) + w_global * %s * %s)",
                 (long long)t->rows, t->tile_rows, (long long)t->columns, t->tile_columns,
                 (long long)t->sums, t->tile_sums, t->tile_rows, t->tile_sums, t->tile_sums,
                 t->tile_columns, t->tile_rows, t->tile_columns);
}

static void put_power(ts_sink *s, const nests *n) {
  bool known = n->all.products.n > 0;
  for (size_t i = 0; i < n->all.products.n; i++) {
    const ts_recipe_tiles *t = &n->all.products.at[i];
    known &= t->matrices && t->rows && t->columns && t->sums;
  }
  if (!known) return;
  ts_sink_puts(s, "const base = 1e-3\nconst w_shared = 1e-6\nconst w_global = 2e-6\npower base");
  for (size_t i = 0; i < n->all.products.n; i++)
    put_product_power(s, &n->all.products.at[i]);
  ts_sink_puts(s, "\n");
}

static const char *own_point(const nests *n) {
  const char *text = "";
  for (size_t i = 0; i < n->all.at.n; i++)
    text = ts_sprintf(n->arena, "%s%s%s=%s", text, i ? " " : "", n->all.at.at[i].parameter,
                      n->all.at.at[i].own);
  return text;
}

static ts_result write_space(const nests *n, const ts_module *m, const char *before,
                             const char **text) {
  ts_sink s;
  ts_sink_buffer(&s, &n->ctx->memory);
  ts_sink_printf(&s, "space %s\n", plain_name(n->arena, ts_str_text(m, m->first_func->name)));
  put_parameters(&s, n);
  put_power(&s, n);
  put_pipeline(&s, n, before);
  ts_result result = ts_sink_finish(&s);
  if (!result) *text = ts_strndup(n->arena, s.buf, s.n);
  ts_sink_drop(&s);
  return result;
}

ts_result ts_tune_space_of_module(ts_context *ctx, ts_arena *arena, ts_module *module,
                                  const ts_target *target, unsigned threads, const char **text,
                                  const char **first) {
  nests n = {.ctx = ctx, .arena = arena, .target = target, .threads = threads};
  const char *before = "";
  ts_module *m = module;
  ts_result result = TS_OK;
  if (has_tensors(module)) {
    before = lowering(module);
    m = ts_module_clone(module);
    result = run(m, before);
    before = ts_sprintf(arena, "%s, ", before);
  }
  if (!result) result = find_choices(&n, m);
  if (!result) result = write_space(&n, m, before, text);
  if (!result) *first = own_point(&n);
  if (m != module) ts_module_drop(m);
  return result;
}
