/* Keeping the pool. */
#include <math.h>

#include "tune/search/pool_impl.h"

enum {
  DRAWN = 500,   /* points that are drawn */
  RENEWED = 10,  /* the n-th part of them is drawn anew each time, */
  CHANGED = 3,   /* and, where they are less than the FEW-th part of the space, */
  FEW = 100,     /* the n-th part of those are the best with some choices changed */
  FOLLOWED = 10, /* so many are the best */
  SLOTS = 8192,
  MOST = SLOTS / 2
};

void ts_pool_init(ts_pool *p, ts_search *s, const ts_features *features) {
  *p = (ts_pool){.features = features,
                 .slots = ts_new_array(s->arena, ts_candidate *, SLOTS),
                 .num_slots = SLOTS};
}

static ts_candidate **find_slot(const ts_pool *p, const ts_search *s, const ts_choice *point) {
  size_t bytes = s->domain->n * sizeof *point, at = ts_hash(point, bytes, 0) % p->num_slots;
  while (p->slots[at] && memcmp(p->slots[at]->point, point, bytes) != 0)
    at = (at + 1) % p->num_slots;
  return &p->slots[at];
}

static ts_candidate *new_candidate(ts_pool *p, ts_search *s) {
  if (p->free.n) return p->free.at[--p->free.n];
  ts_candidate *c = ts_new(s->arena, ts_candidate);
  c->point = ts_new_array(s->arena, ts_choice, s->domain->n + 1);
  c->position = ts_new_array(s->arena, float, s->domain->n + 1);
  c->features = ts_new_array(s->arena, float, p->features->n + 1);
  return c;
}

/* Nothing, where the point was asked or the pool is full. */
static void take_in(ts_pool *p, ts_search *s, const ts_choice *point, bool drawn) {
  if (p->at.n >= MOST || ts_search_place(s, point) != TS_NOWHERE) return;
  ts_candidate **slot = find_slot(p, s, point);
  if (*slot) {
    (*slot)->kept = true;
    return;
  }
  ts_candidate *c = *slot = new_candidate(p, s);
  memcpy(c->point, point, s->domain->n * sizeof *point);
  ts_features_position(p->features, point, c->position);
  ts_features_write(p->features, point, s->setup.traits, c->features);
  c->nearest = INFINITY;
  c->compared = c->forest = 0;
  ts_gauss_forget(&c->gauss);
  c->kept = true;
  c->drawn = drawn;
  ts_push(s->arena, &p->at, c);
}

/* Leaves those that are kept, and makes the table anew. */
static void sweep(ts_pool *p, ts_search *s) {
  size_t n = 0;
  memset(p->slots, 0, p->num_slots * sizeof(ts_candidate *));
  for (size_t i = 0; i < p->at.n; i++) {
    ts_candidate *c = p->at.at[i];
    if (c->kept)
      *find_slot(p, s, (p->at.at[n++] = c)->point) = c;
    else
      ts_push(s->arena, &p->free, c);
  }
  p->at.n = n;
}

static void follow_best(ts_pool *p, ts_search *s) {
  for (unsigned i = 0; i < ts_min(s->num_elite, (unsigned)FOLLOWED); i++) {
    p->around.choices.n = p->around.n = 0;
    ts_search_neighbours(s, s->asked.at[s->elite[i]].point, &p->around);
    for (size_t j = 0; j < p->around.n; j++)
      take_in(p, s, p->around.choices.at + j * s->domain->n, false);
  }
}

/* One of the best with two choices or so drawn anew: where there are very many points, none that is drawn lies near. */
static void draw_changed(ts_search *s, ts_choice *point) {
  size_t place = s->elite[ts_draw_below(&s->draw, ts_min(s->num_elite, (unsigned)FOLLOWED))];
  memcpy(point, s->asked.at[place].point, s->domain->n * sizeof *point);
  ts_search_mutate(s, 1.0 / s->domain->n, point);
}

/* All that are left, where they are few; otherwise draws until there are enough. */
static void draw_some(ts_pool *p, ts_search *s, size_t drawn) {
  ts_choice point[TS_MAX_PARAMETERS];
  if (s->domain->count < MOST && s->domain->count - s->asked.n <= 2 * DRAWN) {
    for (uint64_t i = 0; i < s->domain->count; i++) {
      ts_domain_point(s->domain, i, point);
      take_in(p, s, point, true);
    }
    return;
  }
  bool is_large = s->domain->count / FEW > DRAWN && s->num_elite;
  for (; drawn < DRAWN; drawn++) {
    if (is_large && ts_draw_below(&s->draw, CHANGED) == 0)
      draw_changed(s, point);
    else
      ts_search_draw_any(s, point);
    take_in(p, s, point, true);
  }
}

void ts_pool_compare(ts_pool *p, ts_search *s, ts_candidate *c) {
  unsigned n = s->domain->n;
  for (size_t i = p->positions.n / (n ? n : 1); i < s->asked.n; i++) {
    float position[TS_MAX_PARAMETERS];
    ts_features_position(p->features, s->asked.at[i].point, position);
    for (unsigned j = 0; j < n; j++)
      ts_push(s->arena, &p->positions, position[j]);
  }
  for (; c->compared < s->asked.n; c->compared++)
    c->nearest =
        fminf(c->nearest, ts_position_distance(c->position, p->positions.at + c->compared * n, n));
}

void ts_pool_refresh(ts_pool *p, ts_search *s) {
  size_t drawn = 0;
  for (size_t i = 0; i < p->at.n; i++) {
    ts_candidate *c = p->at.at[i];
    c->kept =
        c->drawn && ts_draw_below(&s->draw, RENEWED) && ts_search_place(s, c->point) == TS_NOWHERE;
    drawn += c->kept;
  }
  follow_best(p, s);
  draw_some(p, s, drawn);
  sweep(p, s);
  for (size_t i = 0; i < p->at.n; i++)
    ts_pool_compare(p, s, p->at.at[i]);
}
