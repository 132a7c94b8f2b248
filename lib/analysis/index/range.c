/* Interval analysis: the scopes one walks through, and the interval of every value known in them.
 *
 * Each loop variable has an interval from its bounds; a condition narrows the intervals of the
 * variables in it while its region is entered, and is kept as a fact for proofs (range_prove.c). */
#include "support/arith.h"
#include "ir/constant.h"
#include "analysis/index/range_impl.h"

/* ---- arithmetic on ends ---- */

int64_t ts_sat_add(int64_t a, int64_t b) {
  if (a == INT64_MIN || a == INT64_MAX) return a;
  if (b == INT64_MIN || b == INT64_MAX) return b;
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

int64_t ts_sat_mul(int64_t a, int64_t b) {
  int64_t product;
  if (a == 0 || b == 0) return 0;
  bool unbounded = a == INT64_MIN || a == INT64_MAX || b == INT64_MIN || b == INT64_MAX;
  if (!unbounded && !__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

ts_range ts_range_add(ts_range a, ts_range b) {
  return (ts_range){ts_sat_add(a.lo, b.lo), ts_sat_add(a.hi, b.hi)};
}

ts_range ts_range_scale(ts_range a, int64_t c) {
  int64_t x = ts_sat_mul(a.lo, c), y = ts_sat_mul(a.hi, c);
  return c >= 0 ? (ts_range){x, y} : (ts_range){y, x};
}

static bool is_end(int64_t x) { return x == INT64_MIN || x == INT64_MAX; }

static int64_t floor_of(int64_t x, int64_t c) {
  if (is_end(x)) return x;
  return x / c - (x % c < 0);
}

static int64_t ceil_of(int64_t x, int64_t c) {
  if (is_end(x)) return x;
  return x / c + (x % c > 0);
}

ts_range ts_range_floordiv(ts_range a, int64_t c) {
  return (ts_range){floor_of(a.lo, c), floor_of(a.hi, c)};
}

ts_range ts_range_ceildiv(ts_range a, int64_t c) {
  return (ts_range){ceil_of(a.lo, c), ceil_of(a.hi, c)};
}

ts_range ts_range_mod(ts_range a, int64_t c) {
  int64_t q = floor_of(a.lo, c);
  bool one_period = !is_end(a.lo) && !is_end(a.hi) && q == floor_of(a.hi, c);
  return one_period ? (ts_range){a.lo - q * c, a.hi - q * c} : (ts_range){0, c - 1};
}

ts_range ts_range_meet(ts_range a, ts_range b) {
  return (ts_range){ts_max(a.lo, b.lo), ts_min(a.hi, b.hi)};
}

/* ---- values and expressions ---- */

atom *ts_atom_of_value(ts_ranges *r, const ts_value *v) {
  atom *a = ts_ptrmap_get(&r->atoms, v);
  if (a) return a;
  a = ts_new(r->arena, atom);
  *a = (atom){.kind = ATOM_VALUE, .range = TS_RANGE_ALL};
  ts_ptrmap_put(&r->atoms, v, a);
  return a;
}

atom *ts_atom_of_symbol(ts_ranges *r, ts_str name) {
  const void *key = (const void *)((uintptr_t)name * 2 + 1);
  atom *a = ts_ptrmap_get(&r->atoms, key);
  if (a) return a;
  a = ts_new(r->arena, atom);
  *a = (atom){.kind = ATOM_SYM, .order = -1, .range = {1, INT64_MAX}};
  ts_ptrmap_put(&r->atoms, key, a);
  return a;
}

static ts_range eval(ts_ranges *, const ts_op *, const ts_aff *, int depth);

static ts_range eval_value(ts_ranges *r, const ts_value *v, int depth) {
  int64_t c;
  if (v->kind == TS_VALUE_RESULT && v->def->opcode == TS_OP_APPLY && v->def->map)
    return depth > 0 ? eval(r, v->def, v->def->map->exprs[0], depth - 1) : TS_RANGE_ALL;
  if (ts_index_constant(v, &c)) return (ts_range){c, c};
  const atom *a = ts_ptrmap_get(&r->atoms, v);
  return a ? a->range : TS_RANGE_ALL;
}

/* `depth` bounds how many applies are seen through; r->steps bounds the work. */
static ts_range eval(ts_ranges *r, const ts_op *op, const ts_aff *e, int depth) {
  if (--r->steps < 0) return TS_RANGE_ALL;
  switch (e->kind) {
  case TS_AFF_CONST: return (ts_range){e->value, e->value};
  case TS_AFF_DIM: return eval_value(r, ts_dim(op, (unsigned)e->value), depth);
  case TS_AFF_SYM: return (ts_range){1, INT64_MAX};
  default: break;
  }
  ts_range a = eval(r, op, e->lhs, depth);
  if (e->kind == TS_AFF_ADD) return ts_range_add(a, eval(r, op, e->rhs, depth));
  int64_t c = e->rhs->value;
  switch (e->kind) {
  case TS_AFF_MUL: return ts_range_scale(a, c);
  case TS_AFF_FLOORDIV: return ts_range_floordiv(a, c);
  case TS_AFF_CEILDIV: return ts_range_ceildiv(a, c);
  case TS_AFF_MOD: return ts_range_mod(a, c);
  default: ts_unreachable("an affine expression of unknown kind");
  }
}

enum { EVAL_STEPS = 256 };

ts_range ts_range_of(ts_ranges *r, const ts_op *op, const ts_aff *e) {
  r->steps = EVAL_STEPS;
  return eval(r, op, e, MAX_APPLY_DEPTH);
}

ts_range ts_range_of_value(ts_ranges *r, const ts_value *v) {
  r->steps = EVAL_STEPS;
  return eval_value(r, v, MAX_APPLY_DEPTH);
}

/* ---- scopes ---- */

ts_ranges *ts_ranges_create(ts_arena *scratch) {
  ts_ranges *r = ts_new(scratch, ts_ranges);
  r->arena = scratch;
  ts_ptrmap_init(&r->atoms, scratch);
  return r;
}

static atom *bind(ts_ranges *r, const ts_value *v, const ts_op *loop, unsigned which,
                  ts_range range) {
  atom *a = ts_atom_of_value(r, v);
  a->order = 2 * (int)r->scopes.n;
  a->loop = loop;
  a->which = which;
  a->range = range;
  if (range.lo > range.hi) ts_ranges_scope(r)->dead = true;
  return a;
}

static bool is_constant(ts_range a) { return a.lo == a.hi && !is_end(a.lo); }

/* Is an upper bound of the loop never above a lower one, whatever both are? */
static bool never_runs(ts_ranges *r, const ts_op *op, const ts_for *loop) {
  for (unsigned i = 0; i < loop->num_lo; i++)
    for (unsigned k = 0; k < loop->num_hi; k++) {
      linear lo, trips;
      r->num_opaque = 0;
      if (ts_range_linear_of(r, op, loop->lo[i], &lo) &&
          ts_range_linear_of(r, op, loop->hi[k], &trips) && ts_range_linear_add(&trips, &lo, -1) &&
          ts_range_linear_range(&trips).hi <= 0)
        return true;
    }
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
  if (is_constant(lo) && !is_end(iv.hi) && iv.hi >= iv.lo &&
      !__builtin_sub_overflow(iv.hi, iv.lo, &span))
    iv.hi = iv.lo + span / loop.step * loop.step;
  /* sure to run: the first value is below the end whatever the outer variables are */
  if (lo.hi >= hi.lo) {
    ts_ranges_scope(r)->certain = false;
    if (!ts_ranges_scope(r)->dead && never_runs(r, op, &loop)) ts_ranges_scope(r)->dead = true;
  }
  atom *a = bind(r, loop.iv, op, 0, iv);
  a->lo_taken = is_constant(lo);
  a->hi_taken = is_constant(lo) && is_constant(hi);
}

static void enter_launch(ts_ranges *r, const ts_op *op) {
  ts_launch launch = ts_launch_parts(op);
  for (unsigned i = 0; i < launch.n; i++) {
    ts_range e = ts_range_of(r, op, launch.extents[i]);
    if (e.lo < 1) ts_ranges_scope(r)->certain = false;
    atom *a = bind(r, launch.body->args[i], op, i, (ts_range){0, ts_sat_add(e.hi, -1)});
    a->lo_taken = true;
    a->hi_taken = is_constant(e);
  }
}

/* Narrows every variable of the fact  coef * x + rest <= 0. */
static void narrow(ts_ranges *r, const linear *fact) {
  for (unsigned i = 0; i < fact->n; i++) {
    atom *x = fact->terms[i].atom;
    int64_t c = fact->terms[i].coef;
    if (x->kind != ATOM_VALUE || c == INT64_MIN) continue;
    linear rest = *fact;
    rest.terms[i] = rest.terms[--rest.n];
    int64_t least = ts_range_linear_range(&rest).lo;
    if (is_end(least)) continue;
    ts_range to = c > 0 ? (ts_range){INT64_MIN, floor_of(-least, c)}
                        : (ts_range){ceil_of(least, -c), INT64_MAX};
    ts_range now = ts_range_meet(x->range, to);
    if (now.lo == x->range.lo && now.hi == x->range.hi) continue;
    if (r->undo.n == r->undo.cap)
      r->undo.at = ts_vec_grow(r->arena, r->undo.at, &r->undo.cap, sizeof(*r->undo.at));
    r->undo.at[r->undo.n].atom = x;
    r->undo.at[r->undo.n++].old = x->range;
    x->range = now;
    if (now.lo > now.hi) ts_ranges_scope(r)->dead = true;
  }
}

static void add_fact(ts_ranges *r, linear fact, int64_t sign, int64_t plus) {
  linear f = {.constant = plus};
  if (!ts_range_linear_add(&f, &fact, sign)) return;
  if (ts_range_linear_range(&f).lo > 0) ts_ranges_scope(r)->dead = true;
  narrow(r, &f);
  ts_range_linear_keep(r, &f);
  ts_push(r->arena, &r->facts, f);
}

/* lhs - rhs PRED 0 as facts  … <= 0. */
static void add_condition(ts_ranges *r, const linear *difference, ts_pred pred) {
  if (pred == TS_LT || pred == TS_LE || pred == TS_EQ) add_fact(r, *difference, 1, pred == TS_LT);
  if (pred == TS_GT || pred == TS_GE || pred == TS_EQ) add_fact(r, *difference, -1, pred == TS_GT);
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
    linear lhs, rhs;
    ts_pred pred = (ts_pred)test.preds[i];
    r->num_opaque = 0;
    if (!ts_range_linear_of(r, op, test.sides[2 * i], &lhs) ||
        !ts_range_linear_of(r, op, test.sides[2 * i + 1], &rhs) ||
        !ts_range_linear_add(&lhs, &rhs, -1))
      continue;
    add_condition(r, &lhs, is_else ? negated(pred) : pred);
  }
}

void ts_ranges_enter(ts_ranges *r, const ts_block *block) {
  scope s = {.num_facts = r->facts.n, .num_undo = r->undo.n, .certain = true};
  if (r->scopes.n > 0) {
    const scope *around = ts_ranges_scope(r);
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
  scope *s = ts_ranges_scope(r);
  while (r->undo.n > s->num_undo) {
    r->undo.n--;
    r->undo.at[r->undo.n].atom->range = r->undo.at[r->undo.n].old;
  }
  r->facts.n = s->num_facts;
  r->scopes.n--;
}
