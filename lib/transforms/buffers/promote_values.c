/* promote, second way: a buffer whose subscripts are constant comes apart into its elements, and a
 * load gives what was stored before wherever that is one known value. What a loop or a branch
 * leaves open stays in memory; stores that nothing reads go.
 *
 * One walk forward carries for each element the value that is known to be in it, one backward
 * whether anything will read it (Cooper & Torczon, Engineering a Compiler, 2nd ed., sections 8.4
 * and 10.2). */
#include "transforms/buffers/promote_impl.h"
#include "transforms/rewrite/rewrite.h"

typedef struct pieces {
  ts_pass_ctx *pass;
  ts_module *m;
  unsigned n;
  ts_value **memrefs;   /* one buffer an element that is used */
  ts_ptrmap index;      /* memref → its number + 1 */
  ts_ptrmap changed_in; /* op with regions → the elements stored in it */
  ts_ptrmap read_in;    /* … loaded in it */
  uint64_t forwarded, dead;
} pieces;

typedef TS_VEC(unsigned) numbers;

static unsigned piece_of(const pieces *p, const ts_op *op) {
  if (op->opcode != TS_OP_LOAD && op->opcode != TS_OP_STORE) return 0;
  return (unsigned)(uintptr_t)ts_ptrmap_get(&p->index, ts_operand(op, op->opcode == TS_OP_STORE));
}

/* ---- may it be done? ---- */

static bool has_launch_between(const ts_op *op, const ts_block *home) {
  for (const ts_op *up = op; up->block != home; up = up->block->parent)
    if (up->block->parent->opcode == TS_OP_LAUNCH) return true;
  return false;
}

/* The element's number in row-major order; false: no constant, or outside. */
static bool element_of(const ts_op *op, const ts_type *t, int64_t *out) {
  *out = 0;
  for (unsigned i = 0; i < op->map->n; i++) {
    int64_t at;
    if (!ts_aff_is_const(op->map->exprs[i], &at) || at < 0 || at >= t->dims[i]) return false;
    *out = *out * t->dims[i] + at;
  }
  return true;
}

static const char *obstacle(ts_module *m, const ts_op *alloc, const ts_op **at) {
  const ts_value *buffer = ts_op_result(alloc, 0);
  const ts_type *t = buffer->type;
  int64_t element;
  if (ts_type_num_elements(t) <= 0) return "its size is not constant";
  for (const ts_use *u = buffer->uses; u; u = u->next) {
    const ts_op *op = *at = u->owner;
    ts_access a;
    if (op->opcode != TS_OP_LOAD && op->opcode != TS_OP_STORE)
      return "it is not only loaded and stored";
    if (op->has_mask) return "an access has a mask";
    if (!ts_access_parts(op, 0, &a) || a.type != ts_type_element(m, t))
      return "an access is not of one element";
    if (!element_of(op, t, &element)) return "a subscript is not constant";
    if (has_launch_between(op, alloc->block)) return "the threads of a launch share it";
  }
  *at = alloc;
  return NULL;
}

/* ---- taking it apart ---- */

static ts_value *element_buffer(ts_func *f, ts_op *alloc, int64_t element) {
  ts_module *m = f->module;
  const ts_value *whole = ts_op_result(alloc, 0);
  const ts_type *t = whole->type;
  ts_builder b = ts_builder_before(m, alloc);
  ts_extent one = 1;
  const ts_type *type = ts_type_memref(m, 1, &one, (ts_dtype)t->dtype, t->elem, TS_SPACE_LOCAL,
                                       TS_LAYOUT_ROWMAJOR, 0, NULL);
  ts_value *v = ts_build_alloc(&b, type);
  const char *suffix = "";
  for (unsigned i = t->rank; i-- > 0; element /= t->dims[i])
    suffix = ts_sprintf(&m->arena, ".%lld%s", (long long)(element % t->dims[i]), suffix);
  ts_set_name(v, ts_joined_name(m, whole->name ? ts_str_text(m, whole->name) : "t", suffix));
  return v;
}

static void add_piece(pieces *p, ts_value *memref) {
  p->memrefs[p->n++] = memref;
  ts_ptrmap_put(&p->index, memref, (void *)(uintptr_t)p->n);
}

/* Each element that is used into a buffer of its own; the elements in the order of the buffer. */
static void take_apart(pieces *p, ts_func *f, ts_op *alloc) {
  ts_value *whole = ts_op_result(alloc, 0);
  const ts_type *t = whole->type;
  TS_VEC(ts_op *) users = {0};
  for (const ts_use *u = whole->uses; u; u = u->next)
    ts_push(p->pass->scratch, &users, u->owner);
  p->memrefs = ts_new_array(p->pass->scratch, ts_value *, users.n + 1);
  if (ts_type_num_elements(t) == 1 && t->rank == 1) {
    add_piece(p, whole);
    return;
  }
  ts_ptrmap made;
  ts_ptrmap_init(&made, p->pass->scratch);
  const ts_aff *zero = ts_aff_const(p->m, 0);
  for (size_t i = users.n; i-- > 0;) {
    ts_op *op = users.at[i];
    int64_t element;
    if (!element_of(op, t, &element)) ts_unreachable("a constant subscript is none");
    void *key = (void *)(uintptr_t)(element + 1);
    ts_value *piece = ts_ptrmap_get(&made, key);
    if (!piece) {
      piece = element_buffer(f, alloc, element);
      ts_ptrmap_put(&made, key, piece);
      add_piece(p, piece);
    }
    ts_set_operand(op, op->opcode == TS_OP_STORE, piece);
    op->map = ts_map_get(p->m, 1, &zero);
  }
  ts_op_erase(alloc);
  p->pass->changed = true;
}

/* ---- what loops and branches do to them ---- */

static void note(ts_arena *scratch, ts_ptrmap *map, const ts_op *op, const ts_block *home,
                 unsigned piece) {
  for (const ts_op *up = op; up->block != home;) {
    up = up->block->parent;
    numbers *list = ts_ptrmap_get(map, up);
    if (!list) {
      list = ts_new(scratch, numbers);
      ts_ptrmap_put(map, up, list);
    }
    if (list->n && list->at[list->n - 1] == piece) continue;
    ts_push(scratch, list, piece);
  }
}

static void note_all(pieces *p) {
  ts_ptrmap_init(&p->changed_in, p->pass->scratch);
  ts_ptrmap_init(&p->read_in, p->pass->scratch);
  for (unsigned i = 0; i < p->n; i++)
    for (const ts_use *u = p->memrefs[i]->uses; u; u = u->next)
      note(p->pass->scratch, u->owner->opcode == TS_OP_STORE ? &p->changed_in : &p->read_in,
           u->owner, p->memrefs[i]->def->block, i);
}

static void *copy_state(const pieces *p, const void *state, size_t bytes) {
  void *copy = ts_arena_alloc(p->pass->scratch, p->n * bytes);
  return memcpy(copy, state, p->n * bytes);
}

/* ---- forward: known values ---- */

static void forward(pieces *p, ts_block *block, ts_value **known) {
  for (ts_op *op = block->first, *next; op; op = next) {
    next = op->next;
    unsigned piece = piece_of(p, op);
    if (piece && op->opcode == TS_OP_STORE) {
      known[piece - 1] = ts_operand(op, 0);
    } else if (piece && !known[piece - 1]) {
      known[piece - 1] = ts_op_result(op, 0);
    } else if (piece) {
      ts_builder b = ts_builder_before(p->m, op);
      known[piece - 1] = ts_replace_op(&b, op, known[piece - 1], false);
      p->forwarded++;
    }
    if (piece || !op->num_regions) continue;
    const numbers *changed = ts_ptrmap_get(&p->changed_in, op);
    bool loops =
        op->opcode != TS_OP_IF; /* a loop's body starts with what the iteration before left */
    for (size_t i = 0; loops && changed && i < changed->n; i++)
      known[changed->at[i]] = NULL;
    for (unsigned r = 0; r < op->num_regions; r++)
      if (changed || ts_ptrmap_get(&p->read_in, op))
        forward(p, ts_op_regions(op)[r], copy_state(p, known, sizeof *known));
    for (size_t i = 0; changed && i < changed->n; i++)
      known[changed->at[i]] = NULL;
  }
}

/* ---- backward: stores that nothing reads ---- */

static void backward(pieces *p, ts_block *block, bool *live);

static void backward_regions(pieces *p, ts_op *op, bool *live) {
  const numbers *read = ts_ptrmap_get(&p->read_in, op);
  if (!read && !ts_ptrmap_get(&p->changed_in, op)) return;
  bool *before = copy_state(p, live, sizeof *live);
  for (size_t i = 0; op->opcode != TS_OP_IF && read && i < read->n; i++)
    live[read->at[i]] = before[read->at[i]] = true; /* by the next iteration, or the first */
  if (op->opcode == TS_OP_IF) memset(before, 0, p->n * sizeof *before);
  for (unsigned r = 0; r < op->num_regions; r++) {
    bool *inside = copy_state(p, live, sizeof *live);
    backward(p, ts_op_regions(op)[r], inside);
    for (unsigned i = 0; i < p->n; i++)
      before[i] = before[i] || inside[i];
  }
  memcpy(live, before, p->n * sizeof *live);
}

static void backward(pieces *p, ts_block *block, bool *live) {
  for (ts_op *op = block->last, *prev; op; op = prev) {
    prev = op->prev;
    unsigned piece = piece_of(p, op);
    if (op->num_regions) backward_regions(p, op, live);
    if (!piece) continue;
    if (op->opcode == TS_OP_LOAD) {
      live[piece - 1] = true;
      continue;
    }
    bool needed = live[piece - 1];
    live[piece - 1] = false;
    if (needed) continue;
    ts_op_erase(op);
    p->dead++;
  }
}

/* ---- the whole ---- */

static unsigned drop_unused(pieces *p) {
  unsigned left = 0;
  for (unsigned i = 0; i < p->n; i++) {
    if (ts_has_uses(p->memrefs[i]))
      left++;
    else
      ts_op_erase(p->memrefs[i]->def);
  }
  return left;
}

const char *ts_promote_values(ts_pass_ctx *pass, ts_func *f, ts_op *alloc, const ts_op **at) {
  ts_module *m = f->module;
  const char *no = obstacle(m, alloc, at);
  if (no) return no;
  pieces p = {.pass = pass, .m = m};
  ts_block *home = alloc->block;
  ts_loc loc = alloc->loc;
  ts_str word = ts_op_result(alloc, 0)->name;
  const char *name =
      word ? ts_sprintf(&m->ctx->messages, "%%%s", ts_str_text(m, word)) : "a buffer";
  ts_ptrmap_init(&p.index, pass->scratch);
  take_apart(&p, f, alloc);
  note_all(&p);
  forward(&p, home, ts_new_array(pass->scratch, ts_value *, p.n + 1));
  note_all(&p);
  backward(&p, home, ts_new_array(pass->scratch, bool, p.n + 1));
  unsigned elements = p.n, left = drop_unused(&p);
  if (p.forwarded || p.dead || left < elements) pass->changed = true;
  ts_remark(m->ctx, loc, pass->name, left < elements || p.forwarded ? "passed" : "missed",
            "%s: %llu loads take what was stored before, %u of %u elements stay in memory%s", name,
            (unsigned long long)p.forwarded, left, elements,
            left ? ", carried by a loop or a branch" : "");
  ts_count(pass, "loads replaced by values", p.forwarded);
  ts_count(pass, "buffers and elements gone", elements - left);
  return NULL;
}
