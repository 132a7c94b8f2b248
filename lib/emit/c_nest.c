/* The C emitter: functions for the nests of a function.
 *
 * The time that compilers take grows faster than what they compile, and so do the values that they move
 * out of registers and back: a long function is printed as one that calls a function for each of its
 * nests, in their order. Such a function takes the buffers, values and extents of the function
 * around that it uses, under the names that they have there.
 *
 * Nests whose functions would be the same text up to the names of parameters and of what they declare share one:
 * a model repeats its layers. What the text depends on, from the places of buffers to what is proved of
 * subscripts, needs no comparison then. The positions of ops that may fail are handed over, too. */
#include <inttypes.h>

#include "emit/c_emit.h"

/* Ops of a function that is cut: what is shorter compiles quickly, and reads better in one piece. */
enum { MIN_OPS = 256 };

struct ts_c_nest {
  const char *name;
  ts_c_out params, args, body;
  ts_ptrmap inside; /* value → its ts_c_buffer, or ts_c_text, in here */
  ts_ptrmap globals;
  ts_ptrmap written;  /* buffers that it may write to */
  ts_ptrmap names;    /* of its parameters and of what it declares */
  bool *extents;      /* of the function, which of them are used */
  ts_c_out positions; /* in the source, of the ops that may fail: begin, end, … */
  unsigned num_positions;
  bool fails;
  const char *key; /* its text with numbers for those names */
  ts_c_nest *next; /* of the same hash */
  unsigned num_calls;
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

void ts_c_name_nests(ts_c_emit *e, ts_c_func *f) {
  f->num_nests = count_nests(f->func);
  f->nests = ts_new_array(e->arena, ts_c_nest, f->num_nests + 1);
  for (unsigned i = 0; i < f->num_nests; i++)
    f->nests[i].name = ts_c_unique(e, ts_sprintf(e->arena, "%s_nest%u", f->name, i + 1));
}

/* ---- what a nest uses of the function around ---- */

static bool is_outside(const ts_c_emit *e, const ts_value *v) {
  const ts_block *block = v->kind == TS_VALUE_RESULT ? v->def->block : v->block;
  return e->nest && !ts_is_literal(v) && block == e->current->func->body;
}

static bool is_read_only(const ts_c_emit *e, const ts_value *v) {
  return v->kind == TS_VALUE_ARG ? e->current->func->roles[v->index] == TS_ROLE_IN
                                 : v->def->opcode == TS_OP_GLOBAL;
}

static void find_written(void *arg, ts_op *op) {
  ts_ptrmap *written = arg;
  ts_access a;
  for (unsigned i = 0; ts_access_parts(op, i, &a); i++)
    if (a.writes) ts_ptrmap_put(written, a.memref, op);
  if (op->opcode == TS_OP_COPY) ts_ptrmap_put(written, ts_operand(op, 1), op);
  for (unsigned i = 0; op->opcode == TS_OP_CALL && i < op->num_plain; i++)
    ts_ptrmap_put(written, ts_operand(op, i), op);
}

static const void *key_of(ts_c_emit *e, const char *name, size_t n) {
  return (const void *)(uintptr_t)ts_intern_n(&e->m->strings, name, n, false);
}

void ts_c_nest_name(ts_c_emit *e, const char *name) {
  if (e->nest) ts_ptrmap_put(&e->nest->names, key_of(e, name, strlen(name)), e->nest);
}

ts_c_buffer *ts_c_nest_buffer(ts_c_emit *e, const ts_value *v, ts_c_buffer *outer) {
  ts_c_nest *n = e->nest;
  if (!outer || !is_outside(e, v)) return outer;
  ts_c_buffer *b = ts_ptrmap_get(&n->inside, v);
  if (b) return b;
  b = ts_new(e->arena, ts_c_buffer);
  *b = *outer;
  if (v->kind == TS_VALUE_RESULT && v->def->opcode == TS_OP_GLOBAL) b->name = ts_c_name(e, v);
  ts_c_nest_name(e, b->name);
  bool reads = is_read_only(e, v) || !ts_ptrmap_get(&n->written, v);
  ts_c_list_add(e, &n->params, ", ", "%s", ts_c_buffer_param(e, b, reads));
  ts_c_list_add(e, &n->args, ", ", "%s%s", b->place == TS_C_VARIABLE ? "&" : "", outer->name);
  if (b->place == TS_C_VARIABLE) b->name = ts_sprintf(e->arena, "(*%s)", outer->name);
  ts_ptrmap_put(&n->inside, v, b);
  return b;
}

/* Numbers stay what they are. */
ts_c_text ts_c_nest_value(ts_c_emit *e, const ts_value *v, ts_c_text outer) {
  ts_c_nest *n = e->nest;
  bool name = (outer.s[0] >= 'a' && outer.s[0] <= 'z') || (outer.s[0] >= 'A' && outer.s[0] <= 'Z');
  if (!name || !is_outside(e, v) || ts_ptrmap_get(&n->inside, v)) return outer;
  ts_ptrmap_put(&n->inside, v, n);
  ts_c_nest_name(e, outer.s);
  ts_c_list_add(e, &n->params, ", ", "%s %s", ts_c_type(e, ts_c_rep_of(e, v)), outer.s);
  ts_c_list_add(e, &n->args, ", ", "%s", outer.s);
  return outer;
}

void ts_c_nest_extent(ts_c_emit *e, unsigned extent) {
  if (!e->nest) return;
  e->nest->extents[extent] = true;
  ts_c_nest_name(e, e->current->extent_names[extent]);
}

void ts_c_nest_global(ts_c_emit *e, const ts_global *g, const char *name) {
  ts_c_nest *n = e->nest;
  if (!n || ts_ptrmap_get(&n->globals, g)) return;
  ts_ptrmap_put(&n->globals, g, n);
  ts_c_nest_name(e, name);
  ts_c_list_add(e, &n->params, ", ", "const %s *restrict %s",
                ts_c_memory_type((ts_dtype)g->type->dtype), name);
  ts_c_list_add(e, &n->args, ", ", "%s", name);
}

const char *ts_c_nest_position(ts_c_emit *e, const ts_op *op) {
  ts_c_nest *n = e->nest;
  const char *numbers = ts_sprintf(e->arena, "%" PRIu32 ", %" PRIu32, op->loc.begin, op->loc.end);
  if (!n) return numbers;
  ts_c_list_add(e, &n->positions, ", ", "%s", numbers);
  unsigned at = 2 * n->num_positions++;
  return ts_sprintf(e->arena, "where[%u], where[%u]", at, at + 1);
}

/* ---- nests that share a function ---- */

static bool is_of_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The text with a number in the place of each name of the nest's own, in the order in which they come first: equal
 * for two texts that a one-to-one renaming turns into each other. What follows a point is a member; #line, which says
 * where a text comes from, is left out. */
static const char *without_names(ts_c_emit *e, const ts_c_nest *n, const char *text) {
  ts_ptrmap numbers;
  ts_c_out out = {0};
  ts_ptrmap_init(&numbers, e->arena);
  for (const char *p = text, *end; *p; p = end) {
    if (strncmp(p, "#line ", 6) == 0) {
      end = strchr(p, '\n') + 1;
      continue;
    }
    for (end = p; is_of_word(*end); end++) {
    }
    if (end == p) end++;
    const void *name =
        is_of_word(*p) && (p == text || p[-1] != '.') ? key_of(e, p, (size_t)(end - p)) : NULL;
    if (!name || !ts_ptrmap_get(&n->names, name)) {
      ts_c_out_add(e->arena, &out, p, (size_t)(end - p));
      continue;
    }
    const char *number = ts_ptrmap_get(&numbers, name);
    if (!number)
      ts_ptrmap_put(&numbers, name, (void *)(number = ts_sprintf(e->arena, "$%zu", numbers.n)));
    ts_c_out_add(e->arena, &out, number, strlen(number));
  }
  return out.at;
}

/* The nest before that is the same, or this one, which is kept then. */
static ts_c_nest *find_same(ts_c_emit *e, ts_c_nest *n) {
  const char *params = ts_c_list_text(&n->params), *body = ts_c_list_text(&n->body);
  n->key = without_names(e, n, ts_sprintf(e->arena, "%d (%s) {%s", n->fails, params, body));
  const void *hash = (const void *)(uintptr_t)(ts_hash(n->key, strlen(n->key), 0) | 1);
  for (ts_c_nest *same = n->next = ts_ptrmap_get(&e->nest_of, hash); same; same = same->next)
    if (strcmp(same->key, n->key) == 0) return same;
  ts_ptrmap_put(&e->nest_of, hash, n);
  ts_push(e->arena, &e->nests, n);
  return n;
}

/* ---- printing ---- */

static void add_rest(ts_c_emit *e, ts_c_nest *n) {
  const ts_c_func *f = e->current;
  for (unsigned i = 0; i < f->num_extents; i++) {
    if (!n->extents[i]) continue;
    ts_c_list_add(e, &n->params, ", ", "int64_t %s", f->extent_names[i]);
    ts_c_list_add(e, &n->args, ", ", "%s", f->extent_names[i]);
  }
  if (e->nest_polls) {
    ts_c_list_add(e, &n->params, ", ", "const int32_t *ts_stop");
    ts_c_list_add(e, &n->args, ", ", "ts_stop");
  }
  if (n->num_positions) {
    ts_c_list_add(e, &n->params, ", ", "const uint32_t *where");
    ts_c_list_add(e, &n->args, ", ", "(const uint32_t[]){%s}", ts_c_list_text(&n->positions));
  }
  if (!n->fails) return;
  ts_c_list_add(e, &n->params, ", ", "struct ts_failure *failure");
  ts_c_list_add(e, &n->args, ", ", "failure");
}

/* The nest's own stack goes when it ends. */
void ts_c_print_nest(ts_c_emit *e, const ts_op *op) {
  ts_c_func *f = e->current;
  ts_c_nest *n = &f->nests[f->printed_nests++];
  ts_c_out *outer = e->out;
  bool fails = f->fails;
  int64_t stack = f->stack;
  size_t mark = ts_c_scope_open(e);
  ts_ptrmap *const maps[] = {&n->inside, &n->globals, &n->written, &n->names};
  for (size_t i = 0; i < ts_countof(maps); i++)
    ts_ptrmap_init(maps[i], e->arena);
  for (unsigned i = 0; i < op->num_regions; i++)
    ts_walk(ts_op_regions(op)[i], find_written, &n->written);
  n->extents = ts_new_array(e->arena, bool, f->num_extents + 1);
  e->nest = n;
  e->nest_polls = false;
  e->out = &n->body;
  ts_c_line_directive(e, op);
  f->fails = false;
  ts_c_print_op(e, op);
  n->fails = f->fails;
  if (n->fails) ts_c_stmt(e, "return 0;");
  add_rest(e, n);
  e->nest = NULL;
  e->out = outer;
  f->fails |= fails;
  f->nest_stack = ts_max(f->nest_stack, f->stack);
  f->stack = stack;
  ts_c_scope_close(e, mark);
  ts_c_nest *same = find_same(e, n);
  same->num_calls++;
  const char *call =
      ts_c_wrap(e, ts_sprintf(e->arena, "%s(", same->name), ts_c_list_text(&n->args));
  if (n->fails)
    ts_c_leave_if(e, call);
  else
    ts_c_stmt(e, "%s;", call);
}

const char *ts_c_nest_prototype(ts_c_emit *e, const ts_c_nest *n) {
  const char *head = ts_sprintf(e->arena, "TS_NEST %s %s(", n->fails ? "int32_t" : "void", n->name);
  return ts_c_wrap(e, head, n->params.n ? n->params.at : "void");
}

ts_c_out ts_c_nest_text(ts_c_emit *e, const ts_c_nest *n) {
  ts_c_out text = {0}, *outer = e->out;
  e->out = &text;
  ts_c_put(e, "\n");
  if (n->num_calls > 1)
    ts_c_printf(e, "/* %u nests, which differ in what they work on alone. */\n", n->num_calls);
  ts_c_printf(e, "%s {\n", ts_c_nest_prototype(e, n));
  ts_c_out_add(e->arena, &text, n->body.at ? n->body.at : "", n->body.n);
  ts_c_put(e, "}\n");
  e->out = outer;
  return text;
}
