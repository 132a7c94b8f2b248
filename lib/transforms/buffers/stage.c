/* stage: the part of a buffer that a loop uses gets a smaller buffer of its own.
 *
 * requires:  the loop touches the buffer by loads and stores with affine subscripts only; what the
 *            iterations of parallel loops write back must be disjoint.
 * preserves: every bit: the same values move through another place.
 * rewrite:   -stage="W at=j.o"
 *   for %j.o … {                          for %j.o … {
 *     for %k … { for %j.i = 0 to 64 {       %W.s = alloc : memref<Kx64xf32>
 *       load %W[%k, %j.o * 64 + %j.i]   →   for %W.s0 = 0 to K { for %W.s1 = 0 to 64 {
 *     } }                                     %W[%W.s0, %j.o * 64 + %W.s1] to %W.s[%W.s0, %W.s1]
 *   }                                       } }
 *                                           for %k … { for %j.i = 0 to 64 { load %W.s[%k, %j.i] } }
 *                                         }
 * A buffer that the loop writes is copied back at the end (%W.w0 …), and copied in unless every
 * element is written before it is read. */
#include "analysis/poly/dependence.h"
#include "analysis/poly/flow.h"
#include "pass/made.h"
#include "transforms/buffers/stage_impl.h"
#include "transforms/rewrite/rewrite.h"

typedef struct stage_request {
  const ts_stage_options *options;
  unsigned staged; /* buffers, at all loops together */
} stage_request;

/* One buffer at one loop. */
typedef struct staging {
  ts_schedule *s;
  const ts_stage_options *o;
  ts_op *loop; /* NULL: the function */
  ts_block *block;
  ts_touches touches;
  ts_flow flow;
  ts_staged staged;
  bool quiet; /* only asked whether it would do: no messages, and what must be tried does not */
  TS_VEC(ts_op *) unproved; /* parallel loops whose iterations may copy back the same elements */
  const char *instead;      /* what would do in their place */
} staging;

static ts_result check_legal(staging *, const ts_type **);

static const char *at_name(const staging *p) {
  return p->loop ? ts_sprintf(p->s->pass->scratch, "%%%s", ts_loop_name(p->loop)) : "func";
}

static ts_loc loc_of(const staging *p) { return p->loop ? p->loop->loc : p->s->func->loc; }

static const char *name_of(const staging *p) { return ts_str_text(p->s->m, p->staged.whole->name); }

/* "cannot stage %W at %j.o: WHY" */
static ts_result refuse(const staging *p, const char *why) {
  if (p->quiet) return TS_ERR;
  return ts_error(p->s->m->ctx, loc_of(p), "cannot stage %%%s at %s: %s", name_of(p), at_name(p),
                  why);
}

/* ---- finding the buffer ---- */

typedef struct buffer_search {
  ts_str name;
  const ts_block *block;
  const ts_module *m;
  ts_arena *scratch;
  ts_ptrmap seen;
  ts_value *found;  /* visible in all of the block */
  ts_op *inside;    /* what defines a buffer of the name further inside */
  const char *list; /* names of the buffers that could be staged */
} buffer_search;

static void look_at(void *ctx, ts_op *op) {
  buffer_search *b = ctx;
  for (unsigned i = 0; i < op->num_plain; i++) {
    ts_value *v = ts_operand(op, i);
    if (ts_is_literal(v) || !ts_is_kind(v->type, TS_TYPE_MEMREF)) continue;
    if (!v->name || ts_ptrmap_get(&b->seen, v)) continue;
    ts_ptrmap_put(&b->seen, v, v);
    bool top = v->kind == TS_VALUE_RESULT && !b->block->parent && v->def->block == b->block;
    bool outside = top || !ts_form_varies(b->block, v);
    if (v->name == b->name && outside) b->found = v;
    if (v->name == b->name && !outside) b->inside = v->def;
    if (outside)
      b->list = ts_sprintf(b->scratch, "%s%s%%%s", b->list, *b->list ? ", " : "",
                           ts_str_text(b->m, v->name));
  }
}

static buffer_search find_buffer(ts_schedule *s, ts_block *block, const char *name) {
  buffer_search b = {.name = ts_intern_find(&s->m->strings, name, strlen(name)),
                     .block = block,
                     .m = s->m,
                     .scratch = s->pass->scratch,
                     .list = ""};
  ts_ptrmap_init(&b.seen, s->pass->scratch);
  ts_walk(block, look_at, &b);
  return b;
}

/* ---- what would do instead ---- */

/* The same buffer at another loop; NULL: the function. */
static bool would_do(const staging *p, ts_op *loop) {
  const ts_type *type;
  const ts_value *whole = p->staged.whole;
  ts_block *block = loop ? ts_for_parts(loop).body : p->s->func->body;
  bool visible = whole->kind == TS_VALUE_ARG || !ts_is_ancestor(block, whole->def) ||
                 (!loop && whole->def->block == block);
  staging q = {.s = p->s, .o = p->o, .loop = loop, .block = block, .quiet = true};
  q.staged = (ts_staged){.schedule = p->s, .forms = p->staged.forms, .whole = p->staged.whole};
  return visible && !check_legal(&q, &type);
}

static const char *at_loop(const staging *p, ts_op *loop) {
  return loop ? ts_sprintf(p->s->pass->scratch, "at=%s", ts_loop_name(loop)) : "at=func";
}

/* The nearest loop around the one asked for that would do. */
static const char *around(const staging *p) {
  for (ts_op *op = p->loop; op;) {
    op = ts_loop_around(op);
    if (would_do(p, op)) return at_loop(p, op);
  }
  return ts_sprintf(p->s->pass->scratch, "%%%s where it is", name_of(p));
}

/* The outermost loop inside the one asked for, around `op`, that would do. */
static const char *further_inside(const staging *p, ts_op *op) {
  ts_op *found = NULL;
  for (ts_op *up = ts_loop_around(op); up && up != p->loop; up = ts_loop_around(up))
    if (would_do(p, up)) found = up;
  return found ? at_loop(p, found)
               : ts_sprintf(p->s->pass->scratch, "%%%s where it is", name_of(p));
}

/* ---- which accesses ---- */

static bool is_listed(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
    if (*at == '%') at++;
    if (!strncmp(at, name, n) && (!at[n] || at[n] == ',')) return true;
  }
  return false;
}

static bool is_within(const ts_op *op, const char *loop) {
  if (*loop == '%') loop++;
  for (op = ts_loop_around(op); op; op = ts_loop_around(op))
    if (!strcmp(ts_loop_name(op), loop)) return true;
  return false;
}

static bool is_asked(const staging *p, const ts_op *op) {
  if (*p->o->within && !is_within(op, p->o->within)) return false;
  if (!*p->o->loads) return true;
  const ts_value *v = op->opcode == TS_OP_LOAD ? ts_op_result(op, 0) : NULL;
  return v && v->name && is_listed(p->o->loads, ts_str_text(p->s->m, v->name));
}

/* Uses that stay with the buffer may read it as they like; what they write the copy would not have. */
static bool only_reads(const staging *p) {
  const ts_value *whole = p->staged.whole;
  for (const ts_use *u = whole->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    bool reads = op->opcode == TS_OP_LOAD || op->opcode == TS_OP_PREFETCH ||
                 (op->opcode == TS_OP_COPY && ts_operand(op, 1) != whole);
    if (!reads && ts_is_ancestor(p->block, op)) return false;
  }
  return true;
}

/* Leaves the accesses that the options loads and within ask for. */
static ts_result keep_asked(staging *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->touches.list.n; i++)
    if (is_asked(p, p->touches.list.at[i].op)) p->touches.list.at[n++] = p->touches.list.at[i];
  p->touches.list.n = n;
  if (!n) return refuse(p, "none of its accesses there is asked for");
  if (!only_reads(p))
    return refuse(p, "it is written there, which a copy for some accesses would not have");
  return TS_OK;
}

/* ---- may it be staged? ---- */

static ts_result refuse_obstacle(const staging *p) {
  refuse(p, p->touches.reason);
  if (p->quiet) return TS_ERR;
  ts_note(p->s->m->ctx, p->touches.obstacle->loc,
          "this %s cannot be sent to a copy; stage at a loop without it",
          ts_info(p->touches.obstacle)->name);
  return TS_ERR;
}

/* Arguments that come in, and globals, hold values from the start. */
static bool is_initialised(const staging *p) {
  const ts_value *v = p->staged.whole;
  if (v->kind == TS_VALUE_ARG) return p->s->func->roles[v->index] != TS_ROLE_OUT;
  return v->def->opcode == TS_OP_GLOBAL;
}

static bool copies_in(const staging *p) {
  return !p->touches.writes || p->flow.comes_in || !p->flow.writes_all;
}

/* The first access that reads (or writes); NULL: none. */
static ts_op *first_touch(const staging *p, bool writing) {
  for (size_t i = 0; i < p->touches.list.n; i++)
    if (writing ? p->touches.list.at[i].writes : p->touches.list.at[i].reads)
      return p->touches.list.at[i].op;
  return NULL;
}

static ts_result explain_unread(const staging *p) {
  ts_context *ctx = p->s->m->ctx;
  ts_op *read = first_touch(p, false);
  const char *example =
      ts_flow_unread(p->staged.forms, &p->touches, p->block, &p->staged.box, name_of(p));
  if (read)
    ts_note(ctx, read->loc, "this reads only a part of the box%s%s", example ? ", not " : "",
            example ? example : "");
  if (read) ts_note(ctx, loc_of(p), "legal instead: %s", further_inside(p, read));
  return TS_ERR;
}

static ts_result check_flow(staging *p) {
  if (is_initialised(p) && p->touches.list.at[0].reads) {
    p->flow.comes_in = true; /* at worst a copy too many */
    return TS_OK;
  }
  p->flow = ts_flow_of(p->staged.forms, &p->touches, p->block, &p->staged.box);
  if (!copies_in(p) || is_initialised(p) || p->flow.reads_all) return TS_OK;
  refuse(p,
         ts_sprintf(p->s->pass->scratch,
                    "the box that would be copied in holds elements that the loop does not read, "
                    "and %%%s may not have them written yet",
                    name_of(p)));
  return p->quiet ? TS_ERR : explain_unread(p);
}

/* The copies write back whole boxes, so boxes of different iterations must be disjoint. Where that
 * cannot be seen beforehand, the copies are made first and analysed afterwards. */
static ts_result check_parallel_loop(staging *p, ts_op *loop) {
  ts_touches all;
  bool known = ts_touches_in(p->staged.forms, ts_for_parts(loop).body, p->staged.whole, &all);
  if (known && ts_box_is_disjoint(p->staged.forms, &p->staged.box, p->block, loop, &all))
    return TS_OK;
  if (p->quiet) return TS_ERR;
  ts_push(p->s->pass->scratch, &p->unproved, loop);
  return TS_OK;
}

/* With the copies in place, may the iterations of loops marked parallel still run at once? */
static ts_result check_copies(const staging *p) {
  for (size_t i = 0; i < p->unproved.n; i++) {
    ts_op *loop = p->unproved.at[i];
    ts_verdict verdict;
    ts_result result = ts_dep_parallel(p->s->m->ctx, p->s->pass->scratch, loop, &verdict);
    if (result) return result;
    if (verdict.legal) continue;
    refuse(p, ts_sprintf(p->s->pass->scratch,
                         "its copies in different iterations of the parallel loop %%%s would share "
                         "%s",
                         ts_loop_name(loop), verdict.conflict.element));
    ts_dep_explain(p->s->m->ctx, loop->loc, &verdict, p->instead);
    return TS_ERR;
  }
  return TS_OK;
}

/* Is the buffer allocated inside the op, so that each iteration or thread has one of its own? */
static bool is_private_to(const staging *p, const ts_op *op) {
  const ts_value *v = p->staged.whole;
  if (op->opcode == TS_OP_LAUNCH && v->type->space == TS_SPACE_SHARED) return false;
  return v->kind == TS_VALUE_RESULT && ts_is_ancestor(ts_op_regions(op)[0], v->def);
}

static void find_fence(void *ctx, ts_op *op) {
  const ts_op **found = ctx;
  bool fence = op->opcode == TS_OP_BARRIER || op->opcode == TS_OP_ASYNC_WAIT;
  if (fence && !*found) *found = op;
}

/* Where threads wait for one another, what others have stored is to be seen behind it; a copy made in
 * front does not hold that. */
static ts_result check_fences(const staging *p) {
  const ts_op *fence = NULL, *launch = ts_launch_around(p->block);
  if (!launch || is_private_to(p, launch)) return TS_OK;
  ts_walk(p->block, find_fence, &fence);
  if (!fence) return TS_OK;
  refuse(p, "threads wait for one another in it, to see what others have stored");
  if (!p->quiet) ts_note(p->s->m->ctx, fence->loc, "here");
  return TS_ERR;
}

static ts_result check_parallel(staging *p) {
  if (!p->touches.writes || !p->loop) return TS_OK;
  for (ts_op *op = p->loop; op && !is_private_to(p, op); op = op->block->parent) {
    if (op->opcode == TS_OP_LAUNCH)
      return refuse(p, "it is written in a launch, where other threads could see the old contents");
    if (!ts_is_loop(op) || !ts_attr_find(op, TS_ATTR_PARALLEL)) continue;
    ts_result result = check_parallel_loop(p, op);
    if (result) return result;
  }
  return TS_OK;
}

/* Is the form a multiple of n whenever the code runs? Loop variables go by steps from their lower
 * bound. */
static bool is_multiple(ts_forms *F, const ts_linear *l, int64_t n) {
  if (!l || l->constant % n) return false;
  for (unsigned i = 0; i < l->n; i++) {
    const ts_linear_term *t = &l->terms[i];
    if (t->coef % n == 0) continue;
    const ts_value *v = ts_form_atom_of(t)->value;
    const ts_op *op = v && v->kind == TS_VALUE_ARG ? v->block->parent : NULL;
    if (!ts_is_loop(op)) return false;
    ts_for loop = ts_for_parts(op);
    const ts_linear *lo = ts_form_of(F, op, loop.lo[0]);
    if (loop.num_lo != 1 || t->coef % n * (loop.step % n) % n) return false;
    if (!lo || !is_multiple(F, ts_form_add(F, ts_form_const(F, 0), lo, t->coef), n)) return false;
  }
  return true;
}

/* A vector must lie in one piece in the part. */
static ts_result check_vectors(staging *p) {
  const ts_staged *s = &p->staged;
  if (!s->box.rank) return TS_OK;
  const ts_piece *last = &s->pieces.at[s->pieces.n - 1];
  unsigned d = s->box.rank - 1;
  for (size_t i = 0; i < p->touches.list.n; i++) {
    const ts_touch *t = &p->touches.list.at[i];
    int64_t width = t->widths[d];
    if (width == 1) continue;
    const ts_linear *at = ts_form_add(s->forms, t->at[d], s->box.dims[d].lower, -1);
    bool fits = last->dim == d && last->div == 1;
    if (fits && last->mod) fits = last->mod % width == 0 && is_multiple(s->forms, at, width);
    if (fits) continue;
    refuse(p, ts_sprintf(p->s->pass->scratch,
                         "layout '%s' would tear the vectors of %lld elements apart", p->o->layout,
                         (long long)width));
    if (p->quiet) return TS_ERR;
    ts_note(p->s->m->ctx, t->op->loc, "this accesses a vector");
    return TS_ERR;
  }
  return TS_OK;
}

/* ---- the part's type ---- */

static bool read_space(const char *word, ts_space *out) {
  static const char *const words[] = {"global", "shared", "local"};
  for (unsigned i = 0; i < ts_countof(words); i++)
    if (!strcmp(word, words[i])) {
      *out = (ts_space)i;
      return true;
    }
  return false;
}

static ts_result check_shared(const staging *p) {
  const ts_op *op = ts_launch_around(p->block);
  if (!op) return refuse(p, "shared memory is there in a launch only");
  ts_launch launch = ts_launch_parts(op);
  for (unsigned i = 0; i < launch.n; i++)
    if (launch.clauses[i] != TS_CLAUSE_BLOCKS)
      return refuse(p, "every thread of the block would fill the same shared memory");
  return TS_OK;
}

static ts_result choose_type(staging *p, const ts_type **out) {
  const ts_type *from = p->staged.whole->type;
  bool in_launch = ts_launch_around(p->block) != NULL;
  ts_space space = in_launch || from->space == TS_SPACE_LOCAL ? TS_SPACE_LOCAL : TS_SPACE_GLOBAL;
  if (*p->o->space) read_space(p->o->space, &space);
  if (space == TS_SPACE_SHARED && check_shared(p)) return TS_ERR;
  if (space == TS_SPACE_GLOBAL && in_launch)
    return refuse(p,
                  "a launch has no global memory of its own; space=local gives each thread a copy");
  ts_extent dims[TS_MAX_RANK];
  for (unsigned i = 0; i < p->staged.pieces.n; i++) {
    dims[i] = p->staged.pieces.at[i].count;
    if (in_launch && ts_is_symbolic(dims[i]))
      return refuse(p, "inside a launch the extents of its copy must be numbers");
  }
  *out = ts_type_memref(p->s->m, p->staged.pieces.n, dims, from->dtype, from->elem, space,
                        TS_LAYOUT_ROWMAJOR, 0, NULL);
  if (p->o->pad && from->elem) return refuse(p, "vectors cannot be padded");
  return TS_OK;
}

/* ---- doing it ---- */

/* Where the copy in goes: the top of the block, or behind what defines the buffer there. */
static ts_builder top_of(const staging *p) {
  const ts_value *v = p->staged.whole;
  ts_builder b = v->kind == TS_VALUE_RESULT && v->def->block == p->block
                     ? ts_builder_after(p->s->m, v->def)
                     : ts_builder_before(p->s->m, p->block->first);
  b.loc = loc_of(p);
  return b;
}

static ts_builder end_of(const staging *p) {
  ts_op *last = p->block->last;
  return ts_is_class(last, TS_OC_END) ? ts_builder_before(p->s->m, last)
                                      : ts_builder_at_end(p->s->m, p->block, loc_of(p));
}

/* %W.s, or what was asked for; _1, _2 … where a value in view is called so. Parts of loops side by
 * side share the name, so that later steps reach them together. */
static ts_str part_name(const staging *p) {
  ts_module *m = p->s->m;
  const char *usual =
      *p->o->name ? p->o->name : ts_sprintf(&m->arena, "%s.%s", name_of(p), TS_ROLE_COPY);
  ts_str wanted = ts_intern(&m->strings, usual), name = wanted;
  for (unsigned i = 1;
       ts_names_inside(p->block, name, true) || ts_schedule_is_named_around(p->block, name); i++)
    name = ts_intern(&m->strings, ts_sprintf(&m->arena, "%s_%u", usual, i));
  ts_made_note(p->s->pass, p->s->func, wanted, name);
  return name;
}

static ts_result rewrite(staging *p, const ts_type *type) {
  ts_staged *s = &p->staged;
  ts_builder top = top_of(p), end;
  ts_op *read = first_touch(p, false), *written = first_touch(p, true);
  if (p->unproved.n) top.loc = (read ? read : written)->loc; /* check_copies may point there */
  s->part = ts_build_alloc(&top, type);
  ts_set_name(s->part, part_name(p));
  s->name = *p->o->name ? p->o->name : name_of(p);
  bool fits = true;
  for (size_t i = 0; i < p->touches.list.n; i++)
    fits = ts_staged_redirect(s, &p->touches.list.at[i]) && fits;
  if (copies_in(p)) fits = ts_staged_copy_in(s, &top, p->o->pad) && fits;
  if (p->o->pad) fits = ts_staged_fill(s, &top) && fits;
  end = end_of(p);
  if (p->unproved.n) end.loc = written->loc;
  if (p->touches.writes) fits = ts_staged_copy_out(s, &end) && fits;
  return fits ? TS_OK : refuse(p, "an expression gets too large");
}

static void remark(const staging *p, const ts_type *type) {
  const char *how = !p->touches.writes ? "copied in"
                    : copies_in(p)     ? "copied in and out"
                                       : "copied out";
  int64_t elements = ts_type_num_elements(type);
  const char *size = elements <= 0 ? ""
                                   : ts_sprintf(p->s->pass->scratch, ", %lld bytes",
                                                (long long)elements * ts_dtype_bytes(type->dtype));
  ts_remark(p->s->m->ctx, loc_of(p), p->s->pass->name, "passed", "staged %%%s at %s in %s: %s%s",
            name_of(p), at_name(p), type->text, how, size);
}

static ts_result check_legal(staging *p, const ts_type **type) {
  ts_arena *scratch = p->s->pass->scratch;
  bool some = *p->o->loads || *p->o->within;
  if (!ts_touches_in(p->staged.forms, p->block, p->staged.whole, &p->touches) && !some)
    return refuse_obstacle(p);
  if (some && keep_asked(p)) return TS_ERR;
  ts_box_of(p->staged.forms, &p->touches, p->block, p->staged.whole->type, &p->staged.box);
  const char *wrong = ts_pieces_parse(scratch, p->o->layout, &p->staged.box, &p->staged.pieces);
  if (wrong) return refuse(p, ts_sprintf(scratch, "layout %s", wrong));
  ts_result result = check_vectors(p);
  if (!result) result = check_flow(p);
  if (!result) result = check_parallel(p);
  if (!result) result = check_fences(p);
  return result ? result : choose_type(p, type);
}

static ts_result stage_buffer(staging *p) {
  const ts_type *type;
  ts_result result = check_legal(p, &type);
  if (!result && p->unproved.n) p->instead = around(p);
  if (!result) result = rewrite(p, type);
  if (!result) result = check_copies(p);
  if (result) return result;
  remark(p, type);
  p->s->pass->changed = true;
  ts_count(p->s->pass, "buffers staged", 1);
  return TS_OK;
}

/* Stages the buffer of this name, if the block uses it. */
static ts_result stage_named(ts_schedule *s, ts_op *loop, ts_block *block, const char *name) {
  stage_request *r = (stage_request *)s->options;
  buffer_search found = find_buffer(s, block, name);
  ts_forms forms = ts_forms_in(s->pass->scratch);
  staging p = {.s = s, .o = r->options, .loop = loop, .block = block};
  p.staged = (ts_staged){.schedule = s, .forms = &forms, .whole = found.found};
  if (found.found) {
    r->staged++;
    return stage_buffer(&p);
  }
  if (found.inside) {
    ts_error(s->m->ctx, loc_of(&p), "cannot stage %%%s at %s: it is allocated further inside", name,
             at_name(&p));
    ts_note(s->m->ctx, found.inside->loc, "here; 'hoist' may move it out");
    return TS_ERR;
  }
  if (loop)
    ts_schedule_missed(s, loop, "%%%s uses no buffer %%%s%s%s", ts_loop_name(loop), name,
                       *found.list ? ", but " : "", found.list);
  return TS_OK;
}

static ts_result stage_at(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  (void)item;
  stage_request *r = (stage_request *)s->options;
  for (size_t i = 0; i < r->options->buffers.items.n; i++) {
    ts_result result =
        stage_named(s, loop, ts_for_parts(loop).body, r->options->buffers.items.at[i].name);
    if (result) return result;
  }
  return TS_OK;
}

static ts_result stage_in_functions(ts_pass_ctx *pass, ts_module *m, stage_request *r) {
  const char *func = r->options->func;
  for (ts_func *f = ts_first_asked(m, func); f; f = ts_next_asked(f, func)) {
    ts_schedule s = {.pass = pass, .m = m, .func = f, .options = r, .only = func};
    for (size_t i = 0; i < r->options->buffers.items.n; i++) {
      ts_result result = stage_named(&s, NULL, f->body, r->options->buffers.items.at[i].name);
      if (result) return result;
    }
  }
  return TS_OK;
}

ts_result ts_pass_stage(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_stage_options *o = options;
  stage_request r = {.options = o};
  if (!o->buffers.items.n || !*o->at) {
    ts_error_plain(m->ctx, "-stage wants a buffer and at=LOOP, as in -stage=\"W at=j.o\"");
    return TS_USAGE;
  }
  ts_space space;
  if (*o->space && !read_space(o->space, &space)) {
    ts_error_plain(m->ctx, "-stage: space is global, shared or local, not '%s'", o->space);
    return TS_USAGE;
  }
  ts_loop_list loops = {0};
  const char *at = *o->at == '%' ? o->at + 1 : o->at;
  ts_push(pass->scratch, &loops.items, (ts_loop_item){.name = at});
  ts_result result = !strcmp(o->at, "func") ? stage_in_functions(pass, m, &r)
                                            : ts_each_loop(pass, m, o->func, &loops, &r, stage_at);
  if (result || r.staged) return result;
  return ts_error_plain(m->ctx, "-stage: there is no buffer %%%s in use at %s%s",
                        o->buffers.items.at[0].name, strcmp(o->at, "func") ? "%" : "", at);
}
