/* fuse-loops: loops that stand one behind the other become one.
 *
 * requires:  loops of one block with the same number of iterations; iteration t of a later loop
 *            needs nothing that an earlier one does after its iteration t, and what stands between
 *            needs nothing of the first (analysis/dependence.h).
 * preserves: every bit.
 * rewrite:   for %i = 0 to M { S(%i) }  T  for %i_1 = 0 to M { U(%i_1) }
 *              → -fuse-loops="i i_1" →
 *            T  for %i = 0 to M { S(%i)  U(%i) }
 *
 * With depth=2 the loops that the two bodies hold are fused, too, and so on. */
#include "analysis/poly/dependence.h"
#include "analysis/poly/facts.h"
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

/* ---- may it be done? ---- */

static bool same_exprs(ts_dims *d, const ts_op *a, unsigned na, const ts_aff *const *x,
                       const ts_op *b, unsigned nb, const ts_aff *const *y) {
  if (na != nb) return false;
  for (unsigned i = 0; i < na; i++)
    if (ts_dims_import(d, a, x[i]) != ts_dims_import(d, b, y[i])) return false;
  return true;
}

static bool same_bounds(ts_module *m, const ts_op *a, const ts_op *b) {
  ts_for f = ts_for_parts(a), g = ts_for_parts(b);
  ts_dims d = ts_dims_none(m);
  return f.step == g.step && same_exprs(&d, a, f.num_lo, f.lo, b, g.num_lo, g.lo) &&
         same_exprs(&d, a, f.num_hi, f.hi, b, g.num_hi, g.hi) && !d.overflow;
}

static ts_result check_trips(ts_schedule *s, const ts_op *first, const ts_op *second) {
  if (same_bounds(s->m, first, second)) return TS_OK;
  bool plain = ts_for_parts(first).num_lo == 1 && ts_for_parts(second).num_lo == 1;
  if (plain && ts_poly_same_trips(s->m->ctx, s->pass->scratch, first, second)) return TS_OK;
  ts_result result = ts_schedule_refuse(
      s, first, "cannot fuse %%%s and %%%s: they may differ in their number of iterations",
      ts_loop_name(first), ts_loop_name(second));
  ts_note(s->m->ctx, second->loc, "%%%s stands here", ts_loop_name(second));
  return result;
}

/* The second loop some iterations behind the first; or fewer levels; or the loops as they are. */
static const char *instead(ts_schedule *s, ts_op *first, ts_op *second, const char *fewer) {
  if (fewer) return fewer;
  int64_t trips, lag = 0;
  ts_for f = ts_for_parts(first), g = ts_for_parts(second);
  const char *a = ts_loop_name(first), *b = ts_loop_name(second);
  bool plain = f.num_lo == 1 && f.num_hi == 1 && g.num_lo == 1 && g.num_hi == 1;
  if (plain && ts_loop_trip_count(first, &trips)) lag = ts_dep_fuse_lag(s->m->ctx, first, second);
  if (lag && lag < trips)
    return ts_sprintf(s->pass->scratch, "%s %s %s",
                      ts_schedule_step(s, "peel", "%s=%lld first=true", a, (long long)lag),
                      ts_schedule_step(s, "peel", "%s=%lld last=true", b, (long long)lag),
                      ts_schedule_step(s, "fuse-loops", "%s %s", a, b));
  return ts_sprintf(s->pass->scratch, "%%%s and %%%s one behind the other, as they stand", a, b);
}

static ts_result check_order(ts_schedule *s, ts_op *first, ts_op *second, const char *fewer) {
  ts_verdict verdict;
  ts_result result = ts_dep_fuse(s->m->ctx, s->pass->scratch, first, second, &verdict);
  if (result || verdict.legal) return result;
  const char *what =
      ts_sprintf(s->pass->scratch, "fuse %%%s and %%%s", ts_loop_name(first), ts_loop_name(second));
  return ts_dep_refuse(s->m->ctx, first, what, &verdict, instead(s, first, second, fewer));
}

/* ---- doing it ---- */

/* The second loop's variable in terms of the first's. */
static bool replace_iv(ts_module *m, const ts_op *first, const ts_op *second) {
  ts_for f = ts_for_parts(first), g = ts_for_parts(second);
  ts_dims d = ts_dims_none(m);
  const ts_aff *at = ts_dims_value(&d, f.iv);
  if (!same_bounds(m, first, second)) {
    const ts_aff *lo = ts_dims_import(&d, first, f.lo[0]),
                 *to = ts_dims_import(&d, second, g.lo[0]);
    if (f.step != g.step) {
      at = ts_dims_binary(&d, TS_AFF_FLOORDIV, ts_dims_sub(&d, at, lo), ts_aff_const(m, f.step));
      at = ts_dims_add(&d, ts_dims_scale(&d, at, g.step), to);
    } else if (lo != to) {
      at = ts_dims_add(&d, at, ts_dims_sub(&d, to, lo));
    }
  }
  return ts_replace_by_affine(g.iv, at, &d);
}

/* Marks that both have stay, and `parallel` only where it is still true. */
static void merge_marks(ts_schedule *s, ts_op *first, const ts_op *second) {
  static const ts_attr_key hints[] = {TS_ATTR_UNROLL, TS_ATTR_VECTOR};
  for (unsigned i = 0; i < ts_countof(hints); i++)
    if (!ts_attr_find(second, hints[i])) ts_attr_remove(s->m, first, hints[i]);
  ts_loop_keep_mark(s, first);
}

/* The ops of both bodies are in `first` afterwards; *part is the first of those that came with
 * `second`. `fewer` is what would be legal when this is not, NULL where no level is fused yet. */
static ts_result fuse(ts_schedule *s, ts_op *first, ts_op *second, const char *fewer,
                      ts_op **part) {
  ts_result result = check_trips(s, first, second);
  if (!result) result = check_order(s, first, second, fewer);
  if (result) return result;
  ts_schedule_passed(s, first, "%%%s and %%%s are one loop", ts_loop_name(first),
                     ts_loop_name(second));
  while (first->next != second)
    ts_op_move_before(first->next, first);
  if (!replace_iv(s->m, first, second))
    return ts_schedule_refuse(s, second, "cannot fuse %%%s: its subscripts get too large",
                              ts_loop_name(second));
  ts_block *from = ts_for_parts(second).body, *to = ts_for_parts(first).body;
  ts_builder b = ts_builder_at_end(s->m, to, to->end);
  *part = from->first;
  while (from->first) {
    ts_op *op = from->first;
    ts_op_unlink(op);
    ts_op_insert(&b, op);
  }
  merge_marks(s, first, second);
  ts_op_erase(second);
  ts_count(s->pass, "loops fused", 1);
  s->pass->changed = true;
  return result;
}

/* The only loop among the ops from `op` to `end`; NULL when there is none, or another. */
static ts_op *only_loop(ts_op *op, const ts_op *end) {
  ts_op *loop = NULL;
  for (; op && op != end; op = op->next) {
    if (!ts_is_loop(op)) continue;
    if (loop) return NULL;
    loop = op;
  }
  return loop;
}

static ts_result fuse_levels(ts_schedule *s, ts_op *first, ts_op *second, int64_t depth) {
  const char *a = ts_loop_name(first), *b = ts_loop_name(second), *fewer = NULL;
  for (int64_t level = 0; level < depth; level++) {
    ts_op *part = NULL, *outer = first;
    if (level)
      fewer = ts_schedule_step(s, "fuse-loops", "%s %s depth=%lld", a, b, (long long)level);
    ts_result result = fuse(s, first, second, fewer, &part);
    if (result || level + 1 == depth) return result;
    first = only_loop(ts_for_parts(outer).body->first, part);
    second = part ? only_loop(part, NULL) : NULL;
    if (!first || !second)
      return ts_schedule_refuse(
          s, outer, "cannot fuse %lld levels: the bodies of %%%s do not hold one loop each",
          (long long)depth, ts_loop_name(outer));
  }
  return TS_OK;
}

/* ---- the pass ---- */

/* The loop of that name behind `first` in its block; NULL: none. */
static ts_op *later_loop(const ts_schedule *s, const ts_op *first, const char *name) {
  ts_str wanted = ts_intern_find(&s->m->strings, name, strlen(name));
  for (ts_op *op = first->next; op && wanted; op = op->next)
    if (ts_is_loop(op) && ts_for_parts(op).iv->name == wanted) return op;
  return NULL;
}

static ts_result fuse_all(ts_schedule *s, ts_op *first, const ts_loop_item *item) {
  (void)item;
  const ts_fuse_loops_options *o = s->options;
  for (size_t i = 1; i < o->loops.items.n; i++) {
    const char *name = o->loops.items.at[i].name;
    ts_op *second = later_loop(s, first, name);
    if (!second)
      return ts_schedule_refuse(
          s, first, "cannot fuse %%%s and %%%s: %%%s does not stand behind it in its block",
          ts_loop_name(first), name, name);
    ts_result result = fuse_levels(s, first, second, o->depth);
    if (result) return result;
  }
  return TS_OK;
}

static ts_result look(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  (void)s;
  (void)loop;
  (void)item;
  return TS_OK;
}

ts_result ts_pass_fuse_loops(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_fuse_loops_options *o = options;
  ts_loop_list first = {0};
  if (o->loops.items.n < 2) {
    ts_error_plain(m->ctx, "-fuse-loops wants two loops or more, as in -fuse-loops=\"i i_1\"");
    return TS_USAGE;
  }
  ts_result result =
      ts_each_loop(pass, m, o->func, &o->loops, options, look); /* are they all there? */
  if (result) return result;
  ts_push(pass->scratch, &first.items, o->loops.items.at[0]);
  return ts_each_loop(pass, m, o->func, &first, options, fuse_all);
}
