/* Points and their numbers: paths of the graph, counted. */
#include "tune/space/domain_impl.h"

/* ---- making graphs ---- */

struct ts_domain_graph *ts_domain_graph_new(ts_arena *arena, unsigned n) {
  struct ts_domain_graph *g = ts_new(arena, struct ts_domain_graph);
  g->order = ts_new_array(arena, unsigned, n);
  for (unsigned i = 0; i < n; i++)
    g->order[i] = i;
  ts_push(arena, &g->nodes, (ts_domain_node){.count = 1});
  return g;
}

/* a + times * b, UINT64_MAX when that or more. */
static uint64_t add_counts(uint64_t a, uint64_t times, uint64_t b) {
  uint64_t sum;
  if (__builtin_mul_overflow(times, b, &sum) || __builtin_add_overflow(a, sum, &sum))
    return UINT64_MAX;
  return sum;
}

/* Points by the choices of an edge below `choice`. */
static uint64_t count_below(const struct ts_domain_graph *g, const ts_domain_edge *edge,
                            unsigned choice) {
  return add_counts(edge->before, choice - edge->first, g->nodes.at[edge->to].count);
}

uint32_t ts_domain_add_node(ts_arena *arena, struct ts_domain_graph *g, unsigned n,
                            const ts_domain_edge *edges, bool absent) {
  ts_domain_node node = {.first = (uint32_t)g->edges.n, .absent = absent};
  for (unsigned i = 0; i < n; i++) {
    ts_domain_edge *last = node.n ? &g->edges.at[g->edges.n - 1] : NULL, edge = edges[i];
    if (last && last->to == edge.to && last->last + 1 == edge.first) {
      last->last = edge.last;
    } else {
      edge.before = node.count;
      ts_push(arena, &g->edges, edge);
      node.n++;
    }
    last = &g->edges.at[g->edges.n - 1];
    node.count = count_below(g, last, last->last + 1u);
  }
  ts_push(arena, &g->nodes, node);
  return (uint32_t)(g->nodes.n - 1);
}

void ts_domain_set_graph(ts_domain *domain, struct ts_domain_graph *g) {
  domain->graph = g;
  domain->count = g->nodes.at[g->nodes.n - 1].count;
}

/* ---- from rows ---- */

typedef struct row_graph {
  ts_arena *arena;
  struct ts_domain_graph *graph;
  unsigned n;
  const ts_choice **rows; /* sorted */
} row_graph;

/* The node of rows [begin, end), which agree in the first `layer` choices. */
static uint32_t node_of_rows(row_graph *r, size_t begin, size_t end, unsigned layer) {
  TS_VEC(ts_domain_edge) edges = {0};
  if (layer == r->n) return 0;
  for (size_t at = begin, next; at < end; at = next) {
    ts_choice choice = r->rows[at][layer];
    for (next = at + 1; next < end && r->rows[next][layer] == choice; next++)
      ;
    uint32_t to = node_of_rows(r, at, next, layer + 1);
    ts_push(r->arena, &edges, (ts_domain_edge){choice, choice, to, 0});
  }
  return ts_domain_add_node(r->arena, r->graph, (unsigned)edges.n, edges.at, false);
}

static int compare_rows(const ts_choice *a, const ts_choice *b, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

/* Merges two sorted runs of `rows`; stable, so that of equal rows the earlier stands first. */
static void sort_rows(const ts_choice **rows, const ts_choice **room, size_t count, unsigned n) {
  if (count < 2) return;
  size_t half = count / 2, i = 0, j = half, k = 0;
  sort_rows(rows, room, half, n);
  sort_rows(rows + half, room, count - half, n);
  while (i < half && j < count)
    room[k++] = compare_rows(rows[j], rows[i], n) < 0 ? rows[j++] : rows[i++];
  while (i < half)
    room[k++] = rows[i++];
  memcpy(rows, room, k * sizeof *rows);
}

ts_result ts_domain_of_rows(ts_context *ctx, ts_arena *arena, ts_domain *domain, size_t num_rows,
                            const ts_choice *rows) {
  unsigned n = domain->n;
  const ts_choice **sorted = ts_new_array(arena, const ts_choice *, num_rows + 1);
  const ts_choice **room = ts_new_array(arena, const ts_choice *, num_rows + 1);
  for (size_t i = 0; i < num_rows; i++)
    sorted[i] = rows + i * n;
  sort_rows(sorted, room, num_rows, n);
  for (size_t i = 1; i < num_rows; i++)
    if (compare_rows(sorted[i - 1], sorted[i], n) == 0)
      return ts_error_plain(ctx, "rows %zu and %zu are the same point",
                            (size_t)(sorted[i - 1] - rows) / n + 1,
                            (size_t)(sorted[i] - rows) / n + 1);
  row_graph r = {arena, ts_domain_graph_new(arena, n), n, sorted};
  (void)node_of_rows(&r, 0, num_rows, 0);
  ts_domain_set_graph(domain, r.graph);
  return TS_OK;
}

/* ---- numbers and points ---- */

const ts_domain_node *ts_domain_first_node(const ts_domain *domain) {
  return &domain->graph->nodes.at[domain->graph->nodes.n - 1];
}

const ts_domain_edge *ts_domain_edges(const ts_domain *domain, const ts_domain_node *node) {
  return domain->graph->edges.at + node->first;
}

/* The last of the node's edges whose first choice is at most this one; NULL: all begin behind it. */
static const ts_domain_edge *find_edge(const ts_domain *domain, const ts_domain_node *node,
                                       ts_choice choice) {
  const ts_domain_edge *edges = ts_domain_edges(domain, node);
  unsigned low = 0, high = node->n;
  while (low < high) {
    unsigned middle = (low + high) / 2;
    if (edges[middle].first <= choice)
      low = middle + 1;
    else
      high = middle;
  }
  return low && choice <= edges[low - 1].last ? &edges[low - 1] : NULL;
}

static const ts_domain_node *end_of_edge(const ts_domain *domain, const ts_domain_edge *edge) {
  return edge ? &domain->graph->nodes.at[edge->to] : NULL;
}

const ts_domain_node *ts_domain_step(const ts_domain *domain, const ts_domain_node *node,
                                     ts_choice choice) {
  return end_of_edge(domain, find_edge(domain, node, choice));
}

bool ts_domain_number(const ts_domain *domain, const ts_choice *point, uint64_t *number) {
  const ts_domain_node *node = ts_domain_first_node(domain);
  *number = 0;
  for (unsigned i = 0; i < domain->n; i++) {
    ts_choice choice = point[domain->graph->order[i]];
    const ts_domain_edge *edge = find_edge(domain, node, choice);
    if (!edge) return false;
    *number += count_below(domain->graph, edge, choice);
    node = end_of_edge(domain, edge);
  }
  return true;
}

/* The last edge that no more than `number` points come before. */
static const ts_domain_edge *edge_of_number(const ts_domain *domain, const ts_domain_node *node,
                                            uint64_t number) {
  const ts_domain_edge *edges = ts_domain_edges(domain, node);
  unsigned low = 0, high = node->n;
  while (high - low > 1) {
    unsigned middle = (low + high) / 2;
    if (edges[middle].before <= number)
      low = middle;
    else
      high = middle;
  }
  return &edges[low];
}

const ts_domain_node *ts_domain_step_of_number(const ts_domain *domain, const ts_domain_node *node,
                                               uint64_t *number, ts_choice *choice) {
  const ts_domain_edge *edge = edge_of_number(domain, node, *number);
  const ts_domain_node *to = end_of_edge(domain, edge);
  uint64_t step = (*number - edge->before) / to->count;
  *choice = (ts_choice)(edge->first + step);
  *number -= edge->before + step * to->count;
  return to;
}

void ts_domain_point(const ts_domain *domain, uint64_t number, ts_choice *point) {
  const ts_domain_node *node = ts_domain_first_node(domain);
  for (unsigned i = 0; i < domain->n; i++)
    node = ts_domain_step_of_number(domain, node, &number, &point[domain->graph->order[i]]);
}

uint64_t ts_domain_absences(const ts_domain *domain, const ts_choice *point) {
  const ts_domain_node *node = ts_domain_first_node(domain);
  uint64_t absent = 0;
  for (unsigned i = 0; i < domain->n; i++) {
    unsigned parameter = domain->graph->order[i];
    absent |= (uint64_t)node->absent << parameter;
    node = ts_domain_step(domain, node, point[parameter]);
  }
  return absent;
}

bool ts_domain_is_absent(const ts_domain *domain, const ts_choice *point, unsigned parameter) {
  return ts_domain_absences(domain, point) >> parameter & 1;
}
