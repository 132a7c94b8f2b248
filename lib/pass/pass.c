/* Looking things up in a table of passes, and the table as text. */
#include "pass/pass.h"

#include "support/spelling.h"
const ts_pass_info *ts_pass_find(const ts_pass_table *table, const char *flag) {
  for (unsigned i = 0; i < table->n; i++)
    if (!strcmp(table->rows[i].flag, flag)) return &table->rows[i];
  return NULL;
}

const char *ts_pass_synonym(const ts_pass_table *table, const char *word) {
  for (unsigned i = 0; i < table->num_synonyms; i++)
    if (!strcmp(table->synonyms[i].word, word)) return table->synonyms[i].here;
  return NULL;
}

const char *ts_pass_nearest(const ts_pass_table *table, const char *flag) {
  const char *synonym = ts_pass_synonym(table, flag);
  if (synonym) return synonym;
  ts_nearest nearest = ts_nearest_to(flag);
  for (unsigned i = 0; i < table->n; i++)
    if (!table->rows[i].testing) ts_nearest_offer(&nearest, table->rows[i].flag);
  return nearest.best;
}

void ts_count(ts_pass_ctx *pc, const char *what, uint64_t n) {
  if (!pc->stats || n == 0) return;
  for (size_t i = 0; i < pc->stats->rows.n; i++) {
    ts_stat *row = &pc->stats->rows.at[i];
    if (strcmp(row->pass, pc->name) || strcmp(row->what, what)) continue;
    row->n += n;
    return;
  }
  ts_push(pc->stats->arena, &pc->stats->rows, (ts_stat){pc->name, what, n});
}

/* ---- the table as text ---- */

static const char *level_words(unsigned level) {
  static const char *const words[] = {"", "tensor", "loop", "tensor and loop"};
  return words[level & TS_LEVEL_TL];
}

static void usage_text(const ts_option *o, char *out, size_t n) {
  if (o->kind == TS_OPT_LOOPS)
    snprintf(out, n, "<%s>", o->name);
  else
    snprintf(out, n, "%s=%s", o->name, ts_option_value_name(o));
}

static void print_options(ts_sink *s, const ts_pass_info *p) {
  for (unsigned i = 0; i < p->options.n; i++) {
    const ts_option *o = &p->options.at[i];
    char usage[64];
    usage_text(o, usage, sizeof usage);
    ts_sink_printf(s, "      %-20s   %s", usage, o->summary);
    if (*o->otherwise) ts_sink_printf(s, " (default %s)", o->otherwise);
    ts_sink_puts(s, "\n");
  }
}

static void print_text_row(ts_sink *s, const ts_pass_info *p) {
  ts_sink_printf(s, "  -%-18s %s\n", p->flag, p->summary);
  print_options(s, p);
}

void ts_pass_describe(ts_sink *s, const ts_pass_info *p) {
  ts_sink_printf(s, "\nworks on %s functions", level_words(p->level_in));
  if (p->level_in != p->level_out)
    ts_sink_printf(s, ", leaves %s functions", level_words(p->level_out));
  ts_sink_printf(s, "; the answer %s\n",
                 p->rounding == TS_ROUNDING_EXACT ? "stays exact" : "may be rounded differently");
  if (p->options.n) ts_sink_puts(s, "\noptions:\n");
  print_options(s, p);
  const char *quote = *p->example ? "\"" : "";
  bool schedules = (p->level_in & TS_LEVEL_L) && p->level_out == TS_LEVEL_L;
  ts_sink_printf(s, "\nexample:\n  ts-opt -%s%s%s%s%s in.%s\n", p->flag, *quote ? "=" : "", quote,
                 p->example, quote, schedules ? "lir" : "tir");
  ts_sink_printf(s, "\nmore: docs/%s.md, section %s\n", schedules ? "schedules" : "passes",
                 p->recipe ? "Recipes" : p->flag);
}

static void print_markdown_row(ts_sink *s, const ts_pass_info *p) {
  ts_sink_printf(s, "| `-%s` | %s | %s | %s |", p->flag, level_words(p->level_in),
                 level_words(p->level_out),
                 p->rounding == TS_ROUNDING_EXACT ? "exact" : "may round differently");
  ts_sink_printf(s, " %s", p->summary);
  for (unsigned i = 0; i < p->options.n; i++) {
    const ts_option *o = &p->options.at[i];
    char usage[64];
    usage_text(o, usage, sizeof usage);
    ts_sink_printf(s, "; `%s` %s", usage, o->summary);
    if (*o->otherwise) ts_sink_printf(s, " (default `%s`)", o->otherwise);
  }
  ts_sink_puts(s, " |\n");
}

/* Passes that share their levels stand together, in the order of the table. */
static void print_group(ts_sink *s, const ts_pass_table *table, unsigned in, unsigned out,
                        bool testing) {
  bool first = true;
  for (unsigned i = 0; i < table->n; i++) {
    const ts_pass_info *p = &table->rows[i];
    if (p->level_in != in || p->level_out != out || (p->testing && !testing)) continue;
    if (first && in == out)
      ts_sink_printf(s, "on %s functions:\n", level_words(in));
    else if (first)
      ts_sink_printf(s, "from %s to %s functions:\n", level_words(in), level_words(out));
    first = false;
    print_text_row(s, p);
  }
}

void ts_passes_print(ts_sink *s, const ts_pass_table *table, bool markdown, bool testing) {
  if (markdown) {
    ts_sink_puts(s, "| pass | works on | leaves | the answer | what it does |\n"
                    "|---|---|---|---|---|\n");
    for (unsigned i = 0; i < table->n; i++)
      if (!table->rows[i].testing || testing) print_markdown_row(s, &table->rows[i]);
    return;
  }
  for (unsigned in = TS_LEVEL_T; in <= TS_LEVEL_TL; in++)
    for (unsigned out = TS_LEVEL_T; out <= TS_LEVEL_TL; out++)
      print_group(s, table, in, out, testing);
}

/* ---- functions ---- */

ts_func *ts_first_asked(const ts_module *m, const char *func) {
  if (!*func) return m->first_func;
  ts_str name = ts_intern_find(&m->strings, func, strlen(func));
  return name ? ts_func_find(m, name) : NULL;
}

ts_func *ts_next_asked(const ts_func *f, const char *func) { return *func ? NULL : f->next; }
