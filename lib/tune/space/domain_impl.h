/* The graph behind a domain. */
#ifndef TS_TUNE_SPACE_DOMAIN_IMPL_H
#define TS_TUNE_SPACE_DOMAIN_IMPL_H

#include "tune/space/domain.h"

/* A run of choices of the layer's parameter that all lead to the same node of the next layer. */
typedef struct ts_domain_edge {
  ts_choice first, last;
  uint32_t to;     /* place in `nodes` */
  uint64_t before; /* points by smaller choices of the same node */
} ts_domain_edge;

typedef struct ts_domain_node {
  uint32_t first, n; /* its edges, by rising choices */
  bool absent;       /* the layer's parameter has no value here: one edge, of choice 0 */
  uint64_t count;    /* points from here on; UINT64_MAX for as many or more */
} ts_domain_node;

struct ts_domain_graph {
  unsigned *order;              /* the parameter of each layer */
  TS_VEC(ts_domain_node) nodes; /* the first is the end, of one point; the last the beginning */
  TS_VEC(ts_domain_edge) edges;
};

/* A graph of n layers, in the order of the parameters, with its end. */
struct ts_domain_graph *ts_domain_graph_new(ts_arena *, unsigned n);
/* Adds a node with these n edges, without gaps in the array though their choices may have some; of an edge the choices and
 * `to` are set. Joins runs that touch, and counts; its place. */
uint32_t ts_domain_add_node(ts_arena *, struct ts_domain_graph *, unsigned n,
                            const ts_domain_edge *, bool absent);
/* The domain gets the graph, whose last node is the beginning. */
void ts_domain_set_graph(ts_domain *, struct ts_domain_graph *);

/* The node that paths begin at. */
const ts_domain_node *ts_domain_first_node(const ts_domain *);
/* The node's edges; node->n of them. */
const ts_domain_edge *ts_domain_edges(const ts_domain *, const ts_domain_node *);
/* The node that this choice leads to; NULL: it is not legal there. */
const ts_domain_node *ts_domain_step(const ts_domain *, const ts_domain_node *, ts_choice);
/* The same of the path with that number from the node on: its choice, and its number from the next node on. */
const ts_domain_node *ts_domain_step_of_number(const ts_domain *, const ts_domain_node *,
                                               uint64_t *number, ts_choice *choice);

#endif
