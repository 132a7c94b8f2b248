/* Finding the loops that a pass is asked to work on, and saying what was done with them. */
#include <errno.h>
#include <stdlib.h>

#include "support/spelling.h"
#include "ir/outline.h"
#include "pass/made.h"
#include "transforms/loops/loops.h"

/* ---- messages ---- */

ts_result ts_schedule_refuse(ts_schedule *s, const ts_op *op, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const char *text = ts_vsprintf(&s->m->ctx->messages, fmt, args);
  va_end(args);
  return ts_error(s->m->ctx, op->loc, "%s", text);
}

static void remark(ts_schedule *s, const ts_op *op, const char *kind, const char *fmt,
                   va_list args) {
  ts_remark(s->m->ctx, op->loc, s->pass->name, kind, "%s",
            ts_vsprintf(&s->m->ctx->messages, fmt, args));
}

void ts_schedule_passed(ts_schedule *s, const ts_op *op, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  remark(s, op, "passed", fmt, args);
  va_end(args);
}

void ts_schedule_missed(ts_schedule *s, const ts_op *op, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  remark(s, op, "missed", fmt, args);
  va_end(args);
}

ts_result ts_item_number(ts_schedule *s, const ts_loop_item *item, int64_t least, int64_t *out) {
  char *end = "";
  errno = 0;
  *out = item->value ? strtoll(item->value, &end, 10) : 0;
  bool ok = item->value && end != item->value && !*end && !errno && *out >= least;
  if (ok) return TS_OK;
  ts_error_plain(s->m->ctx, "-%s wants %s=N with a number N of at least %lld, not '%s%s%s'",
                 s->pass->name, item->name, (long long)least, item->name, item->value ? "=" : "",
                 item->value ? item->value : "");
  return TS_USAGE;
}

/* ---- names ---- */

/* Is a parameter, or a result anywhere in the function, called so? */
static bool names_value(ts_func *f, ts_str name) {
  struct ts_outline *o = ts_outline_of(f);
  return o ? ts_outline_is_named(o, name, false) : ts_names_inside(f->body, name, false);
}

static bool defines(const ts_block *block, ts_str name) {
  struct ts_outline *o = block->parent ? NULL : ts_outline_of(block->func);
  if (o) return ts_outline_is_outer(o, name, NULL);
  for (unsigned i = 0; i < block->num_args; i++)
    if (block->args[i]->name == name) return true;
  for (const ts_op *op = block->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_results; i++)
      if (ts_op_result(op, i)->name == name) return true;
  return false;
}

bool ts_schedule_is_named_around(const ts_block *block, ts_str name) {
  for (; block; block = block->parent ? block->parent->block : NULL)
    if (defines(block, name)) return true;
  return false;
}

static bool names_loop(const ts_op *loop, ts_str name) {
  return ts_is_loop(loop) && ts_for_parts(loop).iv->name == name;
}

static bool names_loop_inside(const ts_op *at, ts_str name) {
  for (unsigned i = 0; i < at->num_regions; i++)
    for (const ts_op *op = ts_op_regions(at)[i]->first; op; op = op->next)
      if (names_loop(op, name) || names_loop_inside(op, name)) return true;
  return false;
}

static bool clashes(ts_schedule *s, const char *text) {
  ts_str name = ts_intern_find(&s->m->strings, text, strlen(text));
  if (!name) return false;
  if (names_value(s->func, name)) return true;
  if (!s->at) return false;
  if (names_loop(s->at, name)) return true;
  for (const ts_op *up = ts_loop_around(s->at); up; up = ts_loop_around(up))
    if (names_loop(up, name)) return true;
  return names_loop_inside(s->at, name);
}

ts_str ts_schedule_name(ts_schedule *s, const char *base, const char *role) {
  const char *usual = ts_sprintf(&s->m->arena, "%s.%s", base, role), *text = usual;
  for (unsigned i = 1; clashes(s, text); i++)
    text = ts_sprintf(&s->m->arena, "%s_%u", usual, i);
  ts_str name = ts_intern(&s->m->strings, text);
  ts_made_note(s->pass, s->func, ts_intern(&s->m->strings, usual), name);
  return name;
}

/* ---- finding ---- */

typedef struct finder {
  const ts_loop_list *list;
  ts_str *names; /* of the items; 0: no value of the module is called so */
  ts_arena *scratch;
  TS_VEC(ts_op *) found;
  unsigned which; /* the item looked for */
  bool any;
} finder;

static bool is_item(const finder *f, const ts_op *loop, unsigned i) {
  return f->names[i] && ts_for_parts(loop).iv->name == f->names[i];
}

/* The item that a loop is; false: none. */
static bool item_of(const finder *f, const ts_op *loop, unsigned *out) {
  for (*out = 0; *out < f->list->items.n; ++*out)
    if (is_item(f, loop, *out)) return true;
  return false;
}

static void name_items(finder *f, const ts_module *m) {
  for (size_t i = 0; i < f->list->items.n; i++) {
    const char *name = f->list->items.at[i].name;
    f->names[i] = ts_intern_find(&m->strings, name, strlen(name));
  }
}

/* Calls `visit` for the loops that may be among the items `from` to `end`, in the order of the text. */
static void each_candidate(finder *f, ts_func *func, size_t from, size_t end,
                           void (*visit)(void *, ts_op *)) {
  struct ts_outline *o = ts_outline_of(func);
  if (!o) {
    ts_walk(func->body, visit, f);
    return;
  }
  ts_part_list parts = {0};
  ts_outline_find(o, f->scratch, (unsigned)(end - from), f->names + from, &parts);
  for (size_t i = 0; i < parts.parts.n; i++) {
    ts_op *op = parts.parts.at[i]->op;
    visit(f, op);
    for (unsigned k = 0; k < op->num_regions; k++)
      ts_walk(ts_op_regions(op)[k], visit, f);
  }
}

static void note_any(void *arg, ts_op *op) {
  finder *f = arg;
  unsigned i;
  if (!f->any && ts_is_loop(op) && item_of(f, op, &i)) f->any = true;
}

static void collect_item(void *arg, ts_op *op) {
  finder *f = arg;
  if (ts_is_loop(op) && is_item(f, op, f->which)) ts_push(f->scratch, &f->found, op);
}

/* Loops in the list that stand in no other of the list. */
static void collect_outermost(void *arg, ts_op *op) {
  finder *f = arg;
  unsigned i;
  if (!ts_is_loop(op) || !item_of(f, op, &i)) return;
  for (const ts_op *up = ts_loop_around(op); up; up = ts_loop_around(up))
    if (item_of(f, up, &i)) return;
  ts_push(f->scratch, &f->found, op);
}

typedef struct name_list {
  ts_module *m;
  ts_ptrmap seen;
  const char *text;
  ts_nearest nearest;
  unsigned n;
} name_list;

enum { MAX_NAMES = 24 }; /* listed in a message */

static void list_name(void *arg, ts_op *op) {
  name_list *l = arg;
  if (!ts_is_loop(op) || !ts_for_parts(op).iv->name) return;
  const void *key = (void *)(uintptr_t)ts_for_parts(op).iv->name;
  if (ts_ptrmap_get(&l->seen, key)) return;
  ts_ptrmap_put(&l->seen, key, l);
  ts_nearest_offer(&l->nearest, ts_loop_name(op));
  if (l->n++ < MAX_NAMES)
    l->text =
        ts_sprintf(l->seen.arena, "%s%s%%%s", l->text, *l->text ? ", " : "", ts_loop_name(op));
}

static ts_result no_loop(ts_schedule *s, const char *name) {
  name_list l = {.m = s->m, .text = "", .nearest = ts_nearest_to(name)};
  ts_ptrmap_init(&l.seen, s->pass->scratch);
  ts_walk(s->func->body, list_name, &l);
  const char *func = ts_str_text(s->m, s->func->name);
  if (!l.n)
    return ts_error(s->m->ctx, s->func->loc, "@%s has no loop %%%s: %s", func, name,
                    ts_func_level(s->func) == TS_LEVEL_T
                        ? "it is a tensor function; -lower makes its loops"
                        : "it has no loops");
  ts_error(s->m->ctx, s->func->loc, "@%s has no loop %%%s; its loops are %s%s", func, name, l.text,
           l.n > MAX_NAMES ? " and others" : "");
  if (l.nearest.best) ts_note_plain(s->m->ctx, "did you mean %%%s?", l.nearest.best);
  return TS_ERR;
}

/* ---- advice ---- */

/* Does another function have a loop of the list? */
static bool is_shared_name(const ts_schedule *s) {
  finder f = {.list = s->list, .scratch = s->pass->scratch};
  f.names = ts_new_array(s->pass->scratch, ts_str, s->list->items.n + 1);
  name_items(&f, s->m);
  for (ts_func *at = s->m->first_func; at && !f.any; at = at->next)
    if (at != s->func) ts_walk(at->body, note_any, &f);
  return f.any;
}

const char *ts_schedule_step(ts_schedule *s, const char *pass, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  ts_arena *a = &s->m->ctx->messages;
  const char *text = ts_vsprintf(a, fmt, args);
  va_end(args);
  if (*s->only || is_shared_name(s))
    text = ts_sprintf(a, "%s func=%s", text, ts_str_text(s->m, s->func->name));
  return ts_sprintf(a, strchr(text, ' ') ? "-%s=\"%s\"" : "-%s=%s", pass, text);
}

const char *ts_schedule_unroll(ts_schedule *s, const ts_op *loop, int64_t factor) {
  enum { MAX_ADVISED = 64 }; /* more copies than anyone wants; unroll has a limit, too */
  const char *step = ts_schedule_step(s, "unroll", "%s=%lld", ts_loop_name(loop),
                                      (long long)ts_min(factor, MAX_ADVISED));
  return ts_sprintf(&s->m->ctx->messages, "%s, which keeps the order", step);
}

/* ---- over the functions ---- */

/* What a pass wants called for each loop, or for each nest. */
typedef union visitor {
  ts_result (*loop)(ts_schedule *, ts_op *, const ts_loop_item *);
  ts_result (*nest)(ts_schedule *, unsigned, ts_op *const *, const unsigned *);
} visitor;

typedef ts_result each_fn(ts_schedule *, finder *, visitor);

/* An error when the list names no loop of any function: shown for the first function there is. */
static ts_result none_anywhere(ts_schedule *s, const ts_loop_list *list, const char *func) {
  ts_str name = *func ? ts_intern_find(&s->m->strings, func, strlen(func)) : 0;
  s->func = *func ? name ? ts_func_find(s->m, name) : NULL : s->m->first_func;
  if (s->func && list->items.n) return no_loop(s, list->items.at[0].name);
  if (*func) return ts_error_plain(s->m->ctx, "there is no function @%s", func);
  if (!list->items.n) {
    ts_error_plain(s->m->ctx, "-%s names no loop", s->pass->name);
    return TS_USAGE;
  }
  return ts_error_plain(s->m->ctx, "there is no function, and so no loop %%%s",
                        list->items.at[0].name);
}

static ts_result each_func(ts_pass_ctx *pass, ts_module *m, const char *func,
                           const ts_loop_list *list, const void *options, each_fn *each,
                           visitor visit) {
  ts_schedule s = {.pass = pass, .m = m, .list = list, .options = options, .only = func};
  finder f = {.list = list, .scratch = pass->scratch};
  f.names = ts_new_array(pass->scratch, ts_str, list->items.n + 1);
  bool any = false;
  for (ts_func *at = ts_first_asked(m, func); at; at = ts_next_asked(at, func)) {
    s.func = at;
    f.any = false;
    name_items(&f, m);
    each_candidate(&f, at, 0, list->items.n, note_any);
    any = any || f.any;
    ts_result result = f.any ? each(&s, &f, visit) : TS_OK;
    if (result) return result;
  }
  return any ? TS_OK : none_anywhere(&s, list, func);
}

static ts_result each_item(ts_schedule *s, finder *f, visitor visit) {
  for (f->which = 0; f->which < f->list->items.n; f->which++) {
    f->found.n = 0;
    name_items(f, s->m);
    each_candidate(f, s->func, f->which, f->which + 1, collect_item);
    if (!f->found.n) return no_loop(s, f->list->items.at[f->which].name);
    for (size_t i = 0; i < f->found.n; i++) {
      s->at = f->found.at[i];
      ts_result result = visit.loop(s, f->found.at[i], &f->list->items.at[f->which]);
      if (result) return result;
    }
  }
  return TS_OK;
}

ts_result ts_each_loop(ts_pass_ctx *pass, ts_module *m, const char *func, const ts_loop_list *list,
                       const void *options,
                       ts_result (*fn)(ts_schedule *, ts_op *loop, const ts_loop_item *)) {
  return each_func(pass, m, func, list, options, each_item, (visitor){.loop = fn});
}

/* ---- nests ---- */

/* What keeps the loop from holding just the next one of the nest. */
static ts_result not_perfect(ts_schedule *s, finder *f, const ts_op *loop) {
  const ts_op *other = NULL, *next = NULL;
  unsigned i;
  for (const ts_op *op = ts_for_parts(loop).body->first; op; op = op->next) {
    if (!next && ts_is_loop(op) && item_of(f, op, &i))
      next = op;
    else if (!other)
      other = op;
  }
  ts_result result = ts_schedule_refuse(s, loop, "the loops are no perfect nest: %%%s holds %s",
                                        ts_loop_name(loop),
                                        other && next ? "more than the next loop"
                                        : other       ? "none of the others"
                                                      : "nothing");
  if (other)
    ts_note(s->m->ctx, other->loc, "this %s stands in %%%s%s", ts_info(other)->name,
            ts_loop_name(loop), next ? "; 'distribute' gives it loops of its own" : "");
  return result;
}

static ts_result visit_nest(ts_schedule *s, finder *f, ts_op *outer, visitor visit) {
  unsigned n = (unsigned)f->list->items.n;
  ts_op **loops = ts_new_array(s->pass->scratch, ts_op *, n);
  unsigned *items = ts_new_array(s->pass->scratch, unsigned, n);
  bool *have = ts_new_array(s->pass->scratch, bool, n);
  ts_op *loop = outer;
  for (unsigned depth = 0;; depth++) {
    item_of(f, loop, &items[depth]);
    loops[depth] = loop;
    have[items[depth]] = true;
    if (depth + 1 == n) return visit.nest(s, n, loops, items);
    ts_op *child = ts_loop_only_child(loop);
    unsigned i;
    if (!child || !item_of(f, child, &i)) break;
    loop = child;
  }
  for (unsigned i = 0; i < n; i++)
    if (!have[i] && !f->names[i]) return no_loop(s, f->list->items.at[i].name);
  return not_perfect(s, f, loop);
}

typedef struct presence {
  const finder *f;
  bool *have; /* an item each */
} presence;

static void note_present(void *arg, ts_op *op) {
  presence *p = arg;
  unsigned i;
  if (ts_is_loop(op) && item_of(p->f, op, &i)) p->have[i] = true;
}

/* Does the nest hold all the loops asked for? Others only share some of the names. */
static bool holds_all(ts_schedule *s, const finder *f, ts_op *outer) {
  size_t n = f->list->items.n;
  presence p = {.f = f, .have = ts_new_array(s->pass->scratch, bool, n)};
  note_present(&p, outer);
  ts_walk(ts_for_parts(outer).body, note_present, &p);
  for (size_t i = 0; i < n; i++)
    if (!p.have[i]) return false;
  return true;
}

/* Keeps the complete nests; when no nest is complete keeps all, so that an error can say what they
 * lack. */
static void keep_complete(ts_schedule *s, finder *f) {
  size_t n = 0;
  for (size_t i = 0; i < f->found.n; i++)
    if (holds_all(s, f, f->found.at[i])) f->found.at[n++] = f->found.at[i];
  if (n) f->found.n = n;
}

static ts_result each_outermost(ts_schedule *s, finder *f, visitor visit) {
  for (size_t i = 0; i < f->list->items.n; i++)
    for (size_t k = 0; k < i; k++)
      if (!strcmp(f->list->items.at[i].name, f->list->items.at[k].name)) {
        ts_error_plain(s->m->ctx, "-%s names %%%s twice", s->pass->name, f->list->items.at[i].name);
        return TS_USAGE;
      }
  f->found.n = 0;
  each_candidate(f, s->func, 0, f->list->items.n, collect_outermost);
  keep_complete(s, f);
  for (size_t i = 0; i < f->found.n; i++) {
    s->at = f->found.at[i];
    ts_result result = visit_nest(s, f, f->found.at[i], visit);
    if (result) return result;
  }
  return TS_OK;
}

ts_result ts_each_nest(ts_pass_ctx *pass, ts_module *m, const char *func, const ts_loop_list *list,
                       const void *options,
                       ts_result (*fn)(ts_schedule *, unsigned n, ts_op *const *loops,
                                       const unsigned *items)) {
  return each_func(pass, m, func, list, options, each_outermost, (visitor){.nest = fn});
}
