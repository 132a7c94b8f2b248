/* Ops that only move elements. Each walks its result and finds the subscripts of the operand: those with maps
 * (transpose, broadcast) through them, reshape by arithmetic.
 *
 * A reshape is taken apart into groups of neighbouring axes whose extents have the same product on
 * both sides; most groups are a single axis that stays. Within a group the position is
 *
 *   at = ((o0 * N1) + o1) * N2 + o2 …          from the result's axes
 *   i_last = at mod M_last; at = at floordiv M_last; …       to the operand's
 *
 * which is affine when the extents multiplied or divided by are numbers, and index arithmetic at
 * run time when they are not. */
#include "transforms/lower/lower_impl.h"

/* ---- views with maps ---- */

void ts_lower_moved(ts_lower *L, ts_op *op) {
  ts_point p = ts_lower_point(L, op);
  ts_lower_parallel(L, &p);
  ts_lower_give(L, ts_lower_element(L, "x", &p, 0), &p);
  ts_lower_end(L, p.space.n);
}

/* ---- products of extents ---- */

/* A number times symbolic extents, sorted. */
typedef struct product {
  int64_t number;
  unsigned n;
  ts_extent symbols[TS_MAX_RANK];
} product;

static void multiply(product *p, ts_extent e) {
  if (!ts_is_symbolic(e)) {
    p->number *= e;
    return;
  }
  unsigned at = p->n++;
  for (; at && p->symbols[at - 1] > e; at--)
    p->symbols[at] = p->symbols[at - 1];
  p->symbols[at] = e;
}

/* What is left of b's symbols when a's are taken out; false when a has one that b has not. */
static bool divides(const product *a, const product *b) {
  unsigned at = 0;
  if (b->number % a->number) return false;
  for (unsigned i = 0; i < a->n; i++, at++) {
    while (at < b->n && b->symbols[at] != a->symbols[i])
      at++;
    if (at == b->n) return false;
  }
  return true;
}

static bool equal(const product *a, const product *b) {
  return a->number == b->number && a->n == b->n && divides(a, b);
}

/* ---- groups ---- */

/* Axes [in, in_end) of the operand are axes [out, out_end) of the result. */
typedef struct group {
  unsigned in, in_end, out, out_end;
} group;

/* The smallest group that starts there: the side with the smaller product takes one more axis until
 * both are equal. Where symbols hide whether they are equal, it takes all axes. */
static group next_group(const ts_type *x, const ts_type *y, unsigned in, unsigned out) {
  group g = {in, in, out, out};
  product p = {.number = 1}, q = {.number = 1};
  if (g.in_end < x->rank) multiply(&p, x->dims[g.in_end++]);
  if (g.out_end < y->rank) multiply(&q, y->dims[g.out_end++]);
  while (!equal(&p, &q)) {
    bool more_in = g.in_end < x->rank, more_out = g.out_end < y->rank;
    if (!more_in && !more_out) break;
    if (more_in && (!more_out || divides(&p, &q)))
      multiply(&p, x->dims[g.in_end++]);
    else
      multiply(&q, y->dims[g.out_end++]);
  }
  return g;
}

/* The axes of a group whose extent is not 1, first to last. */
static unsigned real_axes(const ts_type *t, unsigned from, unsigned to, unsigned *axes) {
  unsigned n = 0;
  for (unsigned a = from; a < to; a++)
    if (t->dims[a] != 1) axes[n++] = a;
  return n;
}

/* All but the first are numbers, so strides are. */
static bool numeric_strides(const ts_type *t, unsigned n, const unsigned *axes) {
  for (unsigned i = 1; i < n; i++)
    if (ts_is_symbolic(t->dims[axes[i]])) return false;
  return true;
}

/* ---- positions ---- */

static ts_value *extent_value(ts_lower *L, ts_extent e) {
  if (!ts_is_symbolic(e)) return ts_literal_int(L->m, ts_type_scalar(L->m, TS_INDEX), e);
  char *name = ts_strdup(L->scratch, ts_str_text(L->m, ts_extent_name(e)));
  name[0] = (char)(name[0] - 'A' + 'a');
  return ts_lower_index(L, name, ts_aff_sym(L->m, ts_extent_name(e)));
}

static const ts_aff *position(ts_lower *L, const ts_type *y, unsigned n, const unsigned *axes,
                              const ts_subs *out) {
  const ts_aff *at = n ? out->at[axes[0]] : ts_aff_const(L->m, 0);
  if (numeric_strides(y, n, axes)) {
    for (unsigned i = 1; i < n; i++) {
      at = ts_aff_binary(L->m, TS_AFF_MUL, at, ts_aff_const(L->m, y->dims[axes[i]]));
      at = ts_aff_binary(L->m, TS_AFF_ADD, at, out->at[axes[i]]);
    }
    return at;
  }
  ts_value *v = ts_lower_index(L, "at", at);
  for (unsigned i = 1; i < n; i++) {
    v = ts_lower_op2(L, "row", TS_OP_MULI, TS_INDEX, v, extent_value(L, y->dims[axes[i]]));
    v = ts_lower_op2(L, "at", TS_OP_ADDI, TS_INDEX, v, ts_lower_index(L, "o", out->at[axes[i]]));
  }
  return ts_lower_dim(L, v);
}

static void split_affine(ts_lower *L, const ts_type *x, unsigned n, const unsigned *axes,
                         const ts_aff *at, ts_subs *in) {
  for (unsigned i = n; i-- > 1;) {
    const ts_aff *extent = ts_aff_const(L->m, x->dims[axes[i]]);
    in->at[axes[i]] = ts_aff_binary(L->m, TS_AFF_MOD, at, extent);
    at = ts_aff_binary(L->m, TS_AFF_FLOORDIV, at, extent);
  }
  in->at[axes[0]] = at;
}

static void split_at_run_time(ts_lower *L, const ts_type *x, unsigned n, const unsigned *axes,
                              const ts_aff *at, ts_subs *in) {
  ts_value *v = ts_lower_index(L, "at", at);
  for (unsigned i = n; i-- > 1;) {
    ts_value *extent = extent_value(L, x->dims[axes[i]]);
    const char *name = ts_sprintf(L->scratch, "i%u", axes[i]);
    const char *rest = i > 1 ? "rest" : ts_sprintf(L->scratch, "i%u", axes[0]);
    in->at[axes[i]] = ts_lower_dim(L, ts_lower_op2(L, name, TS_OP_REMI, TS_INDEX, v, extent));
    v = ts_lower_op2(L, rest, TS_OP_DIVI, TS_INDEX, v, extent);
  }
  in->at[axes[0]] = ts_lower_dim(L, v);
}

static void lower_group(ts_lower *L, const ts_type *x, const ts_type *y, group g,
                        const ts_subs *out, ts_subs *in) {
  unsigned xs[TS_MAX_RANK], ys[TS_MAX_RANK];
  unsigned nx = real_axes(x, g.in, g.in_end, xs), ny = real_axes(y, g.out, g.out_end, ys);
  for (unsigned a = g.in; a < g.in_end; a++)
    in->at[a] = ts_aff_const(L->m, 0);
  if (!nx) return;
  const ts_aff *at = position(L, y, ny, ys, out);
  if (numeric_strides(x, nx, xs))
    split_affine(L, x, nx, xs, at, in);
  else
    split_at_run_time(L, x, nx, xs, at, in);
}

void ts_lower_reshape(ts_lower *L, ts_op *op) {
  const ts_type *x = ts_operand(op, 0)->type, *t = ts_op_result(op, 0)->type;
  ts_value *y = ts_lower_result(L, ts_op_result(op, 0));
  ts_subs out = ts_lower_nest(L, t), in = {.n = x->rank};
  for (group g = {0}; g.in_end < x->rank || g.out_end < t->rank;) {
    g = next_group(x, t, g.in_end, g.out_end);
    lower_group(L, x, t, g, &out, &in);
  }
  ts_lower_store(L, ts_lower_load(L, "x", ts_operand(op, 0), &in), y, &out);
  ts_lower_end(L, out.n);
}
