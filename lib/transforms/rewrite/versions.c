/* func @f.M16(%X: memref<MxKxf32>, …)  func @f.M128(%X: memref<MxKxf32>, …)
 *   →  both, and  func @f(%X: memref<MxKxf32>, …) { if M <= 16 { call @f.M16(%X, …) } else { call @f.M128(%X, …) } } */
#include "transforms/rewrite/versions.h"

#include <inttypes.h>

#include "analysis/verify/verify.h"

typedef struct joiner {
  ts_context *ctx;
  const char *name, *extent;
  unsigned n;
  const ts_func_version *versions;
  ts_func **funcs; /* in the joined module */
  ts_module *m;
} joiner;

static ts_func *func_of(const joiner *j, unsigned i) {
  ts_module *m = j->versions[i].module;
  return ts_func_find(m, ts_intern_find(&m->strings, j->name, strlen(j->name)));
}

/* ---- what can be joined ---- */

/* Types of two modules are equal when they read alike. */
static bool same_arguments(const ts_func *a, const ts_func *b) {
  bool same = a->body->num_args == b->body->num_args;
  for (unsigned i = 0; same && i < a->body->num_args; i++)
    same = a->roles[i] == b->roles[i] &&
           !strcmp(a->body->args[i]->type->text, b->body->args[i]->type->text);
  return same;
}

static ts_result check(const joiner *j) {
  for (unsigned i = 0; i < j->n; i++) {
    const ts_func *f = func_of(j, i);
    if (ts_func_level(f) != TS_LEVEL_L)
      return ts_error_plain(
          j->ctx,
          "@%s is a tensor function after its pipeline, and only loop functions choose: lower it",
          j->name);
    if (!same_arguments(func_of(j, 0), f))
      return ts_error_plain(
          j->ctx, "@%s takes other arguments after some pipelines than after others", j->name);
  }
  return TS_OK;
}

/* ---- joining ---- */

static const char *suffix_of(const joiner *j, unsigned i) {
  return ts_sprintf(&j->m->arena, ".%s%" PRId64, j->extent, j->versions[i].most);
}

static void put_comment(joiner *j, const void *owner, const char *lead) {
  ts_comments *c = ts_comments_of(j->m, owner);
  if (c || lead) (c ? c : ts_comments_add(j->m, owner))->lead = lead;
}

/* Not next to the file's, to which it would then belong. */
static const char *comment_of(const joiner *j, unsigned i) {
  const char *comment = j->versions[i].comment;
  const ts_comments *own = j->n == 1 ? ts_comments_of(j->m, j->funcs[0]) : NULL;
  const char *gap = i == 0 && comment && j->m->comment ? "\n" : "";
  if (!*gap && !own) return comment;
  return ts_sprintf(&j->m->arena, "%s%s%s", gap, comment ? comment : "",
                    own && own->lead ? own->lead : "");
}

/* The first version's module is the one that the others come into. */
static void gather(joiner *j) {
  j->m = ts_module_clone(j->versions[0].module);
  j->funcs = ts_new_array(&j->m->arena, ts_func *, j->n);
  j->funcs[0] = ts_func_find(j->m, ts_intern(&j->m->strings, j->name));
  if (j->n == 1) return;
  const char *first = ts_sprintf(&j->m->arena, "%s%s", j->name, suffix_of(j, 0));
  ts_func_rename(j->funcs[0], ts_free_name(j->m, first));
  for (unsigned i = 1; i < j->n; i++)
    j->funcs[i] = ts_func_link(j->m, func_of(j, i), suffix_of(j, i));
}

static ts_func *new_chooser(joiner *j) {
  const ts_func *like = j->funcs[0];
  unsigned n = like->body->num_args;
  const ts_type **types = ts_new_array(&j->m->arena, const ts_type *, n + 1);
  ts_str *names = ts_new_array(&j->m->arena, ts_str, n + 1);
  for (unsigned i = 0; i < n; i++) {
    types[i] = like->body->args[i]->type;
    names[i] = like->body->args[i]->name;
  }
  return ts_func_create(j->m, ts_intern(&j->m->strings, j->name), like->loc, n, types, names,
                        like->roles, 0, NULL);
}

static void call(joiner *j, ts_builder *b, const ts_func *chooser, const ts_func *callee) {
  ts_op *op = ts_op_create(j->m, TS_OP_CALL, b->loc, chooser->body->num_args, chooser->body->args,
                           0, NULL, 0, NULL, 0);
  ts_attr_set(j->m, op, (ts_attr){.key = TS_ATTR_CALLEE, .word = callee->name});
  ts_op_insert(b, op);
}

/* if extent <= most { call } else; what comes next goes there. */
static void call_up_to(joiner *j, ts_builder *b, const ts_func *chooser, unsigned i) {
  ts_op *test = ts_op_create(j->m, TS_OP_IF, b->loc, 0, NULL, 0, NULL, 0, NULL, 2);
  const ts_aff *sides[] = {ts_aff_sym(j->m, ts_intern(&j->m->strings, j->extent)),
                           ts_aff_const(j->m, j->versions[i].most)};
  int64_t pred = TS_LE;
  ts_attr_set_ints(j->m, test, TS_ATTR_PREDS, 1, &pred);
  ts_op_insert(b, test);
  ts_op_set_map(j->m, test, ts_map_get(j->m, 2, sides), 0, NULL);
  ts_if parts = ts_if_parts(test);
  ts_builder then = ts_builder_at_end(j->m, parts.then_block, b->loc);
  call(j, &then, chooser, j->funcs[i]);
  *b = ts_builder_at_end(j->m, parts.else_block, b->loc);
}

static void build_chooser(joiner *j) {
  ts_func *chooser = new_chooser(j);
  ts_builder b = ts_builder_at_end(j->m, chooser->body, chooser->loc);
  for (unsigned i = 0; i + 1 < j->n; i++)
    call_up_to(j, &b, chooser, i);
  call(j, &b, chooser, j->funcs[j->n - 1]);
  const ts_comments *own = ts_comments_of(j->m, j->funcs[0]);
  put_comment(j, chooser, own ? own->lead : NULL);
}

ts_result ts_join_versions(ts_context *ctx, const char *func, const char *extent, unsigned n,
                           const ts_func_version *versions, ts_module **out) {
  joiner j = {.ctx = ctx, .name = func, .extent = extent, .n = n, .versions = versions};
  ts_result result = check(&j);
  if (result) return result;
  gather(&j);
  if (n > 1) build_chooser(&j);
  for (unsigned i = 0; i < n; i++)
    put_comment(&j, j.funcs[i], comment_of(&j, i));
  *out = j.m;
  return ts_verify(j.m);
}
