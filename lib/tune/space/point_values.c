/* What a space makes of a point: values, power, the pipeline. */
#include <math.h>

#include "tune/space/space_impl.h"

void ts_space_values_at(const ts_tune_space *s, const ts_choice *point, ts_space_range *values) {
  for (size_t i = 0; i < s->parameters.n; i++) {
    const ts_space_parameter *p = &s->parameters.at[i];
    ts_space_range there =
        p->condition ? ts_space_eval(p->condition, values) : ts_space_truth(true);
    values[i] = ts_space_is_true(&there)
                    ? p->values[point[i]]
                    : (ts_space_range){.type = p->type, .lo = 1, .hi = 0, .absent = true};
  }
}

bool ts_space_may_lack(const ts_tune_space *s, const ts_space_expr *e) {
  ts_space_range bounds[TS_MAX_PARAMETERS];
  for (size_t i = 0; i < s->parameters.n; i++)
    bounds[i] = s->parameters.at[i].bounds;
  ts_space_range r = ts_space_eval(e, bounds);
  return r.undefined || r.absent;
}

double ts_tune_space_power(const ts_tune_space *s, const ts_choice *point) {
  ts_space_range values[TS_MAX_PARAMETERS];
  ts_space_values_at(s, point, values);
  ts_space_range watts = ts_space_eval(s->power, values);
  return ts_space_is_single(&watts) ? watts.lo : NAN;
}

/* ---- the pipeline ---- */

/* White space in a row becomes one blank, and steps that are empty go, with the comma behind them. */
typedef struct writer {
  ts_arena *arena;
  const ts_space_range *values;
  TS_VEC(char) out;
  unsigned depth; /* of braces */
  bool empty,
      blank; /* nothing but white space since the last comma between steps; a blank is due */
} writer;

static void write_char(writer *w, char c) {
  if (w->blank && w->out.n) ts_push(w->arena, &w->out, ' ');
  w->blank = w->empty = false;
  ts_push(w->arena, &w->out, c);
}

static void write_text(writer *w, const char *text) {
  for (; *text; text++) {
    if (strchr(" \t\r\n", *text)) {
      w->blank = true;
    } else if (*text == ',' && w->depth == 0) {
      w->blank = false;
      if (!w->empty) write_char(w, ',');
      w->empty = true;
    } else {
      w->depth += *text == '{';
      w->depth -= *text == '}' && w->depth;
      write_char(w, *text);
    }
  }
}

static void write_quoted(writer *w, const char *text) {
  for (; *text; text++)
    write_char(w, *text);
}

static void write_template(writer *w, const ts_space_template *t) {
  for (size_t i = 0; t && i < t->at.n; i++) {
    const ts_space_piece *p = &t->at.at[i];
    ts_space_range v = p->expr ? ts_space_eval(p->expr, w->values) : ts_space_truth(false);
    switch (p->kind) {
    case TS_SPACE_TEXT: write_text(w, p->text); break;
    case TS_SPACE_QUOTED: write_quoted(w, p->text); break;
    case TS_SPACE_HOLE:
      if (ts_space_is_single(&v)) write_text(w, ts_space_value_text(w->arena, &v));
      break;
    case TS_SPACE_CASE: write_template(w, ts_space_is_true(&v) ? p->then : p->otherwise); break;
    }
  }
}

const char *ts_tune_space_pipeline(const ts_tune_space *s, ts_arena *arena,
                                   const ts_choice *point) {
  ts_space_range values[TS_MAX_PARAMETERS];
  ts_space_values_at(s, point, values);
  writer w = {.arena = arena, .values = values, .empty = true};
  write_template(&w, s->pipeline);
  if (w.empty && w.out.n) w.out.n--; /* the comma of an empty last step */
  return ts_strndup(arena, w.out.at, w.out.n);
}
