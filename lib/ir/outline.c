/* What changed while passes run, and the names of a function by the parts that hold them. */
#include "ir/outline.h"

#include <stdlib.h>

/* Where a name stands. */
typedef struct places {
  ts_str name;
  TS_VEC(struct place {
    ts_part *part;
    uint32_t which; /* of the part's names */
    bool value;     /* something other than a loop's variable is called so there */
    bool outer;     /* a result of the part's op is */
  })
  parts;
  unsigned values; /* places with `value` */
  ts_part *first;  /* the first part with `outer`, when `first_known`; NULL: none */
  bool first_known;
  bool param;
  uint64_t suffix; /* NAME_1, NAME_2 … up to here are taken */
} places;

typedef struct ts_outline {
  ts_arena arena;
  ts_func *func;
  ts_ptrmap parts; /* op → ts_part */
  ts_ptrmap names; /* ts_str → places */
  uint64_t number; /* 0, 1 … before it are taken */
  TS_VEC(places *)
  emptied; /* names that may be free again, which `suffix` and `number` do not know yet */
  ts_part_list stale, changed;
  const ts_block *last; /* where the last change was: the next is often there too */
} ts_outline;

struct ts_changes {
  TS_VEC(ts_func *) funcs;
  bool module;
};

/* ---- noting changes ---- */

void ts_changes_begin(ts_module *m) {
  if (!m->changes) m->changes = ts_new(&m->arena, struct ts_changes);
}

static void drop_outline(ts_func *f) {
  if (!f->outline) return;
  ts_arena arena = f->outline->arena; /* it lies in it */
  f->outline = NULL;
  ts_arena_drop(&arena);
}

void ts_changes_end(ts_module *m) {
  for (ts_func *f = m->first_func; f; f = f->next) {
    drop_outline(f);
    f->changed = false;
  }
  m->changes = NULL;
}

bool ts_changes_of_module(const ts_module *m) { return m->changes->module; }

unsigned ts_changes_funcs(const ts_module *m, ts_func *const **out) {
  *out = m->changes->funcs.at;
  return (unsigned)m->changes->funcs.n;
}

void ts_changed_module(ts_module *m) {
  if (m->changes) m->changes->module = true;
}

static void note_func(ts_func *f) {
  if (f->changed) return;
  f->changed = true;
  ts_push(&f->module->arena, &f->module->changes->funcs, f);
}

void ts_changed_func(ts_func *f) {
  if (!f->module->changes) return;
  note_func(f);
  drop_outline(f);
  f->module->changes->module = true; /* callers see it */
}

static ts_part *part_of(ts_outline *o, ts_op *op) {
  ts_part *part = ts_ptrmap_get(&o->parts, op);
  if (part) return part;
  part = ts_new(&o->arena, ts_part);
  part->op = op;
  ts_ptrmap_put(&o->parts, op, part);
  return part;
}

static void note_part(ts_outline *o, ts_part *part) {
  if (!part->stale) ts_push(&o->arena, &o->stale.parts, part);
  if (!part->changed) ts_push(&o->arena, &o->changed.parts, part);
  part->stale = part->changed = true;
}

void ts_changed_op(ts_op *op) {
  const ts_block *block = op->block;
  if (!block || !block->func) return; /* in no function: its insertion counts */
  block->func->module->edits++;
  if (!block->func->module->changes) return;
  ts_outline *o = block->func->outline;
  if (o && o->last == block && block->parent) return;
  while (op->block && op->block->parent)
    op = op->block->parent;
  if (!op->block || op->block != op->block->func->body)
    return; /* inside something that was taken out */
  note_func(op->block->func);
  if (!o) return;
  o->last = block;
  note_part(o, part_of(o, op));
}

/* ---- names of a part ---- */

static places *places_of(ts_outline *o, ts_str name) {
  const void *key = (const void *)(uintptr_t)name;
  places *p = ts_ptrmap_get(&o->names, key);
  if (p) return p;
  p = ts_new(&o->arena, places);
  p->name = name;
  ts_ptrmap_put(&o->names, key, p);
  return p;
}

static void add_name(ts_outline *o, ts_part *part, ts_str name, bool value) {
  if (!name) return;
  places *p = places_of(o, name);
  if (!p->parts.n || p->parts.at[p->parts.n - 1].part != part) {
    ts_push(&o->arena, &part->names, (struct ts_part_name){name, (uint32_t)p->parts.n});
    ts_push(&o->arena, &p->parts, (struct place){part, (uint32_t)part->names.n - 1, false, false});
  }
  struct place *last = &p->parts.at[p->parts.n - 1];
  p->values += value && !last->value;
  last->value |= value;
}

static void add_outer(ts_outline *o, ts_part *part, ts_str name) {
  if (!name) return;
  add_name(o, part, name, true);
  places *p = places_of(o, name);
  p->parts.at[p->parts.n - 1].outer = true;
  p->first_known = false;
}

static void add_block(ts_outline *o, ts_part *part, const ts_block *block) {
  bool loop = block->parent->opcode == TS_OP_FOR;
  for (unsigned i = 0; i < block->num_args; i++)
    add_name(o, part, block->args[i]->name, !loop);
  for (const ts_op *op = block->first; op; op = op->next) {
    for (unsigned i = 0; i < op->num_results; i++)
      add_name(o, part, ts_op_result(op, i)->name, true);
    for (unsigned i = 0; i < op->num_regions; i++)
      add_block(o, part, ts_op_regions(op)[i]);
  }
}

/* Can bounds depend on it as they do on loop variables? Operands stand before, so their parts know. */
static bool is_runtime(ts_outline *o, const ts_op *op) {
  if (op->opcode != TS_OP_APPLY) return op->opcode != TS_OP_CONST;
  for (unsigned i = 0; i < ts_num_dims(op); i++) {
    const ts_value *v = ts_dim(op, i);
    const ts_part *part = v->kind == TS_VALUE_RESULT ? ts_ptrmap_get(&o->parts, v->def) : NULL;
    if (part && part->runtime) return true;
  }
  return false;
}

static void add_names(ts_outline *o, ts_part *part) {
  const ts_op *op = part->op;
  for (unsigned i = 0; i < op->num_results; i++)
    add_outer(o, part, ts_op_result(op, i)->name);
  for (unsigned i = 0; i < op->num_regions; i++)
    add_block(o, part, ts_op_regions(op)[i]);
  part->runtime = is_runtime(o, op);
}

/* The last place of the name moves into the one that gets free. */
static void remove_names(ts_outline *o, ts_part *part) {
  for (size_t i = 0; i < part->names.n; i++) {
    struct ts_part_name *mine = &part->names.at[i];
    places *p = places_of(o, mine->name);
    p->values -= p->parts.at[mine->at].value;
    if (p->first == part) p->first_known = false;
    struct place *last = &p->parts.at[--p->parts.n];
    p->parts.at[mine->at] = *last;
    last->part->names.at[last->which].at = mine->at;
    if (!p->parts.n) ts_push(&o->arena, &o->emptied, p);
  }
  part->names.n = 0;
}

/* ---- the order of parts ---- */

static const uint64_t GAP = (uint64_t)1 << 32;

static void renumber(ts_outline *o) {
  uint64_t order = GAP;
  for (ts_op *op = o->func->body->first; op; op = op->next, order += GAP)
    part_of(o, op)->order = order;
}

/* Gives the run of parts without a place that `op` is in places between its neighbours'. */
static void place_run(ts_outline *o, ts_op *op) {
  uint64_t n = 1, lo = 0, hi;
  while (op->prev && !part_of(o, op->prev)->order)
    op = op->prev;
  if (op->prev) lo = part_of(o, op->prev)->order;
  ts_op *end = op->next;
  for (; end && !part_of(o, end)->order; end = end->next)
    n++;
  hi = end ? part_of(o, end)->order : lo + (n + 1) * GAP;
  uint64_t step = (hi - lo) / (n + 1);
  if (step == 0) {
    renumber(o);
    return;
  }
  for (; op != end; op = op->next)
    part_of(o, op)->order = lo += step;
}

static int by_order(const void *a, const void *b) {
  const ts_part *const *x = a, *const *y = b;
  return (*x)->order<(*y)->order ? -1 : (*x)->order>(*y)->order;
}

void ts_part_list_sort(ts_part_list *l) {
  if (l->parts.n > 1) qsort(l->parts.at, l->parts.n, sizeof *l->parts.at, by_order);
}

static bool is_there(const ts_outline *o, const ts_part *part) {
  return part->op->block == o->func->body;
}

/* Renews what is known of the parts that changed. */
static void renew(ts_outline *o) {
  ts_part_list *stale = &o->stale;
  o->last = NULL;
  if (!stale->parts.n) return;
  for (size_t i = 0; i < stale->parts.n; i++) {
    stale->parts.at[i]->order = 0;
    remove_names(o, stale->parts.at[i]);
  }
  for (size_t i = 0; i < stale->parts.n; i++) {
    ts_part *part = stale->parts.at[i];
    part->stale = false;
    if (is_there(o, part) && !part->order) place_run(o, part->op);
  }
  ts_part_list_sort(stale); /* what an apply is made of comes first */
  for (size_t i = 0; i < stale->parts.n; i++)
    if (is_there(o, stale->parts.at[i])) add_names(o, stale->parts.at[i]);
  stale->parts.n = 0;
}

/* ---- outlines ---- */

static ts_outline *make(ts_func *f) {
  ts_arena arena;
  ts_arena_init(&arena, &f->module->ctx->memory);
  ts_outline *o = ts_new(&arena, ts_outline);
  *o = (ts_outline){.arena = arena, .func = f};
  f->outline = o; /* from here on it is dropped with the module */
  ts_ptrmap_init(&o->parts, &o->arena);
  ts_ptrmap_init(&o->names, &o->arena);
  for (unsigned i = 0; i < f->body->num_args; i++)
    if (f->body->args[i]->name) places_of(o, f->body->args[i]->name)->param = true;
  renumber(o);
  for (ts_op *op = f->body->first; op; op = op->next)
    add_names(o, part_of(o, op));
  return o;
}

ts_outline *ts_outline_of(ts_func *f) {
  if (!f->module->changes) return NULL;
  /* What changed before it was there is not known. */
  if (!f->outline && f->changed) return NULL;
  if (!f->outline) return make(f);
  renew(f->outline);
  return f->outline;
}

ts_part *ts_outline_part(ts_outline *o, const ts_op *op) { return ts_ptrmap_get(&o->parts, op); }

bool ts_part_defines_before(ts_outline *o, const ts_value *v, const ts_part *part) {
  const ts_part *def = ts_outline_part(o, v->def);
  return def && is_there(o, def) && def->order < part->order;
}

static places *find_places(const ts_outline *o, ts_str name) {
  return ts_ptrmap_get(&o->names, (const void *)(uintptr_t)name);
}

void ts_outline_find(ts_outline *o, ts_arena *arena, unsigned n, const ts_str *names,
                     ts_part_list *out) {
  ts_ptrmap seen;
  ts_ptrmap_init(&seen, arena);
  for (unsigned i = 0; i < n; i++) {
    const places *p = names[i] ? find_places(o, names[i]) : NULL;
    for (size_t k = 0; p && k < p->parts.n; k++) {
      ts_part *part = p->parts.at[k].part;
      if (n > 1 && ts_ptrmap_get(&seen, part)) continue;
      if (n > 1) ts_ptrmap_put(&seen, part, part);
      ts_push(arena, &out->parts, part);
    }
  }
  ts_part_list_sort(out);
}

bool ts_outline_is_named(ts_outline *o, ts_str name, bool loops) {
  const places *p = find_places(o, name);
  return p && (p->param || p->values || (loops && p->parts.n));
}

/* N of the name N or NAME_N; false: it is neither. `*stem`: the length of NAME. */
static bool number_of(const struct ts_interned *e, size_t *stem, uint64_t *n) {
  enum { MOST_DIGITS = 18 };
  size_t digits = 0;
  while (digits < e->len && e->text[e->len - digits - 1] >= '0' &&
         e->text[e->len - digits - 1] <= '9')
    digits++;
  *stem = e->len - digits;
  if (!digits || digits > MOST_DIGITS || (*stem && e->text[--*stem] != '_')) return false;
  *n = 0;
  for (size_t i = e->len - digits; i < e->len; i++)
    *n = *n * 10 + (uint64_t)(e->text[i] - '0');
  return true;
}

static void free_name(ts_outline *o, const places *freed) {
  ts_interner *strings = &o->func->module->strings;
  const struct ts_interned *e = ts_interned_of(strings, freed->name);
  size_t stem;
  uint64_t n;
  if (freed->parts.n || freed->param || !number_of(e, &stem, &n)) return;
  if (!stem && e->text[0] != '_') {
    o->number = ts_min(o->number, n);
    return;
  }
  ts_str name = ts_intern_find(strings, e->text, stem);
  places *p = name ? ts_ptrmap_get(&o->names, (void *)(uintptr_t)name) : NULL;
  if (p && n > 0) p->suffix = ts_min(p->suffix, n - 1);
}

static bool is_taken(ts_outline *o, const char *text) {
  ts_str s = ts_intern_find(&o->func->module->strings, text, strlen(text));
  return s && ts_outline_is_named(o, s, true);
}

uint64_t ts_outline_taken(ts_outline *o, ts_str name) {
  char number[24];
  for (size_t i = 0; i < o->emptied.n; i++)
    free_name(o, o->emptied.at[i]);
  o->emptied.n = 0;
  if (!name) {
    while (snprintf(number, sizeof number, "%llu", (unsigned long long)o->number),
           is_taken(o, number))
      o->number++;
    return o->number;
  }
  places *p = places_of(o, name);
  const struct ts_interned *e = ts_interned_of(&o->func->module->strings, name);
  char *text = ts_arena_alloc(&o->arena, e->len + sizeof number);
  memcpy(text, e->text, e->len);
  while (snprintf(text + e->len, sizeof number, "_%llu", (unsigned long long)p->suffix + 1),
         is_taken(o, text))
    p->suffix++;
  return p->suffix;
}

static const ts_part *first_outer(places *p) {
  if (p->first_known) return p->first;
  p->first = NULL;
  for (size_t i = 0; i < p->parts.n; i++) {
    const struct place *at = &p->parts.at[i];
    if (at->outer && (!p->first || at->part->order < p->first->order)) p->first = at->part;
  }
  p->first_known = true;
  return p->first;
}

bool ts_outline_is_outer(ts_outline *o, ts_str name, const ts_part *part) {
  places *p = find_places(o, name);
  if (!p || p->param) return p != NULL;
  const ts_part *first = first_outer(p);
  return first && (!part || first->order < part->order);
}

void ts_outline_renamed(ts_outline *o, ts_part *part) {
  remove_names(o, part);
  add_names(o, part);
}

void ts_outline_add_shadowed(ts_outline *o, ts_arena *arena, ts_part_list *l) {
  /* names; the parts come in their order, so the first of a name is before all it shadows */
  ts_ptrmap seen;
  ts_ptrmap_init(&seen, arena);
  for (size_t i = 0, n = l->parts.n; i < n; i++) {
    const ts_part *part = l->parts.at[i];
    for (unsigned r = 0; r < part->op->num_results; r++) {
      const places *p = find_places(o, ts_op_result(part->op, r)->name);
      if (!p || ts_ptrmap_get(&seen, p)) continue;
      ts_ptrmap_put(&seen, p, l);
      for (size_t k = 0; k < p->parts.n; k++)
        if (p->parts.at[k].part->order > part->order)
          ts_push(arena, &l->parts, p->parts.at[k].part);
    }
  }
}

/* ---- what is to be looked at ---- */

static ts_op *root_of(ts_op *op) {
  while (op->block && op->block->parent)
    op = op->block->parent;
  return op;
}

static void add_part(ts_arena *arena, ts_ptrmap *seen, ts_part_list *l, ts_part *part) {
  if (!part || ts_ptrmap_get(seen, part)) return;
  ts_ptrmap_put(seen, part, part);
  ts_push(arena, &l->parts, part);
}

bool ts_changes_parts(ts_func *f, ts_arena *arena, ts_part_list *out) {
  ts_outline *o = f->outline;
  if (!o) return false;
  renew(o);
  ts_ptrmap seen;
  ts_ptrmap_init(&seen, arena);
  ts_part_list all = {0};
  for (size_t i = 0; i < o->changed.parts.n; i++)
    add_part(arena, &seen, &all, o->changed.parts.at[i]);
  for (size_t i = 0; i < all.parts.n; i++) {
    const ts_op *op = all.parts.at[i]->op;
    for (unsigned k = 0; k < op->num_results; k++)
      for (ts_use *u = ts_op_result(op, k)->uses; u; u = u->next)
        add_part(arena, &seen, &all, ts_outline_part(o, root_of(u->owner)));
  }
  for (size_t i = 0; i < all.parts.n; i++)
    if (is_there(o, all.parts.at[i])) ts_push(arena, &out->parts, all.parts.at[i]);
  ts_part_list_sort(out);
  for (size_t i = 0; i < out->parts.n; i++)
    out->parts.at[i]->runtime = is_runtime(o, out->parts.at[i]->op);
  return true;
}

void ts_changes_settle(ts_module *m) {
  struct ts_changes *c = m->changes;
  for (size_t i = 0; i < c->funcs.n; i++) {
    ts_func *f = c->funcs.at[i];
    f->changed = false;
    for (size_t k = 0; f->outline && k < f->outline->changed.parts.n; k++)
      f->outline->changed.parts.at[k]->changed = false;
    if (!f->outline) continue;
    f->outline->changed.parts.n = 0;
    f->outline->last = NULL;
  }
  c->funcs.n = 0;
  c->module = false;
}
