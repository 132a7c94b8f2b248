/* Type rule of calls: the parameters' symbolic extents are matched with the extents of the
 * arguments, and what they stand for is put into the callee's result types.
 *
 * A callee that stands further down is not known while its caller is read; then the written types
 * are taken, and the verifier looks again. */
#include <inttypes.h>

#include "ir/infer_impl.h"

/* What the callee's symbolic extents stand for in the caller. A type has at most 16 extents, and a
 * function rarely more than a handful of names; further ones are refused. */
enum { MAX_NAMES = 64 };
typedef struct binding {
  unsigned n;
  ts_extent names[MAX_NAMES], values[MAX_NAMES];
} binding;

static ts_extent *bound_value(binding *b, ts_extent name) {
  for (unsigned i = 0; i < b->n; i++)
    if (b->names[i] == name) return &b->values[i];
  return NULL;
}

/* Parameter extent `want` against argument extent `have`; false: they cannot be the same. */
static bool unify_extent(binding *b, ts_extent want, ts_extent have) {
  if (!ts_is_symbolic(want)) return want == have;
  ts_extent *value = bound_value(b, want);
  if (value) return *value == have;
  if (b->n == MAX_NAMES) return false;
  b->names[b->n] = want;
  b->values[b->n++] = have;
  return true;
}

/* Everything but the extents. */
static bool same_but_extents(const ts_type *a, const ts_type *b) {
  if (a->kind != b->kind || a->dtype != b->dtype || a->rank != b->rank || a->elem != b->elem ||
      a->space != b->space || a->layout != b->layout || a->num_layout_args != b->num_layout_args)
    return false;
  for (unsigned i = 0; i < a->num_layout_args; i++)
    if (a->layout_args[i] != b->layout_args[i]) return false;
  return true;
}

/* Argument i of a call against its parameter. */
static bool unify(ts_inf *f, binding *b, unsigned i, const ts_value *param) {
  const ts_type *want = param->type, *have = ts_inf_type(f, i);
  if (want->kind == TS_TYPE_ERROR || want == have) {
    for (unsigned d = 0; d < want->rank; d++)
      if (!unify_extent(b, want->dims[d], have->dims[d])) goto clash;
    return true;
  }
  if (!same_but_extents(want, have))
    return ts_inf_refuse(f, "argument %u has type %s; parameter %%%s has type %s", i + 1,
                         have->text, ts_str_text(f->m, param->name), want->text);
  for (unsigned d = 0; d < want->rank; d++)
    if (!unify_extent(b, want->dims[d], have->dims[d])) goto clash;
  return true;
clash:
  for (unsigned d = 0; d < want->rank; d++) {
    ts_extent w = want->dims[d], h = have->dims[d], *value = bound_value(b, w);
    if (w == h || (value && *value == h)) continue;
    const char *is = value ? ts_sprintf(&f->m->arena, "%s (here %s)", ts_extent_text(f->m, w),
                                        ts_extent_text(f->m, *value))
                           : ts_extent_text(f->m, w);
    return ts_inf_refuse(f, "argument %u has type %s; extent %u of parameter %%%s is %s, not %s",
                         i + 1, have->text, d, ts_str_text(f->m, param->name), is,
                         ts_extent_text(f->m, h));
  }
  return ts_inf_refuse(f, "a call binds more than %d symbolic extents", MAX_NAMES);
}

/* The callee's type in the caller's extents; NULL: an extent that no parameter binds. */
static const ts_type *substitute(ts_module *m, binding *b, const ts_type *t) {
  ts_extent dims[TS_MAX_RANK];
  bool changed = false;
  for (unsigned i = 0; i < t->rank; i++) {
    dims[i] = t->dims[i];
    if (!ts_is_symbolic(dims[i])) continue;
    ts_extent *value = bound_value(b, dims[i]);
    if (!value) return NULL;
    changed |= *value != dims[i];
    dims[i] = *value;
  }
  return changed ? ts_type_tensor(m, t->rank, dims, t->dtype) : t;
}

/* Types of a call to what is not known yet: as written. */
static bool take_given(ts_inf *f, const char *name, unsigned num_given, const ts_type *const *given,
                       const ts_type **types) {
  for (unsigned i = 0; i < f->op->num_results; i++) {
    types[i] = i < num_given ? given[i] : NULL;
    if (!types[i])
      return ts_inf_refuse(f, "@%s is not known here: write the call's types, or move it up", name);
  }
  return true;
}

bool ts_infer_call(ts_inf *f, unsigned num_given, const ts_type *const *given,
                   const ts_type **types) {
  const ts_attr *callee = ts_attr_find(f->op, TS_ATTR_CALLEE);
  if (!callee) return ts_inf_refuse(f, "`call` needs the name of a function");
  if (!callee->word) return false; /* the parser has missed the name already */
  const char *name = ts_str_text(f->m, callee->word);
  const ts_func *to = ts_func_find(f->m, callee->word);
  if (!to) return take_given(f, name, num_given, given, types);
  unsigned n = f->op->num_plain;
  if (n != to->body->num_args)
    return ts_inf_refuse(f, "@%s takes %u argument%s, not %u", name, to->body->num_args,
                         ts_plural(to->body->num_args), n);
  if (f->op->num_results != to->num_results)
    return ts_inf_refuse(f, "@%s gives %u result%s, not %u", name, to->num_results,
                         ts_plural(to->num_results), f->op->num_results);
  binding b;
  b.n = 0;
  for (unsigned i = 0; i < n; i++)
    if (!unify(f, &b, i, to->body->args[i])) return false;
  for (unsigned i = 0; i < to->num_results; i++) {
    const ts_type *t = substitute(f->m, &b, to->results[i]);
    if (!t) return ts_inf_refuse(f, "a result of @%s has an extent that no parameter binds", name);
    if (i < num_given && given[i] && given[i] != t && t->kind != TS_TYPE_ERROR)
      return ts_inf_refuse(f, "`call @%s` gives %s here, not %s", name, t->text, given[i]->text);
    types[i] = t;
  }
  return true;
}
