/* The loop VM: every op on every type, loops, conditions, promotion to registers. Expected values are
 * closed forms or worked by hand. Errors are in test_vm_errors.c. */
#include <math.h>

#include "engine/vm/vm.h"
#include "vm_unit.h"

/* One function over X (and Z) of 4 elements with `body` on %x (and %z), the result stored to Y. */
static const char *each(const char *in, const char *out, const char *body) {
  static char text[2048];
  snprintf(
      text, sizeof text,
      "func @f(%%X: memref<4x%s>, %%Z: memref<4x%s>, %%Y: out memref<4x%s>) {\n"
      "  for %%i = 0 to 4 {\n    %%x = load %%X[%%i] : %s\n    %%z = load %%Z[%%i] : %s\n    %s\n"
      "    store %%y, %%Y[%%i]\n  }\n}\n",
      in, in, out, in, in, body);
  return text;
}

/* The same with the four elements as one vector. */
static const char *lanes(const char *in, const char *out, const char *body) {
  static char text[2048];
  snprintf(text, sizeof text,
           "func @f(%%X: memref<4x%s>, %%Z: memref<4x%s>, %%Y: out memref<4x%s>) {\n"
           "  %%x = load %%X[0] : vector<4x%s>\n  %%z = load %%Z[0] : vector<4x%s>\n  %s\n"
           "  store %%y, %%Y[0]\n}\n",
           in, in, out, in, in, body);
  return text;
}

static char *fill(const char *pattern, const char *dtype) {
  static char text[4][256];
  static unsigned at;
  char *out = text[at++ % 4];
  snprintf(out, sizeof text[0], "4x%s=%s", dtype, pattern);
  return out;
}

static void both(const char *in, const char *out, const char *op, const char *x, const char *z,
                 const char *y) {
  char scalar[256], vector[256], in_type[64], out_type[64];
  snprintf(in_type, sizeof in_type, "vector<4x%s>", in);
  snprintf(out_type, sizeof out_type, "vector<4x%s>", out);
  snprintf(scalar, sizeof scalar, op, out);
  snprintf(vector, sizeof vector, op, out_type);
  vm_expect(each(in, out, scalar), fill(y, out), fill(x, in), fill(z, in));
  vm_expect(lanes(in, out, vector), fill(y, out), fill(x, in), fill(z, in));
}

START_TEST(float_arithmetic_on_every_type) {
  static const char *const types[] = {"f64", "f32", "f16", "bf16"};
  for (unsigned i = 0; i < 4; i++) {
    const char *t = types[i];
    both(t, t, "%%y = addf %%x, %%z : %s", "1 2 -3 0.5", "2 2 1 0.25", "3 4 -2 0.75");
    both(t, t, "%%y = subf %%x, %%z : %s", "1 2 -3 0.5", "2 2 1 0.25", "-1 0 -4 0.25");
    both(t, t, "%%y = mulf %%x, %%z : %s", "1 2 -3 0.5", "2 2 1 0.25", "2 4 -3 0.125");
    both(t, t, "%%y = divf %%x, %%z : %s", "1 2 -3 0.5", "2 2 1 0.25", "0.5 1 -3 2");
    both(t, t, "%%y = maxf %%x, %%z : %s", "1 nan -3 0", "2 2 nan -0.0", "2 nan nan 0");
    both(t, t, "%%y = minf %%x, %%z : %s", "1 nan -3 0", "2 2 nan -0.0", "1 nan nan -0.0");
    both(t, t, "%%y = negf %%x : %s", "1 -2 0 inf", "0", "-1 2 -0.0 -inf");
    both(t, t, "%%y = fma %%x, %%z, 1.0 : %s", "1 2 -3 0.5", "2 2 1 0.25", "3 5 -2 1.125");
    both(t, t, "%%y = abs %%x : %s", "1 -2 -0.0 -inf", "0", "1 2 0 inf");
    both(t, t, "%%y = sqrt %%x : %s", "4 9 0 0.25", "0", "2 3 0 0.5");
    both(t, t, "%%y = rsqrt %%x : %s", "4 1 0.25 16", "0", "0.5 1 2 0.25");
    both(t, t, "%%y = exp %%x : %s", "0 -inf inf 0", "0", "1 0 inf 1");
    both(t, t, "%%y = log %%x : %s", "1 0 inf 1", "0", "0 -inf inf 0");
    both(t, t, "%%y = tanh %%x : %s", "0 -inf inf 0", "0", "0 -1 1 0");
    both(t, t, "%%y = erf %%x : %s", "0 -inf inf 0", "0", "0 -1 1 0");
    both(t, t, "%%y = relu %%x : %s", "1 -2 nan 0.5", "0", "1 0 nan 0.5");
    both(t, t, "%%y = sign %%x : %s", "3 -0.5 nan -0.0", "0", "1 -1 nan 0");
    both(t, t, "%%y = sigmoid %%x : %s", "0 -inf inf 0", "0", "0.5 0 1 0.5");
    both(t, t, "%%y = silu %%x : %s", "0 inf 0 inf", "0", "0 inf 0 inf");
    both(t, t, "%%y = gelu %%x : %s", "0 inf 0 inf", "0", "0 inf 0 inf");
    both(t, t, "%%y = roundeven %%x : %s", "0.5 1.5 -2.5 2.25", "0", "0 2 -2 2");
  }
}
END_TEST

/* 1 + 2^-24 rounds to even in f32, 1 + 2^-11 in f16, 1 + 2^-8 in bf16: each op rounds to its type. */
START_TEST(every_step_rounds_to_its_type) {
  both("f32", "f32", "%%y = addf %%x, %%z : %s", "1 1 2 1", "5.9604645e-08 1.7881393e-07 1 0",
       "1 1.0000002 3 1");
  both("f16", "f16", "%%y = addf %%x, %%z : %s", "1 1 2048 1", "0.00048828125 0.00146484375 1 0",
       "1 1.001953125 2048 1");
  both("bf16", "bf16", "%%y = addf %%x, %%z : %s", "1 1 256 1", "0.00390625 0.01171875 1 0",
       "1 1.015625 256 1");
  both("f16", "f16", "%%y = mulf %%x, %%z : %s", "65504 60000 0.00006103515625 3",
       "2 1 0.0009765625 3", "inf 60000 0.000000059604644775390625 9");
  /* (1 + 2^-12)² = 1 + 2^-11 + 2^-24: fma keeps the last term where mulf, addf drop it. */
  both("f32", "f32", "%%y = fma %%x, %%x, %%z : %s", "1.000244140625 1 1 1", "-1.00048828125 0 0 0",
       "5.9604645e-08 1 1 1");
  both("f32", "f32", "%%p = mulf %%x, %%x : %1$s\n    %%y = addf %%p, %%z : %1$s",
       "1.000244140625 1 1 1", "-1.00048828125 0 0 0", "0 1 1 1");
}
END_TEST

START_TEST(integer_arithmetic_on_every_type) {
  static const char *const types[] = {"i64", "i32", "i8", "index"};
  for (unsigned i = 0; i < 4; i++) {
    const char *t = types[i];
    both(t, t, "%%y = addi %%x, %%z : %s", "1 2 -3 7", "2 2 1 -9", "3 4 -2 -2");
    both(t, t, "%%y = subi %%x, %%z : %s", "1 2 -3 7", "2 2 1 -9", "-1 0 -4 16");
    both(t, t, "%%y = muli %%x, %%z : %s", "1 2 -3 7", "2 2 1 -9", "2 4 -3 -63");
    both(t, t, "%%y = divi %%x, %%z : %s", "7 -7 7 -7", "2 2 -2 -2", "3 -3 -3 3");
    both(t, t, "%%y = remi %%x, %%z : %s", "7 -7 7 -7", "2 2 -2 -2", "1 -1 1 -1");
    both(t, t, "%%y = maxi %%x, %%z : %s", "7 -7 7 -7", "2 2 -2 -9", "7 2 7 -7");
    both(t, t, "%%y = mini %%x, %%z : %s", "7 -7 7 -7", "2 2 -2 -9", "2 -7 -2 -9");
    both(t, t, "%%y = andi %%x, %%z : %s", "12 -1 7 0", "10 5 -2 1", "8 5 6 0");
    both(t, t, "%%y = ori %%x, %%z : %s", "12 -1 7 0", "10 5 -2 1", "14 -1 -1 1");
    both(t, t, "%%y = xori %%x, %%z : %s", "12 -1 7 0", "10 5 -2 1", "6 -6 -7 1");
  }
  both("i8", "i8", "%%y = addi %%x, %%z : %s", "127 -128 100 0", "1 -1 100 0", "-128 127 -56 0");
  both("i32", "i32", "%%y = muli %%x, %%z : %s", "65536 2147483647 1 1", "65536 2 1 1", "0 -2 1 1");
  both("i8", "i8", "%%y = divi %%x, %%z : %s", "-128 1 1 1", "-1 1 1 1", "-128 1 1 1");
  both("i64", "i64", "%%y = addi %%x, %%z : %s", "9223372036854775807 1 1 1", "1 1 1 1",
       "-9223372036854775808 2 2 2");
}
END_TEST

START_TEST(comparisons_and_select) {
  static const char *const preds[] = {"eq", "ne", "lt", "le", "gt", "ge"};
  static const char *const of_floats[] = {"0 0 1 0", "1 1 0 1", "1 0 0 0",
                                          "1 0 1 0", "0 1 0 0", "0 1 1 0"};
  static const char *const of_ints[] = {"0 0 1 0", "1 1 0 1", "1 0 0 0",
                                        "1 0 1 0", "0 1 0 1", "0 1 1 1"};
  static const char *const floats[] = {"f64", "f32", "f16", "bf16"};
  static const char *const ints[] = {"i64", "i32", "i8", "index"};
  for (unsigned p = 0; p < 6; p++)
    for (unsigned i = 0; i < 4; i++) {
      char op[128];
      snprintf(op, sizeof op, "%%%%y = cmpf %s, %%%%x, %%%%z : %%s", preds[p]);
      both(floats[i], "i1", op, "1 3 2 nan", "2 1 2 1", of_floats[p]);
      snprintf(op, sizeof op, "%%%%y = cmpi %s, %%%%x, %%%%z : %%s", preds[p]);
      both(ints[i], "i1", op, "1 3 2 5", "2 1 2 -5", of_ints[p]);
    }
  vm_expect(each("f32", "f32", "%c = cmpf lt, %x, %z\n    %y = select %c, %x, %z : f32"),
            "4xf32=1 1 2 -7", "4xf32=1 3 2 -7", "4xf32=2 1 2 5");
  vm_expect(lanes("f32", "f32", "%c = cmpf lt, %x, %z\n  %y = select %c, %x, %z : vector<4xf32>"),
            "4xf32=1 1 2 -7", "4xf32=1 3 2 -7", "4xf32=2 1 2 5");
}
END_TEST

START_TEST(conversions) {
  vm_expect(each("f32", "f64", "%y = extf %x : f64"), "4xf64=0.1000000014901161193847656 -2 inf 0",
            "4xf32=0.1 -2 inf 0", "4xf32=0");
  vm_expect(each("bf16", "f32", "%y = extf %x : f32"), "4xf32=0.10009765625 -2 inf 0",
            "4xbf16=0.1 -2 inf 0", "4xbf16=0");
  vm_expect(each("f16", "f64", "%y = extf %x : f64"), "4xf64=0.0999755859375 -2 inf 0",
            "4xf16=0.1 -2 inf 0", "4xf16=0");
  vm_expect(each("f64", "f32", "%y = truncf %x : f32"), "4xf32=0.1 16777216 inf 0",
            "4xf64=0.1 16777217 1e300 1e-300", "4xf64=0");
  vm_expect(each("f64", "f16", "%y = truncf %x : f16"), "4xf16=2048 2050 inf 1",
            "4xf64=2049 2049.0000001 65520 1.0000000001", "4xf64=0");
  vm_expect(each("f32", "bf16", "%y = truncf %x : bf16"), "4xbf16=256 258 1 0",
            "4xf32=257 257.001 1 0", "4xf32=0");
  vm_expect(each("f16", "bf16", "%y = truncf %x : bf16"), "4xbf16=256 1 2 3", "4xf16=257 1 2 3",
            "4xf16=0");
  vm_expect(each("i32", "f32", "%y = sitofp %x : f32"), "4xf32=16777216 -1 2147483648 0",
            "4xi32=16777217 -1 2147483647 0", "4xi32=0");
  vm_expect(each("i64", "f64", "%y = sitofp %x : f64"), "4xf64=9007199254740992 -1 3 0",
            "4xi64=9007199254740993 -1 3 0", "4xi64=0");
  /* Halfway between two bf16 numbers but for the last bit, which f64 would drop on the way. */
  vm_expect(each("i64", "bf16", "%y = sitofp %x : bf16"), "4xbf16=72620543991349248 -1 258 0",
            "4xi64=72339069014638593 -1 258 0", "4xi64=0");
  vm_expect(each("i1", "f32", "%y = sitofp %x : f32"), "4xf32=1 0 1 0", "4xi1=1 0 1 0", "4xi1=0");
  vm_expect(each("f32", "i32", "%y = fptosi %x : i32"), "4xi32=-2 0 2147483647 -2147483648",
            "4xf32=-2.9 nan 1e20 -inf", "4xf32=0");
  vm_expect(each("f64", "i8", "%y = fptosi %x : i8"), "4xi8=127 -128 3 -3",
            "4xf64=200 -200 3.99 -3.99", "4xf64=0");
  vm_expect(each("i8", "i32", "%y = extsi %x : i32"), "4xi32=-1 127 0 -128", "4xi8=-1 127 0 -128",
            "4xi8=0");
  vm_expect(each("i32", "i8", "%y = trunci %x : i8"), "4xi8=-1 -128 0 1", "4xi32=255 128 256 257",
            "4xi32=0");
}
END_TEST

START_TEST(lanes_of_vectors) {
  vm_expect("func @f(%X: memref<4xf32>, %Y: out memref<4xf32>) {\n"
            "  %v = load %X[0] : vector<4xf32>\n  %a = extract %v {lane = 3} : f32\n"
            "  %w = insert %a, %v {lane = 0} : vector<4xf32>\n  %s = reduce_add %w : f32\n"
            "  %t = splat %s : vector<4xf32>\n  %u = subf %t, %w : vector<4xf32>\n"
            "  store %u, %Y[0]\n}",
            "4xf32=9 11 10 9", "4xf32=1 2 3 4");
  /* A column sum, first to last: 2^24 + 1 + 1 stays 2^24 in f32 and does not in f64. */
  vm_expect("func @f(%X: memref<3xf32>, %Y: out memref<1xf32>) {\n"
            "  %v = load %X[0] : vector<3xf32>\n  %s = reduce_add %v : f32\n  store %s, %Y[0]\n}",
            "1xf32=16777216", "3xf32=16777216 1 1");
  vm_expect("func @f(%X: memref<3xi8>, %Y: out memref<1xi8>) {\n"
            "  %v = load %X[0] : vector<3xi8>\n  %s = reduce_add %v : i8\n  store %s, %Y[0]\n}",
            "1xi8=-56", "3xi8=100 50 50");
}
END_TEST

START_TEST(masks_keep_lanes_out) {
  /* Elements before the end of a loop: of 6, the second block of 4 has 2; a negative end has none. */
  vm_expect("func @f(%X: memref<Nxf32>, %Y: out memref<3x4xf32>) {\n  for %b = 0 to 3 {\n"
            "    %m = lanes_below [N - %b * 4] : vector<4xi1>\n"
            "    %v = load %X[%b * 4] mask %m : vector<4xf32>\n    store %v, %Y[%b, 0]\n  }\n}",
            "3x4xf32=1 2 3 4 5 6 0 0 0 0 0 0", "6xf32=1 2 3 4 5 6");
  vm_expect("func @f(%X: memref<6xf32>, %K: memref<4xi1>, %Y: inout memref<4xf32>) {\n"
            "  %m = load %K[0] : vector<4xi1>\n  %v = load %X[4] mask %m : vector<4xf32>\n"
            "  store %v, %Y[0]\n}",
            "4xf32=5 6 0 0", "6xf32=1 2 3 4 5 6", "4xi1=1 1 0 0", "4xf32=9 9 9 9");
  vm_expect("func @f(%X: memref<4xf32>, %K: memref<4xi1>, %Y: inout memref<6xf32>) {\n"
            "  %m = load %K[0] : vector<4xi1>\n  %v = load %X[0] : vector<4xf32>\n"
            "  store %v, %Y[4] mask %m\n}",
            "6xf32=9 9 9 9 1 2", "4xf32=1 2 3 4", "4xi1=1 1 0 0", "6xf32=9 9 9 9 9 9");
}
END_TEST

START_TEST(buffers_of_vectors) {
  vm_expect(
      "func @f(%X: memref<8xf32>, %Y: out memref<8xf32>) {\n"
      "  %t = alloc : memref<2xvector<4xf32>, local>\n"
      "  for %i = 0 to 2 {\n    %v = load %X[%i * 4] : vector<4xf32>\n    store %v, %t[%i]\n  }\n"
      "  for %i = 0 to 2 {\n    %v = load %t[1 - %i] : vector<4xf32>\n"
      "    store %v, %Y[%i * 4]\n  }\n}",
      "8xf32=5 6 7 8 1 2 3 4", "8xf32=1 2 3 4 5 6 7 8");
}
END_TEST

START_TEST(loops_count_right) {
  vm_expect("func @f(%Y: out memref<10xi64>) {\n  for %i = 0 to 10 {\n    store -1, %Y[%i]\n  }\n"
            "  for %i = 1 to 9 step 3 {\n    %v = apply [%i * 2 + 1]\n    %w = extsi %v : i64\n"
            "    store %w, %Y[%i]\n  }\n}",
            "10xi64=-1 3 -1 -1 9 -1 -1 15 -1 -1");
  /* A triangle: the inner bound depends on the outer variable; row 0 has no iteration. */
  vm_expect("func @f(%Y: inout memref<4x4xi64>) {\n  for %i = 0 to 4 {\n    for %j = 0 to %i {\n"
            "      store 1, %Y[%i, %j]\n    }\n  }\n}",
            "4x4xi64=0 0 0 0  1 0 0 0  1 1 0 0  1 1 1 0", "4x4xi64=0");
  /* Tiles with a ragged end. */
  vm_expect("func @f(%Y: inout memref<10xi64>) {\n  for %o = 0 to 3 {\n"
            "    for %i = %o * 4 to min(%o * 4 + 4, 10) {\n      %v = apply [%o]\n"
            "      %w = extsi %v : i64\n      store %w, %Y[%i]\n    }\n  }\n}",
            "10xi64=0 0 0 0 1 1 1 1 2 2", "10xi64=9");
  vm_expect("func @f(%Y: inout memref<6xi64>) {\n  for %i = 0 to 6 {\n"
            "    for %j = max(%i, 2) to min(%i + 1, 5) {\n      store 7, %Y[%j]\n    }\n  }\n}",
            "6xi64=0 0 7 7 7 0", "6xi64=0");
}
END_TEST

START_TEST(subscripts_divide_toward_minus_infinity) {
  vm_expect("func @f(%Y: out memref<7x3xi64>) {\n  for %i = 0 to 7 {\n"
            "    %a = apply [(%i - 3) floordiv 2]\n    %b = apply [(%i - 3) mod 2]\n"
            "    %c = apply [%i mod 4 + %i floordiv 4]\n"
            "    %x = extsi %a : i64\n    %y = extsi %b : i64\n    %z = extsi %c : i64\n"
            "    store %x, %Y[%i, 0]\n    store %y, %Y[%i, 1]\n    store %z, %Y[%i, 2]\n  }\n}",
            "7x3xi64=-2 1 0  -1 0 1  -1 1 2  0 0 3  0 1 1  1 0 2  1 1 3");
}
END_TEST

START_TEST(conditions) {
  vm_expect("func @f(%Y: out memref<6xi64>) {\n  for %i = 0 to 6 {\n"
            "    if %i >= 2 and %i * 2 < 9 {\n      store 1, %Y[%i]\n    } else {\n"
            "      store 0, %Y[%i]\n    }\n  }\n}",
            "6xi64=0 0 1 1 1 0");
  vm_expect("func @f(%X: memref<4xf32>, %Y: inout memref<4xf32>) {\n  for %i = 0 to 4 {\n"
            "    %x = load %X[%i] : f32\n    %c = cmpf gt, %x, 0.0\n    if %c {\n"
            "      store %x, %Y[%i]\n    }\n  }\n}",
            "4xf32=1 9 2 9", "4xf32=1 -1 2 nan", "4xf32=9");
}
END_TEST

START_TEST(symbolic_extents) {
  vm_expect("func @f(%X: memref<MxNxf32>, %Y: out memref<NxMxf32>) {\n  for %i = 0 to M {\n"
            "    for %j = 0 to N {\n      %x = load %X[%i, %j] : f32\n      store %x, %Y[%j, %i]\n"
            "    }\n  }\n}",
            "3x2xf32=1 4 2 5 3 6", "2x3xf32=1 2 3 4 5 6");
}
END_TEST

START_TEST(gathers) {
  vm_expect("func @f(%P: memref<4xindex>, %X: memref<5xf32>, %Y: out memref<4xf32>) {\n"
            "  for %i = 0 to 4 {\n    %p = load %P[%i] : index\n    %x = load %X[%p + 1] : f32\n"
            "    store %x, %Y[%i]\n  }\n}",
            "4xf32=4 1 5 2", "4xindex=2 -1 3 0", "5xf32=1 2 3 4 5");
}
END_TEST

/* ---- registers for small buffers ---- */

START_TEST(swapping_through_registers) {
  /* Each load must keep the value of its time, also where a store follows before its use. */
  vm_expect("func @f(%Y: out memref<4xi64>) {\n  %t = alloc : memref<2xi64, local>\n"
            "  store 1, %t[0]\n  store 2, %t[1]\n"
            "  for %i = 0 to 3 {\n    %a = load %t[0] : i64\n    %b = load %t[1] : i64\n"
            "    store %b, %t[0]\n    %c = addi %a, %b : i64\n    store %c, %t[1]\n  }\n"
            "  %a = load %t[0] : i64\n  %b = load %t[1] : i64\n"
            "  store %a, %Y[0]\n  store %b, %Y[1]\n  store %a, %t[1]\n  store 9, %t[0]\n"
            "  %c = load %t[1] : i64\n  store %c, %Y[2]\n  store %b, %Y[3]\n}",
            "4xi64=5 8 5 8");
}
END_TEST

START_TEST(values_used_in_a_loop_that_stores) {
  /* %a is read in every iteration, after the store of the one before. */
  vm_expect("func @f(%Y: out memref<1xi64>) {\n  %t = alloc : memref<1xi64, local>\n"
            "  store 1, %t[0]\n  %a = load %t[0] : i64\n  for %i = 0 to 3 {\n"
            "    %b = load %t[0] : i64\n    %c = addi %a, %b : i64\n    store %c, %t[0]\n  }\n"
            "  %d = load %t[0] : i64\n  store %d, %Y[0]\n}",
            "1xi64=4");
}
END_TEST

START_TEST(one_value_stored_twice) {
  vm_expect("func @f(%X: memref<1xf32>, %Y: out memref<3xf32>) {\n"
            "  %t = alloc : memref<2xf32, local>\n  %x = load %X[0] : f32\n"
            "  %y = addf %x, 1.0 : f32\n  store %y, %t[0]\n  store %y, %t[1]\n"
            "  %a = load %t[0] : f32\n  %b = addf %a, 1.0 : f32\n  store %b, %t[0]\n"
            "  %c = load %t[0] : f32\n  %d = load %t[1] : f32\n"
            "  store %c, %Y[0]\n  store %d, %Y[1]\n  store %y, %Y[2]\n}",
            "3xf32=7 6 6", "1xf32=5");
}
END_TEST

START_TEST(a_pointer_in_a_register) {
  /* An index that changes while addresses made from it are in use. */
  vm_expect("func @f(%X: memref<8xf32>, %Y: out memref<4xf32>) {\n"
            "  %p = alloc : memref<1xindex, local>\n  store 0, %p[0]\n"
            "  for %i = 0 to 4 {\n    %a = load %p[0] : index\n    %q = apply [%a + 1]\n"
            "    %b = addi %a, 2 : index\n    store %b, %p[0]\n    %x = load %X[%q] : f32\n"
            "    store %x, %Y[%i]\n  }\n}",
            "4xf32=2 4 6 8", "8xf32=1 2 3 4 5 6 7 8");
}
END_TEST

START_TEST(buffers_read_at_run_time_places) {
  vm_expect("func @f(%X: memref<6xi32>, %Y: out memref<6xi32>) {\n"
            "  %t = alloc : memref<6xi32, local>\n  for %i = 0 to 6 {\n    %x = load %X[%i] : i32\n"
            "    store %x, %t[5 - %i]\n  }\n  for %i = 0 to 6 {\n    %x = load %t[%i] : i32\n"
            "    store %x, %Y[%i]\n  }\n}",
            "6xi32=6 5 4 3 2 1", "6xi32=1 2 3 4 5 6");
}
END_TEST

/* ---- matmuls ---- */

/* Y = X @ W for X[i, k] = (3 i + k) mod 7 - 3, W[k, j] = (k + 5 j) mod 11 - 5: integers, so every order
 * and every accumulator gives the same bits. The text has places for the scalar types. */
static void matmul_is_exact(const char *in, const char *acc, const char *text, int n, int k) {
  char *source = malloc(4096);
  snprintf(source, 4096, text, in, acc);
  vm_run r = {.ctx = ts_context_create()};
  ts_array x, w;
  ts_dtype type = in[0] == 'i' ? TS_I8 : in[0] == 'b' ? TS_BF16 : in[1] == '1' ? TS_F16 : TS_F32;
  ck_assert_int_eq(ts_array_create(r.ctx, type, 2, (int64_t[]){n, k}, &x), TS_OK);
  ck_assert_int_eq(ts_array_create(r.ctx, type, 2, (int64_t[]){k, n}, &w), TS_OK);
  for (int i = 0; i < n * k; i++)
    ts_array_set(&x, i, (3 * (i / k) + i % k) % 7 - 3);
  for (int i = 0; i < n * k; i++)
    ts_array_set(&w, i, (i / n + 5 * (i % n)) % 11 - 5);
  r.arrays[0] = x;
  r.arrays[1] = w;
  vm_start(&r, source, NULL);
  unit_check(r.result == TS_OK, "%s in\n%s", vm_message(&r), source);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      double want = 0;
      for (int l = 0; l < k; l++)
        want += ts_array_get(&x, i * k + l) * ts_array_get(&w, l * n + j);
      unit_check(ts_array_get(&r.arrays[2], i * n + j) == want, "[%d, %d] is %g, not %g in\n%s", i,
                 j, ts_array_get(&r.arrays[2], i * n + j), want, source);
    }
  vm_end(&r);
  free(source);
}

#define MATMUL_HEAD                                                                                \
  "func @f(%%X: memref<NxKx%1$s>, %%W: memref<KxNx%1$s>, %%Y: out memref<NxNx%2$s>) {\n"

static const char naive_float[] =
    MATMUL_HEAD "  for %%i = 0 to N {\n    for %%j = 0 to N {\n"
                "      %%acc = alloc : memref<1x%2$s, local>\n      store 0.0, %%acc[0]\n"
                "      for %%k = 0 to K {\n        %%a = load %%X[%%i, %%k] : %1$s\n"
                "        %%b = load %%W[%%k, %%j] : %1$s\n        %%c = extf %%a : %2$s\n"
                "        %%d = extf %%b : %2$s\n        %%s = load %%acc[0] : %2$s\n"
                "        %%t = fma %%c, %%d, %%s : %2$s\n        store %%t, %%acc[0]\n      }\n"
                "      %%s = load %%acc[0] : %2$s\n      store %%s, %%Y[%%i, %%j]\n    }\n  }\n}";

/* Into the output, with mulf and addf, in tiles of 8 by 5. */
static const char tiled_float[] = MATMUL_HEAD
    "  for %%i = 0 to N {\n    for %%j = 0 to N {\n      store 0.0, %%Y[%%i, %%j]\n    }\n  }\n"
    "  for %%io = 0 to N step 8 {\n    for %%ko = 0 to K step 5 {\n"
    "      for %%i = %%io to min(%%io + 8, N) {\n        for %%j = 0 to N {\n"
    "          for %%k = %%ko to min(%%ko + 5, K) {\n            %%a = load %%X[%%i, %%k] : %1$s\n"
    "            %%b = load %%W[%%k, %%j] : %1$s\n            %%c = extf %%a : %2$s\n"
    "            %%d = extf %%b : %2$s\n            %%s = load %%Y[%%i, %%j] : %2$s\n"
    "            %%p = mulf %%c, %%d : %2$s\n            %%t = addf %%p, %%s : %2$s\n"
    "            store %%t, %%Y[%%i, %%j]\n          }\n        }\n      }\n    }\n  }\n}";

static const char naive_int[] =
    MATMUL_HEAD "  for %%i = 0 to N {\n    for %%j = 0 to N {\n"
                "      %%acc = alloc : memref<1x%2$s, local>\n      store 0, %%acc[0]\n"
                "      for %%k = 0 to K {\n        %%a = load %%X[%%i, %%k] : %1$s\n"
                "        %%b = load %%W[%%k, %%j] : %1$s\n        %%c = extsi %%a : %2$s\n"
                "        %%d = extsi %%b : %2$s\n        %%s = load %%acc[0] : %2$s\n"
                "        %%p = muli %%c, %%d : %2$s\n        %%t = addi %%s, %%p : %2$s\n"
                "        store %%t, %%acc[0]\n      }\n"
                "      %%s = load %%acc[0] : %2$s\n      store %%s, %%Y[%%i, %%j]\n    }\n  }\n}";

START_TEST(integer_valued_matmuls_are_exact) {
  static const int depths[] = {1, 7, 64, 2048};
  for (unsigned i = 0; i < 4; i++) {
    int n = depths[i] > 100 ? 5 : 17, k = depths[i];
    matmul_is_exact("f32", "f64", naive_float, n, k);
    matmul_is_exact("bf16", "f32", naive_float, n, k);
    matmul_is_exact("bf16", "f64", naive_float, n, k);
    matmul_is_exact("f16", "f32", naive_float, n, k);
    matmul_is_exact("f16", "f64", naive_float, n, k);
    matmul_is_exact("f32", "f64", tiled_float, n, k);
    matmul_is_exact("f16", "f32", tiled_float, n, k);
    matmul_is_exact("i8", "i32", naive_int, n, k);
    matmul_is_exact("i8", "i64", naive_int, n, k);
  }
}
END_TEST

/* ---- functions, globals, whole buffers ---- */

START_TEST(calls) {
  vm_expect(
      "func @scale(%A: inout memref<MxNxf32>, %k: memref<1xf32>) {\n  for %i = 0 to M {\n"
      "    for %j = 0 to N {\n      %x = load %A[%i, %j] : f32\n      %l = load %k[0] : f32\n"
      "      %y = mulf %x, %l : f32\n      store %y, %A[%i, %j]\n    }\n  }\n}\n"
      "func @f(%Y: inout memref<2x2xf32>) {\n  %t = alloc : memref<1x2xf32>\n"
      "  store 1.0, %t[0, 0]\n  store 2.0, %t[0, 1]\n  %k = alloc : memref<1xf32>\n"
      "  store 10.0, %k[0]\n  call @scale(%t, %k)\n  store 2.0, %k[0]\n  call @scale(%Y, %k)\n"
      "  %x = load %t[0, 1] : f32\n  store %x, %Y[1, 1]\n}",
      "2x2xf32=2 4 6 20", "2x2xf32=1 2 3 4");
}
END_TEST

START_TEST(globals) {
  vm_expect(
      "global @w : memref<2x2xf32> = [[1.0, 2.0], [3.0, 4.0]]\nglobal @s : memref<2xf32> = 0.5\n"
      "func @f(%Y: out memref<2x2xf32>) {\n  %w = get_global @w : memref<2x2xf32>\n"
      "  %s = get_global @s : memref<2xf32>\n  for %i = 0 to 2 {\n    for %j = 0 to 2 {\n"
      "      %a = load %w[%i, %j] : f32\n      %b = load %s[%j] : f32\n"
      "      %c = mulf %a, %b : f32\n      store %c, %Y[%i, %j]\n    }\n  }\n}",
      "2x2xf32=0.5 1 1.5 2");
}
END_TEST

START_TEST(copies_and_atomics) {
  vm_expect(
      "func @f(%X: memref<4xi32>, %Y: out memref<4xi32>) {\n  %t = alloc : memref<4xi32, local>\n"
      "  copy %X, %t\n  for %i = 0 to 3 {\n    atomic_add 10, %t[%i + 1]\n  }\n  copy %t, %Y\n}",
      "4xi32=1 12 13 14", "4xi32=1 2 3 4");
}
END_TEST

/* ---- launches ---- */

START_TEST(every_thread_of_every_block_runs) {
  vm_expect(
      "func @f(%Y: out memref<2x3x2xi64>) {\n"
      "  launch blocks(%b in 2) threads(%t in 3, %u in 2) {\n    %v = apply [%b * 100 + %t * 10 + %u]\n"
      "    %w = extsi %v : i64\n    store %w, %Y[%b, %t, %u]\n  }\n}",
      "2x3x2xi64=0 1 10 11 20 21  100 101 110 111 120 121");
}
END_TEST

START_TEST(barriers_order_the_threads_of_a_block) {
  /* Reversal through shared memory: every thread reads what another one wrote before the barrier. The
   * second round reuses the buffer, so a missing second barrier would show. */
  vm_expect("func @f(%X: memref<8xf32>, %Y: out memref<8xf32>) {\n"
            "  launch blocks(%b in 2) threads(%t in 4) {\n    %s = alloc : memref<4xf32, shared>\n"
            "    %x = load %X[%b * 4 + %t] : f32\n    store %x, %s[%t]\n    barrier\n"
            "    %y = load %s[3 - %t] : f32\n    barrier\n    %z = addf %y, 100.0 : f32\n"
            "    store %z, %s[%t]\n    barrier\n    %w = load %s[3 - %t] : f32\n"
            "    store %w, %Y[%b * 4 + %t]\n  }\n}",
            "8xf32=101 102 103 104 105 106 107 108", "8xf32=1 2 3 4 5 6 7 8");
}
END_TEST

START_TEST(barriers_in_loops_keep_private_registers_and_memory) {
  /* A tree sum; every thread keeps a private array, too big for registers, across the barriers. */
  vm_expect(
      "func @f(%X: memref<4xf32>, %Y: out memref<4xf32>) {\n"
      "  launch blocks(%b in 1) threads(%t in 4) {\n    %s = alloc : memref<4xf32, shared>\n"
      "    %p = alloc : memref<4xf32, local>\n    %x = load %X[%t] : f32\n    store %x, %s[%t]\n"
      "    for %i = 0 to 4 {\n      barrier\n      %v = load %s[(%t + %i) mod 4] : f32\n"
      "      store %v, %p[%i]\n    }\n"
      "    %a = load %p[0] : f32\n    for %i = 1 to 2 {\n      %c = load %p[%i] : f32\n"
      "      %d = mulf %a, 10.0 : f32\n      %e = addf %d, %c : f32\n      store %e, %Y[%t]\n    }\n"
      "  }\n}",
      "4xf32=12 23 34 41", "4xf32=1 2 3 4");
}
END_TEST

START_TEST(asynchronous_copies) {
  vm_expect(
      "func @f(%X: memref<8xf32>, %Y: out memref<8xf32>) {\n"
      "  launch blocks(%b in 1) threads(%t in 2) {\n    %s = alloc : memref<8xf32, shared>\n"
      "    async_copy %X[%t * 4], %s[%t * 4] {count = 4}\n    async_commit\n    async_wait {groups = 0}\n"
      "    barrier\n    for %i = 0 to 4 {\n      %x = load %s[7 - %t * 4 - %i] : f32\n"
      "      store %x, %Y[%t * 4 + %i]\n    }\n  }\n}",
      "8xf32=8 7 6 5 4 3 2 1", "8xf32=1 2 3 4 5 6 7 8");
}
END_TEST

START_TEST(fragments_multiply_as_matrices) {
  vm_expect(
      "func @f(%A: memref<4x4xf16>, %B: memref<4x4xf16>, %Y: out memref<4x4xf32>) {\n"
      "  launch blocks(%b in 1) threads(%t in 32) {\n"
      "    %x = load %A[0, 0] : fragment<2x4x3, a, f16>\n"
      "    %y = load %B[0, 0] : fragment<2x4x3, b, f16>\n"
      "    %z = splat 0.5 : fragment<2x4x3, c, f32>\n    %w = mma %x, %y, %z : fragment<2x4x3, c, f32>\n"
      "    store 0.0, %Y[2, %t mod 4]\n    store 0.0, %Y[3, %t mod 4]\n"
      "    store %w, %Y[0, 0]\n  }\n}",
      "4x4xf32=38.5 44.5 50.5 56.5  98.5 116.5 134.5 152.5  0 0 0 0  0 0 0 0",
      "4x4xf16=1 2 3 4  5 6 7 8  9 9 9 9  9 9 9 9",
      "4x4xf16=1 2 3 4  5 6 7 8  9 10 11 12  7 7 7 7");
}
END_TEST

/* ---- counts ---- */

START_TEST(counts_are_those_of_the_text) {
  vm_run r = {.counting = true};
  vm_start(&r,
           "func @f(%X: memref<4x5xf32>, %Y: out memref<4xf32>) {\n  for %i = 0 to 4 {\n"
           "    store 0.0, %Y[%i]\n    for %j = 0 to 5 {\n      %x = load %X[%i, %j] : f32\n"
           "      %y = load %Y[%i] : f32\n      %z = addf %x, %y : f32\n      store %z, %Y[%i]\n"
           "    }\n  }\n}",
           (const char *const[]){"4x5xf32=1"});
  ck_assert_int_eq(r.result, TS_OK);
  ck_assert_uint_eq(r.stats.loads, 40);
  ck_assert_uint_eq(r.stats.stores, 24);
  ck_assert_uint_eq(r.stats.flops, 20);
  ck_assert_uint_eq(r.stats.ops, 1 + 4 * 2 + 20 * 4);
  ck_assert_str_eq(r.stats.buffers[0].name, "X");
  ck_assert_uint_eq(r.stats.buffers[0].bytes_read, 80);
  ck_assert_uint_eq(r.stats.buffers[0].bytes_written, 0);
  ck_assert_str_eq(r.stats.buffers[1].name, "Y");
  ck_assert_uint_eq(r.stats.buffers[1].bytes_read, 80);
  ck_assert_uint_eq(r.stats.buffers[1].bytes_written, 96);
  vm_end(&r);
}
END_TEST

START_TEST(the_inner_loop_of_a_matmul_is_one_instruction) {
  static const char text[] =
      "func @f(%X: memref<Kxf32>, %W: memref<KxNxf32>, %Y: out memref<Nxf64>) {\n  for %j = 0 to N {\n"
      "    %s = alloc : memref<1xf64, local>\n    store 0.0, %s[0]\n    for %k = 0 to K {\n"
      "      %x = load %X[%k] : f32\n      %w = load %W[%k, %j] : f32\n      %a = extf %x : f64\n"
      "      %b = extf %w : f64\n      %c = load %s[0] : f64\n      %d = fma %a, %b, %c : f64\n"
      "      store %d, %s[0]\n    }\n    %e = load %s[0] : f64\n    store %e, %Y[%j]\n  }\n}";
  ts_context *ctx = ts_context_create();
  ts_module *m;
  ts_sink sink;
  ts_bindings b;
  ts_array arrays[3] = {0};
  ck_assert_int_eq(ts_module_parse(ctx, "t.lir", text, strlen(text), &m), TS_OK);
  ck_assert_int_eq(ts_array_create(ctx, TS_F32, 1, (int64_t[]){7}, &arrays[0]), TS_OK);
  ck_assert_int_eq(ts_array_create(ctx, TS_F32, 2, (int64_t[]){7, 5}, &arrays[1]), TS_OK);
  ck_assert_int_eq(ts_bind(ctx, m->last_func, arrays, NULL, &b), TS_OK);
  ts_sink_buffer(&sink, &ctx->memory);
  ck_assert_int_eq(ts_vm_dump(&sink, m, m->last_func, &b), TS_OK);
  ck_assert_int_eq(ts_sink_finish(&sink), TS_OK);
  ck_assert_ptr_nonnull(strstr(sink.buf, "@f with K = 7, N = 5:"));
  /* X moves by 4 bytes, W by a row of 20; no check and no other load is left. */
  ck_assert_ptr_nonnull(strstr(sink.buf, "dot.f32.f64"));
  ck_assert_ptr_nonnull(strstr(sink.buf, "], 4 * ["));
  ck_assert_ptr_nonnull(strstr(sink.buf, "], 20 x"));
  ck_assert_ptr_null(strstr(sink.buf, "chk"));
  ck_assert_ptr_null(strstr(sink.buf, " ld."));
  ts_sink_drop(&sink);
  ts_array_drop(ctx, &arrays[0]);
  ts_array_drop(ctx, &arrays[1]);
  ts_module_destroy(m);
  ts_context_destroy(ctx);
}
END_TEST

UNIT_MAIN("vm", float_arithmetic_on_every_type, every_step_rounds_to_its_type,
          integer_arithmetic_on_every_type, comparisons_and_select, conversions, lanes_of_vectors,
          masks_keep_lanes_out, buffers_of_vectors, loops_count_right,
          subscripts_divide_toward_minus_infinity, conditions, symbolic_extents, gathers,
          swapping_through_registers, values_used_in_a_loop_that_stores, one_value_stored_twice,
          a_pointer_in_a_register, buffers_read_at_run_time_places,
          integer_valued_matmuls_are_exact, calls, globals, copies_and_atomics,
          every_thread_of_every_block_runs, barriers_order_the_threads_of_a_block,
          barriers_in_loops_keep_private_registers_and_memory, asynchronous_copies,
          fragments_multiply_as_matrices, counts_are_those_of_the_text,
          the_inner_loop_of_a_matmul_is_one_instruction)
