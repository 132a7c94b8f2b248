/* Proofs over linear forms: is a sum of multiples of variables, symbols and divisions at most 0?
 *
 * First by intervals. Where these are too wide (a symbolic end, variables that bound one another),
 * the innermost variable is replaced by each of its bounds in turn, which stand for it in the worst
 * case, so that `%i.o * 64 + %i.i < M` follows from %i.i < min(64, M - %i.o * 64). Conditions of
 * enclosing ifs are subtracted first: from f <= 0 and t - f <= 0 follows t <= 0. */
#include "support/arith.h"
#include "ir/constant.h"
#include "analysis/index/range_impl.h"

/* ---- linear forms ---- */

static bool add_term(linear *l, atom *a, int64_t coef) {
  if (coef == 0) return true;
  for (unsigned i = 0; i < l->n; i++) {
    if (l->terms[i].atom != a) continue;
    if (__builtin_add_overflow(l->terms[i].coef, coef, &l->terms[i].coef)) return false;
    if (l->terms[i].coef == 0) l->terms[i] = l->terms[--l->n];
    return true;
  }
  if (l->n == MAX_TERMS) return false;
  l->terms[l->n].atom = a;
  l->terms[l->n++].coef = coef;
  return true;
}

bool ts_range_linear_add(linear *a, const linear *b, int64_t times) {
  int64_t c;
  if (__builtin_mul_overflow(b->constant, times, &c) ||
      __builtin_add_overflow(a->constant, c, &a->constant))
    return false;
  for (unsigned i = 0; i < b->n; i++)
    if (__builtin_mul_overflow(b->terms[i].coef, times, &c) || !add_term(a, b->terms[i].atom, c))
      return false;
  return true;
}

ts_range ts_range_linear_range(const linear *l) {
  ts_range sum = {l->constant, l->constant};
  for (unsigned i = 0; i < l->n; i++)
    sum = ts_range_add(sum, ts_range_scale(l->terms[i].atom->range, l->terms[i].coef));
  return sum;
}

static bool same_linear(const linear *a, const linear *b) {
  if (a->constant != b->constant || a->n != b->n) return false;
  for (unsigned i = 0; i < a->n; i++) {
    unsigned j = 0;
    while (j < b->n && b->terms[j].atom != a->terms[i].atom)
      j++;
    if (j == b->n || b->terms[j].coef != a->terms[i].coef) return false;
  }
  return true;
}

static bool is_division(const atom *a, atom_kind kind, const linear *inner, int64_t divisor) {
  return a->kind == kind && a->divisor == divisor && same_linear(a->inner, inner);
}

/* The atom of a division, the same one for the same division; NULL: too many in one question. */
static atom *division(ts_ranges *r, atom_kind kind, const linear *inner, int64_t divisor) {
  for (size_t i = 0; i < r->facts.n; i++)
    for (unsigned j = 0; j < r->facts.at[i].n; j++)
      if (is_division(r->facts.at[i].terms[j].atom, kind, inner, divisor))
        return r->facts.at[i].terms[j].atom;
  for (unsigned i = 0; i < r->num_opaque; i++)
    if (is_division(&r->opaque[i], kind, inner, divisor)) return &r->opaque[i];
  if (r->num_opaque == MAX_OPAQUE) return NULL;
  unsigned at = r->num_opaque++;
  r->inner[at] = *inner;
  ts_range in = ts_range_linear_range(inner);
  atom a = {.kind = kind, .inner = &r->inner[at], .divisor = divisor};
  a.range = kind == ATOM_MOD        ? ts_range_mod(in, divisor)
            : kind == ATOM_FLOORDIV ? ts_range_floordiv(in, divisor)
                                    : ts_range_ceildiv(in, divisor);
  for (unsigned i = 0; i < inner->n; i++)
    a.order = ts_max(a.order, inner->terms[i].atom->order + 1);
  r->opaque[at] = a;
  return &r->opaque[at];
}

void ts_range_linear_keep(ts_ranges *r, linear *l) {
  for (unsigned i = 0; i < l->n; i++) {
    atom *a = l->terms[i].atom;
    if (a < r->opaque || a >= r->opaque + MAX_OPAQUE) continue;
    linear *inner = ts_new(r->arena, linear);
    *inner = *a->inner;
    ts_range_linear_keep(r, inner);
    l->terms[i].atom = ts_new(r->arena, atom);
    *l->terms[i].atom = *a;
    l->terms[i].atom->inner = inner;
  }
}

static bool linearize(ts_ranges *, const ts_op *, const ts_aff *, int64_t times, int depth,
                      linear *);

static bool linearize_value(ts_ranges *r, const ts_value *v, int64_t times, int depth,
                            linear *out) {
  int64_t c;
  if (v->kind == TS_VALUE_RESULT && v->def->opcode == TS_OP_APPLY && v->def->map && depth > 0)
    return linearize(r, v->def, v->def->map->exprs[0], times, depth - 1, out);
  if (ts_index_constant(v, &c)) return ts_range_linear_add(out, &(linear){.constant = c}, times);
  return add_term(out, ts_atom_of_value(r, v), times);
}

/* out += times * e */
static bool linearize(ts_ranges *r, const ts_op *op, const ts_aff *e, int64_t times, int depth,
                      linear *out) {
  if (--r->steps < 0) return false;
  linear inner = {0};
  atom *a;
  int64_t product;
  switch (e->kind) {
  case TS_AFF_CONST: return ts_range_linear_add(out, &(linear){.constant = e->value}, times);
  case TS_AFF_DIM: return linearize_value(r, ts_dim(op, (unsigned)e->value), times, depth, out);
  case TS_AFF_SYM: return add_term(out, ts_atom_of_symbol(r, (ts_str)e->value), times);
  case TS_AFF_ADD:
    return linearize(r, op, e->lhs, times, depth, out) &&
           linearize(r, op, e->rhs, times, depth, out);
  case TS_AFF_MUL:
    return !__builtin_mul_overflow(times, e->rhs->value, &product) &&
           linearize(r, op, e->lhs, product, depth, out);
  case TS_AFF_FLOORDIV:
  case TS_AFF_CEILDIV:
  case TS_AFF_MOD: break;
  }
  atom_kind kind = e->kind == TS_AFF_MOD        ? ATOM_MOD
                   : e->kind == TS_AFF_FLOORDIV ? ATOM_FLOORDIV
                                                : ATOM_CEILDIV;
  if (!linearize(r, op, e->lhs, 1, depth, &inner)) return false;
  a = division(r, kind, &inner, e->rhs->value);
  return a && add_term(out, a, times);
}

enum { LINEAR_STEPS = 128 };

bool ts_range_linear_of(ts_ranges *r, const ts_op *op, const ts_aff *e, linear *out) {
  int steps = r->steps;
  r->steps = LINEAR_STEPS;
  *out = (linear){0};
  bool ok = linearize(r, op, e, 1, MAX_APPLY_DEPTH, out);
  r->steps = steps;
  return ok;
}

/* ---- bounds of an atom as linear forms ---- */

/* l with term i replaced by `by`. */
static bool replaced(const linear *l, unsigned i, const linear *by, linear *out) {
  int64_t coef = l->terms[i].coef;
  *out = *l;
  out->terms[i] = out->terms[--out->n];
  return ts_range_linear_add(out, by, coef);
}

/* Bound k of a loop variable from above (upper) or below; false: there is no such bound, or it is
 * not linear. From above: the last value that the step reaches where the loop's length is a
 * constant. */
static bool loop_bound(ts_ranges *r, const atom *a, bool upper, unsigned k, linear *out) {
  ts_for loop = ts_for_parts(a->loop);
  if (!upper) return k < loop.num_lo && ts_range_linear_of(r, a->loop, loop.lo[k], out);
  if (k >= loop.num_hi || !ts_range_linear_of(r, a->loop, loop.hi[k], out)) return false;
  linear lo, span = *out;
  if (loop.step > 1 && loop.num_lo == 1 && ts_range_linear_of(r, a->loop, loop.lo[0], &lo) &&
      ts_range_linear_add(&span, &lo, -1) && span.n == 0 && span.constant > 0) {
    *out = lo;
    int64_t last = (span.constant - 1) / loop.step * loop.step;
    return ts_range_linear_add(out, &(linear){.constant = last}, 1);
  }
  return ts_range_linear_add(out, &(linear){.constant = -1}, 1);
}

static bool launch_bound(ts_ranges *r, const atom *a, bool upper, linear *out) {
  *out = (linear){0};
  if (!upper) return true;
  ts_launch launch = ts_launch_parts(a->loop);
  return ts_range_linear_of(r, a->loop, launch.extents[a->which], out) &&
         ts_range_linear_add(out, &(linear){.constant = -1}, 1);
}

/* coef * (inner / divisor) for a coef that the divisor divides: between coef/divisor * inner and as
 * much with the remainder. */
static bool division_bound(const atom *a, int64_t coef, bool upper, linear *times_coef) {
  if (a->kind == ATOM_MOD || coef % a->divisor != 0) return false;
  int64_t q = coef / a->divisor, slack = 0;
  /* floordiv: inner - (d - 1) <= d * (inner floordiv d) <= inner
   * ceildiv:  inner <= d * (inner ceildiv d) <= inner + d - 1 */
  if (a->kind == ATOM_FLOORDIV && !upper) slack = -(a->divisor - 1);
  if (a->kind == ATOM_CEILDIV && upper) slack = a->divisor - 1;
  linear inner = *a->inner;
  *times_coef = (linear){0};
  return ts_range_linear_add(&inner, &(linear){.constant = slack}, 1) &&
         ts_range_linear_add(times_coef, &inner, q);
}

/* The k-th way to replace term i of l by something that makes l no smaller. */
static bool worst_case(ts_ranges *r, const linear *l, unsigned i, unsigned k, linear *out) {
  const atom *a = l->terms[i].atom;
  bool upper = l->terms[i].coef > 0;
  linear by;
  if (k == 0) { /* the interval's end */
    int64_t end = upper ? a->range.hi : a->range.lo;
    if (end == INT64_MIN || end == INT64_MAX) return false;
    return replaced(l, i, &(linear){.constant = end}, out);
  }
  if (a->kind == ATOM_FLOORDIV || a->kind == ATOM_CEILDIV) {
    if (k > 1 || !division_bound(a, l->terms[i].coef, upper, &by)) return false;
    *out = *l;
    out->terms[i] = out->terms[--out->n];
    return ts_range_linear_add(out, &by, 1);
  }
  if (a->kind != ATOM_VALUE || !a->loop) return false;
  if (a->loop->opcode == TS_OP_FOR)
    return loop_bound(r, a, upper, k - 1, &by) && replaced(l, i, &by, out);
  return k == 1 && launch_bound(r, a, upper, &by) && replaced(l, i, &by, out);
}

/* ---- proofs ---- */

/* The term whose atom stands furthest inside; l->n when only symbols are left. */
static unsigned innermost(const linear *l) {
  unsigned best = l->n;
  for (unsigned i = 0; i < l->n; i++)
    if (l->terms[i].atom->kind != ATOM_SYM &&
        (best == l->n || l->terms[i].atom->order > l->terms[best].atom->order))
      best = i;
  return best;
}

enum { MAX_WAYS = 5 }; /* an interval's end and four bounds of a loop */

static bool prove(ts_ranges *r, const linear *l) {
  if (--r->steps < 0) return false;
  if (ts_range_linear_range(l).hi <= 0) return true;
  unsigned i = innermost(l);
  if (i == l->n) return false;
  for (unsigned k = 0; k < MAX_WAYS; k++) {
    linear next;
    if (worst_case(r, l, i, k, &next) && prove(r, &next)) return true;
  }
  return false;
}

/* Is l <= 0 here? */
static bool at_most_zero(ts_ranges *r, const linear *l) {
  r->steps = MAX_STEPS;
  if (prove(r, l)) return true;
  for (size_t i = 0; i < r->facts.n && i < MAX_FACTS; i++) {
    linear rest = *l;
    if (ts_range_linear_add(&rest, &r->facts.at[r->facts.n - 1 - i], -1) && prove(r, &rest))
      return true;
  }
  return false;
}

static linear extent_form(ts_ranges *r, ts_extent e) {
  if (!ts_is_symbolic(e)) return (linear){.constant = e};
  return (linear){.n = 1, .terms = {{ts_atom_of_symbol(r, ts_extent_name(e)), 1}}};
}

/* The end of the variable's values that is taken in every run of its loop, as a form in symbols. */
static bool taken_end(ts_ranges *r, const atom *a, bool upper, linear *out) {
  if (a->kind != ATOM_VALUE || !a->loop) return false;
  *out = (linear){.constant = upper ? a->range.hi : a->range.lo};
  if (upper ? a->hi_taken : a->lo_taken) return true;
  bool is_for = a->loop->opcode == TS_OP_FOR;
  ts_for loop = is_for ? ts_for_parts(a->loop) : (ts_for){.num_lo = 1, .num_hi = 1, .step = 1};
  if (loop.num_lo != 1 || loop.num_hi != 1 || loop.step != 1) return false;
  bool found = is_for ? loop_bound(r, a, upper, 0, out) : launch_bound(r, a, upper, out);
  return found && innermost(out) == out->n;
}

/* The largest value of l, a form in symbols, when it is taken: each variable reaches its end
 * whatever the others are. */
static bool largest_taken(ts_ranges *r, const linear *l, linear *out) {
  *out = *l;
  for (unsigned i = innermost(out); i < out->n; i = innermost(out)) {
    linear end, next;
    if (!taken_end(r, out->terms[i].atom, out->terms[i].coef > 0, &end)) return false;
    if (!replaced(out, i, &end, &next)) return false;
    *out = next;
  }
  return true;
}

/* Do the bounds of the loop hold constants and symbols only? */
static bool is_rectangular(const ts_op *loop) { return ts_num_dims(loop) == 0; }

static bool all_rectangular(const linear *l) {
  for (unsigned i = 0; i < l->n; i++) {
    const atom *a = l->terms[i].atom;
    if (a->kind == ATOM_VALUE && (!a->loop || !is_rectangular(a->loop))) return false;
  }
  return true;
}

/* One division alone, of variables whose ends are taken: it takes its ends where they do. */
static bool is_plain_division(const linear *l) {
  if (l->n != 1 ||
      (l->terms[0].atom->kind != ATOM_FLOORDIV && l->terms[0].atom->kind != ATOM_CEILDIV))
    return false;
  const linear *inner = l->terms[0].atom->inner;
  for (unsigned i = 0; i < inner->n; i++)
    if (!inner->terms[i].atom->lo_taken || !inner->terms[i].atom->hi_taken) return false;
  return all_rectangular(inner);
}

/* Is l >= 1 in an iteration that is sure to run, or in all that run? */
static bool positive_somewhere(ts_ranges *r, const linear *l) {
  linear most;
  ts_range range = ts_range_linear_range(l);
  if (range.lo >= 1) return true;
  if (range.hi < 1 || !ts_ranges_scope(r)->certain || !all_rectangular(l)) return false;
  if (is_plain_division(l)) return true;
  return largest_taken(r, l, &most) && ts_range_linear_range(&most).lo >= 1;
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

/* A subscript's question as forms that must be at most 0: -s, and s + width - extent. */
typedef struct question {
  linear below, above;
} question;

static bool ask(ts_ranges *r, const ts_op *op, const ts_access *access, unsigned dim, question *q) {
  linear s, e = extent_form(r, access->memref->type->dims[dim]);
  r->num_opaque = 0;
  q->below = (linear){0};
  q->above = (linear){.constant = ts_access_width(op, access, dim)};
  return ts_range_linear_of(r, op, access->subscripts[dim], &s) &&
         ts_range_linear_add(&q->below, &s, -1) && ts_range_linear_add(&q->above, &s, 1) &&
         ts_range_linear_add(&q->above, &e, -1);
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

static bool outside(ts_ranges *r, const ts_op *op, const question *q) {
  if (op->has_mask || ts_ranges_scope(r)->masked) return false;
  return positive_somewhere(r, &q->below) || positive_somewhere(r, &q->above);
}

bool ts_range_is_outside(ts_ranges *r, const ts_op *op, const ts_access *access, unsigned dim) {
  question q;
  return !plainly_inside(r, op, access, dim) && ask(r, op, access, dim, &q) && outside(r, op, &q);
}

ts_proof ts_range_in_bounds(ts_ranges *r, const ts_op *op, const ts_access *access, unsigned dim) {
  question q;
  if (plainly_inside(r, op, access, dim)) return TS_PROVED;
  if (!ask(r, op, access, dim, &q)) return TS_UNKNOWN;
  if (outside(r, op, &q)) return TS_DISPROVED;
  return at_most_zero(r, &q.below) && at_most_zero(r, &q.above) ? TS_PROVED : TS_UNKNOWN;
}

/* d <= -plus everywhere, or d >= 1 - plus everywhere? */
static ts_proof decide(ts_ranges *r, const linear *d, int64_t sign, int64_t plus) {
  linear yes = {.constant = plus}, no = {.constant = 1 - plus};
  if (!ts_range_linear_add(&yes, d, sign) || !ts_range_linear_add(&no, d, -sign)) return TS_UNKNOWN;
  if (at_most_zero(r, &yes)) return TS_PROVED;
  return at_most_zero(r, &no) ? TS_DISPROVED : TS_UNKNOWN;
}

static ts_proof both(ts_proof a, ts_proof b) {
  if (a == TS_DISPROVED || b == TS_DISPROVED) return TS_DISPROVED;
  return a == TS_PROVED && b == TS_PROVED ? TS_PROVED : TS_UNKNOWN;
}

ts_proof ts_range_compare(ts_ranges *r, const ts_op *op, const ts_aff *lhs, ts_pred pred,
                          const ts_aff *rhs) {
  linear d, e;
  r->num_opaque = 0;
  if (ts_ranges_scope(r)->dead) return TS_PROVED;
  if (!ts_range_linear_of(r, op, lhs, &d) || !ts_range_linear_of(r, op, rhs, &e) ||
      !ts_range_linear_add(&d, &e, -1))
    return TS_UNKNOWN;
  switch (pred) {
  case TS_LT: return decide(r, &d, 1, 1);
  case TS_LE: return decide(r, &d, 1, 0);
  case TS_GT: return decide(r, &d, -1, 1);
  case TS_GE: return decide(r, &d, -1, 0);
  default: break;
  }
  ts_proof equal = both(decide(r, &d, 1, 0), decide(r, &d, -1, 0));
  if (pred == TS_EQ || equal == TS_UNKNOWN) return equal;
  return equal == TS_PROVED ? TS_DISPROVED : TS_PROVED;
}
