/* A program to stop in: gdb.test looks at what is in reach of `stop`. */
#include "ir/ir.h"

static const char text[] = "func @scale(%x: memref<8xNxf32>, %y: out memref<8xNxf32>) {\n"
                           "  for %i = 0 to 4 {\n"
                           "    %a = load %x[%i * 2 + 1, N - 1]\n"
                           "    %b = mulf %a, 0.5\n"
                           "    store %b, %y[%i, 0]\n"
                           "  }\n"
                           "}\n";

__attribute__((noinline)) static void stop(const ts_op *op, const ts_value *value,
                                           const ts_type *type, const ts_op *load, ts_str name) {
  __asm__ volatile("" : : "r"(op), "r"(value), "r"(type), "r"(load), "r"(name) : "memory");
}

int main(void) {
  ts_context *ctx = ts_context_create();
  ts_module *module;
  if (ts_module_parse(ctx, "scale.lir", text, strlen(text), &module) != TS_OK) return 1;
  ts_op *loop = module->first_func->body->first, *load = ts_op_regions(loop)[0]->first;
  const ts_aff *row = load->map->exprs[0], *column = load->map->exprs[1];
  stop(load->next, ts_op_result(load, 0), ts_operand(load, 0)->type, load,
       module->first_func->name);
  bool both = row && column;
  ts_module_destroy(module);
  ts_context_destroy(ctx);
  return !both;
}
