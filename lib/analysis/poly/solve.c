/* Systems of linear rows over the integers, decided by isl (Verdoolaege, "isl: An Integer Set
 * Library for the Polyhedral Model", ICMS 2010), after presolve.c. Nothing here takes memory
 * from an arena while isl objects are held. */
#include <isl/ctx.h>
#include <isl/ilp.h>
#include <isl/mat.h>
#include <isl/point.h>
#include <isl/set.h>
#include <isl/space.h>
#include <isl/val.h>

#include "analysis/poly/poly_impl.h"

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
                                                isl_dim_cst, isl_dim_param, isl_dim_set,
                                                isl_dim_div);
}

/* Finding a least or greatest value takes isl about as long as this many questions of whether a
 * solution exists. */
enum { OPTIMUM = 8 };

/* What isl does with a system grows with the square of its rows. False: the budget is spent. */
static bool afford(ts_poly_system *s, size_t n, unsigned cols, unsigned questions) {
  s->effort += ts_size_mul(ts_size_mul(n, cols), (1 + n / 4) * questions);
  return s->effort <= TS_POLY_MAX_EFFORT;
}

static ts_poly_answer ask_isl(const ts_poly_system *s) {
  isl_basic_set *set = to_isl(s);
  isl_bool empty = isl_basic_set_is_empty(set);
  isl_basic_set_free(set);
  if (empty == isl_bool_error) return TS_POLY_BUDGET;
  return empty ? TS_POLY_EMPTY : TS_POLY_FOUND;
}

/* ---- answers ---- */

/* Unrolled bodies ask the same again and again: subscripts that differ by constants only give equal
 * rows. */
struct ts_poly_known {
  bool used;
  ts_poly_answer answer;
  uint64_t hash;
  size_t n;
  unsigned cols;
  int64_t *rows;
  bool *eqs;
};
enum { KNOWN = 256 };

static uint64_t hash_of(const ts_poly_system *s) {
  uint64_t h = ts_hash(s->eqs, s->n, s->cols);
  for (size_t i = 0; i < s->n; i++)
    h = ts_hash(s->rows + i * s->cap_cols, s->cols * sizeof *s->rows, h);
  return h;
}

static bool is_known(const struct ts_poly_known *k, const ts_poly_system *s, uint64_t hash) {
  if (!k->used || k->hash != hash || k->n != s->n || k->cols != s->cols) return false;
  if (memcmp(k->eqs, s->eqs, s->n) != 0) return false;
  for (size_t i = 0; i < s->n; i++)
    if (memcmp(k->rows + i * s->cols, s->rows + i * s->cap_cols, s->cols * sizeof *s->rows) != 0)
      return false;
  return true;
}

static void learn(ts_poly_system *s, struct ts_poly_known *k, uint64_t hash,
                  ts_poly_answer answer) {
  if (k->used) return; /* the first to come stays, so that memory is bounded */
  *k = (struct ts_poly_known){
      .used = true, .answer = answer, .hash = hash, .n = s->n, .cols = s->cols};
  k->eqs = ts_new_array(s->arena, bool, s->n + 1);
  k->rows = ts_new_array(s->arena, int64_t, s->n * s->cols + 1);
  if (s->n) memcpy(k->eqs, s->eqs, s->n);
  for (size_t i = 0; i < s->n; i++)
    memcpy(k->rows + i * s->cols, s->rows + i * s->cap_cols, s->cols * sizeof *s->rows);
}

/* The columns that still occur, moved together. */
static void squeeze(ts_poly_system *s) {
  unsigned to = 1;
  for (unsigned c = 1; c < s->cols; c++) {
    bool used = false;
    for (size_t i = 0; i < s->n && !used; i++)
      used = s->rows[i * s->cap_cols + c] != 0;
    if (!used) continue;
    for (size_t i = 0; i < s->n; i++)
      s->rows[i * s->cap_cols + to] = s->rows[i * s->cap_cols + c];
    to++;
  }
  s->cols = to;
}

static ts_poly_answer solve(ts_poly_system *s) {
  ts_poly_answer answer;
  if (!s->work) {
    s->work = ts_new(s->arena, ts_poly_system);
    *s->work = (ts_poly_system){.arena = s->arena, .isl = s->isl};
  }
  ts_poly_system *w = s->work;
  ts_poly_reset(w, s->cols);
  w->effort = 0;
  for (size_t i = 0; i < s->n; i++)
    memcpy(ts_poly_push(w, s->eqs[i]), s->rows + i * s->cap_cols, s->cols * sizeof *s->rows);
  bool known = ts_poly_presolve(w, &answer);
  if (w->effort > TS_POLY_MAX_EFFORT) return TS_POLY_BUDGET;
  if (known) return answer;
  if (w->n == SIZE_MAX) return afford(s, s->n, s->cols, 1) ? ask_isl(s) : TS_POLY_BUDGET;
  squeeze(w);
  return afford(s, w->n, w->cols, 1) ? ask_isl(w) : TS_POLY_BUDGET;
}

ts_poly_answer ts_poly_solve(ts_poly_system *s) {
  if (!s->known) s->known = ts_new_array(s->arena, struct ts_poly_known, KNOWN);
  s->effort += s->n * s->cols;
  if (s->effort > TS_POLY_MAX_EFFORT) return TS_POLY_BUDGET;
  uint64_t hash = hash_of(s);
  struct ts_poly_known *k = &s->known[hash % KNOWN];
  if (is_known(k, s, hash)) return k->answer;
  ts_poly_answer answer = solve(s);
  learn(s, k, hash, answer);
  return answer;
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

/* Column by column, for a set where some column has no least value. */
static bool least_by_columns(ts_poly_system *s, __isl_take isl_basic_set *set) {
  bool found = true;
  for (unsigned c = 1; found && c < s->cols; c++) {
    isl_set *rest = isl_set_from_basic_set(isl_basic_set_copy(set));
    found = take_value(isl_set_dim_min_val(rest, (int)c - 1), &s->point[c]) ||
            sample(set, c - 1, &s->point[c]);
    set = isl_basic_set_fix_val(set, isl_dim_set, c - 1,
                                isl_val_int_from_si(s->isl, (long)s->point[c]));
  }
  isl_basic_set_free(set);
  return found;
}

static bool least_at_once(ts_poly_system *s, const isl_basic_set *set) {
  isl_point *p =
      isl_set_sample_point(isl_basic_set_lexmin(isl_basic_set_copy((isl_basic_set *)set)));
  bool found = p && isl_point_is_void(p) == isl_bool_false;
  for (unsigned c = 1; found && c < s->cols; c++)
    found = take_value(isl_point_get_coordinate_val(p, isl_dim_set, (int)c - 1), &s->point[c]);
  isl_point_free(p);
  return found;
}

ts_poly_answer ts_poly_least(ts_poly_system *s) {
  if (!afford(s, s->n, s->cols, OPTIMUM)) return TS_POLY_BUDGET;
  isl_basic_set *set = to_isl(s);
  isl_bool empty = isl_basic_set_is_empty(set);
  s->point[0] = 1;
  if (empty == isl_bool_false && !least_at_once(s, set)) {
    bool found = least_by_columns(s, set);
    return found ? TS_POLY_FOUND : TS_POLY_BUDGET;
  }
  isl_basic_set_free(set);
  if (empty == isl_bool_error) return TS_POLY_BUDGET;
  return empty ? TS_POLY_EMPTY : TS_POLY_FOUND;
}

bool ts_poly_extreme(ts_poly_system *s, unsigned col, bool greatest, int64_t *out) {
  if (!afford(s, s->n, s->cols, OPTIMUM)) return false;
  isl_set *set = isl_set_from_basic_set(to_isl(s));
  isl_val *v =
      greatest ? isl_set_dim_max_val(set, (int)col - 1) : isl_set_dim_min_val(set, (int)col - 1);
  return take_value(v, out);
}
