/* Legality against brute force: random nests are run step by step, every access is noted with its
 * iteration and element, and each pair that meets is put in its new order. The analysis must say
 * "illegal" exactly when some pair is reversed, and the conflict it shows must be one of them.
 *
 * The programs are affine throughout, with bounds of min and max, steps, ifs with else, floordiv,
 * ceildiv and mod, applies, vectors, buffers of one iteration, and a symbolic extent M, which is
 * tried from 1 to MAX_M; no number in the programs is large enough for a larger M to differ. */
#include "syntax/syntax.h"
#include "analysis/poly/dependence.h"
#include "analysis/poly/update.h"
#include "unit.h"

enum { MAX_M = 9, MAX_LOOPS = 8, MAX_EVENTS = 4000, MAX_VALUES = 64 };

/* ---- programs ---- */

typedef struct gen {
  uint64_t state;
  ts_sink text;
  int depth, next;             /* loops open; names given */
  char vars[MAX_LOOPS + 4][8]; /* index values in sight */
  int num_vars;
  bool local, vector; /* %L and %Z are in sight */
  bool symbolic, around;
} gen;

static unsigned below(gen *g, unsigned n) {
  g->state = g->state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(g->state >> 33) % n;
}

static void put_sum(gen *g) {
  unsigned terms = below(g, 3);
  if (g->num_vars == 0) terms = 0;
  for (unsigned i = 0; i < terms; i++)
    ts_sink_printf(&g->text, "%s%%%s * %d", i ? " + " : "",
                   g->vars[below(g, (unsigned)g->num_vars)], (int)below(g, 4) - 1);
  ts_sink_printf(&g->text, "%s%d", terms ? " + " : "", (int)below(g, 4));
}

static void put_subscript(gen *g) {
  static const char *const divisions[] = {"floordiv", "ceildiv", "mod"};
  if (g->num_vars > 0 && below(g, 3)) { /* often the plain thing */
    ts_sink_printf(&g->text, "%%%s", g->vars[below(g, (unsigned)g->num_vars)]);
    if (below(g, 3) == 0) ts_sink_printf(&g->text, " + %d", (int)below(g, 3) - 1);
    return;
  }
  bool divide = below(g, 4) == 0;
  ts_sink_puts(&g->text, divide ? "(" : "");
  put_sum(g);
  if (divide) ts_sink_printf(&g->text, ") %s %u", divisions[below(g, 3)], 2 + below(g, 2));
}

static void put_access(gen *g) {
  unsigned what = below(g, g->local ? 8 : 7);
  bool store = below(g, 2);
  if (store)
    ts_sink_printf(&g->text, "store %s, ", what == 6 && g->vector ? "%Z" : "0.0");
  else
    ts_sink_printf(&g->text, "%%v%d = load ", g->next++);
  ts_sink_puts(&g->text, what == 7 ? "%L[" : what < 3 ? "%A[" : "%B[");
  if (what >= 3 && what < 7) {
    put_subscript(g);
    ts_sink_puts(&g->text, ", ");
  }
  put_subscript(g);
  ts_sink_puts(&g->text, "]");
  if (!store && what == 6) ts_sink_puts(&g->text, " : vector<2xf32>");
  ts_sink_puts(&g->text, "\n");
}

/* A[…] = A[…] op x: of sums the order counts. */
static void put_update(gen *g) {
  static const char *const ops[] = {"maxf", "minf", "maxf", "addf"};
  int old = g->next++, fresh = g->next++;
  char at[256];
  ts_sink_printf(&g->text, "%%v%d = load %%A[", old);
  size_t from = g->text.n;
  put_subscript(g);
  snprintf(at, sizeof at, "%.*s", (int)(g->text.n - from), g->text.buf + from);
  ts_sink_printf(&g->text, "] : f32\n%%v%d = %s %%v%d, 1.0 : f32\nstore %%v%d, %%A[%s]\n", fresh,
                 ops[below(g, 4)], old, fresh, at);
}

static void put_body(gen *g, unsigned n);

static void put_if(gen *g) {
  static const char *const relations[] = {"<", "<=", ">", ">=", "==", "!="};
  ts_sink_puts(&g->text, "if ");
  put_sum(g);
  ts_sink_printf(&g->text, " %s ", relations[below(g, 6)]);
  put_sum(g);
  if (below(g, 3) == 0) {
    ts_sink_puts(&g->text, " and ");
    put_sum(g);
    ts_sink_printf(&g->text, " %s ", relations[below(g, 6)]);
    ts_sink_puts(&g->text, g->symbolic ? "M" : "3");
  }
  ts_sink_puts(&g->text, " {\n");
  put_body(g, 1);
  ts_sink_puts(&g->text, "}");
  if (below(g, 2)) {
    ts_sink_puts(&g->text, " else {\n");
    put_body(g, 1);
    ts_sink_puts(&g->text, "}");
  }
  ts_sink_puts(&g->text, "\n");
}

static void put_bound(gen *g, int least) {
  int var = g->num_vars ? (int)below(g, (unsigned)g->num_vars + 2) : g->num_vars;
  if (var < g->num_vars)
    ts_sink_printf(&g->text, "%%%s + %d", g->vars[var], (int)below(g, 3) + least - 1);
  else if (var == g->num_vars && g->symbolic)
    ts_sink_printf(&g->text, "M - %d", 2 - least);
  else
    ts_sink_printf(&g->text, "%d", least + (int)below(g, 3));
}

static void put_for_head(gen *g, const char *name) {
  bool wide = below(g, 4) == 0;
  ts_sink_printf(&g->text, "for %%%s = %s", name, wide ? "max(" : "");
  if (wide) {
    put_bound(g, 0);
    ts_sink_puts(&g->text, ", ");
  }
  if (below(g, 3))
    ts_sink_puts(&g->text, "0");
  else
    put_bound(g, 0);
  ts_sink_puts(&g->text, wide ? ") to min(" : " to min(");
  put_bound(g, 3);
  ts_sink_printf(&g->text, ", %d)", 3 + (int)below(g, 3));
  if (below(g, 4) == 0) ts_sink_printf(&g->text, " step %u", 2 + below(g, 2));
  ts_sink_puts(&g->text, " {\n");
}

static void open_loop(gen *g) {
  char name[8];
  snprintf(name, sizeof name, "i%d", g->next++);
  put_for_head(g, name);
  memcpy(g->vars[g->num_vars++], name, sizeof name);
  g->depth++;
}

static void put_statement(gen *g) {
  unsigned what = below(g, 10);
  int vars = g->num_vars;
  bool local = g->local;
  if (what == 0 && g->depth < 4) {
    open_loop(g);
    put_body(g, 1 + below(g, 2));
    ts_sink_puts(&g->text, "}\n");
    g->depth--;
  } else if (what == 1) {
    put_if(g);
  } else if (what == 2) {
    put_update(g);
    return;
  } else {
    put_access(g);
    return;
  }
  g->num_vars = vars;
  g->local = local;
}

static void put_body(gen *g, unsigned n) {
  int vars = g->num_vars;
  bool local = g->local;
  if (!g->local && below(g, 4) == 0) {
    ts_sink_puts(&g->text, "%L = alloc : memref<8xf32, local>\n");
    g->local = true;
  }
  if (below(g, 6) == 0 && g->num_vars > 0) {
    char name[8];
    snprintf(name, sizeof name, "p%d", g->next++);
    ts_sink_printf(&g->text, "%%%s = apply [", name);
    put_sum(g);
    ts_sink_puts(&g->text, "]\n");
    memcpy(g->vars[g->num_vars++], name, sizeof name);
  }
  for (unsigned i = 0; i < n; i++)
    put_statement(g);
  g->num_vars = vars;
  g->local = local;
}

/* A perfect nest of `n` loops. */
static void put_nest(gen *g, unsigned n) {
  int vars = g->num_vars;
  for (unsigned i = 0; i < n; i++)
    open_loop(g);
  put_body(g, 2 + below(g, 2));
  for (unsigned i = 0; i < n; i++)
    ts_sink_puts(&g->text, "}\n");
  g->depth -= (int)n;
  g->num_vars = vars;
}

static void put_program(gen *g) {
  g->symbolic = below(g, 3) == 0;
  ts_sink_puts(&g->text,
               "func @f(%A: inout memref<64xf32>, %B: inout memref<64x64xf32>, "
               "%S: memref<Mxf32>, %V: memref<4xf32>) {\n%Z = load %V[0] : vector<2xf32>\n");
  g->vector = true;
  g->around = below(g, 3) == 0;
  if (g->around) open_loop(g);
  if (below(g, 4) == 0) {
    ts_sink_puts(&g->text, "%L = alloc : memref<8xf32, local>\n");
    g->local = true;
  }
  put_nest(g, 1 + below(g, 3));
  for (unsigned i = below(g, 3); i > 1; i--)
    put_access(g);
  put_nest(g, 1);
  ts_sink_puts(&g->text, g->around ? "}\n}\n" : "}\n");
  ts_sink_write(&g->text, "\0\0", 2);
}

/* ---- running them ---- */

typedef struct event {
  const ts_op *op;
  const ts_value *memref;
  int64_t instance; /* of the buffer */
  int64_t at[2];    /* first element */
  int64_t width;    /* in the last dimension */
  bool writes;
  unsigned position, n; /* loops around, from the function's body */
  const ts_op *loops[MAX_LOOPS];
  int64_t ivs[MAX_LOOPS], counts[MAX_LOOPS];
} event;

typedef struct trace {
  const ts_module *m;
  event *events; /* in the order of the run */
  size_t n;
  int64_t symbol, next_instance;
  struct { /* values of index values, instances of allocs */
    const ts_value *v;
    int64_t x;
  } env[MAX_VALUES];
  unsigned num_env;
  event now; /* loops around */
} trace;

static int64_t *slot(trace *t, const ts_value *v) {
  for (unsigned i = t->num_env; i-- > 0;)
    if (t->env[i].v == v) return &t->env[i].x;
  unit_check(t->num_env < MAX_VALUES, "too many values");
  t->env[t->num_env].v = v;
  t->env[t->num_env].x = 0;
  return &t->env[t->num_env++].x;
}

static int64_t symbol(void *arg, ts_str name) {
  (void)name;
  return ((trace *)arg)->symbol;
}

static int64_t value(trace *t, const ts_op *op, const ts_aff *a) {
  int64_t dims[TS_MAX_DIMS], out = 0;
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    dims[i] = *slot(t, ts_dim(op, i));
  bool ok = ts_aff_eval(a, dims, symbol, t, &out);
  unit_check(ok, "an expression overflows");
  return out;
}

static void run_block(trace *, const ts_block *);

static void run_for(trace *t, const ts_op *op) {
  ts_for f = ts_for_parts(op);
  int64_t lo = INT64_MIN, hi = INT64_MAX, count = 0;
  for (unsigned i = 0; i < f.num_lo; i++)
    lo = ts_max(lo, value(t, op, f.lo[i]));
  for (unsigned i = 0; i < f.num_hi; i++)
    hi = ts_min(hi, value(t, op, f.hi[i]));
  unsigned level = t->now.n++;
  unsigned position = t->now.position;
  t->now.loops[level] = op;
  for (int64_t v = lo; v < hi; v += f.step, count++) {
    *slot(t, f.iv) = t->now.ivs[level] = v;
    t->now.counts[level] = count;
    t->now.position = position;
    run_block(t, f.body);
  }
  t->now.n--;
}

static bool holds(int64_t a, ts_pred p, int64_t b) {
  return p == TS_EQ   ? a == b
         : p == TS_NE ? a != b
         : p == TS_LT ? a < b
         : p == TS_LE ? a <= b
         : p == TS_GT ? a > b
                      : a >= b;
}

static void run_if(trace *t, const ts_op *op) {
  ts_if f = ts_if_parts(op);
  bool yes = true;
  for (unsigned i = 0; i < f.n; i++)
    yes &=
        holds(value(t, op, f.sides[2 * i]), (ts_pred)f.preds[i], value(t, op, f.sides[2 * i + 1]));
  run_block(t, yes ? f.then_block : f.else_block);
}

static void note(trace *t, const ts_op *op) {
  ts_access a;
  if (!op->subscripted || !ts_access_parts(op, 0, &a)) return;
  unit_check(t->n < MAX_EVENTS, "too long a run");
  event *e = &t->events[t->n++];
  *e = t->now;
  e->op = op;
  e->memref = a.memref;
  e->instance = a.memref->kind == TS_VALUE_RESULT ? *slot(t, a.memref) : 0;
  e->writes = a.writes;
  e->at[0] = e->at[1] = 0;
  for (unsigned d = 0; d < a.n; d++)
    e->at[2 - a.n + d] = value(t, op, a.subscripts[d]);
  e->width = a.type->kind == TS_TYPE_VECTOR ? 2 : 1;
  e->position = op->tag;
}

static void run_block(trace *t, const ts_block *b) {
  for (const ts_op *op = b->first; op; op = op->next) {
    if (op->opcode == TS_OP_FOR) run_for(t, op);
    if (op->opcode == TS_OP_IF) run_if(t, op);
    if (op->opcode == TS_OP_APPLY) *slot(t, ts_op_result(op, 0)) = value(t, op, op->map->exprs[0]);
    if (op->opcode == TS_OP_ALLOC) *slot(t, ts_op_result(op, 0)) = t->next_instance++;
    note(t, op);
  }
}

static void number(void *arg, ts_op *op) { op->tag = (*(unsigned *)arg)++; }

/* ---- steps ---- */

typedef struct step {
  enum { REORDER, PARALLEL, JAM, DISTRIBUTE, FUSE, UPDATES } kind;
  unsigned n;
  ts_op *loops[MAX_LOOPS];
  unsigned order[MAX_LOOPS];
  int64_t factor;
  unsigned num_cuts;
  ts_op *cuts[4];
} step;

/* Where the loop is among those around the event; -1: not there. */
static int level_of(const event *e, const ts_op *loop) {
  for (unsigned i = 0; i < e->n; i++)
    if (e->loops[i] == loop) return (int)i;
  return -1;
}

static unsigned piece_of_op(const step *s, const ts_op *op) {
  const ts_block *body = ts_op_regions(s->loops[s->n - 1])[0];
  unsigned piece = 0;
  while (op->block != body)
    op = op->block->parent;
  for (const ts_op *at = body->first; at != op->next; at = at->next)
    if (piece < s->num_cuts && s->cuts[piece] == at) piece++;
  return piece;
}

static unsigned piece_of(const step *s, const event *e) { return piece_of_op(s, e->op); }

static bool reversed_by_reorder(const step *s, int level, const event *a, const event *b) {
  for (unsigned m = 0; m < s->n; m++) {
    unsigned l = (unsigned)level + s->order[m];
    if (a->ivs[l] != b->ivs[l]) return a->ivs[l] > b->ivs[l];
  }
  return false;
}

static bool reversed_by_jam(const step *s, int level, const event *a, const event *b) {
  int64_t x = a->counts[level], y = b->counts[level];
  if (x >= y || x / s->factor != y / s->factor) return false;
  for (unsigned l = (unsigned)level + 1; l < a->n && l < b->n && a->loops[l] == b->loops[l]; l++)
    if (a->ivs[l] != b->ivs[l]) return a->ivs[l] > b->ivs[l];
  return a->position > b->position;
}

static bool reversed_by_distribute(const step *s, int level, const event *a, const event *b) {
  for (unsigned l = 0; l < s->n; l++)
    if (a->ivs[(unsigned)level + l] != b->ivs[(unsigned)level + l])
      return piece_of(s, a) > piece_of(s, b);
  return false;
}

static bool is_between(const step *s, const event *e) {
  const ts_op *op = e->op;
  while (op && op->block != s->loops[0]->block)
    op = op->block->parent;
  for (const ts_op *at = s->loops[0]->next; op && at != s->loops[1]; at = at->next)
    if (at == op) return true;
  return false;
}

static bool reversed_by_fuse(const step *s, const event *a, const event *b) {
  int x = level_of(a, s->loops[0]), y = level_of(b, s->loops[1]);
  if (x < 0) return false;
  return is_between(s, b) || (y >= 0 && a->counts[x] > b->counts[y]);
}

/* a runs before b, and they meet. */
static bool is_reversed(const step *s, const event *a, const event *b) {
  int level = level_of(a, s->loops[0]);
  if (s->kind == FUSE) {
    unsigned around = (unsigned)ts_max(level, 0);
    for (unsigned l = 0; l < around && l < b->n; l++)
      if (a->ivs[l] != b->ivs[l]) return false;
    return reversed_by_fuse(s, a, b);
  }
  if (level < 0 || level_of(b, s->loops[0]) < 0) return false;
  for (int l = 0; l < level; l++)
    if (a->ivs[l] != b->ivs[l]) return false;
  switch (s->kind) {
  case REORDER: return reversed_by_reorder(s, level, a, b);
  case PARALLEL:
  case UPDATES: return a->ivs[level] != b->ivs[level];
  case JAM: return reversed_by_jam(s, level, a, b);
  case DISTRIBUTE: return reversed_by_distribute(s, level, a, b);
  default: return false;
  }
}

/* ---- updates ---- */

/* How the access' update combines, where the order does not count and the step leaves it whole; else
 * TS_NUM_OPCODES. */
static unsigned update_of(const step *s, const ts_op *op) {
  ts_update u;
  const ts_op *store = op;
  for (unsigned i = 0; i < 2 && store->opcode != TS_OP_STORE; i++) {
    const ts_value *v = ts_op_result(store, 0);
    if (!store->num_results || !ts_has_one_use(v)) return TS_NUM_OPCODES;
    store = v->uses->owner;
  }
  if (s->kind == PARALLEL || s->kind == JAM || !ts_update_of(store, &u) ||
      (u.load != op && u.store != op) || u.update->opcode == TS_OP_ADDF)
    return TS_NUM_OPCODES;
  bool apart = s->kind == DISTRIBUTE && piece_of_op(s, u.load) != piece_of_op(s, u.store);
  return apart ? TS_NUM_OPCODES : u.update->opcode;
}

static bool commute(const step *s, const event *a, const event *b) {
  unsigned update = update_of(s, a->op);
  return update != TS_NUM_OPCODES && update == update_of(s, b->op);
}

/* ---- pairs ---- */

static bool meet(const event *a, const event *b) {
  return (a->writes || b->writes) && a->memref == b->memref && a->instance == b->instance &&
         a->at[0] == b->at[0] && a->at[1] < b->at[1] + b->width && b->at[1] < a->at[1] + a->width;
}

typedef struct witness {
  const ts_verdict *v;
  unsigned level; /* of the stretch */
  const ts_module *m;
  bool any, shown; /* a pair is reversed; so is the one that the verdict shows */
} witness;

/* Appends "%i = 0" for the loops of the stretch. */
static void iteration(const ts_module *m, const event *e, unsigned level, char *out, size_t size) {
  size_t n = 0;
  out[0] = 0;
  for (unsigned l = level; l < e->n; l++)
    n += (size_t)snprintf(out + n, size - n, "%s%%%s = %lld", l > level ? ", " : "",
                          ts_str_text(m, ts_op_regions(e->loops[l])[0]->args[0]->name),
                          (long long)e->ivs[l]);
}

static void compare(witness *w, const event *a, const event *b) {
  char x[200], y[200];
  const ts_conflict *c = &w->v->conflict;
  w->any = true;
  if (w->v->legal || c->source != a->op || c->sink != b->op || w->shown) return;
  iteration(w->m, a, w->level, x, sizeof x);
  iteration(w->m, b, w->level, y, sizeof y);
  w->shown = strcmp(x, c->source_at) == 0 && strcmp(y, c->sink_at) == 0;
}

/* All pairs of one run. */
static void check_pairs(const trace *t, const step *s, witness *w) {
  for (size_t i = 0; i < t->n; i++)
    for (size_t j = i + 1; j < t->n; j++)
      if (meet(&t->events[i], &t->events[j]) && is_reversed(s, &t->events[i], &t->events[j]) &&
          !commute(s, &t->events[i], &t->events[j]))
        compare(w, &t->events[i], &t->events[j]);
}

/* ---- the test ---- */

typedef struct job {
  ts_context *ctx;
  ts_arena arena;
  uint64_t seed;
  const char *text;
  ts_module *m;
  trace traces[MAX_M];
  unsigned num_traces;
  unsigned legal[6], illegal[6]; /* by kind of step */
} job;

static ts_result ask(job *j, const step *s, ts_verdict *v) {
  switch (s->kind) {
  case REORDER: return ts_dep_reorder(j->ctx, &j->arena, s->n, s->loops, s->order, v);
  case PARALLEL: return ts_dep_parallel(j->ctx, &j->arena, s->loops[0], v);
  case UPDATES: return ts_dep_parallel_updates(j->ctx, &j->arena, s->loops[0], NULL, v);
  case JAM: return ts_dep_jam(j->ctx, &j->arena, s->loops[0], s->factor, 0, NULL, v);
  case DISTRIBUTE:
    return ts_dep_distribute(j->ctx, &j->arena, s->n, s->loops, s->num_cuts, s->cuts, v);
  default: return ts_dep_fuse(j->ctx, &j->arena, s->loops[0], s->loops[1], v);
  }
}

static unsigned loops_around(const ts_op *op) {
  unsigned n = 0;
  for (const ts_block *b = op->block; b->parent; b = b->parent->block)
    n += b->parent->opcode == TS_OP_FOR;
  return n;
}

static void check_step(job *j, const step *s) {
  static const char *const kinds[] = {"reorder",    "parallel", "jam",
                                      "distribute", "fuse",     "updates"};
  ts_verdict v;
  ts_result result = ask(j, s, &v);
  unit_check(result == TS_OK, "seed %llu: %s: result %d in\n%s", (unsigned long long)j->seed,
             kinds[s->kind], result, j->text);
  witness w = {.v = &v, .m = j->m, .level = loops_around(s->loops[0])};
  for (unsigned i = 0; i < j->num_traces && !(w.any && (v.legal || w.shown)); i++)
    check_pairs(&j->traces[i], s, &w);
  unit_check(v.legal != w.any, "seed %llu: %s of %s (factor %d) is said to be %s in\n%s",
             (unsigned long long)j->seed, kinds[s->kind],
             ts_str_text(j->m, ts_for_parts(s->loops[0]).iv->name), (int)s->factor,
             v.legal ? "legal" : "illegal", j->text);
  unit_check(v.legal || w.shown, "seed %llu: %s: the pair %s at %s, %s is not reversed in\n%s",
             (unsigned long long)j->seed, kinds[s->kind], v.conflict.element, v.conflict.source_at,
             v.conflict.sink_at, j->text);
  unit_check(v.exact, "seed %llu: not exact in\n%s", (unsigned long long)j->seed, j->text);
  (v.legal ? j->legal : j->illegal)[s->kind]++;
}

static void each_loop(void *arg, ts_op *op) {
  job *j = arg;
  if (op->opcode != TS_OP_FOR) return;
  check_step(j, &(step){.kind = PARALLEL, .n = 1, .loops = {op}});
  check_step(j, &(step){.kind = UPDATES, .n = 1, .loops = {op}});
  for (int64_t factor = 2; factor <= 3; factor++)
    check_step(j, &(step){.kind = JAM, .n = 1, .loops = {op}, .factor = factor});
}

/* Orders by a few swaps; cuts before random ops of the body. */
static void check_nest(job *j, gen *g, ts_op *first) {
  step s = {.kind = REORDER};
  for (ts_op *op = first; op && op->opcode == TS_OP_FOR; op = ts_for_parts(op).body->first) {
    if (s.n > 0 && op->next) break;
    s.loops[s.n++] = op;
    if (ts_for_parts(op).body->first != ts_for_parts(op).body->last) break;
  }
  for (unsigned i = 0; i < s.n; i++)
    s.order[i] = i;
  for (int times = 0; times < 2 && s.n > 1; times++) {
    unsigned x = below(g, s.n), y = below(g, s.n), swap = s.order[x];
    s.order[x] = s.order[y];
    s.order[y] = swap;
    check_step(j, &s);
  }
  s.kind = DISTRIBUTE;
  for (ts_op *op = ts_for_parts(s.loops[s.n - 1]).body->first->next; op && s.num_cuts < 4;
       op = op->next)
    if (below(g, 2)) s.cuts[s.num_cuts++] = op;
  if (s.num_cuts) check_step(j, &s);
}

static void take_traces(job *j, bool symbolic) {
  unsigned count = 0;
  ts_walk(j->m->first_func->body, number, &count);
  j->num_traces = symbolic ? MAX_M : 1;
  for (unsigned i = 0; i < j->num_traces; i++) {
    trace *t = &j->traces[i];
    *t = (trace){.m = j->m, .symbol = (int64_t)i + 1};
    t->events = ts_new_array(&j->arena, event, MAX_EVENTS);
    run_block(t, j->m->first_func->body);
  }
}

static ts_result check_program(void *arg) {
  job *j = arg;
  gen g = {.state = j->seed};
  ts_arena_init(&j->arena, &j->ctx->memory);
  ts_sink_buffer(&g.text, &j->ctx->memory);
  put_program(&g);
  j->text = g.text.buf;
  ts_source source = {.name = "t", .text = g.text.buf, .n = g.text.n - 2, .first_line = 1};
  if (ts_parse_source(j->ctx, &source, &j->m) != TS_OK)
    ck_abort_msg("%s", ts_diagnostic_text(j->ctx, ts_diagnostic_next(j->ctx, NULL)));
  take_traces(j, g.symbolic);
  ts_block *block = j->m->first_func->body;
  if (g.around) block = ts_for_parts(block->first->next).body;
  ts_op *loops[2] = {NULL, NULL};
  for (ts_op *op = block->first; op; op = op->next)
    if (op->opcode == TS_OP_FOR) loops[loops[0] != NULL] = op;
  if (loops[1]) check_step(j, &(step){.kind = FUSE, .loops = {loops[0], loops[1]}});
  check_nest(j, &g, loops[0]);
  ts_walk(j->m->first_func->body, each_loop, j);
  ts_module_destroy(j->m);
  ts_sink_drop(&g.text);
  ts_arena_drop(&j->arena);
  return TS_OK;
}

/* Every kind of step must have been legal, and illegal, often enough to tell something. */
static void check_programs(uint64_t first, uint64_t count) {
  job j = {0};
  for (uint64_t seed = first; seed < first + count; seed++) {
    j.ctx = ts_context_create();
    j.seed = seed;
    ck_assert_int_eq(ts_protect(j.ctx, check_program, &j), TS_OK);
    ts_context_destroy(j.ctx);
  }
  for (unsigned kind = 0; kind < 5; kind++) {
    unit_check(j.legal[kind] > count / 20, "step %u is legal %u times only", kind, j.legal[kind]);
    unit_check(j.illegal[kind] > count / 20, "step %u is illegal %u times only", kind,
               j.illegal[kind]);
  }
}

/* Other seeds than those of every day: test_dependence_random FIRST TIMES (of 500 seeds each). */
static uint64_t first_seed = 1;

START_TEST(random_programs) { check_programs(first_seed + (uint64_t)_i * 500, 500); }
END_TEST

int main(int argc, char **argv) {
  if (argc > 1) first_seed = strtoull(argv[1], NULL, 10);
  TCase *all = tcase_create("dependence_random");
  tcase_add_loop_test(all, random_programs, 0, argc > 2 ? atoi(argv[2]) : 4);
  return unit_run("dependence_random", all);
}
