/* Interval analysis: the scopes one walks through, and the interval of every value known in them.
 *
 * Each loop variable has an interval from its bounds; a condition narrows the intervals of the
 * variables in it while its region is entered, and is kept as a fact for proofs (range_prove.c). */
#include "analysis/index/range_impl.h"

ts_ranges *ts_ranges_create(ts_arena *scratch) {
  ts_ranges *r = ts_new(scratch, ts_ranges);
  r->arena = scratch;
  ts_ptrmap_init(&r->atoms, scratch);
  return r;
}

static ts_range_atom *bind(ts_ranges *r, const ts_value *v, const ts_op *loop, unsigned which,
                           ts_range range) {
  ts_range_atom *a = ts_range_atom_of_value(r, v);
  a->order = 2 * (int)r->scopes.n;
  a->loop = loop;
  a->which = which;
  a->range = range;
  if (range.lo > range.hi) ts_ranges_scope(r)->dead = true;
  return a;
}

static bool is_constant(ts_range a) { return a.lo == a.hi && !ts_sat_is_end(a.lo); }

static bool is_empty_between(ts_ranges *r, const ts_op *op, const ts_aff *lo, const ts_aff *hi) {
  ts_range_question q;
  ts_linear from, trips;
  ts_range_ask(&q, r);
  bool empty = ts_range_form(&q, op, lo, &from) && ts_range_form(&q, op, hi, &trips) &&
               ts_range_form_add(&q, &trips, &from, -1) && ts_range_of_form(&trips).hi <= 0;
  ts_range_answered(&q);
  return empty;
}

/* Is an upper bound of the loop never above a lower one, whatever both are? */
static bool never_runs(ts_ranges *r, const ts_op *op, const ts_for *loop) {
  for (unsigned i = 0; i < loop->num_lo; i++)
    for (unsigned k = 0; k < loop->num_hi; k++)
      if (is_empty_between(r, op, loop->lo[i], loop->hi[k])) return true;
  return false;
}

/* The largest lower and the smallest upper bound; the last step is counted exactly where both are
 * constants. */
static void enter_for(ts_ranges *r, const ts_op *op) {
  ts_for loop = ts_for_parts(op);
  ts_range lo = {INT64_MIN, INT64_MIN}, hi = {INT64_MAX, INT64_MAX};
  for (unsigned i = 0; i < loop.num_lo; i++) {
    ts_range e = ts_range_of(r, op, loop.lo[i]);
    lo = (ts_range){ts_max(lo.lo, e.lo), ts_max(lo.hi, e.hi)};
  }
  for (unsigned i = 0; i < loop.num_hi; i++) {
    ts_range e = ts_range_of(r, op, loop.hi[i]);
    hi = (ts_range){ts_min(hi.lo, e.lo), ts_min(hi.hi, e.hi)};
  }
  ts_range iv = {lo.lo, ts_sat_add(hi.hi, -1)};
  int64_t span;
  if (is_constant(lo) && !ts_sat_is_end(iv.hi) && iv.hi >= iv.lo &&
      !__builtin_sub_overflow(iv.hi, iv.lo, &span))
    iv.hi = iv.lo + span / loop.step * loop.step;
  /* sure to run: the first value is below the end whatever the outer variables are */
  if (lo.hi >= hi.lo) {
    ts_ranges_scope(r)->certain = false;
    if (!ts_ranges_scope(r)->dead && never_runs(r, op, &loop)) ts_ranges_scope(r)->dead = true;
  }
  ts_range_atom *a = bind(r, loop.iv, op, 0, iv);
  a->lo_taken = is_constant(lo);
  a->hi_taken = is_constant(lo) && is_constant(hi);
}

static void enter_launch(ts_ranges *r, const ts_op *op) {
  ts_launch launch = ts_launch_parts(op);
  for (unsigned i = 0; i < launch.n; i++) {
    ts_range e = ts_range_of(r, op, launch.extents[i]);
    if (e.lo < 1) ts_ranges_scope(r)->certain = false;
    ts_range_atom *a = bind(r, launch.body->args[i], op, i, (ts_range){0, ts_sat_add(e.hi, -1)});
    a->lo_taken = true;
    a->hi_taken = is_constant(e);
  }
}

static void narrow_to(ts_ranges *r, ts_range_atom *x, ts_range to) {
  ts_range now = ts_range_meet(x->range, to);
  if (now.lo == x->range.lo && now.hi == x->range.hi) return;
  if (r->undo.n == r->undo.cap)
    r->undo.at = ts_vec_grow(r->arena, r->undo.at, &r->undo.cap, sizeof(*r->undo.at));
  r->undo.at[r->undo.n].atom = x;
  r->undo.at[r->undo.n++].old = x->range;
  x->range = now;
  if (now.lo > now.hi) ts_ranges_scope(r)->dead = true;
}

/* Narrows every variable of the fact  coef * x + rest <= 0. */
static void narrow(ts_range_question *q, const ts_linear *fact) {
  for (unsigned i = 0; i < fact->n; i++) {
    ts_range_atom *x = ts_range_atom_of(&fact->terms[i]);
    int64_t c = fact->terms[i].coef;
    if (x->kind != TS_RANGE_VALUE || c == INT64_MIN) continue;
    ts_linear rest = ts_linear_without(&q->arena, fact, i);
    int64_t least = ts_range_of_form(&rest).lo;
    if (ts_sat_is_end(least)) continue;
    narrow_to(q->ranges, x,
              c > 0 ? (ts_range){INT64_MIN, ts_sat_floor_div(-least, c)}
                    : (ts_range){ts_sat_ceil_div(least, -c), INT64_MAX});
  }
}

static void add_fact(ts_range_question *q, const ts_linear *fact, int64_t sign, int64_t plus) {
  ts_ranges *r = q->ranges;
  ts_linear f = {.constant = plus};
  if (!ts_range_form_add(q, &f, fact, sign)) return;
  if (ts_range_of_form(&f).lo > 0) ts_ranges_scope(r)->dead = true;
  narrow(q, &f);
  ts_push(r->arena, &r->facts, ts_range_form_keep(q, &f));
}

/* lhs PRED rhs as facts  … <= 0. */
static void add_condition(ts_range_question *q, const ts_op *op, const ts_aff *lhs, ts_pred pred,
                          const ts_aff *rhs) {
  ts_linear diff, from;
  if (!ts_range_form(q, op, lhs, &diff) || !ts_range_form(q, op, rhs, &from) ||
      !ts_range_form_add(q, &diff, &from, -1))
    return;
  if (pred == TS_LT || pred == TS_LE || pred == TS_EQ) add_fact(q, &diff, 1, pred == TS_LT);
  if (pred == TS_GT || pred == TS_GE || pred == TS_EQ) add_fact(q, &diff, -1, pred == TS_GT);
}

static ts_pred negated(ts_pred p) {
  static const ts_pred of[] = {[TS_EQ] = TS_NE, [TS_NE] = TS_EQ, [TS_LT] = TS_GE,
                               [TS_LE] = TS_GT, [TS_GT] = TS_LE, [TS_GE] = TS_LT};
  return of[p];
}

static void enter_if(ts_ranges *r, const ts_op *op, const ts_block *block) {
  ts_if test = ts_if_parts(op);
  bool is_else = block == test.else_block;
  ts_ranges_scope(r)->certain = false;
  if (!test.n) ts_ranges_scope(r)->masked = true;
  if (is_else && test.n != 1) return;
  for (unsigned i = 0; i < test.n; i++) {
    ts_range_question q;
    ts_pred pred = (ts_pred)test.preds[i];
    ts_range_ask(&q, r);
    add_condition(&q, op, test.sides[2 * i], is_else ? negated(pred) : pred, test.sides[2 * i + 1]);
    ts_range_answered(&q);
  }
}

void ts_ranges_enter(ts_ranges *r, const ts_block *block) {
  ts_range_scope s = {.num_facts = r->facts.n, .num_undo = r->undo.n, .certain = true};
  if (r->scopes.n > 0) {
    const ts_range_scope *around = ts_ranges_scope(r);
    s.certain = around->certain, s.dead = around->dead, s.masked = around->masked;
  }
  ts_push(r->arena, &r->scopes, s);
  const ts_op *op = block->parent;
  if (!op) return;
  switch (op->opcode) {
  case TS_OP_FOR: enter_for(r, op); break;
  case TS_OP_LAUNCH: enter_launch(r, op); break;
  case TS_OP_IF: enter_if(r, op, block); break;
  default: break;
  }
}

void ts_ranges_leave(ts_ranges *r) {
  ts_range_scope *s = ts_ranges_scope(r);
  while (r->undo.n > s->num_undo) {
    r->undo.n--;
    r->undo.at[r->undo.n].atom->range = r->undo.at[r->undo.n].old;
  }
  r->facts.n = s->num_facts;
  r->scopes.n--;
}
