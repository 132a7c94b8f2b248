/* The values of a parameter: lists, ranges, powers. */
#include <math.h>

#include "tune/space/space_impl.h"

/* What is gathered. */
typedef struct gathering {
  ts_space_reader *reader;
  TS_VEC(ts_space_range) values;
  ts_ptrmap seen; /* by value */
} gathering;

static const void *key_of(const ts_space_range *v) {
  uint64_t bits;
  if (v->type == TS_SPACE_WORD) return v->word;
  memcpy(&bits, &v->lo, sizeof bits);
  return (const void *)(uintptr_t)ts_max(bits + 1, (uint64_t)1);
}

/* False where it is there already. */
static bool add_value(gathering *g, ts_space_range v) {
  if (ts_ptrmap_get(&g->seen, key_of(&v))) return false;
  ts_ptrmap_put(&g->seen, key_of(&v), g);
  ts_push(&g->reader->scratch, &g->values, v);
  return true;
}

/* Numbers that are computed may fall together on one machine and not on another; those written may not. */
static bool gather_list(gathering *g, const ts_space_values *written) {
  ts_space_reader *r = g->reader;
  ts_space_type type = TS_SPACE_ANY;
  for (size_t i = 0; i < written->list->at.n; i++) {
    ts_space_expr *e = written->list->at.at[i];
    if (e->op == TS_SPACE_UNKNOWN) ts_space_become_word(r, e);
    ts_space_range v = ts_space_fixed(r, e, "a value");
    if (!ts_space_has_value(&v)) return false;
    if (type && v.type != type) {
      ts_error(r->ctx, e->loc, "a list holds values of one type; this is %s, those before are not",
               ts_space_type_name(v.type));
      return false;
    }
    type = v.type;
    if (!add_value(g, v) && e->op == TS_SPACE_LITERAL) {
      ts_error(r->ctx, e->loc, "'%s' stands in the list already",
               ts_space_value_text(r->arena, &v));
      return false;
    }
  }
  return true;
}

/* The numbers of a range: first, last, step or factor. */
static bool read_ends(ts_space_reader *r, const ts_space_values *written, double ends[3]) {
  for (size_t i = 0; i < 3; i++) {
    ts_space_expr *e = written->list->at.at[i];
    if (e && !ts_space_demand(r, e, TS_SPACE_NUMBER)) return false;
    ts_space_range v = e ? ts_space_fixed(r, e, "a range") : ts_space_number(1);
    if (!ts_space_has_value(&v)) return false;
    ends[i] = v.lo;
  }
  return true;
}

static bool check_ends(ts_space_reader *r, const ts_space_values *written, const double ends[3]) {
  const char *wrong = NULL;
  bool powers = written->kind == TS_SPACE_POWERS;
  if (powers && !(ends[0] > 0)) wrong = "powers begin above 0";
  if (powers && !(ends[2] > 1)) wrong = "a factor is more than 1";
  if (!powers && !(ends[2] > 0)) wrong = "a step is more than 0";
  if (wrong) {
    ts_error(r->ctx, written->loc, "%s", wrong);
    return false;
  }
  if (ends[0] <= ends[1]) return true;
  ts_error(r->ctx, written->loc, "there is no value from %s to %s",
           ts_space_number_text(r->arena, ends[0]), ts_space_number_text(r->arena, ends[1]));
  return false;
}

static bool gather_range(gathering *g, const ts_space_values *written) {
  double ends[3];
  if (!read_ends(g->reader, written, ends) || !check_ends(g->reader, written, ends)) return false;
  bool powers = written->kind == TS_SPACE_POWERS;
  double slack = (powers ? ends[1] : ends[2]) * 1e-9; /* of steps that are no binary fractions */
  double v = ends[0];
  for (size_t i = 0; v <= ends[1] + slack && i <= TS_MAX_CHOICES; i++) {
    add_value(g, ts_space_number(v));
    v = powers ? v * ends[2] : ends[0] + (double)(i + 1) * ends[2];
  }
  return true;
}

static void fill(const gathering *g, ts_space_parameter *p) {
  ts_arena *arena = g->reader->arena;
  unsigned n = p->known.n = (unsigned)g->values.n;
  p->type = g->values.at[0].type;
  p->values = ts_new_array(arena, ts_space_range, n);
  p->known.texts = ts_new_array(arena, const char *, n);
  if (p->type == TS_SPACE_NUMBER) p->known.numbers = ts_new_array(arena, double, n);
  p->bounds = g->values.at[0];
  p->rising = p->type == TS_SPACE_NUMBER;
  for (unsigned i = 0; i < n; i++) {
    p->values[i] = g->values.at[i];
    p->bounds = ts_space_hull(p->bounds, p->values[i]);
    p->rising &= !i || p->values[i].lo > p->values[i - 1].lo;
    p->known.texts[i] = ts_space_value_text(arena, &p->values[i]);
    if (p->known.numbers) p->known.numbers[i] = p->values[i].lo;
  }
  p->bounds.absent = p->condition != NULL;
}

bool ts_space_list_values(ts_space_reader *r, const ts_space_values *written,
                          ts_space_parameter *p) {
  gathering g = {.reader = r};
  ts_ptrmap_init(&g.seen, &r->scratch);
  bool fine = written->kind == TS_SPACE_SET ? gather_list(&g, written) : gather_range(&g, written);
  if (fine && g.values.n > TS_MAX_CHOICES) {
    ts_error(r->ctx, written->loc, "a parameter has at most %d values", TS_MAX_CHOICES);
    fine = false;
  }
  if (fine) fill(&g, p);
  return fine;
}
