/* Running loop IR from text in a unit test: arrays are written as ts-run takes them. */
#ifndef VM_UNIT_H
#define VM_UNIT_H

#include "data/shape_binding.h"
#include "analysis/verify/verify.h"
#include "engine/engine.h"
#include "unit.h"

typedef struct vm_run {
  ts_context *ctx;
  ts_module *module;
  const char *text;
  const char *const *inputs; /* of the parameters that are not out, in order */
  ts_array arrays[8];
  unsigned n;
  ts_run_limits limits;
  ts_run_stats stats;
  bool counting;
  ts_result result;
} vm_run;

static inline ts_result vm_fill(vm_run *r, const ts_func *f) {
  ts_signature sig = ts_func_signature(f);
  unsigned given = 0;
  r->n = sig.n;
  for (unsigned i = 0; i < sig.n; i++)
    if (sig.entries[i].role != TS_ROLE_OUT && !r->arrays[i].data) {
      ts_result result = ts_array_parse(r->ctx, r->inputs[given++], &r->arrays[i]);
      if (result != TS_OK) return result;
    }
  ts_bindings b;
  ts_result result = ts_bind(r->ctx, f, r->arrays, NULL, &b);
  for (unsigned i = 0; i < sig.n && result == TS_OK; i++) {
    int64_t dims[TS_MAX_RANK];
    const ts_type *t = sig.entries[i].type;
    ts_bound_dims(&b, t, dims);
    if (sig.entries[i].role == TS_ROLE_OUT)
      result = ts_array_create(r->ctx, (ts_dtype)t->dtype, t->rank, dims, &r->arrays[i]);
  }
  return result;
}

static inline ts_result vm_body(void *arg) {
  vm_run *r = arg;
  ts_result result = ts_module_parse(r->ctx, "t.lir", r->text, strlen(r->text), &r->module);
  if (result == TS_OK) result = ts_verify(r->module);
  if (result != TS_OK) return result;
  const ts_func *f = r->module->last_func;
  result = vm_fill(r, f);
  if (result != TS_OK) return result;
  void *compiled;
  result = ts_engine_loop.prepare(r->ctx, r->module, f, NULL, &compiled);
  if (result != TS_OK) return result;
  ts_run_args args = {f, r->arrays, r->limits, r->counting ? &r->stats : NULL};
  result = ts_engine_loop.run(r->ctx, compiled, &args);
  ts_engine_loop.release(r->ctx, compiled);
  return result;
}

/* Parses, verifies and runs the last function of `text`. */
static inline void vm_start(vm_run *r, const char *text, const char *const *inputs) {
  r->ctx = r->ctx ? r->ctx : ts_context_create();
  r->text = text;
  r->inputs = inputs;
  r->result = ts_protect(r->ctx, vm_body, r);
}

/* Everything the run was charged must have been given back. */
static inline void vm_end(vm_run *r) {
  for (unsigned i = 0; i < r->n; i++)
    if (r->arrays[i].data) ts_array_drop(r->ctx, &r->arrays[i]);
  if (r->module) ts_module_destroy(r->module);
  ts_context_clear_diagnostics(r->ctx);
  ts_arena_drop(&r->ctx->arena); /* the text stays there */
  ck_assert_uint_eq(ts_context_memory_used(r->ctx), 0);
  ts_context_destroy(r->ctx);
}

static inline const char *vm_message(const vm_run *r) {
  return r->ctx->first ? r->ctx->first->message : "no message";
}

/* The last array, bit for bit. */
static inline void vm_compare(vm_run *r, const char *want) {
  ts_array expected;
  ck_assert_int_eq(ts_array_parse(r->ctx, want, &expected), TS_OK);
  const ts_array *got = &r->arrays[r->n - 1];
  ck_assert_int_eq(got->dtype, expected.dtype);
  for (int64_t i = 0; i < ts_array_count(&expected); i++) {
    size_t bytes = ts_dtype_bytes(got->dtype);
    const char *g = (const char *)got->data + bytes * (size_t)i;
    const char *w = (const char *)expected.data + bytes * (size_t)i;
    bool nans = ts_is_float(got->dtype) && ts_array_get(got, i) != ts_array_get(got, i) &&
                ts_array_get(&expected, i) != ts_array_get(&expected, i);
    unit_check(nans || memcmp(g, w, bytes) == 0, "element %d is %.17g, not %.17g, of\n%s", (int)i,
               ts_array_get(got, i), ts_array_get(&expected, i), r->text);
  }
  ts_array_drop(r->ctx, &expected);
}

static inline void vm_expect_from(const char *text, const char *want, const char *const *inputs) {
  vm_run r = {0};
  vm_start(&r, text, inputs);
  unit_check(r.result == TS_OK, "%s in\n%s", vm_message(&r), text);
  vm_compare(&r, want);
  vm_end(&r);
}

/* vm_expect(text, "4xf32=1 2 3 4", inputs…): runs well, and the last array comes out so. */
#define vm_expect(text, want, ...)                                                                 \
  vm_expect_from((text), (want), (const char *const[]){"", ##__VA_ARGS__, ""} + 1)

static inline void vm_fail_from(const char *text, ts_result result, const char *message,
                                const char *at, const char *const *inputs) {
  vm_run r = {.limits = {.fuel = 1000000000000}};
  vm_start(&r, text, inputs);
  ck_assert_msg(r.result == result, "result %d, not %d: %s in\n%s", r.result, result,
                vm_message(&r), text);
  ck_assert_str_eq(vm_message(&r), message);
  const char *place = r.text + r.ctx->first->loc.begin;
  ck_assert_msg(strncmp(place, at, strlen(at)) == 0, "at %.30s", place);
  vm_end(&r);
}

/* The run ends with this result and message, whose place starts with the text `at`. */
#define vm_fail(text, result, message, at, ...)                                                    \
  vm_fail_from((text), (result), (message), (at), (const char *const[]){"", ##__VA_ARGS__, ""} + 1)

#endif
