/* What the schedule of a product is made from: its sizes, and those of tiles, panels and blocks. */
#include "support/arith.h"
#include "transforms/recipe/cpu_product_impl.h"

enum {
  MIN_ROWS_TO_PACK = 25,
  MAX_VECTORS = 7,
  BLOCK_COLUMNS = 256,
  MIN_PARALLEL_FLOPS = 200000, /* a parallel loop costs about a microsecond */
};

static int64_t extent_of(const ts_op *loop) {
  int64_t n;
  return loop && ts_loop_trip_count(loop, &n) ? n : 0;
}

/* Iterations of several loops together; 0: symbolic. */
static int64_t extent_of_all(unsigned n, ts_op *const *loops) {
  int64_t all = 1;
  for (unsigned i = 0; i < n; i++)
    if (__builtin_mul_overflow(all, extent_of(loops[i]), &all)) return INT64_MAX;
  return all;
}

/* Is there enough work for a parallel loop? */
bool ts_product_is_parallel(const ts_product *p) {
  double output = (double)ts_recipe_work(p->nest); /* -1: symbolic */
  double flops = 2.0 * output * (double)p->sums;
  bool unknown = output < 0 || !p->sums;
  double least = MIN_PARALLEL_FLOPS * (double)ts_max(p->group, 1);
  return p->r->threads >= 2 && (unknown || flops >= least);
}

/* As many panels as threads, or a multiple of them, with the least left empty; `usual` where there
 * are so many panels that it does not matter, or that cannot be. */
static int64_t share_panels(const ts_product *p, int64_t columns, int64_t usual) {
  int64_t threads = p->r->threads, best = usual, least = INT64_MAX;
  int64_t panels = ts_ceil_div(columns, usual);
  if (threads < 2 || panels % threads == 0 || panels >= 4 * threads) return usual;
  for (int64_t vectors = MAX_VECTORS; vectors >= 2; vectors--) {
    panels = ts_ceil_div(columns, vectors);
    if (panels % threads || panels * vectors >= least) continue;
    least = panels * vectors;
    best = vectors;
  }
  return best;
}

/* How many vectors wide a tile is: 4 (2 where registers are few), unless 3 leaves less of the last
 * panel empty, or a matrix of 5 or 7 vectors is one panel. 8 and 16 rows are tiles of 8, which
 * leave room for 3. */
static int64_t vectors_of_tile(const ts_product *p, int64_t columns) {
  if (p->r->target.vector_registers < 32) return ts_min(columns, 2);
  bool threes =
      columns % 4 && columns <= 16 && ts_ceil_div(columns, 3) * 3 < ts_ceil_div(columns, 4) * 4;
  bool eights = (p->rows == 8 || p->rows == 16) && !p->group;
  int64_t usual = ts_min(columns, threes || eights ? 3 : 4);
  if (columns == 5 || columns == 7) usual = columns;
  return p->columns && ts_product_is_parallel(p) ? share_panels(p, columns, usual) : usual;
}

static bool can_be_grouped(const ts_product *p, const ts_op *load) {
  unsigned n = load->map->n;
  return n < TS_MAX_RANK && ts_nest_subscript(load, ts_for_parts(p->nest->sums[0]).iv) < n;
}

/* Is there an instruction for groups of these products, and do the places of copies allow for
 * it? */
static void choose_dot(ts_product *p) {
  const ts_nest *nest = p->nest;
  int64_t group = ts_dot_group(nest->data, nest->acc);
  bool has = nest->data == TS_I8 ? p->r->target.dot_i8 : p->r->target.fast_bf16;
  bool plain = nest->num_sums == 1 && !nest->in_place && (nest->fused || nest->data == TS_I8);
  if (plain && group && has && p->sums && nest->rows && can_be_grouped(p, nest->panel_load) &&
      can_be_grouped(p, nest->rows_load))
    p->group = group;
}

/* Vectors and rows of a tile: vectors · (rows + 1) + 1 registers. */
static void choose_tile(ts_product *p) {
  const ts_target *t = &p->r->target;
  p->lanes = t->vector_bits / 8 / ts_dtype_bytes(p->nest->acc);
  p->vectors = vectors_of_tile(p, p->columns ? ts_ceil_div(p->columns, p->lanes) : 4);
  ts_dtype held = p->group ? p->nest->data : p->nest->acc;
  int64_t most = t->l2_bytes / 2 / (p->vectors * p->lanes * ts_dtype_bytes(held));
  bool tiled = p->nest->rows && p->rows_loop && (!p->rows || p->rows >= MIN_ROWS_TO_PACK);
  if (p->sums > most && tiled && !p->group && p->nest->num_sums == 1)
    p->sum_block = ts_ceil_div(p->sums, ts_ceil_div(p->sums, most));
  p->tile_rows = ((int64_t)t->vector_registers - p->vectors - 1) / p->vectors;
  p->tile_rows = ts_min(p->tile_rows, p->vectors == 4 ? 6 : p->vectors == 2 ? 12 : 8);
}

/* Is each subscript of the panel a variable? Where several make one, as in a convolution, a copy would hold
 * what the cache holds anyway. */
static bool is_matrix(const ts_product *p) {
  const ts_op *load = p->nest->panel_load;
  for (unsigned i = 0; i < load->map->n; i++)
    if (load->map->exprs[i]->kind != TS_AFF_DIM && load->map->exprs[i]->kind != TS_AFF_CONST)
      return false;
  return true;
}

bool ts_product_has_panels(const ts_product *p) {
  return !p->columns || p->columns > p->vectors * p->lanes || p->columns % p->lanes;
}

/* Is there a loop around all rows of a panel, or is the panel whole when the function begins? */
static bool has_place(const ts_product *p) {
  unsigned around = p->nest->n - (p->rows_loop ? 2 : 1);
  return p->sum_block || ts_product_has_panels(p) || around ||
         ts_product_is_parameter(p->nest->panel);
}

/* Copying the panel pays when enough rows use it and it does not all lie in the second-level cache
 * anyway. */
static void choose_packing(ts_product *p) {
  const ts_target *t = &p->r->target;
  int64_t bytes = ts_dtype_bytes(p->nest->data);
  bool large = !p->sums || !p->columns || p->sums * p->columns * bytes > t->l2_bytes / 4;
  bool unaligned = p->columns % p->lanes != 0 && p->rows > 64;
  p->widen = p->nest->acc != p->nest->data && !p->group;
  p->pack = p->rows_loop && is_matrix(p) && (!p->rows || p->rows >= MIN_ROWS_TO_PACK) &&
            (large || unaligned || p->widen);
  p->pack = (p->pack || p->group) && has_place(p);
  p->widen = p->widen && p->pack;
}

/* How many panels are copied together. A line of each row at a time, as a panel of i8 is wide,
 * leaves the memory waiting; what is copied must stay in the second-level cache. */
static int64_t panels_of_block(const ts_product *p) {
  int64_t width = p->vectors * p->lanes, threads = p->r->threads, panels = p->columns / width;
  int64_t bytes = p->sums * width * ts_dtype_bytes(p->nest->data);
  if (!p->group || !panels || p->columns % width) return 1;
  for (int64_t n = BLOCK_COLUMNS / width; n > 1; n--) {
    int64_t blocks = panels / n;
    bool even = !ts_product_is_parallel(p) || blocks % threads == 0 || blocks >= 4 * threads;
    if (panels % n == 0 && even && n * bytes <= p->r->target.l2_bytes / 2) return n;
  }
  return 1;
}

/* Can rows hold 128 more: by a copy of an argument, or where they are computed? */
static bool can_be_offset(const ts_product *p) {
  const ts_value *rows = p->nest->rows;
  if (p->nest->data != TS_I8 || p->rows == 1) return false; /* one row saves nothing */
  if (ts_product_is_parameter(rows)) return true;
  if (rows->kind != TS_VALUE_RESULT || rows->def->opcode != TS_OP_ALLOC) return false;
  for (const ts_use *u = rows->uses; u; u = u->next)
    if (u->owner->opcode != TS_OP_STORE &&
        !ts_is_ancestor(ts_for_parts(p->nest->sums[0]).body, u->owner))
      return false;
  return true;
}

ts_product ts_product_of(ts_recipe *r, const ts_nest *nest) {
  ts_product p = {.r = r, .nest = nest};
  if (nest->i) p.rows_loop = ts_recipe_loop(r, nest->i);
  p.columns_loop = ts_recipe_loop(r, nest->j);
  p.sums_loop = ts_recipe_loop(r, nest->sums[0]);
  p.rows = nest->i ? extent_of(nest->i) : 1;
  p.columns = extent_of(nest->j);
  p.sums = extent_of_all(nest->num_sums, nest->sums);
  choose_dot(&p);
  choose_tile(&p);
  choose_packing(&p);
  p.panels_together = panels_of_block(&p);
  p.offset = p.group && p.pack && can_be_offset(&p);
  return p;
}
