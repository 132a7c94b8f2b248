/* What the loop VM finds out while running, and how it says so: bounds, reads of what was never written,
 * division by zero, barriers, fuel, memory. */
#include "vm_unit.h"

START_TEST(subscripts_out_of_bounds) {
  vm_fail(
      "func @f(%X: memref<4xf32>, %P: memref<2xindex>, %Y: out memref<2xf32>) {\n  for %i = 0 to 2 {\n"
      "    %p = load %P[%i] : index\n    %x = load %X[%p + 1] : f32\n    store %x, %Y[%i]\n  }\n}",
      TS_CHECK, "read out of bounds: %X[4], where dimension 0 has extent 4", "%x = load",
      "4xf32=1 2 3 4", "2xindex=0 3");
  vm_fail("func @f(%P: memref<1xindex>, %Y: out memref<2x3xf32>) {\n  %p = load %P[0] : index\n"
          "  store 1.0, %Y[1, %p]\n}",
          TS_CHECK, "write out of bounds: %Y[1, -1], where dimension 1 has extent 3", "store",
          "1xindex=-1");
  /* Extents that the arrays give: the loop runs past the second buffer. */
  vm_fail(
      "func @f(%X: memref<Mxf32>, %Z: memref<Nxf32>, %Y: out memref<Mxf32>) {\n  for %i = 0 to M {\n"
      "    %z = load %Z[%i] : f32\n    store %z, %Y[%i]\n  }\n}",
      TS_CHECK, "read out of bounds: %Z[2], where dimension 0 has extent 2", "%z = load",
      "3xf32=1 2 3", "2xf32=1 2");
  vm_fail("func @f(%X: memref<Mxf32>, %Y: out memref<4xf32>) {\n  %v = load %X[0] : vector<4xf32>\n"
          "  store %v, %Y[0]\n}",
          TS_CHECK,
          "read out of bounds: %X[0] (and the lanes from there on), where dimension 0 has extent 3",
          "%v = load", "3xf32=1 2 3");
  /* 2^62 + 1 times 4 is 4 in 64 bits. */
  vm_fail("func @f(%X: memref<8xf32>, %P: memref<1xindex>, %Y: out memref<1xf32>) {\n"
          "  %p = load %P[0] : index\n  %x = load %X[%p * 4] : f32\n  store %x, %Y[0]\n}",
          TS_CHECK, "read out of bounds: %X[a number past 64 bits], where dimension 0 has extent 8",
          "%x = load", "8xf32=1", "1xindex=4611686018427387905");
}
END_TEST

START_TEST(lanes_out_of_bounds_under_a_mask) {
  vm_fail("func @f(%X: memref<6xf32>, %K: memref<4xi1>, %Y: out memref<4xf32>) {\n"
          "  %m = load %K[0] : vector<4xi1>\n  %v = load %X[4] mask %m : vector<4xf32>\n"
          "  store %v, %Y[0]\n}",
          TS_CHECK,
          "read out of bounds: %X[4] (and the lanes from there on), where dimension 0 has extent 6",
          "%v = load", "6xf32=1", "4xi1=1 1 1 0");
  /* An element that is a vector, its first lane left out. */
  vm_fail("func @f(%P: memref<1xindex>, %K: memref<4xi1>, %Y: out memref<4xf32>) {\n"
          "  %t = alloc : memref<2xvector<4xf32>>\n  store 0.0, %t[0]\n  store 0.0, %t[1]\n"
          "  %p = load %P[0] : index\n  %m = load %K[0] : vector<4xi1>\n"
          "  %v = load %t[%p] mask %m : vector<4xf32>\n  store %v, %Y[0]\n}",
          TS_CHECK, "read out of bounds: %t[100000], where dimension 0 has extent 2", "%v = load",
          "1xindex=100000", "4xi1=0 1 1 1");
}
END_TEST

START_TEST(messages_name_the_variables) {
  vm_run r = {0};
  vm_start(&r,
           "func @f(%X: memref<MxNxf32>, %Z: memref<NxMxf32>, %Y: out memref<MxNxf32>) {\n"
           "  for %i = 0 to M {\n    for %j = 0 to N {\n      %z = load %Z[%i, %j] : f32\n"
           "      store %z, %Y[%i, %j]\n    }\n  }\n}",
           (const char *const[]){"2x3xf32=1", "3x2xf32=1"});
  ck_assert_int_eq(r.result, TS_CHECK);
  ck_assert_str_eq(vm_message(&r), "read out of bounds: %Z[0, 2], where dimension 1 has extent 2");
  ck_assert_str_eq(r.ctx->first->notes->message, "here %i = 0, %j = 2");
  vm_end(&r);
}
END_TEST

START_TEST(reads_of_what_was_never_written) {
  /* a register */
  vm_fail(
      "func @f(%Y: out memref<4xf32>) {\n  for %i = 0 to 4 {\n    %t = alloc : memref<1xf32, local>\n"
      "    if %i < 2 {\n      store 1.0, %t[0]\n    }\n    %x = load %t[0] : f32\n"
      "    store %x, %Y[%i]\n  }\n}",
      TS_CHECK, "read of %t[0], which was never written", "%x = load");
  /* memory: every second element is written */
  vm_fail("func @f(%Y: out memref<4xf32>) {\n  %t = alloc : memref<4xf32>\n  for %i = 0 to 2 {\n"
          "    store 1.0, %t[%i * 2]\n  }\n  for %i = 0 to 4 {\n    %x = load %t[%i] : f32\n"
          "    store %x, %Y[%i]\n  }\n}",
          TS_CHECK, "read of %t[1], which was never written", "%x = load");
  /* an output before it has a value */
  vm_fail("func @f(%Y: out memref<4xf32>) {\n  for %i = 1 to 4 {\n    %x = load %Y[%i - 1] : f32\n"
          "    store %x, %Y[%i]\n  }\n}",
          TS_CHECK, "read of %Y[0], which was never written", "%x = load");
  /* a lane */
  vm_fail("func @f(%Y: out memref<4xf32>) {\n  %t = alloc : memref<4xf32>\n  for %i = 0 to 3 {\n"
          "    store 1.0, %t[%i]\n  }\n  %v = load %t[0] : vector<4xf32>\n  store %v, %Y[0]\n}",
          TS_CHECK, "read of %t[0] and on, of which element 3 was never written", "%v = load");
  vm_fail("func @f(%Y: out memref<4xf32>) {\n  %t = alloc : memref<4xf32>\n  for %i = 0 to 3 {\n"
          "    store 1.0, %t[%i]\n  }\n  copy %t, %Y\n}",
          TS_CHECK, "copy of %t, whose element 3 was never written", "copy");
  vm_fail(
      "func @f(%Y: out memref<4xf32>) {\n  %t = alloc : memref<4xf32>\n  atomic_add 1.0, %t[0]\n"
      "  copy %t, %Y\n}",
      TS_CHECK, "read of %t[0], which was never written", "atomic_add");
}
END_TEST

START_TEST(a_buffer_is_unwritten_again_in_the_next_iteration) {
  vm_fail("func @f(%Y: out memref<4xf32>) {\n  for %i = 0 to 4 {\n    %t = alloc : memref<4xf32>\n"
          "    %j = apply [%i floordiv 2]\n    if %i < 1 {\n      store 1.0, %t[%j]\n    }\n"
          "    %x = load %t[%j] : f32\n    store %x, %Y[%i]\n  }\n}",
          TS_CHECK, "read of %t[0], which was never written", "%x = load");
}
END_TEST

START_TEST(callees_see_what_their_caller_wrote) {
  static const char callee[] =
      "func @sum(%A: memref<Nxf32>, %Y: inout memref<1xf32>) {\n  for %i = 0 to N {\n"
      "    %x = load %A[%i] : f32\n    %y = load %Y[0] : f32\n    %z = addf %x, %y : f32\n"
      "    store %z, %Y[0]\n  }\n}\n"
      "func @f(%Y: inout memref<1xf32>) {\n  %t = alloc : memref<4xf32>\n  for %i = 0 to %4$s {\n"
      "    store 1.0, %t[%i]\n  }\n  call @sum(%t, %Y)\n}";
  char text[1024];
  const char *hole = strstr(callee, "%4$s");
  snprintf(text, sizeof text, "%.*s4%s", (int)(hole - callee), callee, hole + 4);
  vm_expect(text, "1xf32=4", "1xf32=0");
  text[hole - callee] = '3';
  vm_fail(text, TS_CHECK, "read of %A[3], which was never written", "%x = load", "1xf32=0");
}
END_TEST

START_TEST(shared_memory_is_unwritten_in_every_block) {
  vm_fail(
      "func @f(%Y: out memref<4xf32>) {\n  launch blocks(%b in 2) threads(%t in 2) {\n"
      "    %s = alloc : memref<2xf32, shared>\n    if %b < 1 {\n      store 1.0, %s[%t]\n    }\n"
      "    barrier\n    %x = load %s[1 - %t] : f32\n    store %x, %Y[%b * 2 + %t]\n  }\n}",
      TS_CHECK, "read of %s[1], which was never written", "%x = load");
}
END_TEST

START_TEST(division_by_zero) {
  vm_fail("func @f(%X: memref<2xi32>, %Y: out memref<2xi32>) {\n  for %i = 0 to 2 {\n"
          "    %x = load %X[%i] : i32\n    %y = divi 6, %x : i32\n    store %y, %Y[%i]\n  }\n}",
          TS_CHECK, "division by zero", "%y = divi", "2xi32=3 0");
  vm_fail("func @f(%X: memref<2xi32>, %Y: out memref<2xi32>) {\n  %x = load %X[0] : vector<2xi32>\n"
          "  %y = remi %x, %x : vector<2xi32>\n  store %y, %Y[0]\n}",
          TS_CHECK, "division by zero", "%y = remi", "2xi32=3 0");
}
END_TEST

START_TEST(barriers_that_not_all_reach) {
  /* A race: each thread reads what the one before it, or it itself, left in shared memory. */
  static const char text[] =
      "func @f(%X: memref<4xi1>, %Y: out memref<4xf32>) {\n  launch blocks(%b in 1) threads(%t in 4) {\n"
      "    %p = alloc : memref<1xi1, shared>\n    %d = load %X[%t] : i1\n    store %d, %p[0]\n"
      "    %c = load %p[0] : i1\n    if %c {\n      barrier\n    }\n    store 0.0, %Y[%t]\n  }\n}";
  vm_expect(text, "4xf32=0", "4xi1=1 1 1 1");
  vm_fail(text, TS_CHECK,
          "not all threads of the block reach this barrier: thread 2 ended before it", "barrier",
          "4xi1=1 1 0 1");
}
END_TEST

START_TEST(loops_without_end_stop_at_the_fuel) {
  vm_fail(
      "func @f(%Y: out memref<1xf32>) {\n  for %i = 0 to 1000000000000000000 {\n    store 1.0, %Y[0]\n"
      "  }\n}",
      TS_LIMIT, "fuel of 1000000000000 ran out in loop %i", "for %i");
  /* A nest is paid for as a whole; the loop with the most iterations is named. */
  vm_fail(
      "func @f(%Y: out memref<1xf32>) {\n  for %i = 0 to 10 {\n    for %j = 0 to 1000000000000000 {\n"
      "      store 1.0, %Y[0]\n    }\n  }\n}",
      TS_LIMIT, "fuel of 1000000000000 ran out in loop %j", "for %j");
  vm_fail("func @f(%Y: out memref<1xf32>) {\n"
          "  launch blocks(%b in 4294967296, %c in 4294967296) threads(%t in 8) {\n"
          "    store 1.0, %Y[0]\n  }\n}",
          TS_LIMIT, "fuel of 1000000000000 ran out in this launch", "launch");
}
END_TEST

START_TEST(memory_over_the_cap_is_refused_first) {
  vm_run r = {.ctx = ts_context_create()};
  ts_context_set_memory_cap(r.ctx, 64 << 20);
  vm_start(&r,
           "func @f(%Y: out memref<1xf32>) {\n  %t = alloc : memref<1000000x1000000xf32>\n"
           "  for %i = 0 to 1000000 {\n    store 1.0, %t[%i, 0]\n  }\n  store 1.0, %Y[0]\n}",
           NULL);
  ck_assert_int_eq(r.result, TS_LIMIT);
  ck_assert_ptr_nonnull(strstr(vm_message(&r), "the buffers of this run need 4000000"));
  vm_end(&r);
}
END_TEST

UNIT_MAIN("vm_errors", subscripts_out_of_bounds, lanes_out_of_bounds_under_a_mask,
          messages_name_the_variables, reads_of_what_was_never_written,
          a_buffer_is_unwritten_again_in_the_next_iteration, callees_see_what_their_caller_wrote,
          shared_memory_is_unwritten_in_every_block, division_by_zero, barriers_that_not_all_reach,
          loops_without_end_stop_at_the_fuel, memory_over_the_cap_is_refused_first)
