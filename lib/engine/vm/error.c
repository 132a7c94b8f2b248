/* What a failing instruction means, in words: the op it was compiled from, the element it touched,
 * and the values of the variables in the subscripts. */
#include <inttypes.h>

#include "engine/vm/vm.h"

typedef struct failure {
  ts_context *ctx;
  const ts_vm_code *code;
  const ts_vm_site *site;
  const ts_slot *frame;
  ts_module *module;
} failure;

static const char *value_name(const failure *f, const ts_value *v) {
  return v->name ? ts_str_text(f->module, v->name) : NULL;
}

static int64_t symbol(void *code, ts_str name) {
  return ts_binding_value(&((const ts_vm_code *)code)->bindings, name);
}

static int64_t dim_value(const failure *f, unsigned i) { return f->frame[f->site->dims[i]].i; }

/* The access as written, its subscripts as numbers: %A[3, 768]. */
static const char *element_text(const failure *f, const ts_access *a) {
  ts_arena *arena = &f->ctx->arena;
  unsigned n = ts_num_dims(f->site->op);
  int64_t *dims = ts_new_array(arena, int64_t, n + 1);
  for (unsigned i = 0; i < n; i++)
    dims[i] = dim_value(f, i);
  const char *name = value_name(f, a->memref);
  const char *text = ts_sprintf(arena, "%%%s[", name ? name : "?");
  for (unsigned i = 0; i < a->n; i++) {
    int64_t v;
    bool known = ts_aff_eval(a->subscripts[i], dims, symbol, (void *)f->code, &v);
    text = known ? ts_sprintf(arena, "%s%s%" PRId64, text, i ? ", " : "", v)
                 : ts_sprintf(arena, "%s%sa number past 64 bits", text, i ? ", " : "");
  }
  return ts_sprintf(arena, "%s]", text);
}

/* A note with the values of the variables that stand in the subscripts. */
static void note_variables(const failure *f) {
  const char *text = NULL;
  ts_arena *arena = &f->ctx->arena;
  for (unsigned i = 0; i < ts_num_dims(f->site->op) && i < 8; i++) {
    const char *name = value_name(f, ts_dim(f->site->op, i));
    if (name)
      text = ts_sprintf(arena, "%s%s%%%s = %" PRId64, text ? text : "", text ? ", " : "", name,
                        dim_value(f, i));
  }
  if (text) ts_note(f->ctx, f->site->op->loc, "here %s", text);
}

static int64_t extent_of(const failure *f, const ts_type *t, unsigned dim) {
  ts_extent e = t->dims[dim];
  return ts_is_symbolic(e) ? ts_binding_value(&f->code->bindings, ts_extent_name(e)) : e;
}

static void out_of_bounds(const failure *f, unsigned dim) {
  ts_access a;
  if (!ts_access_parts(f->site->op, f->site->access, &a)) return;
  const char *what = a.writes ? "write" : "read";
  bool one = ts_is_kind(a.type, TS_TYPE_SCALAR) || a.memref->type->elem;
  const char *kind = one ? "" : " (and the lanes from there on)";
  (void)ts_error(f->ctx, f->site->op->loc,
                 "%s out of bounds: %s%s, where dimension %u has extent %" PRId64, what,
                 element_text(f, &a), kind, dim, extent_of(f, a.memref->type, dim));
  note_variables(f);
}

static void uninitialised(const failure *f, int64_t past) {
  const ts_op *op = f->site->op;
  ts_access a;
  if (op->opcode == TS_OP_COPY || !ts_access_parts(op, f->site->access, &a)) {
    const char *name = value_name(f, ts_operand(op, 0));
    (void)ts_error(f->ctx, op->loc, "copy of %%%s, whose element %" PRId64 " was never written",
                   name ? name : "?", past);
    return;
  }
  if (past == 0)
    (void)ts_error(f->ctx, op->loc, "read of %s, which was never written", element_text(f, &a));
  else
    (void)ts_error(f->ctx, op->loc,
                   "read of %s and on, of which element %" PRId64 " was never written",
                   element_text(f, &a), past);
  note_variables(f);
  if (a.memref->kind == TS_VALUE_RESULT)
    ts_note(f->ctx, a.memref->def->loc, "allocated here, with undefined contents");
}

static void out_of_fuel(const failure *f, uint64_t given) {
  const ts_op *op = f->site->op;
  if (op && op->opcode == TS_OP_FOR) {
    const char *name = value_name(f, ts_for_parts(op).iv);
    (void)ts_error(f->ctx, op->loc, "fuel of %" PRIu64 " ran out in loop %%%s", given,
                   name ? name : "?");
  } else if (op) {
    (void)ts_error(f->ctx, op->loc, "fuel of %" PRIu64 " ran out in this launch", given);
  } else {
    (void)ts_error(f->ctx, f->code->func->loc, "fuel of %" PRIu64 " ran out in @%s", given,
                   ts_str_text(f->module, f->code->func->name));
  }
}

/* Two iterations of a parallel loop have met at an element. */
static void race(const failure *f, const ts_vm_race *r) {
  static const char *const verbs[] = {
      [TS_VM_RACE_READ] = "read", [TS_VM_RACE_WRITE] = "written", [TS_VM_RACE_ADD] = "added to"};
  ts_access a;
  const char *iv = value_name(f, ts_for_parts(r->loop).iv);
  if (f->site->op->opcode == TS_OP_CALL) {
    const char *name = value_name(f, ts_operand(f->site->op, f->site->access));
    (void)ts_error(f->ctx, f->site->op->loc,
                   "this call writes %%%s at %%%s = %" PRId64
                   " of a parallel loop, as at %%%s = %" PRId64,
                   name ? name : "?", iv ? iv : "?", r->iteration, iv ? iv : "?", r->other);
    ts_note(f->ctx, r->loop->loc,
            "iterations of this loop may run at once: take its mark 'parallel' away");
    return;
  }
  if (!ts_access_parts(f->site->op, f->site->access, &a)) return;
  const char *kind =
      ts_is_kind(a.type, TS_TYPE_SCALAR) || a.memref->type->elem ? "" : " or a lane behind it";
  (void)ts_error(f->ctx, f->site->op->loc,
                 "%s%s is %s at %%%s = %" PRId64 " of a parallel loop, and %s at %%%s = %" PRId64,
                 element_text(f, &a), kind, verbs[r->kind], iv ? iv : "?", r->iteration,
                 verbs[r->other_kind], iv ? iv : "?", r->other);
  ts_note(f->ctx, r->loop->loc,
          "iterations of this loop may run at once: take its mark 'parallel' away, or "
          "let each have elements of its own");
}

ts_vm_status ts_vm_fail(ts_vm *vm, const ts_vm_code *code, const ts_insn *at, const ts_slot *frame,
                        ts_vm_failure kind, int64_t what) {
  ts_vm_program *p = vm->prog;
  failure f = {p->ctx, code, &code->sites.at[code->sites_of[at - code->insns]], frame, p->module};
  ts_loc loc = f.site->op ? f.site->op->loc : code->func->loc;
  switch (kind) {
  case TS_VM_OUT_OF_BOUNDS: out_of_bounds(&f, (unsigned)what); break;
  case TS_VM_UNINIT: uninitialised(&f, what); break;
  case TS_VM_DIV_ZERO: (void)ts_error(p->ctx, loc, "division by zero"); break;
  case TS_VM_RACE: race(&f, p->races.at[what]); break;
  case TS_VM_NO_FUEL: out_of_fuel(&f, vm->fuel_given); return TS_VM_FAILED_LIMIT;
  case TS_VM_STOPPED: (void)ts_stopped(p->ctx, loc); return TS_VM_FAILED_LIMIT;
  case TS_VM_BARRIER_MISSED:
    (void)ts_error(p->ctx, loc,
                   "not all threads of the block reach this barrier: thread %" PRId64
                   " ended before it",
                   what);
    break;
  case TS_VM_BARRIER_MIXED:
    (void)ts_error(p->ctx, loc, "threads of one block wait at different barriers");
    ts_note(p->ctx, code->sites.at[code->sites_of[what]].op->loc, "others wait at this one");
    break;
  case TS_VM_NO_MEMORY:
    (void)ts_error(p->ctx, loc, "no memory for the frames of the %" PRId64 " threads of a block",
                   what);
    return TS_VM_FAILED_LIMIT;
  }
  return TS_VM_FAILED_CHECK;
}
