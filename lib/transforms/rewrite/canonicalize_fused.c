/* canonicalize, the operands of a fused op:
 *
 *   fused %a, %b, %a { (%x, %y, %z): f(%x, %z) }  →  fused %a { (%x): f(%x, %x) }
 *
 * An unused operand stays when the result would be smaller without it, and the two factors of a
 * fused matmul always stay. */
#include "transforms/rewrite/canonicalize_impl.h"

/* The plan for one fused op. Operand i feeds region argument i - skip, where skip is 1 for a matmul
 * root (two operands, one argument). */
typedef struct plan {
  ts_op *op;
  ts_block *body;
  unsigned skip, num_kept;
  ts_value **kept; /* the operands that stay */
  /* for each argument: itself where it stays, an earlier one that replaces it, or NONE */
  unsigned *same;
} plan;

enum { NONE = TS_MAX_OPERANDS };

static plan begin(ts_rewriter *r, ts_op *op) {
  unsigned n = op->num_plain;
  return (plan){.op = op,
                .body = ts_op_regions(op)[0],
                .skip = ts_attr_find(op, TS_ATTR_ROOT) ? 1 : 0,
                .kept = ts_new_array(r->pass->scratch, ts_value *, n),
                .same = ts_new_array(r->pass->scratch, unsigned, n)};
}

/* Fills in the plan; arguments that no op reads go as well when `drop_unused`. */
static void choose(ts_rewriter *r, plan *p, bool drop_unused) {
  ts_ptrmap first; /* operand → 1 + the argument that has it */
  ts_ptrmap_init(&first, r->pass->scratch);
  p->num_kept = 0;
  if (p->skip) p->kept[p->num_kept++] = ts_operand(p->op, 0);
  for (unsigned arg = 0; arg < p->body->num_args; arg++) {
    ts_value *v = ts_operand(p->op, arg + p->skip);
    bool product = p->skip && arg == 0;
    uintptr_t seen = product ? 0 : (uintptr_t)ts_ptrmap_get(&first, v);
    p->same[arg] = seen ? (unsigned)seen - 1 : arg;
    if (!seen && !product && drop_unused && !ts_has_uses(p->body->args[arg])) p->same[arg] = NONE;
    if (p->same[arg] != arg) continue;
    if (!product) ts_ptrmap_put(&first, v, (void *)(uintptr_t)(arg + 1));
    p->kept[p->num_kept++] = v;
  }
}

/* Moves the region to a new op with the operands that stay. */
static ts_value *rebuild(ts_rewriter *r, const plan *p) {
  ts_value *v = ts_build(&r->b, TS_OP_FUSED, ts_op_result(p->op, 0)->type, p->num_kept, p->kept);
  ts_block *body = ts_op_regions(ts_def(v))[0];
  ts_value **args = ts_new_array(r->pass->scratch, ts_value *, p->body->num_args);
  ts_attr_copy(r->m, ts_def(v), p->op, TS_ATTR_ROOT);
  ts_attr_copy(r->m, ts_def(v), p->op, TS_ATTR_ACC);
  for (unsigned arg = 0; arg < p->body->num_args; arg++) {
    ts_value *old = p->body->args[arg];
    if (p->same[arg] == NONE) continue;
    if (p->same[arg] == arg) args[arg] = ts_block_add_arg(r->m, body, old->type, old->name);
    ts_replace_all_uses(old, args[p->same[arg]]);
  }
  ts_builder b = ts_builder_at_end(r->m, body, p->op->loc);
  for (ts_op *op = p->body->first, *next; op; op = next) {
    next = op->next;
    ts_op_unlink(op);
    ts_op_insert(&b, op);
  }
  return v;
}

ts_value *ts_simplify_fused(ts_rewriter *r, ts_op *op) {
  plan p = begin(r, op);
  choose(r, &p, true);
  bool matmul = p.skip != 0;
  if (matmul || p.num_kept == 0 || !ts_shapes_give(p.num_kept, p.kept, ts_op_result(op, 0)->type))
    choose(r, &p, false);
  return p.num_kept < op->num_plain ? rebuild(r, &p) : NULL;
}
