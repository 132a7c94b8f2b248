/* A bandit learns which moves pay: of each the area under the curve of its successes among the last trials, the late ones
 * counting more, and a bonus for moves that were seldom made. (Fialho, Da Costa, Schoenauer, Sebag: Analyzing bandit-based
 * adaptive operator selection mechanisms, AMAI 2010; in tuners: Ansel et al., OpenTuner, PACT 2014.) */
#include <math.h>

#include "tune/search/search_impl.h"

enum { WINDOW = 100, ELITE = 10, TRIES = 20, FIRST = 8 };
static const double BONUS = 0.05;

typedef bool (*bandit_move)(ts_search *, ts_choice *point);

static const ts_choice *draw_elite(ts_search *s) {
  size_t place = s->elite[ts_draw_below(&s->draw, ts_min(s->num_elite, (unsigned)ELITE))];
  return s->asked.at[place].point;
}
static const ts_choice *best(const ts_search *s) { return s->asked.at[s->elite[0]].point; }

static bool move_beside_best(ts_search *s, ts_choice *point) {
  return ts_search_neighbour(s, best(s), point);
}
static bool move_beside_elite(ts_search *s, ts_choice *point) {
  return ts_search_neighbour(s, draw_elite(s), point);
}
static bool move_cross(ts_search *s, ts_choice *point) {
  ts_search_cross(s, draw_elite(s), draw_elite(s), point);
  return true;
}
static bool move_mutate(ts_search *s, ts_choice *point) {
  memcpy(point, draw_elite(s), s->domain->n * sizeof *point);
  ts_search_mutate(s, 0.25, point);
  return true;
}
/* The best, moved by the difference of two others. (Storn, Price: Differential evolution, 1997) */
static bool move_difference(ts_search *s, ts_choice *point) {
  const ts_choice *a = draw_elite(s), *b = draw_elite(s);
  for (unsigned i = 0; i < s->domain->n; i++) {
    int step = ts_draw_unit(&s->draw) < 0.6 ? a[i] - b[i] : 0;
    int most = (int)s->domain->parameters[i].n - 1;
    point[i] = (ts_choice)ts_max(0, ts_min(most, best(s)[i] + step));
  }
  ts_domain_mend(s->domain, point, ts_draw_bits(&s->draw));
  return true;
}
static bool move_anywhere(ts_search *s, ts_choice *point) {
  ts_search_draw_new(s, point);
  return true;
}

static const bandit_move moves[] = {move_beside_best, move_beside_elite, move_cross,
                                    move_mutate,      move_difference,   move_anywhere};
enum { NUM_MOVES = ts_countof(moves) };

typedef struct pull {
  size_t place; /* of the point that the move made */
  unsigned move;
} pull;

typedef struct bandit {
  TS_VEC(pull) pulls;
} bandit;

static void *open_bandit(ts_search *s, const void *options) {
  (void)options;
  return ts_new(s->arena, bandit);
}

/* The sum of the ranks of the pulls that paid, by the sum of all ranks; and how many pulls of the move there were. */
static double area(const ts_search *s, const bandit *b, unsigned move, unsigned *n) {
  double won = 0, all = 0;
  *n = 0;
  for (size_t i = b->pulls.n > WINDOW ? b->pulls.n - WINDOW : 0; i < b->pulls.n; i++) {
    if (b->pulls.at[i].move != move || b->pulls.at[i].place >= s->told) continue;
    all += ++*n;
    if (s->asked.at[b->pulls.at[i].place].paid) won += *n;
  }
  return all > 0 ? won / all : 0;
}

static unsigned choose_move(ts_search *s, const bandit *b) {
  unsigned chosen = 0, n;
  double most = -1;
  double window = (double)ts_min(b->pulls.n, (size_t)WINDOW);
  for (unsigned i = 0; i < NUM_MOVES; i++) {
    double worth = area(s, b, i, &n);
    worth += n ? BONUS * sqrt(2 * log(window + 1) / n) : 1e9;
    worth += 1e-9 * ts_draw_unit(&s->draw);
    if (worth <= most) continue;
    most = worth;
    chosen = i;
  }
  return chosen;
}

static bool next_bandit(ts_search *s, void *state, ts_choice *point) {
  bandit *b = state;
  if (s->asked.n < FIRST || !s->num_elite) return move_anywhere(s, point);
  unsigned move = choose_move(s, b), tries = 0;
  while (!moves[move](s, point) || ts_search_place(s, point) != TS_NOWHERE)
    if (++tries > TRIES) {
      (void)move_anywhere(s, point);
      break;
    }
  ts_push(s->arena, &b->pulls, (pull){s->asked.n, move});
  return true;
}

const ts_search_kind ts_search_bandit = {
    .name = "bandit",
    .summary = "learns by reinforcement which moves from the best points pay",
    .open = open_bandit,
    .next = next_bandit,
};
