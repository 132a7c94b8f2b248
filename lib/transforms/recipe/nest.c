/* What kind of nest is this? A product is recognised by what it computes: one store, which adds a
 * product (or, for a plain sum, an element) to the value that was there, in loops in any order. */
#include "transforms/recipe/recipe_impl.h"
#include "transforms/rewrite/rewrite.h"

static bool has_loop(const ts_block *block) {
  for (const ts_op *op = block->first; op; op = op->next) {
    if (ts_is_loop(op)) return true;
    for (unsigned i = 0; i < op->num_regions; i++)
      if (has_loop(ts_op_regions(op)[i])) return true;
  }
  return false;
}

/* ---- accesses ---- */

/* By how much the expression grows when dim d grows by 1; false when that is not constant. */
static bool growth(const ts_aff *a, unsigned d, int64_t *out) {
  int64_t l, r;
  *out = 0;
  if (!ts_dims_mentions(a, d)) return true;
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_DIM: *out = 1; return true;
  case TS_AFF_ADD:
    if (!growth(a->lhs, d, &l) || !growth(a->rhs, d, &r)) return false;
    *out = l + r;
    return true;
  case TS_AFF_MUL:
    if (!growth(a->lhs, d, &l) || !ts_aff_is_const(a->rhs, &r)) return false;
    return !__builtin_mul_overflow(l, r, out);
  default: return false;
  }
}

/* How the subscript grows with the variable. */
static bool grows_by(const ts_op *op, const ts_aff *subscript, const ts_value *iv, int64_t *out) {
  *out = 0;
  for (unsigned d = 0; d < ts_num_dims(op); d++) {
    int64_t n;
    if (ts_dim(op, d) != iv) continue;
    if (!growth(subscript, d, &n)) return false;
    *out += n;
  }
  return true;
}

bool ts_nest_stays(const ts_op *op, const ts_access *a, const ts_value *iv) {
  for (unsigned s = 0; s < a->n; s++)
    for (unsigned d = 0; d < ts_num_dims(op); d++)
      if (ts_dim(op, d) == iv && ts_dims_mentions(a->subscripts[s], d)) return false;
  return true;
}

bool ts_nest_lies_along(const ts_op *op, const ts_access *a, const ts_value *iv) {
  int64_t n;
  for (unsigned s = 0; s + 1 < a->n; s++)
    if (!grows_by(op, a->subscripts[s], iv, &n) || n) return false;
  if (!a->n || !grows_by(op, a->subscripts[a->n - 1], iv, &n)) return false;
  return n == 1 && ts_for_parts(iv->block->parent).step == 1;
}

static bool lies_along(const ts_op *op, const ts_value *iv) {
  ts_access a;
  return ts_access_parts(op, 0, &a) && ts_nest_lies_along(op, &a, iv);
}

unsigned ts_nest_subscript(const ts_op *load, const ts_value *iv) {
  unsigned found = load->map->n;
  for (unsigned i = 0; i < load->map->n; i++)
    for (unsigned d = 0; d < ts_num_dims(load); d++) {
      const ts_aff *a = load->map->exprs[i];
      if (ts_dim(load, d) != iv || !ts_dims_mentions(a, d)) continue;
      if (found < load->map->n || a->kind != TS_AFF_DIM) return load->map->n;
      found = i;
    }
  return found;
}

/* ---- the sum ---- */

/* The load that a value is, behind conversions. */
static ts_op *load_behind(const ts_value *v) {
  ts_op *op = ts_def(v);
  while (op && (op->opcode == TS_OP_EXTF || op->opcode == TS_OP_EXTSI))
    op = ts_def(ts_operand(op, 0));
  return op && op->opcode == TS_OP_LOAD ? op : NULL;
}

/* Of sums of products: sums of single elements run well enough along a row. */
static bool not_a_product(ts_nest *nest, const ts_op *what, const char *why) {
  if (!nest->multiplies) return false;
  nest->what = what;
  nest->why = why;
  return false;
}

/* The only op that writes; NULL when several do, or when the nest holds anything but loads and
 * arithmetic beside it. */
static ts_op *only_store(const ts_block *body) {
  ts_op *found = NULL;
  for (ts_op *op = body->first; op; op = op->next) {
    if (op->opcode == TS_OP_LOAD || ts_has_flag(op, TS_FLAG_PURE)) continue;
    if (op->opcode != TS_OP_STORE || found) return NULL;
    found = op;
  }
  return found;
}

static bool is_sum(const ts_op *op) {
  return op->opcode == TS_OP_FMA || op->opcode == TS_OP_ADDF || op->opcode == TS_OP_ADDI ||
         op->opcode == TS_OP_MAXF || op->opcode == TS_OP_MAXI;
}

/* Does the value read what the store writes? */
static bool reads_back(const ts_value *v, const ts_op *store) {
  const ts_op *load = ts_def(v);
  return load && load->opcode == TS_OP_LOAD && ts_operand(load, 0) == ts_operand(store, 1) &&
         ts_same_subscripts(load, store);
}

/* The factors of the added term: two of an fma or of a product, or a single element. */
static bool find_factors(const ts_op *sum, const ts_op *store, ts_value **a, ts_value **b) {
  *b = NULL;
  if (sum->opcode == TS_OP_FMA) {
    *a = ts_operand(sum, 0);
    *b = ts_operand(sum, 1);
    return reads_back(ts_operand(sum, 2), store);
  }
  unsigned back = reads_back(ts_operand(sum, 0), store) ? 0 : 1;
  if (!reads_back(ts_operand(sum, back), store)) return false;
  *a = ts_operand(sum, 1 - back);
  const ts_op *term = ts_def(*a);
  if (!term || (term->opcode != TS_OP_MULF && term->opcode != TS_OP_MULI)) return true;
  *a = ts_operand(term, 0);
  *b = ts_operand(term, 1);
  return true;
}

/* Does a subscript come from the run: loaded, or computed in the loops? */
static bool is_indirect(const ts_op *access, const ts_block *nest) {
  for (unsigned d = 0; d < ts_num_dims(access); d++) {
    const ts_op *def = ts_def(ts_dim(access, d));
    if (def && ts_is_ancestor(nest, def)) return true;
  }
  return false;
}

static bool find_sum(ts_nest *nest, const ts_block *body) {
  ts_op *store = only_store(body);
  const ts_op *sum = store ? ts_def(ts_operand(store, 0)) : NULL;
  ts_value *a, *b;
  if (!sum || !is_sum(sum) || !find_factors(sum, store, &a, &b)) return false;
  nest->multiplies = b != NULL;
  nest->panel_load = load_behind(a);
  nest->rows_load = b ? load_behind(b) : NULL;
  nest->sum = ts_operand(store, 1);
  if (!nest->panel_load || (b && !nest->rows_load))
    return not_a_product(nest, sum, "what it adds up is no product of two elements");
  if (is_indirect(store, nest->whole) || is_indirect(nest->panel_load, nest->whole) ||
      (b && is_indirect(nest->rows_load, nest->whole)))
    return not_a_product(nest, sum, "a subscript of it is computed at run time");
  nest->acc = (ts_dtype)nest->sum->type->dtype;
  nest->fused = sum->opcode == TS_OP_FMA;
  return true;
}

/* ---- the roles of its loops ---- */

/* Is there a column loop? The panel is what lies along it, and no other factor may move with it. */
static bool find_columns(ts_nest *nest, unsigned n, ts_op *const *output, const ts_op *store) {
  for (unsigned at = n; at-- > 0;) {
    const ts_value *iv = ts_for_parts(output[at]).iv;
    ts_op *one = nest->panel_load, *other = nest->rows_load;
    if (other && lies_along(other, iv)) {
      one = nest->rows_load;
      other = nest->panel_load;
    }
    if (!lies_along(one, iv) || (other && ts_has_dim(other, iv))) continue;
    if (nest->in_place && !lies_along(store, iv)) continue;
    nest->panel_load = one;
    nest->rows_load = other;
    nest->j = output[at];
    return true;
  }
  return not_a_product(nest, store,
                       "no loop around its sums walks along one factor and leaves the other");
}

/* Rows share the panel: their loop moves the other factor only. */
static void find_rows(ts_nest *nest, unsigned n, ts_op *const *output) {
  for (unsigned at = n; at-- > 0 && nest->rows_load && !nest->i;) {
    const ts_value *iv = ts_for_parts(output[at]).iv;
    if (output[at] != nest->j && ts_has_dim(nest->rows_load, iv) &&
        !ts_has_dim(nest->panel_load, iv))
      nest->i = output[at];
  }
}

static void put_in_order(ts_nest *nest, unsigned n, ts_op *const *output) {
  nest->n = 0;
  for (unsigned at = 0; at < n; at++)
    if (output[at] != nest->i && output[at] != nest->j) nest->loops[nest->n++] = output[at];
  if (nest->i) nest->loops[nest->n++] = nest->i;
  nest->loops[nest->n++] = nest->j;
  for (unsigned at = 0; at < n; at++)
    nest->moved |= nest->loops[at] != output[at];
}

/* Do bounds of the nest speak of its other loops? Then the loops cannot change places. */
static bool is_rectangular(unsigned n, ts_op *const *all) {
  for (unsigned at = 0; at < n; at++)
    for (unsigned other = 0; other < at; other++)
      if (ts_has_dim(all[at], ts_for_parts(all[other]).iv)) return false;
  return true;
}

static bool moves_with_a_sum(const ts_nest *nest, const ts_op *load) {
  for (unsigned k = 0; k < nest->num_sums; k++)
    if (ts_has_dim(load, ts_for_parts(nest->sums[k]).iv)) return true;
  return false;
}

static bool take_roles(ts_nest *nest, unsigned n, ts_op *const *output, const ts_op *store) {
  if (!find_columns(nest, n, output, store)) return false;
  find_rows(nest, n, output);
  if (!moves_with_a_sum(nest, nest->panel_load))
    return not_a_product(nest, nest->panel_load,
                         "what lies side by side is the same in all terms of a sum");
  nest->panel = ts_operand(nest->panel_load, 0);
  nest->rows = nest->rows_load ? ts_operand(nest->rows_load, 0) : NULL;
  nest->data = (ts_dtype)ts_op_result(nest->panel_load, 0)->type->dtype;
  if (nest->panel == nest->sum || nest->rows == nest->sum)
    return not_a_product(nest, store, "it reads the buffer that it adds to elsewhere, too");
  put_in_order(nest, n, output);
  nest->kind = TS_NEST_PRODUCT;
  return true;
}

/* A perfect nest in any order, which adds to elements where they stay. */
static bool is_product_in_place(ts_nest *nest, unsigned n, ts_op *const *all) {
  const ts_block *body = ts_for_parts(all[n - 1]).body;
  ts_op *output[TS_MAX_NESTING], *store;
  unsigned num_output = 0;
  if (!find_sum(nest, body)) return false;
  store = only_store(body);
  nest->num_sums = 0;
  for (unsigned at = 0; at < n; at++) {
    if (ts_has_dim(store, ts_for_parts(all[at]).iv))
      output[num_output++] = all[at];
    else
      nest->sums[nest->num_sums++] = all[at];
  }
  if (!nest->num_sums) return false;
  if (!num_output) return not_a_product(nest, store, "it makes a single sum");
  if (!is_rectangular(n, all))
    return not_a_product(nest, all[n - 1], "the bounds of its loops speak of other loops");
  nest->in_place = true;
  if (!take_roles(nest, num_output, output, store)) return false;
  for (unsigned at = 0; at < nest->n; at++)
    nest->moved |= nest->loops[at] != all[at];
  return true;
}

/* ---- nests that are not perfect ---- */

/* The only loop of the block when everything else in it is straight code. */
static ts_op *only_loop(const ts_block *block) {
  ts_op *found = NULL;
  for (ts_op *op = block->first; op; op = op->next) {
    if (ts_is_loop(op) && !found)
      found = op;
    else if (op->num_regions)
      return NULL;
  }
  return found;
}

static unsigned chain_of(ts_op *loop, ts_op **out) {
  unsigned n = 0;
  for (ts_op *at = loop; at; at = ts_loop_only_child(at))
    out[n++] = at;
  return n;
}

/* The child with the deepest perfect nest; NULL where two are equally deep, or it is no deeper than 1. */
static ts_op *deepest_child(const ts_block *block) {
  ts_op *chain[TS_MAX_NESTING], *best = NULL;
  unsigned deepest = 0;
  for (ts_op *op = block->first; op; op = op->next) {
    if (!ts_is_loop(op)) continue;
    unsigned n = chain_of(op, chain);
    if (n == deepest) best = NULL;
    if (n > deepest) best = op;
    deepest = ts_max(deepest, n);
  }
  return best;
}

/* Loops in which a nest that adds up in place stands beside what sets the sums out, or ends them. */
static bool is_product_beside(ts_nest *nest, unsigned n, ts_op *const *around, ts_op *inner) {
  ts_op *all[2 * TS_MAX_NESTING];
  if (!inner) return false;
  memcpy(all, around, n * sizeof *all);
  unsigned depth = n + chain_of(inner, all + n);
  if (depth > TS_MAX_NESTING || has_loop(ts_for_parts(all[depth - 1]).body)) return false;
  if (!is_product_in_place(nest, depth, all)) return false;
  nest->num_around = n;
  memcpy(nest->around, around, n * sizeof *around);
  return true;
}

/* Each sum has a buffer, allocated in the loops of the output. */
static bool is_product_of_sums(ts_nest *nest, unsigned n, ts_op *const *output, ts_op *k) {
  nest->num_sums = chain_of(k, nest->sums);
  const ts_block *body = ts_for_parts(nest->sums[nest->num_sums - 1]).body;
  if (has_loop(body) || !find_sum(nest, body)) return false;
  const ts_block *around = ts_for_parts(output[n - 1]).body;
  if (!ts_def_as(nest->sum, TS_OP_ALLOC) || nest->sum->def->block != around)
    return is_product_beside(nest, n, output, k);
  if (!is_rectangular(n, output) || !is_rectangular(nest->num_sums, nest->sums))
    return not_a_product(nest, k, "the bounds of its loops speak of other loops");
  for (unsigned at = 0; at < n; at++)
    for (unsigned s = 0; s < nest->num_sums; s++)
      if (ts_has_dim(nest->sums[s], ts_for_parts(output[at]).iv))
        return not_a_product(nest, nest->sums[s], "how much it adds up differs from sum to sum");
  return take_roles(nest, n, output, only_store(body));
}

ts_nest ts_nest_of(ts_op *loop) {
  ts_nest nest = {.kind = TS_NEST_ROWS, .whole = ts_for_parts(loop).body};
  ts_op *chain[TS_MAX_NESTING];
  unsigned n = chain_of(loop, chain);
  const ts_block *body = ts_for_parts(chain[n - 1]).body;
  ts_op *k = only_loop(body);
  bool product = !has_loop(body) ? is_product_in_place(&nest, n, chain)
                 : k             ? is_product_of_sums(&nest, n, chain, k)
                                 : is_product_beside(&nest, n, chain, deepest_child(body));
  if (product) return nest;
  nest.kind = has_loop(body) ? TS_NEST_ROWS : TS_NEST_ELEMENTWISE;
  nest.n = n;
  memcpy(nest.loops, chain, n * sizeof *chain);
  return nest;
}
