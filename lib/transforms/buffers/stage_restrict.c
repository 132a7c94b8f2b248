/* The iterations of a nest that touch a box, see stage_impl.h.
 *
 * An access at  c * %i + rest  can meet the box only where  lower <= c * %i + max rest  and
 * c * %i + min rest < end, which bounds %i; what comes out of inner loops is replaced by their
 * bounds. Loops are worked on from the outside in, so that an inner one sees what is left of the
 * outer ones. A loop is bounded by what holds for all the accesses in it. */
#include "transforms/buffers/stage_impl.h"
#include "transforms/rewrite/rewrite.h"

/* ---- bounds from the box ---- */

static void keep(ts_form_list *list, const ts_linear *l) {
  for (unsigned i = 0; i < list->n; i++)
    if (ts_linear_same(list->at[i], l)) return;
  if (l && list->n < TS_FORM_MAX_BOUNDS) list->at[list->n++] = l;
}

/* The c of  c * iv + rest,  with the rest in *rest; 0 when iv does not stand in it so, or c < 0. */
static int64_t take_apart(ts_forms *F, const ts_linear *l, ts_value *iv, const ts_linear **rest) {
  int64_t c = ts_form_coef(F, l, iv);
  *rest = c > 0 ? ts_form_add(F, l, ts_form_value(F, iv), -c) : NULL;
  return *rest && !ts_form_mentions(*rest, iv) ? c : 0;
}

/* Ends of the part of dimension d in use, the box's own among them. */
static ts_form_list ends_of(ts_staged *s, unsigned d) {
  const ts_box_dim *dim = &s->box.dims[d];
  ts_form_list ends = {0};
  for (unsigned i = 0; i < dim->num_ends; i++)
    keep(&ends, dim->ends[i]);
  keep(&ends, ts_form_add(s->forms, dim->lower, ts_form_extent(s->forms, dim->extent), 1));
  return ends;
}

/* Lower (inclusive) or upper (exclusive) bounds of the loop without which the access misses the
 * box. */
static ts_form_list bounds_from(ts_staged *s, const ts_touch *t, ts_for *f, bool upper) {
  ts_forms *F = s->forms;
  ts_form_list out = {0};
  for (unsigned d = 0; d < s->box.rank; d++) {
    ts_form_list at = ts_form_bounds(F, t->at[d], !upper, f->body), ends = ends_of(s, d);
    for (unsigned i = 0; i < at.n; i++) {
      const ts_linear *rest;
      int64_t c = take_apart(F, at.at[i], f->iv, &rest);
      if (c && !upper) {
        rest = ts_form_add(F, rest, ts_form_const(F, t->widths[d] - 1), 1);
        const ts_linear *room = ts_form_add(F, s->box.dims[d].lower, rest, -1);
        keep(&out, ts_form_div(F, TS_FORM_CEILDIV, room, c));
      }
      for (unsigned k = 0; c && upper && k < ends.n; k++) {
        const ts_linear *room = ts_form_add(F, ends.at[k], rest, -1);
        keep(&out, ts_form_div(F, TS_FORM_CEILDIV, room, c));
      }
    }
  }
  return out;
}

/* Does one of the list tell at least what b tells? */
static bool implied(ts_forms *F, const ts_form_list *list, const ts_linear *b, bool upper) {
  for (unsigned i = 0; i < list->n; i++)
    if (upper ? ts_form_le(F, list->at[i], b) : ts_form_le(F, b, list->at[i])) return true;
  return false;
}

static ts_form_list common_bounds(ts_staged *s, const ts_touches *touches, ts_for *f, bool upper) {
  ts_form_list common = bounds_from(s, &touches->list.at[0], f, upper);
  for (size_t i = 1; i < touches->list.n; i++) {
    ts_form_list own = bounds_from(s, &touches->list.at[i], f, upper), both = {0};
    for (unsigned k = 0; k < common.n; k++)
      if (implied(s->forms, &own, common.at[k], upper)) keep(&both, common.at[k]);
    for (unsigned k = 0; k < own.n; k++)
      if (implied(s->forms, &common, own.at[k], upper)) keep(&both, own.at[k]);
    common = both;
  }
  return common;
}

/* Adds to the bounds those of the list that tell more, and takes out those that then tell
 * nothing. */
static void tighten(ts_forms *F, ts_form_list *bounds, const ts_form_list *by, bool upper) {
  for (unsigned i = 0; i < by->n; i++) {
    const ts_linear *b = by->at[i];
    if (implied(F, bounds, b, upper)) continue;
    ts_form_list one = {.n = 1, .at = {b}};
    unsigned n = 0;
    for (unsigned k = 0; k < bounds->n; k++)
      if (!implied(F, &one, bounds->at[k], upper)) bounds->at[n++] = bounds->at[k];
    bounds->n = n;
    keep(bounds, b);
  }
}

/* ---- a loop with other bounds ---- */

static bool put_bounds(ts_staged *s, ts_op *loop, const ts_form_list *lo, const ts_form_list *hi) {
  ts_module *m = s->schedule->m;
  ts_dims d = ts_dims_none(m);
  const ts_aff *exprs[2 * TS_FORM_MAX_BOUNDS];
  unsigned n = 0;
  for (unsigned i = 0; i < lo->n; i++)
    exprs[n++] = ts_dims_form(&d, lo->at[i]);
  for (unsigned i = 0; i < hi->n; i++)
    exprs[n++] = ts_dims_form(&d, hi->at[i]);
  if (!ts_dims_set_map(&d, loop, n, exprs)) return false;
  ts_attr_remove(m, loop, TS_ATTR_NUM_LO);
  if (lo->n != 1) ts_attr_set_int(m, loop, TS_ATTR_NUM_LO, lo->n);
  return true;
}

/* Lets the loop, which runs from `lo`, count from 0. */
static bool shift(ts_staged *s, ts_op **loop, const ts_linear *lo, const ts_form_list *hi) {
  ts_module *m = s->schedule->m;
  ts_for old = ts_for_parts(*loop);
  ts_op *fresh = ts_loop_clone_empty(m, *loop, old.iv->name, *loop);
  ts_for f = ts_for_parts(fresh);
  ts_builder b = ts_builder_at_end(m, f.body, fresh->loc);
  while (old.body->first) {
    ts_op *op = old.body->first;
    ts_op_unlink(op);
    ts_op_insert(&b, op);
  }
  ts_form_list zero = {.n = 1, .at = {ts_form_const(s->forms, 0)}}, trips = {0};
  for (unsigned i = 0; i < hi->n; i++)
    keep(&trips, ts_form_add(s->forms, hi->at[i], lo, -1));
  ts_dims d = ts_dims_none(m);
  const ts_aff *at = ts_dims_add(&d, ts_dims_value(&d, f.iv), ts_dims_form(&d, lo));
  if (!ts_replace_by_affine(old.iv, at, &d) || !put_bounds(s, fresh, &zero, &trips)) return false;
  ts_op_erase(*loop);
  *loop = fresh;
  return true;
}

/* Lower bounds where the steps of the loop from `lo` fall. */
static ts_form_list on_steps(ts_forms *F, const ts_form_list *bounds, const ts_linear *lo,
                             int64_t step) {
  ts_form_list out = {0};
  for (unsigned i = 0; i < bounds->n; i++) {
    const ts_linear *past = ts_form_add(F, bounds->at[i], lo, -1);
    keep(&out, ts_form_add(F, lo, ts_form_div(F, TS_FORM_CEILDIV, past, step), step));
  }
  return out;
}

static bool is_empty(ts_forms *F, const ts_form_list *lo, const ts_form_list *hi) {
  for (unsigned i = 0; i < lo->n; i++)
    if (implied(F, hi, lo->at[i], true)) return true;
  return false;
}

/* Erases a loop that never runs: *loop is NULL then. */
static bool bound_loop(ts_staged *s, ts_op **loop, const ts_touches *touches) {
  ts_for f = ts_for_parts(*loop);
  ts_form_list lo = {0}, hi = {0};
  for (unsigned i = 0; i < f.num_lo; i++)
    keep(&lo, ts_form_of(s->forms, *loop, f.lo[i]));
  for (unsigned i = 0; i < f.num_hi; i++)
    keep(&hi, ts_form_of(s->forms, *loop, f.hi[i]));
  if (lo.n != f.num_lo || hi.n != f.num_hi) return true;
  ts_form_list least = common_bounds(s, touches, &f, false),
               end = common_bounds(s, touches, &f, true);
  int64_t zero;
  if (f.step > 1)
    least = lo.n == 1 ? on_steps(s->forms, &least, lo.at[0], f.step) : (ts_form_list){0};
  tighten(s->forms, &lo, &least, false);
  tighten(s->forms, &hi, &end, true);
  if (is_empty(s->forms, &lo, &hi)) {
    ts_op_erase(*loop);
    *loop = NULL;
    return true;
  }
  if (lo.n == 1 && !(ts_form_is_const(lo.at[0], &zero) && zero == 0))
    return shift(s, loop, lo.at[0], &hi);
  return put_bounds(s, *loop, &lo, &hi);
}

/* ---- what is left ---- */

static bool visit_block(ts_staged *s, ts_block *block);

static bool visit_loop(ts_staged *s, ts_op **loop) {
  ts_touches touches;
  if (!ts_touches_in(s->forms, ts_for_parts(*loop).body, s->whole, &touches)) return false;
  if (!touches.list.n) return true;
  if (!bound_loop(s, loop, &touches)) return false;
  return !*loop || visit_block(s, ts_for_parts(*loop).body);
}

static bool visit_block(ts_staged *s, ts_block *block) {
  for (ts_op *op = block->first, *next; op; op = next) {
    next = op->next;
    for (unsigned i = 0; op->opcode == TS_OP_IF && i < op->num_regions; i++)
      if (!visit_block(s, ts_op_regions(op)[i])) return false;
    if (ts_is_loop(op) && !visit_loop(s, &op)) return false;
  }
  return true;
}

typedef struct guard {
  unsigned n;
  const ts_linear *sides[4 * TS_MAX_RANK];
  int64_t preds[2 * TS_MAX_RANK];
} guard;

static void require(guard *g, const ts_linear *lhs, ts_pred pred, const ts_linear *rhs) {
  g->sides[2 * g->n] = lhs;
  g->sides[2 * g->n + 1] = rhs;
  g->preds[g->n++] = pred;
}

/* What must hold for the access to lie in the box and does not always. */
static guard guard_of(ts_staged *s, const ts_touch *t) {
  guard g = {0};
  ts_forms *F = s->forms;
  for (unsigned d = 0; d < s->box.rank; d++) {
    const ts_box_dim *dim = &s->box.dims[d];
    const ts_linear *at = ts_form_add(F, t->at[d], dim->lower, -1), *zero = ts_form_const(F, 0);
    const ts_linear *last = ts_form_add(F, at, ts_form_const(F, t->widths[d] - 1), 1);
    const ts_linear *end = ts_form_extent(F, dim->extent);
    if (!ts_form_le(F, zero, at)) require(&g, at, TS_GE, zero);
    if (!ts_form_le(F, ts_form_add(F, last, ts_form_const(F, 1), 1), end))
      require(&g, last, TS_LT, end);
  }
  return g;
}

static bool put_guard(ts_staged *s, ts_op *op, const guard *g) {
  ts_module *m = s->schedule->m;
  ts_builder b = ts_builder_before(m, op);
  ts_op *test = ts_op_create(m, TS_OP_IF, op->loc, 0, NULL, 0, NULL, 0, NULL, 2);
  ts_dims d = ts_dims_none(m);
  const ts_aff *sides[4 * TS_MAX_RANK];
  for (unsigned i = 0; i < 2 * g->n; i++)
    sides[i] = ts_dims_form(&d, g->sides[i]);
  ts_attr_set_ints(m, test, TS_ATTR_PREDS, g->n, g->preds);
  ts_op_insert(&b, test);
  if (!ts_dims_set_map(&d, test, 2 * g->n, sides)) return false;
  b = ts_builder_at_end(m, ts_if_parts(test).then_block, op->loc);
  ts_op_unlink(op);
  ts_op_insert(&b, op);
  return true;
}

static bool is_vector(const ts_touch *t) {
  for (unsigned d = 0; d < t->n; d++)
    if (t->widths[d] != 1) return true;
  return false;
}

bool ts_staged_restrict(ts_staged *s, ts_op **producer, const ts_op **stuck) {
  ts_touches touches;
  *stuck = *producer;
  if (!visit_loop(s, producer)) return false;
  if (!*producer) return true;
  if (!ts_touches_in(s->forms, ts_for_parts(*producer).body, s->whole, &touches)) return false;
  for (size_t i = 0; i < touches.list.n; i++) {
    const ts_touch *t = &touches.list.at[i];
    guard g = guard_of(s, t);
    *stuck = t->op;
    if (g.n && (t->reads || is_vector(t) || !put_guard(s, t->op, &g))) return false;
    if (!ts_staged_redirect(s, t)) return false;
  }
  return true;
}
