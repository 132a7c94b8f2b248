/* The public API: building by the words of the language. What a caller gives is put together as
 * text and read by the one parser, at the end of the function; so whatever the language has, can be
 * built. */
#include "syntax/syntax.h"
#include "api/api_impl.h"

typedef struct build_call {
  ts_module *module;
  ts_func *func;
  const char *op, *attrs, *type;
  unsigned n;
  ts_value *const *values;
  ts_value *result;
} build_call;

static ts_result source_of(ts_module *m, const char *name, const char *text, ts_source *out) {
  size_t n = strlen(text);
  char *copy = ts_new_array(&m->ctx->arena, char, n + 2);
  memcpy(copy, text, n);
  *out = (ts_source){.name = name, .text = copy, .n = n, .first_line = 1};
  return ts_source_check(m->ctx, out);
}

/* Messages keep a reference to the source they are about. */
static ts_source *new_source(ts_module *m) { return ts_new(&m->ctx->arena, ts_source); }

/* ---- functions ---- */

static ts_result build_func(void *arg) {
  build_call *c = arg;
  ts_module *m = c->module;
  ts_func *last = m->last_func;
  ts_source *source = new_source(m);
  if (strpbrk(c->op, "{}"))
    return ts_error_plain(m->ctx, "a function's head has no braces: '%s'", c->op);
  ts_result result =
      source_of(m, "<function>", ts_sprintf(&m->ctx->arena, "func %s {}", c->op), source);
  if (!result) result = ts_parse_funcs(m, source);
  if (!result) c->func = last ? last->next : m->first_func;
  return result;
}

/* Modules that executables run stay as they are. No clock: one op at a time takes no time. */
static ts_result build(ts_result (*body)(void *), build_call *c) {
  ts_result result = ts_api_check_unused(c->module, "changed");
  return result ? result : ts_api_run_for(c->module->ctx, 0, body, c);
}

ts_result ts_build_func(ts_module *module, const char *head, ts_func **out) {
  if (out) *out = NULL;
  if (!module || !head || !out) return TS_USAGE;
  build_call c = {.module = module, .op = head};
  ts_result result = build(build_func, &c);
  *out = c.func;
  return result;
}

ts_value *ts_func_arg(const ts_func *func, unsigned i) {
  return func && i < func->body->num_args ? func->body->args[i] : NULL;
}

/* ---- ops ---- */

/* The operands are %0, %1 … of the text, and nothing else is visible in it. */
static const char *op_text(build_call *c) {
  ts_arena *arena = &c->module->ctx->arena;
  const char *text = c->op;
  for (unsigned i = 0; i < c->n; i++)
    text = ts_sprintf(arena, "%s%s %%%u", text, i ? "," : "", i);
  if (c->attrs) text = ts_sprintf(arena, "%s {%s}", text, c->attrs);
  if (c->type) text = ts_sprintf(arena, "%s : %s", text, c->type);
  return text;
}

static ts_result append_one(build_call *c, const char *text) {
  ts_module *m = c->module;
  ts_block *body = c->func->body;
  ts_op *last = body->last;
  ts_source *source = new_source(m);
  ts_parse_name *names = ts_new_array(&m->ctx->arena, ts_parse_name, c->n + 1);
  for (unsigned i = 0; i < c->n; i++)
    names[i] =
        (ts_parse_name){ts_intern(&m->strings, ts_sprintf(&m->ctx->arena, "%u", i)), c->values[i]};
  ts_result result = source_of(m, "<op>", text, source);
  if (!result) result = ts_parse_ops(c->func, source, c->n, names);
  if (result || (body->last && body->last->prev == last)) return result;
  while (body->last != last)
    ts_op_erase(body->last);
  return ts_error(m->ctx, (ts_loc){0, (uint32_t)source->n}, "wanted one op");
}

static ts_result build_op(void *arg) {
  build_call *c = arg;
  ts_result result =
      append_one(c, ts_sprintf(&c->module->ctx->arena, "%%result = %s\n", op_text(c)));
  if (result) return result;
  c->result = ts_op_result(c->func->body->last, 0);
  c->result->name = 0;
  return TS_OK;
}

static bool are_given(unsigned n, ts_value *const *values) {
  if (n && !values) return false;
  for (unsigned i = 0; i < n; i++)
    if (!values[i]) return false;
  return true;
}

ts_result ts_build_op(ts_func *func, const char *op, unsigned n, ts_value *const *operands,
                      const char *attrs, const char *type, ts_value **out) {
  if (out) *out = NULL;
  if (!func || !op || !are_given(n, operands) || !out) return TS_USAGE;
  build_call c = {.module = func->module,
                  .func = func,
                  .op = op,
                  .attrs = attrs,
                  .type = type,
                  .n = n,
                  .values = operands};
  ts_result result = build(build_op, &c);
  *out = c.result;
  return result;
}

static ts_result build_return(void *arg) {
  build_call *c = arg;
  return append_one(c, ts_sprintf(&c->module->ctx->arena, "%s\n", op_text(c)));
}

ts_result ts_build_return(ts_func *func, unsigned n, ts_value *const *values) {
  if (!func || !are_given(n, values)) return TS_USAGE;
  build_call c = {.module = func->module, .func = func, .op = "return", .n = n, .values = values};
  return build(build_return, &c);
}

/* The arguments and the named results of the body's own ops. */
static unsigned names_of(const ts_func *f, ts_parse_name *names) {
  unsigned n = 0;
  for (unsigned i = 0; i < f->body->num_args; i++, n++)
    if (names) names[n] = (ts_parse_name){f->body->args[i]->name, f->body->args[i]};
  for (const ts_op *op = f->body->first; op; op = op->next)
    for (unsigned i = 0; i < op->num_results; i++) {
      ts_value *v = ts_op_result(op, i);
      if (!v->name) continue;
      if (names) names[n] = (ts_parse_name){v->name, v};
      n++;
    }
  return n;
}

static ts_result build_text(void *arg) {
  build_call *c = arg;
  ts_source *source = new_source(c->module);
  ts_parse_name *names =
      ts_new_array(&c->module->ctx->arena, ts_parse_name, names_of(c->func, NULL) + 1);
  ts_result result = source_of(c->module, "<text>", c->op, source);
  return result ? result : ts_parse_ops(c->func, source, names_of(c->func, names), names);
}

ts_result ts_build_text(ts_func *func, const char *text) {
  if (!func || !text) return TS_USAGE;
  build_call c = {.module = func->module, .func = func, .op = text};
  return build(build_text, &c);
}
