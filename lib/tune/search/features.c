/* Features of points. Sums and differences of the logarithms of two parameters make work per thread, threads per block
 * and aspect ratios single splits of a tree, whatever the parameters mean. */
#include <math.h>

#include "tune/search/features_impl.h"

/* With very many parameters the pairs of the last are left out. */
enum { MOST_FEATURES = 600 };
static const float ABSENT = -2;

static const double *logs_of(ts_search *s, const ts_parameter *p) {
  for (unsigned i = 0; i < p->n; i++)
    if (!p->numbers || !(p->numbers[i] > 0) || !isfinite(p->numbers[i])) return NULL;
  double *logs = ts_new_array(s->arena, double, p->n);
  for (unsigned i = 0; i < p->n; i++)
    logs[i] = log(p->numbers[i]);
  return logs;
}

static void add_feature(ts_features *f, ts_search *s, ts_feature_kind kind, unsigned a,
                        unsigned b) {
  if (f->of_point.n < MOST_FEATURES) ts_push(s->arena, &f->of_point, (ts_feature){kind, a, b});
}

/* Words of two values need one feature, others one for each. */
static void add_parameter(ts_features *f, ts_search *s, unsigned i) {
  const ts_parameter *p = &f->domain->parameters[i];
  if (p->numbers || p->n <= 2) {
    add_feature(f, s, TS_FEATURE_POSITION, i, 0);
    return;
  }
  for (unsigned choice = 0; choice < p->n; choice++)
    add_feature(f, s, TS_FEATURE_WORD, i, choice);
}

static bool has_pairs(const ts_features *f, unsigned i) {
  return f->logs[i] && f->domain->parameters[i].n > 2;
}

static void add_pairs(ts_features *f, ts_search *s) {
  for (unsigned b = 0; b < f->domain->n; b++)
    for (unsigned a = 0; a < b; a++) {
      if (!has_pairs(f, a) || !has_pairs(f, b)) continue;
      add_feature(f, s, TS_FEATURE_SUM, a, b);
      add_feature(f, s, TS_FEATURE_DIFFERENCE, a, b);
    }
}

void ts_features_init(ts_features *f, ts_search *s) {
  unsigned n = s->domain->n;
  *f = (ts_features){.domain = s->domain,
                     .num_traits = s->setup.num_traits,
                     .logs = ts_new_array(s->arena, const double *, n + 1)};
  for (unsigned i = 0; i < n; i++)
    f->logs[i] = logs_of(s, &s->domain->parameters[i]);
  for (unsigned i = 0; i < n; i++)
    add_parameter(f, s, i);
  add_pairs(f, s);
  f->n = (unsigned)f->of_point.n + f->num_traits;
}

void ts_features_position(const ts_features *f, const ts_choice *point, float *out) {
  uint64_t absent = ts_domain_absences(f->domain, point);
  for (unsigned i = 0; i < f->domain->n; i++) {
    const ts_parameter *p = &f->domain->parameters[i];
    out[i] = absent >> i & 1 ? ABSENT
             : !p->numbers   ? 2 * (float)point[i]
             : p->n > 1      ? (float)point[i] / (float)(p->n - 1)
                             : 0;
  }
}

static float feature_of(const ts_features *f, const ts_feature *feature, const ts_choice *point,
                        uint64_t absent) {
  unsigned a = feature->a, b = feature->b;
  switch (feature->kind) {
  case TS_FEATURE_POSITION: return absent >> a & 1 ? ABSENT : (float)point[a];
  case TS_FEATURE_WORD: return !(absent >> a & 1) && point[a] == b;
  case TS_FEATURE_SUM: return (float)(f->logs[a][point[a]] + f->logs[b][point[b]]);
  case TS_FEATURE_DIFFERENCE: return (float)(f->logs[a][point[a]] - f->logs[b][point[b]]);
  }
  ts_unreachable("feature");
}

void ts_features_write(const ts_features *f, const ts_choice *point, const double *traits,
                       float *out) {
  uint64_t absent = ts_domain_absences(f->domain, point);
  for (size_t i = 0; i < f->of_point.n; i++)
    out[i] = feature_of(f, &f->of_point.at[i], point, absent);
  for (unsigned i = 0; i < f->num_traits; i++)
    out[f->of_point.n + i] = traits ? (float)traits[i] : 0;
}

float ts_position_distance(const float *a, const float *b, unsigned n) {
  float sum = 0;
  for (unsigned i = 0; i < n; i++) {
    float apart = fabsf(a[i] - b[i]);
    sum += apart < 1 ? apart : 1;
  }
  return sum;
}
