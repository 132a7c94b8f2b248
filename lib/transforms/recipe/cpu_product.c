/* The schedule of a product: sums over %k for rows %i and columns %j, with what follows on each
 * sum.
 *
 *   for %j.o over panels of columns                  parallel
 *     the panel of %W, packed: [K][columns]          unless too few rows use it
 *     for %i.o over tiles of rows
 *       the sums of a tile = 0                       kept in registers
 *       for %k
 *         a row of the panel times a column of %X    prefetched some rows ahead
 *       what follows on the sums, store
 *
 * A tile has as many rows and vectors as leave registers for a row of the panel and one element of
 * %X; rows that do not fill a tile are shared out evenly, so that no tile is much smaller than the
 * others. Only a panel that would take more than half of the second-level cache is cut into blocks of %k:
 * the sums of its rows then wait in memory while one block after the other is added. From that cache a
 * panel is read as fast as it is used up, and below this size sums that leave the registers cost more
 * than they save (measured; docs/benchmarks.md). The shape of the kernel is that of Goto & van de
 * Geijn, Anatomy of High-Performance Matrix Multiplication (2008), section 4, where there are blocks
 * with its middle loop. */
#include "support/arith.h"
#include "transforms/recipe/cpu_product_impl.h"

enum { MIN_PARALLEL_BYTES = 1 << 18 };

/* Loops by name, as steps so far have made them. */
typedef struct loop_names {
  const char *sum;       /* %k, the loop over its groups, or the one within a block; several: all */
  const char *sum_block; /* over blocks of sums; NULL: there are none */
  const char *rows[2];   /* within a tile: of full tiles, of the others */
  const char *tiles[2];  /* over such tiles; NULL: the rows are one */
  unsigned num_rows;
  const char *panel, *column; /* over panels (NULL: one), within one */
  const char *block; /* over blocks of panels that are copied together; NULL: each for itself */
} loop_names;

/* Copies that steps so far have made. */
typedef struct copy_names {
  const char *read; /* the buffer that the inner loop reads a row of the panel from */
  /* What the loops of copies are made of, by name: of the panel, of the rows (once for all panels; NULL:
   * none), and of a tile's sums where they wait in memory (NULL: they do not). */
  const char *panel, *rows, *sum;
  bool rows_grouped; /* the copy's rows are cut into groups */
} copy_names;

static const char *join(const ts_product *p, const char *a, const char *b) {
  return ts_sprintf(p->r->pass->scratch, "%s%s", a, b);
}

static const char *made(const ts_product *p, const char *of, const char *role) {
  return ts_recipe_made(p->r, of, role);
}

static const char *value_name(const ts_product *p, const ts_value *v) {
  return join(p, "%", ts_str_text(p->r->m, v->name));
}

static const void *name_key(const ts_product *p, const char *name) {
  return (const void *)(uintptr_t)ts_intern(&p->r->m->strings, name + 1);
}

static const char *list_loops(const ts_product *p, unsigned n, ts_op *const *loops) {
  const char *text = "";
  for (unsigned i = 0; i < n; i++)
    text = ts_sprintf(p->r->pass->scratch, "%s%s%s", text, i ? " " : "",
                      ts_recipe_loop(p->r, loops[i]));
  return text;
}

static void split_columns(const ts_product *p, loop_names *l) {
  int64_t width = p->vectors * p->lanes;
  l->column = p->columns_loop;
  if (!ts_product_has_panels(p)) return;
  if (p->panels_together > 1) {
    l->block = made(p, p->columns_loop, TS_ROLE_OUTER);
    ts_recipe_step(p->r, "split", "%s=%lld", p->columns_loop,
                   (long long)(width * p->panels_together));
    if (p->rows_loop) ts_recipe_step(p->r, "reorder", "%s %s", l->block, p->rows_loop);
    l->column = made(p, p->columns_loop, TS_ROLE_INNER);
  }
  ts_recipe_step(p->r, "split", "%s=%lld", l->column, (long long)width);
  l->panel = made(p, l->column, TS_ROLE_OUTER);
  l->column = made(p, l->column, TS_ROLE_INNER);
  if (p->rows_loop && !p->rows_outermost)
    ts_recipe_step(p->r, "reorder", "%s %s", l->panel, p->rows_loop);
}

/* Rows that `split` cuts into tiles. */
static void add_tiles(const ts_product *p, loop_names *l, const char *rows) {
  l->tiles[l->num_rows] = made(p, rows, TS_ROLE_OUTER);
  l->rows[l->num_rows++] = made(p, rows, TS_ROLE_INNER);
}

/* Any number of rows: full tiles, then row by row. */
static void split_unknown_rows(const ts_product *p, loop_names *l) {
  ts_recipe_step(p->r, "peel", "%s=%lld", p->rows_loop, (long long)p->tile_rows);
  const char *tail = made(p, p->rows_loop, TS_ROLE_TAIL);
  ts_recipe_step(p->r, "split", "%s=%lld %s=1", p->rows_loop, (long long)p->tile_rows, tail);
  add_tiles(p, l, p->rows_loop);
  add_tiles(p, l, tail);
}

static void split_rows(const ts_product *p, loop_names *l) {
  if (!p->rows_loop) return;
  if (!p->rows) {
    split_unknown_rows(p, l);
    return;
  }
  int64_t tiles = ts_ceil_div(p->rows, p->tile_rows), large = ts_ceil_div(p->rows, tiles);
  int64_t small_rows = (tiles * large - p->rows) * (large - 1); /* in tiles of one row less */
  if (tiles == 1) {
    l->rows[l->num_rows++] = p->rows_loop;
    return;
  }
  add_tiles(p, l, p->rows_loop);
  if (!small_rows) {
    ts_recipe_step(p->r, "split", "%s=%lld", p->rows_loop, (long long)large);
    return;
  }
  ts_recipe_step(p->r, "peel", "%s=%lld last=true", p->rows_loop, (long long)small_rows);
  const char *tail = made(p, p->rows_loop, TS_ROLE_TAIL);
  ts_recipe_step(p->r, "split", "%s=%lld %s=%lld", p->rows_loop, (long long)large, tail,
                 (long long)large - 1);
  add_tiles(p, l, tail);
}

/* Panels go between tiles and their rows. */
static void put_panels_inside(const ts_product *p, const loop_names *l) {
  for (unsigned t = 0; t < l->num_rows && p->rows_outermost; t++)
    ts_recipe_step(p->r, "reorder", "%s %s", l->panel, l->rows[t]);
}

static void split_sums(const ts_product *p, loop_names *l) {
  if (!p->group) return;
  ts_recipe_step(p->r, "split", "%s=%lld", p->sums_loop, (long long)p->group);
  l->sum = made(p, p->sums_loop, TS_ROLE_OUTER);
}

/* Sums of all rows of a panel wait in memory while one block after the other is added to them. */
static void block_sums(const ts_product *p, loop_names *l) {
  if (!p->sum_block) return;
  ts_recipe_step(p->r, "split", "%s=%lld", p->sums_loop, (long long)p->sum_block);
  l->sum_block = made(p, p->sums_loop, TS_ROLE_OUTER);
  l->sum = made(p, p->sums_loop, TS_ROLE_INNER);
  if (!p->nest->in_place) ts_recipe_step(p->r, "distribute", "%s %s", p->rows_loop, l->column);
  ts_recipe_step(p->r, "reorder", "%s %s %s %s", l->sum_block, p->rows_loop, l->sum, l->column);
}

/* The loop over a dimension of a copy, in one of its roles. */
static const char *copy_loop(const ts_product *p, const char *copy, const char *role,
                             unsigned dim) {
  return ts_sprintf(p->r->pass->scratch, "%s%u", made(p, copy, role), dim);
}

/* A loop as the option at= takes it. */
static const char *at_loop(const char *loop) {
  return *loop == '%' && strcmp(loop, "%func") ? loop + 1 : loop;
}

/* A name for a copy of the buffer that nothing in the function has, and in *how what stage has to be told for
 * it. Returns what the copy's loops are made of, by name. */
static const char *name_copy(const ts_product *p, const ts_value *buffer, const char **name,
                             const char **how) {
  ts_recipe *r = p->r;
  const char *whole = value_name(p, buffer);
  const char *usual = ts_sprintf(r->pass->scratch, "%s.%s", whole, TS_ROLE_COPY);
  *name = usual;
  *how = "";
  for (unsigned i = 2; ts_ptrmap_get(&r->taken, name_key(p, *name)); i++)
    *name = ts_sprintf(r->pass->scratch, "%s_%u", usual, i);
  ts_ptrmap_put(&r->taken, name_key(p, *name), r);
  if (!strcmp(*name, usual)) return whole;
  *how = join(p, " name=", *name + 1);
  return *name;
}

/* A tile's sums come from memory and go back there. */
static void open_tiles_in_memory(const ts_product *p, const loop_names *l, copy_names *c) {
  const char *name, *how;
  unsigned around = p->nest->n - (p->rows_loop ? 2 : 1);
  const char *outer = around ? ts_recipe_loop(p->r, p->nest->loops[around - 1]) : NULL;
  const char *place = l->panel ? l->panel : outer;
  c->sum = name_copy(p, p->nest->sum, &name, &how);
  for (unsigned t = 0; t < ts_max(l->num_rows, 1); t++) {
    const char *rows = l->num_rows ? join(p, join(p, " ", l->rows[t]), " ") : " ";
    const char *at = l->tiles[t] && !p->rows_outermost ? l->tiles[t] : place;
    ts_recipe_step(p->r, "reorder", "%s%s%s", l->sum, rows, l->column);
    if (at)
      ts_recipe_step(p->r, "stage", "%s at=%s space=local%s", value_name(p, p->nest->sum),
                     at_loop(at), how);
    else
      c->sum = NULL;
  }
  if (!p->rows && c->sum) /* that a tile is full, its copies are not told by intervals */
    ts_recipe_step(p->r, "simplify", "keep_loops=true");
}

/* Sums of a whole tile at once: zero them, add up with %k outside, finish them. */
static void open_tiles(const ts_product *p, const loop_names *l, copy_names *c) {
  const char *group = p->group ? join(p, " ", made(p, p->sums_loop, TS_ROLE_INNER)) : "";
  if (p->sum_block || p->nest->in_place) {
    open_tiles_in_memory(p, l, c);
    return;
  }
  for (unsigned t = 0; t < l->num_rows; t++) {
    ts_recipe_step(p->r, "distribute", "%s %s", l->rows[t], l->column);
    ts_recipe_step(p->r, "reorder", "%s %s %s%s", l->sum, l->rows[t], l->column, group);
  }
  if (!l->num_rows) {
    ts_recipe_step(p->r, "distribute", "%s", l->column);
    ts_recipe_step(p->r, "reorder", "%s %s%s", l->sum, l->column, group);
  }
}

/* Is the buffer read by the sums and by nothing else? */
static bool only_summed(const ts_product *p, const ts_value *v) {
  for (const ts_use *u = v->uses; u; u = u->next)
    if (!ts_is_ancestor(ts_for_parts(p->nest->sums[0]).body, u->owner)) return false;
  return true;
}

/* One panel is copied in front of all its rows: in the loop around them, or where the function
 * begins when the buffer is whole by then. */
static const char *place_of_copy(const ts_product *p, const loop_names *l) {
  unsigned around = p->nest->n - (p->rows_loop ? 2 : 1);
  if (p->rows_outermost) return "func";
  if (p->sum_block) return l->sum_block;
  if (l->block) return l->block;
  if (l->panel) return l->panel;
  if (around) return ts_recipe_loop(p->r, p->nest->loops[around - 1]);
  return ts_product_is_parameter(p->nest->panel) ? "func" : NULL;
}

/* Groups of sums last, so that they lie side by side: " layout=[0/4][1][0%4]" */
static const char *layout_of(const ts_product *p, const ts_op *load) {
  ts_arena *a = p->r->pass->scratch;
  const char *text = " layout=";
  unsigned sum = ts_nest_subscript(load, ts_for_parts(p->nest->sums[0]).iv);
  if (!p->group) return "";
  for (unsigned i = 0; i < load->map->n; i++)
    text = i == sum ? ts_sprintf(a, "%s[%u/%lld]", text, i, (long long)p->group)
                    : ts_sprintf(a, "%s[%u]", text, i);
  return ts_sprintf(a, "%s[%u%%%lld]", text, sum, (long long)p->group);
}

/* All panels one behind the other: " layout=[1/16][0][1%16]" */
static const char *layout_of_panels(const ts_product *p) {
  ts_arena *a = p->r->pass->scratch;
  const ts_op *load = p->nest->panel_load;
  unsigned column = ts_nest_subscript(load, ts_for_parts(p->nest->j).iv);
  long long width = (long long)(p->vectors * p->lanes);
  const char *text = ts_sprintf(a, " layout=[%u/%lld]", column, width);
  for (unsigned i = 0; i < load->map->n; i++)
    if (i != column) text = ts_sprintf(a, "%s[%u]", text, i);
  return ts_sprintf(a, "%s[%u%%%lld]", text, column, width);
}

/* The number of the copy's dimension that counts groups of sums. */
static unsigned dim_of_groups(const ts_product *p, const ts_op *load) {
  return ts_nest_subscript(load, ts_for_parts(p->nest->sums[0]).iv);
}

/* Sums that do not fill the last group: copies hold zeros there, and the loops that make them fill
 * all groups but the last one without asking. */
static void pad_groups(const ts_product *p, const copy_names *c) {
  unsigned rows = dim_of_groups(p, p->nest->rows_load);
  unsigned panel = dim_of_groups(p, p->nest->panel_load);
  ts_recipe_step(p->r, "peel", "%s=1 %s=1 last=true", copy_loop(p, c->rows, TS_ROLE_COPY, rows),
                 copy_loop(p, c->panel, TS_ROLE_COPY, panel));
}

/* Copies what `load` reads of a buffer, and nothing else does, at a loop or "func". Returns the copy's name. */
static const char *copy_operand(const ts_product *p, const loop_names *l, const ts_op *load,
                                const char *at, const char *options, const char **copy) {
  const char *name, *how, *value = ts_str_text(p->r->m, ts_op_result(load, 0)->name);
  *copy = name_copy(p, ts_operand(load, 0), &name, &how);
  bool others = p->nest->panel == p->nest->rows ||
                (!strcmp(at, "func") && !only_summed(p, ts_operand(load, 0)));
  if (others) /* which stay with the buffer */
    how = ts_sprintf(p->r->pass->scratch, "%s loads=%s within=%s", how, value, at_loop(l->column));
  ts_recipe_step(p->r, "stage", "%s at=%s%s%s", value_name(p, ts_operand(load, 0)), at_loop(at),
                 options, how);
  return name;
}

static void use_dot(const ts_product *p, const loop_names *l, copy_names *c) {
  const char *loop = made(p, p->sums_loop, TS_ROLE_INNER);
  bool ragged = p->sums % p->group != 0;
  if (ts_product_is_parameter(p->nest->rows) && (p->offset || ragged)) {
    const char *layout = ragged ? join(p, layout_of(p, p->nest->rows_load), " pad=true") : "";
    c->rows_grouped = ragged;
    copy_operand(p, l, p->nest->rows_load, "func", layout, &c->rows);
  }
  if (ragged && c->rows)
    pad_groups(p, c);
  else if (ragged && p->sums > p->group)
    ts_recipe_step(p->r, "peel", "%s=1 last=true", l->sum);
  const char *how = p->offset ? " offset=true" : p->nest->data == TS_I8 ? "" : " reassociate=true";
  ts_recipe_step(p->r, "dot", "%s%s", loop, how);
}

static void copy_panel(const ts_product *p, const loop_names *l, copy_names *c) {
  c->read = value_name(p, p->nest->panel);
  if (!p->pack) return;
  const char *layout = p->rows_outermost ? layout_of_panels(p) : layout_of(p, p->nest->panel_load);
  const char *how = join(p, layout, " pad=true");
  c->read = copy_operand(p, l, p->nest->panel_load, place_of_copy(p, l), how, &c->panel);
  if (p->group) {
    use_dot(p, l, c);
    return;
  }
  if (!p->widen) return;
  ts_recipe_step(p->r, "widen", "%s", c->read);
  if (!ts_product_is_parameter(p->nest->rows)) return;
  const char *rows = copy_operand(p, l, p->nest->rows_load, "func", "", &c->rows);
  ts_recipe_step(p->r, "widen", "%s", rows);
}

/* The loop that threads share, by name; NULL: there is none of that kind. */
static const char *loop_of_threads(const ts_product *p, const loop_names *l,
                                   ts_recipe_parallel_loop kind) {
  ts_op *outer = ts_recipe_first_long(p->nest->n - (p->rows_loop ? 2 : 1), p->nest->loops);
  switch (kind) {
  case TS_PARALLEL_NONE: return NULL;
  case TS_PARALLEL_OUTER: return outer ? ts_recipe_loop(p->r, outer) : NULL;
  case TS_PARALLEL_PANELS: return l->block ? l->block : l->panel;
  case TS_PARALLEL_TILES: return l->tiles[0];
  }
  return NULL;
}

static ts_recipe_parallel_loop own_parallel(const ts_product *p, const loop_names *l) {
  int64_t threads = p->r->threads;
  if (!ts_product_is_parallel(p)) return TS_PARALLEL_NONE;
  if (loop_of_threads(p, l, TS_PARALLEL_OUTER)) return TS_PARALLEL_OUTER; /* of many matrices */
  if (p->rows_outermost) return TS_PARALLEL_TILES;
  int64_t panels = p->columns ? ts_ceil_div(p->columns, p->vectors * p->lanes) : 0;
  /* Within a panel the copying of it would not be shared out, which costs more than an uneven
   * end. */
  bool even = l->panel && (!panels || panels % threads == 0 || panels >= 4 * threads ||
                           (p->pack && panels > threads));
  if (l->block || even || !l->tiles[0]) return l->panel ? TS_PARALLEL_PANELS : TS_PARALLEL_NONE;
  return TS_PARALLEL_TILES;
}

static ts_recipe_parallel_loop choose_parallel(const ts_product *p, const loop_names *l) {
  int64_t worth[TS_PARALLEL_TILES + 1] = {TS_PARALLEL_NONE};
  unsigned n = 1;
  if (p->r->threads < 2) return TS_PARALLEL_NONE;
  for (ts_recipe_parallel_loop kind = TS_PARALLEL_OUTER; kind <= TS_PARALLEL_TILES; kind++)
    if (loop_of_threads(p, l, kind)) worth[n++] = kind;
  int64_t kind = ts_product_choose(p, TS_CHOICE_PARALLEL, own_parallel(p, l), n, worth);
  return (ts_recipe_parallel_loop)kind;
}

static void run_parallel(const ts_product *p, const loop_names *l, const copy_names *c) {
  ts_recipe_parallel_loop kind = choose_parallel(p, l);
  const char *loop = loop_of_threads(p, l, kind), *copies = "";
  if (!loop) return;
  bool long_copy = c->rows && (!p->group || !p->rows || p->rows * p->sums >= MIN_PARALLEL_BYTES);
  if (long_copy && kind != TS_PARALLEL_OUTER)
    copies = join(p, copy_loop(p, c->rows, TS_ROLE_COPY, 0), " ");
  if (c->panel && p->rows_outermost)
    copies = join(p, join(p, copies, copy_loop(p, c->panel, TS_ROLE_COPY, 0)), " ");
  ts_recipe_step(p->r, "parallel", "%s%s", copies, loop);
}

/* "i.i.pre=16 …" for the three loops that distribute makes of one. */
static const char *three_loops(const ts_product *p, const char *loop, const char *lanes) {
  return ts_sprintf(p->r->pass->scratch, "%s%s %s%s %s%s", made(p, loop, TS_ROLE_BEFORE), lanes,
                    loop, lanes, made(p, loop, TS_ROLE_BEHIND), lanes);
}

/* What follows on the sums stays in loops: it runs once a tile, and unrolled it takes longer to
 * compile than all else. Not where %k reads with masks: compilers move the stores of sums that lie
 * in an array out of a loop, but not past masked reads; so nothing may subscript these sums by a
 * variable. */
static void unroll(const ts_product *p, const char *loop) {
  if (p->sum_block || p->nest->in_place) {
    ts_recipe_step(p->r, "unroll", "%s mark=true", loop);
    return;
  }
  bool masked = !p->pack && (!p->columns || p->columns % (p->vectors * p->lanes) != 0);
  const char *offset = p->offset ? join(p, " ", made(p, loop, TS_ROLE_CORRECT)) : "";
  const char *finish = masked ? join(p, " ", made(p, loop, TS_ROLE_BEHIND)) : "";
  ts_recipe_step(p->r, "unroll", "%s%s %s%s mark=true", made(p, loop, TS_ROLE_BEFORE), offset, loop,
                 finish);
}

/* "X:s1=16 ", for the last loop of a copy. */
static const char *along_copy(const ts_product *p, const char *copy, const char *role,
                              unsigned rank, const char *lanes) {
  return ts_sprintf(p->r->pass->scratch, "%s%s ", copy_loop(p, copy, role, rank - 1), lanes);
}

/* Of the buffer of sums once it holds those of a tile. */
static unsigned rank_of_sums(const ts_product *p) {
  return p->nest->in_place ? p->nest->sum->type->rank : 2;
}

static void unroll_sums(const ts_product *p, const copy_names *c) {
  const char *loops = "";
  for (unsigned d = 0; d < rank_of_sums(p); d++)
    loops = join(p, join(p, loops, copy_loop(p, c->sum, TS_ROLE_COPY, d)), " ");
  for (unsigned d = 0; d < rank_of_sums(p); d++)
    loops = join(p, join(p, loops, copy_loop(p, c->sum, TS_ROLE_COPY_OUT, d)), " ");
  ts_recipe_step(p->r, "unroll", "%smark=true", loops);
}

static void use_vectors(const ts_product *p, const loop_names *l, const copy_names *c) {
  const char *lanes = ts_sprintf(p->r->pass->scratch, "=%lld", (long long)p->lanes);
  bool packs = p->pack && !p->group; /* a compiler interleaves rows better than lanes do */
  unsigned rank_of_panel = p->nest->panel->type->rank + p->rows_outermost;
  const char *copies = packs ? along_copy(p, c->panel, TS_ROLE_COPY, rank_of_panel, lanes) : "";
  if (c->rows && !c->rows_grouped)
    copies =
        join(p, along_copy(p, c->rows, TS_ROLE_COPY, p->nest->rows->type->rank, lanes), copies);
  if (p->offset)
    copies = ts_sprintf(p->r->pass->scratch, "%s%s%s ", copies, made(p, l->column, TS_ROLE_CORRECT),
                        lanes);
  if (c->sum) {
    unsigned rank = rank_of_sums(p);
    copies = join(p, copies, along_copy(p, c->sum, TS_ROLE_COPY, rank, lanes));
    copies = join(p, copies, along_copy(p, c->sum, TS_ROLE_COPY_OUT, rank, lanes));
  }
  const char *columns =
      p->nest->in_place ? join(p, l->column, lanes) : three_loops(p, l->column, lanes);
  ts_recipe_step(p->r, "vectorize", "%s%s", copies, columns);
  for (unsigned t = 0; t < l->num_rows; t++)
    unroll(p, l->rows[t]);
  unroll(p, l->column);
  if (c->sum) unroll_sums(p, c);
  if (p->prefetch)
    ts_recipe_step(p->r, "prefetch", "%s=%lld at=%s", c->read, (long long)p->prefetch,
                   at_loop(l->sum));
  if (p->unroll > 1) ts_recipe_step(p->r, "unroll", "%s=%lld", l->sum, (long long)p->unroll);
}

/* Brings the loops into the order that all else starts from. */
static void put_in_order(const ts_product *p, const loop_names *l) {
  const ts_nest *nest = p->nest;
  const char *output = list_loops(p, nest->n, nest->loops);
  if (nest->num_around)
    ts_recipe_step(p->r, "distribute", "%s", list_loops(p, nest->num_around, nest->around));
  if (!nest->moved) return;
  ts_recipe_step(p->r, "reorder", "%s%s%s", output, nest->in_place ? " " : "",
                 nest->in_place ? l->sum : "");
}

/* What a model of energy wants to know. */
static void list_tiles(const ts_product *p) {
  ts_recipe *r = p->r;
  const char *j = p->columns_loop;
  if (!r->listed || !p->nest->multiplies) return;
  ts_recipe_tiles t = {.matrices = 1, .rows = p->rows, .columns = p->columns, .sums = p->sums};
  for (unsigned i = 0; i + (p->rows_loop ? 2 : 1) < p->nest->n; i++) {
    int64_t n;
    t.matrices = ts_loop_trip_count(p->nest->loops[i], &n) ? t.matrices * n : 0;
  }
  t.tile_rows = ts_strdup(r->list_arena,
                          ts_recipe_term(r, j, TS_CHOICE_ROWS, p->rows_loop ? p->tile_rows : 1));
  t.tile_columns =
      ts_sprintf(r->list_arena, "%s * %lld", ts_recipe_term(r, j, TS_CHOICE_VECTORS, p->vectors),
                 (long long)p->lanes);
  t.tile_sums = ts_strdup(r->list_arena, ts_recipe_term(r, j, TS_CHOICE_SUM_BLOCK, p->sums));
  ts_push(r->list_arena, &r->listed->products, t);
}

void ts_recipe_product(ts_recipe *r, const ts_nest *nest) {
  const ts_product p = ts_product_of(r, nest);
  loop_names l = {.sum = list_loops(&p, nest->num_sums, nest->sums)};
  copy_names c = {0};
  put_in_order(&p, &l);
  split_columns(&p, &l);
  block_sums(&p, &l);
  split_rows(&p, &l);
  put_panels_inside(&p, &l);
  split_sums(&p, &l);
  open_tiles(&p, &l, &c);
  copy_panel(&p, &l, &c);
  run_parallel(&p, &l, &c);
  use_vectors(&p, &l, &c);
  list_tiles(&p);
}
