/* Points near others. */
#include "tune/search/search_impl.h"

void ts_point_push(ts_search *s, ts_point_list *list, const ts_choice *point) {
  for (unsigned i = 0; i < s->domain->n; i++)
    ts_push(s->arena, &list->choices, point[i]);
  list->n++;
}

/* Of long lists of values only NEAR are looked at, half of them at hand and half drawn. */
enum { NEAR = 64 };

static unsigned num_near(const ts_search *s, unsigned parameter) {
  return ts_min(s->domain->parameters[parameter].n, NEAR);
}

/* The k-th choice that is looked at from `here`; `here` itself, or one past the list, where there is none. */
static unsigned near_choice(ts_search *s, unsigned parameter, unsigned here, unsigned k) {
  unsigned n = s->domain->parameters[parameter].n;
  if (n <= NEAR) return k;
  return k < NEAR / 2 ? here - NEAR / 4 + k : (unsigned)ts_draw_below(&s->draw, n);
}

/* The k-th change of a parameter; false: it is none, or not legal. */
static bool change(ts_search *s, const ts_choice *point, unsigned parameter, unsigned k,
                   ts_choice *out) {
  unsigned choice = near_choice(s, parameter, point[parameter], k);
  return choice != point[parameter] && choice < s->domain->parameters[parameter].n &&
         ts_domain_change(s->domain, point, parameter, (ts_choice)choice, ts_draw_bits(&s->draw),
                          out);
}

void ts_search_neighbours(ts_search *s, const ts_choice *point, ts_point_list *list) {
  ts_choice changed[TS_MAX_PARAMETERS];
  for (unsigned i = 0; i < s->domain->n; i++)
    for (unsigned k = 0; k < num_near(s, i); k++)
      if (change(s, point, i, k, changed)) ts_point_push(s, list, changed);
}

/* Fisher and Yates's. */
void ts_search_shuffle(ts_search *s, ts_point_list *list) {
  unsigned n = s->domain->n;
  for (size_t i = list->n; i > 1; i--) {
    ts_choice *a = list->choices.at + (i - 1) * n;
    ts_choice *b = list->choices.at + ts_draw_below(&s->draw, i) * n;
    for (unsigned j = 0; j < n; j++) {
      ts_choice choice = a[j];
      a[j] = b[j];
      b[j] = choice;
    }
  }
}

bool ts_search_neighbour(ts_search *s, const ts_choice *point, ts_choice *out) {
  ts_choice changed[TS_MAX_PARAMETERS];
  uint64_t seen = 0;
  for (unsigned i = 0; i < s->domain->n; i++)
    for (unsigned k = 0; k < num_near(s, i); k++)
      if (change(s, point, i, k, changed) && ts_draw_below(&s->draw, ++seen) == 0)
        memcpy(out, changed, s->domain->n * sizeof *out);
  return seen > 0;
}

void ts_search_cross(ts_search *s, const ts_choice *a, const ts_choice *b, ts_choice *out) {
  uint64_t from = ts_draw_bits(&s->draw);
  for (unsigned i = 0; i < s->domain->n; i++)
    out[i] = (from >> i & 1 ? a : b)[i];
  ts_domain_mend(s->domain, out, ts_draw_bits(&s->draw));
}

void ts_search_mutate(ts_search *s, double probability, ts_choice *point) {
  unsigned n = s->domain->n;
  unsigned sure = (unsigned)ts_draw_below(&s->draw, n);
  for (unsigned i = 0; i < n; i++)
    if (i == sure || ts_draw_unit(&s->draw) < probability)
      point[i] = (ts_choice)ts_draw_below(&s->draw, s->domain->parameters[i].n);
  ts_domain_mend(s->domain, point, ts_draw_bits(&s->draw));
}
