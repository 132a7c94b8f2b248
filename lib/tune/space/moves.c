/* From one point to another: walks along the graph beside the path of the first. */
#include <stdlib.h>

#include "tune/space/domain_impl.h"

/* One more draw from a number. (Knuth's MMIX generator, TAOCP 2, 3.3.4; the high bits are the good ones.) */
static uint64_t next_draw(uint64_t *random) {
  *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *random >> 16;
}

static const ts_domain_node *draw_step(const ts_domain *domain, const ts_domain_node *node,
                                       uint64_t *random, ts_choice *choice) {
  uint64_t number = next_draw(random) % node->count;
  return ts_domain_step_of_number(domain, node, &number, choice);
}

bool ts_domain_change(const ts_domain *domain, const ts_choice *from, unsigned parameter,
                      ts_choice choice, uint64_t random, ts_choice *to) {
  const ts_domain_node *old = ts_domain_first_node(domain), *node = old;
  for (unsigned layer = 0; layer < domain->n; layer++) {
    unsigned i = domain->graph->order[layer];
    to[i] = node->absent ? 0 : i == parameter ? choice : from[i];
    if (i == parameter && node->absent) return false;
    if (i != parameter && old->absent && !node->absent)
      node = draw_step(domain, node, &random, &to[i]);
    else
      node = ts_domain_step(domain, node, to[i]);
    if (!node) return false;
    old = ts_domain_step(domain, old, from[i]);
  }
  return true;
}

/* That of the run's choices which is nearest to the wanted one. */
static int nearest_in_edge(const ts_domain_edge *edge, int wanted) {
  return ts_min(ts_max(wanted, (int)edge->first), (int)edge->last);
}

static ts_choice nearest_choice(const ts_domain *domain, const ts_domain_node *node, int wanted) {
  const ts_domain_edge *edges = ts_domain_edges(domain, node);
  int nearest = edges[0].first;
  for (unsigned i = 0; i < node->n; i++) {
    int choice = nearest_in_edge(&edges[i], wanted);
    if (abs(choice - wanted) < abs(nearest - wanted)) nearest = choice;
  }
  return (ts_choice)nearest;
}

void ts_domain_mend(const ts_domain *domain, ts_choice *point, uint64_t random) {
  const ts_domain_node *node = ts_domain_first_node(domain);
  for (unsigned layer = 0; layer < domain->n; layer++) {
    unsigned i = domain->graph->order[layer];
    const ts_domain_node *next = ts_domain_step(domain, node, point[i]);
    if (!next && !domain->parameters[i].numbers) {
      next = draw_step(domain, node, &random, &point[i]);
    } else if (!next) {
      point[i] = nearest_choice(domain, node, point[i]);
      next = ts_domain_step(domain, node, point[i]);
    }
    node = next;
  }
}
