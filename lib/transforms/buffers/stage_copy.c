/* Nests that fill a staged buffer and write it back; see stage_impl.h.
 *
 * Position p of dimension d of the box is the sum of iteration * div over the pieces of d. A loop
 * over a piece ends at its count, and before the part in use ends: a coarse piece at the last block
 * that has an element in use, a fine one inside that block. */
#include "transforms/buffers/stage_impl.h"
#include "transforms/rewrite/rewrite.h"

const ts_aff *ts_dims_form(ts_dims *d, const ts_linear *l) {
  static const ts_aff_kind kinds[] = {[TS_FORM_FLOORDIV] = TS_AFF_FLOORDIV,
                                      [TS_FORM_CEILDIV] = TS_AFF_CEILDIV,
                                      [TS_FORM_MOD] = TS_AFF_MOD};
  if (!l) {
    d->overflow = true;
    return ts_aff_const(d->m, 0);
  }
  const ts_aff *sum = ts_aff_const(d->m, 0);
  for (unsigned i = 0; i < l->n; i++) {
    const ts_form_atom *t = ts_form_atom_of(&l->terms[i]);
    const ts_aff *a = t->kind == TS_FORM_VALUE ? ts_dims_value(d, t->value)
                      : t->kind == TS_FORM_SYM
                          ? ts_aff_sym(d->m, t->sym)
                          : ts_dims_binary(d, kinds[t->kind], ts_dims_form(d, t->inner),
                                           ts_aff_const(d->m, t->divisor));
    sum = ts_dims_add(d, sum, ts_dims_scale(d, a, l->terms[i].coef));
  }
  return ts_dims_add(d, sum, ts_aff_const(d->m, l->constant));
}

/* ---- a nest over the pieces ---- */

typedef struct nest {
  ts_staged *staged;
  ts_builder b; /* inside the innermost loop so far */
  ts_piece order[TS_MAX_RANK];
  const ts_linear *iterations[TS_MAX_RANK]; /* of the pieces in `order` */
  const ts_linear *position[TS_MAX_RANK];   /* of the dimensions, of the loops so far */
  bool overflow;
} nest;

static nest begin(ts_staged *s, ts_builder b) {
  nest n = {.staged = s, .b = b};
  memcpy(n.order, s->pieces.at, sizeof n.order);
  for (unsigned d = 0; d < s->box.rank; d++)
    n.position[d] = ts_form_const(s->forms, 0);
  return n;
}

/* The part of dimension d in use ends at these positions of the box, where that can be before the
 * pieces do. */
static ts_form_list ends_of(const ts_staged *s, unsigned d) {
  const ts_box_dim *dim = &s->box.dims[d];
  ts_form_list ends = {0};
  int64_t room = 1;
  for (unsigned i = 0; i < s->pieces.n; i++)
    if (s->pieces.at[i].dim == d && !ts_is_symbolic(s->pieces.at[i].count))
      room *= s->pieces.at[i].count;
  for (unsigned i = 0; i < dim->num_ends; i++)
    ends.at[ends.n++] = ts_form_add(s->forms, dim->ends[i], dim->lower, -1);
  if (!ts_is_symbolic(dim->extent) && room > dim->extent && ends.n < TS_FORM_MAX_BOUNDS)
    ends.at[ends.n++] = ts_form_const(s->forms, dim->extent);
  return ends;
}

/* The iterations of the piece before position `end`, given the pieces of its dimension that have a
 * loop. */
static const ts_linear *iterations_before(nest *n, const ts_piece *p, const ts_linear *end) {
  ts_forms *F = n->staged->forms;
  return ts_form_div(F, TS_FORM_CEILDIV, ts_form_add(F, end, n->position[p->dim], -1), p->div);
}

static bool is_redundant(ts_forms *F, const ts_linear *end, ts_extent count) {
  return ts_form_le(F, ts_form_extent(F, count), end);
}

/* Opens a loop over order[i]: to its end, clipped to the part in use, or from there on. */
typedef enum { ALL, USED, UNUSED } range;

static void open_loop(nest *n, unsigned i, const char *role, range which, const ts_linear *from) {
  ts_staged *s = n->staged;
  const ts_piece *p = &n->order[i];
  ts_dims d = ts_dims_none(s->schedule->m);
  const ts_aff *bounds[TS_FORM_MAX_BOUNDS + 3], *zero = ts_aff_const(d.m, 0);
  unsigned num = 0, num_lo = 1;
  bounds[num++] = zero;
  if (which == UNUSED && p->div == 1) {
    bounds[num++] = ts_dims_form(&d, iterations_before(n, p, from));
    num_lo = 2;
  }
  bounds[num++] = ts_dims_form(&d, ts_form_extent(s->forms, p->count));
  ts_form_list ends = ends_of(s, p->dim);
  for (unsigned k = 0; which == USED && k < ends.n; k++) {
    const ts_linear *end = iterations_before(n, p, ends.at[k]);
    if (!is_redundant(s->forms, end, p->count)) bounds[num++] = ts_dims_form(&d, end);
  }
  ts_str name = ts_schedule_name(s->schedule, s->name,
                                 ts_sprintf(s->schedule->pass->scratch, "%s%u", role, i));
  ts_op *loop =
      ts_build_for(&n->b, name, num_lo, bounds, num - num_lo, bounds + num_lo, 1, 0, NULL);
  if (!ts_dims_set_map(&d, loop, num, bounds)) n->overflow = true;
  ts_value *iv = ts_for_parts(loop).iv;
  n->b = ts_builder_at_end(s->schedule->m, ts_for_parts(loop).body, n->b.loc);
  n->iterations[i] = ts_form_value(s->forms, iv);
  n->position[p->dim] = ts_form_add(s->forms, n->position[p->dim], n->iterations[i], p->div);
}

/* ---- elements ---- */

static void subscribe(nest *n, ts_op *op, unsigned num, const ts_linear *const *subscripts) {
  ts_dims d = ts_dims_none(n->staged->schedule->m);
  const ts_aff *exprs[TS_MAX_RANK];
  for (unsigned i = 0; i < num; i++)
    exprs[i] = ts_dims_form(&d, subscripts[i]);
  if (!ts_dims_set_map(&d, op, num, exprs)) n->overflow = true;
}

static void whole_subscripts(nest *n, const ts_linear **out) {
  ts_staged *s = n->staged;
  for (unsigned d = 0; d < s->box.rank; d++)
    out[d] = ts_form_add(s->forms, s->box.dims[d].lower, n->position[d], 1);
}

static void part_subscripts(nest *n, const ts_linear **out) {
  for (unsigned i = 0; i < n->staged->pieces.n; i++)
    out[n->order[i].index] = n->iterations[i];
}

static ts_value *load_element(nest *n, ts_value *memref, unsigned num,
                              const ts_linear *const *subscripts) {
  ts_module *m = n->staged->schedule->m;
  const ts_aff *zeros[TS_MAX_RANK] = {0};
  for (unsigned i = 0; i < num; i++)
    zeros[i] = ts_aff_const(m, 0);
  ts_value *v =
      ts_build_load(&n->b, ts_type_element(m, memref->type), memref, num, zeros, 0, NULL, NULL);
  subscribe(n, v->def, num, subscripts);
  return v;
}

static void store_element(nest *n, ts_value *v, ts_value *memref, unsigned num,
                          const ts_linear *const *subscripts) {
  const ts_aff *zeros[TS_MAX_RANK] = {0};
  for (unsigned i = 0; i < num; i++)
    zeros[i] = ts_aff_const(n->staged->schedule->m, 0);
  subscribe(n, ts_build_store(&n->b, v, memref, num, zeros, 0, NULL, NULL), num, subscripts);
}

static ts_value *zero_of(nest *n) {
  const ts_type *t = ts_type_element(n->staged->schedule->m, n->staged->part->type);
  return ts_is_float(t->dtype) ? ts_literal_float(n->b.module, t, 0)
                               : ts_literal_int(n->b.module, t, 0);
}

/* if every dimension that may begin below the buffer is inside it { … }; leaves the builder in the
 * first region and returns the if, or NULL when there is nothing to test. */
static ts_op *test_below(nest *n, const ts_linear *const *subscripts) {
  ts_staged *s = n->staged;
  ts_module *m = s->schedule->m;
  ts_dims d = ts_dims_none(m);
  const ts_aff *sides[2 * TS_MAX_RANK];
  int64_t preds[TS_MAX_RANK];
  unsigned num = 0;
  for (unsigned i = 0; i < s->box.rank; i++) {
    if (!s->box.dims[i].below) continue;
    sides[2 * num] = ts_dims_form(&d, subscripts[i]);
    sides[2 * num + 1] = ts_aff_const(m, 0);
    preds[num++] = TS_GE;
  }
  if (!num) return NULL;
  ts_op *test = ts_op_create(m, TS_OP_IF, n->b.loc, 0, NULL, 0, NULL, 0, NULL, 2);
  ts_attr_set_ints(m, test, TS_ATTR_PREDS, num, preds);
  ts_op_insert(&n->b, test);
  if (!ts_dims_set_map(&d, test, 2 * num, sides)) n->overflow = true;
  n->b = ts_builder_at_end(m, ts_if_parts(test).then_block, n->b.loc);
  return test;
}

bool ts_staged_copy_in(ts_staged *s, ts_builder *b, bool pad) {
  nest n = begin(s, *b);
  const ts_linear *whole[TS_MAX_RANK], *part[TS_MAX_RANK];
  for (unsigned i = 0; i < s->pieces.n; i++)
    open_loop(&n, i, TS_ROLE_COPY, USED, NULL);
  whole_subscripts(&n, whole);
  part_subscripts(&n, part);
  ts_op *test = test_below(&n, whole);
  store_element(&n, load_element(&n, s->whole, s->box.rank, whole), s->part, s->pieces.n, part);
  if (test && pad) {
    n.b = ts_builder_at_end(s->schedule->m, ts_if_parts(test).else_block, n.b.loc);
    store_element(&n, zero_of(&n), s->part, s->pieces.n, part);
  }
  return !n.overflow;
}

bool ts_staged_copy_out(ts_staged *s, ts_builder *b) {
  nest n = begin(s, *b);
  const ts_linear *whole[TS_MAX_RANK], *part[TS_MAX_RANK];
  for (unsigned i = 0; i < s->pieces.n; i++)
    open_loop(&n, i, TS_ROLE_COPY_OUT, USED, NULL);
  whole_subscripts(&n, whole);
  part_subscripts(&n, part);
  test_below(&n, whole);
  store_element(&n, load_element(&n, s->part, s->pieces.n, part), s->whole, s->box.rank, whole);
  return !n.overflow;
}

/* Puts the pieces of the dimension from coarse to fine, in the places that they have. */
static void sort_pieces(nest *n, unsigned d) {
  unsigned count = n->staged->pieces.n;
  for (unsigned i = 0; i < count; i++)
    for (unsigned k = i + 1; k < count; k++)
      if (n->order[i].dim == d && n->order[k].dim == d && n->order[i].div < n->order[k].div) {
        ts_piece swap = n->order[i];
        n->order[i] = n->order[k];
        n->order[k] = swap;
      }
}

bool ts_staged_fill(ts_staged *s, ts_builder *b) {
  bool fits = true;
  for (unsigned d = 0; d < s->box.rank; d++) {
    ts_form_list ends = ends_of(s, d);
    for (unsigned k = 0; k < ends.n; k++) {
      nest n = begin(s, *b);
      const ts_linear *part[TS_MAX_RANK];
      sort_pieces(&n, d);
      for (unsigned i = 0; i < s->pieces.n; i++) {
        unsigned at = n.order[i].dim;
        open_loop(&n, i, TS_ROLE_FILL, at == d ? UNUSED : at < d ? USED : ALL, ends.at[k]);
      }
      part_subscripts(&n, part);
      store_element(&n, zero_of(&n), s->part, s->pieces.n, part);
      fits = fits && !n.overflow;
    }
  }
  return fits;
}

/* ---- accesses ---- */

const ts_linear *ts_piece_index(ts_forms *F, const ts_piece *p, const ts_linear *const *position) {
  const ts_linear *at = ts_form_div(F, TS_FORM_FLOORDIV, position[p->dim], p->div);
  return p->mod ? ts_form_div(F, TS_FORM_MOD, at, p->mod) : at;
}

bool ts_staged_redirect(ts_staged *s, const ts_touch *t) {
  const ts_linear *position[TS_MAX_RANK];
  for (unsigned d = 0; d < s->box.rank; d++)
    position[d] = ts_form_add(s->forms, t->at[d], s->box.dims[d].lower, -1);
  ts_dims dims = ts_dims_none(s->schedule->m);
  const ts_aff *exprs[TS_MAX_RANK];
  for (unsigned i = 0; i < s->pieces.n; i++)
    exprs[i] = ts_dims_form(&dims, ts_piece_index(s->forms, &s->pieces.at[i], position));
  if (dims.overflow) return false;
  unsigned memref = t->op->opcode == TS_OP_STORE ? 1 : 0;
  ts_set_operand(t->op, memref, s->part);
  return ts_dims_set_map(&dims, t->op, s->pieces.n, exprs);
}
