/* compute-at: a buffer is computed where it is used, a part at a time.
 *
 * requires:  every read of the buffer stands in the one loop; what computes it stands before the
 *            loop in the block of its alloc, writes nothing else, and reads nothing that is written
 *            before its turn comes (analysis/dependence.h).
 * preserves: every bit: each element is computed by the same ops, in the same order.
 * rewrite:   -compute-at="h at=i.o"
 *   %h = alloc : memref<128x64xf32>         for %i.o = 0 to 4 {
 *   for %i … { for %j … { … %h[%i, %j] }      %h = alloc : memref<32x64xf32>
 *   }                                   →     for %i = 0 to 32 { for %j … { … %h[%i, %j] } }
 *   for %i.o = 0 to 4 {                       … %h[%i.i, %k] …
 *     … %h[%i.o * 32 + %i.i, %k] …          }
 *   }
 * The part is the box of elements that one iteration reads. Where iterations share elements they
 * would be computed more than once, which must be asked for. */
#include "ir/scalar.h"
#include "syntax/syntax.h"
#include "analysis/poly/dependence.h"
#include "analysis/poly/flow.h"
#include "transforms/buffers/stage_impl.h"
#include "transforms/rewrite/rewrite.h"

typedef struct compute_at_request {
  const ts_compute_at_options *options;
  unsigned done;
} compute_at_request;

/* A nest that computes the buffer, and what stood behind it, the other such nests left out. */
typedef struct producer {
  ts_op *nest, *behind;
} producer;

typedef struct relocation {
  ts_schedule *s;
  const ts_compute_at_options *o;
  ts_op *alloc, *loop;
  ts_op *consumer; /* the op of the alloc's block that the loop stands in */
  TS_VEC(producer) producers;
  ts_forms forms;
  ts_staged staged;
  ts_touches reads;    /* in the loop */
  bool quiet;          /* only asked whether it would do: no messages */
  bool overwritten;    /* something that a nest reads may be written before the loop is done */
  const char *instead; /* what would do in its place, where `overwritten` makes that matter */
} relocation;

static ts_result check_legal(relocation *);

static const char *buffer_name(const relocation *t) {
  return ts_str_text(t->s->m, t->staged.whole->name);
}

static const char *text(const relocation *t, const char *fmt, ...) TS_PRINTF(2, 3);
static const char *text(const relocation *t, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const char *made = ts_vsprintf(t->s->pass->scratch, fmt, args);
  va_end(args);
  return made;
}

/* "cannot compute %h at %i.o: WHY", with a note at `op`. */
static ts_result refuse(const relocation *t, const char *why, const ts_op *op, const char *note) {
  if (t->quiet) return TS_ERR;
  ts_error(t->s->m->ctx, t->loop->loc, "cannot compute %%%s at %%%s: %s", buffer_name(t),
           ts_loop_name(t->loop), why);
  if (op) ts_note(t->s->m->ctx, op->loc, "%s", note);
  return TS_ERR;
}

/* The nearest loop around the one asked for at which it would do. */
static const char *around(const relocation *t) {
  for (ts_op *op = t->loop; op != t->consumer;) {
    op = op->block->parent;
    if (!ts_is_loop(op)) continue;
    relocation q = {.s = t->s, .o = t->o, .alloc = t->alloc, .loop = op, .consumer = t->consumer};
    q.forms = ts_forms_in(t->forms.arena);
    q.staged = (ts_staged){.schedule = t->s, .forms = &q.forms, .whole = t->staged.whole};
    q.quiet = true;
    if (!check_legal(&q)) return text(t, "at=%s", ts_loop_name(op));
  }
  return text(t, "%%%s computed where it is", buffer_name(t));
}

/* ---- who computes, who reads ---- */

static ts_op *op_in_block(const ts_block *block, ts_op *op) {
  while (op && op->block != block)
    op = op->block->parent;
  return op;
}

/* A use of the buffer inside `op` that may write it (or one that reads it, as asked); NULL:
 * none. */
static const ts_op *use_in(const relocation *t, const ts_value *memref, const ts_op *op,
                           bool writing) {
  for (const ts_use *u = memref->uses; u; u = u->next)
    if (op_in_block(t->alloc->block, u->owner) == op) {
      ts_effect e = ts_use_effect(u);
      if (writing ? e.writes : e.reads && !e.writes) return u->owner;
    }
  return NULL;
}

/* Refuses for a use of the buffer that what is computed must reach, with the elements where it
 * does. */
static ts_result refuse_use(const relocation *t, const char *why, const ts_op *use,
                            const char *note) {
  ts_context *ctx = t->s->m->ctx;
  if (t->quiet) return TS_ERR;
  ts_result result = refuse(t, why, use, note);
  for (const ts_use *u = t->staged.whole->uses; u; u = u->next) {
    ts_verdict verdict;
    const ts_op *top = op_in_block(t->alloc->block, u->owner);
    if (!ts_use_effect(u).writes || top == op_in_block(t->alloc->block, (ts_op *)use)) continue;
    if (ts_dep_meet(ctx, t->s->pass->scratch, u->owner, use, &verdict)) return TS_LIMIT;
    if (verdict.legal) continue;
    ts_dep_explain(ctx, t->loop->loc, &verdict, around(t));
    return result;
  }
  ts_note(ctx, t->loop->loc, "legal instead: %s", around(t));
  return result;
}

static ts_result check_consumer(relocation *t) {
  const ts_op *writer = use_in(t, t->staged.whole, t->consumer, true);
  if (writer) return refuse_use(t, "the loop's nest writes it too", writer, "here");
  for (const ts_use *u = t->staged.whole->uses; u; u = u->next)
    if (op_in_block(t->alloc->block, u->owner) == t->consumer &&
        !ts_is_ancestor(ts_for_parts(t->loop).body, u->owner))
      return refuse_use(t, "it is read outside of the loop", u->owner,
                        "this read is not in the loop");
  return TS_OK;
}

static ts_result find_producers(relocation *t) {
  const ts_value *h = t->staged.whole;
  bool behind = false;
  for (ts_op *op = t->alloc->next; op; op = op->next) {
    const ts_op *writer = use_in(t, h, op, true), *reader = use_in(t, h, op, false);
    if (op == t->consumer) {
      behind = true;
      continue;
    }
    if (!writer && !reader) continue;
    if (behind || !writer)
      return refuse_use(t, "it is used outside of the loop", writer ? writer : reader,
                        "this use would lose its buffer; 'fuse-loops' may bring it into the loop");
    if (!ts_is_loop(op))
      return refuse(t, "not only nests of loops compute it", op, "this is no loop");
    ts_push(t->s->pass->scratch, &t->producers, (producer){op, op->next});
  }
  for (size_t i = t->producers.n; i-- > 1;) /* other nests move, too */
    if (t->producers.at[i - 1].behind == t->producers.at[i].nest)
      t->producers.at[i - 1].behind = t->producers.at[i].behind;
  if (!t->producers.n) return refuse(t, "nothing before the loop computes it", NULL, NULL);
  return check_consumer(t);
}

/* ---- may the nests move? ---- */

typedef struct producer_check {
  relocation *t;
  ts_op *nest;
  const ts_op *bad;
  const char *why, *note;
} producer_check;

static void object(producer_check *c, const ts_op *op, const char *why, const char *note) {
  if (c->bad) return;
  c->bad = op;
  c->why = why;
  c->note = note;
}

static bool is_private(const producer_check *c, const ts_value *memref) {
  return memref->kind == TS_VALUE_RESULT &&
         op_in_block(c->t->alloc->block, memref->def) == c->nest && memref->def != c->nest;
}

/* Is what the nest reads sure to be the same at the end of the loop? */
static void check_read(producer_check *c, const ts_value *memref) {
  for (const ts_op *op = c->nest->next; op; op = op->next) {
    const ts_op *writer = use_in(c->t, memref, op, true);
    if (writer && c->t->quiet) object(c, writer, "", "");
    if (writer) c->t->overwritten = true;
    if (op == c->t->consumer) return;
  }
}

static void check_op(void *ctx, ts_op *op) {
  producer_check *c = ctx;
  const ts_value *h = c->t->staged.whole, *memref;
  switch ((ts_opcode)op->opcode) {
  case TS_OP_STORE:
    memref = ts_operand(op, 1);
    if (memref != h && !is_private(c, memref))
      object(c, op,
             text(c->t, "the nest that computes it also writes %s",
                  ts_value_text(c->t->s->pass->scratch, c->t->s->func, memref)),
             "'distribute' can take this store out of the nest");
    return;
  case TS_OP_LOAD:
    memref = ts_operand(op, 0);
    if (memref != h && !is_private(c, memref)) check_read(c, memref);
    return;
  case TS_OP_FOR:
  case TS_OP_IF:
  case TS_OP_ALLOC:
  case TS_OP_PREFETCH: return;
  default:
    if (!ts_has_flag(op, TS_FLAG_PURE) && !ts_divides(op))
      object(c, op, text(c->t, "the nest that computes it holds %s", ts_info(op)->name),
             "its effects are not known");
  }
}

static ts_result check_producers(relocation *t) {
  for (size_t i = 0; i < t->producers.n; i++) {
    producer_check c = {.t = t, .nest = t->producers.at[i].nest};
    ts_touches touches;
    ts_walk(ts_for_parts(c.nest).body, check_op, &c);
    if (c.bad) return refuse(t, c.why, c.bad, c.note);
    if (!ts_touches_in(&t->forms, ts_for_parts(c.nest).body, t->staged.whole, &touches))
      return refuse(t, touches.reason, touches.obstacle, "here");
  }
  return TS_OK;
}

/* ---- is anything computed twice? ---- */

/* The outermost loop from the consumer down to `at` whose iterations read elements in common; NULL:
 * none. */
static ts_op *sharing_loop(relocation *t, ts_op *at, const ts_box *box) {
  ts_op *found = NULL;
  for (ts_op *op = at;; op = op->block->parent) {
    int64_t trips;
    if (ts_is_loop(op) && !(ts_loop_max_trips(op, &trips) && trips <= 1) &&
        !ts_box_is_disjoint(&t->forms, box, ts_for_parts(at).body, op, NULL))
      found = op;
    if (op == t->consumer) return found;
  }
}

static bool box_at(relocation *t, ts_op *loop, ts_touches *reads, ts_box *box) {
  ts_block *body = ts_for_parts(loop).body;
  if (!ts_touches_in(&t->forms, body, t->staged.whole, reads)) return false;
  ts_box_of(&t->forms, reads, body, t->staged.whole->type, box);
  return true;
}

static ts_result check_sharing(relocation *t, const ts_touches *reads) {
  ts_op *shares = sharing_loop(t, t->loop, &t->staged.box);
  if (!shares) return TS_OK;
  if (t->quiet) return t->o->recompute ? TS_OK : TS_ERR;
  if (t->o->recompute) {
    ts_schedule_missed(t->s, shares, "iterations of %%%s compute elements of %%%s in common again",
                       ts_loop_name(shares), buffer_name(t));
    return TS_OK;
  }
  refuse(t,
         text(t, "iterations of %%%s read elements in common, which would be computed again",
              ts_loop_name(shares)),
         reads->list.at[0].op, text(t, "%%%s is read here", buffer_name(t)));
  if (reads->list.n > 1) ts_note(t->s->m->ctx, reads->list.at[1].op->loc, "and here");
  const char *example =
      ts_box_example(&t->forms, &t->staged.box, shares, ts_loop_name(shares), buffer_name(t));
  if (example) ts_note(t->s->m->ctx, shares->loc, "for example, %s", example);
  if (example)
    ts_note(t->s->m->ctx, shares->loc, "input dependence with distance %s",
            ts_box_distance(&t->forms, &t->staged.box, shares, ts_loop_name(shares)));
  ts_note(t->s->m->ctx, t->loop->loc, "legal instead: recompute=true, or %s", around(t));
  return TS_ERR;
}

/* ---- doing it ---- */

static void drop_marks(void *ctx, ts_op *op) {
  if (ts_is_loop(op)) ts_attr_remove(ctx, op, TS_ATTR_PARALLEL);
}

/* Loops inside a parallel one, or in a launch, are run by one thread. */
static void drop_parallel_marks(relocation *t, ts_op *nest) {
  for (const ts_op *op = t->loop; op; op = op->block->parent)
    if (op->opcode == TS_OP_LAUNCH || (ts_is_loop(op) && ts_attr_find(op, TS_ATTR_PARALLEL))) {
      drop_marks(t->s->m, nest);
      ts_walk(ts_for_parts(nest).body, drop_marks, t->s->m);
      return;
    }
}

static ts_result move(relocation *t) {
  ts_module *m = t->s->m;
  ts_staged *st = &t->staged;
  ts_extent dims[TS_MAX_RANK];
  const ts_type *from = st->whole->type;
  for (unsigned d = 0; d < st->box.rank; d++)
    dims[d] = st->box.dims[d].extent;
  ts_space space = ts_launch_around(t->loop->block) ? TS_SPACE_LOCAL : (ts_space)from->space;
  const ts_type *type = ts_type_memref(m, st->box.rank, dims, from->dtype, from->elem, space,
                                       TS_LAYOUT_ROWMAJOR, 0, NULL);
  ts_op *first = ts_for_parts(t->loop).body->first;
  ts_builder top = ts_builder_before(m, first);
  top.loc = t->alloc->loc;
  st->part = ts_build_alloc(&top, type);
  ts_set_name(st->part, st->whole->name);
  bool fits = true;
  for (size_t i = 0; i < t->reads.list.n; i++)
    fits = ts_staged_redirect(st, &t->reads.list.at[i]) && fits;
  for (size_t i = 0; i < t->producers.n && fits; i++) {
    const ts_op *stuck;
    ts_op **nest = &t->producers.at[i].nest;
    ts_op_move_before(*nest, first);
    drop_parallel_marks(t, *nest);
    if (!ts_staged_restrict(st, nest, &stuck))
      return refuse(t, "a nest that computes it cannot be cut down to the part", stuck,
                    "this access may lie outside of the part");
  }
  if (!fits) return refuse(t, "an expression gets too large", NULL, NULL);
  while (st->whole->uses) /* hints */
    ts_op_erase(st->whole->uses->owner);
  ts_schedule_passed(t->s, t->loop, "%%%s is computed at %%%s in %s, not in %s", buffer_name(t),
                     ts_loop_name(t->loop), type->text, from->text);
  ts_op_erase(t->alloc);
  t->s->pass->changed = true;
  ts_count(t->s->pass, "buffers computed where they are used", 1);
  return TS_OK;
}

/* In a launch each thread gets a buffer of its own. */
static ts_result check_launch(const relocation *t) {
  if (!ts_launch_around(t->loop->block)) return TS_OK;
  if (t->staged.whole->type->space == TS_SPACE_SHARED)
    return refuse(t, "threads of the block compute it for one another", t->alloc,
                  "it is shared memory");
  for (unsigned d = 0; d < t->staged.box.rank; d++)
    if (ts_is_symbolic(t->staged.box.dims[d].extent))
      return refuse(t, "inside a launch the extents of the part must be numbers", t->alloc,
                    "it is allocated here");
  return TS_OK;
}

static ts_result check_legal(relocation *t) {
  ts_result result = find_producers(t);
  if (!result) result = check_producers(t);
  if (result) return result;
  if (!box_at(t, t->loop, &t->reads, &t->staged.box))
    return refuse(t, t->reads.reason, t->reads.obstacle, "here");
  ts_pieces_parse(t->s->pass->scratch, "", &t->staged.box, &t->staged.pieces);
  result = check_launch(t);
  if (result) return result;
  return check_sharing(t, &t->reads);
}

/* The nests stand in the loop: does all that they read still reach them? */
static ts_result check_order(const relocation *t) {
  for (size_t i = 0; i < t->producers.n; i++) {
    ts_verdict verdict;
    const producer *p = &t->producers.at[i];
    ts_result result =
        ts_dep_moved(t->s->m->ctx, t->s->pass->scratch, p->behind, t->consumer, p->nest, &verdict);
    if (result) return result;
    if (verdict.legal) continue;
    const char *what = text(t, "compute %%%s at %%%s", buffer_name(t), ts_loop_name(t->loop));
    return ts_dep_refuse(t->s->m->ctx, t->loop, what, &verdict, t->instead);
  }
  return TS_OK;
}

static ts_result compute(relocation *t) {
  ts_result result = check_legal(t);
  if (!result && t->overwritten) t->instead = around(t);
  if (!result) result = move(t);
  return !result && t->overwritten ? check_order(t) : result;
}

/* ---- finding the buffer ---- */

typedef struct buffer_search {
  ts_str name;
  ts_op *alloc;
} buffer_search;

static void look_at(void *ctx, ts_op *op) {
  buffer_search *b = ctx;
  ts_value *v = op->opcode == TS_OP_LOAD ? ts_operand(op, 0) : NULL;
  if (v && v->name == b->name && v->kind == TS_VALUE_RESULT && v->def->opcode == TS_OP_ALLOC)
    b->alloc = v->def;
}

static ts_result compute_named(ts_schedule *s, ts_op *loop, const char *name) {
  compute_at_request *r = (compute_at_request *)s->options;
  buffer_search b = {.name = ts_intern_find(&s->m->strings, name, strlen(name))};
  if (b.name) ts_walk(ts_for_parts(loop).body, look_at, &b);
  ts_op *consumer = b.alloc ? op_in_block(b.alloc->block, loop) : NULL;
  if (!consumer) {
    ts_schedule_missed(s, loop, "%%%s reads no buffer %%%s that is allocated outside of it",
                       ts_loop_name(loop), name);
    return TS_OK;
  }
  r->done++;
  relocation t = {.s = s, .o = r->options, .alloc = b.alloc, .loop = loop, .consumer = consumer};
  t.forms = ts_forms_in(s->pass->scratch);
  t.staged = (ts_staged){.schedule = s, .forms = &t.forms, .whole = ts_op_result(b.alloc, 0)};
  return compute(&t);
}

static ts_result compute_at(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  (void)item;
  const compute_at_request *r = s->options;
  for (size_t i = 0; i < r->options->buffers.items.n; i++) {
    ts_result result = compute_named(s, loop, r->options->buffers.items.at[i].name);
    if (result) return result;
  }
  return TS_OK;
}

ts_result ts_pass_compute_at(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_compute_at_options *o = options;
  compute_at_request r = {.options = o};
  if (!o->buffers.items.n || !*o->at) {
    ts_error_plain(m->ctx,
                   "-compute-at wants a buffer and at=LOOP, as in -compute-at=\"h at=i.o\"");
    return TS_USAGE;
  }
  ts_loop_list loops = {0};
  ts_push(pass->scratch, &loops.items, (ts_loop_item){.name = *o->at == '%' ? o->at + 1 : o->at});
  ts_result result = ts_each_loop(pass, m, o->func, &loops, &r, compute_at);
  if (result || r.done) return result;
  return ts_error_plain(
      m->ctx, "-compute-at: no loop %%%s reads a buffer %%%s that is allocated outside of it",
      loops.items.at[0].name, o->buffers.items.at[0].name);
}
