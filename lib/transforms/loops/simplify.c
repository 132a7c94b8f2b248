/* simplify: affine expressions, bounds and conditions as short as what is known around them allows.
 *
 * requires:  nothing.
 * preserves: every bit, and the order of everything that runs.
 * rewrite:   for %i = 0 to min(6, 12 - %o * 6), %o below 2   →  for %i = 0 to 6
 *            (%o * 6 + %i) floordiv 6, %i below 6            →  %o
 *            if %i < M inside for %i = 0 to M { S } else { T } →  S
 *            for %i = 3 to 4 { S(%i) }                       →  S(3)
 *            for %i = 4 to 4 { S }                           →
 *            %p = apply [%i * 4]  load %A[%p + 1]            →  load %A[%i * 4 + 1]
 *
 * Intervals decide (analysis/range.h); where they do not know, isl does, for bounds and conditions.
 * Each op is looked at once, from the outside in. */
#include "analysis/index/simplify.h"

#include "analysis/poly/facts.h"
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

enum {
  MAX_FOLDED_DEPTH = 12, /* of an apply's expression that is put where it is used */
  MAX_COMPARED = 128     /* bounds of one loop, each with each: where there are more they stay */
};

typedef struct simplify {
  ts_pass_ctx *pass;
  ts_module *m;
  ts_ranges *ranges;
  const ts_simplify_options *options;
} simplify;

static void passed(simplify *w, const ts_op *op, const char *text) {
  ts_remark(w->m->ctx, op->loc, w->pass->name, "passed", "%s", text);
  w->pass->changed = true;
}

/* ---- what is known ---- */

/* Whether lhs PRED rhs, over the op's dims, holds always, never, or neither is known. */
static ts_proof known(simplify *w, const ts_op *op, const ts_aff *lhs, ts_pred pred,
                      const ts_aff *rhs) {
  static const ts_pred negated[] = {[TS_EQ] = TS_NE, [TS_NE] = TS_EQ, [TS_LT] = TS_GE,
                                    [TS_LE] = TS_GT, [TS_GT] = TS_LE, [TS_GE] = TS_LT};
  ts_proof proof = ts_range_compare(w->ranges, op, lhs, pred, rhs);
  if (proof != TS_UNKNOWN) return proof;
  if (ts_poly_holds(w->m->ctx, w->pass->scratch, op, lhs, pred, rhs)) return TS_PROVED;
  if (ts_poly_holds(w->m->ctx, w->pass->scratch, op, lhs, negated[pred], rhs)) return TS_DISPROVED;
  return TS_UNKNOWN;
}

static bool always(simplify *w, const ts_op *op, const ts_aff *lhs, ts_pred pred,
                   const ts_aff *rhs) {
  ts_proof proof = ts_range_compare(w->ranges, op, lhs, pred, rhs);
  return proof == TS_PROVED ||
         (proof == TS_UNKNOWN && ts_poly_holds(w->m->ctx, w->pass->scratch, op, lhs, pred, rhs));
}

/* ---- expressions ---- */

static bool set_exprs(simplify *w, ts_op *op, unsigned n, const ts_aff *const *exprs) {
  ts_dims d = ts_dims_none(w->m);
  const ts_aff **over = ts_new_array(w->pass->scratch, const ts_aff *, n + 1);
  for (unsigned i = 0; i < n; i++)
    over[i] = ts_dims_import(&d, op, exprs[i]);
  return ts_dims_set_map(&d, op, n, over);
}

static void simplify_exprs(simplify *w, ts_op *op) {
  unsigned n = op->map ? op->map->n : 0;
  const ts_aff **exprs = ts_new_array(w->pass->scratch, const ts_aff *, n);
  bool changed = false;
  for (unsigned i = 0; i < n; i++) {
    exprs[i] = ts_aff_simplify(w->m, w->ranges, op, op->map->exprs[i]);
    changed |= exprs[i] != op->map->exprs[i];
  }
  if (!changed || !set_exprs(w, op, n, exprs)) return;
  ts_count(w->pass, "expressions simplified", 1);
  w->pass->changed = true;
}

/* Is every use of the value in a subscript, bound or condition? */
static bool only_in_maps(const ts_value *v) {
  for (const ts_use *u = v->uses; u; u = u->next)
    if ((unsigned)(u - u->owner->operands) < u->owner->num_plain) return false;
  return true;
}

/* Puts an apply's expression where it is used. */
static void fold_apply(simplify *w, ts_op *op) {
  ts_value *v = ts_op_result(op, 0);
  const ts_aff *a = op->map->exprs[0];
  if (!ts_has_uses(v) || a->depth > MAX_FOLDED_DEPTH) return;
  if (a->kind == TS_AFF_DIM) {
    ts_replace_all_uses(v, ts_dim(op, (unsigned)a->value));
  } else {
    ts_dims d = ts_dims_none(w->m);
    const ts_aff *with = ts_dims_import(&d, op, a);
    if (!only_in_maps(v) || !ts_replace_by_affine(v, with, &d)) return;
  }
  passed(w, op, "this expression stands where it is used");
  ts_count(w->pass, "applies folded", 1);
  ts_op_erase(op);
}

/* ---- loops ---- */

/* Leaves out expressions that another one makes superfluous: those that are never the least (or
 * largest). */
static unsigned drop_sides(simplify *w, const ts_op *op, unsigned n, const ts_aff **sides,
                           ts_pred stronger) {
  for (unsigned k = n; k-- > 0;)
    for (unsigned i = 0; i < n; i++)
      if (i != k && (sides[i] == sides[k] || always(w, op, sides[i], stronger, sides[k]))) {
        memmove(&sides[k], &sides[k + 1], (n - k - 1) * sizeof *sides);
        n--;
        break;
      }
  return n;
}

static void simplify_bounds(simplify *w, ts_op *op) {
  ts_for f = ts_for_parts(op);
  unsigned n = f.num_lo + f.num_hi;
  const ts_aff *bounds[MAX_COMPARED];
  if (n <= 2 || n > MAX_COMPARED) return;
  memcpy(bounds, f.lo, n * sizeof *bounds);
  unsigned num_lo = drop_sides(w, op, f.num_lo, bounds, TS_GE);
  const ts_aff **hi = bounds + f.num_lo;
  unsigned num_hi = drop_sides(w, op, f.num_hi, hi, TS_LE);
  const char *name = ts_loop_name(op);
  if (num_lo == f.num_lo && num_hi == f.num_hi) {
    ts_remark(w->m->ctx, op->loc, w->pass->name, "missed",
              "all bounds of %%%s stay: which of them counts differs between its runs", name);
    return;
  }
  memmove(bounds + num_lo, hi, num_hi * sizeof *bounds);
  if (!set_exprs(w, op, num_lo + num_hi, bounds)) return;
  ts_attr_remove(w->m, op, TS_ATTR_NUM_LO);
  if (num_lo != 1) ts_attr_set_int(w->m, op, TS_ATTR_NUM_LO, num_lo);
  passed(
      w, op,
      ts_sprintf(&w->m->ctx->messages, "%u bounds of %%%s never count", n - num_lo - num_hi, name));
  ts_count(w->pass, "bounds dropped", n - num_lo - num_hi);
}

static bool is_never_run(simplify *w, const ts_op *op) {
  ts_for f = ts_for_parts(op);
  for (unsigned i = 0; i < f.num_lo; i++)
    for (unsigned k = 0; k < f.num_hi; k++)
      if (always(w, op, f.lo[i], TS_GE, f.hi[k])) return true;
  return false;
}

static bool is_run_once(simplify *w, const ts_op *op) {
  ts_for f = ts_for_parts(op);
  if (f.num_lo != 1) return false;
  const ts_aff *next = ts_aff_binary(w->m, TS_AFF_ADD, f.lo[0], ts_aff_const(w->m, f.step));
  bool ends = false;
  for (unsigned k = 0; k < f.num_hi && next && !ends; k++)
    ends = always(w, op, next, TS_GE, f.hi[k]);
  for (unsigned k = 0; k < f.num_hi && ends; k++)
    ends = always(w, op, f.lo[0], TS_LT, f.hi[k]);
  return ends;
}

/* Puts the block's ops in the place of the op it is a region of; returns what comes next. */
static ts_op *inline_block(ts_op *op, ts_block *block) {
  ts_op *first = block->first ? block->first : op->next;
  while (block->first)
    ts_op_move_before(block->first, op);
  ts_op_erase(op);
  return first;
}

/* Returns the op to go on with when the loop is gone; NULL: it stays. *gone tells the two ends
 * apart. */
static ts_op *simplify_for(simplify *w, ts_op *op, bool *gone) {
  ts_op *next = op->next;
  simplify_bounds(w, op);
  const char *name = ts_loop_name(op);
  if (is_never_run(w, op)) {
    passed(w, op, ts_sprintf(&w->m->ctx->messages, "%%%s runs no iteration: it goes", name));
    ts_count(w->pass, "loops erased", 1);
    ts_op_erase(op);
    *gone = true;
    return next;
  }
  if (w->options->keep_loops || !is_run_once(w, op)) return NULL;
  ts_for f = ts_for_parts(op);
  ts_dims d = ts_dims_none(w->m);
  const ts_aff *at = ts_dims_import(&d, op, f.lo[0]);
  if (!ts_replace_by_affine(f.iv, at, &d)) return NULL;
  passed(w, op,
         ts_sprintf(&w->m->ctx->messages, "%%%s runs one iteration: its body stands in its place",
                    name));
  ts_count(w->pass, "loops inlined", 1);
  *gone = true;
  return inline_block(op, f.body);
}

/* ---- conditions ---- */

/* Conditions that are not known to hold stay; *never: one of them holds nowhere. */
static unsigned open_conditions(simplify *w, const ts_op *op, const ts_if *test,
                                const ts_aff **sides, int64_t *preds, bool *never) {
  unsigned n = 0;
  for (unsigned i = 0; i < test->n && !*never; i++) {
    ts_proof proof =
        known(w, op, test->sides[2 * i], (ts_pred)test->preds[i], test->sides[2 * i + 1]);
    *never = proof == TS_DISPROVED;
    if (proof == TS_PROVED) continue;
    sides[2 * n] = test->sides[2 * i];
    sides[2 * n + 1] = test->sides[2 * i + 1];
    preds[n++] = test->preds[i];
  }
  return n;
}

static ts_op *simplify_if(simplify *w, ts_op *op, bool *gone) {
  ts_if test = ts_if_parts(op);
  const ts_aff **sides = ts_new_array(w->pass->scratch, const ts_aff *, 2 * test.n + 1);
  int64_t *preds = ts_new_array(w->pass->scratch, int64_t, test.n + 1);
  bool never = false;
  if (test.n == 0) return NULL;
  unsigned n = open_conditions(w, op, &test, sides, preds, &never);
  if (never || n == 0) {
    passed(w, op, never ? "the condition never holds" : "the condition always holds");
    ts_count(w->pass, "conditions decided", 1);
    *gone = true;
    return inline_block(op, never ? test.else_block : test.then_block);
  }
  if (n == test.n || !set_exprs(w, op, 2 * n, sides)) return NULL;
  ts_attr_set_ints(w->m, op, TS_ATTR_PREDS, n, preds);
  passed(w, op,
         ts_sprintf(&w->m->ctx->messages, "%u of %u conditions always hold", test.n - n, test.n));
  return NULL;
}

/* ---- the walk ---- */

static void simplify_block(simplify *w, ts_block *block);

/* Returns the op to go on with. */
static ts_op *simplify_op(simplify *w, ts_op *op) {
  ts_op *next = op->next;
  bool gone = false;
  simplify_exprs(w, op);
  if (op->opcode == TS_OP_APPLY) {
    fold_apply(w, op);
    return next;
  }
  ts_op *instead = NULL;
  if (op->opcode == TS_OP_FOR) instead = simplify_for(w, op, &gone);
  if (op->opcode == TS_OP_IF) instead = simplify_if(w, op, &gone);
  if (gone) return instead;
  for (unsigned i = 0; i < op->num_regions; i++)
    simplify_block(w, ts_op_regions(op)[i]);
  return next;
}

static void simplify_block(simplify *w, ts_block *block) {
  ts_ranges_enter(w->ranges, block);
  for (ts_op *op = block->first; op;)
    op = simplify_op(w, op);
  ts_ranges_leave(w->ranges);
}

ts_result ts_pass_simplify(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_simplify_options *o = options;
  simplify w = {.pass = pass, .m = m, .options = options};
  for (ts_func *f = ts_first_asked(m, o->func); f; f = ts_next_asked(f, o->func)) {
    if (!(ts_func_level(f) & TS_LEVEL_L)) continue;
    w.ranges = ts_ranges_create(pass->scratch);
    simplify_block(&w, f->body);
  }
  return TS_OK;
}
