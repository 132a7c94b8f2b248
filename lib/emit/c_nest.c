/* The C emitter: functions for the nests of a function.
 *
 * The time that compilers take grows faster than what they compile, and so do the values that they move
 * out of registers and back: a long function is printed as one that calls a function for each of its
 * nests, in their order. Such a function takes the buffers, values and extents of the function
 * around that it uses, under the names that they have there. */
#include <inttypes.h>

#include "emit/c_emit.h"

/* Ops of a function that is cut: what is shorter compiles quickly, and reads better in one piece. */
enum { MIN_OPS = 256 };

struct c_nest {
  const char *name;
  c_out params, args, body;
  ts_ptrmap inside; /* value → its c_buffer, or c_text, in here */
  ts_ptrmap globals;
  bool *extents; /* of the function, which of them are used */
  bool fails;
};

/* ---- which functions ---- */

static void count_op(void *arg, ts_op *op) {
  (void)op;
  ++*(unsigned *)arg;
}

static unsigned count_nests(const ts_func *f) {
  unsigned n = 0, ops = 0;
  for (const ts_op *op = f->body->first; op; op = op->next)
    n += op->num_regions > 0;
  ts_walk(f->body, count_op, &ops);
  return n > 1 && ops >= MIN_OPS ? n : 0;
}

void c_name_nests(c_emit *e, c_func *f) {
  f->num_nests = count_nests(f->func);
  f->nests = ts_new_array(e->arena, c_nest, f->num_nests + 1);
  for (unsigned i = 0; i < f->num_nests; i++)
    f->nests[i].name = c_unique(e, ts_sprintf(e->arena, "%s_nest%u", f->name, i + 1));
}

/* ---- what a nest uses of the function around ---- */

static bool is_outside(const c_emit *e, const ts_value *v) {
  const ts_block *block = v->kind == TS_VALUE_RESULT ? v->def->block : v->block;
  return e->nest && !ts_is_literal(v) && block == e->current->func->body;
}

static bool is_read_only(const c_emit *e, const ts_value *v) {
  return v->kind == TS_VALUE_ARG ? e->current->func->roles[v->index] == TS_ROLE_IN
                                 : v->def->opcode == TS_OP_GLOBAL;
}

c_buffer *c_nest_buffer(c_emit *e, const ts_value *v, c_buffer *outer) {
  c_nest *n = e->nest;
  if (!outer || !is_outside(e, v)) return outer;
  c_buffer *b = ts_ptrmap_get(&n->inside, v);
  if (b) return b;
  b = ts_new(e->arena, c_buffer);
  *b = *outer;
  if (v->kind == TS_VALUE_RESULT && v->def->opcode == TS_OP_GLOBAL) b->name = c_name(e, v);
  c_list_add(e, &n->params, ", ", "%s", c_buffer_param(e, b, is_read_only(e, v)));
  c_list_add(e, &n->args, ", ", "%s%s", b->place == C_VARIABLE ? "&" : "", outer->name);
  if (b->place == C_VARIABLE) b->name = ts_sprintf(e->arena, "(*%s)", outer->name);
  ts_ptrmap_put(&n->inside, v, b);
  return b;
}

/* Numbers stay what they are. */
c_text c_nest_value(c_emit *e, const ts_value *v, c_text outer) {
  c_nest *n = e->nest;
  bool name = (outer.s[0] >= 'a' && outer.s[0] <= 'z') || (outer.s[0] >= 'A' && outer.s[0] <= 'Z');
  if (!name || !is_outside(e, v) || ts_ptrmap_get(&n->inside, v)) return outer;
  ts_ptrmap_put(&n->inside, v, n);
  c_list_add(e, &n->params, ", ", "%s %s", c_type(e, c_rep_of(e, v)), outer.s);
  c_list_add(e, &n->args, ", ", "%s", outer.s);
  return outer;
}

void c_nest_extent(c_emit *e, unsigned extent) {
  if (e->nest) e->nest->extents[extent] = true;
}

void c_nest_global(c_emit *e, const ts_global *g, const char *name) {
  c_nest *n = e->nest;
  if (!n || ts_ptrmap_get(&n->globals, g)) return;
  ts_ptrmap_put(&n->globals, g, n);
  c_list_add(e, &n->params, ", ", "const %s *restrict %s", c_memory_type((ts_dtype)g->type->dtype), name);
  c_list_add(e, &n->args, ", ", "%s", name);
}

/* ---- printing ---- */

static void add_rest(c_emit *e, c_nest *n) {
  const c_func *f = e->current;
  for (unsigned i = 0; i < f->num_extents; i++) {
    if (!n->extents[i]) continue;
    c_list_add(e, &n->params, ", ", "int64_t %s", f->extent_names[i]);
    c_list_add(e, &n->args, ", ", "%s", f->extent_names[i]);
  }
  if (!n->fails) return;
  c_list_add(e, &n->params, ", ", "struct ts_failure *failure");
  c_list_add(e, &n->args, ", ", "failure");
}

/* The nest's own stack goes when it ends. */
void c_print_nest(c_emit *e, const ts_op *op) {
  c_func *f = e->current;
  c_nest *n = &f->nests[f->printed_nests++];
  c_out *outer = e->out;
  bool fails = f->fails;
  int64_t stack = f->stack;
  size_t mark = c_scope_open(e);
  ts_ptrmap_init(&n->inside, e->arena);
  ts_ptrmap_init(&n->globals, e->arena);
  n->extents = ts_new_array(e->arena, bool, f->num_extents + 1);
  e->nest = n;
  e->out = &n->body;
  c_line_directive(e, op);
  f->fails = false;
  c_print_op(e, op);
  n->fails = f->fails;
  if (n->fails) c_stmt(e, "return 0;");
  add_rest(e, n);
  e->nest = NULL;
  e->out = outer;
  f->fails |= fails;
  f->nest_stack = ts_max(f->nest_stack, f->stack);
  f->stack = stack;
  c_scope_close(e, mark);
  const char *call = c_wrap(e, ts_sprintf(e->arena, "%s(", n->name), c_list_text(&n->args));
  if (n->fails)
    c_leave_if(e, call);
  else
    c_stmt(e, "%s;", call);
}

static const char *prototype(c_emit *e, const c_nest *n) {
  const char *head = ts_sprintf(e->arena, "TS_NEST %s %s(", n->fails ? "int32_t" : "void", n->name);
  return c_wrap(e, head, n->params.n ? n->params.at : "void");
}

const char *c_nest_prototype(c_emit *e, const c_func *f, unsigned nest) {
  return prototype(e, &f->nests[nest]);
}

c_out c_nest_text(c_emit *e, const c_func *f, unsigned nest) {
  const c_nest *n = &f->nests[nest];
  c_out text = {0}, *outer = e->out;
  e->out = &text;
  c_printf(e, "\n%s {\n", prototype(e, n));
  c_out_add(e->arena, &text, n->body.at ? n->body.at : "", n->body.n);
  c_put(e, "}\n");
  e->out = outer;
  return text;
}
