/* The graph behind a domain. */
#ifndef TS_TUNE_SPACE_DOMAIN_IMPL_H
#define TS_TUNE_SPACE_DOMAIN_IMPL_H

#include "tune/space/domain.h"

/* A value of the layer's parameter, and the node of the next layer that it leads to. */
typedef struct ts_domain_edge {
  ts_choice choice;
  uint32_t to;     /* place in `nodes` */
  uint64_t before; /* points by smaller choices of the same node */
} ts_domain_edge;

typedef struct ts_domain_node {
  uint32_t first, n; /* its edges, by rising choice */
  bool absent;       /* the layer's parameter has no value here: one edge, of choice 0 */
  uint64_t count;    /* points from here on; UINT64_MAX for as many or more */
} ts_domain_node;

struct ts_domain_graph {
  TS_VEC(ts_domain_node) nodes; /* the first is the end, of one point; the last the beginning */
  TS_VEC(ts_domain_edge) edges;
};

/* A graph with its end. */
struct ts_domain_graph *ts_domain_graph_new(ts_arena *);
/* Adds a node with these n edges, of which choice and `to` are set, and counts; its place. */
uint32_t ts_domain_add_node(ts_arena *, struct ts_domain_graph *, unsigned n,
                            const ts_domain_edge *, bool absent);
/* The domain gets the graph, whose last node is the beginning. */
void ts_domain_set_graph(ts_domain *, struct ts_domain_graph *);

/* The node that paths begin at. */
const ts_domain_node *ts_domain_first_node(const ts_domain *);
/* The node's edge of that choice; NULL: there is none. */
const ts_domain_edge *ts_domain_find_edge(const ts_domain *, const ts_domain_node *, ts_choice);
/* The edge of the path of that number from the node on. */
const ts_domain_edge *ts_domain_edge_of_number(const ts_domain *, const ts_domain_node *,
                                               uint64_t number);

#endif
