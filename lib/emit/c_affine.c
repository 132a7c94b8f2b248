/* The C emitter: affine expressions, bounds and extents.
 *
 * They are printed as they were written, in int64_t. Where a value read from memory stands in one,
 * its result may be past int64: then the arithmetic wraps, as that of the loop VM does, or, for a
 * subscript that is checked, is done in __int128. */
#include <inttypes.h>

#include "emit/c_emit.h"

ts_c_text ts_c_number(ts_c_emit *e, int64_t v) {
  if (v == INT64_MIN) return ts_c_atom("INT64_MIN");
  return (ts_c_text){ts_sprintf(e->arena, "%" PRId64, v), v < 0 ? TS_C_UNARY : TS_C_ATOM, 0};
}

ts_c_text ts_c_extent(ts_c_emit *e, ts_extent x) {
  if (!ts_is_symbolic(x)) return ts_c_number(e, x);
  for (unsigned i = 0; i < e->current->num_extents; i++)
    if (e->current->extents[i] == ts_extent_name(x)) {
      ts_c_nest_extent(e, i);
      return ts_c_atom(e->current->extent_names[i]);
    }
  ts_unreachable("an extent that no parameter binds");
}

enum { FAR_DIGITS = 18 };

/* Has the sum a number so large that in another order one of its parts may be past int64_t: in i * 8 + (j - c)
 * is j - c small, and i * 8 + j not? */
static bool is_far(ts_c_text sum) {
  size_t digits = 0, most = 0;
  for (const char *p = sum.s; *p; p++) {
    digits = *p >= '0' && *p <= '9' ? digits + 1 : 0;
    most = ts_max(most, digits);
  }
  return most >= FAR_DIGITS;
}

ts_c_text ts_c_add(ts_c_emit *e, ts_c_text a, ts_c_text b) {
  int64_t x, y, sum;
  bool na = ts_c_is_number(a, &x), nb = ts_c_is_number(b, &y);
  if (na && nb && !__builtin_add_overflow(x, y, &sum)) return ts_c_number(e, sum);
  if (nb && y == 0) return a;
  if (na && x == 0) return b;
  if (nb && y < 0 && y != INT64_MIN)
    return ts_c_expr(e, TS_C_ADD, "%s - %" PRId64, ts_c_paren(e, a, TS_C_ADD), -y);
  return ts_c_expr(e, TS_C_ADD, "%s + %s", ts_c_paren(e, a, TS_C_ADD),
                   ts_c_paren(e, b, is_far(b) ? TS_C_MUL : TS_C_ADD));
}

ts_c_text ts_c_mul(ts_c_emit *e, ts_c_text a, ts_c_text b) {
  int64_t x, y, product;
  bool na = ts_c_is_number(a, &x), nb = ts_c_is_number(b, &y);
  if (na && nb && !__builtin_mul_overflow(x, y, &product)) return ts_c_number(e, product);
  if ((na && x == 0) || (nb && y == 0)) return ts_c_number(e, 0);
  if (nb && y == 1) return a;
  if (na && x == 1) return b;
  return ts_c_expr(e, TS_C_MUL, "%s * %s", ts_c_paren(e, a, TS_C_MUL),
                   ts_c_paren(e, b, TS_C_UNARY));
}

typedef enum { PLAIN, WRAPS, WIDE } how;

static ts_c_text print(ts_c_emit *, const ts_op *, const ts_aff *, how);

static bool is_unbounded(ts_range r) { return r.lo == INT64_MIN || r.hi == INT64_MAX; }

static bool sum_fits(ts_c_emit *e, const ts_op *op, const ts_aff *a) {
  switch (a->kind) {
  case TS_AFF_CONST:
  case TS_AFF_SYM: return true;
  case TS_AFF_DIM: {
    const ts_value *v = ts_dim(op, (unsigned)a->value);
    bool is_index =
        v->kind == TS_VALUE_ARG && v->block->parent; /* of a loop or launch: bounded by extents */
    return is_index || ts_is_literal(v) || !is_unbounded(ts_range_of_value(e->ranges, v)) ||
           (v->kind == TS_VALUE_RESULT && v->def->opcode == TS_OP_APPLY &&
            sum_fits(e, v->def, v->def->map->exprs[0]));
  }
  default: return sum_fits(e, op, a->lhs) && sum_fits(e, op, a->rhs);
  }
}

/* Does the sum of products stay in int64? Symbolic extents count as what arrays can be as large
 * as. */
bool ts_c_affine_fits(ts_c_emit *e, const ts_op *op, const ts_aff *a) {
  return a->kind == TS_AFF_DIM || sum_fits(e, op, a);
}

/* The constant of a product with a negative one; 0 for anything else. */
static int64_t negative_factor(const ts_aff *a) {
  int64_t c;
  bool negative = a->kind == TS_AFF_MUL && ts_aff_is_const(a->rhs, &c) && c < 0 && c != INT64_MIN;
  return negative ? c : 0;
}

static ts_c_text print_sum(ts_c_emit *e, const ts_op *op, const ts_aff *a, how h) {
  bool turned = negative_factor(a->lhs) && !negative_factor(a->rhs);
  ts_c_text lhs = print(e, op, turned ? a->rhs : a->lhs, h);
  const ts_aff *r = turned ? a->lhs : a->rhs;
  int64_t c = negative_factor(r);
  if (h == WRAPS) {
    ts_c_text rhs = print(e, op, r, h);
    return ts_c_call_helper(e, "addi", (ts_c_rep){TS_C_I64, 0}, 0, TS_I64,
                            ts_sprintf(e->arena, "%s, %s", lhs.s, rhs.s));
  }
  if (c == 0) return ts_c_add(e, lhs, print(e, op, r, h));
  ts_c_text term = ts_c_mul(e, print(e, op, r->lhs, h), ts_c_number(e, -c));
  return ts_c_expr(e, TS_C_ADD, "%s - %s", ts_c_paren(e, lhs, TS_C_ADD),
                   ts_c_paren(e, term, TS_C_MUL));
}

static ts_c_text print_product(ts_c_emit *e, const ts_op *op, const ts_aff *a, how h) {
  ts_c_text lhs = print(e, op, a->lhs, h), rhs = print(e, op, a->rhs, h);
  if (h == WRAPS)
    return ts_c_call_helper(e, "muli", (ts_c_rep){TS_C_I64, 0}, 0, TS_I64,
                            ts_sprintf(e->arena, "%s, %s", lhs.s, rhs.s));
  return ts_c_mul(e, lhs, rhs);
}

/* C's own operators round toward zero, which is the same for what is not negative. */
static ts_c_text print_quotient(ts_c_emit *e, const ts_op *op, const ts_aff *a, how h) {
  ts_c_text lhs = print(e, op, a->lhs, h), rhs = print(e, op, a->rhs, h);
  bool positive = h == PLAIN && ts_range_of(e->ranges, op, a->lhs).lo >= 0;
  if (positive && a->kind != TS_AFF_CEILDIV)
    return ts_c_expr(e, TS_C_MUL, "%s %s %s", ts_c_paren(e, lhs, TS_C_MUL),
                     a->kind == TS_AFF_MOD ? "%" : "/", ts_c_paren(e, rhs, TS_C_UNARY));
  const char *name = a->kind == TS_AFF_MOD        ? "wide_mod"
                     : a->kind == TS_AFF_FLOORDIV ? "wide_floordiv"
                                                  : "wide_ceildiv";
  return ts_c_expr(e, TS_C_ATOM, "%s(%s, %s)", ts_c_plain_helper(e, h == WIDE ? name : name + 5),
                   lhs.s, rhs.s);
}

static ts_c_text print(ts_c_emit *e, const ts_op *op, const ts_aff *a, how h) {
  switch (a->kind) {
  case TS_AFF_CONST: return ts_c_number(e, a->value);
  case TS_AFF_SYM: return ts_c_extent(e, ts_extent_of_name((ts_str)a->value));
  case TS_AFF_DIM: {
    ts_c_text t = ts_c_use(e, ts_dim(op, (unsigned)a->value));
    return h == WIDE ? ts_c_expr(e, TS_C_UNARY, "(__int128)%s", ts_c_paren(e, t, TS_C_UNARY)) : t;
  }
  case TS_AFF_ADD: return print_sum(e, op, a, h);
  case TS_AFF_MUL: return print_product(e, op, a, h);
  default: return print_quotient(e, op, a, h);
  }
}

ts_c_text ts_c_affine(ts_c_emit *e, const ts_op *op, const ts_aff *a) {
  return print(e, op, a, ts_c_affine_fits(e, op, a) ? PLAIN : WRAPS);
}

ts_c_text ts_c_affine_wide(ts_c_emit *e, const ts_op *op, const ts_aff *a) {
  return print(e, op, a, WIDE);
}

ts_c_text ts_c_bound(ts_c_emit *e, const ts_op *op, unsigned n, const ts_aff *const *exprs,
                     bool lower) {
  ts_c_text best = ts_c_affine(e, op, exprs[0]);
  for (unsigned i = 1; i < n; i++) {
    ts_c_text next = ts_c_affine(e, op, exprs[i]);
    best = ts_c_expr(e, TS_C_ATOM, "%s(%s, %s)", ts_c_plain_helper(e, lower ? "max" : "min"),
                     best.s, next.s);
  }
  return best;
}
