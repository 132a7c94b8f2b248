/* A refusal in words: which two accesses, at which iterations, and what would be legal instead. */
#include "syntax/syntax.h"
#include "analysis/poly/dependence_impl.h"

/* ---- a value as text ---- */

static const char *name_of(ts_query *q, const ts_value *v) {
  if (!v->name) return ts_value_text(q->answer.arena, q->pair.a->op->block->func, v);
  const struct ts_interned *e = ts_interned_of(&q->poly.module->strings, v->name);
  return ts_sprintf(q->answer.arena, "%%%.*s", (int)e->len, e->text);
}

static const char *joined(ts_query *q, const char *list, const char *item) {
  return *list ? ts_sprintf(q->answer.arena, "%s, %s", list, item) : item;
}

/* ---- the pair's iterations ---- */

static int64_t value_at(ts_query *q, const ts_linear *f, bool of_b) {
  int64_t value = f->constant;
  for (unsigned i = 0; i < f->n; i++)
    value +=
        f->terms[i].coef * q->sys.point[ts_query_column(q, ts_poly_var_of(&f->terms[i]), of_b)];
  return value;
}

/* "%i = 0, %k = 3": the loops inside the stretch around one of the two. */
static const char *iteration_text(ts_query *q, const ts_poly_scope *s, bool of_b) {
  if (!s->parent) return "";
  const char *outer = iteration_text(q, s->parent, of_b);
  if (!s->iv) return outer;
  int64_t value = value_at(q, &s->value, of_b);
  return joined(q, outer,
                ts_sprintf(q->answer.arena, "%s = %lld", name_of(q, s->iv), (long long)value));
}

/* "%b = 3, M = 7": what is fixed around the stretch. */
static const char *given_text(ts_query *q) {
  const char *list = "";
  for (size_t i = 0; i < q->poly.fixed.n; i++) {
    const ts_poly_fixed *f = &q->poly.fixed.at[i];
    const struct ts_interned *e =
        f->symbol ? ts_interned_of(&q->poly.module->strings, f->symbol) : NULL;
    const char *name =
        e ? ts_sprintf(q->answer.arena, "%.*s", (int)e->len, e->text) : name_of(q, f->value);
    long long value = value_at(q, &f->form, false);
    list = joined(q, list, ts_sprintf(q->answer.arena, "%s = %lld", name, value));
  }
  return list;
}

/* "%A[3, 0]": the first element that both touch. */
static const char *element_text(ts_query *q, ts_value *memref) {
  if (!memref) return "memory";
  const char *list = "";
  for (unsigned d = 0; d < q->pair.a->n && q->pair.b->memref && q->pair.a->memref; d++) {
    int64_t x = value_at(q, &q->pair.a->at[d], false), y = value_at(q, &q->pair.b->at[d], true);
    list = joined(q, list, ts_sprintf(q->answer.arena, "%lld", (long long)ts_max(x, y)));
  }
  return ts_sprintf(q->answer.arena, *list ? "%s[%s]" : "%s%s", name_of(q, memref), list);
}

/* ---- the dependence vector ---- */

/* row = what a form is of b minus what a form is of a, in the column `extra`: its only value over
 * all meetings, or "*". */
static const char *difference_text(ts_query *q, int64_t *row, const ts_linear *of_a,
                                   const ts_linear *of_b) {
  int64_t least, most;
  memset(row, 0, q->sys.cols * sizeof *row);
  row[q->pair.extra] = -1;
  ts_query_add(q, row, of_b, 1, true);
  ts_query_add(q, row, of_a, -1, false);
  bool constant = ts_poly_extreme(&q->sys, q->pair.extra, false, &least) &&
                  ts_poly_extreme(&q->sys, q->pair.extra, true, &most) && least == most;
  return constant ? ts_sprintf(q->answer.arena, "%lld", (long long)least) : "*";
}

/* The distance in each loop around both, over all their meetings. */
static const char *distance_text(ts_query *q) {
  const char *list = "";
  ts_query_base(q, 1);
  int64_t *row = ts_poly_push(&q->sys, true);
  for (unsigned l = 0; l < q->pair.num_common; l++)
    list = joined(q, list,
                  difference_text(q, row, &q->pair.common[l]->value, &q->pair.common[l]->value));
  if (q->pair.fused[0])
    list = joined(q, list,
                  difference_text(q, row, &q->pair.fused[0]->count, &q->pair.fused[1]->count));
  return ts_sprintf(q->answer.arena, "(%s)", list);
}

/* The distance of the pair that is shown. */
static const char *here_text(ts_query *q) {
  const char *list = "";
  for (unsigned l = 0; l < q->pair.num_common; l++) {
    const ts_linear *f = &q->pair.common[l]->value;
    long long distance = value_at(q, f, true) - value_at(q, f, false);
    list = joined(q, list, ts_sprintf(q->answer.arena, "%lld", distance));
  }
  if (q->pair.fused[0]) {
    long long distance =
        value_at(q, &q->pair.fused[1]->count, true) - value_at(q, &q->pair.fused[0]->count, false);
    list = joined(q, list, ts_sprintf(q->answer.arena, "%lld", distance));
  }
  return ts_sprintf(q->answer.arena, "(%s)", list);
}

static const char *loops_text(ts_query *q) {
  const char *list = "";
  for (unsigned l = 0; l < q->pair.num_common; l++)
    list = joined(q, list, name_of(q, q->pair.common[l]->iv));
  if (q->pair.fused[0]) list = joined(q, list, name_of(q, q->pair.fused[0]->iv));
  return ts_sprintf(q->answer.arena, "(%s)", list);
}

/* ---- the verdict ---- */

/* The choice of alternatives at hand has a solution: is it the least so far? `best` is NULL before
 * the first. */
static bool keep_least(ts_query *q) {
  if (ts_poly_least(&q->sys) != TS_POLY_FOUND) return false;
  for (unsigned c = 1; q->answer.best && c < q->sys.cols; c++) {
    if (q->sys.point[c] > q->answer.best[c]) return false;
    if (q->sys.point[c] < q->answer.best[c]) break;
  }
  q->answer.best = ts_new_array(&q->scratch, int64_t, q->sys.cols);
  memcpy(q->answer.best, q->sys.point, q->sys.cols * sizeof *q->answer.best);
  return false;
}

static ts_dep_kind kind_of(const ts_query *q) {
  if (q->pair.a->writes && q->pair.b->writes) return TS_DEP_OUTPUT;
  return q->pair.a->writes ? TS_DEP_FLOW : TS_DEP_ANTI;
}

void ts_query_report(ts_query *q) {
  bool exact = !q->pair.a->leaf->inexact && !q->pair.b->leaf->inexact;
  if (q->answer.found && !exact) return;
  q->answer.found = true;
  *q->answer.verdict = (ts_verdict){.legal = false, .exact = exact};
  if (q->question->brief) return;
  q->answer.best = NULL;
  ts_query_choices(q, 0, keep_least);
  if (!q->answer.best) {
    q->spent = true;
    return;
  }
  memcpy(q->sys.point, q->answer.best, q->sys.cols * sizeof *q->answer.best);
  ts_value *memref = q->pair.a->memref ? q->pair.a->memref : q->pair.b->memref;
  ts_conflict *c = &q->answer.verdict->conflict;
  *c = (ts_conflict){
      .kind = kind_of(q), .source = q->pair.a->op, .sink = q->pair.b->op, .memref = memref};
  c->element = element_text(q, memref);
  c->source_at = iteration_text(q, q->pair.a->leaf, false);
  c->sink_at = iteration_text(q, q->pair.b->leaf, true);
  c->given = given_text(q);
  c->loops = loops_text(q);
  c->here = here_text(q);
  c->distance = distance_text(q); /* asks isl, so the pair is gone */
  c->afterwards = q->question->afterwards || q->pair.fused[0];
}

/* ---- the message ---- */

static const char *verb(const ts_conflict *c, bool of_sink) {
  if (c->kind == TS_DEP_OUTPUT) return of_sink ? "written again" : "written";
  return (c->kind == TS_DEP_FLOW) == of_sink ? "read" : "written";
}

void ts_dep_explain(ts_context *ctx, ts_loc at, const ts_verdict *v, const char *alternative) {
  static const char *const kinds[] = {"flow", "anti", "output"};
  const ts_conflict *c = &v->conflict;
  ts_note(ctx, c->source->loc, "first %s here%s%s%s%s", verb(c, false),
          *c->source_at ? ", at " : "", c->source_at, *c->given ? ", with " : "", c->given);
  ts_note(ctx, c->sink->loc, "then %s here%s%s", verb(c, true), *c->sink_at ? ", at " : "",
          c->sink_at);
  if (strlen(c->loops) > 2)
    ts_note(ctx, at, "%s dependence with distance %s over %s%s%s%s", kinds[c->kind], c->distance,
            c->loops, c->afterwards ? " after the step" : "",
            strchr(c->distance, '*') ? ", here " : "", strchr(c->distance, '*') ? c->here : "");
  else
    ts_note(ctx, at, "%s dependence between places that no loop is around", kinds[c->kind]);
  if (!v->exact)
    ts_note(ctx, at, "not all of it is affine: what is computed at run time counts as anything");
  if (alternative) ts_note(ctx, at, "legal instead: %s", alternative);
}

const char *ts_dep_refusal(ts_arena *arena, const char *message, const ts_verdict *v) {
  const ts_conflict *c = &v->conflict;
  const char *may = v->exact ? "is" : "may be";
  return ts_sprintf(arena, "cannot %s: %s %s %s before it is %s, and that order would not be kept",
                    message, c->element, may, verb(c, false), verb(c, true));
}

ts_result ts_dep_refuse(ts_context *ctx, const ts_op *at, const char *message, const ts_verdict *v,
                        const char *alternative) {
  ts_error(ctx, at->loc, "%s", ts_dep_refusal(&ctx->messages, message, v));
  ts_dep_explain(ctx, at->loc, v, alternative);
  return TS_ERR;
}
