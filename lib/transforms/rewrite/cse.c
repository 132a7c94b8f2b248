/* cse: an op that computes what an earlier one did goes, and its users take the earlier result.
 *
 * requires:  nothing; both levels.
 * preserves: every result to the last bit; loads, calls and all other ops with effects.
 * rewrite:   %a = add %x, %y … %b = add %y, %x … use(%b)  →  %a = add %x, %y … use(%a)
 *
 * An earlier op counts when it stands above in the same block or in one around it, so its result is
 * visible. Only pure ops take part, and those are compared by kind, operands (in either order where
 * the op commutes), map, attributes, types and regions.
 *
 * Every op is hashed once; what a block added to the table goes when the block ends. */
#include "transforms/rewrite/rewrite.h"

/* An op in the table. */
typedef struct entry {
  struct entry *next;
  uint64_t hash;
  ts_op *op;
} entry;

typedef struct cse {
  ts_pass_ctx *pass;
  entry **buckets;
  size_t num_buckets;   /* a power of two */
  TS_VEC(size_t) added; /* the bucket of each entry, in the order they were made */
} cse;

/* ---- hashing ---- */

static uint64_t mix(uint64_t h, uint64_t x) {
  h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ h >> 29;
}

static uint64_t mix_pointer(uint64_t h, const void *p) { return mix(h, (uint64_t)(uintptr_t)p); }

static uint64_t hash_data(uint64_t h, const ts_data *d) {
  if (d->form == TS_DATA_FILE) return ts_hash(d->path, strlen(d->path), h);
  return ts_hash(d->bytes, d->num_bytes, h);
}

static uint64_t hash_attr(uint64_t h, const ts_attr *a) {
  h = mix(h, a->key);
  switch (ts_attr_infos[a->key].kind) {
  case TS_AK_DTYPE: return mix(h, a->dtype);
  case TS_AK_ENUMS:
  case TS_AK_INTS: return ts_hash(a->ints, a->n * sizeof *a->ints, h);
  case TS_AK_FLOATS: return ts_hash(a->floats, a->n * sizeof *a->floats, h);
  case TS_AK_SYMBOL: return mix(h, a->word);
  case TS_AK_TYPE: return mix_pointer(h, a->type);
  case TS_AK_DATA: return hash_data(h, a->data);
  case TS_AK_UNIT: return h;
  case TS_AK_ENUM:
  case TS_AK_OPCODE:
  case TS_AK_INT:
  case TS_AK_FLOAT: return mix(h, (uint64_t)a->i);
  }
  ts_unreachable("an attribute of no kind");
}

/* The operands of a region's ops are left out: equal regions hold different values. */
static uint64_t hash_region(uint64_t h, const ts_block *block) {
  for (const ts_op *op = block->first; op; op = op->next) {
    h = mix(h, op->opcode);
    for (unsigned i = 0; i < op->num_attrs; i++)
      h = hash_attr(h, &op->attrs[i]);
    for (unsigned i = 0; i < op->num_regions; i++)
      h = hash_region(h, ts_op_regions(op)[i]);
  }
  return h;
}

static uint64_t hash_op(const ts_op *op) {
  uint64_t h = mix(op->opcode, op->num_operands);
  h = mix_pointer(h, op->map);
  unsigned i = 0;
  if (ts_has_flag(op, TS_FLAG_COMM)) {
    uint64_t a = mix_pointer(0, ts_operand(op, 0)), b = mix_pointer(0, ts_operand(op, 1));
    h = mix(h, a + b);
    i = 2;
  }
  for (; i < op->num_operands; i++)
    h = mix_pointer(h, ts_operand(op, i));
  for (i = 0; i < op->num_attrs; i++)
    h = hash_attr(h, &op->attrs[i]);
  for (i = 0; i < op->num_results; i++)
    h = mix_pointer(h, ts_op_result(op, i)->type);
  for (i = 0; i < op->num_regions; i++)
    h = hash_region(h, ts_op_regions(op)[i]);
  return h;
}

/* ---- comparing ---- */

static bool same_data(const ts_data *a, const ts_data *b) {
  if (a->form != b->form) return false;
  if (a->form == TS_DATA_FILE) return strcmp(a->path, b->path) == 0;
  return a->num_bytes == b->num_bytes && memcmp(a->bytes, b->bytes, a->num_bytes) == 0;
}

static bool same_list(const ts_attr *a, const ts_attr *b, const void *x, const void *y,
                      size_t each) {
  return a->n == b->n && (a->n == 0 || memcmp(x, y, a->n * each) == 0);
}

static bool same_attr(const ts_attr *a, const ts_attr *b) {
  if (a->key != b->key) return false;
  switch (ts_attr_infos[a->key].kind) {
  case TS_AK_DTYPE: return a->dtype == b->dtype;
  case TS_AK_ENUMS:
  case TS_AK_INTS: return same_list(a, b, a->ints, b->ints, sizeof *a->ints);
  case TS_AK_FLOATS: return same_list(a, b, a->floats, b->floats, sizeof *a->floats);
  case TS_AK_SYMBOL: return a->word == b->word;
  case TS_AK_TYPE: return a->type == b->type;
  case TS_AK_DATA: return same_data(a->data, b->data);
  case TS_AK_UNIT: return true;
  case TS_AK_ENUM:
  case TS_AK_OPCODE:
  case TS_AK_INT:
  case TS_AK_FLOAT: return a->i == b->i;
  }
  ts_unreachable("an attribute of no kind");
}

/* Corresponding values of two regions under comparison. */
static bool same_value(const ts_ptrmap *pairs, const ts_value *a, const ts_value *b) {
  if (a == b) return true;
  return pairs && ts_ptrmap_get(pairs, a) == b;
}

static bool same_operands(const ts_ptrmap *pairs, const ts_op *a, const ts_op *b) {
  unsigned i = 0;
  if (ts_has_flag(a, TS_FLAG_COMM)) {
    const ts_value *a0 = ts_operand(a, 0), *a1 = ts_operand(a, 1);
    const ts_value *b0 = ts_operand(b, 0), *b1 = ts_operand(b, 1);
    bool straight = same_value(pairs, a0, b0) && same_value(pairs, a1, b1);
    if (!straight && !(same_value(pairs, a0, b1) && same_value(pairs, a1, b0))) return false;
    i = 2;
  }
  for (; i < a->num_operands; i++)
    if (!same_value(pairs, ts_operand(a, i), ts_operand(b, i))) return false;
  return true;
}

static bool same_head(const ts_op *a, const ts_op *b) {
  if (a->opcode != b->opcode || a->num_operands != b->num_operands || a->map != b->map ||
      a->num_plain != b->num_plain || a->subscripted != b->subscripted ||
      a->has_mask != b->has_mask || a->num_attrs != b->num_attrs ||
      a->num_results != b->num_results || a->num_regions != b->num_regions)
    return false;
  for (unsigned i = 0; i < a->num_results; i++)
    if (ts_op_result(a, i)->type != ts_op_result(b, i)->type) return false;
  for (unsigned i = 0; i < a->num_attrs; i++)
    if (!same_attr(&a->attrs[i], &b->attrs[i])) return false;
  return true;
}

static bool same_region(ts_ptrmap *pairs, const ts_block *a, const ts_block *b);

static bool same_op(ts_ptrmap *pairs, const ts_op *a, const ts_op *b) {
  if (!same_head(a, b) || !same_operands(pairs, a, b)) return false;
  for (unsigned i = 0; i < a->num_regions; i++)
    if (!same_region(pairs, ts_op_regions(a)[i], ts_op_regions(b)[i])) return false;
  return true;
}

static bool same_region(ts_ptrmap *pairs, const ts_block *a, const ts_block *b) {
  if (a->num_args != b->num_args) return false;
  for (unsigned i = 0; i < a->num_args; i++) {
    if (a->args[i]->type != b->args[i]->type) return false;
    ts_ptrmap_put(pairs, a->args[i], b->args[i]);
  }
  const ts_op *x = a->first, *y = b->first;
  for (; x && y; x = x->next, y = y->next) {
    if (!same_op(pairs, x, y)) return false;
    for (unsigned i = 0; i < x->num_results; i++)
      ts_ptrmap_put(pairs, ts_op_result(x, i), ts_op_result(y, i));
  }
  return !x && !y;
}

static bool equal(cse *c, const ts_op *a, const ts_op *b) {
  if (a->num_regions == 0) return same_op(NULL, a, b);
  ts_ptrmap pairs;
  ts_ptrmap_init(&pairs, c->pass->scratch);
  return same_op(&pairs, a, b);
}

/* ---- the walk ---- */

static void count_op(void *count, ts_op *op) {
  (void)op;
  ++*(size_t *)count;
}

/* As many buckets as the largest function has ops, so chains stay short. */
static void make_table(cse *c, ts_module *m) {
  size_t most = 0;
  for (ts_func *f = m->first_func; f; f = f->next) {
    size_t n = 0;
    ts_walk(f->body, count_op, &n);
    most = ts_max(most, n);
  }
  c->num_buckets = 16;
  while (c->num_buckets < most)
    c->num_buckets *= 2;
  c->buckets = ts_new_array(c->pass->scratch, entry *, c->num_buckets);
}

/* An earlier op equal to `op`; else NULL, and `op` is in the table. */
static ts_op *find_or_add(cse *c, ts_op *op) {
  uint64_t hash = hash_op(op);
  size_t bucket = hash & (c->num_buckets - 1);
  for (entry *e = c->buckets[bucket]; e; e = e->next)
    if (e->hash == hash && equal(c, e->op, op)) return e->op;
  entry *e = ts_new(c->pass->scratch, entry);
  *e = (entry){.next = c->buckets[bucket], .hash = hash, .op = op};
  c->buckets[bucket] = e;
  ts_push(c->pass->scratch, &c->added, bucket);
  return NULL;
}

static void visit_op(cse *c, ts_op *op) {
  if (!ts_has_flag(op, TS_FLAG_PURE) || op->num_results == 0) return;
  ts_op *same = find_or_add(c, op);
  if (!same) return;
  for (unsigned i = 0; i < op->num_results; i++) {
    ts_take_name(ts_op_result(same, i), ts_op_result(op, i));
    ts_replace_all_uses(ts_op_result(op, i), ts_op_result(same, i));
  }
  ts_op_erase(op);
  c->pass->changed = true;
  ts_count(c->pass, "ops replaced by an equal one", 1);
}

static void visit_block(cse *c, ts_block *block) {
  size_t before = c->added.n;
  for (ts_op *op = block->first, *next; op; op = next) {
    next = op->next;
    for (unsigned i = 0; i < op->num_regions; i++)
      visit_block(c, ts_op_regions(op)[i]);
    visit_op(c, op);
  }
  while (c->added.n > before) {
    entry **bucket = &c->buckets[c->added.at[--c->added.n]];
    *bucket = (*bucket)->next;
  }
}

ts_result ts_pass_cse(ts_pass_ctx *pass, ts_module *m, const void *options) {
  (void)options;
  cse c = {.pass = pass};
  make_table(&c, m);
  for (ts_func *f = m->first_func; f; f = f->next)
    visit_block(&c, f->body);
  return TS_OK;
}
