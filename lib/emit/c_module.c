/* The C emitter: functions, entries and the file around them. */
#include <inttypes.h>
#include <stdlib.h>

#include "ir/calls.h"
#include "emit/c_emit.h"
#include "emit/prelude.h"

enum { MAX_CALL_DEPTH = 512, LINE_WIDTH = 100 };

/* ---- names ---- */

/* C names of the functions, the same for every emission of a module. */
static void name_functions(ts_c_emit *e) {
  size_t mark = ts_c_scope_open(e);
  ts_c_reserve_library(e);
  for (unsigned i = 0; i < e->num_funcs; i++)
    e->funcs[i].name = ts_c_unique(e, ts_str_text(e->m, e->funcs[i].func->name));
  ts_c_name_globals(e);
  ts_c_scope_close(e, mark);
  for (unsigned i = 0; i < e->num_funcs; i++)
    ts_c_reserve(e, e->funcs[i].name);
  ts_c_reserve_globals(e);
  for (unsigned i = 0; i < e->num_funcs; i++)
    ts_c_name_nests(e, &e->funcs[i]);
}

static void name_extents(ts_c_emit *e, ts_c_func *f) {
  unsigned room = 1;
  for (unsigned i = 0; i < f->sig.n; i++)
    room += f->sig.entries[i].type->rank;
  f->extents = ts_new_array(e->arena, ts_str, room);
  f->extent_names = ts_new_array(e->arena, const char *, room);
  for (unsigned i = 0; i < f->sig.n; i++) {
    const ts_type *t = f->sig.entries[i].type;
    for (unsigned d = 0; d < t->rank; d++) {
      unsigned k = 0;
      if (!ts_is_symbolic(t->dims[d])) continue;
      while (k < f->num_extents && f->extents[k] != ts_extent_name(t->dims[d]))
        k++;
      if (k < f->num_extents) continue;
      f->extents[k] = ts_extent_name(t->dims[d]);
      f->extent_names[k] = ts_c_unique(e, ts_str_text(e->m, f->extents[k]));
      f->num_extents++;
    }
  }
}

static void open_module(ts_c_emit *e) {
  for (const ts_func *f = e->m->first_func; f; f = f->next)
    e->num_funcs++;
  e->funcs = ts_new_array(e->arena, ts_c_func, e->num_funcs + 1);
  unsigned i = 0;
  for (const ts_func *f = e->m->first_func; f; f = f->next, i++) {
    e->funcs[i] = (ts_c_func){.func = f, .sig = ts_func_signature(f)};
    ts_ptrmap_put(&e->func_of, f, &e->funcs[i]);
  }
  ts_c_reserve_words(e);
  name_functions(e);
}

static void init(ts_c_emit *e, ts_module *m, ts_arena *arena, const ts_emit_c_options *options) {
  *e = (ts_c_emit){.ctx = m->ctx, .m = m, .arena = arena, .options = options};
  ts_ptrmap *const maps[] = {&e->func_of, &e->values, &e->buffers,   &e->globals,
                             &e->reps,    &e->taken,  &e->helper_of, &e->nest_of};
  for (size_t i = 0; i < ts_countof(maps); i++)
    ts_ptrmap_init(maps[i], arena);
  e->ranges = ts_ranges_create(arena);
  e->sections = ts_new_array(arena, bool, ts_num_prelude_sections + 1);
}

const char *ts_emit_c_entry_name(ts_arena *arena, ts_module *m, const ts_func *f) {
  ts_c_emit e;
  init(&e, m, arena, &(ts_emit_c_options){0});
  open_module(&e);
  return ts_sprintf(arena, "ts_entry_%s", ((const ts_c_func *)ts_ptrmap_get(&e.func_of, f))->name);
}

/* ---- functions ---- */

static const char *parameters(ts_c_emit *e, const ts_c_func *f) {
  const char *word = e->options->header_only ? "__restrict" : "restrict";
  ts_c_out list = {0};
  for (unsigned i = 0; i < f->sig.n; i++) {
    const ts_sig_entry *p = &f->sig.entries[i];
    ts_c_list_add(e, &list, ", ", "%s%s *%s %s", p->role == TS_ROLE_IN ? "const " : "",
                  ts_c_memory_type((ts_dtype)p->type->dtype), word, f->param_names[i]);
  }
  for (unsigned i = 0; i < f->num_extents; i++)
    ts_c_list_add(e, &list, ", ", "int64_t %s", f->extent_names[i]);
  ts_c_add_hidden(e, &list, true);
  ts_c_list_add(e, &list, ", ", "struct ts_failure *failure");
  return list.at;
}

const char *ts_c_wrap(ts_c_emit *e, const char *head, const char *list) {
  ts_c_out out = {0};
  size_t width = strlen(head), start = 4;
  ts_c_out_add(e->arena, &out, head, strlen(head));
  for (const char *p = list; *p;) {
    const char *comma = strstr(p, ", "), *end = comma ? comma + 2 : p + strlen(p);
    size_t n = (size_t)(end - p);
    if (width + n > LINE_WIDTH && p != list) {
      out.n--;
      ts_c_out_add(e->arena, &out, "\n    ", 5);
      width = start;
    }
    ts_c_out_add(e->arena, &out, p, n);
    width += n;
    p = end;
  }
  ts_c_out_add(e->arena, &out, ")", 1);
  return out.at;
}

static const char *prototype(ts_c_emit *e, const ts_c_func *f) {
  const char *head = ts_sprintf(e->arena, "int32_t %s(", f->name);
  return ts_c_wrap(e, head, parameters(e, f));
}

static void emit_body(ts_c_emit *e, ts_c_func *f) {
  size_t mark = ts_c_scope_open(e);
  e->current = f;
  e->next_number = 0;
  f->param_names = ts_new_array(e->arena, const char *, f->sig.n + 1);
  for (unsigned i = 0; i < f->sig.n; i++) {
    f->param_names[i] = ts_c_unique(e, ts_str_text(e->m, f->sig.entries[i].name));
    ts_c_param(e, f->func->body->args[i], f->param_names[i]);
  }
  name_extents(e, f);
  e->out = &f->body;
  e->indent = 1;
  e->line = 0;
  ts_ranges_enter(e->ranges, f->func->body);
  ts_c_block(e, f->func->body);
  ts_ranges_leave(e->ranges);
  f->stack += f->nest_stack;
  ts_c_stmt(e, "return 0;");
  ts_c_scope_close(e, mark);
}

typedef struct callees {
  ts_c_emit *e;
  ts_c_func *caller;
  unsigned depth;
} callees;

static void emit_func(ts_c_emit *, ts_c_func *, unsigned depth);

static void emit_callee(void *arg, ts_op *op) {
  callees *c = arg;
  const ts_func *to = ts_callee(op);
  if (!to || c->e->result) return;
  ts_c_func *callee = ts_ptrmap_get(&c->e->func_of, to);
  emit_func(c->e, callee, c->depth + 1);
  c->caller->stack = ts_max(c->caller->stack, callee->stack);
}

static void emit_func(ts_c_emit *e, ts_c_func *f, unsigned depth) {
  if (f->done || e->result) return;
  const char *name = ts_str_text(e->m, f->func->name);
  if (ts_func_level(f->func) != TS_LEVEL_L) {
    ts_c_refuse(e, f->func->loc,
                "@%s is a tensor function; C is made of loops: lower it first (ts-opt -lower)",
                name);
    return;
  }
  if (depth > MAX_CALL_DEPTH) {
    ts_c_refuse(e, f->func->loc, "calls nest more than %d deep", MAX_CALL_DEPTH);
    e->result = TS_LIMIT;
    return;
  }
  ts_walk(f->func->body, emit_callee, &(callees){e, f, depth});
  if (e->result) return;
  emit_body(e, f);
  f->done = true;
}

/* ---- entries ---- */

/* The call that an entry makes of its function. */
static const char *entry_call(ts_c_emit *e, const ts_c_func *f) {
  ts_c_out args = {0};
  unsigned n = f->sig.n;
  for (unsigned i = 0; i < n; i++)
    ts_c_list_add(e, &args, ", ", "arrays[%u]", i);
  for (unsigned i = 0; i < f->num_extents; i++)
    ts_c_list_add(e, &args, ", ", "extents[%u]", i);
  for (const ts_global *g = e->m->first_global; g; g = g->next)
    if (ts_emit_c_is_hidden(g)) ts_c_list_add(e, &args, ", ", "arrays[%u]", n++);
  if (e->options->stoppable) ts_c_list_add(e, &args, ", ", "arrays[%u]", n++);
  ts_c_list_add(e, &args, ", ", "failure");
  return ts_c_wrap(e, ts_sprintf(e->arena, "%s(", f->name), ts_c_list_text(&args));
}

static void print_entry(ts_c_emit *e, const ts_c_func *f) {
  const char *call = entry_call(e, f);
  const char *head = ts_sprintf(e->arena, "int32_t ts_entry_%s(", f->name);
  static const char params[] =
      "void *const *arrays, const int64_t *extents, int32_t threads, struct ts_failure *failure";
  const char *proto = ts_c_wrap(e, head, params);
  ts_c_printf(e, "\n%s;\n%s {\n", proto, proto);
  ts_c_put(e,
           "  (void)arrays, (void)extents, (void)threads;\n  *failure = (struct ts_failure){0};\n");
  if (e->options->openmp)
    ts_c_put(e, "#ifdef _OPENMP\n  const int most = omp_get_max_threads();\n"
                "  if (threads > 0) omp_set_num_threads(threads);\n#endif\n");
  ts_c_printf(e, "  const int32_t status = %s;\n", call);
  if (e->options->openmp) ts_c_put(e, "#ifdef _OPENMP\n  omp_set_num_threads(most);\n#endif\n");
  ts_c_put(e, "  return status;\n}\n");
}

/* ---- the file ---- */

/* The text inside a comment, where it must neither end nor seem to begin another. */
static void put_comment(ts_c_emit *e, const char *text) {
  for (const char *p = text; *p; p++) {
    char c[2] = {*p, '\0'};
    ts_c_put(e, *p == '\n' ? "\n * " : c);
    if ((*p == '*' && p[1] == '/') || (*p == '/' && p[1] == '*')) ts_c_put(e, " ");
  }
}

static void print_comment(ts_c_emit *e) {
  ts_c_put(e, "/* ");
  put_comment(e, e->options->comment ? e->options->comment : "Made by Tilesmith.");
  ts_c_put(
      e,
      "\n *\n"
      " * Arrays are row-major and contiguous, bf16 as uint16_t, i1 as bytes of 0 or 1. After "
      "them come the\n"
      " * symbolic extents. A function returns 0 when it ran. It can fail where its C says so: then it returns 1, and\n"
      " * *failure, which may be NULL, says why (kind 1: a subscript out of bounds, 2: a division by zero, 3: no\n"
      " * memory) and which "
      " * bytes of the source the op is. */\n");
}

static const char failure_text[] =
    "\n#ifndef TS_FAILURE\n#define TS_FAILURE\nstruct ts_failure {\n  int32_t kind;\n"
    "  uint32_t begin, end;\n  int32_t dimension;\n  int64_t index, extent;\n  int64_t variables[8];\n};\n#endif\n";

static const char types_text[] =
    "\n#ifndef TS_NARROW_FLOATS\n#define TS_NARROW_FLOATS\n#ifdef __FLT16_MAX__\ntypedef _Float16 "
    "ts_f16;\n#else\n"
    "typedef uint16_t ts_f16;\n#endif\ntypedef uint16_t ts_bf16;\n#endif\n";

/* Compilers would put what is called once back into its caller. */
static const char nest_text[] = "\n#define TS_NEST static __attribute__((noinline))\n",
                  nest_apart_text[] =
                      "\n#define TS_NEST __attribute__((noinline, visibility(\"hidden\")))\n";

static const char pragmas_text[] =
    "\n#pragma GCC diagnostic ignored \"-Wunknown-pragmas\"\n"
    "#pragma GCC diagnostic ignored \"-Wunused-parameter\"\n"
    "#define TS_PRAGMA(text) _Pragma(#text)\n"
    "#ifdef __clang__\n#pragma clang diagnostic ignored \"-Wpass-failed\"\n"
    "#define TS_UNROLL(n) TS_PRAGMA(clang loop unroll_count(n))\n"
    "#define TS_IVDEP TS_PRAGMA(clang loop vectorize(assume_safety))\n"
    "#else\n#pragma GCC diagnostic ignored \"-Wmaybe-uninitialized\"\n"
    "#pragma GCC diagnostic ignored \"-Wpsabi\"\n"
    "/* gcc 12's vectors of straight code take (double)(float)x for x. */\n"
    "#pragma GCC optimize(\"no-tree-slp-vectorize\")\n"
    "#define TS_UNROLL(n) TS_PRAGMA(GCC unroll n)\n#define TS_IVDEP TS_PRAGMA(GCC ivdep)\n#endif\n"
    "#define TS_HELPER static inline __attribute__((always_inline, unused))\n";

/* In debug information gcc names the lines that an inlined function was called from beside its own; clang can leave
 * its own out. */
static const char callers_lines_text[] =
    "\n#ifdef __clang__ /* What is inlined counts as the lines that call it. */\n"
    "#undef TS_HELPER\n"
    "#define TS_HELPER static inline __attribute__((always_inline, unused, nodebug))\n"
    "#define TS_INLINE static inline __attribute__((always_inline, unused, nodebug))\n#endif\n";

/* Compilers take the constants of an inlined function out of every loop around it, and then they
 * have no registers left for the tile in the loop beside it. */
static const char apart_text[] = "\n/* Vector math stays out of line, where its constants take no "
                                 "registers from the tiles of sums. */\n"
                                 "#define TS_FUNCTION static __attribute__((noinline, unused))\n";

static void print_prototypes(ts_c_emit *e) {
  ts_c_put(e, "\n");
  for (unsigned i = 0; i < e->num_funcs; i++)
    ts_c_printf(e, "%s;\n", prototype(e, &e->funcs[i]));
}

static void print_header(ts_c_emit *e) {
  const char *guard = e->num_funcs ? e->funcs[0].name : "empty";
  print_comment(e);
  ts_c_printf(e, "#ifndef TS_%s_H\n#define TS_%s_H\n\n#include <stdint.h>\n", guard, guard);
  ts_c_put(e, "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
  ts_c_put(e, types_text);
  ts_c_put(e, failure_text);
  print_prototypes(e);
  ts_c_put(e, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

/* All that stands before the definitions of functions. `apart`: these are in several files. */
static void print_head(ts_c_emit *e, bool apart) {
  print_comment(e);
  ts_c_put(e,
           "#include <stdbool.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n");
  if (e->options->entries && e->options->openmp)
    ts_c_put(e, "#ifdef _OPENMP\n#include <omp.h>\n#endif\n");
  ts_c_put(e, pragmas_text);
  ts_c_put(e, types_text);
  ts_c_put(e, failure_text);
  if (e->options->line_directives) ts_c_put(e, callers_lines_text);
  if (e->tiles) ts_c_put(e, apart_text);
  if (e->nests.n) ts_c_put(e, apart ? nest_apart_text : nest_text);
  ts_c_print_sections(e);
  ts_c_put(e, "\n");
  ts_c_print_vector_types(e);
  ts_c_print_helpers(e);
  ts_c_print_globals(e);
  print_prototypes(e);
  for (size_t i = 0; i < e->nests.n && apart; i++)
    ts_c_printf(e, "%s;\n", ts_c_nest_prototype(e, e->nests.at[i]));
}

static ts_c_out function_text(ts_c_emit *e, const ts_c_func *f) {
  ts_c_out text = {0}, *outer = e->out;
  e->out = &text;
  ts_c_printf(e, "\n%s {\n", prototype(e, f));
  ts_c_out_add(e->arena, &text, f->body.at ? f->body.at : "", f->body.n);
  ts_c_put(e, "}\n");
  e->out = outer;
  return text;
}

/* The definitions in their order: nests before the functions that call them. */
typedef struct pieces {
  TS_VEC(struct piece {
    ts_c_out text;
    unsigned unit;
  })
  list;
} pieces;

static pieces pieces_of(ts_c_emit *e) {
  pieces p = {0};
  for (size_t i = 0; i < e->nests.n; i++)
    ts_push(e->arena, &p.list, ((struct piece){ts_c_nest_text(e, e->nests.at[i]), 0}));
  for (unsigned i = 0; i < e->num_funcs; i++)
    ts_push(e->arena, &p.list, ((struct piece){function_text(e, &e->funcs[i]), 0}));
  return p;
}

static void print_pieces(ts_c_emit *e, const pieces *p, unsigned unit) {
  for (size_t i = 0; i < p->list.n; i++)
    if (p->list.at[i].unit == unit)
      ts_c_out_add(e->arena, e->out, p->list.at[i].text.at, p->list.at[i].text.n);
}

static void print_file(ts_c_emit *e) {
  pieces p = pieces_of(e);
  print_head(e, false);
  print_pieces(e, &p, 0);
  for (unsigned i = 0; i < e->num_funcs && e->options->entries; i++)
    print_entry(e, &e->funcs[i]);
}

/* ---- several files ---- */

/* Text of functions that is worth a file of its own: a compiler takes a second or two for it. */
enum { UNIT_BYTES = 32 << 10, MOST_UNITS = 16 };

static int by_size(const void *a, const void *b) {
  const struct piece *const *x = a, *const *y = b;
  if ((*x)->text.n != (*y)->text.n) return (*x)->text.n < (*y)->text.n ? 1 : -1;
  return *x < *y ? -1 : *x > *y;
}

/* The largest pieces first, each into the unit that has least; how many units there are depends on the text
 * alone. */
static unsigned divide(ts_c_emit *e, pieces *p) {
  size_t all = 0, filled[MOST_UNITS] = {0};
  struct piece **order = ts_new_array(e->arena, struct piece *, p->list.n + 1);
  for (size_t i = 0; i < p->list.n; i++) {
    order[i] = &p->list.at[i];
    all += order[i]->text.n;
  }
  unsigned n = (unsigned)ts_min(all / UNIT_BYTES + 1, (size_t)MOST_UNITS);
  if (p->list.n > 1) qsort(order, p->list.n, sizeof(struct piece *), by_size);
  for (size_t i = 0; i < p->list.n; i++) {
    unsigned least = 0;
    for (unsigned u = 1; u < n; u++)
      if (filled[u] < filled[least]) least = u;
    order[i]->unit = least;
    filled[least] += order[i]->text.n;
  }
  return n;
}

static ts_c_unit *print_units(ts_c_emit *e, ts_arena *arena, unsigned *n) {
  pieces p = pieces_of(e);
  *n = divide(e, &p);
  ts_c_unit *units = ts_new_array(arena, ts_c_unit, *n);
  for (unsigned u = 0; u < *n; u++) {
    ts_c_out text = {0};
    e->out = &text;
    print_head(e, *n > 1);
    print_pieces(e, &p, u);
    for (unsigned i = 0; i < e->num_funcs && e->options->entries && u == 0; i++)
      print_entry(e, &e->funcs[i]);
    units[u] = (ts_c_unit){ts_strndup(arena, text.at, text.n), text.n};
  }
  return units;
}

void ts_c_line_directive(ts_c_emit *e, const ts_op *op) {
  const ts_source *source = &e->m->source;
  if (!e->options->line_directives || !source->text || op->loc.begin >= source->n) return;
  if (e->line == 0 || op->loc.begin < e->line_at) {
    e->line_at = 0;
    e->line = source->first_line;
  }
  for (; e->line_at < op->loc.begin; e->line_at++)
    e->line += source->text[e->line_at] == '\n';
  ts_c_printf(e, "#line %" PRIu32 " \"", e->line);
  const char *name = e->options->source_name ? e->options->source_name : source->name;
  for (const char *p = name; *p; p++)
    ts_c_printf(e, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
  ts_c_put(e, "\"\n");
}

typedef struct call {
  ts_sink *sink;
  ts_module *m;
  const ts_emit_c_options *options;
  ts_arena arena;
  /* of ts_emit_c_units */
  ts_arena *out;
  unsigned num_units;
  ts_c_unit *units;
} call;

static void emit_funcs(ts_c_emit *e, call *c) {
  init(e, c->m, &c->arena, c->options);
  open_module(e);
  for (unsigned i = 0; i < e->num_funcs; i++)
    emit_func(e, &e->funcs[i], 0);
  e->indent = 0;
}

static ts_result emit(void *arg) {
  call *c = arg;
  ts_c_emit e;
  emit_funcs(&e, c);
  if (e.result) return e.result;
  ts_c_out text = {0};
  e.out = &text;
  if (c->options->header_only)
    print_header(&e);
  else
    print_file(&e);
  if (e.result) return e.result;
  ts_sink_write(c->sink, text.at, text.n);
  return TS_OK;
}

static ts_result emit_units(void *arg) {
  call *c = arg;
  ts_c_emit e;
  emit_funcs(&e, c);
  if (!e.result) c->units = print_units(&e, c->out, &c->num_units);
  return e.result;
}

static void cleanup(void *arg) { ts_arena_drop(&((call *)arg)->arena); }

ts_result ts_emit_c(ts_sink *sink, ts_module *m, const ts_emit_c_options *options) {
  call c = {.sink = sink, .m = m, .options = options};
  ts_arena_init(&c.arena, &m->ctx->memory);
  return ts_protect_cleanup(m->ctx, emit, cleanup, &c);
}

ts_result ts_emit_c_units(ts_arena *arena, ts_module *m, const ts_emit_c_options *options,
                          unsigned *n, ts_c_unit **units) {
  call c = {.m = m, .options = options, .out = arena};
  ts_arena_init(&c.arena, &m->ctx->memory);
  ts_result result = ts_protect_cleanup(m->ctx, emit_units, cleanup, &c);
  *n = c.num_units;
  *units = c.units;
  return result;
}
