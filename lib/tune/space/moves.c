/* From one point to another: walks along the graph beside the path of the first. */
#include <stdlib.h>

#include "tune/space/domain_impl.h"

/* One more draw from a number. (Knuth's MMIX generator, TAOCP 2, 3.3.4; the high bits are the good ones.) */
static uint64_t next_draw(uint64_t *random) {
  *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *random >> 16;
}

static const ts_domain_edge *draw_edge(const ts_domain *domain, const ts_domain_node *node,
                                       uint64_t *random) {
  return ts_domain_edge_of_number(domain, node, next_draw(random) % node->count);
}

bool ts_domain_change(const ts_domain *domain, const ts_choice *from, unsigned parameter,
                      ts_choice choice, uint64_t random, ts_choice *to) {
  const ts_domain_node *old = ts_domain_first_node(domain), *node = old;
  for (unsigned i = 0; i < domain->n; i++) {
    const ts_domain_edge *edge;
    if (i == parameter)
      edge = node->absent ? NULL : ts_domain_find_edge(domain, node, choice);
    else if (old->absent && !node->absent)
      edge = draw_edge(domain, node, &random);
    else
      edge = ts_domain_find_edge(domain, node, node->absent ? 0 : from[i]);
    if (!edge) return false;
    to[i] = edge->choice;
    node = &domain->graph->nodes.at[edge->to];
    old = &domain->graph->nodes.at[ts_domain_find_edge(domain, old, from[i])->to];
  }
  return true;
}

static const ts_domain_edge *nearest_edge(const ts_domain *domain, const ts_domain_node *node,
                                          ts_choice wanted) {
  const ts_domain_edge *edges = domain->graph->edges.at + node->first, *nearest = edges;
  for (unsigned i = 1; i < node->n; i++)
    if (abs(edges[i].choice - wanted) < abs(nearest->choice - wanted)) nearest = &edges[i];
  return nearest;
}

void ts_domain_mend(const ts_domain *domain, ts_choice *point, uint64_t random) {
  const ts_domain_node *node = ts_domain_first_node(domain);
  for (unsigned i = 0; i < domain->n; i++) {
    const ts_domain_edge *edge = ts_domain_find_edge(domain, node, point[i]);
    if (!edge)
      edge = domain->parameters[i].numbers ? nearest_edge(domain, node, point[i])
                                           : draw_edge(domain, node, &random);
    point[i] = edge->choice;
    node = &domain->graph->nodes.at[edge->to];
  }
}
