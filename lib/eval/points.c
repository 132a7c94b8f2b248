/* Walking over the points of a tensor op; see points.h. */
#include "eval/points.h"

ts_points ts_points_of(const ts_op *op, const ts_bindings *b) {
  ts_iter_space space = ts_op_iter_space(op);
  ts_points p = {.n = space.n, .num_parallel = space.num_parallel};
  for (unsigned d = 0; d < p.n; d++)
    p.extents[d] = ts_bound_extent(b, space.extents[d]);
  return p;
}

int64_t ts_point_element(const ts_map *map, const int64_t *point, const int64_t *dims) {
  int64_t at = 0, subscript;
  for (unsigned i = 0; i < map->n; i++) {
    if (!ts_aff_eval(map->exprs[i], point, NULL, NULL, &subscript))
      ts_unreachable("a subscript of a tensor op is past 64 bits");
    at = at * dims[i] + subscript;
  }
  return at;
}

void ts_points_add(ts_points *p, ts_module *m, const ts_op *op, unsigned operand,
                   const int64_t *dims) {
  const ts_map *map = ts_op_indexing(m, op, operand);
  int64_t point[TS_MAX_ITER_DIMS] = {0};
  unsigned k = p->num_arrays++;
  p->at[k] = ts_point_element(map, point, dims);
  for (unsigned d = 0; d < p->n; d++) {
    point[d] = 1;
    p->by[k][d] = ts_point_element(map, point, dims) - p->at[k];
    point[d] = 0;
  }
}

bool ts_points_next(ts_points *p, unsigned first, unsigned end) {
  for (unsigned d = end; d-- > first;) {
    bool wraps = ++p->index[d] == p->extents[d];
    for (unsigned k = 0; k < p->num_arrays; k++)
      p->at[k] += p->by[k][d] * (wraps ? 1 - p->extents[d] : 1);
    if (!wraps) return true;
    p->index[d] = 0;
  }
  return false;
}
