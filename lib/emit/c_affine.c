/* The C emitter: affine expressions, bounds and extents.
 *
 * They are printed as they were written, in int64_t. Where a value read from memory stands in one,
 * its result may be past int64: then the arithmetic wraps, as that of the loop VM does, or, for a
 * subscript that is checked, is done in __int128. */
#include <inttypes.h>

#include "emit/c_emit.h"

c_text c_number(c_emit *e, int64_t v) {
  if (v == INT64_MIN) return c_atom("INT64_MIN");
  return (c_text){ts_sprintf(e->arena, "%" PRId64, v), v < 0 ? C_UNARY : C_ATOM, 0};
}

c_text c_extent(c_emit *e, ts_extent x) {
  if (!ts_is_symbolic(x)) return c_number(e, x);
  for (unsigned i = 0; i < e->current->num_extents; i++)
    if (e->current->extents[i] == ts_extent_name(x)) {
      c_nest_extent(e, i);
      return c_atom(e->current->extent_names[i]);
    }
  ts_unreachable("an extent that no parameter binds");
}

enum { FAR_DIGITS = 18 };

/* Has the sum a number so large that in another order one of its parts may be past int64_t: in i * 8 + (j - c)
 * is j - c small, and i * 8 + j not? */
static bool is_far(c_text sum) {
  size_t digits = 0, most = 0;
  for (const char *p = sum.s; *p; p++) {
    digits = *p >= '0' && *p <= '9' ? digits + 1 : 0;
    most = ts_max(most, digits);
  }
  return most >= FAR_DIGITS;
}

c_text c_add(c_emit *e, c_text a, c_text b) {
  int64_t x, y, sum;
  bool na = c_is_number(a, &x), nb = c_is_number(b, &y);
  if (na && nb && !__builtin_add_overflow(x, y, &sum)) return c_number(e, sum);
  if (nb && y == 0) return a;
  if (na && x == 0) return b;
  if (nb && y < 0 && y != INT64_MIN)
    return c_expr(e, C_ADD, "%s - %" PRId64, c_paren(e, a, C_ADD), -y);
  return c_expr(e, C_ADD, "%s + %s", c_paren(e, a, C_ADD),
                c_paren(e, b, is_far(b) ? C_MUL : C_ADD));
}

c_text c_mul(c_emit *e, c_text a, c_text b) {
  int64_t x, y, product;
  bool na = c_is_number(a, &x), nb = c_is_number(b, &y);
  if (na && nb && !__builtin_mul_overflow(x, y, &product)) return c_number(e, product);
  if ((na && x == 0) || (nb && y == 0)) return c_number(e, 0);
  if (nb && y == 1) return a;
  if (na && x == 1) return b;
  return c_expr(e, C_MUL, "%s * %s", c_paren(e, a, C_MUL), c_paren(e, b, C_UNARY));
}

typedef enum { PLAIN, WRAPS, WIDE } how;

static c_text print(c_emit *, const ts_op *, const ts_aff *, how);

static bool is_unbounded(ts_range r) { return r.lo == INT64_MIN || r.hi == INT64_MAX; }

static bool sum_fits(c_emit *e, const ts_op *op, const ts_aff *a) {
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
bool c_affine_fits(c_emit *e, const ts_op *op, const ts_aff *a) {
  return a->kind == TS_AFF_DIM || sum_fits(e, op, a);
}

/* The constant of a product with a negative one; 0 for anything else. */
static int64_t negative_factor(const ts_aff *a) {
  int64_t c;
  bool negative = a->kind == TS_AFF_MUL && ts_aff_is_const(a->rhs, &c) && c < 0 && c != INT64_MIN;
  return negative ? c : 0;
}

static c_text print_sum(c_emit *e, const ts_op *op, const ts_aff *a, how h) {
  bool turned = negative_factor(a->lhs) && !negative_factor(a->rhs);
  c_text lhs = print(e, op, turned ? a->rhs : a->lhs, h);
  const ts_aff *r = turned ? a->lhs : a->rhs;
  int64_t c = negative_factor(r);
  if (h == WRAPS) {
    c_text rhs = print(e, op, r, h);
    return c_call_helper(e, "addi", (c_rep){C_I64, 0}, 0, TS_I64,
                         ts_sprintf(e->arena, "%s, %s", lhs.s, rhs.s));
  }
  if (c == 0) return c_add(e, lhs, print(e, op, r, h));
  c_text term = c_mul(e, print(e, op, r->lhs, h), c_number(e, -c));
  return c_expr(e, C_ADD, "%s - %s", c_paren(e, lhs, C_ADD), c_paren(e, term, C_MUL));
}

static c_text print_product(c_emit *e, const ts_op *op, const ts_aff *a, how h) {
  c_text lhs = print(e, op, a->lhs, h), rhs = print(e, op, a->rhs, h);
  if (h == WRAPS)
    return c_call_helper(e, "muli", (c_rep){C_I64, 0}, 0, TS_I64,
                         ts_sprintf(e->arena, "%s, %s", lhs.s, rhs.s));
  return c_mul(e, lhs, rhs);
}

/* C's own operators round toward zero, which is the same for what is not negative. */
static c_text print_quotient(c_emit *e, const ts_op *op, const ts_aff *a, how h) {
  c_text lhs = print(e, op, a->lhs, h), rhs = print(e, op, a->rhs, h);
  bool positive = h == PLAIN && ts_range_of(e->ranges, op, a->lhs).lo >= 0;
  if (positive && a->kind != TS_AFF_CEILDIV)
    return c_expr(e, C_MUL, "%s %s %s", c_paren(e, lhs, C_MUL), a->kind == TS_AFF_MOD ? "%" : "/",
                  c_paren(e, rhs, C_UNARY));
  const char *name = a->kind == TS_AFF_MOD        ? "wide_mod"
                     : a->kind == TS_AFF_FLOORDIV ? "wide_floordiv"
                                                  : "wide_ceildiv";
  return c_expr(e, C_ATOM, "%s(%s, %s)", c_plain_helper(e, h == WIDE ? name : name + 5), lhs.s,
                rhs.s);
}

static c_text print(c_emit *e, const ts_op *op, const ts_aff *a, how h) {
  switch (a->kind) {
  case TS_AFF_CONST: return c_number(e, a->value);
  case TS_AFF_SYM: return c_extent(e, ts_extent_of_name((ts_str)a->value));
  case TS_AFF_DIM: {
    c_text t = c_use(e, ts_dim(op, (unsigned)a->value));
    return h == WIDE ? c_expr(e, C_UNARY, "(__int128)%s", c_paren(e, t, C_UNARY)) : t;
  }
  case TS_AFF_ADD: return print_sum(e, op, a, h);
  case TS_AFF_MUL: return print_product(e, op, a, h);
  default: return print_quotient(e, op, a, h);
  }
}

c_text c_affine(c_emit *e, const ts_op *op, const ts_aff *a) {
  return print(e, op, a, c_affine_fits(e, op, a) ? PLAIN : WRAPS);
}

c_text c_affine_wide(c_emit *e, const ts_op *op, const ts_aff *a) { return print(e, op, a, WIDE); }

c_text c_bound(c_emit *e, const ts_op *op, unsigned n, const ts_aff *const *exprs, bool lower) {
  c_text best = c_affine(e, op, exprs[0]);
  for (unsigned i = 1; i < n; i++) {
    c_text next = c_affine(e, op, exprs[i]);
    best =
        c_expr(e, C_ATOM, "%s(%s, %s)", c_plain_helper(e, lower ? "max" : "min"), best.s, next.s);
  }
  return best;
}
