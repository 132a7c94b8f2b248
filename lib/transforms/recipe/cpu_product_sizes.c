/* What the schedule of a product is made from: its sizes, and those of tiles, panels and blocks. */
#include "support/arith.h"
#include "transforms/recipe/cpu_product_impl.h"

enum {
  MIN_ROWS_TO_PACK = 25,
  MAX_VECTORS = 7,
  BLOCK_COLUMNS = 256,
  MIN_PARALLEL_FLOPS = 200000, /* a parallel loop costs about a microsecond */
  PREFETCH_PACKED = 4,         /* rows of a packed panel ahead, and of a matrix read as it lies */
  PREFETCH_STREAM = 8,
};

int64_t ts_product_choose(const ts_product *p, ts_recipe_choice_id id, int64_t own, unsigned n,
                          const int64_t *worth) {
  return ts_recipe_choose(p->r, p->columns_loop, id, own, n, worth);
}

/* How many of a rising list are no more than `most`; 0 stands for any. */
static unsigned up_to(int64_t most, unsigned n, const int64_t *list) {
  while (most && n && list[n - 1] > most)
    n--;
  return n;
}

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

/* Where registers are few. Of one row or two, and a matrix that comes from memory, as many as have sums in registers: a
 * narrow panel of a wide matrix takes a line here and a line there (docs/benchmarks.md). */
static int64_t vectors_of_few(const ts_product *p) {
  bool far = p->sums * p->columns * ts_dtype_bytes(p->nest->data) > p->r->target.l2_bytes;
  return far && p->rows == 1 ? 8 : far && p->rows == 2 ? 6 : 2;
}

/* How many vectors wide a tile is: 4 (fewer or more where registers are few), unless 3 leaves less of the last
 * panel empty, or a matrix of 5 or 7 vectors is one panel. 8 and 16 rows are tiles of 8, which
 * leave room for 3. */
static int64_t vectors_of_tile(const ts_product *p, int64_t columns) {
  if (p->r->target.vector_registers < 32) return ts_min(columns, vectors_of_few(p));
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
      can_be_grouped(p, nest->rows_load) &&
      ts_product_choose(p, TS_CHOICE_DOT, true, 2, (int64_t[]){false, true}))
    p->group = group;
}

/* Are there tiles of rows to speak of? A thin product has a tile of all its rows. */
static bool has_tiles(const ts_product *p) {
  return p->nest->rows && p->rows_loop && (!p->rows || p->rows >= MIN_ROWS_TO_PACK);
}

/* A thin product keeps more of a row in flight. */
static int64_t choose_vectors(const ts_product *p) {
  static const int64_t usual[] = {1, 2, 3, 4, 5, 6, 7}, thin[] = {1, 2, 3, 4, 6, 8, 12, 16};
  int64_t all = p->columns ? ts_ceil_div(p->columns, p->lanes) : 0;
  int64_t own = vectors_of_tile(p, all ? all : 4);
  bool few = p->rows && p->rows < 4;
  const int64_t *worth = few ? thin : usual;
  unsigned n = up_to(all, few ? ts_countof(thin) : ts_countof(usual), worth);
  int64_t vectors = ts_product_choose(p, TS_CHOICE_VECTORS, own, n, worth);
  return ts_max(vectors, 1);
}

/* All sums, half of them, and even blocks of about 512 and 256. */
static int64_t choose_sum_block(const ts_product *p, int64_t own) {
  enum { LARGE = 512, SMALL = 256, LEAST = 128 };
  int64_t worth[] = {p->sums, 0, 0, 0};
  unsigned n = 1;
  if (!p->sums) worth[n++] = SMALL;
  if (p->sums >= 2 * LEAST) worth[n++] = ts_ceil_div(p->sums, 2);
  if (p->sums > LARGE) worth[n++] = ts_ceil_div(p->sums, ts_ceil_div(p->sums, LARGE));
  if (p->sums > SMALL) worth[n++] = ts_ceil_div(p->sums, ts_ceil_div(p->sums, SMALL));
  int64_t block = ts_product_choose(p, TS_CHOICE_SUM_BLOCK, own ? own : p->sums, n, worth);
  return p->sums && block >= p->sums ? 0 : block;
}

/* Rows of a tile when they are shared out. */
static int64_t even_rows(const ts_product *p, int64_t rows) {
  return p->rows ? ts_ceil_div(p->rows, ts_ceil_div(p->rows, rows)) : rows;
}

static int64_t choose_rows(const ts_product *p, int64_t own) {
  enum { MOST = 14 };
  int64_t worth[MOST];
  unsigned n = 0;
  if (!p->rows_loop) return own;
  for (int64_t rows = 1; rows <= MOST; rows++)
    if (even_rows(p, rows) == rows) worth[n++] = rows;
  return ts_product_choose(p, TS_CHOICE_ROWS, even_rows(p, own), n, worth);
}

/* A tile may want a few more registers than there are; one of few sums waits for each of them. */
static void limit_tile(const ts_product *p, int64_t own_vectors, int64_t own_rows) {
  enum { FEWEST_SUMS = 4, EXCESS = 4 };
  const char *vectors = ts_recipe_term(p->r, p->columns_loop, TS_CHOICE_VECTORS, own_vectors);
  const char *rows = ts_recipe_term(p->r, p->columns_loop, TS_CHOICE_ROWS, own_rows);
  int64_t registers = (int64_t)p->r->target.vector_registers + EXCESS;
  if (own_vectors * (own_rows + 1) + 1 <= registers)
    ts_recipe_rule(p->r, "%s * (%s + 1) + 1 <= %lld", vectors, rows, (long long)registers);
  int64_t fewest = ts_min(FEWEST_SUMS, own_vectors * own_rows / 2);
  if (fewest > 1) ts_recipe_rule(p->r, "%s * %s >= %lld", vectors, rows, (long long)fewest);
}

/* Vectors and rows of a tile: vectors · (rows + 1) + 1 registers. */
static void choose_tile(ts_product *p) {
  const ts_target *t = &p->r->target;
  p->lanes = t->vector_bits / 8 / ts_dtype_bytes(p->nest->acc);
  p->vectors = choose_vectors(p);
  ts_dtype held = p->group ? p->nest->data : p->nest->acc;
  int64_t most = t->l2_bytes / 2 / (p->vectors * p->lanes * ts_dtype_bytes(held));
  if (has_tiles(p) && !p->group && p->nest->num_sums == 1)
    p->sum_block =
        choose_sum_block(p, p->sums > most ? ts_ceil_div(p->sums, ts_ceil_div(p->sums, most)) : 0);
  int64_t rows = ((int64_t)t->vector_registers - p->vectors - 1) / p->vectors;
  rows = ts_max(1, ts_min(rows, p->vectors == 4 ? 6 : p->vectors == 2 ? 12 : 8));
  p->tile_rows = choose_rows(p, rows);
  limit_tile(p, p->vectors, p->rows_loop ? p->tile_rows : 1);
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
  bool can = p->rows_loop && is_matrix(p) && has_place(p);
  p->pack = can && (!p->rows || p->rows >= MIN_ROWS_TO_PACK) && (large || unaligned || p->widen);
  if (p->group)
    p->pack = has_place(p);
  else if (can)
    p->pack = ts_product_choose(p, TS_CHOICE_PACK, p->pack, 2, (int64_t[]){false, true});
  p->widen = p->widen && p->pack;
}

/* Are there tiles of rows that could be around panels? */
static bool has_tiles_around(const ts_product *p) {
  bool several = !p->rows || p->rows > p->tile_rows;
  return p->rows_loop && several && ts_product_has_panels(p) && !p->group && !p->sum_block &&
         p->nest->num_sums == 1;
}

/* Panels are copied once for all rows then: where the function begins, or not at all. */
static void choose_outermost(ts_product *p) {
  static const int64_t worth[] = {false, true};
  if (!has_tiles_around(p)) return;
  p->rows_outermost = ts_product_choose(p, TS_CHOICE_ROWS_OUTERMOST, false, 2, worth);
  p->pack = p->pack && (!p->rows_outermost || ts_product_is_parameter(p->nest->panel));
  p->widen = p->widen && p->pack;
}

/* How many panels are copied together. A line of each row at a time, as a panel of i8 is wide,
 * leaves the memory waiting; what is copied must stay in the second-level cache. */
static int64_t own_panels_of_block(const ts_product *p) {
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

static int64_t panels_of_block(const ts_product *p) {
  static const int64_t worth[] = {1, 2, 4};
  int64_t own = own_panels_of_block(p);
  int64_t panels = ts_ceil_div(p->columns, p->vectors * p->lanes); /* 0: any number */
  bool can =
      p->pack && p->rows_loop && ts_product_has_panels(p) && !p->sum_block && !p->rows_outermost;
  return can ? ts_product_choose(p, TS_CHOICE_TOGETHER, own,
                                 up_to(panels, ts_countof(worth), worth), worth)
             : own;
}

static void choose_inner_loop(ts_product *p) {
  static const int64_t rows[] = {0, 4, 8}, copies[] = {1, 2, 4};
  if (p->nest->num_sums > 1) return;
  p->prefetch = ts_product_choose(
      p, TS_CHOICE_PREFETCH, p->pack ? PREFETCH_PACKED : PREFETCH_STREAM, ts_countof(rows), rows);
  p->unroll =
      ts_product_choose(p, TS_CHOICE_UNROLL, 1, up_to(p->sums, ts_countof(copies), copies), copies);
}

/* Whether the choice is among those listed, and then its parameter. */
static bool is_listed(const ts_product *p, ts_recipe_choice_id id, const char **parameter) {
  *parameter = ts_recipe_listed(p->r, p->columns_loop, id);
  return *parameter != NULL;
}

/* What makes no difference, or is not done, together. */
static void say_rules(const ts_product *p) {
  const char *block, *together, *pack, *around, *vectors;
  bool blocks = is_listed(p, TS_CHOICE_SUM_BLOCK, &block);
  bool arounds = is_listed(p, TS_CHOICE_ROWS_OUTERMOST, &around);
  if (blocks && arounds)
    ts_recipe_rule(p->r, "not %s or %s == %lld", around, block, (long long)p->sums);
  if (!is_listed(p, TS_CHOICE_TOGETHER, &together)) return;
  if (is_listed(p, TS_CHOICE_PACK, &pack)) ts_recipe_rule(p->r, "%s == 1 or %s", together, pack);
  if (arounds) ts_recipe_rule(p->r, "%s == 1 or not %s", together, around);
  if (blocks) ts_recipe_rule(p->r, "%s == 1 or %s == %lld", together, block, (long long)p->sums);
  if (p->columns && is_listed(p, TS_CHOICE_VECTORS, &vectors) &&
      p->columns % (p->vectors * p->lanes * p->panels_together) == 0)
    ts_recipe_rule(p->r, "%s == 1 or %lld %% (%s * %lld * %s) == 0", together,
                   (long long)p->columns, vectors, (long long)p->lanes, together);
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
  choose_outermost(&p);
  p.panels_together = panels_of_block(&p);
  choose_inner_loop(&p);
  say_rules(&p);
  p.offset = p.group && p.pack && can_be_offset(&p);
  return p;
}
