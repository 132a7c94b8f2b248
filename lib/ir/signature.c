/* What a function is from outside: its level, and the entries that a caller binds arrays to. */
#include "ir/ir.h"

static bool is_tensor(const ts_value *v) { return v->type && v->type->kind == TS_TYPE_TENSOR; }

static unsigned level_of_type(const ts_type *t) {
  if (!t || t->kind == TS_TYPE_ERROR) return 0;
  return t->kind == TS_TYPE_TENSOR ? TS_LEVEL_T : TS_LEVEL_L;
}

unsigned ts_op_level(const ts_op *op) {
  unsigned level = ts_info(op)->levels;
  if (level != TS_LEVEL_TL) return level;
  if (op->num_plain > 0) return level_of_type(ts_operand(op, 0)->type);
  return op->num_results > 0 ? level_of_type(ts_op_result(op, 0)->type) : 0;
}

/* The scalar ops in a fused region belong to the tensor op around them. */
static unsigned level_of_block(const ts_block *block) {
  unsigned level = 0;
  for (const ts_op *op = block->first; op && level != TS_LEVEL_TL; op = op->next) {
    level |= ts_op_level(op);
    if (op->opcode == TS_OP_FUSED) continue;
    for (unsigned i = 0; i < op->num_regions; i++)
      level |= level_of_block(ts_op_regions(op)[i]);
  }
  return level;
}

unsigned ts_func_level(const ts_func *func) {
  unsigned level = func->num_results > 0 ? TS_LEVEL_T : 0;
  for (unsigned i = 0; i < func->body->num_args; i++)
    level |= is_tensor(func->body->args[i]) ? TS_LEVEL_T : TS_LEVEL_L;
  level |= level_of_block(func->body);
  return level ? level : TS_LEVEL_L;
}

static bool is_taken(const ts_sig_entry *entries, unsigned n, ts_str name) {
  for (unsigned i = 0; i < n; i++)
    if (entries[i].name == name) return true;
  return false;
}

/* `base`, or base_1, base_2 …: the first that is not among the entries. */
static ts_str fresh_name(ts_module *m, const ts_sig_entry *entries, unsigned n, const char *base) {
  ts_str name = ts_intern(&m->strings, base);
  for (unsigned k = 1; is_taken(entries, n, name); k++)
    name = ts_intern(&m->strings, ts_sprintf(&m->arena, "%s_%u", base, k));
  return name;
}

ts_signature ts_func_signature(const ts_func *func) {
  ts_module *m = func->module;
  unsigned params = func->body->num_args, n = params + func->num_results;
  ts_sig_entry *entries = ts_new_array(&m->arena, ts_sig_entry, n);
  for (unsigned i = 0; i < params; i++) {
    const ts_value *v = func->body->args[i];
    ts_str name = v->name ? v->name : ts_intern(&m->strings, ts_sprintf(&m->arena, "arg%u", i));
    entries[i] = (ts_sig_entry){name, v->type, (ts_role)func->roles[i]};
  }
  for (unsigned i = 0; i < func->num_results; i++) {
    const char *base = func->num_results == 1 ? "Y" : ts_sprintf(&m->arena, "Y%u", i);
    ts_str name = fresh_name(m, entries, params + i, base);
    entries[params + i] = (ts_sig_entry){name, func->results[i], TS_ROLE_OUT};
  }
  return (ts_signature){n, entries};
}
