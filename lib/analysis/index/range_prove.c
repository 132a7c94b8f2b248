/* Proofs over linear forms: is a sum of multiples of variables, symbols and divisions at most 0?
 *
 * First by intervals. Where these are too wide (a symbolic end, variables that bound one another),
 * the innermost variable is replaced by each of its bounds in turn, which stand for it in the worst
 * case, so that `%i.o * 64 + %i.i < M` follows from %i.i < min(64, M - %i.o * 64). Conditions of
 * enclosing ifs are subtracted first: from f <= 0 and t - f <= 0 follows t <= 0. */
#include "support/arith.h"
#include "analysis/index/range_impl.h"

/* MAX_FACTS: conditions tried in a proof, those of the innermost ifs. MAX_STEPS: of one proof. */
enum { MAX_FACTS = 8, MAX_STEPS = 48 };

/* ---- bounds of an atom as linear forms ---- */

/* l with term i replaced by times * by. */
static bool replaced(ts_range_question *q, const ts_linear *l, unsigned i, const ts_linear *by,
                     int64_t times, ts_linear *out) {
  *out = ts_linear_without(&q->arena, l, i);
  return ts_range_form_add(q, out, by, times);
}

static bool add_constant(ts_linear *l, int64_t c) { return ts_add_scaled(&l->constant, c, 1); }

/* Bound k of a loop variable from above (upper) or below; false: there is no such bound, or it is
 * not linear. From above: the last value that the step reaches where the loop's length is a
 * constant. */
static bool loop_bound(ts_range_question *q, const ts_range_atom *a, bool upper, unsigned k,
                       ts_linear *out) {
  ts_for loop = ts_for_parts(a->loop);
  if (!upper) return k < loop.num_lo && ts_range_form(q, a->loop, loop.lo[k], out);
  if (k >= loop.num_hi || !ts_range_form(q, a->loop, loop.hi[k], out)) return false;
  ts_linear lo, span = *out;
  if (loop.step > 1 && loop.num_lo == 1 && ts_range_form(q, a->loop, loop.lo[0], &lo) &&
      ts_range_form_add(q, &span, &lo, -1) && span.n == 0 && span.constant > 0) {
    *out = lo;
    return add_constant(out, (span.constant - 1) / loop.step * loop.step);
  }
  return add_constant(out, -1);
}

static bool launch_bound(ts_range_question *q, const ts_range_atom *a, bool upper, ts_linear *out) {
  *out = (ts_linear){0};
  if (!upper) return true;
  ts_launch launch = ts_launch_parts(a->loop);
  return ts_range_form(q, a->loop, launch.extents[a->which], out) && add_constant(out, -1);
}

/* divisor * (inner / divisor) lies between inner and as much with the remainder:
 * floordiv: inner - (d - 1) <= d * (inner floordiv d) <= inner
 * ceildiv:  inner <= d * (inner ceildiv d) <= inner + d - 1 */
static bool division_bound(const ts_range_atom *a, bool upper, ts_linear *times_divisor) {
  int64_t slack = 0;
  if (a->kind == TS_RANGE_FLOORDIV && !upper) slack = -(a->divisor - 1);
  if (a->kind == TS_RANGE_CEILDIV && upper) slack = a->divisor - 1;
  *times_divisor = a->inner;
  return add_constant(times_divisor, slack);
}

/* The k-th way to replace term i of l by something that makes l no smaller. */
static bool worst_case(ts_range_question *q, const ts_linear *l, unsigned i, unsigned k,
                       ts_linear *out) {
  const ts_range_atom *a = ts_range_atom_of(&l->terms[i]);
  int64_t coef = l->terms[i].coef;
  bool upper = coef > 0;
  ts_linear by;
  if (k == 0) { /* the interval's end */
    int64_t end = upper ? a->range.hi : a->range.lo;
    if (ts_sat_is_end(end)) return false;
    return replaced(q, l, i, &(ts_linear){.constant = end}, coef, out);
  }
  if (a->kind == TS_RANGE_FLOORDIV || a->kind == TS_RANGE_CEILDIV)
    return k == 1 && coef % a->divisor == 0 && division_bound(a, upper, &by) &&
           replaced(q, l, i, &by, coef / a->divisor, out);
  if (a->kind != TS_RANGE_VALUE || !a->loop) return false;
  if (a->loop->opcode == TS_OP_FOR)
    return loop_bound(q, a, upper, k - 1, &by) && replaced(q, l, i, &by, coef, out);
  return k == 1 && launch_bound(q, a, upper, &by) && replaced(q, l, i, &by, coef, out);
}

/* ---- proofs ---- */

/* The term whose atom stands furthest inside; l->n when only symbols are left. */
static unsigned innermost(const ts_linear *l) {
  unsigned best = l->n;
  int order = 0;
  for (unsigned i = 0; i < l->n; i++) {
    const ts_range_atom *a = ts_range_atom_of(&l->terms[i]);
    if (a->kind == TS_RANGE_SYM || (best != l->n && a->order <= order)) continue;
    best = i;
    order = a->order;
  }
  return best;
}

enum { MAX_WAYS = 5 }; /* an interval's end and four bounds of a loop */

static bool prove(ts_range_question *q, const ts_linear *l) {
  if (--q->steps < 0) return false;
  if (ts_range_of_form(l).hi <= 0) return true;
  unsigned i = innermost(l);
  if (i == l->n) return false;
  for (unsigned k = 0; k < MAX_WAYS; k++) {
    ts_linear next;
    if (worst_case(q, l, i, k, &next) && prove(q, &next)) return true;
  }
  return false;
}

/* Is l <= 0 here? */
static bool at_most_zero(ts_range_question *q, const ts_linear *l) {
  const ts_ranges *r = q->ranges;
  q->steps = MAX_STEPS;
  if (prove(q, l)) return true;
  for (size_t i = 0; i < r->facts.n && i < MAX_FACTS; i++) {
    ts_linear rest = *l;
    if (ts_range_form_add(q, &rest, &r->facts.at[r->facts.n - 1 - i], -1) && prove(q, &rest))
      return true;
  }
  return false;
}

/* The end of the variable's values that is taken in every run of its loop, as a form in symbols. */
static bool taken_end(ts_range_question *q, const ts_range_atom *a, bool upper, ts_linear *out) {
  if (a->kind != TS_RANGE_VALUE || !a->loop) return false;
  *out = (ts_linear){.constant = upper ? a->range.hi : a->range.lo};
  if (upper ? a->hi_taken : a->lo_taken) return true;
  bool is_for = a->loop->opcode == TS_OP_FOR;
  ts_for loop = is_for ? ts_for_parts(a->loop) : (ts_for){.num_lo = 1, .num_hi = 1, .step = 1};
  if (loop.num_lo != 1 || loop.num_hi != 1 || loop.step != 1) return false;
  bool found = is_for ? loop_bound(q, a, upper, 0, out) : launch_bound(q, a, upper, out);
  return found && innermost(out) == out->n;
}

/* The largest value of l, a form in symbols, when it is taken: each variable reaches its end
 * whatever the others are. */
static bool largest_taken(ts_range_question *q, const ts_linear *l, ts_linear *out) {
  *out = *l;
  for (unsigned i = innermost(out); i < out->n; i = innermost(out)) {
    ts_linear end, next;
    int64_t coef = out->terms[i].coef;
    if (!taken_end(q, ts_range_atom_of(&out->terms[i]), coef > 0, &end)) return false;
    if (!replaced(q, out, i, &end, coef, &next)) return false;
    *out = next;
  }
  return true;
}

/* Do the bounds of the loop hold constants and symbols only? */
static bool is_rectangular(const ts_op *loop) { return ts_num_dims(loop) == 0; }

static bool all_rectangular(const ts_linear *l) {
  for (unsigned i = 0; i < l->n; i++) {
    const ts_range_atom *a = ts_range_atom_of(&l->terms[i]);
    if (a->kind == TS_RANGE_VALUE && (!a->loop || !is_rectangular(a->loop))) return false;
  }
  return true;
}

/* One division alone, of variables whose ends are taken: it takes its ends where they do. */
static bool is_plain_division(const ts_linear *l) {
  if (l->n != 1) return false;
  const ts_range_atom *a = ts_range_atom_of(&l->terms[0]);
  if (a->kind != TS_RANGE_FLOORDIV && a->kind != TS_RANGE_CEILDIV) return false;
  for (unsigned i = 0; i < a->inner.n; i++) {
    const ts_range_atom *x = ts_range_atom_of(&a->inner.terms[i]);
    if (!x->lo_taken || !x->hi_taken) return false;
  }
  return all_rectangular(&a->inner);
}

/* Is l >= 1 in an iteration that is sure to run, or in all that run? */
static bool positive_somewhere(ts_range_question *q, const ts_linear *l) {
  ts_linear most;
  ts_range range = ts_range_of_form(l);
  if (range.lo >= 1) return true;
  if (range.hi < 1 || !ts_ranges_scope(q->ranges)->certain || !all_rectangular(l)) return false;
  if (is_plain_division(l)) return true;
  return largest_taken(q, l, &most) && ts_range_of_form(&most).lo >= 1;
}

int64_t ts_access_width(const ts_op *op, const ts_access *access, unsigned dim) {
  static const uint8_t sides[3][2] = {
      [TS_FRAG_A] = {0, 2}, [TS_FRAG_B] = {2, 1}, [TS_FRAG_C] = {0, 1}};
  const ts_type *memref = access->memref->type, *t = access->type;
  bool last = dim + 1 == memref->rank;
  if (op->opcode == TS_OP_ASYNC_COPY) return last ? ts_attr_int(op, TS_ATTR_COUNT, 1) : 1;
  if (t->kind == TS_TYPE_VECTOR && !memref->elem) return last ? t->dims[0] : 1;
  if (t->kind == TS_TYPE_FRAGMENT && dim + 2 >= memref->rank) return t->dims[sides[t->role][last]];
  return 1;
}

/* Intervals alone show it: the common case, without a linear form. */
static bool plainly_inside(ts_ranges *r, const ts_op *op, const ts_access *access, unsigned dim) {
  ts_extent extent = access->memref->type->dims[dim];
  if (ts_ranges_scope(r)->dead) return true;
  ts_range range = ts_range_of(r, op, access->subscripts[dim]);
  if (range.lo < 0) return false;
  if (range.hi == INT64_MAX || ts_is_symbolic(extent)) return false;
  return range.hi <= extent - ts_access_width(op, access, dim);
}

static ts_linear extent_form(ts_range_question *q, ts_extent e) {
  if (!ts_is_symbolic(e)) return (ts_linear){.constant = e};
  return ts_linear_atom(&q->arena, (intptr_t)ts_range_atom_of_symbol(q->ranges, ts_extent_name(e)));
}

/* A subscript is in bounds when both forms are at most 0: -s, and s + width - extent. */
static bool bounds_of(ts_range_question *q, const ts_op *op, const ts_access *access, unsigned dim,
                      ts_linear *below, ts_linear *above) {
  ts_linear s, e = extent_form(q, access->memref->type->dims[dim]);
  *below = (ts_linear){0};
  *above = (ts_linear){.constant = ts_access_width(op, access, dim)};
  return ts_range_form(q, op, access->subscripts[dim], &s) && ts_range_form_add(q, below, &s, -1) &&
         ts_range_form_add(q, above, &s, 1) && ts_range_form_add(q, above, &e, -1);
}

/* `proof`: one is wanted, not only whether it is disproved. */
static ts_proof in_bounds(ts_ranges *r, const ts_op *op, const ts_access *access, unsigned dim,
                          bool proof) {
  ts_range_question q;
  ts_linear below, above;
  ts_proof answer = TS_UNKNOWN;
  if (plainly_inside(r, op, access, dim)) return TS_PROVED;
  ts_range_ask(&q, r);
  if (bounds_of(&q, op, access, dim, &below, &above)) {
    bool always = !op->has_mask && !ts_ranges_scope(r)->masked;
    if (always && (positive_somewhere(&q, &below) || positive_somewhere(&q, &above)))
      answer = TS_DISPROVED;
    else if (proof && at_most_zero(&q, &below) && at_most_zero(&q, &above))
      answer = TS_PROVED;
  }
  ts_range_answered(&q);
  return answer;
}

bool ts_range_is_outside(ts_ranges *r, const ts_op *op, const ts_access *access, unsigned dim) {
  return in_bounds(r, op, access, dim, false) == TS_DISPROVED;
}

ts_proof ts_range_in_bounds(ts_ranges *r, const ts_op *op, const ts_access *access, unsigned dim) {
  return in_bounds(r, op, access, dim, true);
}

/* d <= -plus everywhere, or d >= 1 - plus everywhere? */
static ts_proof decide(ts_range_question *q, const ts_linear *d, int64_t sign, int64_t plus) {
  ts_linear yes = {.constant = plus}, no = {.constant = 1 - plus};
  if (!ts_range_form_add(q, &yes, d, sign) || !ts_range_form_add(q, &no, d, -sign))
    return TS_UNKNOWN;
  if (at_most_zero(q, &yes)) return TS_PROVED;
  return at_most_zero(q, &no) ? TS_DISPROVED : TS_UNKNOWN;
}

static ts_proof both(ts_proof a, ts_proof b) {
  if (a == TS_DISPROVED || b == TS_DISPROVED) return TS_DISPROVED;
  return a == TS_PROVED && b == TS_PROVED ? TS_PROVED : TS_UNKNOWN;
}

/* d PRED 0 */
static ts_proof compare(ts_range_question *q, const ts_linear *d, ts_pred pred) {
  switch (pred) {
  case TS_LT: return decide(q, d, 1, 1);
  case TS_LE: return decide(q, d, 1, 0);
  case TS_GT: return decide(q, d, -1, 1);
  case TS_GE: return decide(q, d, -1, 0);
  default: break;
  }
  ts_proof equal = both(decide(q, d, 1, 0), decide(q, d, -1, 0));
  if (pred == TS_EQ || equal == TS_UNKNOWN) return equal;
  return equal == TS_PROVED ? TS_DISPROVED : TS_PROVED;
}

ts_proof ts_range_compare(ts_ranges *r, const ts_op *op, const ts_aff *lhs, ts_pred pred,
                          const ts_aff *rhs) {
  ts_range_question q;
  ts_linear d, e;
  if (ts_ranges_scope(r)->dead) return TS_PROVED;
  ts_range_ask(&q, r);
  bool known = ts_range_form(&q, op, lhs, &d) && ts_range_form(&q, op, rhs, &e) &&
               ts_range_form_add(&q, &d, &e, -1);
  ts_proof answer = known ? compare(&q, &d, pred) : TS_UNKNOWN;
  ts_range_answered(&q);
  return answer;
}
