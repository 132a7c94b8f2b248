/* Points as text: "tileM=8 order=\"i j k\"". */
#include "support/remarks.h"
#include "support/spelling.h"
#include "tune/space/domain_impl.h"

static bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c && strchr("._-+", c));
}

/* ---- printing ---- */

static const char *quoted(ts_arena *arena, const char *text) {
  const char *at = text;
  while (is_plain(*at))
    at++;
  if (at > text && !*at) return text;
  char *out = ts_new_array(arena, char, 2 * strlen(text) + 3), *to = out;
  *to++ = '"';
  for (at = text; *at; at++) {
    if (*at == '"' || *at == '\\') *to++ = '\\';
    *to++ = *at;
  }
  *to++ = '"';
  return out;
}

const char *ts_domain_point_text(const ts_domain *domain, ts_arena *arena, const ts_choice *point) {
  uint64_t absent = ts_domain_absences(domain, point);
  const char *text = "";
  for (unsigned i = 0; i < domain->n; i++)
    if (!(absent >> i & 1))
      text = ts_sprintf(arena, "%s%s%s=%s", text, *text ? " " : "", domain->parameters[i].name,
                        quoted(arena, domain->parameters[i].texts[point[i]]));
  return text;
}

/* ---- reading ---- */

typedef struct point_reader {
  ts_context *ctx;
  const ts_domain *domain;
  const char *at;
  ts_choice *point;
  uint64_t given; /* a bit for each parameter */
} point_reader;

static ts_result usage(ts_result error) {
  (void)error;
  return TS_USAGE;
}

static const char *read_name(point_reader *r) {
  const char *begin = r->at;
  while (is_plain(*r->at) || *r->at == ':')
    r->at++;
  return ts_strndup(&r->ctx->arena, begin, (size_t)(r->at - begin));
}

/* NULL for a quote that is not closed. */
static const char *read_value(point_reader *r) {
  if (*r->at != '"') return read_name(r);
  char *value = ts_strdup(&r->ctx->arena, ++r->at), *to = value;
  for (; *r->at && *r->at != '"'; r->at++) {
    if (*r->at == '\\' && r->at[1]) r->at++;
    *to++ = *r->at;
  }
  *to = '\0';
  return *r->at ? r->at++, value : NULL;
}

static unsigned find_parameter(const ts_domain *domain, const char *name) {
  unsigned i = 0;
  while (i < domain->n && strcmp(domain->parameters[i].name, name) != 0)
    i++;
  return i;
}

static ts_result unknown_name(const point_reader *r, const char *name) {
  ts_nearest near = ts_nearest_to(name);
  for (unsigned i = 0; i < r->domain->n; i++)
    ts_nearest_offer(&near, r->domain->parameters[i].name);
  const char *hint = near.best ? ts_sprintf(&r->ctx->arena, "; did you mean '%s'?", near.best) : "";
  return usage(ts_error_plain(r->ctx, "the space has no parameter '%s'%s", name, hint));
}

static bool is_value(const ts_parameter *p, unsigned i, const char *text) {
  double number;
  if (!strcmp(p->texts[i], text)) return true;
  return p->numbers && ts_parse_double(text, strlen(text), &number) && number == p->numbers[i];
}

/* The values that are allowed as a list for a message, cut short. `node` NULL: all. */
static const char *value_list(ts_arena *arena, const ts_domain *domain, unsigned parameter,
                              const ts_domain_node *node) {
  enum { SHOWN = 12 };
  const ts_parameter *p = &domain->parameters[parameter];
  const char *list = "";
  unsigned shown = 0;
  for (unsigned i = 0; i < p->n; i++) {
    if (node && !ts_domain_step(domain, node, (ts_choice)i)) continue;
    if (shown++ == SHOWN) return ts_sprintf(arena, "%s, …", list);
    list = ts_sprintf(arena, "%s%s%s", list, *list ? ", " : "", p->texts[i]);
  }
  return list;
}

static ts_result set_choice(point_reader *r, unsigned i, const char *value) {
  const ts_parameter *p = &r->domain->parameters[i];
  unsigned choice = 0;
  while (choice < p->n && !is_value(p, choice, value))
    choice++;
  if (choice == p->n)
    return usage(ts_error_plain(r->ctx, "'%s' is no value of '%s', which is one of %s", value,
                                p->name, value_list(&r->ctx->arena, r->domain, i, NULL)));
  if (r->given >> i & 1) return usage(ts_error_plain(r->ctx, "'%s' is given twice", p->name));
  r->given |= UINT64_C(1) << i;
  r->point[i] = (ts_choice)choice;
  return TS_OK;
}

static ts_result read_item(point_reader *r) {
  const char *name = read_name(r);
  if (!*name || *r->at != '=')
    return usage(ts_error_plain(r->ctx, "a point is written name=value name=value, not '%s'",
                                *name ? name : r->at));
  r->at++;
  const char *value = read_value(r);
  if (!value) return usage(ts_error_plain(r->ctx, "a quote of '%s' is not closed", name));
  unsigned i = find_parameter(r->domain, name);
  return i < r->domain->n ? set_choice(r, i, value) : unknown_name(r, name);
}

/* Walks along the choices and says where they leave what is legal. */
static ts_result check_point(const point_reader *r) {
  const ts_domain *domain = r->domain;
  const ts_domain_node *node = ts_domain_first_node(domain);
  for (unsigned layer = 0; layer < domain->n; layer++) {
    unsigned i = domain->graph->order[layer];
    const char *name = domain->parameters[i].name;
    bool given = r->given >> i & 1;
    if (node->absent && given)
      return usage(
          ts_error_plain(r->ctx, "'%s' has no value here: its condition does not hold", name));
    if (!node->absent && !given)
      return usage(ts_error_plain(r->ctx, "the point says nothing of '%s'", name));
    const ts_domain_node *next = ts_domain_step(domain, node, r->point[i]);
    if (!next)
      return usage(ts_error_plain(
          r->ctx, "the rules of the space do not allow %s=%s with the other values; it could be %s",
          name, domain->parameters[i].texts[r->point[i]],
          value_list(&r->ctx->arena, domain, i, node)));
    node = next;
  }
  return TS_OK;
}

static void skip_separators(point_reader *r) {
  while (*r->at == ' ' || *r->at == ',' || *r->at == '\n' || *r->at == '\t')
    r->at++;
}

ts_result ts_domain_read_point(ts_context *ctx, const ts_domain *domain, const char *text,
                               ts_choice *point) {
  point_reader r = {.ctx = ctx, .domain = domain, .at = text, .point = point};
  memset(point, 0, domain->n * sizeof *point);
  for (skip_separators(&r); *r.at; skip_separators(&r)) {
    ts_result result = read_item(&r);
    if (result) return result;
  }
  return check_point(&r);
}

bool ts_domain_find_point(ts_context *ctx, const ts_domain *domain, const char *text,
                          ts_choice *point) {
  ts_diag *last = ctx->last;
  bool found = ts_domain_read_point(ctx, domain, text, point) == TS_OK;
  ts_errors_to_remarks(ctx, last, "tune");
  ts_remarks_drop_after(ctx, last);
  return found;
}
