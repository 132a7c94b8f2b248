/* A beam over the parameters in the order of the space: each in turn takes all its values behind every beginning that was
 * kept, a beginning is judged by the best of a few points that complete it, and the best beginnings are kept. The first
 * of those points is the best known with the parent's beginning, as far as the rules let it stand. After the last parameter
 * it starts again. (Lowerre: The HARPY speech recognition system, 1976; as a search of schedules: Adams et al., Learning to
 * optimize Halide, SIGGRAPH 2019.) */
#include <math.h>

#include "tune/search/search_impl.h"

typedef struct beam_options {
  int64_t width, completions;
} beam_options;

static const ts_option options_beam[] = {
    {"width", TS_OPT_INT, offsetof(beam_options, width), "3", "beginnings that are kept", 1, 1000},
    {"completions", TS_OPT_INT, offsetof(beam_options, completions), "2",
     "points that judge a beginning", 1, 1000},
};

typedef struct beginning {
  ts_choice
      *point;  /* the first `fixed` choices of it; the others are those of its best completion */
  double cost; /* of its best completion so far */
  int64_t completed;
} beginning;

typedef struct completion {
  size_t place, of; /* of: place in `tried` */
} completion;

typedef struct beam {
  const beam_options *options;
  unsigned fixed;          /* choices of each beginning */
  TS_VEC(beginning) tried; /* all beginnings of this length */
  TS_VEC(completion) waiting;
} beam;

static beginning new_beginning(ts_search *s, const ts_choice *point) {
  ts_choice *copy = ts_new_array(s->arena, ts_choice, s->domain->n + 1);
  memcpy(copy, point, s->domain->n * sizeof *copy);
  return (beginning){copy, INFINITY, 0};
}

static void *open_beam(ts_search *s, const void *options) {
  beam *b = ts_new(s->arena, beam);
  b->options = options;
  ts_choice start[TS_MAX_PARAMETERS];
  ts_search_draw_any(s, start);
  ts_push(s->arena, &b->tried, new_beginning(s, start));
  return b;
}

static void judge(beam *b, const ts_search *s, beginning *of, size_t place) {
  (void)b;
  if (ts_search_cost(s, place) >= of->cost) return;
  of->cost = ts_search_cost(s, place);
  memcpy(of->point, s->asked.at[place].point, s->domain->n * sizeof *of->point);
}

static void hear(ts_search *s, beam *b) {
  size_t kept = 0;
  for (size_t i = 0; i < b->waiting.n; i++) {
    completion c = b->waiting.at[i];
    if (c.place < s->told)
      judge(b, s, &b->tried.at[c.of], c.place);
    else
      b->waiting.at[kept++] = c;
  }
  b->waiting.n = kept;
}

/* The best beginnings first; stable. */
static void keep_best(beam *b) {
  for (size_t i = 1; i < b->tried.n; i++)
    for (size_t j = i; j && b->tried.at[j - 1].cost > b->tried.at[j].cost; j--) {
      beginning other = b->tried.at[j];
      b->tried.at[j] = b->tried.at[j - 1];
      b->tried.at[j - 1] = other;
    }
  b->tried.n = ts_min(b->tried.n, (size_t)b->options->width);
}

/* Each kept beginning with each value of the next parameter. Its own value's is judged already. */
static void lengthen(ts_search *s, beam *b) {
  keep_best(b);
  if (b->fixed == s->domain->n) b->fixed = 0;
  size_t kept = b->tried.n;
  for (size_t i = 0; i < kept; i++) {
    const ts_choice *parent = b->tried.at[i].point;
    for (unsigned choice = 0; choice < s->domain->parameters[b->fixed].n; choice++) {
      ts_choice point[TS_MAX_PARAMETERS];
      memcpy(point, parent, s->domain->n * sizeof *point);
      point[b->fixed] = (ts_choice)choice;
      ts_domain_mend(s->domain, point, ts_draw_bits(&s->draw));
      if (point[b->fixed] == choice && choice != parent[b->fixed])
        ts_push(s->arena, &b->tried, new_beginning(s, point));
    }
  }
  b->fixed++;
}

/* The next point that completes a beginning: first as it stands, then with the rest drawn. */
static void complete(ts_search *s, const beam *b, const beginning *of, ts_choice *point) {
  memcpy(point, of->point, s->domain->n * sizeof *point);
  if (of->completed == 1) return;
  ts_choice any[TS_MAX_PARAMETERS];
  ts_search_draw_any(s, any);
  for (unsigned i = b->fixed; i < s->domain->n; i++)
    point[i] = any[i];
  ts_domain_mend(s->domain, point, ts_draw_bits(&s->draw));
}

static bool next_beam(ts_search *s, void *state, ts_choice *point) {
  beam *b = state;
  hear(s, b);
  for (unsigned rounds = 0; rounds < 2 * s->domain->n;) {
    for (size_t i = 0; i < b->tried.n; i++) {
      beginning *of = &b->tried.at[i];
      while (of->completed++ < b->options->completions) {
        complete(s, b, of, point);
        size_t place = ts_search_place(s, point);
        if (place == TS_NOWHERE || place >= s->told)
          ts_push(s->arena, &b->waiting, (completion){ts_min(place, s->asked.n), i});
        else
          judge(b, s, of, place);
        if (place == TS_NOWHERE) return true;
      }
    }
    if (b->waiting.n) return false;
    lengthen(s, b);
    rounds++;
  }
  ts_search_draw_new(s, point);
  return true;
}

const ts_search_kind ts_search_beam = {
    .name = "beam",
    .summary = "fixes one parameter after the other, keeping the best beginnings",
    .options = TS_OPTIONS(options_beam, beam_options),
    .open = open_beam,
    .next = next_beam,
};
