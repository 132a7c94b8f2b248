/* The verifier: everything that a run or a compile would otherwise discover, found in one linear
 * walk.
 *
 * The parser has refused text that makes no sense at all; this checks what text and passes can both
 * get wrong, so it trusts nothing but pointers: structure and uses, types (by inference again),
 * levels, what may stand where, subscripts that are provably out of bounds, and calls. All errors
 * of a module are reported, not only the first. An op's tag says what the walk knows of it. */
#include "analysis/verify/verify.h"

#include "analysis/verify/verify_impl.h"

/* ---- blocks ---- */

/* Clears tags and checks the links of a block, so that the walk can rely on both. */
static void prepare(ts_verifier *v, ts_block *block);

static void prepare_op(ts_verifier *v, ts_block *block, ts_op *op, const ts_op *prev) {
  op->tag = 0;
  if (op->block != block || op->prev != prev)
    ts_verify_error(v, op->loc, "`%s` is linked wrongly into its block", ts_info(op)->name);
  for (unsigned i = 0; i < op->num_regions; i++)
    prepare(v, ts_op_regions(op)[i]);
}

static void prepare(ts_verifier *v, ts_block *block) {
  const ts_op *prev = NULL;
  for (ts_op *op = block->first; op; prev = op, op = op->next)
    prepare_op(v, block, op, prev);
  if (block->last != prev) ts_verify_error(v, block->end, "a block's last op is linked wrongly");
}

/* Terminators end blocks; a return ends a function, a yield a fused region. */
static void check_terminator(ts_verifier *v, const ts_block *block, const ts_op *op) {
  if (op->opcode == TS_OP_RETURN && block->parent)
    ts_verify_error(v, op->loc,
                    "`return` inside `%s`: it ends a function, so it stands last in its body",
                    ts_info(block->parent)->name);
  else if (op->opcode == TS_OP_YIELD && (!block->parent || block->parent->opcode != TS_OP_FUSED))
    ts_verify_error(v, op->loc, "`yield` outside the region of a `fused`");
  else if (op->next)
    ts_verify_error(v, op->loc, "`%s` is not the last op of its block", ts_info(op)->name);
}

static void walk(ts_verifier *v, ts_block *block);

/* What one region defines is not there in the next, though the op around them is still open. */
static void forget(ts_block *block) {
  for (ts_op *op = block->first; op; op = op->next)
    op->tag = 0;
}

static void walk_regions(ts_verifier *v, ts_op *op) {
  const ts_op *launch = v->launch, *fused = v->fused, *divergent = v->divergent;
  if (op->opcode == TS_OP_LAUNCH) v->launch = op;
  if (op->opcode == TS_OP_FUSED) v->fused = op;
  if (!divergent && op->tag & TS_VERIFY_VARIES &&
      (op->opcode == TS_OP_IF || op->opcode == TS_OP_FOR))
    v->divergent = op;
  op->tag |= TS_VERIFY_OPEN;
  for (unsigned i = 0; i < op->num_regions; i++) {
    walk(v, ts_op_regions(op)[i]);
    if (i + 1 < op->num_regions) forget(ts_op_regions(op)[i]);
  }
  op->tag &= ~(uint32_t)TS_VERIFY_OPEN;
  v->launch = launch;
  v->fused = fused;
  v->divergent = divergent;
}

static void visit(ts_verifier *v, ts_block *block, ts_op *op) {
  bool sound = ts_verify_op(v, op);
  if (ts_is_class(op, TS_OC_END)) check_terminator(v, block, op);
  if (op->num_regions && sound) walk_regions(v, op);
  op->tag |= TS_VERIFY_SEEN;
}

static void walk(ts_verifier *v, ts_block *block) {
  if (v->depth >= TS_MAX_NESTING) {
    ts_verify_error(v, block->parent->loc, "blocks nest deeper than %d", TS_MAX_NESTING);
    return;
  }
  v->depth++;
  ts_ranges_enter(v->ranges, block);
  for (ts_op *op = block->first; op; op = op->next)
    visit(v, block, op);
  ts_ranges_leave(v->ranges);
  v->depth--;
}

/* ---- functions ---- */

/* A parameter is bound to an array of the caller: a tensor, or a plain buffer in global memory. */
static void check_param(ts_verifier *v, unsigned i) {
  const ts_func *f = v->func;
  const ts_value *p = f->body->args[i];
  if (!ts_verify_type(v, f->loc, p->type)) return;
  const char *name = ts_verify_name(v, p), *text = p->type->text;
  bool memref = p->type->kind == TS_TYPE_MEMREF;
  if (p->type->kind != TS_TYPE_TENSOR && !memref)
    ts_verify_error(v, f->loc, "parameter %s has type %s; it must be a tensor or a memref", name,
                    text);
  else if (memref && p->type->space != TS_SPACE_GLOBAL)
    ts_verify_error(v, f->loc, "parameter %s has type %s; it must lie in global memory", name,
                    text);
  else if (memref && (p->type->elem || p->type->layout != TS_LAYOUT_ROWMAJOR))
    ts_verify_error(v, f->loc, "parameter %s has type %s; it must be a row-major memref of scalars",
                    name, text);
  else if (!memref && f->roles[i] != TS_ROLE_IN)
    ts_verify_error(v, f->loc, "parameter %s is a tensor; only a memref can be out or inout", name);
}

/* Parameters are known by name from outside, so two of one name will not do. */
static void check_param_names(ts_verifier *v) {
  const ts_block *body = v->func->body;
  ts_ptrmap names;
  ts_ptrmap_init(&names, &v->scratch);
  for (unsigned i = 0; i < body->num_args; i++) {
    const void *key = (const void *)(uintptr_t)body->args[i]->name;
    if (!key) continue;
    if (ts_ptrmap_get(&names, key))
      ts_verify_error(v, v->func->loc, "two parameters are called %s",
                      ts_verify_name(v, body->args[i]));
    ts_ptrmap_put(&names, key, body->args[i]);
  }
}

static void check_results(ts_verifier *v) {
  const ts_func *f = v->func;
  const ts_op *last = f->body->last;
  for (unsigned i = 0; i < f->num_results; i++)
    if (ts_verify_type(v, f->loc, f->results[i]) && f->results[i]->kind != TS_TYPE_TENSOR)
      ts_verify_error(v, f->loc,
                      "result %u has type %s; a function gives tensors and writes memrefs", i,
                      f->results[i]->text);
  if (!last || last->opcode != TS_OP_RETURN) {
    if (f->num_results > 0)
      ts_verify_error(v, f->loc, "@%s must end with `return`%s", ts_str_text(v->m, f->name),
                      last && last->num_results && ts_op_result(last, 0)->name
                          ? ts_sprintf(&v->m->arena, ", such as `return %%%s`",
                                       ts_str_text(v->m, ts_op_result(last, 0)->name))
                          : "");
    return;
  }
  if (last->num_plain != f->num_results) {
    ts_verify_error(v, last->loc, "`return` of %u value%s from @%s, which gives %u",
                    last->num_plain, last->num_plain == 1 ? "" : "s", ts_str_text(v->m, f->name),
                    f->num_results);
    return;
  }
  for (unsigned i = 0; i < last->num_plain; i++)
    if (ts_operand(last, i)->type != f->results[i])
      ts_verify_error(v, last->loc, "`return` gives %s as result %u of @%s, which is %s",
                      ts_operand(last, i)->type->text, i, ts_str_text(v->m, f->name),
                      f->results[i]->text);
}

/* ---- parts of functions ---- */

/* Tags the op of a value that the part uses from the body around it, as a walk from the start of
 * the body would. */
static void tag_definition(ts_verifier *v, const ts_part *part, const ts_value *value) {
  struct ts_outline *o = v->func->outline;
  if (!value || value->kind != TS_VALUE_RESULT || value->def->block != v->func->body) return;
  const ts_part *def = ts_outline_part(o, value->def);
  value->def->tag = (ts_part_defines_before(o, value, part) ? TS_VERIFY_SEEN : 0) |
                    (def && def->runtime ? TS_VERIFY_RUNTIME : 0);
}

static void tag_definitions(ts_verifier *v, const ts_part *part, const ts_op *op) {
  for (unsigned i = 0; i < op->num_operands; i++)
    tag_definition(v, part, ts_operand(op, i));
  for (unsigned i = 0; i < op->num_regions; i++)
    for (const ts_op *in = ts_op_regions(op)[i]->first; in; in = in->next)
      tag_definitions(v, part, in);
}

static void verify_part(ts_verifier *v, ts_part *part) {
  ts_op *op = part->op, *prev = op->prev;
  prepare_op(v, op->block, op, prev && prev->next == op ? prev : NULL);
  tag_definitions(v, part, op);
  if (prev && ts_is_class(prev, TS_OC_END)) check_terminator(v, op->block, prev);
  visit(v, op->block, op);
}

/* The level that the signature shows; 0: it shows none. */
static unsigned signature_level(const ts_func *f) {
  unsigned level = f->num_results ? TS_LEVEL_T : 0;
  for (unsigned i = 0; i < f->body->num_args; i++) {
    uint8_t kind = f->body->args[i]->type->kind;
    if (kind == TS_TYPE_TENSOR) level |= TS_LEVEL_T;
    if (kind == TS_TYPE_MEMREF) level |= TS_LEVEL_L;
  }
  return level;
}

static void open_func(ts_verifier *v, const ts_func *f) {
  v->func = f;
  v->mixed = false;
  v->last_type = NULL;
  v->bound_known = false;
  v->ranges = ts_ranges_create(&v->scratch);
  v->level = signature_level(f);
}

static void verify_func(ts_verifier *v, ts_func *f) {
  open_func(v, f);
  if (ts_func_find(v->m, f->name) != f)
    ts_verify_error(v, f->loc, "@%s is defined already", ts_str_text(v->m, f->name));
  for (unsigned i = 0; i < f->body->num_args; i++)
    check_param(v, i);
  check_param_names(v);
  if (v->level == TS_LEVEL_TL) {
    ts_verify_error(v, f->loc,
                    "@%s has tensors and memrefs in its signature; a function has one level",
                    ts_str_text(v->m, f->name));
    v->mixed = true;
  }
  walk(v, f->body);
  check_results(v);
}

/* ---- modules ---- */

/* Module-level data: a plain buffer of known extents. */
static void verify_global(ts_verifier *v, const ts_global *g) {
  const ts_type *t = g->type;
  const char *name = ts_str_text(v->m, g->name);
  if (ts_global_find(v->m, g->name) != g || ts_func_find(v->m, g->name))
    ts_verify_error(v, g->loc, "@%s is defined already", name);
  if (t->kind != TS_TYPE_MEMREF || t->space != TS_SPACE_GLOBAL || t->elem ||
      t->layout != TS_LAYOUT_ROWMAJOR) {
    ts_verify_error(v, g->loc,
                    "global @%s has type %s; it must be a row-major memref of scalars in "
                    "global memory",
                    name, t->text);
    return;
  }
  for (unsigned i = 0; i < t->rank; i++)
    if (t->dims[i] <= 0) {
      ts_verify_error(v, g->loc, "global @%s has type %s; its extents must be known", name,
                      t->text);
      return;
    }
  int64_t n = ts_type_num_elements(t), bytes = ts_dtype_bytes(t->dtype);
  if (!ts_verify_size_fits(t))
    ts_verify_error(v, g->loc, "%s takes more bytes than 64 bits can count", t->text);
  else if (g->data->form == TS_DATA_DENSE && g->data->num_bytes != (uint64_t)n * (uint64_t)bytes)
    ts_verify_error(v, g->loc, "global @%s has %zu elements for %s", name,
                    g->data->num_bytes / (size_t)bytes, t->text);
}

static void open_verifier(ts_verifier *v, ts_module *m) {
  *v = (ts_verifier){.m = m};
  ts_arena_init(&v->scratch, &m->ctx->memory);
  ts_ptrmap_init(&v->maps, &v->scratch);
  ts_ptrmap_init(&v->bound, &v->scratch);
}

ts_result ts_verify_func(ts_func *f) {
  ts_verifier v;
  ts_context *ctx = f->module->ctx;
  unsigned before = ctx->num_errors;
  open_verifier(&v, f->module);
  prepare(&v, f->body);
  verify_func(&v, f);
  ts_verify_recursion(&v);
  ts_arena_drop(&v.scratch);
  return ctx->num_errors == before ? TS_OK : TS_ERR;
}

ts_result ts_verify_parts(ts_func *f, const ts_part_list *parts) {
  ts_verifier v;
  ts_context *ctx = f->module->ctx;
  unsigned before = ctx->num_errors;
  open_verifier(&v, f->module);
  open_func(&v, f);
  ts_ranges_enter(v.ranges, f->body);
  v.depth = 1;
  for (size_t i = 0; i < parts->parts.n; i++)
    verify_part(&v, parts->parts.at[i]);
  check_results(&v);
  ts_arena_drop(&v.scratch);
  return ctx->num_errors == before ? TS_OK : TS_ERR;
}

ts_result ts_verify(ts_module *m) {
  ts_verifier v;
  unsigned before = m->ctx->num_errors;
  open_verifier(&v, m);
  for (const ts_global *g = m->first_global; g; g = g->next)
    verify_global(&v, g);
  for (ts_func *f = m->first_func; f && !m->as_parsed; f = f->next)
    prepare(&v, f->body);
  for (ts_func *f = m->first_func; f; f = f->next)
    verify_func(&v, f);
  ts_verify_recursion(&v);
  ts_arena_drop(&v.scratch);
  m->as_parsed = false;
  return m->ctx->num_errors == before ? TS_OK : TS_ERR;
}
