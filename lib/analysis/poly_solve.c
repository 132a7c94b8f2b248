/* Systems of linear rows over the integers, decided by isl (Verdoolaege, "isl: An Integer Set Library
 * for the Polyhedral Model", ICMS 2010). Nothing here takes memory from an arena while isl objects are
 * held, but ts_poly_push. */
#include <isl/ctx.h>
#include <isl/ilp.h>
#include <isl/mat.h>
#include <isl/options.h>
#include <isl/point.h>
#include <isl/set.h>
#include <isl/space.h>
#include <isl/val.h>

#include "analysis/poly.h"

/* isl's operations a query may take: about a second. */
enum { MAX_OPERATIONS = 2000000 };

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

/* Rows are laid out with `cap_cols` numbers each, so that the next system can use the same memory. */
int64_t *ts_poly_push(ts_poly_system *s, bool eq) {
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

/* ---- to isl ---- */

static isl_mat *set_element(isl_mat *m, int row, int col, int64_t value) {
  if (value >= INT32_MIN && value <= INT32_MAX)
    return isl_mat_set_element_si(m, row, col, (int)value);
  return isl_mat_set_element_val(m, row, col, isl_val_int_from_si(isl_mat_get_ctx(m), (long)value));
}

/* The equalities, or the inequalities, as a matrix. */
static isl_mat *matrix(const ts_poly_system *s, bool eqs) {
  unsigned n = 0;
  for (size_t i = 0; i < s->n; i++)
    n += s->eqs[i] == eqs;
  isl_mat *m = isl_mat_alloc(s->isl, n, s->cols);
  int at = 0;
  for (size_t i = 0; i < s->n; i++) {
    if (s->eqs[i] != eqs) continue;
    for (unsigned c = 0; c < s->cols; c++)
      m = set_element(m, at, (int)c, s->rows[i * s->cap_cols + c]);
    at++;
  }
  return m;
}

static isl_basic_set *to_isl(const ts_poly_system *s) {
  isl_space *space = isl_space_set_alloc(s->isl, 0, s->cols - 1);
  return isl_basic_set_from_constraint_matrices(space, matrix(s, true), matrix(s, false),
                                                isl_dim_cst, isl_dim_param, isl_dim_set, isl_dim_div);
}

ts_poly_answer ts_poly_solve(ts_poly_system *s) {
  isl_basic_set *set = to_isl(s);
  isl_bool empty = isl_basic_set_is_empty(set);
  isl_basic_set_free(set);
  if (empty == isl_bool_error) return TS_POLY_BUDGET;
  return empty ? TS_POLY_EMPTY : TS_POLY_FOUND;
}

/* False for an infinite value, and for one past int64. */
static bool take_value(isl_val *v, int64_t *out) {
  bool fits = isl_val_is_int(v) == isl_bool_true;
  double d = fits ? isl_val_get_d(v) : 0;
  fits = fits && d > -9e18 && d < 9e18;
  *out = fits ? (int64_t)isl_val_get_num_si(v) : 0;
  isl_val_free(v);
  return fits;
}

/* A value that the column takes somewhere. */
static bool sample(isl_basic_set *set, unsigned col, int64_t *out) {
  isl_point *p = isl_basic_set_sample_point(isl_basic_set_copy(set));
  isl_val *v = isl_point_get_coordinate_val(p, isl_dim_set, (int)col);
  isl_point_free(p);
  return take_value(v, out);
}

ts_poly_answer ts_poly_least(ts_poly_system *s) {
  isl_basic_set *set = to_isl(s);
  isl_bool empty = isl_basic_set_is_empty(set);
  s->point[0] = 1;
  for (unsigned c = 1; empty == isl_bool_false && c < s->cols; c++) {
    isl_set *rest = isl_set_from_basic_set(isl_basic_set_copy(set));
    isl_val *least = isl_set_dim_min_val(rest, (int)c - 1);
    if (!take_value(least, &s->point[c]) && !sample(set, c - 1, &s->point[c]))
      empty = isl_bool_error;
    else
      set = isl_basic_set_fix_val(set, isl_dim_set, c - 1,
                                  isl_val_int_from_si(s->isl, (long)s->point[c]));
  }
  isl_basic_set_free(set);
  if (empty == isl_bool_error) return TS_POLY_BUDGET;
  return empty ? TS_POLY_EMPTY : TS_POLY_FOUND;
}

bool ts_poly_extreme(ts_poly_system *s, unsigned col, bool greatest, int64_t *out) {
  isl_set *set = isl_set_from_basic_set(to_isl(s));
  isl_val *v = greatest ? isl_set_dim_max_val(set, (int)col - 1) : isl_set_dim_min_val(set, (int)col - 1);
  return take_value(v, out);
}
