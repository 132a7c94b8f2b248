/* The verifier's rules about calls: the callee exists, is given buffers it may write, each written
 * one only once (a function assumes that its buffers do not overlap), and never reaches itself. */
#include "analysis/verify/verify_impl.h"

/* Is `buffer` an argument of the call besides argument i? */
static bool passed_again(const ts_op *op, unsigned i) {
  for (unsigned k = 0; k < op->num_plain; k++)
    if (k != i && ts_operand(op, k) == ts_operand(op, i)) return true;
  return false;
}

void ts_verify_call(ts_verifier *v, const ts_op *op) {
  ts_str name = ts_attr_find(op, TS_ATTR_CALLEE)->word;
  const ts_func *to = ts_func_find(v->m, name);
  if (!to) {
    ts_verify_error(v, op->loc, "there is no function @%s", ts_str_text(v->m, name));
    return;
  }
  ts_push(&v->scratch, &v->calls, (ts_call_edge){op, v->func, to});
  for (unsigned i = 0; i < op->num_plain; i++) {
    if (to->roles[i] == TS_ROLE_IN) continue;
    ts_verify_written(v, op, ts_operand(op, i));
    if (passed_again(op, i))
      ts_verify_error(v, op->loc, "@%s is given %s twice and writes to it", ts_str_text(v->m, name),
                      ts_verify_name(v, ts_operand(op, i)));
  }
}

/* ---- recursion ---- */

/* Functions as nodes of the call graph, calls of one function being next to one another in
 * v->calls. */
typedef struct node {
  const ts_func *func;
  size_t next, end; /* calls not yet followed */
  enum { NEW, ACTIVE, DONE } state;
} node;

static node *node_of(ts_ptrmap *nodes, ts_arena *arena, const ts_func *f) {
  node *n = ts_ptrmap_get(nodes, f);
  if (n) return n;
  n = ts_new(arena, node);
  n->func = f;
  ts_ptrmap_put(nodes, f, n);
  return n;
}

/* "@a calls @b calls @a", from the cycle's part of the path. */
static void report_cycle(ts_verifier *v, node *const *path, size_t n, const node *to,
                         const ts_op *call) {
  size_t at = n - 1;
  while (path[at] != to)
    at--;
  const char *text = "";
  for (; at < n; at++)
    text = ts_sprintf(&v->scratch, "%s@%s calls ", text, ts_str_text(v->m, path[at]->func->name));
  ts_verify_error(v, call->loc, "recursion: %s@%s", text, ts_str_text(v->m, to->func->name));
}

/* Depth-first from one function, with the path on a stack of its own. */
static void search(ts_verifier *v, ts_ptrmap *nodes, node **path, node *root) {
  size_t n = 0;
  path[n++] = root;
  root->state = ACTIVE;
  while (n > 0) {
    node *top = path[n - 1];
    if (top->next == top->end) {
      top->state = DONE;
      n--;
      continue;
    }
    const ts_call_edge *e = &v->calls.at[top->next++];
    node *to = node_of(nodes, &v->scratch, e->to);
    if (to->state == ACTIVE) report_cycle(v, path, n, to, e->op);
    if (to->state != NEW) continue;
    to->state = ACTIVE;
    path[n++] = to;
  }
}

void ts_verify_recursion(ts_verifier *v) {
  ts_ptrmap nodes;
  if (v->calls.n == 0) return;
  ts_ptrmap_init(&nodes, &v->scratch);
  for (size_t i = 0; i < v->calls.n; i++) {
    node *n = node_of(&nodes, &v->scratch, v->calls.at[i].from);
    if (n->end == 0) n->next = i;
    n->end = i + 1;
  }
  node **path = ts_new_array(&v->scratch, node *, v->calls.n + 2);
  for (size_t i = 0; i < v->calls.n; i++) {
    node *n = node_of(&nodes, &v->scratch, v->calls.at[i].from);
    if (n->state == NEW) search(v, &nodes, path, n);
  }
}
