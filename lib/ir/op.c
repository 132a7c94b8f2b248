/* Ops: making, linking, editing, walking, and the parts of the structured ones. */
#include "ir/ir.h"

/* ---- use lists ---- */

static void use_add(ts_use *use, ts_value *value) {
  use->value = value;
  if (!value) return;
  use->next = value->uses;
  use->prev = &value->uses;
  if (value->uses) value->uses->prev = &use->next;
  value->uses = use;
}

static void use_drop(ts_use *use) {
  if (!use->value) return;
  *use->prev = use->next;
  if (use->next) use->next->prev = use->prev;
  use->value = NULL;
}

void ts_set_operand(ts_op *op, unsigned i, ts_value *value) {
  ts_changed_op(op);
  use_drop(&op->operands[i]);
  use_add(&op->operands[i], value);
}

void ts_replace_all_uses(ts_value *from, ts_value *to) {
  if (from == to) return;
  while (from->uses) {
    ts_use *use = from->uses;
    use_drop(use);
    use_add(use, to);
    ts_changed_op(use->owner);
  }
}

static void touch_value(ts_value *v) {
  ts_op *op = v->kind == TS_VALUE_RESULT ? v->def
              : v->kind == TS_VALUE_ARG  ? v->block->parent
                                         : NULL;
  if (op)
    ts_changed_op(op);
  else if (v->kind == TS_VALUE_ARG && v->block->func)
    ts_changed_func(v->block->func);
}

void ts_set_name(ts_value *v, ts_str name) {
  touch_value(v);
  v->name = name;
}

void ts_set_type(ts_value *v, const ts_type *type) {
  touch_value(v);
  for (ts_use *u = v->uses; u; u = u->next)
    ts_changed_op(u->owner);
  v->type = type;
}

/* ---- making and unmaking ---- */

static void set_operands(ts_op *op, unsigned at, unsigned n, ts_value *const *values) {
  for (unsigned i = 0; i < n; i++) {
    op->operands[at + i].owner = op;
    use_add(&op->operands[at + i], values[i]);
  }
}

ts_op *ts_op_create(ts_module *m, ts_opcode opcode, ts_loc loc, unsigned num_plain,
                    ts_value *const *plain, unsigned num_dims, ts_value *const *dims,
                    unsigned num_results, const ts_type *const *types, unsigned num_regions) {
  unsigned n = num_plain + num_dims;
  size_t head = sizeof(ts_op) + num_results * sizeof(ts_value) + num_regions * sizeof(ts_block *);
  ts_op *op = ts_arena_alloc(&m->arena, head + n * sizeof(ts_use));
  op->opcode = (uint16_t)opcode;
  op->loc = loc;
  op->num_results = (uint16_t)num_results;
  op->num_operands = (uint16_t)n;
  op->num_plain = (uint16_t)num_plain;
  op->num_regions = (uint8_t)num_regions;
  op->operands = (ts_use *)((char *)op + head);
  set_operands(op, 0, num_plain, plain);
  set_operands(op, num_plain, num_dims, dims);
  for (unsigned i = 0; i < num_results; i++)
    *ts_op_result(op, i) = (ts_value){
        .type = types ? types[i] : NULL, .def = op, .index = (uint16_t)i, .kind = TS_VALUE_RESULT};
  for (unsigned i = 0; i < num_regions; i++) {
    ts_op_regions(op)[i] = ts_new(&m->arena, ts_block);
    ts_op_regions(op)[i]->parent = op;
    ts_op_regions(op)[i]->end = loc;
  }
  return op;
}

void ts_op_set_map(ts_module *m, ts_op *op, const ts_map *map, unsigned num_dims,
                   ts_value *const *dims) {
  unsigned n = op->num_plain + num_dims;
  if (n > TS_MAX_OPERANDS) ts_unreachable("too many operands");
  ts_changed_op(op);
  ts_use *operands = ts_new_array(&m->arena, ts_use, n ? n : 1);
  ts_use *old = op->operands;
  unsigned num_old = op->num_operands;
  op->operands = operands;
  op->num_operands = (uint16_t)n;
  op->map = map;
  for (unsigned i = 0; i < op->num_plain; i++)
    set_operands(op, i, 1, &old[i].value);
  set_operands(op, op->num_plain, num_dims, dims);
  for (unsigned i = 0; i < num_old; i++)
    use_drop(&old[i]);
}

static void set_func(ts_block *block, ts_func *func) {
  if (block->func == func) return;
  block->func = func;
  for (ts_op *op = block->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_regions; i++)
      set_func(ts_op_regions(op)[i], func);
}

void ts_op_insert(ts_builder *b, ts_op *op) {
  op->block = b->block;
  op->next = b->before;
  op->prev = b->before ? b->before->prev : b->block->last;
  if (op->prev)
    op->prev->next = op;
  else
    b->block->first = op;
  if (op->next)
    op->next->prev = op;
  else
    b->block->last = op;
  for (unsigned i = 0; i < op->num_regions; i++)
    set_func(ts_op_regions(op)[i], b->block->func);
  ts_changed_op(op);
}

void ts_op_unlink(ts_op *op) {
  if (!op->block) return;
  ts_changed_op(op);
  if (op->prev)
    op->prev->next = op->next;
  else
    op->block->first = op->next;
  if (op->next)
    op->next->prev = op->prev;
  else
    op->block->last = op->prev;
  op->prev = op->next = NULL;
  op->block = NULL;
}

void ts_op_move_before(ts_op *op, ts_op *before) {
  ts_builder b = {.block = before->block, .before = before};
  ts_op_unlink(op);
  ts_op_insert(&b, op);
}

static void drop_operands(void *unused, ts_op *op) {
  (void)unused;
  ts_comments_hand_on(op);
  for (unsigned i = 0; i < op->num_operands; i++)
    use_drop(&op->operands[i]);
}

void ts_op_erase(ts_op *op) {
  drop_operands(NULL, op);
  for (unsigned i = 0; i < op->num_regions; i++)
    ts_walk(ts_op_regions(op)[i], drop_operands, NULL);
  ts_op_unlink(op);
}

static ts_value *mapped(const ts_ptrmap *map, ts_value *v) {
  ts_value *to = map ? ts_ptrmap_get(map, v) : NULL;
  return to ? to : v;
}

static void clone_block(ts_module *m, const ts_block *from, ts_block *to, ts_ptrmap *map) {
  to->end = from->end;
  for (unsigned i = 0; i < from->num_args; i++) {
    ts_value *arg = ts_block_add_arg(m, to, from->args[i]->type, from->args[i]->name);
    ts_ptrmap_put(map, from->args[i], arg);
  }
  ts_builder b = ts_builder_at_end(m, to, from->end);
  for (const ts_op *op = from->first; op; op = op->next)
    ts_op_insert(&b, ts_op_clone(m, op, map));
}

ts_op *ts_op_clone(ts_module *m, const ts_op *op, ts_ptrmap *map) {
  ts_op *copy = ts_op_create(m, op->opcode, op->loc, 0, NULL, 0, NULL, op->num_results, NULL,
                             op->num_regions);
  copy->operands = ts_new_array(&m->arena, ts_use, op->num_operands ? op->num_operands : 1);
  copy->num_operands = op->num_operands;
  copy->num_plain = op->num_plain;
  for (unsigned i = 0; i < op->num_operands; i++) {
    ts_value *v = mapped(map, ts_operand(op, i));
    set_operands(copy, i, 1, &v);
  }
  copy->attrs = op->attrs;
  copy->num_attrs = op->num_attrs;
  copy->map = op->map;
  copy->subscripted = op->subscripted;
  copy->has_mask = op->has_mask;
  ts_comments_copied(m, op, copy);
  for (unsigned i = 0; i < op->num_results; i++) {
    ts_op_result(copy, i)->type = ts_op_result(op, i)->type;
    ts_op_result(copy, i)->name = ts_op_result(op, i)->name;
    ts_ptrmap_put(map, ts_op_result(op, i), ts_op_result(copy, i));
  }
  for (unsigned i = 0; i < op->num_regions; i++)
    clone_block(m, ts_op_regions(op)[i], ts_op_regions(copy)[i], map);
  return copy;
}

ts_block *ts_func_copy_body(ts_func *f) {
  ts_arena scratch;
  ts_ptrmap map;
  ts_arena_init(&scratch, &f->module->ctx->memory);
  ts_ptrmap_init(&map, &scratch);
  ts_block *copy = ts_new(&f->module->arena, ts_block);
  copy->func = f;
  clone_block(f->module, f->body, copy, &map);
  ts_arena_drop(&scratch);
  return copy;
}

ts_value *ts_block_add_arg(ts_module *m, ts_block *block, const ts_type *type, ts_str name) {
  uint32_t n = block->num_args;
  if (block->parent) ts_changed_op(block->parent);
  if ((n & (n - 1)) == 0) { /* full at each power of two */
    ts_value **args = ts_new_array(&m->arena, ts_value *, n ? 2 * n : 1);
    if (n) memcpy(args, block->args, n * sizeof *args);
    block->args = args;
  }
  ts_value *arg = ts_new(&m->arena, ts_value);
  *arg = (ts_value){
      .type = type, .block = block, .name = name, .index = (uint16_t)n, .kind = TS_VALUE_ARG};
  block->args[block->num_args++] = arg;
  return arg;
}

/* ---- attributes ---- */

const ts_attr *ts_attr_find(const ts_op *op, ts_attr_key key) {
  for (unsigned i = 0; i < op->num_attrs; i++)
    if (op->attrs[i].key == key) return &op->attrs[i];
  return NULL;
}

void ts_attr_remove(ts_module *m, ts_op *op, ts_attr_key key) {
  if (!ts_attr_find(op, key)) return;
  ts_changed_op(op);
  ts_attr *attrs = ts_new_array(&m->arena, ts_attr, op->num_attrs);
  unsigned n = 0;
  for (unsigned i = 0; i < op->num_attrs; i++)
    if (op->attrs[i].key != key) attrs[n++] = op->attrs[i];
  op->attrs = attrs;
  op->num_attrs = (uint8_t)n;
}

void ts_attr_set(ts_module *m, ts_op *op, ts_attr attr) {
  ts_changed_op(op);
  ts_attr *attrs = ts_new_array(&m->arena, ts_attr, op->num_attrs + 1);
  unsigned n = 0, i = 0;
  while (i < op->num_attrs && op->attrs[i].key < attr.key)
    attrs[n++] = op->attrs[i++];
  attrs[n++] = attr;
  if (i < op->num_attrs && op->attrs[i].key == attr.key) i++;
  while (i < op->num_attrs)
    attrs[n++] = op->attrs[i++];
  op->attrs = attrs;
  op->num_attrs = (uint8_t)n;
}

void ts_attr_set_int(ts_module *m, ts_op *op, ts_attr_key key, int64_t i) {
  ts_attr_set(m, op, (ts_attr){.key = key, .i = i});
}

void ts_attr_set_unit(ts_module *m, ts_op *op, ts_attr_key key) {
  ts_attr_set(m, op, (ts_attr){.key = key});
}

void ts_attr_set_dtype(ts_module *m, ts_op *op, ts_attr_key key, ts_dtype d) {
  ts_attr_set(m, op, (ts_attr){.key = key, .dtype = d});
}

void ts_attr_set_ints(ts_module *m, ts_op *op, ts_attr_key key, unsigned n, const int64_t *ints) {
  int64_t *copy = ts_new_array(&m->arena, int64_t, n ? n : 1);
  if (n) memcpy(copy, ints, n * sizeof *copy);
  ts_attr_set(m, op, (ts_attr){.key = key, .n = n, .ints = copy});
}

void ts_attr_set_data(ts_module *m, ts_op *op, ts_attr_key key, const ts_data *data) {
  ts_attr_set(m, op, (ts_attr){.key = key, .data = data});
}

int64_t ts_attr_int(const ts_op *op, ts_attr_key key, int64_t otherwise) {
  const ts_attr *a = ts_attr_find(op, key);
  return a ? a->i : otherwise;
}

double ts_attr_float(const ts_op *op, ts_attr_key key, double otherwise) {
  const ts_attr *a = ts_attr_find(op, key);
  return a ? a->f : otherwise;
}

/* ---- parts ---- */

ts_for ts_for_parts(const ts_op *op) {
  unsigned num_lo = (unsigned)ts_attr_int(op, TS_ATTR_NUM_LO, 1);
  return (ts_for){.num_lo = num_lo,
                  .num_hi = op->map->n - num_lo,
                  .lo = op->map->exprs,
                  .hi = op->map->exprs + num_lo,
                  .step = ts_attr_int(op, TS_ATTR_STEP, 1),
                  .iv = ts_op_regions(op)[0]->args[0],
                  .body = ts_op_regions(op)[0]};
}

ts_pred ts_op_pred(const ts_op *op) { return (ts_pred)ts_attr_int(op, TS_ATTR_PRED, TS_EQ); }

bool ts_is_tanh_form(const ts_op *op) {
  return ts_attr_int(op, TS_ATTR_APPROX, TS_APPROX_NONE) == TS_APPROX_TANH;
}

ts_opcode ts_op_activation(const ts_op *op) {
  return (ts_opcode)ts_attr_int(op, TS_ATTR_ACT, TS_NUM_OPCODES);
}

ts_launch ts_launch_parts(const ts_op *op) {
  const ts_attr *dims = ts_attr_find(op, TS_ATTR_DIMS);
  return (ts_launch){.n = op->map->n,
                     .extents = op->map->exprs,
                     .clauses = dims->ints,
                     .body = ts_op_regions(op)[0]};
}

ts_if ts_if_parts(const ts_op *op) {
  const ts_attr *p = ts_attr_find(op, TS_ATTR_PREDS);
  return (ts_if){.n = p ? p->n : 0,
                 .sides = p ? op->map->exprs : NULL,
                 .preds = p ? p->ints : NULL,
                 .flag = p ? NULL : ts_operand(op, 0),
                 .then_block = ts_op_regions(op)[0],
                 .else_block = ts_op_regions(op)[1]};
}

ts_effect ts_op_effect(const ts_op *op, unsigned i) {
  const ts_op_info *info = ts_info(op);
  if (info->class != TS_OC_MEMORY) return (ts_effect){.reads = true, .writes = true};
  return (ts_effect){.reads = info->reads >> i & 1, .writes = info->writes >> i & 1};
}

ts_effect ts_use_effect(const ts_use *u) {
  return ts_op_effect(u->owner, (unsigned)(u - u->owner->operands));
}

/* What moves: the result of an op that has one, else the value beside the memrefs, else elements. */
static const ts_type *moved_type(const ts_op *op, const ts_value *memref) {
  const ts_op_info *info = ts_info(op);
  if (op->num_results) return ts_op_result(op, 0)->type;
  if (!((info->reads | info->writes) & 1)) return ts_operand(op, 0)->type;
  return ts_type_element(op->block->func->module, memref->type);
}

bool ts_has_dim(const ts_op *op, const ts_value *v) {
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    if (ts_dim(op, i) == v) return true;
  return false;
}

bool ts_same_subscripts(const ts_op *a, const ts_op *b) {
  if (a->map != b->map || ts_num_dims(a) != ts_num_dims(b)) return false;
  for (unsigned i = 0; i < ts_num_dims(a); i++)
    if (ts_dim(a, i) != ts_dim(b, i)) return false;
  return true;
}

bool ts_access_parts(const ts_op *op, unsigned i, ts_access *out) {
  const ts_op_info *info = ts_info(op);
  unsigned at = 0, seen = 0;
  if (!(info->reads | info->writes)) return false;
  for (unsigned k = 0; k < op->num_plain; k++) {
    if (k >= 8 || !(op->subscripted >> k & 1)) continue;
    ts_value *memref = ts_operand(op, k);
    if (seen++ < i) {
      at += memref->type->rank;
      continue;
    }
    *out = (ts_access){.memref = memref,
                       .n = memref->type->rank,
                       .subscripts = op->map->exprs + at,
                       .reads = info->reads >> k & 1,
                       .writes = info->writes >> k & 1,
                       .type = moved_type(op, memref)};
    return true;
  }
  return false;
}

/* ---- places ---- */

ts_builder ts_builder_at_end(ts_module *m, ts_block *block, ts_loc loc) {
  return (ts_builder){.module = m, .block = block, .loc = loc};
}

ts_builder ts_builder_before(ts_module *m, ts_op *op) {
  return (ts_builder){.module = m, .block = op->block, .before = op, .loc = op->loc};
}

ts_builder ts_builder_after(ts_module *m, ts_op *op) {
  return (ts_builder){.module = m, .block = op->block, .before = op->next, .loc = op->loc};
}

/* ---- walking ---- */

void ts_walk(ts_block *block, void (*fn)(void *, ts_op *), void *arg) {
  for (ts_op *op = block->first, *next; op; op = next) {
    unsigned regions = op->num_regions;
    next = op->next;
    fn(arg, op);
    for (unsigned i = 0; i < regions; i++)
      ts_walk(ts_op_regions(op)[i], fn, arg);
  }
}

void ts_walk_post(ts_block *block, void (*fn)(void *, ts_op *), void *arg) {
  for (ts_op *op = block->first, *next; op; op = next) {
    next = op->next;
    for (unsigned i = 0; i < op->num_regions; i++)
      ts_walk_post(ts_op_regions(op)[i], fn, arg);
    fn(arg, op);
  }
}

bool ts_is_ancestor(const ts_block *block, const ts_op *op) {
  for (const ts_block *b = op->block; b; b = b->parent ? b->parent->block : NULL)
    if (b == block) return true;
  return false;
}
