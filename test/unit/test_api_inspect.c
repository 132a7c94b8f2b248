/* The public API: what there is, what a module holds, and what messages say. */
#include "api_unit.h"

static const char *two = "func @g(%x: tensor<MxNxf32>) -> (tensor<MxNxf32>, tensor<Mxf32>) {\n"
                         "  %0 = exp %x : tensor<MxNxf32>\n"
                         "  %1 = reduce_sum %0 {axis = 1} : tensor<Mxf32>\n"
                         "  return %0, %1\n"
                         "}\n"
                         "\n"
                         "func @f(%a: inout memref<4xi32>) {\n"
                         "  for %i = 0 to 4 {\n"
                         "    %v = load %a[%i] : i32\n"
                         "    store %v, %a[%i]\n"
                         "  }\n"
                         "}\n";

/* ---- tables ---- */

START_TEST(engines_are_listed) {
  ts_engine_row row = {.size = sizeof row};
  bool native = false;
  unsigned n = 0;
  for (; ts_list_engine(n, &row); n++)
    if (!strcmp(row.name, "native")) {
      native = true;
      ck_assert_uint_eq(row.levels, TS_TENSOR_LEVEL | TS_LOOP_LEVEL);
    }
  ck_assert(native && n >= 4);
  ts_option_row option = {.size = sizeof option};
  ck_assert(ts_list_engine_option("native", 0, &option));
  ck_assert_str_eq(option.name, "cc");
  ck_assert_str_eq(option.kind, "text");
  ck_assert(!ts_list_engine_option("loop", 0, &option));
  ck_assert(!ts_list_engine_option("abacus", 0, &option));
  ck_assert(!ts_list_engine(0, NULL));
}
END_TEST

START_TEST(passes_are_listed_with_options) {
  ts_pass_row row = {.size = sizeof row};
  unsigned i = 0;
  while (ts_list_pass(i, &row) && strcmp(row.name, "lower"))
    i++;
  ck_assert_str_eq(row.name, "lower");
  ck_assert_uint_eq(row.levels, TS_TENSOR_LEVEL);
  ck_assert_uint_eq(row.leaves, TS_LOOP_LEVEL);
  ck_assert_uint_eq(row.num_options, 1);
  ts_option_row option = {.size = sizeof option};
  ck_assert(ts_list_pass_option("lower", 0, &option));
  ck_assert_str_eq(option.name, "acc");
  ck_assert_str_eq(option.kind, "type");
  ck_assert_str_eq(option.otherwise, "");
  ck_assert(!ts_list_pass_option("lower", 1, &option));
  ck_assert(!ts_list_pass_option("glow", 0, &option));
}
END_TEST

START_TEST(ops_are_listed_with_attributes) {
  ts_op_row row = {.size = sizeof row};
  unsigned i = 0;
  while (ts_list_op(i, &row) && strcmp(row.name, "reduce_sum"))
    i++;
  ck_assert_str_eq(row.name, "reduce_sum");
  ck_assert_int_eq(row.min_operands, 1);
  ck_assert_int_eq(row.max_operands, 1);
  ck_assert_int_eq(row.num_values, 1);
  ck_assert_uint_eq(row.levels, TS_TENSOR_LEVEL);
  char names[100] = "";
  ts_attribute_row attribute = {.size = sizeof attribute};
  for (unsigned k = 0; ts_list_op_attribute("reduce_sum", k, &attribute); k++)
    strcat(strcat(names, attribute.name), " ");
  ck_assert_str_eq(names, "axis keepdims acc ");
  ck_assert_uint_eq(row.num_attributes, 3);
}
END_TEST

START_TEST(types_are_listed_in_the_order_of_the_enum) {
  ts_dtype_row row = {.size = sizeof row};
  ck_assert(ts_list_dtype(TS_BF16, &row));
  ck_assert_str_eq(row.name, "bf16");
  ck_assert_int_eq(row.dtype, TS_BF16);
  ck_assert_uint_eq(row.bytes, 2);
  ck_assert(!ts_list_dtype(TS_INDEX + 1, &row));
}
END_TEST

/* A program built against an older header has a smaller struct. */
START_TEST(a_row_is_filled_as_far_as_it_goes) {
  ts_dtype_row row = {.size = offsetof(ts_dtype_row, bytes), .bytes = 77};
  ck_assert(ts_list_dtype(TS_F32, &row));
  ck_assert_str_eq(row.name, "f32");
  ck_assert_uint_eq(row.bytes, 77);
  ck_assert_uint_eq(row.size, offsetof(ts_dtype_row, bytes));
}
END_TEST

/* ---- modules ---- */

START_TEST(functions_are_walked_and_found) {
  ts_module *module = parse(ctx, two);
  ts_func *g = ts_module_next_func(module, NULL), *f = ts_module_next_func(module, g);
  ck_assert_str_eq(ts_func_name(g), "g");
  ck_assert_str_eq(ts_func_name(f), "f");
  ck_assert_ptr_null(ts_module_next_func(module, f));
  ck_assert_ptr_eq(ts_module_find_func(module, "f"), f);
  ck_assert_ptr_null(ts_module_find_func(module, "h"));
  ck_assert_uint_eq(ts_func_num_params(g), 3);
  ts_param p = {.size = sizeof p};
  ck_assert(ts_func_param(g, 2, &p));
  ck_assert_str_eq(p.name, "Y1");
  ck_assert_int_eq(p.role, TS_ROLE_OUT);
  ck_assert_uint_eq(p.rank, 1);
  ck_assert_int_eq(p.dims[0], 0);
  ck_assert(ts_func_param(f, 0, &p));
  ck_assert_int_eq(p.role, TS_ROLE_INOUT);
  ck_assert_int_eq(p.dtype, TS_I32);
  ck_assert_int_eq(p.dims[0], 4);
  ck_assert(!ts_func_param(f, 1, &p));
  ts_module_destroy(module);
}
END_TEST

START_TEST(ops_are_walked_through_their_regions) {
  ts_module *module = parse(ctx, two);
  const ts_op *loop = ts_func_first_op(ts_module_find_func(module, "f"));
  ck_assert_str_eq(ts_op_name(loop), "for");
  ck_assert_uint_eq(ts_op_num_regions(loop), 1);
  const ts_op *load = ts_op_inside(loop, 0), *store = ts_op_after(load);
  ck_assert_str_eq(ts_op_name(load), "load");
  ck_assert_str_eq(ts_op_name(store), "store");
  ck_assert_ptr_eq(ts_op_around(store), loop);
  ck_assert_ptr_null(ts_op_around(loop));
  ck_assert_uint_eq(ts_op_num_operands(store), 2);
  ck_assert_uint_eq(ts_op_num_values(load), 1);
  ck_assert_ptr_eq(ts_op_operand(store, 0), ts_op_value(load, 0));
  ck_assert_ptr_eq(ts_value_op(ts_op_operand(store, 0)), load);
  ck_assert_ptr_null(ts_value_op(ts_op_operand(store, 1)));
  ck_assert_str_eq(ts_value_type(ts_op_operand(store, 1)), "memref<4xi32>");
  ck_assert_ptr_null(ts_op_operand(store, 2));
  ck_assert_ptr_null(ts_op_inside(loop, 1));
  char *text;
  ck_assert_int_eq(ts_op_text(load, &text, NULL), TS_OK);
  ck_assert_str_eq(text, "%v = load %a[%i] : i32\n");
  ts_text_free(text);
  ts_module_destroy(module);
}
END_TEST

static void expect_text(ts_module *module, const char *want) {
  char *text;
  ck_assert_int_eq(ts_module_text(module, &text, NULL), TS_OK);
  ck_assert_str_eq(text, want);
  ts_text_free(text);
}

START_TEST(a_copy_is_independent) {
  ts_module *module = parse(ctx, two), *copy;
  ck_assert_int_eq(ts_module_copy(module, &copy), TS_OK);
  expect_text(copy, two);
  ck_assert_int_eq(ts_module_run_passes(copy, "lower"), TS_OK);
  expect_text(module, two);
  ts_module_destroy(module);
  ck_assert_int_eq(ts_module_verify(copy), TS_OK);
  ts_module_destroy(copy);
}
END_TEST

static const char *adds = "func @add(%x: memref<Nxf32>, %y: out memref<Nxf32>) {\n"
                          "  for %i = 0 to N parallel {\n"
                          "    %v = load %x[%i] : f32\n"
                          "    %w = addf %v, %v : f32\n"
                          "    store %w, %y[%i]\n"
                          "  }\n"
                          "}\n";

START_TEST(c_is_emitted) {
  ts_module *module = parse(ctx, adds);
  char *text;
  size_t n;
  ck_assert_int_eq(ts_module_emit_c(module, 0, &text, &n), TS_OK);
  ck_assert_uint_eq(strlen(text), n);
  ck_assert_ptr_nonnull(strstr(text, "int32_t add(const float *restrict x, float *restrict y"));
  ck_assert_ptr_nonnull(strstr(text, "#pragma omp parallel for"));
  ck_assert_ptr_null(strstr(text, "#line"));
  ts_text_free(text);
  ck_assert_int_eq(ts_module_emit_c(module, TS_C_SERIAL | TS_C_LINES, &text, NULL), TS_OK);
  ck_assert_ptr_null(strstr(text, "omp"));
  ck_assert_ptr_nonnull(strstr(text, "#line 3 \"test.tir\""));
  ts_text_free(text);
  ck_assert_int_eq(ts_module_emit_c(module, TS_C_HEADER, &text, NULL), TS_OK);
  ck_assert_ptr_nonnull(strstr(text, "int32_t add("));
  ck_assert_ptr_null(strstr(text, "for ("));
  ts_text_free(text);
  ck_assert_int_eq(ts_module_emit_c(module, 64, &text, NULL), TS_USAGE);
  expect_error("0x40");
  ts_module_destroy(module);
  module = parse(ctx, two);
  ck_assert_int_eq(ts_module_emit_c(module, 0, &text, NULL), TS_ERR);
  ck_assert_ptr_null(text);
  expect_error("tensor function");
  ts_module_destroy(module);
}
END_TEST

/* ---- messages ---- */

START_TEST(a_message_says_where_it_is) {
  ts_module *module;
  const char *text = "func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n  return %why\n}\n";
  ck_assert_int_eq(ts_module_parse(ctx, "in.tir", text, strlen(text), &module), TS_ERR);
  ts_location at = {.size = sizeof at};
  ck_assert(ts_diagnostic_location(ts_diagnostic_next(ctx, NULL), &at));
  ck_assert_str_eq(at.file, "in.tir");
  ck_assert_uint_eq(at.line, 2);
  ck_assert_uint_eq(at.column, 10);
  ck_assert_uint_eq(at.end_line, 2);
  ck_assert_uint_eq(at.end_column, 14);
  ck_assert_uint_eq(at.begin, (size_t)(strstr(text, "%why") - text));
  ck_assert_uint_eq(at.end - at.begin, 4);
  ts_context_clear_diagnostics(ctx);
  module = parse(ctx, two);
  ts_executable *exe;
  ck_assert_int_eq(ts_compile(module, "h", NULL, &exe), TS_USAGE);
  ck_assert(!ts_diagnostic_location(ts_diagnostic_next(ctx, NULL), &at));
  ts_module_destroy(module);
}
END_TEST

typedef struct heard {
  unsigned n, errors, remarks;
  const char *last_pass;
} heard;

static void hear(void *user, const ts_diag *d) {
  heard *h = user;
  h->n++;
  h->errors += ts_diagnostic_severity(d) == TS_SEV_ERROR;
  if (ts_diagnostic_severity(d) != TS_SEV_REMARK) return;
  h->remarks++;
  h->last_pass = ts_diagnostic_pass(d);
}

START_TEST(a_handler_hears_each_message_once) {
  heard h = {0};
  ts_module *module = parse(ctx, adds);
  ck_assert_int_eq(ts_module_run_passes(module, "glow"), TS_USAGE);
  ts_context_set_handler(ctx, hear, &h);
  ck_assert_uint_eq(h.n, 0);
  ck_assert_int_eq(ts_module_run_passes(module, "shine"), TS_USAGE);
  ck_assert_uint_eq(h.n, 1);
  ck_assert_int_eq(ts_module_verify(module), TS_OK);
  ck_assert_uint_eq(h.n, 1);
  ts_context_set_handler(ctx, NULL, NULL);
  ck_assert_int_eq(ts_module_run_passes(module, "glow"), TS_USAGE);
  ck_assert_uint_eq(h.n, 1);
  ck_assert_uint_eq(ts_context_num_errors(ctx), 3);
  ts_module_destroy(module);
}
END_TEST

/* `unroll` says of each loop what came of it. */
START_TEST(remarks_are_kept_by_kind) {
  static const char *const kinds[] = {NULL, "passed,missed,analysis", "", "missed"};
  unsigned all = 0;
  for (int i = 0; i < 4; i++) {
    heard h = {0};
    ts_module *module = parse(ctx, adds);
    ck_assert_int_eq(ts_context_set_remarks(ctx, kinds[i]), TS_OK);
    ts_context_set_handler(ctx, hear, &h);
    ck_assert_int_eq(ts_module_run_passes(module, "unroll{i=4}"), TS_OK);
    if (i == 0) all = h.remarks;
    ck_assert_uint_gt(all, 0);
    ck_assert_uint_eq(h.remarks, i < 2 ? all : 0);
    if (i == 0) ck_assert_str_eq(h.last_pass, "unroll");
    ts_module_destroy(module);
  }
}
END_TEST

API_MAIN("api-inspect", engines_are_listed, passes_are_listed_with_options,
         ops_are_listed_with_attributes, types_are_listed_in_the_order_of_the_enum,
         a_row_is_filled_as_far_as_it_goes, functions_are_walked_and_found,
         ops_are_walked_through_their_regions, a_copy_is_independent, c_is_emitted,
         a_message_says_where_it_is, a_handler_hears_each_message_once, remarks_are_kept_by_kind)
