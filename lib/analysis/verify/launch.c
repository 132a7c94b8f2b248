/* The verifier's rules about launches: what may stand in one and only there, how large one is, and
 * that the threads of a block meet at the same barriers.
 *
 * A value varies when it may differ between the threads of a block: it comes from a threads index,
 * from a thread's own memory, or is computed from such a value. A region is divergent when an if or
 * for around it, inside the launch, tests a varying value. */
#include <inttypes.h>

#include "target/gpu.h"
#include "analysis/verify/verify_impl.h"

/* How many indices a launch has of blocks and of threads, and how many threads a block. */
enum { MAX_INDICES = 3 };

static void check_clauses(ts_verifier *v, const ts_op *op, const ts_launch *launch) {
  unsigned count[] = {[TS_CLAUSE_BLOCKS] = 0, [TS_CLAUSE_THREADS] = 0};
  for (unsigned i = 0; i < launch->n; i++) {
    const char *word = ts_attr_word(v->m, TS_ATTR_DIMS, launch->clauses[i]);
    if (launch->clauses[i] < 0) {
      ts_verify_error(v, op->loc, "a launch has no clause `%s`; it has blocks and threads", word);
      return;
    }
    if (++count[launch->clauses[i]] == MAX_INDICES + 1)
      ts_verify_error(v, op->loc, "`%s` takes at most %u indices", word, MAX_INDICES);
  }
}

/* Extents at least 1; no more threads in a block than hardware has. */
static void check_extents(ts_verifier *v, const ts_op *op, const ts_launch *launch) {
  int64_t threads = 1;
  for (unsigned i = 0; i < launch->n; i++) {
    ts_range r = ts_range_of(v->ranges, op, launch->extents[i]);
    if (r.hi < 1) {
      ts_verify_error(v, op->loc, "%s has extent %" PRId64 "; it must be at least 1",
                      ts_verify_name(v, launch->body->args[i]), r.hi);
      return;
    }
    if (launch->clauses[i] == TS_CLAUSE_THREADS &&
        __builtin_mul_overflow(threads, ts_max(r.lo, (int64_t)1), &threads))
      threads = INT64_MAX;
  }
  if (threads > TS_GPU_MAX_BLOCK_THREADS)
    ts_verify_error(v, op->loc, "a block of %" PRId64 " threads; it has at most %d", threads,
                    TS_GPU_MAX_BLOCK_THREADS);
}

static void check_launch(ts_verifier *v, const ts_op *op) {
  ts_launch launch = ts_launch_parts(op);
  if (v->launch) ts_verify_error(v, op->loc, "a launch inside a launch");
  check_clauses(v, op, &launch);
  check_extents(v, op, &launch);
}

static void check_alloc(ts_verifier *v, const ts_op *op) {
  const ts_type *t = ts_op_result(op, 0)->type;
  const char *text = NULL;
  if (t->space == TS_SPACE_SHARED && !v->launch)
    text = "shared memory belongs to a launch's block: allocate it inside a launch";
  else if (t->space == TS_SPACE_GLOBAL && v->launch)
    text =
        "a launch cannot allocate global memory: allocate it outside, or make it shared or local";
  else if (t->space == TS_SPACE_SHARED && v->divergent)
    text =
        "shared memory is allocated by all threads of a block: not under a condition or in a loop "
        "that depends on the thread";
  if (text) {
    ts_verify_error(v, op->loc, "%s", text);
    return;
  }
  for (unsigned i = 0; v->launch && i < t->rank; i++)
    if (ts_is_symbolic(t->dims[i])) {
      ts_verify_error(v, op->loc, "extents of %s must be known inside a launch", t->text);
      return;
    }
}

/* Ops that all threads of a block run together. */
static void check_together(ts_verifier *v, const ts_op *op) {
  const char *name = ts_info(op)->name;
  if (!v->launch)
    ts_verify_error(v, op->loc, "`%s` outside a launch", name);
  else if (v->divergent && v->divergent->opcode == TS_OP_IF)
    ts_verify_error(v, op->loc,
                    "`%s` under a condition that depends on the thread: the others "
                    "would never come",
                    name);
  else if (v->divergent)
    ts_verify_error(v, op->loc,
                    "`%s` in a loop whose bounds depend on the thread: others would "
                    "come more often or less",
                    name);
}

/* ---- what varies ---- */

bool ts_verify_varies(const ts_value *value) {
  if (value->kind == TS_VALUE_RESULT) return value->def->tag & TS_VERIFY_VARIES;
  if (value->kind == TS_VALUE_LITERAL || !value->block->parent) return false;
  const ts_op *parent = value->block->parent;
  if (parent->opcode != TS_OP_LAUNCH) return parent->tag & TS_VERIFY_VARIES;
  ts_launch launch = ts_launch_parts(parent);
  return launch.clauses[value->index] != TS_CLAUSE_BLOCKS;
}

/* Memory of a thread's own, or what is written under a race. */
static bool reads_own(const ts_op *op) {
  return op->opcode == TS_OP_LOAD && ts_operand(op, 0)->type->space == TS_SPACE_LOCAL;
}

static void mark_varying(ts_op *op) {
  bool varies = reads_own(op);
  for (unsigned i = 0; i < op->num_operands && !varies; i++)
    varies = ts_verify_varies(ts_operand(op, i));
  if (varies) op->tag |= TS_VERIFY_VARIES;
}

void ts_verify_gpu(ts_verifier *v, ts_op *op) {
  if (v->launch) mark_varying(op);
  if (ts_is_class(op, TS_OC_SYNC)) check_together(v, op);
  switch ((ts_opcode)op->opcode) {
  case TS_OP_LAUNCH: check_launch(v, op); break;
  case TS_OP_ALLOC: check_alloc(v, op); break;
  case TS_OP_ASYNC_COPY:
    if (!v->launch) ts_verify_error(v, op->loc, "`async_copy` outside a launch");
    break;
  case TS_OP_CALL:
    if (v->launch) ts_verify_error(v, op->loc, "`call` inside a launch");
    break;
  default: break;
  }
}
