/* From rules to the graph of legal points, layer by layer.
 *
 * A state of a layer is what the choices before it leave: of each rule that is begun and not yet decided its term, and of
 * each parameter to come the set of choices that rules with nothing else left in them allow. Equal states are one node. */
#include "tune/space/compile_impl.h"

enum { NOTHING = UINT32_MAX /* a state that no legal point goes through */ };

/* A rule in a layer: where its term stands in the state of the layer and of the next; -1: nowhere yet, or no more. */
typedef struct rule_place {
  size_t rule;
  int from, to;
} rule_place;

typedef struct layer {
  unsigned parameter;
  unsigned
      num_terms; /* of its state; behind them stand the sets of this layer's parameter and those to come */
  TS_VEC(rule_place) places; /* rules that may change here */
  uint32_t *next;            /* room for a state of the next layer */
  TS_VEC(ts_domain_edge) edges;
} layer;

typedef struct builder {
  ts_context *ctx;
  ts_arena scratch, *arena;
  const ts_space_question *question;
  ts_domain *domain;
  ts_terms terms;
  TS_VEC(ts_term) rules; /* with more than one parameter */
  ts_term sets[TS_MAX_PARAMETERS];
  uint64_t conditions[TS_MAX_PARAMETERS]; /* the parameters that each hangs on */
  bool impossible;
  unsigned n;
  layer *layers; /* n + 1 */
  unsigned layer_of[TS_MAX_PARAMETERS];
  struct ts_domain_graph *graph;
  /* states: each in `words`, behind its layer, and its node */
  TS_VEC(uint32_t) words;
  TS_VEC(struct state {
    size_t at;
    uint32_t node;
  })
  states;
  uint32_t *table; /* of states, plus 1 */
  size_t table_cap;
  uint64_t most;
  bool over;
} builder;

/* ---- rules ---- */

static void add_rule(builder *b, ts_term term) {
  ts_term rule = ts_term_as_rule(&b->terms, term);
  const ts_term_info *info = ts_term_at(&b->terms, rule);
  if (rule == TS_TERM_TRUE) return;
  b->impossible |= rule == TS_TERM_FALSE;
  if (info->op != TS_SPACE_ONE_OF) {
    ts_push(&b->scratch, &b->rules, rule);
    return;
  }
  ts_term *set = &b->sets[info->parameter];
  *set = ts_term_intersect(&b->terms, *set, rule);
  b->impossible |= *set == TS_TERM_FALSE;
}

/* What holds of both sides holds of each. */
static void add_expr(builder *b, const ts_space_expr *e) {
  if (e->op != TS_SPACE_AND) {
    add_rule(b, ts_term_of_expr(&b->terms, e));
    return;
  }
  add_expr(b, e->operands[0]);
  add_expr(b, e->operands[1]);
}

static ts_term unary(builder *b, ts_space_op op, ts_term operand) {
  return ts_term_make(&b->terms, op, 1, &operand);
}

static void add_condition(builder *b, unsigned parameter, const ts_space_expr *condition) {
  ts_term term = ts_term_of_expr(&b->terms, condition);
  b->conditions[parameter] = ts_term_at(&b->terms, term)->mask;
  ts_term sides[2] = {unary(b, TS_SPACE_HOLDS, term),
                      unary(b, TS_SPACE_NOT, ts_term_gone(&b->terms, parameter))};
  add_rule(b, ts_term_make(&b->terms, TS_SPACE_EQ, 2, sides));
}

static ts_term term_of_use(builder *b, const ts_space_use_of *use) {
  if (!use) return TS_TERM_TRUE;
  ts_term term = ts_term_of_expr(&b->terms, use->expr);
  term = unary(b, use->what == TS_SPACE_TO_LACK_A_VALUE ? TS_SPACE_LACKS : TS_SPACE_HOLDS, term);
  if (use->what == TS_SPACE_NOT_TO_HOLD) term = unary(b, TS_SPACE_NOT, term);
  ts_term both[2] = {term, term_of_use(b, use->within)};
  return ts_term_make(&b->terms, TS_SPACE_AND, 2, both);
}

static ts_term term_of_uses(builder *b, size_t n, const ts_space_use_of *uses) {
  if (n == 1) return term_of_use(b, uses);
  ts_term sides[2] = {term_of_uses(b, n / 2, uses), term_of_uses(b, n - n / 2, uses + n / 2)};
  return ts_term_make(&b->terms, TS_SPACE_OR, 2, sides);
}

static void gather_rules(builder *b) {
  const ts_tune_space *s = b->question->space;
  ts_terms_init(&b->terms, &b->scratch, s);
  for (unsigned i = 0; i < b->n; i++) {
    b->sets[i] = TS_TERM_TRUE;
    if (s->parameters.at[i].condition) add_condition(b, i, s->parameters.at[i].condition);
  }
  for (size_t i = 0; i < b->question->num_rules; i++)
    add_expr(b, s->rules.at[i].expr);
  if (b->question->num_uses) add_rule(b, term_of_uses(b, b->question->num_uses, b->question->uses));
}

/* ---- layers ---- */

/* Whether a rule is begun and not decided when these parameters are. */
static bool is_open(const builder *b, size_t rule, uint64_t decided) {
  uint64_t mask = ts_term_at(&b->terms, b->rules.at[rule])->mask;
  return (mask & decided) && (mask & ~decided);
}

/* Places of rules in a state are in the order of the rules, so the next layer finds them where this one puts them. */
static void lay_out(builder *b, const unsigned *order) {
  uint64_t before = 0;
  b->layers = ts_new_array(&b->scratch, layer, b->n + 1);
  for (unsigned i = 0; i < b->n; i++) {
    layer *at = &b->layers[i];
    uint64_t after = before | UINT64_C(1) << order[i];
    int from = 0, to = 0;
    at->parameter = order[i];
    b->layer_of[order[i]] = i;
    for (size_t r = 0; r < b->rules.n; r++) {
      bool open = is_open(b, r, before), stays = is_open(b, r, after);
      rule_place place = {r, -1, -1};
      if (open) place.from = from++;
      if (stays) place.to = to++;
      if (open || stays) ts_push(&b->scratch, &at->places, place);
    }
    at->num_terms = (unsigned)from;
    at->next = ts_new_array(&b->scratch, uint32_t, (size_t)to + b->n);
    before = after;
  }
}

/* ---- states ---- */

/* Words of a state: terms of rules, then sets. */
static size_t size_of_state(const builder *b, unsigned at) {
  return b->layers[at].num_terms + (b->n - at);
}
static uint32_t *sets_of(const builder *b, unsigned at, uint32_t *state) {
  return state + b->layers[at].num_terms;
}

/* Takes what the rule, a set of choices, does not allow from the state; false when nothing is left. */
static bool narrow(builder *b, unsigned at, uint32_t *state, ts_term rule) {
  unsigned to = b->layer_of[ts_term_at(&b->terms, rule)->parameter];
  uint32_t *set = &sets_of(b, at, state)[to - at];
  *set = ts_term_intersect(&b->terms, *set, rule);
  return *set != TS_TERM_FALSE;
}

/* The state of the next layer after a choice, in its room; false: the choice breaks a rule. */
static bool step(builder *b, unsigned at, uint32_t *state, unsigned choice) {
  const layer *here = &b->layers[at];
  uint32_t *next = here->next;
  memcpy(sets_of(b, at + 1, next), sets_of(b, at, state) + 1, (b->n - at - 1) * sizeof *next);
  for (size_t i = 0; i < here->places.n; i++) {
    const rule_place *p = &here->places.at[i];
    ts_term rule = p->from < 0 ? b->rules.at[p->rule] : state[p->from];
    rule = ts_term_rule_after(&b->terms, rule, here->parameter, choice);
    if (rule == TS_TERM_FALSE) return false;
    if (rule != TS_TERM_TRUE && ts_term_at(&b->terms, rule)->op == TS_SPACE_ONE_OF) {
      if (!narrow(b, at + 1, next, rule)) return false;
      rule = TS_TERM_TRUE;
    }
    if (p->to >= 0) next[p->to] = rule;
  }
  return true;
}

static bool same_state(const builder *b, const struct state *s, unsigned at,
                       const uint32_t *state) {
  const uint32_t *words = b->words.at + s->at;
  return words[0] == at && !memcmp(words + 1, state, size_of_state(b, at) * sizeof *state);
}

static uint64_t hash_state(const builder *b, unsigned at, const uint32_t *state) {
  return ts_hash(state, size_of_state(b, at) * sizeof *state, at) >> 8;
}

static void grow_table(builder *b) {
  b->table_cap = b->table_cap ? 4 * b->table_cap : 4096;
  b->table = ts_new_array(&b->scratch, uint32_t, b->table_cap);
  for (size_t k = 0; k < b->states.n; k++) {
    const uint32_t *words = b->words.at + b->states.at[k].at;
    size_t i = hash_state(b, words[0], words + 1) & (b->table_cap - 1);
    while (b->table[i])
      i = (i + 1) & (b->table_cap - 1);
    b->table[i] = (uint32_t)k + 1;
  }
}

/* The place of the state, which is new where *known is false. */
static size_t find_state(builder *b, unsigned at, const uint32_t *state, bool *known) {
  if (4 * (b->states.n + 1) > 3 * b->table_cap) grow_table(b);
  size_t i = hash_state(b, at, state) & (b->table_cap - 1);
  for (; b->table[i]; i = (i + 1) & (b->table_cap - 1))
    if (same_state(b, &b->states.at[b->table[i] - 1], at, state))
      return *known = true, b->table[i] - 1;
  *known = false;
  struct state new = {b->words.n, NOTHING};
  ts_push(&b->scratch, &b->words, at);
  for (size_t k = 0; k < size_of_state(b, at); k++)
    ts_push(&b->scratch, &b->words, state[k]);
  ts_push(&b->scratch, &b->states, new);
  b->table[i] = (uint32_t)b->states.n;
  return b->states.n - 1;
}

/* ---- the graph ---- */

/* What is held grows with each of these, and time with the steps. */
static bool is_over(builder *b) {
  const ts_terms *t = &b->terms;
  b->over |= b->states.n > b->most || b->words.n / 32 > b->most || t->at.n > 2 * b->most ||
             t->operands.n / 16 > b->most || t->became.n / 32 > b->most ||
             t->steps / 32 > b->most || b->graph->edges.n / 4 > b->most;
  return b->over;
}

static uint32_t build(builder *b, unsigned at, uint32_t *state);

/* An edge of the choices [begin, end), or of the absence of the parameter. */
static void add_edge(builder *b, layer *here, unsigned begin, unsigned end, uint32_t to) {
  ts_domain_edge *last = here->edges.n ? &here->edges.at[here->edges.n - 1] : NULL;
  if (begin == b->terms.parameters[here->parameter].from->known.n) begin = 0, end = 1;
  if (last && last->to == to && last->last + 1u == begin) {
    last->last = (ts_choice)(end - 1);
    return;
  }
  ts_domain_edge edge = {.first = (ts_choice)begin, .last = (ts_choice)(end - 1), .to = to};
  ts_push(&b->scratch, &here->edges, edge);
}

/* Choices [begin, end) that all leave the same state. */
static void try_alike(builder *b, unsigned at, uint32_t *state, unsigned begin, unsigned end) {
  layer *here = &b->layers[at];
  b->terms.steps += 1 + here->places.n / 4;
  if (is_over(b) || !step(b, at, state, begin)) return;
  uint32_t to = build(b, at + 1, here->next);
  if (to != NOTHING) add_edge(b, here, begin, end, to);
}

typedef enum { ALL_FAIL, ALL_HOLD, UNKNOWN } verdict;

/* Of the rules that a layer changes, for any of the choices [begin, end). */
static verdict judge(builder *b, unsigned at, const uint32_t *state, unsigned begin, unsigned end) {
  const layer *here = &b->layers[at];
  verdict all = ALL_HOLD;
  if (here->places.n && !b->terms.parameters[here->parameter].from->rising) return UNKNOWN;
  for (size_t i = 0; i < here->places.n; i++) {
    const rule_place *p = &here->places.at[i];
    ts_term rule = p->from < 0 ? b->rules.at[p->rule] : state[p->from];
    if (!(ts_term_at(&b->terms, rule)->mask >> here->parameter & 1)) continue;
    ts_space_range r = ts_term_bound(&b->terms, rule, here->parameter, begin, end);
    if (!ts_space_may_hold(&r)) return ALL_FAIL;
    if (ts_space_may_fail(&r)) all = UNKNOWN;
  }
  return all;
}

/* Choices [begin, end) that have values, in halves as long as bounds may tell something of many at once. */
static void try_values(builder *b, unsigned at, uint32_t *state, unsigned begin, unsigned end) {
  enum { FEW = 8 };
  if (end - begin > FEW) {
    verdict v = judge(b, at, state, begin, end);
    unsigned middle = begin + (end - begin) / 2;
    if (v == ALL_HOLD) try_alike(b, at, state, begin, end);
    if (v != UNKNOWN) return;
    try_values(b, at, state, begin, middle);
    try_values(b, at, state, middle, end);
    return;
  }
  for (unsigned choice = begin; choice < end && !b->over; choice++)
    try_alike(b, at, state, choice, choice + 1);
}

/* Choices [begin, end), of which the last may be to be absent; whether it is. */
static bool try_choices(builder *b, unsigned at, uint32_t *state, unsigned begin, unsigned end) {
  unsigned num_values = b->terms.parameters[b->layers[at].parameter].from->known.n;
  if (begin < num_values) try_values(b, at, state, begin, ts_min(end, num_values));
  if (end > num_values) try_alike(b, at, state, num_values, num_values + 1);
  return end > num_values;
}

/* The node of a state that is new. Its words move while others are added, so the caller's are used. */
static uint32_t build_node(builder *b, unsigned at, uint32_t *state) {
  layer *here = &b->layers[at];
  ts_term set = sets_of(b, at, state)[0];
  bool absent = false;
  here->edges.n = 0;
  if (set == TS_TERM_TRUE)
    absent = try_choices(b, at, state, 0, b->terms.parameters[here->parameter].n);
  unsigned n = set == TS_TERM_TRUE ? 0 : ts_term_at(&b->terms, set)->n;
  for (unsigned i = 0; i < n; i += 2) {
    const uint32_t *ends = b->terms.operands.at + ts_term_at(&b->terms, set)->first + i;
    absent = try_choices(b, at, state, ends[0], ends[1]);
  }
  if (b->over || !here->edges.n) return NOTHING;
  return ts_domain_add_node(b->arena, b->graph, (unsigned)here->edges.n, here->edges.at, absent);
}

static uint32_t build(builder *b, unsigned at, uint32_t *state) {
  if (at == b->n) return 0; /* the end */
  bool known;
  size_t place = find_state(b, at, state, &known);
  if (!known) {
    uint32_t node = build_node(b, at, state);
    b->states.at[place].node = node;
  }
  return b->states.at[place].node;
}

/* ---- the whole ---- */

static void declared_order(unsigned n, unsigned *order) {
  for (unsigned i = 0; i < n; i++)
    order[i] = i;
}

static void tied_order(builder *b, unsigned *order) {
  uint64_t *masks = ts_new_array(&b->scratch, uint64_t, b->rules.n);
  unsigned sizes[TS_MAX_PARAMETERS];
  for (unsigned i = 0; i < b->n; i++)
    sizes[i] = b->terms.parameters[i].n;
  for (size_t i = 0; i < b->rules.n; i++)
    masks[i] = ts_term_at(&b->terms, b->rules.at[i])->mask;
  ts_space_order(b->n, sizes, b->conditions, b->rules.n, masks, order);
}

/* Builds in one order of layers; false where that passes the limit. */
static bool build_in_order(builder *b, const unsigned *order, uint64_t most) {
  b->most = most;
  b->graph = ts_domain_graph_new(b->arena, b->n);
  memcpy(b->graph->order, order, b->n * sizeof *order);
  if (b->impossible) return true;
  lay_out(b, order);
  uint32_t *first = ts_new_array(&b->scratch, uint32_t, b->n);
  for (unsigned i = 0; i < b->n; i++)
    first[i] = b->sets[order[i]];
  uint32_t root = build(b, 0, first);
  if (!b->over && root != NOTHING) ts_domain_set_graph(b->domain, b->graph);
  return !b->over;
}

/* From the beginning, without what an attempt has left. */
static void begin(builder *b) {
  ts_memory *memory = &b->ctx->memory;
  ts_arena_drop(&b->scratch);
  *b = (builder){
      .ctx = b->ctx, .arena = b->arena, .question = b->question, .domain = b->domain, .n = b->n};
  ts_arena_init(&b->scratch, memory);
  gather_rules(b);
}

enum { MOST_NODES = 1 << 18 };

static ts_result compile_body(void *arg) {
  builder *b = arg;
  const ts_tune_space *s = b->question->space;
  unsigned order[TS_MAX_PARAMETERS], other[TS_MAX_PARAMETERS];
  uint64_t most = s->most_nodes ? s->most_nodes : MOST_NODES;
  b->n = (unsigned)s->parameters.n;
  begin(b);
  declared_order(b->n, order);
  tied_order(b, other);
  bool same = !memcmp(order, other, b->n * sizeof *order);
  if (build_in_order(b, order, same ? most : most / 4)) return TS_OK;
  if (same) return TS_LIMIT;
  begin(b);
  return build_in_order(b, other, most) ? TS_OK : TS_LIMIT;
}

static void compile_cleanup(void *arg) { ts_arena_drop(&((builder *)arg)->scratch); }

ts_result ts_space_compile(ts_context *ctx, ts_arena *arena, const ts_space_question *question,
                           ts_domain *domain) {
  const ts_tune_space *s = question->space;
  *domain = (ts_domain){.n = (unsigned)s->parameters.n};
  domain->parameters = ts_new_array(arena, ts_parameter, domain->n);
  for (unsigned i = 0; i < domain->n; i++)
    domain->parameters[i] = s->parameters.at[i].known;
  builder b = {.ctx = ctx, .arena = arena, .question = question, .domain = domain};
  ts_arena_init(&b.scratch, &ctx->memory);
  return ts_protect_cleanup(ctx, compile_body, compile_cleanup, &b);
}
