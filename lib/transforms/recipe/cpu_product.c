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
#include "transforms/recipe/recipe_impl.h"
#include "transforms/rewrite/rewrite.h"

enum {
  PREFETCH_PACKED = 4, /* rows of a packed panel ahead, and of a matrix read as it lies */
  PREFETCH_STREAM = 8,
  MIN_ROWS_TO_PACK = 25,
  MAX_VECTORS = 7,
  BLOCK_COLUMNS = 256,
  MIN_PARALLEL_FLOPS = 200000, /* a parallel loop costs about a microsecond */
  MIN_PARALLEL_BYTES = 1 << 18,
};

typedef struct plan {
  ts_recipe *r;
  const ts_nest *nest;
  const char *i, *j, *k;       /* loops by name; i is NULL where there is none */
  int64_t rows, columns, sums; /* 0: symbolic */
  int64_t lanes, vectors, tile_rows;
  bool pack, widen;
  int64_t group;        /* of products that one `dot` adds up; 0: none is used */
  bool offset;          /* its first factors hold 128 more */
  int64_t sum_block;    /* of sums, where a panel is cut into such; 0: it is whole */
  const char *sum_loop; /* %k, the loop over its groups, or the one within a block; several: all */
  const char *sum_block_loop; /* over blocks */
  const char *pack_at;        /* a loop, or func */
  const char *panel;          /* the buffer that the inner loop reads */
  /* What the loops of copies are made of, by name: of the panel, of the rows (once for all panels; NULL:
   * none), and of a tile's sums where they wait in memory (NULL: they do not). */
  const char *panel_copy, *rows_copy, *sum_copy;
  bool rows_grouped;         /* the copy's rows are cut into groups */
  const char *row_loops[2];  /* within a tile: of full tiles, of the others */
  const char *tile_loops[2]; /* over such tiles; NULL: the rows are one */
  unsigned num_row_loops;
  const char *panel_loop, *column_loop; /* over panels (NULL: one), within one */
  /* over blocks of panels that are copied together; NULL: each for itself */
  const char *block_loop;
} plan;

static const char *join(plan *p, const char *a, const char *b) {
  return ts_sprintf(p->r->pass->scratch, "%s%s", a, b);
}

static const char *made(plan *p, const char *of, const char *role) {
  return ts_recipe_made(p->r, of, role);
}

static const char *value_name(plan *p, const ts_value *v) {
  return join(p, "%", ts_str_text(p->r->m, v->name));
}

static const void *name_key(plan *p, const char *name) {
  return (const void *)(uintptr_t)ts_intern(&p->r->m->strings, name + 1);
}

static int64_t extent_of(const ts_op *loop) {
  int64_t n;
  return loop && ts_loop_trip_count(loop, &n) ? n : 0;
}

static bool is_parameter(const ts_value *v) { return v->kind == TS_VALUE_ARG; }

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Is there enough work for a parallel loop? */
static bool is_parallel(const plan *p) {
  double output = (double)ts_recipe_work(p->nest); /* -1: symbolic */
  double flops = 2.0 * output * (double)p->sums;
  bool unknown = output < 0 || !p->sums;
  double least = MIN_PARALLEL_FLOPS * (double)ts_max(p->group, 1);
  return p->r->threads >= 2 && (unknown || flops >= least);
}

/* ---- sizes ---- */

/* As many panels as threads, or a multiple of them, with the least left empty; `usual` where there
 * are so many panels that it does not matter, or that cannot be. */
static int64_t share_panels(const plan *p, int64_t columns, int64_t usual) {
  int64_t threads = p->r->threads, best = usual, least = INT64_MAX;
  int64_t panels = ceil_div(columns, usual);
  if (threads < 2 || panels % threads == 0 || panels >= 4 * threads) return usual;
  for (int64_t vectors = MAX_VECTORS; vectors >= 2; vectors--) {
    panels = ceil_div(columns, vectors);
    if (panels % threads || panels * vectors >= least) continue;
    least = panels * vectors;
    best = vectors;
  }
  return best;
}

/* How many vectors wide a tile is: 4 (2 where registers are few), unless 3 leaves less of the last
 * panel empty, or a matrix of 5 or 7 vectors is one panel. 8 and 16 rows are tiles of 8, which
 * leave room for 3. */
static int64_t vectors_of_tile(const plan *p, int64_t columns) {
  if (p->r->target.vector_registers < 32) return ts_min(columns, 2);
  bool threes = columns % 4 && columns <= 16 && ceil_div(columns, 3) * 3 < ceil_div(columns, 4) * 4;
  bool eights = (p->rows == 8 || p->rows == 16) && !p->group;
  int64_t usual = ts_min(columns, threes || eights ? 3 : 4);
  if (columns == 5 || columns == 7) usual = columns;
  return p->columns && is_parallel(p) ? share_panels(p, columns, usual) : usual;
}

static bool can_be_grouped(const plan *p, const ts_op *load) {
  unsigned n = load->map->n;
  return n < TS_MAX_RANK && ts_nest_subscript(load, ts_for_parts(p->nest->sums[0]).iv) < n;
}

/* Is there an instruction for groups of these products, and do the places of copies allow for
 * it? */
static void choose_dot(plan *p) {
  const ts_nest *nest = p->nest;
  int64_t group = ts_dot_group(nest->data, nest->acc);
  bool has = nest->data == TS_I8 ? p->r->target.dot_i8 : p->r->target.fast_bf16;
  bool plain = nest->num_sums == 1 && !nest->in_place && (nest->fused || nest->data == TS_I8);
  if (plain && group && has && p->sums && nest->rows && can_be_grouped(p, nest->panel_load) &&
      can_be_grouped(p, nest->rows_load))
    p->group = group;
}

/* Vectors and rows of a tile: vectors · (rows + 1) + 1 registers. */
static void choose_tile(plan *p) {
  const ts_target *t = &p->r->target;
  p->lanes = t->vector_bits / 8 / ts_dtype_bytes(p->nest->acc);
  p->vectors = vectors_of_tile(p, p->columns ? ceil_div(p->columns, p->lanes) : 4);
  ts_dtype held = p->group ? p->nest->data : p->nest->acc;
  int64_t most = t->l2_bytes / 2 / (p->vectors * p->lanes * ts_dtype_bytes(held));
  bool tiled = p->nest->rows && p->i && (!p->rows || p->rows >= MIN_ROWS_TO_PACK);
  if (p->sums > most && tiled && !p->group && p->nest->num_sums == 1)
    p->sum_block = ceil_div(p->sums, ceil_div(p->sums, most));
  p->tile_rows = ((int64_t)t->vector_registers - p->vectors - 1) / p->vectors;
  p->tile_rows = ts_min(p->tile_rows, p->vectors == 4 ? 6 : p->vectors == 2 ? 12 : 8);
}

/* Is each subscript of the panel a variable? Where several make one, as in a convolution, a copy would hold
 * what the cache holds anyway. */
static bool is_matrix(const plan *p) {
  const ts_op *load = p->nest->panel_load;
  for (unsigned i = 0; i < load->map->n; i++)
    if (load->map->exprs[i]->kind != TS_AFF_DIM && load->map->exprs[i]->kind != TS_AFF_CONST)
      return false;
  return true;
}

/* Copying the panel pays when enough rows use it and it does not all lie in the second-level cache
 * anyway. */
static void choose_packing(plan *p) {
  const ts_target *t = &p->r->target;
  int64_t bytes = ts_dtype_bytes(p->nest->data);
  bool large = !p->sums || !p->columns || p->sums * p->columns * bytes > t->l2_bytes / 4;
  bool unaligned = p->columns % p->lanes != 0 && p->rows > 64;
  p->widen = p->nest->acc != p->nest->data && !p->group;
  p->pack = p->i && is_matrix(p) && (!p->rows || p->rows >= MIN_ROWS_TO_PACK) &&
            (large || unaligned || p->widen);
  p->pack = p->pack || p->group;
  p->widen = p->widen && p->pack;
}

/* ---- steps ---- */

/* How many panels are copied together. A line of each row at a time, as a panel of i8 is wide,
 * leaves the memory waiting; what is copied must stay in the second-level cache. */
static int64_t panels_of_block(const plan *p) {
  int64_t width = p->vectors * p->lanes, threads = p->r->threads, panels = p->columns / width;
  int64_t bytes = p->sums * width * ts_dtype_bytes(p->nest->data);
  if (!p->group || !panels || p->columns % width) return 1;
  for (int64_t n = BLOCK_COLUMNS / width; n > 1; n--) {
    int64_t blocks = panels / n;
    bool even = !is_parallel(p) || blocks % threads == 0 || blocks >= 4 * threads;
    if (panels % n == 0 && even && n * bytes <= p->r->target.l2_bytes / 2) return n;
  }
  return 1;
}

static void split_columns(plan *p) {
  int64_t width = p->vectors * p->lanes, together = panels_of_block(p);
  p->column_loop = p->j;
  if (p->columns && p->columns <= width && p->columns % p->lanes == 0) return;
  if (together > 1) {
    p->block_loop = made(p, p->j, TS_ROLE_OUTER);
    ts_recipe_step(p->r, "split", "%s=%lld", p->j, (long long)(width * together));
    if (p->i) ts_recipe_step(p->r, "reorder", "%s %s", p->block_loop, p->i);
    p->column_loop = made(p, p->j, TS_ROLE_INNER);
  }
  ts_recipe_step(p->r, "split", "%s=%lld", p->column_loop, (long long)width);
  p->panel_loop = made(p, p->column_loop, TS_ROLE_OUTER);
  p->column_loop = made(p, p->column_loop, TS_ROLE_INNER);
  if (p->i) ts_recipe_step(p->r, "reorder", "%s %s", p->panel_loop, p->i);
}

/* Rows that `split` cuts into tiles. */
static void add_tiles(plan *p, const char *rows) {
  p->tile_loops[p->num_row_loops] = made(p, rows, TS_ROLE_OUTER);
  p->row_loops[p->num_row_loops++] = made(p, rows, TS_ROLE_INNER);
}

/* Any number of rows: full tiles, then row by row. */
static void split_unknown_rows(plan *p) {
  ts_recipe_step(p->r, "peel", "%s=%lld", p->i, (long long)p->tile_rows);
  const char *tail = made(p, p->i, TS_ROLE_TAIL);
  ts_recipe_step(p->r, "split", "%s=%lld %s=1", p->i, (long long)p->tile_rows, tail);
  add_tiles(p, p->i);
  add_tiles(p, tail);
}

static void split_rows(plan *p) {
  if (!p->i) return;
  if (!p->rows) {
    split_unknown_rows(p);
    return;
  }
  int64_t tiles = ceil_div(p->rows, p->tile_rows), large = ceil_div(p->rows, tiles);
  int64_t small_rows = (tiles * large - p->rows) * (large - 1); /* in tiles of one row less */
  if (tiles == 1) {
    p->row_loops[p->num_row_loops++] = p->i;
    return;
  }
  add_tiles(p, p->i);
  if (!small_rows) {
    ts_recipe_step(p->r, "split", "%s=%lld", p->i, (long long)large);
    return;
  }
  ts_recipe_step(p->r, "peel", "%s=%lld last=true", p->i, (long long)small_rows);
  const char *tail = made(p, p->i, TS_ROLE_TAIL);
  ts_recipe_step(p->r, "split", "%s=%lld %s=%lld", p->i, (long long)large, tail,
                 (long long)large - 1);
  add_tiles(p, tail);
}

static void split_sums(plan *p) {
  if (!p->group) return;
  ts_recipe_step(p->r, "split", "%s=%lld", p->k, (long long)p->group);
  p->sum_loop = made(p, p->k, TS_ROLE_OUTER);
}

/* Sums of all rows of a panel wait in memory while one block after the other is added to them. */
static void block_sums(plan *p) {
  if (!p->sum_block) return;
  ts_recipe_step(p->r, "split", "%s=%lld", p->k, (long long)p->sum_block);
  p->sum_block_loop = made(p, p->k, TS_ROLE_OUTER);
  p->sum_loop = made(p, p->k, TS_ROLE_INNER);
  if (!p->nest->in_place) ts_recipe_step(p->r, "distribute", "%s %s", p->i, p->column_loop);
  ts_recipe_step(p->r, "reorder", "%s %s %s %s", p->sum_block_loop, p->i, p->sum_loop,
                 p->column_loop);
}

/* The loop over a dimension of a copy, in one of its roles. */
static const char *copy_loop(plan *p, const char *copy, const char *role, unsigned dim) {
  return ts_sprintf(p->r->pass->scratch, "%s%u", made(p, copy, role), dim);
}

/* A loop as the option at= takes it. */
static const char *at_loop(const char *loop) {
  return *loop == '%' && strcmp(loop, "%func") ? loop + 1 : loop;
}

/* A name for a copy of the buffer that nothing in the function has, and in *how what stage has to be told for
 * it. Returns what the copy's loops are made of, by name. */
static const char *name_copy(plan *p, const ts_value *buffer, const char **name, const char **how) {
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
static void open_tiles_in_memory(plan *p) {
  const char *name, *how;
  unsigned around = p->nest->n - (p->i ? 2 : 1);
  const char *outer = around ? ts_recipe_loop(p->r, p->nest->loops[around - 1]) : NULL;
  const char *place = p->panel_loop ? p->panel_loop : outer;
  p->sum_copy = name_copy(p, p->nest->sum, &name, &how);
  for (unsigned t = 0; t < ts_max(p->num_row_loops, 1); t++) {
    const char *rows = p->num_row_loops ? join(p, join(p, " ", p->row_loops[t]), " ") : " ";
    const char *at = p->tile_loops[t] ? p->tile_loops[t] : place;
    ts_recipe_step(p->r, "reorder", "%s%s%s", p->sum_loop, rows, p->column_loop);
    if (at)
      ts_recipe_step(p->r, "stage", "%s at=%s space=local%s", value_name(p, p->nest->sum),
                     at_loop(at), how);
    else
      p->sum_copy = NULL;
  }
  if (!p->rows && p->sum_copy) /* that a tile is full, its copies are not told by intervals */
    ts_recipe_step(p->r, "simplify", "keep_loops=true");
}

/* Sums of a whole tile at once: zero them, add up with %k outside, finish them. */
static void open_tiles(plan *p) {
  const char *group = p->group ? join(p, " ", made(p, p->k, TS_ROLE_INNER)) : "";
  if (p->sum_block || p->nest->in_place) {
    open_tiles_in_memory(p);
    return;
  }
  for (unsigned t = 0; t < p->num_row_loops; t++) {
    ts_recipe_step(p->r, "distribute", "%s %s", p->row_loops[t], p->column_loop);
    ts_recipe_step(p->r, "reorder", "%s %s %s%s", p->sum_loop, p->row_loops[t], p->column_loop,
                   group);
  }
  if (!p->num_row_loops) {
    ts_recipe_step(p->r, "distribute", "%s", p->column_loop);
    ts_recipe_step(p->r, "reorder", "%s %s%s", p->sum_loop, p->column_loop, group);
  }
}

/* Is the buffer read by the sums and by nothing else? */
static bool only_summed(const plan *p, const ts_value *v) {
  for (const ts_use *u = v->uses; u; u = u->next)
    if (!ts_is_ancestor(ts_for_parts(p->nest->sums[0]).body, u->owner)) return false;
  return true;
}

/* One panel is copied in front of all its rows: in the loop around them, or where the function
 * begins when the buffer is whole by then. */
static const char *place_of_copy(const plan *p) {
  unsigned around = p->nest->n - (p->i ? 2 : 1);
  if (p->sum_block) return p->sum_block_loop;
  if (p->block_loop) return p->block_loop;
  if (p->panel_loop) return p->panel_loop;
  if (around) return ts_recipe_loop(p->r, p->nest->loops[around - 1]);
  return is_parameter(p->nest->panel) ? "func" : NULL;
}

/* Groups of sums last, so that they lie side by side: " layout=[0/4][1][0%4]" */
static const char *layout_of(plan *p, const ts_op *load) {
  ts_arena *a = p->r->pass->scratch;
  const char *text = " layout=";
  unsigned sum = ts_nest_subscript(load, ts_for_parts(p->nest->sums[0]).iv);
  if (!p->group) return "";
  for (unsigned i = 0; i < load->map->n; i++)
    text = i == sum ? ts_sprintf(a, "%s[%u/%lld]", text, i, (long long)p->group)
                    : ts_sprintf(a, "%s[%u]", text, i);
  return ts_sprintf(a, "%s[%u%%%lld]", text, sum, (long long)p->group);
}

/* Can rows hold 128 more: by a copy of an argument, or where they are computed? */
static bool choose_offset(plan *p) {
  const ts_value *rows = p->nest->rows;
  if (p->nest->data != TS_I8 || p->rows == 1) return false; /* one row saves nothing */
  if (is_parameter(rows)) return true;
  if (rows->kind != TS_VALUE_RESULT || rows->def->opcode != TS_OP_ALLOC) return false;
  for (const ts_use *u = rows->uses; u; u = u->next)
    if (u->owner->opcode != TS_OP_STORE &&
        !ts_is_ancestor(ts_for_parts(p->nest->sums[0]).body, u->owner))
      return false;
  return true;
}

/* The number of the copy's dimension that counts groups of sums. */
static unsigned dim_of_groups(const plan *p, const ts_op *load) {
  return ts_nest_subscript(load, ts_for_parts(p->nest->sums[0]).iv);
}

/* Sums that do not fill the last group: copies hold zeros there, and the loops that make them fill
 * all groups but the last one without asking. */
static void pad_groups(plan *p) {
  unsigned rows = dim_of_groups(p, p->nest->rows_load);
  unsigned panel = dim_of_groups(p, p->nest->panel_load);
  ts_recipe_step(p->r, "peel", "%s=1 %s=1 last=true",
                 copy_loop(p, p->rows_copy, TS_ROLE_COPY, rows),
                 copy_loop(p, p->panel_copy, TS_ROLE_COPY, panel));
}

/* Copies what `load` reads of a buffer, and nothing else does, at a loop or "func". Returns the copy's name. */
static const char *copy_operand(plan *p, const ts_op *load, const char *at, const char *options,
                                const char **copy) {
  const char *name, *how, *value = ts_str_text(p->r->m, ts_op_result(load, 0)->name);
  *copy = name_copy(p, ts_operand(load, 0), &name, &how);
  bool others = p->nest->panel == p->nest->rows ||
                (!strcmp(at, "func") && !only_summed(p, ts_operand(load, 0)));
  if (others) /* which stay with the buffer */
    how = ts_sprintf(p->r->pass->scratch, "%s loads=%s within=%s", how, value,
                     at_loop(p->column_loop));
  ts_recipe_step(p->r, "stage", "%s at=%s%s%s", value_name(p, ts_operand(load, 0)), at_loop(at),
                 options, how);
  return name;
}

static void use_dot(plan *p) {
  const char *loop = made(p, p->k, TS_ROLE_INNER);
  bool ragged = p->sums % p->group != 0;
  p->offset = choose_offset(p);
  if (is_parameter(p->nest->rows) && (p->offset || ragged)) {
    const char *layout = ragged ? join(p, layout_of(p, p->nest->rows_load), " pad=true") : "";
    p->rows_grouped = ragged;
    copy_operand(p, p->nest->rows_load, "func", layout, &p->rows_copy);
  }
  if (ragged && p->rows_copy)
    pad_groups(p);
  else if (ragged && p->sums > p->group)
    ts_recipe_step(p->r, "peel", "%s=1 last=true", p->sum_loop);
  const char *how = p->offset ? " offset=true" : p->nest->data == TS_I8 ? "" : " reassociate=true";
  ts_recipe_step(p->r, "dot", "%s%s", loop, how);
}

static void copy_panel(plan *p) {
  p->panel = value_name(p, p->nest->panel);
  p->pack_at = place_of_copy(p);
  p->pack = p->pack && p->pack_at;
  p->widen = p->widen && p->pack;
  if (!p->pack) return;
  const char *how = join(p, layout_of(p, p->nest->panel_load), " pad=true");
  p->panel = copy_operand(p, p->nest->panel_load, p->pack_at, how, &p->panel_copy);
  if (p->group) {
    use_dot(p);
    return;
  }
  if (!p->widen) return;
  ts_recipe_step(p->r, "widen", "%s", p->panel);
  if (!is_parameter(p->nest->rows)) return;
  const char *rows = copy_operand(p, p->nest->rows_load, "func", "", &p->rows_copy);
  ts_recipe_step(p->r, "widen", "%s", rows);
}

static void run_parallel(plan *p) {
  if (!is_parallel(p)) return;
  int64_t threads = p->r->threads;
  ts_op *outer = ts_recipe_first_long(p->nest->n - (p->i ? 2 : 1), p->nest->loops);
  if (outer) { /* a product of many matrices */
    ts_recipe_step(p->r, "parallel", "%s", ts_recipe_loop(p->r, outer));
    return;
  }
  int64_t panels = p->columns ? ceil_div(p->columns, p->vectors * p->lanes) : 0;
  /* Within a panel the copying of it would not be shared out, which costs more than an uneven
   * end. */
  bool even = p->panel_loop && (!panels || panels % threads == 0 || panels >= 4 * threads ||
                                (p->pack && panels > threads));
  const char *loop = even || !p->tile_loops[0] ? p->panel_loop : p->tile_loops[0];
  if (p->block_loop) loop = p->block_loop;
  if (!loop) return;
  bool long_copy =
      p->rows_copy && (!p->group || !p->rows || p->rows * p->sums >= MIN_PARALLEL_BYTES);
  const char *copy = long_copy ? join(p, copy_loop(p, p->rows_copy, TS_ROLE_COPY, 0), " ") : "";
  ts_recipe_step(p->r, "parallel", "%s%s", copy, loop);
}

/* "i.i.pre=16 …" for the three loops that distribute makes of one. */
static const char *three_loops(plan *p, const char *loop, const char *lanes) {
  return ts_sprintf(p->r->pass->scratch, "%s%s %s%s %s%s", made(p, loop, TS_ROLE_BEFORE), lanes,
                    loop, lanes, made(p, loop, TS_ROLE_BEHIND), lanes);
}

/* What follows on the sums stays in loops: it runs once a tile, and unrolled it takes longer to
 * compile than all else. Not where %k reads with masks: compilers move the stores of sums that lie
 * in an array out of a loop, but not past masked reads; so nothing may subscript these sums by a
 * variable. */
static void unroll(plan *p, const char *loop) {
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
static const char *along_copy(plan *p, const char *copy, const char *role, unsigned rank,
                              const char *lanes) {
  return ts_sprintf(p->r->pass->scratch, "%s%s ", copy_loop(p, copy, role, rank - 1), lanes);
}

/* Of the buffer of sums once it holds those of a tile. */
static unsigned rank_of_sums(const plan *p) {
  return p->nest->in_place ? p->nest->sum->type->rank : 2;
}

static void unroll_sums(plan *p) {
  const char *loops = "";
  for (unsigned d = 0; d < rank_of_sums(p); d++)
    loops = join(p, join(p, loops, copy_loop(p, p->sum_copy, TS_ROLE_COPY, d)), " ");
  for (unsigned d = 0; d < rank_of_sums(p); d++)
    loops = join(p, join(p, loops, copy_loop(p, p->sum_copy, TS_ROLE_COPY_OUT, d)), " ");
  ts_recipe_step(p->r, "unroll", "%smark=true", loops);
}

static void use_vectors(plan *p) {
  const char *lanes = ts_sprintf(p->r->pass->scratch, "=%lld", (long long)p->lanes);
  bool packs = p->pack && !p->group; /* a compiler interleaves rows better than lanes do */
  const char *copies =
      packs ? along_copy(p, p->panel_copy, TS_ROLE_COPY, p->nest->panel->type->rank, lanes) : "";
  if (p->rows_copy && !p->rows_grouped)
    copies = join(p, along_copy(p, p->rows_copy, TS_ROLE_COPY, p->nest->rows->type->rank, lanes),
                  copies);
  if (p->offset)
    copies = ts_sprintf(p->r->pass->scratch, "%s%s%s ", copies,
                        made(p, p->column_loop, TS_ROLE_CORRECT), lanes);
  if (p->sum_copy) {
    unsigned rank = rank_of_sums(p);
    copies = join(p, copies, along_copy(p, p->sum_copy, TS_ROLE_COPY, rank, lanes));
    copies = join(p, copies, along_copy(p, p->sum_copy, TS_ROLE_COPY_OUT, rank, lanes));
  }
  const char *columns =
      p->nest->in_place ? join(p, p->column_loop, lanes) : three_loops(p, p->column_loop, lanes);
  ts_recipe_step(p->r, "vectorize", "%s%s", copies, columns);
  for (unsigned t = 0; t < p->num_row_loops; t++)
    unroll(p, p->row_loops[t]);
  unroll(p, p->column_loop);
  if (p->sum_copy) unroll_sums(p);
  if (p->nest->num_sums == 1)
    ts_recipe_step(p->r, "prefetch", "%s=%d at=%s", p->panel,
                   p->pack ? PREFETCH_PACKED : PREFETCH_STREAM, at_loop(p->sum_loop));
}

static const char *list_loops(plan *p, unsigned n, ts_op *const *loops) {
  const char *text = "";
  for (unsigned i = 0; i < n; i++)
    text = ts_sprintf(p->r->pass->scratch, "%s%s%s", text, i ? " " : "",
                      ts_recipe_loop(p->r, loops[i]));
  return text;
}

/* Iterations of several loops together; 0: symbolic. */
static int64_t extent_of_all(unsigned n, ts_op *const *loops) {
  int64_t all = 1;
  for (unsigned i = 0; i < n; i++)
    if (__builtin_mul_overflow(all, extent_of(loops[i]), &all)) return INT64_MAX;
  return all;
}

/* Brings the loops into the order that all else starts from. */
static void put_in_order(plan *p) {
  const ts_nest *nest = p->nest;
  const char *output = list_loops(p, nest->n, nest->loops);
  if (nest->num_around)
    ts_recipe_step(p->r, "distribute", "%s", list_loops(p, nest->num_around, nest->around));
  if (!nest->moved) return;
  ts_recipe_step(p->r, "reorder", "%s%s%s", output, nest->in_place ? " " : "",
                 nest->in_place ? p->sum_loop : "");
}

void ts_recipe_product(ts_recipe *r, const ts_nest *nest) {
  plan p = {.r = r, .nest = nest, .j = ts_recipe_loop(r, nest->j)};
  p.k = ts_recipe_loop(r, nest->sums[0]);
  p.sum_loop = list_loops(&p, nest->num_sums, nest->sums);
  if (nest->i) p.i = ts_recipe_loop(r, nest->i);
  p.rows = nest->i ? extent_of(nest->i) : 1;
  p.columns = extent_of(nest->j);
  p.sums = extent_of_all(nest->num_sums, nest->sums);
  put_in_order(&p);
  choose_dot(&p);
  choose_tile(&p);
  choose_packing(&p);
  split_columns(&p);
  block_sums(&p);
  split_rows(&p);
  split_sums(&p);
  open_tiles(&p);
  copy_panel(&p);
  run_parallel(&p);
  use_vectors(&p);
}
