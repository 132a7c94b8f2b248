/* Choices: what options say of them, and what is worth trying in their place. */
#include <errno.h>
#include <stdlib.h>

#include "support/spelling.h"
#include "transforms/recipe/recipe_impl.h"

typedef struct choice_row {
  const char *name;
  int64_t least, most;
  const char *words, *nests, *summary;
} choice_row;
static const choice_row rows[] = {
#define CHOICE(id, name, least, most, words, nests, summary)                                       \
  {name, least, most, words, nests, summary},
#include "transforms/recipe/choices.def"
#undef CHOICE
};

/* ---- words ---- */

/* The i-th of "false true"; NULL: there are fewer. */
static const char *word_at(ts_arena *arena, const char *words, int64_t i) {
  for (; *words; i--) {
    size_t n = strcspn(words, " ");
    if (i == 0) return ts_strndup(arena, words, n);
    words += n + (words[n] == ' ');
  }
  return NULL;
}

static const char *text_of(ts_arena *arena, const choice_row *row, int64_t value) {
  return row->words ? word_at(arena, row->words, value)
                    : ts_sprintf(arena, "%lld", (long long)value);
}

static bool read_word(ts_arena *arena, const choice_row *row, const char *text, int64_t *value) {
  const char *word;
  for (*value = 0; (word = word_at(arena, row->words, *value)); ++*value)
    if (!strcmp(word, text)) return true;
  return false;
}

static bool read_number(const choice_row *row, const char *text, int64_t *value) {
  char *end = "";
  errno = 0;
  *value = strtoll(text, &end, 10);
  return end != text && !*end && !errno && *value >= row->least && *value <= row->most;
}

/* ---- options ---- */

static const choice_row *find_row(const char *name, const char **nearest) {
  ts_nearest near = ts_nearest_to(name);
  for (size_t i = 0; i < ts_countof(rows); i++) {
    if (!strcmp(rows[i].name, name)) return &rows[i];
    ts_nearest_offer(&near, rows[i].name);
  }
  *nearest = near.best;
  return NULL;
}

static const char *list_names(ts_arena *arena) {
  const char *list = "";
  for (size_t i = 0; i < ts_countof(rows); i++)
    list = ts_sprintf(arena, "%s%s%s", list, i ? ", " : "", rows[i].name);
  return list;
}

static ts_result unknown_choice(ts_context *ctx, const char *name, const char *nearest) {
  const char *help = nearest ? ts_sprintf(&ctx->messages, "did you mean '%s'?", nearest)
                             : ts_sprintf(&ctx->messages, "it has %s", list_names(&ctx->messages));
  ts_error_plain(ctx, "a recipe has no choice '%s'; %s", name, help);
  return TS_USAGE;
}

static ts_result bad_value(ts_context *ctx, const choice_row *row, const ts_loop_item *item) {
  const char *wanted =
      row->words ? ts_sprintf(&ctx->messages, "one of: %s", row->words)
      : row->most == INT64_MAX
          ? ts_sprintf(&ctx->messages, "a number of at least %lld", (long long)row->least)
          : ts_sprintf(&ctx->messages, "a number from %lld to %lld", (long long)row->least,
                       (long long)row->most);
  ts_error_plain(ctx, "-recipe wants for %s %s, not '%s'", item->name, wanted, item->value);
  return TS_USAGE;
}

ts_result ts_recipe_add_option(ts_recipe *r, const ts_loop_item *item) {
  ts_context *ctx = r->m->ctx;
  ts_arena *arena = &ctx->arena;
  const char *dot = strrchr(item->name, '.'), *name = dot ? dot + 1 : item->name, *nearest;
  const choice_row *row = find_row(name, &nearest);
  ts_recipe_option option = {.nest = dot ? ts_strndup(arena, item->name, (size_t)(dot - item->name))
                                         : NULL};
  if (!row) return unknown_choice(ctx, name, nearest);
  option.id = (ts_recipe_choice_id)(row - rows);
  bool ok = row->words ? read_word(arena, row, item->value, &option.value)
                       : read_number(row, item->value, &option.value);
  if (!ok) return bad_value(ctx, row, item);
  ts_push(arena, &r->options, option);
  return TS_OK;
}

void ts_recipe_note_nest(ts_recipe *r, const char *nest) {
  for (size_t i = 0; i < r->options.n; i++) {
    ts_recipe_option *o = &r->options.at[i];
    o->found |= o->nest && !strcmp(o->nest, nest + 1);
  }
  if (r->options.n)
    r->nests = ts_sprintf(&r->m->ctx->arena, "%s%s%s", r->nests, *r->nests ? ", " : "", nest);
}

ts_result ts_recipe_check_options(const ts_recipe *r, const ts_func *f) {
  for (size_t i = 0; i < r->options.n; i++) {
    const ts_recipe_option *o = &r->options.at[i];
    const char *name = rows[o->id].name;
    if (o->nest && !o->found) {
      ts_error(r->m->ctx, f->loc, "no nest is called %%%s, as %s.%s would have it; there is %s",
               o->nest, o->nest, name, *r->nests ? r->nests : "none");
      return TS_USAGE;
    }
    if (!o->used)
      ts_remark(r->m->ctx, f->loc, r->pass->name, "missed",
                "no nest has the choice %s%s%s here: it is one of %s", o->nest ? o->nest : "",
                o->nest ? "." : "", name, rows[o->id].nests);
  }
  return TS_OK;
}

/* ---- choosing ---- */

static ts_recipe_option *said_of(ts_recipe *r, const char *nest, ts_recipe_choice_id id) {
  ts_recipe_option *said = NULL;
  for (size_t i = 0; i < r->options.n; i++) {
    ts_recipe_option *o = &r->options.at[i];
    if (o->id != id || (o->nest && strcmp(o->nest, nest + 1))) continue;
    if (!said || o->nest || !said->nest) said = o; /* the last one, but what names the nest first */
  }
  return said;
}

bool ts_recipe_is_asked(ts_recipe *r, const char *nest, ts_recipe_choice_id id) {
  return r->listed || said_of(r, nest, id);
}

/* "j_vectors"; no parameter's name begins with a digit. */
static const char *parameter_name(ts_recipe *r, const char *nest, ts_recipe_choice_id id) {
  bool number = nest[1] >= '0' && nest[1] <= '9';
  char *name = ts_sprintf(r->list_arena, "%s%s_%s", number ? "n" : "", nest + 1, rows[id].name);
  for (char *c = name; *c; c++)
    if (*c == '.') *c = '_';
  return name;
}

const char *ts_recipe_listed(ts_recipe *r, const char *nest, ts_recipe_choice_id id) {
  if (!r->listed) return NULL;
  const char *name = parameter_name(r, nest, id);
  for (size_t i = 0; i < r->listed->at.n; i++)
    if (!strcmp(r->listed->at.at[i].parameter, name)) return name;
  return NULL;
}

const char *ts_recipe_term(ts_recipe *r, const char *nest, ts_recipe_choice_id id, int64_t own) {
  const char *name = ts_recipe_listed(r, nest, id);
  return name ? name : ts_sprintf(r->pass->scratch, "%lld", (long long)own);
}

/* Adds a value to a sorted list without it. */
static void add_sorted(int64_t *list, unsigned *n, int64_t value) {
  unsigned at = *n;
  for (unsigned i = 0; i < *n; i++)
    if (list[i] == value) return;
  while (at > 0 && list[at - 1] > value) {
    list[at] = list[at - 1];
    at--;
  }
  list[at] = value;
  ++*n;
}

static bool is_left_out(const ts_recipe *r, const char *parameter) {
  for (size_t i = 0; i < r->left_out.n; i++)
    if (!strcmp(r->left_out.at[i], parameter)) return true;
  return false;
}

/* A choice with one value is none. */
static void list_choice(ts_recipe *r, const char *nest, ts_recipe_choice_id id, int64_t own,
                        unsigned n, const int64_t *worth) {
  const choice_row *row = &rows[id];
  int64_t *sorted = ts_new_array(r->pass->scratch, int64_t, n + 1);
  ts_recipe_choice c = {.summary = row->summary, .rank = id};
  add_sorted(sorted, &c.n, own);
  for (unsigned i = 0; i < n; i++)
    add_sorted(sorted, &c.n, worth[i]);
  c.parameter = parameter_name(r, nest, id);
  if (c.n < 2 || is_left_out(r, c.parameter)) return;
  c.option = ts_sprintf(r->list_arena, "%s.%s", nest + 1, row->name);
  c.values = ts_new_array(r->list_arena, const char *, c.n);
  for (unsigned i = 0; i < c.n; i++)
    c.values[i] = text_of(r->list_arena, row, sorted[i]);
  c.own = text_of(r->list_arena, row, own);
  ts_push(r->list_arena, &r->listed->at, c);
}

int64_t ts_recipe_choose(ts_recipe *r, const char *nest, ts_recipe_choice_id id, int64_t own,
                         unsigned n, const int64_t *worth) {
  if (r->listed) list_choice(r, nest, id, own, n, worth);
  ts_recipe_option *said = said_of(r, nest, id);
  if (!said) return own;
  bool means = !rows[id].words || said->value == own;
  for (unsigned i = 0; i < n; i++)
    means |= said->value == worth[i];
  if (!means) return own;
  said->used = true;
  return said->value;
}

void ts_recipe_rule(ts_recipe *r, const char *fmt, ...) {
  if (!r->listed) return;
  va_list args;
  va_start(args, fmt);
  ts_push(r->list_arena, &r->listed->rules, ts_vsprintf(r->list_arena, fmt, args));
  va_end(args);
}
