/* Writing steps, and the step that all recipes end a nest with: loops that run at once. */
#include "support/remarks.h"
#include "analysis/poly/dependence.h"
#include "transforms/recipe/recipe_impl.h"

enum { MIN_PARALLEL_ELEMENTS = 32768 };

void ts_recipe_step(ts_recipe *r, const char *pass, const char *options, ...) {
  if (r->result || r->listed) return;
  va_list args;
  va_start(args, options);
  const char *text = ts_vsprintf(r->pass->scratch, options, args);
  va_end(args);
  if (r->several)
    text = ts_sprintf(r->pass->scratch, "%s func=%s", text, ts_str_text(r->m, r->func->name));
  r->result = ts_pipeline_add(r->m->ctx, r->pass->expansion, pass, text);
}

const char *ts_recipe_loop(ts_recipe *r, const ts_op *loop) {
  ts_str name = (ts_str)(uintptr_t)ts_ptrmap_get(&r->names, loop);
  return ts_sprintf(r->pass->scratch, "%%%s", ts_str_text(r->m, name));
}

const char *ts_recipe_made(ts_recipe *r, const char *of, const char *role) {
  return ts_sprintf(r->pass->scratch, "%s:%s", of, role);
}

/* ---- loops that run at once ---- */

ts_op *ts_recipe_first_long(unsigned n, ts_op *const *loops) {
  int64_t trips;
  for (unsigned i = 0; i < n; i++)
    if (!ts_loop_trip_count(loops[i], &trips) || trips > 1) return loops[i];
  return NULL;
}

int64_t ts_recipe_work(const ts_nest *nest) {
  int64_t all = 1, n;
  for (unsigned i = 0; i < nest->n; i++)
    if (!ts_loop_trip_count(nest->loops[i], &n) || __builtin_mul_overflow(all, n, &all)) return -1;
  return all;
}

/* The first of the loops whose iterations may run at once and are several; NULL: none. */
static ts_op *first_parallel(ts_recipe *r, unsigned n, ts_op *const *loops) {
  bool *may = ts_new_array(r->pass->scratch, bool, n);
  ts_diag *last = r->m->ctx->last;
  ts_result result = ts_dep_parallel_loops(r->m->ctx, r->pass->scratch, n, loops, may);
  ts_errors_to_remarks(r->m->ctx, last, r->pass->name); /* that it takes too many steps to decide */
  for (unsigned i = 0; i < n && !result; i++)
    if (may[i] && ts_recipe_first_long(1, &loops[i])) return loops[i];
  return NULL;
}

bool ts_recipe_parallel(ts_recipe *r, const char *nest, unsigned n, ts_op *const *loops,
                        int64_t work) {
  static const int64_t worth[] = {TS_PARALLEL_NONE, TS_PARALLEL_OUTER};
  bool pays = work < 0 || work >= MIN_PARALLEL_ELEMENTS;
  bool may_pay = work < 0 || work >= MIN_PARALLEL_ELEMENTS / 16;
  bool asked = ts_recipe_is_asked(r, nest, TS_CHOICE_PARALLEL) && (may_pay || !r->listed);
  if (r->threads < 2 || !(pays || asked)) return false;
  ts_op *loop = first_parallel(r, n, loops);
  if (!loop) return false;
  int64_t own = pays ? TS_PARALLEL_OUTER : TS_PARALLEL_NONE;
  if (ts_recipe_choose(r, nest, TS_CHOICE_PARALLEL, own, 2, worth) == TS_PARALLEL_NONE)
    return false;
  ts_recipe_step(r, "parallel", "%s", ts_recipe_loop(r, loop));
  return true;
}
