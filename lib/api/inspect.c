/* The public API: what a module holds. */
#include "syntax/syntax.h"
#include "api/api_impl.h"

/* ---- functions ---- */

ts_func *ts_module_next_func(const ts_module *module, const ts_func *previous) {
  if (previous) return previous->next;
  return module ? module->first_func : NULL;
}

ts_func *ts_module_find_func(const ts_module *module, const char *name) {
  if (!module || !name) return NULL;
  return ts_func_find(module, ts_intern_find(&module->strings, name, strlen(name)));
}

/* What is asked of a function that may want memory: NULL or false where there is none. */
typedef struct func_call {
  const ts_func *func;
  const ts_op *op;
  unsigned i;
  ts_param *param;
  const char *text;
  ts_sink sink;
} func_call;

static ts_result take_name(void *arg) {
  func_call *c = arg;
  c->text = ts_str_text(c->func->module, c->func->name);
  return TS_OK;
}

const char *ts_func_name(const ts_func *func) {
  if (!func) return NULL;
  func_call c = {.func = func};
  (void)ts_protect(func->module->ctx, take_name, &c);
  return c.text;
}

unsigned ts_func_num_params(const ts_func *func) {
  return func ? func->body->num_args + func->num_results : 0;
}

ts_param ts_api_param(const ts_module *module, const ts_sig_entry *entry) {
  const ts_type *type = entry->type;
  ts_param param = {.size = sizeof param,
                    .name = ts_str_text(module, entry->name),
                    .role = entry->role,
                    .dtype = (ts_dtype)type->dtype,
                    .rank = type->rank};
  for (unsigned d = 0; d < type->rank; d++)
    param.dims[d] = ts_is_symbolic(type->dims[d]) ? 0 : type->dims[d];
  return param;
}

static ts_result take_param(void *arg) {
  func_call *c = arg;
  ts_signature sig = ts_func_signature(c->func);
  const ts_param param = ts_api_param(c->func->module, &sig.entries[c->i]);
  ts_api_give(c->param, &param, sizeof param);
  return TS_OK;
}

bool ts_func_param(const ts_func *func, unsigned i, ts_param *out) {
  if (!out || i >= ts_func_num_params(func)) return false;
  func_call c = {.func = func, .i = i, .param = out};
  return ts_protect(func->module->ctx, take_param, &c) == TS_OK;
}

/* ---- ops ---- */

const ts_op *ts_func_first_op(const ts_func *func) { return func ? func->body->first : NULL; }

const ts_op *ts_op_after(const ts_op *op) { return op ? op->next : NULL; }

const ts_op *ts_op_inside(const ts_op *op, unsigned region) {
  return op && region < op->num_regions ? ts_op_regions(op)[region]->first : NULL;
}

const ts_op *ts_op_around(const ts_op *op) { return op && op->block ? op->block->parent : NULL; }

unsigned ts_op_num_regions(const ts_op *op) { return op ? op->num_regions : 0; }

const char *ts_op_name(const ts_op *op) { return op ? ts_info(op)->name : NULL; }

unsigned ts_op_num_operands(const ts_op *op) { return op ? op->num_plain : 0; }

ts_value *ts_op_operand(const ts_op *op, unsigned i) {
  return op && i < op->num_plain ? ts_operand(op, i) : NULL;
}

unsigned ts_op_num_values(const ts_op *op) { return op ? op->num_results : 0; }

ts_value *ts_op_value(const ts_op *op, unsigned i) {
  return op && i < op->num_results ? ts_op_result(op, i) : NULL;
}

static ts_result print_op(void *arg) {
  func_call *c = arg;
  ts_print_op(&c->sink, c->func, c->op);
  return ts_sink_finish(&c->sink);
}

ts_result ts_op_text(const ts_op *op, char **text, size_t *n) {
  if (text) *text = NULL;
  if (!op || !op->block || !text) return TS_USAGE;
  func_call c = {.func = op->block->func, .op = op};
  ts_context *ctx = c.func->module->ctx;
  ts_sink_buffer(&c.sink, &ctx->memory);
  ts_result result = ts_api_run(ctx, print_op, &c);
  return ts_api_give_text(&c.sink, result, text, n);
}

const char *ts_value_type(const ts_value *value) {
  return value && value->type ? value->type->text : NULL;
}

const ts_op *ts_value_op(const ts_value *value) {
  return value && value->kind == TS_VALUE_RESULT ? value->def : NULL;
}
