/* distribute: the ops of a nest's body get nests of their own.
 *
 * requires:  a perfect nest whose innermost body holds a loop, one lower bound a loop; no access of an
 *            earlier piece may depend on a later piece's of an earlier iteration
 *            (analysis/dependence.h).
 * preserves: every bit.
 * rewrite:   for %i {                               %acc = alloc : memref<6xf32, local>
 *              %acc = alloc : memref<1xf32, local>  for %i.pre { store 0.0, %acc[%i.pre] }
 *              store 0.0, %acc[0]                   for %i { for %k { … %acc[%i] … } }
 *              for %k { … %acc[0] … }            →  for %i.post {
 *              %s = load %acc[0]                      %s = load %acc[%i.post]
 *              store %s, %Y[%i]                       store %s, %Y[%i.post]
 *            }                                      }
 *
 * A piece is a loop, or a run of other ops between loops. What one iteration of the nest hands from
 * piece to piece is kept for all of them: a buffer grows by the loops' extents; a scalar is
 * computed again where that is cheap (`is_cheap`), else stored in a buffer. */
#include "analysis/poly/dependence.h"
#include "analysis/poly/facts.h"
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

enum { LOCAL_BYTES = 64 << 10 }; /* larger buffers are not local: they would fill the stack */

/* A body-level op's tag: its piece + 1; FLOATING: copied to where it is wanted. */
enum { FLOATING = 0 };

typedef struct distributor {
  ts_schedule *s;
  ts_module *m;
  ts_arena *scratch;
  unsigned n;
  ts_op *const *loops;
  ts_block *body;
  ts_ptrmap written; /* buffers that the nest writes to */
  ts_ptrmap cheap;   /* ops that may be computed again */
  unsigned num_pieces, main;
  ts_op **firsts;           /* of each piece */
  TS_VEC(ts_op *) grown;    /* allocs that more than one piece, or a loop, uses */
  TS_VEC(ts_op *) kept;     /* allocs that go with their piece */
  TS_VEC(ts_op *) crossing; /* ops whose results are to be stored */
  ts_extent extents[TS_MAX_RANK];
  ts_ptrmap places; /* block inside a piece → its first op, before which copies go */
} distributor;

/* ---- pieces ---- */

static void note_written(void *arg, ts_op *op) {
  distributor *d = arg;
  ts_access a;
  for (unsigned i = 0; op->subscripted && ts_access_parts(op, i, &a); i++)
    if (a.writes) ts_ptrmap_put(&d->written, a.memref, d);
  if (op->opcode == TS_OP_COPY) ts_ptrmap_put(&d->written, ts_operand(op, 1), d);
  for (unsigned i = 0; op->opcode == TS_OP_CALL && i < op->num_plain; i++)
    ts_ptrmap_put(&d->written, ts_operand(op, i), d);
}

/* Affine values, constants, conversions, and loads from buffers that the nest does not write. */
static bool is_cheap_kind(const distributor *d, const ts_op *op) {
  switch ((ts_opcode)op->opcode) {
  case TS_OP_APPLY:
  case TS_OP_CONST:
  case TS_OP_GLOBAL:
  case TS_OP_SPLAT:
  case TS_OP_EXTF:
  case TS_OP_TRUNCF:
  case TS_OP_SITOFP:
  case TS_OP_EXTSI:
  case TS_OP_TRUNCI: return true;
  case TS_OP_LOAD: return !ts_ptrmap_get(&d->written, ts_operand(op, 0));
  default: return false;
  }
}

static bool is_cheap(distributor *d, const ts_op *op) {
  if (!is_cheap_kind(d, op)) return false;
  for (unsigned i = 0; i < op->num_operands; i++) {
    const ts_op *def = ts_def(ts_operand(op, i));
    if (def && def->block == d->body && !ts_ptrmap_get(&d->cheap, def)) return false;
  }
  return true;
}

/* The op of the body that `op` is, or is inside of. */
static ts_op *in_body(const distributor *d, const ts_op *op) {
  while (op->block != d->body)
    op = op->block->parent;
  return (ts_op *)op;
}

/* Numbers the runs of the body, a loop being one of its own, in the ops' tags. */
static unsigned number_runs(distributor *d) {
  unsigned run = 1;
  bool fresh = true;
  for (ts_op *op = d->body->first; op; op = op->next) {
    if (is_cheap(d, op)) ts_ptrmap_put(&d->cheap, op, op);
    if (ts_is_loop(op) && !fresh) run++;
    op->tag = run;
    fresh = ts_is_loop(op);
    if (fresh) run++;
  }
  return run + 1;
}

/* A cheap op stays in its run when that has other work, some of which uses it. */
static void place_cheap(distributor *d, const bool *has_work) {
  for (ts_op *op = d->body->last; op; op = op->prev) {
    if (op->opcode == TS_OP_ALLOC) op->tag = FLOATING;
    if (!ts_ptrmap_get(&d->cheap, op)) continue;
    bool used = false;
    for (const ts_use *u = ts_op_result(op, 0)->uses; u && !used; u = u->next)
      used = in_body(d, u->owner)->tag == op->tag;
    if (!used || !has_work[op->tag]) op->tag = FLOATING;
  }
}

static void find_pieces(distributor *d) {
  unsigned num_runs = number_runs(d), *piece = ts_new_array(d->scratch, unsigned, num_runs);
  bool *has_work = ts_new_array(d->scratch, bool, num_runs);
  for (ts_op *op = d->body->first; op; op = op->next)
    has_work[op->tag] |= op->opcode != TS_OP_ALLOC && !ts_ptrmap_get(&d->cheap, op);
  place_cheap(d, has_work);
  for (unsigned run = 0; run < num_runs; run++)
    if (has_work[run]) piece[run] = ++d->num_pieces;
  d->firsts = ts_new_array(d->scratch, ts_op *, d->num_pieces + 1);
  for (ts_op *op = d->body->first; op; op = op->next) {
    if (op->tag == FLOATING) continue;
    op->tag = piece[op->tag];
    if (!d->firsts[op->tag - 1]) d->firsts[op->tag - 1] = op;
  }
}

/* ---- what pieces hand on ---- */

/* Ops that the value's uses are in: one piece (or FLOATING) in *piece, or several. */
static bool in_one_piece(const distributor *d, const ts_value *v, unsigned *piece) {
  bool first = true;
  *piece = FLOATING;
  for (const ts_use *u = v->uses; u; u = u->next, first = false) {
    unsigned tag = in_body(d, u->owner)->tag;
    if (!first && tag != *piece) return false;
    *piece = tag;
  }
  return true;
}

static ts_result sort_alloc(distributor *d, ts_op *op) {
  const ts_value *v = ts_op_result(op, 0);
  unsigned piece;
  if (in_one_piece(d, v, &piece) && piece != FLOATING && !ts_is_loop(d->firsts[piece - 1])) {
    ts_push(d->scratch, &d->kept, op);
    return TS_OK;
  }
  for (const ts_use *u = v->uses; u; u = u->next) {
    unsigned at = (unsigned)(u - u->owner->operands);
    if (at < 8 && u->owner->subscripted >> at & 1) continue;
    ts_schedule_refuse(d->s, d->loops[0],
                       "cannot distribute %%%s: a buffer of its body is used as a whole",
                       ts_loop_name(d->loops[d->n - 1]));
    ts_note(d->m->ctx, u->owner->loc, "by this %s", ts_info(u->owner)->name);
    return TS_ERR;
  }
  if (v->type->rank + d->n > TS_MAX_RANK)
    return ts_schedule_refuse(d->s, op, "cannot distribute: the buffer would have %u dimensions",
                              v->type->rank + d->n);
  ts_push(d->scratch, &d->grown, op);
  return TS_OK;
}

static ts_result sort_value(distributor *d, ts_op *op) {
  unsigned piece;
  bool inside = in_one_piece(d, ts_op_result(op, 0), &piece);
  if (!ts_has_uses(ts_op_result(op, 0)) || (inside && piece == op->tag)) return TS_OK;
  if (ts_is_kind(ts_op_result(op, 0)->type, TS_TYPE_FRAGMENT) || d->n > TS_MAX_RANK)
    return ts_schedule_refuse(
        d->s, op, "cannot distribute: a fragment would be kept from one loop to the next");
  ts_push(d->scratch, &d->crossing, op);
  return TS_OK;
}

/* Sorts the body's allocs and results by what is to become of them. */
static ts_result sort_values(distributor *d) {
  ts_result result = TS_OK;
  for (ts_op *op = d->body->first; op && !result; op = op->next) {
    if (op->opcode == TS_OP_ALLOC)
      result = sort_alloc(d, op);
    else if (op->num_results == 1 && !ts_ptrmap_get(&d->cheap, op))
      result = sort_value(d, op);
  }
  return result;
}

/* ---- buffers for all iterations ---- */

static ts_result find_extents(distributor *d) {
  for (unsigned l = 0; l < d->n; l++) {
    const ts_op *loop = d->loops[l];
    const char *name = ts_loop_name(loop);
    if (ts_for_parts(loop).num_lo != 1)
      return ts_schedule_refuse(
          d->s, loop, "cannot distribute %%%s: it starts at the largest of several bounds", name);
    if (ts_loop_max_trips(loop, &d->extents[l]) && d->extents[l] > 0) continue;
    if (!ts_poly_trip_limit(d->m->ctx, d->scratch, loop, &d->extents[l]))
      return ts_schedule_refuse(
          d->s, loop,
          "cannot distribute %%%s: what its body hands on would need a buffer of an "
          "extent that is neither a number nor a symbol; split the loop first",
          name);
    if (ts_is_symbolic(d->extents[l]) && ts_launch_around(loop->block))
      return ts_schedule_refuse(
          d->s, loop,
          "cannot distribute %%%s: what its body hands on would need a buffer of an extent that is "
          "no number, which a launch cannot have; split the loop first",
          name);
  }
  return TS_OK;
}

/* The memref of one `elem` for each iteration, with `inner` dimensions in it. */
static const ts_type *grown_type(distributor *d, ts_dtype dtype, const ts_type *elem,
                                 ts_space space, unsigned inner, const ts_extent *dims) {
  ts_extent all[TS_MAX_RANK];
  memcpy(all, d->extents, d->n * sizeof *all);
  if (inner) memcpy(all + d->n, dims, inner * sizeof *all);
  ts_module *m = d->m;
  const ts_type *type =
      ts_type_memref(m, d->n + inner, all, dtype, elem, space, TS_LAYOUT_ROWMAJOR, 0, NULL);
  int64_t count = ts_type_num_elements(type);
  int64_t lanes = elem ? elem->dims[0] : 1, bytes = (int64_t)ts_dtype_bytes(dtype) * lanes;
  bool fits = count > 0 && count <= LOCAL_BYTES / bytes;
  if (space != TS_SPACE_LOCAL || fits || ts_launch_around(d->loops[0]->block)) return type;
  return ts_type_memref(m, d->n + inner, all, dtype, elem, TS_SPACE_GLOBAL, TS_LAYOUT_ROWMAJOR, 0,
                        NULL);
}

static ts_value *build_buffer(distributor *d, const ts_type *type, ts_str name, ts_loc loc) {
  ts_builder b = ts_builder_before(d->m, d->loops[0]);
  b.loc = loc;
  ts_value *v = ts_build_alloc(&b, type);
  ts_set_name(v, name);
  return v;
}

/* The number of the iteration in each loop, as the first subscripts. */
static void iteration(distributor *d, ts_dims *dims, const ts_aff **subscripts) {
  for (unsigned l = 0; l < d->n; l++) {
    ts_for f = ts_for_parts(d->loops[l]);
    const ts_aff *at = ts_dims_value(dims, f.iv), *lo = ts_dims_import(dims, d->loops[l], f.lo[0]);
    subscripts[l] = ts_dims_binary(dims, TS_AFF_FLOORDIV, ts_dims_sub(dims, at, lo),
                                   ts_aff_const(d->m, f.step));
  }
}

/* The op's subscripts, with the iteration put before those of `from`, which `to` takes the place
 * of. */
static ts_result grow_access(distributor *d, ts_op *op, ts_value *from, ts_value *to) {
  ts_dims dims = ts_dims_none(d->m);
  const ts_aff *exprs[8 * TS_MAX_RANK];
  unsigned n = 0, seen = 0;
  for (unsigned k = 0; k < op->num_plain; k++) {
    if (k >= 8 || !(op->subscripted >> k & 1)) continue;
    ts_value *memref = ts_operand(op, k);
    unsigned rank = memref->type->rank;
    const ts_aff *const *old = op->map->exprs + seen;
    seen += rank;
    if (memref == from) {
      iteration(d, &dims, exprs + n);
      n += d->n;
      rank = to->type->rank - d->n;
    }
    for (unsigned i = 0; i < rank; i++)
      exprs[n++] = ts_dims_import(&dims, op, old[i]);
  }
  if (!ts_dims_set_map(&dims, op, n, exprs))
    return ts_schedule_refuse(d->s, op, "cannot distribute: its subscripts get too large");
  for (unsigned k = 0; k < op->num_plain; k++)
    if (ts_operand(op, k) == from) ts_set_operand(op, k, to);
  return TS_OK;
}

/* memref<1xf32> becomes memref<6x64xf32>: a single element needs no dimension of its own. */
static ts_result grow_alloc(distributor *d, ts_op *op) {
  ts_value *old = ts_op_result(op, 0);
  const ts_type *t = old->type;
  unsigned inner = t->rank == 1 && t->dims[0] == 1 ? 0 : t->rank;
  const ts_type *type = grown_type(d, t->dtype, t->elem, t->space, inner, t->dims);
  ts_value *v = build_buffer(d, type, old->name, op->loc);
  while (old->uses) {
    ts_result result = grow_access(d, old->uses->owner, old, v);
    if (result) return result;
  }
  ts_op_erase(op);
  return TS_OK;
}

/* ---- values where they are wanted ---- */

/* Copies for `user` go in front of its piece, or to the beginning of the loop or if it is in, so
 * that a loop stays the only op of its nest. */
static ts_op *place_for(distributor *d, const ts_op *user) {
  if (user->block == d->body) return d->firsts[user->tag - 1];
  ts_op *place = ts_ptrmap_get(&d->places, user->block);
  if (!place) ts_ptrmap_put(&d->places, user->block, place = user->block->first);
  return place;
}

/* One value's copies. */
typedef struct copies {
  ts_op *op;        /* makes the value; cheap, or stored in `buffer` */
  ts_value *buffer; /* NULL: computed again */
  ts_ptrmap at;     /* place → copy */
} copies;

static ts_value *copy_at(distributor *d, ts_ptrmap *all, copies *c, ts_op *place);

/* The operand as it is known at the place. */
static ts_value *operand_at(distributor *d, ts_ptrmap *all, ts_value *v, ts_op *place) {
  const ts_op *def = ts_def(v);
  copies *c = def && def->block == d->body ? ts_ptrmap_get(all, def) : NULL;
  return c ? copy_at(d, all, c, place) : v;
}

static ts_value *load_at(distributor *d, const copies *c, ts_op *place) {
  ts_dims dims = ts_dims_none(d->m);
  const ts_aff *subscripts[TS_MAX_RANK];
  ts_builder b = ts_builder_before(d->m, place);
  b.loc = c->op->loc;
  iteration(d, &dims, subscripts);
  return ts_build_load(&b, ts_op_result(c->op, 0)->type, c->buffer, d->n, subscripts, dims.n,
                       dims.at, NULL);
}

static ts_value *copy_at(distributor *d, ts_ptrmap *all, copies *c, ts_op *place) {
  ts_value *v = ts_ptrmap_get(&c->at, place);
  if (v) return v;
  if (c->buffer) {
    v = load_at(d, c, place);
  } else {
    ts_ptrmap map;
    ts_ptrmap_init(&map, d->scratch);
    for (unsigned i = 0; i < c->op->num_operands; i++) {
      ts_value *old = ts_operand(c->op, i), *now = operand_at(d, all, old, place);
      if (now != old) ts_ptrmap_put(&map, old, now);
    }
    ts_builder b = ts_builder_before(d->m, place);
    ts_op *copy = ts_op_clone(d->m, c->op, &map);
    ts_op_insert(&b, copy);
    v = ts_op_result(copy, 0);
  }
  ts_set_name(v, ts_op_result(c->op, 0)->name);
  v->def->tag = place->tag;
  ts_ptrmap_put(&c->at, place, v);
  return v;
}

static ts_value *store_value(distributor *d, ts_op *op) {
  ts_value *v = ts_op_result(op, 0);
  bool is_vector = ts_is_kind(v->type, TS_TYPE_VECTOR);
  const ts_type *type =
      grown_type(d, v->type->dtype, is_vector ? v->type : NULL, TS_SPACE_LOCAL, 0, NULL);
  const char *name = v->name ? ts_str_text(d->m, v->name) : "v";
  ts_value *buffer = build_buffer(d, type, ts_joined_name(d->m, name, ".all"), op->loc);
  ts_dims dims = ts_dims_none(d->m);
  const ts_aff *subscripts[TS_MAX_RANK];
  iteration(d, &dims, subscripts);
  ts_builder b = ts_builder_after(d->m, op);
  b.loc = op->loc;
  ts_build_store(&b, v, buffer, d->n, subscripts, dims.n, dims.at, NULL)->tag = op->tag;
  return buffer;
}

/* Gives other pieces their copies of one op's result. */
static void hand_on(distributor *d, ts_ptrmap *all, copies *c) {
  TS_VEC(ts_use *) uses = {0};
  for (ts_use *u = ts_op_result(c->op, 0)->uses; u; u = u->next)
    ts_push(d->scratch, &uses, u);
  for (size_t i = 0; i < uses.n; i++) {
    ts_op *user = uses.at[i]->owner;
    unsigned at = (unsigned)(uses.at[i] - user->operands);
    unsigned tag = in_body(d, user)->tag;
    if (tag == c->op->tag || tag == FLOATING) continue;
    ts_op *place = place_for(d, user);
    ts_set_operand(user, at, copy_at(d, all, c, place));
  }
}

/* Every result that another piece uses, cheap or not. */
static void hand_on_all(distributor *d) {
  ts_ptrmap all;
  TS_VEC(copies *) list = {0};
  ts_ptrmap_init(&all, d->scratch);
  for (ts_op *op = d->body->first; op; op = op->next) {
    if (!ts_ptrmap_get(&d->cheap, op)) continue;
    copies *c = ts_new(d->scratch, copies);
    *c = (copies){.op = op};
    ts_push(d->scratch, &list, c);
  }
  for (size_t i = 0; i < d->crossing.n; i++) {
    copies *c = ts_new(d->scratch, copies);
    *c = (copies){.op = d->crossing.at[i], .buffer = store_value(d, d->crossing.at[i])};
    ts_push(d->scratch, &list, c);
  }
  for (size_t i = 0; i < list.n; i++) {
    ts_ptrmap_init(&list.at[i]->at, d->scratch);
    ts_ptrmap_put(&all, list.at[i]->op, list.at[i]);
  }
  for (size_t i = 0; i < list.n; i++)
    hand_on(d, &all, list.at[i]);
  for (ts_op *op = d->body->last, *prev; op; op = prev) {
    prev = op->prev;
    if (op->tag == FLOATING && !ts_has_uses(ts_op_result(op, 0))) ts_op_erase(op);
  }
}

/* ---- nests for the pieces ---- */

static unsigned depth_of(const ts_block *block) {
  unsigned depth = 0;
  for (const ts_op *op = block->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_regions; i++)
      depth = ts_max(depth, depth_of(ts_op_regions(op)[i]) + ts_is_loop(op));
  return depth;
}

/* The piece with the deepest loops keeps the loops' names. */
static void find_main(distributor *d) {
  unsigned deepest = 0;
  for (unsigned p = 0; p < d->num_pieces; p++) {
    const ts_op *op = d->firsts[p];
    unsigned depth = ts_is_loop(op) ? 1 + depth_of(ts_for_parts(op).body) : 0;
    if (depth <= deepest) continue;
    deepest = depth;
    d->main = p;
  }
}

/* pre, pre1, pre2 … in the order of the text. */
static const char *role_of(const distributor *d, unsigned p) {
  unsigned which = p < d->main ? p : p - d->main - 1;
  const char *stem = p < d->main ? TS_ROLE_BEFORE : TS_ROLE_BEHIND;
  return which ? ts_sprintf(d->scratch, "%s%u", stem, which) : stem;
}

typedef struct renaming {
  const distributor *d;
  ts_value *ivs[TS_MAX_NESTING]; /* for those of d->loops */
} renaming;

static void use_new_ivs(void *arg, ts_op *op) {
  const renaming *r = arg;
  for (unsigned i = 0; i < op->num_operands; i++)
    for (unsigned l = 0; l < r->d->n; l++)
      if (ts_operand(op, i) == ts_for_parts(r->d->loops[l]).iv) ts_set_operand(op, i, r->ivs[l]);
}

/* The loops again, with an empty body, where `b` says; sets the new variables. */
static ts_block *copy_nest(distributor *d, ts_builder b, const char *role, renaming *r) {
  for (unsigned l = 0; l < d->n; l++) {
    const ts_op *loop = d->loops[l];
    ts_for f = ts_for_parts(loop);
    ts_value *dims[TS_MAX_DIMS];
    for (unsigned i = 0; i < ts_num_dims(loop); i++) {
      dims[i] = ts_dim(loop, i);
      for (unsigned outer = 0; outer < l; outer++)
        if (dims[i] == ts_for_parts(d->loops[outer]).iv) dims[i] = r->ivs[outer];
    }
    b.loc = loop->loc;
    ts_op *copy = ts_build_for(&b, ts_schedule_name(d->s, ts_loop_name(loop), role), f.num_lo, f.lo,
                               f.num_hi, f.hi, f.step, ts_num_dims(loop), dims);
    ts_attr_copy(d->m, copy, loop, TS_ATTR_PARALLEL);
    r->ivs[l] = ts_for_parts(copy).iv;
    b = ts_builder_at_end(d->m, ts_for_parts(copy).body, loop->loc);
  }
  return b.block;
}

/* Moves the piece into a nest of its own, behind `after` or in front of the nest; returns the
 * nest. */
static ts_op *move_piece(distributor *d, unsigned p, ts_op *after) {
  renaming r = {.d = d};
  ts_builder b = after ? ts_builder_after(d->m, after) : ts_builder_before(d->m, d->loops[0]);
  ts_block *block = copy_nest(d, b, role_of(d, p), &r);
  b = ts_builder_at_end(d->m, block, block->end);
  for (ts_op *op = d->body->first, *next; op; op = next) {
    next = op->next;
    if (op->tag != p + 1) continue;
    ts_op_unlink(op);
    ts_op_insert(&b, op);
  }
  ts_walk(block, use_new_ivs, &r);
  ts_op *nest = block->parent;
  for (unsigned l = 1; l < d->n; l++)
    nest = nest->block->parent;
  return nest;
}

static void move_pieces(distributor *d) {
  for (unsigned p = 0; p < d->main; p++)
    move_piece(d, p, NULL);
  ts_op *after = d->loops[0];
  for (unsigned p = d->main + 1; p < d->num_pieces; p++)
    after = move_piece(d, p, after);
}

/* ---- the pass ---- */

/* Advice: "distribute %j" for the largest number of inner loops that may be distributed; else to
 * leave the nest as it is. */
static const char *instead(distributor *d) {
  for (unsigned l = 1; l < d->n; l++) {
    ts_verdict verdict;
    if (ts_dep_distribute(d->m->ctx, d->scratch, d->n - l, d->loops + l, d->num_pieces - 1,
                          d->firsts + 1, &verdict))
      break;
    if (!verdict.legal) continue;
    const char *text = "distribute";
    for (; l < d->n; l++)
      text = ts_sprintf(d->scratch, "%s %%%s", text, ts_loop_name(d->loops[l]));
    return text;
  }
  return ts_sprintf(d->scratch, "the body of %%%s in one piece, as it stands",
                    ts_loop_name(d->loops[d->n - 1]));
}

static ts_result check(distributor *d) {
  ts_verdict verdict;
  ts_module *m = d->m;
  ts_op *const *cuts = d->firsts + 1;
  ts_result result =
      ts_dep_distribute(m->ctx, d->scratch, d->n, d->loops, d->num_pieces - 1, cuts, &verdict);
  if (result || verdict.legal) return result;
  const char *what = ts_sprintf(d->scratch, "distribute %%%s over the pieces of its body",
                                ts_loop_name(d->loops[0]));
  return ts_dep_refuse(m->ctx, d->loops[0], what, &verdict, instead(d));
}

static ts_result rewrite(distributor *d) {
  ts_result result = d->grown.n || d->crossing.n ? find_extents(d) : TS_OK;
  for (size_t i = 0; i < d->grown.n && !result; i++)
    result = grow_alloc(d, d->grown.at[i]);
  if (result) return result;
  for (size_t i = 0; i < d->kept.n; i++) {
    ts_op *op = d->kept.at[i];
    unsigned piece;
    in_one_piece(d, ts_op_result(op, 0), &piece);
    ts_op_move_before(op, d->firsts[piece - 1]);
    op->tag = piece;
  }
  hand_on_all(d);
  move_pieces(d);
  return TS_OK;
}

static void tell(distributor *d) {
  const char *name = ts_loop_name(d->loops[d->n - 1]), *list = "";
  for (unsigned p = 0; p < d->num_pieces; p++)
    list = ts_sprintf(
        d->scratch, "%s%s%%%s", list, p ? ", " : "",
        p == d->main ? name : ts_str_text(d->m, ts_schedule_name(d->s, name, role_of(d, p))));
  ts_schedule_passed(d->s, d->loops[0], "the body of %%%s runs in %u nests: %s", name,
                     d->num_pieces, list);
  for (size_t i = 0; i < d->crossing.n; i++)
    ts_schedule_passed(d->s, d->crossing.at[i], "this value is stored for a later nest");
  ts_count(d->s->pass, "nests made", d->num_pieces - 1);
  ts_count(d->s->pass, "buffers grown", d->grown.n);
}

static ts_result distribute(ts_schedule *s, unsigned n, ts_op *const *loops,
                            const unsigned *items) {
  (void)items;
  distributor d = {.s = s, .m = s->m, .scratch = s->pass->scratch, .n = n, .loops = loops};
  d.body = ts_for_parts(loops[n - 1]).body;
  ts_ptrmap_init(&d.written, d.scratch);
  ts_ptrmap_init(&d.cheap, d.scratch);
  ts_ptrmap_init(&d.places, d.scratch);
  ts_walk(d.body, note_written, &d);
  find_pieces(&d);
  ts_result result = sort_values(&d);
  if (result) return result;
  if (d.num_pieces < 2 && !d.grown.n) {
    ts_schedule_missed(s, loops[0], "the body of %%%s is one piece", ts_loop_name(loops[n - 1]));
    return TS_OK;
  }
  find_main(&d);
  result = check(&d);
  if (!result) result = rewrite(&d);
  if (result) return result;
  tell(&d);
  s->pass->changed = true;
  return TS_OK;
}

ts_result ts_pass_distribute(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_distribute_options *o = options;
  return ts_each_nest(pass, m, o->func, &o->loops, options, distribute);
}
