/* The VM's compiler: what holds other ops. Loops, conditions, launches and calls. */
#include <inttypes.h>

#include "ir/scalar.h"
#include "engine/vm/code.h"

/* ---- levels ---- */

/* Opens the level inside the current one; its lists are kept from the last level of that depth. */
static ts_vm_level *open_level(ts_vmc *c, ts_vm_level_kind kind, const ts_op *op) {
  if (!c->levels[c->depth + 1]) c->levels[c->depth + 1] = ts_new(c->arena, ts_vm_level);
  ts_vm_level *l = c->levels[++c->depth];
  l->kind = kind;
  l->id = ++c->next_level;
  l->op = l->worst = op;
  l->pre.n = l->head.n = l->body.n = l->bumps.n = l->fence = 0;
  l->cost = l->worst_trip = 0;
  l->ifs = 0;
  return l;
}

static void append(ts_vmc *c, ts_vm_list *to, const ts_vm_list *from) {
  for (size_t i = 0; i < from->n; i++)
    ts_push(c->arena, to, from->at[i]);
}

/* ---- for ---- */

/* Largest of the lower or least of the upper bounds. */
static ts_linear bound_form(ts_vmc *c, const ts_op *op, const ts_aff *const *exprs, unsigned n,
                            bool lower) {
  ts_linear best = ts_vmc_form_of(c, op, exprs[0]);
  for (unsigned i = 1; i < n; i++) {
    ts_linear f = ts_vmc_form_of(c, op, exprs[i]);
    if (best.n == 0 && f.n == 0) {
      best.constant = lower ? ts_max(best.constant, f.constant) : ts_min(best.constant, f.constant);
      continue;
    }
    __int128 lo1 = ts_vmc_min(c, &best), hi1 = ts_vmc_max(c, &best), lo2 = ts_vmc_min(c, &f),
             hi2 = ts_vmc_max(c, &f);
    int32_t x = ts_vmc_whole(c, &best), y = ts_vmc_whole(c, &f), r = ts_vmc_slots(c, 1);
    ts_vmc_emit(c, lower ? TS_VM_OP_MAX_I : TS_VM_OP_MIN_I, r, x, y, 0, 0);
    __int128 lo = lower ? ts_max(lo1, lo2) : ts_min(lo1, lo2);
    __int128 hi = lower ? ts_max(hi1, hi2) : ts_min(hi1, hi2);
    best = ts_vmc_form_atom(c, ts_vmc_new_atom(c, r, c->depth,
                                               (int64_t)ts_max(lo, (__int128)INT64_MIN),
                                               (int64_t)ts_min(hi, (__int128)INT64_MAX)));
  }
  return best;
}

/* lo_i <= iv < hi_j for every bound that is not a constant. */
static void assume_bounds(ts_vmc *c, const ts_op *op, const ts_for *loop, int32_t iv) {
  ts_linear v = ts_vmc_form_atom(c, iv);
  for (unsigned i = 0; i < loop->num_lo + loop->num_hi; i++) {
    bool lower = i < loop->num_lo;
    ts_linear f = ts_vmc_form_of(c, op, lower ? loop->lo[i] : loop->hi[i - loop->num_lo]);
    if (f.n == 0) continue;
    ts_linear fact = lower ? f : v;
    ts_vmc_form_add(c, &fact, lower ? &v : &f, -1);
    fact.constant += lower ? 0 : 1;
    ts_vmc_assume(c, &fact);
  }
}

static int64_t clamp64(__int128 v) {
  return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

/* One multiply-add and nothing else: the whole loop becomes one instruction. */
static bool fuse_dot(ts_vm_level *l, int32_t counter) {
  ts_insn *m = l->body.at;
  if (l->body.n != 1 || m->op < TS_VM_OP_MAC_F32X || m->op > TS_VM_OP_MAC_I32 ||
      (m->op - TS_VM_OP_MAC_F32X) % 2 != 0 || m->lo != 0 || m->hi != 0 || m->b == m->c)
    return false;
  for (size_t i = 0; i < l->bumps.n; i++) {
    const ts_vm_bump *b = &l->bumps.at[i];
    if (b->step != (int32_t)b->step || (b->reg != m->b && b->reg != m->c)) return false;
  }
  for (size_t i = 0; i < l->bumps.n; i++)
    *(l->bumps.at[i].reg == m->b ? &m->lo : &m->hi) = (int32_t)l->bumps.at[i].step;
  m->op++;
  m->d = counter;
  return true;
}

/* Moves the registers on and goes back: as many of the bumps as fit ride on the jump. */
static void close_loop(ts_vmc *c, ts_vm_level *l, int32_t counter) {
  size_t n = l->bumps.n;
  const ts_vm_bump *b = l->bumps.at;
  bool small =
      n >= 2 && b[n - 1].step == (int32_t)b[n - 1].step && b[n - 2].step == (int32_t)b[n - 2].step;
  size_t riding = n == 0 ? 0 : small ? 2 : 1;
  for (size_t i = 0; i + riding < n; i++)
    ts_vmc_emit(c, TS_VM_OP_BUMP, b[i].reg, 0, 0, 0, b[i].step);
  ts_insn *insn = ts_vmc_emit(c, TS_VM_OP_LOOP + (ts_vm_opcode)riding, counter, 0, 0, 0, 0);
  insn->d = -(int32_t)(l->body.n - 1);
  if (riding == 1) {
    insn->b = b[n - 1].reg;
    insn->imm = b[n - 1].step;
  } else if (riding == 2) {
    insn->b = b[n - 2].reg;
    insn->lo = (int32_t)b[n - 2].step;
    insn->c = b[n - 1].reg;
    insn->hi = (int32_t)b[n - 1].step;
  }
}

typedef struct trip {
  bool constant;
  uint64_t n;      /* constant */
  int32_t counter; /* register */
} trip;

/* Fuel for a loop about to run. One with a constant trip count is paid for by the loop or the call
 * around it, so what cannot end within the fuel stops before it starts. */
static void charge_loop(ts_vmc *c, const ts_vm_level *l, const trip *t, ts_vm_list *entry) {
  ts_vm_level *outer = c->levels[c->depth];
  double cost = ts_max(l->cost, 1.0);
  bool paid_around =
      outer->kind == TS_VM_IN_LOOP || (outer->kind == TS_VM_IN_FUNC && c->code != c->prog->entry);
  if (t->constant && paid_around && outer->ifs == 0) {
    ts_vmc_add_cost(outer, (double)t->n * cost, l->worst, l->worst_trip);
    return;
  }
  ts_insn insn = {.op = TS_VM_OP_CHARGEN, .a = t->counter, .imm = ts_vmc_saturate(cost)};
  if (t->constant)
    insn = (ts_insn){.op = TS_VM_OP_CHARGE, .imm = ts_vmc_saturate((double)t->n * cost)};
  insn.site = ts_vmc_op_site(c, l->worst);
  ts_push(c->arena, entry, insn);
}

/* Puts entry code, preheader, body and back-edge after the code of the level around. */
static void place_loop(ts_vmc *c, ts_vm_level *l, const trip *t, uint32_t region) {
  ts_vm_list *to = &c->levels[c->depth]->body;
  charge_loop(c, l, t, to);
  if (t->constant)
    ts_push(c->arena, to, (ts_insn){.op = TS_VM_OP_LDI, .a = t->counter, .imm = (int64_t)t->n});
  if (c->prog->counting)
    ts_push(c->arena, to, (ts_insn){.op = TS_VM_OP_COUNTN, .a = t->counter, .b = (int32_t)region});
  size_t skip = to->n;
  if (!t->constant) ts_push(c->arena, to, (ts_insn){.op = TS_VM_OP_JZ, .a = t->counter});
  append(c, to, &l->pre);
  append(c, to, &l->body);
  if (!t->constant) to->at[skip].d = (int32_t)(to->n - skip);
  ts_vmc_fence(c);
}

static trip trip_count(ts_vmc *c, const ts_linear *lo, const ts_linear *hi, int64_t step) {
  trip t = {.counter = ts_vmc_slots(c, 1)};
  if (lo->n == 0 && hi->n == 0) {
    t.constant = true;
    t.n = ts_trip_count(lo->constant, hi->constant, step);
    return t;
  }
  int32_t x = ts_vmc_whole(c, lo), y = ts_vmc_whole(c, hi);
  ts_vmc_emit(c, TS_VM_OP_TRIP, t.counter, x, y, 0, step);
  return t;
}

/* Code that can be stopped looks whether it is to be, in every loop that may take longer than this. */
enum { POLL_COST = 1 << 20 };

static bool is_long(const ts_vm_level *l, const trip *t) {
  return !t->constant || (double)t->n * ts_max(l->cost, 1.0) > POLL_COST;
}

static void poll(ts_vmc *c, const ts_op *op) {
  ts_insn *insn = ts_vmc_emit(c, TS_VM_OP_POLL, 0, 0, 0, 0, 0);
  insn->site = ts_vmc_op_site(c, op);
}

void ts_vmc_for(ts_vmc *c, const ts_op *op) {
  ts_for loop = ts_for_parts(op);
  ts_linear lo = bound_form(c, op, loop.lo, loop.num_lo, true);
  ts_linear hi = bound_form(c, op, loop.hi, loop.num_hi, false);
  trip t = trip_count(c, &lo, &hi, loop.step);
  if (t.constant && t.n == 0) return;
  ts_vm_watch watch;
  ts_vmc_race_open(c, op, &watch);
  int64_t least = clamp64(ts_vmc_min(c, &lo)), most = clamp64(ts_vmc_max(c, &hi) - 1);
  if (t.constant) most = (int64_t)((uint64_t)lo.constant + (t.n - 1) * (uint64_t)loop.step);
  ts_vm_level *l = open_level(c, TS_VM_IN_LOOP, op);
  l->worst_trip = t.constant ? (double)t.n : 0;
  l->lo = lo;
  l->step = loop.step;
  l->iv = ts_vmc_new_atom(c, -1, c->depth, least, most);
  c->atoms.at[l->iv].inherent = true;
  ts_vmc_val(c, loop.iv)->atom = l->iv + 1;
  watch.iv = l->iv;
  size_t facts = c->facts.n;
  assume_bounds(c, op, &loop, l->iv);
  uint32_t region = c->region;
  if (c->prog->counting) ts_vmc_open_region(c);
  uint32_t own = c->region;
  ts_vmc_block(c, loop.body);
  ts_vmc_race_close(c, &watch);
  c->region = region;
  c->facts.n = facts;
  if (c->prog->stoppable && is_long(l, &t)) poll(c, op);
  if (!fuse_dot(l, t.counter)) close_loop(c, l, t.counter);
  c->depth--;
  place_loop(c, l, &t, own);
}

/* ---- if ---- */

static ts_vm_opcode jump_unless(ts_pred p) {
  static const ts_vm_opcode ops[] = {
      [TS_EQ] = TS_VM_OP_JN_EQ, [TS_NE] = TS_VM_OP_JN_NE, [TS_LT] = TS_VM_OP_JN_LT,
      [TS_LE] = TS_VM_OP_JN_LE, [TS_GT] = TS_VM_OP_JN_GT, [TS_GE] = TS_VM_OP_JN_GE};
  return ops[p];
}

/* diff PRED 0 as facts. */
static void assume_condition(ts_vmc *c, const ts_linear *diff, ts_pred pred) {
  ts_linear f = *diff, negative = {0};
  ts_vmc_form_add(c, &negative, diff, -1);
  f.constant += pred == TS_LT;
  negative.constant += pred == TS_GT;
  if (pred == TS_LT || pred == TS_LE || pred == TS_EQ) ts_vmc_assume(c, &f);
  if (pred == TS_GT || pred == TS_GE || pred == TS_EQ) ts_vmc_assume(c, &negative);
}

static ts_pred opposite(ts_pred p) {
  static const ts_pred of[] = {[TS_EQ] = TS_NE, [TS_NE] = TS_EQ, [TS_LT] = TS_GE,
                               [TS_LE] = TS_GT, [TS_GT] = TS_LE, [TS_GE] = TS_LT};
  return of[p];
}

static void branch(ts_vmc *c, const ts_block *block) {
  uint32_t region = c->region;
  if (c->prog->counting) {
    ts_vmc_open_region(c);
    ts_vmc_emit(c, TS_VM_OP_COUNT, 0, (int32_t)c->region, 0, 0, 0);
  }
  ts_vmc_fence(c);
  ts_vmc_block(c, block);
  c->region = region;
}

/* Emits the tests; notes which instructions jump to the else side. */
static void conditions(ts_vmc *c, const ts_op *op, const ts_if *parts, ts_linear *diffs,
                       size_t *jumps) {
  for (unsigned i = 0; i < parts->n; i++) {
    diffs[i] = ts_vmc_form_of(c, op, parts->sides[2 * i]);
    ts_linear rhs = ts_vmc_form_of(c, op, parts->sides[2 * i + 1]);
    ts_vmc_form_add(c, &diffs[i], &rhs, -1);
    ts_linear whole = diffs[i];
    int64_t limit = 0;
    if (whole.n > 0 && whole.constant != INT64_MIN) {
      limit = -whole.constant;
      whole.constant = 0;
    }
    int32_t r = ts_vmc_whole(c, &whole);
    jumps[i] = c->levels[c->depth]->body.n;
    ts_vmc_emit(c, jump_unless((ts_pred)parts->preds[i]), r, 0, 0, 0, limit);
  }
}

static void patch(ts_vmc *c, size_t at) {
  ts_vm_list *body = &c->levels[c->depth]->body;
  body->at[at].d = (int32_t)(body->n - at);
}

static int64_t extent_value(void *bindings, ts_str name) {
  return ts_binding_value(bindings, name);
}

/* The block that is run, where the extents alone decide it, which are known. */
static bool is_decided(ts_vmc *c, const ts_op *op, const ts_if *parts, const ts_block **block) {
  int64_t a, b;
  bool holds = true;
  if (parts->n == 0 || ts_num_dims(op)) return false;
  for (unsigned i = 0; i < parts->n; i++) {
    if (!ts_aff_eval(parts->sides[2 * i], NULL, extent_value, &c->code->bindings, &a) ||
        !ts_aff_eval(parts->sides[2 * i + 1], NULL, extent_value, &c->code->bindings, &b))
      return false;
    holds = holds && ts_eval_cmp_int((ts_pred)parts->preds[i], a, b);
  }
  *block = holds ? parts->then_block : parts->else_block;
  return true;
}

void ts_vmc_if(ts_vmc *c, const ts_op *op) {
  ts_if parts = ts_if_parts(op);
  const ts_block *only;
  if (is_decided(c, op, &parts, &only)) {
    if (only) ts_vmc_block(c, only);
    return;
  }
  ts_vm_level *level = c->levels[c->depth];
  unsigned n = ts_max(parts.n, 1u);
  size_t *jumps = ts_new_array(c->arena, size_t, n), facts = c->facts.n;
  ts_linear *diffs = ts_new_array(c->arena, ts_linear, n);
  if (parts.n > 0)
    conditions(c, op, &parts, diffs, jumps);
  else {
    int32_t r = ts_vmc_use(c, parts.flag);
    jumps[0] = level->body.n;
    ts_vmc_emit(c, TS_VM_OP_JZ, r, 0, 0, 0, 0);
  }
  for (unsigned i = 0; i < parts.n; i++)
    assume_condition(c, &diffs[i], (ts_pred)parts.preds[i]);
  level->ifs++;
  branch(c, parts.then_block);
  c->facts.n = facts;
  size_t over = level->body.n;
  bool has_else = parts.else_block && parts.else_block->first;
  if (has_else) ts_vmc_emit(c, TS_VM_OP_JMP, 0, 0, 0, 0, 0);
  for (unsigned i = 0; i < n; i++)
    patch(c, jumps[i]);
  if (has_else) {
    if (parts.n == 1) assume_condition(c, &diffs[0], opposite((ts_pred)parts.preds[0]));
    branch(c, parts.else_block);
    c->facts.n = facts;
    patch(c, over);
  }
  level->ifs--;
  ts_vmc_fence(c);
}

/* ---- launch ---- */

static void find_barrier(void *found, ts_op *op) {
  if (op->opcode == TS_OP_BARRIER) *(bool *)found = true;
}

/* The record of a launch: extents to registers, one register an index. */
static ts_vm_launch *new_launch(ts_vmc *c, const ts_op *op, const ts_launch *parts) {
  ts_arena *arena = &c->prog->arena;
  ts_vm_launch *l = ts_new(arena, ts_vm_launch);
  int32_t *extents = ts_new_array(arena, int32_t, parts->n),
          *ids = ts_new_array(arena, int32_t, parts->n);
  bool *is_thread = ts_new_array(arena, bool, parts->n);
  for (unsigned i = 0; i < parts->n; i++) {
    ts_linear f = ts_vmc_form_of(c, op, parts->extents[i]);
    extents[i] = ts_vmc_whole(c, &f);
    ids[i] = ts_vmc_slots(c, 1);
    is_thread[i] = parts->clauses[i] == TS_CLAUSE_THREADS;
    int64_t most = clamp64(ts_vmc_max(c, &f) - 1);
    int32_t atom = ts_vmc_new_atom(c, ids[i], c->depth + 1, 0, most);
    c->atoms.at[atom].inherent = true;
    ts_vm_val *val = ts_vmc_val(c, parts->body->args[i]);
    val->atom = atom + 1;
    val->reg = ids[i];
  }
  *l = (ts_vm_launch){
      .op = op, .n = parts->n, .is_thread = is_thread, .extents = extents, .ids = ids};
  ts_walk(parts->body, find_barrier, &l->barriers);
  return l;
}

void ts_vmc_launch_op(ts_vmc *c, const ts_op *op) {
  ts_launch parts = ts_launch_parts(op);
  ts_vm_launch *launch = new_launch(c, op, &parts);
  /* Private memory of one thread, then a block's shared memory, lie in the frame after one another;
   * threads with frames of their own get copies of the first part. */
  int64_t mem = c->mem_at, peak = c->mem_peak;
  launch->private_begin = c->mem_at = c->mem_peak = ts_vmc_aligned(mem);
  c->shared_at = c->shared_peak = 0;
  c->shared_shadows.n = 0;
  c->launch = launch;
  ts_vm_level *l = open_level(c, TS_VM_IN_LAUNCH, op);
  uint32_t region = c->region;
  if (c->prog->counting) {
    ts_vmc_open_region(c);
    ts_vmc_emit(c, TS_VM_OP_COUNT, 0, (int32_t)c->region, 0, 0, 0);
  }
  ts_vmc_block(c, parts.body);
  ts_vmc_emit(c, TS_VM_OP_RET, 0, 0, 0, 0, 0);
  c->region = region;
  c->launch = NULL;
  c->depth--;
  launch->cost = ts_vmc_saturate(ts_max(l->cost, 1.0));
  launch->shared_begin = ts_vmc_aligned(c->mem_peak);
  launch->num_shadows = (unsigned)c->shared_shadows.n;
  launch->shadows = ts_new_array(&c->prog->arena, ts_vm_range, c->shared_shadows.n + 1);
  for (size_t i = 0; i < c->shared_shadows.n; i++)
    launch->shadows[i] = c->shared_shadows.at[i];
  c->mem_peak = ts_max(peak, launch->shared_begin + c->shared_peak);
  c->mem_at = mem;
  ts_vm_list *to = &c->levels[c->depth]->body;
  append(c, to, &l->pre);
  size_t at = to->n;
  ts_push(&c->prog->arena, &c->code->launches, launch);
  ts_vmc_emit(c, TS_VM_OP_LAUNCH, (int32_t)c->code->launches.n - 1, 0, 0, 0, 0)->site =
      ts_vmc_op_site(c, op);
  append(c, to, &l->head);
  append(c, to, &l->body);
  patch(c, at);
  ts_vmc_fence(c);
}

/* ---- call ---- */

/* Binds one extent of a callee's parameter; false on a clash with what another argument bound. */
static bool bind_extent(ts_bindings *b, ts_str name, int64_t value) {
  for (unsigned i = 0; i < b->n; i++)
    if (b->at[i].name == name) return b->at[i].value == value;
  b->at[b->n].name = name;
  b->at[b->n].who = "the caller";
  b->at[b->n++].value = value;
  return true;
}

static bool bind_call(ts_vmc *c, const ts_op *op, const ts_func *callee, ts_bindings *out) {
  unsigned room = 0;
  for (unsigned i = 0; i < op->num_plain; i++)
    room += ts_operand(op, i)->type->rank;
  out->n = 0;
  out->at = ts_new_array(&c->prog->arena, struct ts_binding, room + 1);
  for (unsigned i = 0; i < op->num_plain; i++) {
    const ts_type *want = callee->body->args[i]->type;
    const ts_vm_buffer *b = ts_vmc_buffer(c, ts_operand(op, i));
    for (unsigned d = 0; d < want->rank; d++) {
      bool ok = ts_is_symbolic(want->dims[d])
                    ? bind_extent(out, ts_extent_name(want->dims[d]), b->dims[d])
                    : want->dims[d] == b->dims[d];
      if (ok) continue;
      (void)ts_error(c->ctx, op->loc,
                     "dimension %u of argument %u of the call to @%s is %" PRId64
                     ", which does not fit the other extents there",
                     d, i + 1, ts_str_text(c->module, callee->name), b->dims[d]);
      c->result = TS_ERR;
      return false;
    }
  }
  return true;
}

static int32_t address_of(ts_vmc *c, int32_t atom) { return c->atoms.at[atom - 1].reg; }

/* The addresses of the buffers and of the shadows that the callee asks for. */
static void pass_arguments(ts_vmc *c, const ts_op *op, ts_vm_call *call) {
  const ts_vm_code *callee = call->callee;
  call->moves = ts_arena_alloc(&c->prog->arena, (2u * op->num_plain + 1) * sizeof *call->moves);
  for (unsigned i = 0; i < op->num_plain; i++) {
    const ts_vm_buffer *b = ts_vmc_buffer(c, ts_operand(op, i));
    call->moves[call->n][0] = address_of(c, b->atom);
    call->moves[call->n++][1] = callee->param_regs[i];
    if (!callee->shadow_regs[i]) continue;
    call->moves[call->n][0] = address_of(c, b->shadow_atom);
    call->moves[call->n++][1] = callee->shadow_regs[i];
  }
}

void ts_vmc_call(ts_vmc *c, const ts_op *op) {
  const ts_attr *name = ts_attr_find(op, TS_ATTR_CALLEE);
  const ts_func *callee = ts_func_find(c->module, name->word);
  ts_vm_call *call = ts_new(&c->prog->arena, ts_vm_call);
  ts_bindings bindings;
  ts_vm_state none[1];
  const ts_vm_state *states = ts_vmc_op(c, op)->states ? ts_vmc_op(c, op)->states : none;
  if (!bind_call(c, op, callee, &bindings)) return;
  ts_result r = ts_vm_compile(c->prog, callee, &bindings, states, &call->callee);
  if (r != TS_OK) {
    c->result = r;
    return;
  }
  ts_vmc_race_call(c, op, callee);
  pass_arguments(c, op, call);
  ts_vmc_add_cost(c->levels[c->depth], call->callee->cost, call->callee->worst,
                  call->callee->worst_trip);
  ts_push(&c->prog->arena, &c->code->calls, call);
  ts_vmc_emit(c, TS_VM_OP_CALL, (int32_t)c->code->calls.n - 1, 0, 0, 0, 0);
  ts_vmc_fence(c);
}
