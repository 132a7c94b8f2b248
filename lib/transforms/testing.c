/* Passes that misbehave on purpose, for the tests of the pass manager: one fails, one crashes, one
 * leaves a module that does not verify, one changes the answer. -help-hidden lists them.
 *
 * requires: nothing. preserves: nothing that the name says it breaks. */
#include <signal.h>

#include "transforms/passes.h"

ts_result ts_pass_test_fail(ts_pass_ctx *pc, ts_module *m, const void *options) {
  (void)options;
  ts_loc loc = m->first_func ? m->first_func->loc : (ts_loc){0, 0};
  return ts_error(pc->ctx, loc, "'%s' fails on purpose", pc->name);
}

ts_result ts_pass_test_crash(ts_pass_ctx *pc, ts_module *m, const void *options) {
  const ts_test_crash_options *o = options;
  (void)pc, (void)m;
  raise(o->fault ? SIGSEGV : SIGABRT);
  return TS_ERR;
}

/* Finds the n-th op that `accept` accepts, in the order of the text. */
typedef struct finder {
  bool (*accept)(const ts_op *);
  int64_t countdown;
  ts_op *op;
} finder;

static void visit(void *arg, ts_op *op) {
  finder *f = arg;
  if (!f->op && f->accept(op) && --f->countdown == 0) f->op = op;
}

static ts_op *find(ts_module *m, bool (*accept)(const ts_op *), int64_t n) {
  finder f = {accept, n, NULL};
  for (ts_func *fn = m->first_func; fn && !f.op; fn = fn->next)
    ts_walk(fn->body, visit, &f);
  return f.op;
}

static bool follows_its_operand(const ts_op *op) {
  if (!op->num_plain) return false;
  const ts_value *v = ts_operand(op, 0);
  return v->kind == TS_VALUE_RESULT && v->def->block == op->block;
}

/* %0 = a; %1 = b %0  →  %1 = b %0; %0 = a */
ts_result ts_pass_test_invalid(ts_pass_ctx *pc, ts_module *m, const void *options) {
  const ts_test_invalid_options *o = options;
  ts_op *op = find(m, follows_its_operand, 1);
  if (op) ts_op_move_before(op, ts_operand(op, 0)->def);
  pc->changed = op != NULL;
  return o->fail ? ts_pass_test_fail(pc, m, NULL) : TS_OK;
}

static bool adds(const ts_op *op) {
  return op->opcode == TS_OP_ADD || op->opcode == TS_OP_ADDF || op->opcode == TS_OP_ADDI;
}

/* add %a, %b  →  sub %a, %b */
ts_result ts_pass_test_miscompile(ts_pass_ctx *pc, ts_module *m, const void *options) {
  const ts_test_miscompile_options *o = options;
  ts_op *op = find(m, adds, o->only);
  if (!op) return TS_OK;
  op->opcode = op->opcode == TS_OP_ADD    ? TS_OP_SUB
               : op->opcode == TS_OP_ADDF ? TS_OP_SUBF
                                          : TS_OP_SUBI;
  pc->changed = true;
  return TS_OK;
}

ts_result ts_pass_test_options(ts_pass_ctx *pc, ts_module *m, const void *options) {
  const ts_test_options_options *o = options;
  ts_count(pc, "runs", 1);
  ts_count(pc, "sum of count", (uint64_t)o->count);
  for (const ts_func *f = m->first_func; f; f = f->next)
    ts_remark(pc->ctx, f->loc, pc->name, "analysis", "@%s has %u parameter%s",
              ts_str_text(m, f->name), f->body->num_args, f->body->num_args == 1 ? "" : "s");
  return TS_OK;
}

ts_result ts_pass_test_recipe(ts_pass_ctx *pc, ts_module *m, const void *options) {
  const ts_test_recipe_options *o = options;
  return ts_pipeline_parse(m->ctx, pc->expansion, o->steps);
}
