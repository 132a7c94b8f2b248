/* Which of the nests that `lower` makes is this? */
#include "transforms/recipe.h"
#include "transforms/util.h"

static bool has_loop(const ts_block *block) {
  for (const ts_op *op = block->first; op; op = op->next) {
    if (ts_is_loop(op)) return true;
    for (unsigned i = 0; i < op->num_regions; i++)
      if (has_loop(ts_op_regions(op)[i])) return true;
  }
  return false;
}

/* Does the last subscript, and no other, step by one element when the variable does? */
static bool lies_along(const ts_op *load, const ts_value *iv) {
  unsigned n = load->map->n;
  const ts_aff *last = n ? load->map->exprs[n - 1] : NULL;
  if (!last || last->kind != TS_AFF_DIM || ts_dim(load, (unsigned)last->value) != iv) return false;
  for (unsigned i = 0; i + 1 < n; i++)
    if (load->map->exprs[i] == last) return false;
  return true;
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

/* The load that a value is, behind conversions. */
static ts_op *load_behind(ts_value *v) {
  ts_op *op = ts_def(v);
  while (op && (op->opcode == TS_OP_EXTF || op->opcode == TS_OP_EXTSI))
    op = ts_def(ts_operand(op, 0));
  return op && op->opcode == TS_OP_LOAD ? op : NULL;
}

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

/* The two factors of the term that the body adds up; a plain sum has one. */
static bool find_factors(const ts_block *body, ts_value **a, ts_value **b) {
  *a = *b = NULL;
  for (ts_op *op = body->first; op; op = op->next) {
    if (op->opcode == TS_OP_FMA || op->opcode == TS_OP_MULI) {
      *a = ts_operand(op, 0);
      *b = ts_operand(op, 1);
      return true;
    }
    if (op->opcode == TS_OP_ADDF || op->opcode == TS_OP_ADDI || op->opcode == TS_OP_MAXF ||
        op->opcode == TS_OP_MAXI)
      *a = ts_operand(op, 1);
  }
  return *a != NULL;
}

static ts_value *last_stored(const ts_block *body) {
  for (const ts_op *op = body->last; op; op = op->prev)
    if (op->opcode == TS_OP_STORE) return ts_operand(op, 1);
  return NULL;
}

static bool is_product(ts_nest *nest, ts_op *k) {
  const ts_value *j = ts_for_parts(nest->loops[nest->n - 1]).iv, *iv = ts_for_parts(k).iv;
  const ts_block *body = ts_for_parts(k).body;
  ts_value *a, *b;
  if (has_loop(body) || !find_factors(body, &a, &b)) return false;
  ts_op *one = load_behind(a), *other = b ? load_behind(b) : NULL;
  if (!one || (b && !other)) return false;
  if (other && lies_along(other, j)) {
    ts_op *swap = one;
    one = other;
    other = swap;
  }
  if (!lies_along(one, j) || !ts_has_dim(one, iv) || (other && ts_has_dim(other, j))) return false;
  nest->k = k;
  nest->panel = ts_operand(one, 0);
  nest->rows = other ? ts_operand(other, 0) : NULL;
  nest->panel_load = one;
  nest->rows_load = other;
  nest->data = (ts_dtype)ts_op_result(one, 0)->type->dtype;
  nest->sum = last_stored(body);
  if (!nest->sum) return false;
  nest->acc = (ts_dtype)nest->sum->type->dtype;
  return true;
}

ts_nest ts_nest_of(ts_op *loop) {
  ts_nest nest = {.kind = TS_NEST_ROWS};
  for (ts_op *at = loop; at; at = ts_loop_only_child(at))
    nest.loops[nest.n++] = at;
  const ts_block *body = ts_for_parts(nest.loops[nest.n - 1]).body;
  ts_op *k = only_loop(body);
  if (!has_loop(body))
    nest.kind = TS_NEST_ELEMENTWISE;
  else if (k && is_product(&nest, k))
    nest.kind = TS_NEST_PRODUCT;
  return nest;
}
