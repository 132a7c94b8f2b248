/* Systems of linear rows: making one, and adding rows to it. */
#include <isl/ctx.h>
#include <isl/options.h>

#include "analysis/poly/poly_impl.h"

/* isl's operations a query may take: about a second. And the numbers that a system may hold. */
enum { MAX_OPERATIONS = 300000, MAX_NUMBERS = 1 << 23 };

void ts_poly_open(ts_poly_system *s, ts_arena *arena) {
  *s = (ts_poly_system){.arena = arena, .isl = isl_ctx_alloc()};
  if (!s->isl) return;
  isl_options_set_on_error(s->isl, ISL_ON_ERROR_CONTINUE);
  isl_ctx_set_max_operations(s->isl, MAX_OPERATIONS);
}

void ts_poly_close(ts_poly_system *s) {
  if (s->isl) isl_ctx_free(s->isl);
  s->isl = NULL;
}

void ts_poly_reset(ts_poly_system *s, unsigned cols) {
  s->n = 0;
  s->cols = cols;
  if (s->cap_cols >= cols) return;
  s->cap_cols = cols;
  s->cap = 0;
  s->point = ts_new_array(s->arena, int64_t, cols);
}

/* Rows are laid out with `cap_cols` numbers each, so that the next system can use the same memory.
 * A system that would get too large spends the budget; rows pushed after that are dropped. */
int64_t *ts_poly_push(ts_poly_system *s, bool eq) {
  if (s->n && s->n >= MAX_NUMBERS / s->cap_cols) {
    s->effort = TS_POLY_MAX_EFFORT + 1;
    s->n--;
  }
  if (s->n == s->cap) {
    size_t cap = s->cap ? 2 * s->cap : 64;
    int64_t *rows = ts_new_array(s->arena, int64_t, ts_size_mul(cap, s->cap_cols));
    bool *eqs = ts_new_array(s->arena, bool, cap);
    if (s->n) memcpy(rows, s->rows, s->n * s->cap_cols * sizeof *rows);
    if (s->n) memcpy(eqs, s->eqs, s->n * sizeof *eqs);
    s->rows = rows;
    s->eqs = eqs;
    s->cap = cap;
  }
  int64_t *row = s->rows + s->n * s->cap_cols;
  memset(row, 0, s->cols * sizeof *row);
  s->eqs[s->n++] = eq;
  return row;
}
