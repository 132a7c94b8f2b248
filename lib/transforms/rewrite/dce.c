/* dce: ops whose results no one uses go, and with them what only they used.
 *
 * requires:  nothing; both levels.
 * preserves: every result to the last bit; functions, globals, calls, barriers and stores that
 *            something may read. An unused load or integer division of tensors goes, and with it
 *            the error that a run might have reported for it; divi and remi stay.
 * rewrite:   a pure op or load without users              → nothing
 *            an alloc that nothing reads, with its stores → nothing
 *            a for, if or launch with nothing inside      → nothing
 *
 * Everything is looked at once, users before definitions; what an erased op used, and the op around
 * it, are looked at again. */
#include "transforms/rewrite/rewrite.h"

typedef struct dce {
  ts_pass_ctx *pass;
  TS_VEC(ts_op *) work; /* ops that lost a user */
} dce;

static bool is_unused(const ts_op *op) {
  for (unsigned i = 0; i < op->num_results; i++)
    if (ts_has_uses(ts_op_result(op, i))) return false;
  return true;
}

/* Nothing that the op reads of the buffer gets anywhere else: it writes it, or is a hint. */
static bool only_writes(const ts_use *u) {
  ts_effect e = ts_use_effect(u);
  return ts_is_class(u->owner, TS_OC_MEMORY) && !u->owner->num_results && (e.writes || !e.reads);
}

static bool is_never_read(const ts_op *alloc) {
  for (const ts_use *u = ts_op_result(alloc, 0)->uses; u; u = u->next)
    if (!only_writes(u)) return false;
  return true;
}

static bool holds_nothing(const ts_op *op) {
  for (unsigned i = 0; i < op->num_regions; i++)
    if (ts_op_regions(op)[i]->first) return false;
  return true;
}

static void erase(dce *d, ts_op *op, const char *what) {
  ts_op *parent = op->block->parent;
  for (unsigned i = 0; i < op->num_operands; i++)
    if (ts_def(ts_operand(op, i))) ts_push(d->pass->scratch, &d->work, ts_def(ts_operand(op, i)));
  if (parent) ts_push(d->pass->scratch, &d->work, parent);
  ts_op_erase(op);
  d->pass->changed = true;
  ts_count(d->pass, what, 1);
}

static void visit(dce *d, ts_op *op) {
  if (!ts_is_attached(op)) return;
  switch ((ts_opcode)op->opcode) {
  case TS_OP_FOR:
  case TS_OP_IF:
  case TS_OP_LAUNCH:
    if (holds_nothing(op)) erase(d, op, "empty loops, ifs and launches erased");
    return;
  case TS_OP_ALLOC:
    if (!is_never_read(op)) return;
    while (ts_has_uses(ts_op_result(op, 0)))
      erase(d, ts_op_result(op, 0)->uses->owner, "stores to buffers never read erased");
    erase(d, op, "buffers never read erased");
    return;
  case TS_OP_LOAD:
    if (is_unused(op)) erase(d, op, "unused loads erased");
    return;
  default:
    if (ts_has_flag(op, TS_FLAG_PURE) && is_unused(op)) erase(d, op, "unused ops erased");
    return;
  }
}

/* Last op first, so that users go before what they used; only `op` and ops after it are erased
 * here. */
static void visit_block(dce *d, ts_block *block) {
  for (ts_op *op = block->last, *prev; op; op = prev) {
    prev = op->prev;
    for (unsigned i = 0; i < op->num_regions; i++)
      visit_block(d, ts_op_regions(op)[i]);
    visit(d, op);
  }
}

ts_result ts_pass_dce(ts_pass_ctx *pass, ts_module *m, const void *options) {
  (void)options;
  dce d = {.pass = pass};
  for (ts_func *f = m->first_func; f; f = f->next) {
    visit_block(&d, f->body);
    while (d.work.n)
      visit(&d, d.work.at[--d.work.n]);
  }
  return TS_OK;
}
