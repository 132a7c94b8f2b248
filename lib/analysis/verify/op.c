/* The verifier, one op at a time: its uses, its form and types, and what it reads and writes. */
#include <inttypes.h>

#include "analysis/verify/verify_impl.h"

/* ---- uses ---- */

/* Is the walk inside this block? */
static bool is_open(const ts_verifier *v, const ts_block *block) {
  if (!block) return false;
  return block->parent ? block->parent->tag & TS_VERIFY_OPEN : block == v->func->body;
}

/* Is the value defined before this point, in a block around it? */
static bool is_visible(const ts_verifier *v, const ts_value *value) {
  switch ((ts_value_kind)value->kind) {
  case TS_VALUE_RESULT: return value->def->tag & TS_VERIFY_SEEN && is_open(v, value->def->block);
  case TS_VALUE_ARG: return is_open(v, value->block);
  case TS_VALUE_LITERAL: return true;
  }
  return false;
}

/* Operands are defined before the op, typed, and on their value's use list. */
static bool check_uses(ts_verifier *v, const ts_op *op) {
  for (unsigned i = 0; i < op->num_operands; i++) {
    const ts_use *use = &op->operands[i];
    const char *name = ts_info(op)->name;
    if (!use->value || use->owner != op || *use->prev != use ||
        (use->next && use->next->prev != &use->next))
      return ts_verify_error(v, op->loc, "operand %u of `%s` is not on its value's use list", i + 1,
                             name);
    if (!use->value->type)
      return ts_verify_error(v, op->loc, "operand %u of `%s` has no type", i + 1, name);
    if (!is_visible(v, use->value))
      return ts_verify_error(v, op->loc, "`%s` uses %s, which is not defined before it", name,
                             ts_verify_name(v, use->value));
  }
  return true;
}

/* ---- form ---- */

/* The op table's counts of results and regions, and the arguments that regions of loops bind. */
static bool check_shape(ts_verifier *v, const ts_op *op) {
  const ts_op_info *info = ts_info(op);
  unsigned want = op->opcode == TS_OP_FOR                 ? 1
                  : op->opcode == TS_OP_LAUNCH && op->map ? op->map->n
                                                          : 0;
  if ((info->num_results >= 0 && op->num_results != info->num_results) ||
      op->num_regions != info->num_regions)
    return ts_verify_error(v, op->loc, "`%s` has %u results and %u regions", info->name,
                           op->num_results, op->num_regions);
  if (op->opcode == TS_OP_FUSED) return true;
  for (unsigned i = 0; i < op->num_regions; i++) {
    const ts_block *b = ts_op_regions(op)[i];
    if (b->parent != op || b->num_args != want)
      return ts_verify_error(v, op->loc, "region %u of `%s` has %u arguments, not %u", i,
                             info->name, b->num_args, want);
    for (unsigned k = 0; k < b->num_args; k++)
      if (b->args[k]->type != ts_type_scalar(v->m, TS_INDEX))
        return ts_verify_error(v, op->loc, "a region of `%s` has an argument of type %s",
                               info->name, b->args[k]->type->text);
  }
  return true;
}

/* Infers again what the op's results are, unless the parser has just done so; a call may have been read
 * before its callee. */
static bool check_types(ts_verifier *v, ts_op *op) {
  const ts_type *one, *given_one, **types = &one;
  const ts_type **given = &given_one;
  unsigned n = op->num_results;
  if (n > 1) {
    types = ts_new_array(&v->scratch, const ts_type *, n);
    given = ts_new_array(&v->scratch, const ts_type *, n);
  }
  for (unsigned i = 0; i < n; i++) {
    given[i] = ts_op_result(op, i)->type;
    if (!given[i])
      return ts_verify_error(v, op->loc, "the result of `%s` has no type", ts_info(op)->name);
  }
  bool known = v->m->as_parsed && op->opcode != TS_OP_CALL;
  if (!known && ts_infer(v->m, op, n, given, types) != TS_OK) return false;
  for (unsigned i = 0; i < n; i++)
    if (!ts_verify_type(v, op->loc, given[i])) return false;
  return true;
}

static const char *level_name(unsigned level) { return level == TS_LEVEL_T ? "tensor" : "loop"; }

/* An op belongs to one level, shown by the table or by its types; a function has only one. */
static void check_level(ts_verifier *v, const ts_op *op) {
  if (v->fused || v->mixed) return;
  unsigned level = ts_op_level(op);
  if (level == 0 || level == v->level) return;
  if (v->level == 0) {
    v->level = level;
    return;
  }
  const char *what = ts_info(op)->levels == TS_LEVEL_TL ? "here a " : "a ";
  ts_verify_error(v, op->loc, "`%s` is %s%s op, but @%s is a %s function", ts_info(op)->name, what,
                  level_name(level), ts_str_text(v->m, v->func->name), level_name(v->level));
  v->mixed = true;
}

/* The region of fused computes one element: pure scalar ops. */
static void check_in_fused(ts_verifier *v, const ts_op *op) {
  const char *name = ts_info(op)->name;
  if (op->opcode == TS_OP_YIELD) return;
  if (!(ts_info(op)->levels & TS_LEVEL_L) || op->num_regions > 0 ||
      !ts_has_flag(op, TS_FLAG_PURE) || op->num_results != 1) {
    ts_verify_error(v, op->loc,
                    "`%s` cannot stand in a fused region, which computes one element from "
                    "scalars",
                    name);
    return;
  }
  if (ts_op_result(op, 0)->type->kind != TS_TYPE_SCALAR)
    ts_verify_error(v, op->loc,
                    "`%s` gives %s in a fused region, which computes one element from scalars",
                    name, ts_op_result(op, 0)->type->text);
  for (unsigned i = 0; i < op->num_operands; i++)
    if (ts_operand(op, i)->type->kind != TS_TYPE_SCALAR)
      ts_verify_error(v, op->loc,
                      "`%s` uses %s in a fused region; make it an operand of the `fused`", name,
                      ts_verify_name(v, ts_operand(op, i)));
}

/* ---- affine maps ---- */

static bool check_symbols(ts_verifier *v, const ts_op *op, const ts_aff *e) {
  if (e->kind == TS_AFF_SYM) {
    ts_str s = (ts_str)e->value;
    if (ts_verify_is_bound(v, s)) return true;
    return ts_verify_error(v, op->loc, "no parameter of @%s has the symbolic extent %s",
                           ts_str_text(v->m, v->func->name), ts_str_text(v->m, s));
  }
  if (e->kind == TS_AFF_CONST || e->kind == TS_AFF_DIM) return true;
  return check_symbols(v, op, e->lhs) && check_symbols(v, op, e->rhs);
}

/* Can bounds and conditions depend on it? Loop variables, launch indices, constants, and what is
 * made of them by apply; not what is read or computed at run time. */
static bool is_affine_value(const ts_value *value) {
  if (value->kind != TS_VALUE_RESULT || value->def->opcode == TS_OP_CONST) return true;
  return value->def->opcode == TS_OP_APPLY && !(value->def->tag & TS_VERIFY_RUNTIME);
}

static void check_map(ts_verifier *v, ts_op *op) {
  for (unsigned i = 0; i < ts_num_dims(op); i++) {
    if (is_affine_value(ts_dim(op, i))) continue;
    if (op->opcode == TS_OP_APPLY) op->tag |= TS_VERIFY_RUNTIME;
    if (op->num_regions > 0)
      ts_verify_error(v, op->loc,
                      "`%s` depends on %s, which `%s` computes; it takes loop variables, "
                      "symbols, constants and `apply` of them",
                      ts_info(op)->name, ts_verify_name(v, ts_dim(op, i)),
                      ts_info(ts_dim(op, i)->def)->name);
  }
  if (ts_ptrmap_get(&v->maps, op->map) == v->func) return;
  ts_ptrmap_put(&v->maps, op->map, (void *)(uintptr_t)v->func);
  for (unsigned i = 0; i < op->map->n; i++)
    if (!check_symbols(v, op, op->map->exprs[i])) return;
}

/* ---- subscripts ---- */

/* "from 0 to 511", "from 0 up". */
static const char *range_text(ts_verifier *v, ts_range r) {
  const char *lo = r.lo == INT64_MIN ? "" : ts_sprintf(&v->scratch, " from %" PRId64, r.lo);
  if (r.hi == INT64_MAX) return ts_sprintf(&v->scratch, "%s up", lo);
  return ts_sprintf(&v->scratch, "%s to %" PRId64, lo, r.hi);
}

static bool uses_dim(const ts_aff *e, int64_t dim) {
  if (e->kind == TS_AFF_DIM) return e->value == dim;
  if (e->kind == TS_AFF_CONST || e->kind == TS_AFF_SYM) return false;
  return uses_dim(e->lhs, dim) || uses_dim(e->rhs, dim);
}

/* " (%i runs from 0 to 511, %j from 0 to 15)" for the variables of a subscript. */
static const char *variables_text(ts_verifier *v, const ts_op *op, const ts_aff *subscript) {
  const char *text = "";
  for (unsigned i = 0; i < ts_num_dims(op); i++) {
    if (!uses_dim(subscript, i)) continue;
    const ts_value *x = ts_dim(op, i);
    text = ts_sprintf(&v->scratch, "%s%s %s%s", text, *text ? "," : "", ts_verify_name(v, x),
                      range_text(v, ts_range_of_value(v->ranges, x)));
  }
  return *text ? ts_sprintf(&v->scratch, ";%s", text) : text;
}

static void out_of_bounds(ts_verifier *v, const ts_op *op, const ts_access *a, unsigned dim) {
  if (v->m->ctx->num_errors >= v->m->ctx->max_errors) {
    ts_verify_error(v, op->loc, "a subscript is out of bounds"); /* counted, not kept */
    return;
  }
  ts_extent extent = a->memref->type->dims[dim];
  ts_range range = ts_range_of(v->ranges, op, a->subscripts[dim]);
  int64_t width = ts_access_width(op, a, dim);
  const char *touches =
      width == 1 ? "" : ts_sprintf(&v->scratch, " for %" PRId64 " elements", width);
  const char *is = ts_is_symbolic(extent) ? ts_str_text(v->m, ts_extent_name(extent))
                                          : ts_sprintf(&v->scratch, "%" PRId64, extent);
  const char *runs = range.lo == range.hi
                         ? ts_sprintf(&v->scratch, " is %" PRId64, range.lo)
                         : ts_sprintf(&v->scratch, " runs%s", range_text(v, range));
  ts_verify_error(v, op->loc, "subscript %u of %s%s%s, outside its extent %s%s", dim,
                  ts_verify_name(v, a->memref), runs, touches, is,
                  variables_text(v, op, a->subscripts[dim]));
}

static void check_accesses(ts_verifier *v, const ts_op *op) {
  ts_access a;
  for (unsigned i = 0; ts_access_parts(op, i, &a); i++) {
    if (a.writes) ts_verify_written(v, op, a.memref);
    for (unsigned dim = 0; dim < a.n; dim++)
      if (ts_range_is_outside(v->ranges, op, &a, dim)) out_of_bounds(v, op, &a, dim);
  }
}

/* ---- all of it ---- */

bool ts_verify_op(ts_verifier *v, ts_op *op) {
  if (!check_uses(v, op) || !check_shape(v, op) || !check_types(v, op))
    return op->opcode == TS_OP_FUSED;
  check_level(v, op);
  if (v->fused) {
    check_in_fused(v, op);
    return true;
  }
  if (op->map) check_map(v, op);
  if (op->subscripted) check_accesses(v, op);
  if (op->opcode == TS_OP_COPY) ts_verify_written(v, op, ts_operand(op, 1));
  if (op->opcode == TS_OP_CALL) ts_verify_call(v, op);
  if (op->opcode == TS_OP_GLOBAL) {
    ts_str name = ts_attr_find(op, TS_ATTR_CALLEE)->word;
    if (!ts_global_find(v->m, name))
      ts_verify_error(v, op->loc, "there is no global @%s", ts_str_text(v->m, name));
  }
  ts_verify_gpu(v, op);
  return true;
}
