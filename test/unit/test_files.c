/* .npy and safetensors: every form that is read, what is refused and how it is said, and that
 * nothing is left half written. Agreement with NumPy's own reader and writer is tested in
 * test/data/npy.test. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/array.h"
#include "unit.h"

static ts_context *ctx;
static char dir[] = "/tmp/tilesmith-files-XXXXXX";

static void setup(void) {
  ctx = ts_context_create();
  ck_assert_ptr_nonnull(ctx);
  strcpy(dir + sizeof dir - 7, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void) {
  ts_context_clear_diagnostics(ctx);
  ck_assert_uint_eq(ts_context_memory_used(ctx), 0);
  ck_assert_int_eq(rmdir(dir), 0); /* fails when a temporary was left behind */
  ts_context_destroy(ctx);
}

static const char *message(void) { return ctx->first ? ctx->first->message : "no message"; }

static const char *path_of(const char *name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  return path;
}

/* A version 1.0 file: magic, the length of `dict`, the dict, then `data_bytes` zeros. */
static size_t npy_file(char *out, const char *dict, size_t data_bytes) {
  size_t n = strlen(dict);
  memcpy(out, "\x93NUMPY\1\0", 8);
  out[8] = (char)(n & 255);
  out[9] = (char)(n >> 8);
  memcpy(out + 10, dict, n);
  memset(out + 10 + n, 0, data_bytes);
  return 10 + n + data_bytes;
}

#define F4 "'descr': '<f4', 'fortran_order': False, "

/* What the dict may look like: its text, the bytes of data, the shape read. */
static const struct {
  const char *dict;
  size_t data_bytes;
  const char *shape;
} npy_good[] = {
    {"{" F4 "'shape': (2, 3), }\n", 24, "2x3xf32"},
    {"{" F4 "'shape': (2, 3)}", 24, "2x3xf32"},
    {"{'shape':(2,3,),'fortran_order':True,'descr':'>f4'}", 24, "2x3xf32"},
    {" {\t\"descr\" : \"<f8\" ,\n \"fortran_order\" : False , \"shape\" : ( 2 , 3 ) , } \n\n", 48,
     "2x3xf64"},
    {"{" F4 "'shape': ()}", 4, "f32"},
    {"{" F4 "'shape': (5,)}", 20, "5xf32"},
    {"{" F4 "'shape': (5L,)}", 20, "5xf32"},
    {"{" F4 "'shape': (0, 7)}", 0, "0x7xf32"},
    {"{'descr': '=f2', 'fortran_order': False, 'shape': (2,)}", 4, "2xf16"},
    {"{'descr': 'bfloat16', 'fortran_order': False, 'shape': (2,)}", 4, "2xbf16"},
    {"{'descr': '|V2', 'fortran_order': False, 'shape': (2,)}", 4, "2xbf16"},
    {"{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}", 16, "2xi64"},
    {"{'descr': '>i4', 'fortran_order': False, 'shape': (2,)}", 8, "2xi32"},
    {"{'descr': '|i1', 'fortran_order': False, 'shape': (2,)}", 2, "2xi8"},
    {"{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", 2, "2xi1"},
};

START_TEST(npy_dicts_that_are_read) {
  char file[512], shape[TS_SHAPE_TEXT];
  setup();
  for (size_t i = 0; i < ts_countof(npy_good); i++) {
    ts_array a;
    size_t n = npy_file(file, npy_good[i].dict, npy_good[i].data_bytes);
    ck_assert_msg(ts_npy_read_bytes(ctx, "x.npy", file, n, &a) == TS_OK, "%s: %s", npy_good[i].dict,
                  message());
    ts_shape_text(shape, sizeof shape, a.dtype, a.rank, a.dims);
    ck_assert_str_eq(shape, npy_good[i].shape);
    ts_array_drop(ctx, &a);
  }
  teardown();
}
END_TEST

static const struct {
  const char *dict;
  size_t data_bytes;
  const char *message; /* after "x.npy: " */
} npy_bad[] = {
    {"", 0, "the header has its end where '{' should be"},
    {"[]", 0, "the header has '[]' where '{' should be"},
    {"{", 0, "the header has its end where a key or '}' should be"},
    {"{}", 0, "the header lacks 'descr'"},
    {"{" F4 "}", 0, "the header lacks 'shape'"},
    {"{'descr': '<f4', 'shape': ()}", 4, "the header lacks 'fortran_order'"},
    {"{" F4 F4 "'shape': ()}", 4, "the header has 'descr' twice"},
    {"{" F4 "'shape': (), 'x': 1}", 4,
     "the header has an unknown key; descr, fortran_order and shape are known"},
    {"{descr: '<f4'}", 4, "the header has 'descr:' where a key or '}' should be"},
    {"{'descr' '<f4'}", 4, "the header has ''<f4'}' where ':' should be"},
    {"{'descr': '<f4}", 4,
     "the header has ''<f4}' where a closed string without escapes should be"},
    {"{'descr': '\\x3cf4'}", 4,
     "the header has ''\\x3cf4'}' where a closed string without escapes should be"},
    {"{'descr': 4}", 4, "the header has '4}' where a dtype string should be"},
    {"{'descr': [('a', '<f4')]}", 4, "a structured dtype has no counterpart here"},
    {"{'descr': '|O'}", 4, "dtype '|O' holds Python objects; only numbers are read"},
    {"{'descr': '<u4'}", 4,
     "dtype '<u4' has no counterpart here; f8 f4 f2 V2 (bf16) i8 i4 i1 and b1 with <, > or | "
     "before them do; np.save(f, a.astype('<i4')) makes one of those"},
    {"{'descr': 'f4'}", 4,
     "dtype 'f4' has no counterpart here; f8 f4 f2 V2 (bf16) i8 i4 i1 and b1 with <, > or | before "
     "them do; np.save(f, a.astype('<i4')) makes one of those"},
    {"{'descr': ''}", 4,
     "dtype '' has no counterpart here; f8 f4 f2 V2 (bf16) i8 i4 i1 and b1 with <, > or | before "
     "them do; np.save(f, a.astype('<i4')) makes one of those"},
    {"{'fortran_order': 0}", 4, "the header has '0}' where True or False should be"},
    {"{" F4 "'shape': (2, -3)}", 24, "the shape has a negative extent"},
    {"{" F4 "'shape': 3}", 12, "the header has '3}' where a tuple of extents should be"},
    {"{" F4 "'shape': (3)}", 12, "the shape is a number, not a tuple such as (3,)"},
    {"{" F4 "'shape': (,)}", 12, "the header has ',)}' where an extent should be"},
    {"{" F4 "'shape': (1 2)}", 12, "the header has '2)}' where ',' or ')' should be"},
    {"{" F4 "'shape': (1.5,)}", 12, "the header has '.5,)}' where ',' or ')' should be"},
    {"{" F4 "'shape': (99999999999999999999,)}", 12, "the shape has an extent past int64"},
    {"{" F4 "'shape': (4611686018427387904, 4611686018427387904)}", 12,
     "the size of 4611686018427387904x4611686018427387904xf32 is past int64"},
    {"{" F4 "'shape': (4611686018427387904,)}", 0,
     "the size of 4611686018427387904xf32 is past int64"},
    {"{" F4 "'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}", 4,
     "the shape has more than 16 extents"},
    {"{" F4 "'shape': (1000000, 1000000)}", 8,
     "1000000x1000000xf32 needs 4000000000000 bytes, but 8 follow the header"},
    {"{" F4 "'shape': (2, 3)}", 23, "2x3xf32 needs 24 bytes, but 23 follow the header"},
    {"{" F4 "'shape': (2, 3)}", 25, "2x3xf32 needs 24 bytes, but 25 follow the header"},
    {"{" F4 "'shape': (2,)} x", 8, "the header has 'x' where the end of the header should be"},
    {"{" F4 "'shape': (2,) 'x'", 8, "the header has ''x'' where ',' or '}' should be"},
};

START_TEST(npy_dicts_that_are_refused) {
  char file[512];
  setup();
  ts_context_set_memory_cap(ctx, 1 << 16); /* refused by what they say, not for want of memory */
  for (size_t i = 0; i < ts_countof(npy_bad); i++) {
    ts_array a;
    size_t n = npy_file(file, npy_bad[i].dict, npy_bad[i].data_bytes);
    ck_assert_int_eq(ts_npy_read_bytes(ctx, "x.npy", file, n, &a), TS_ERR);
    ck_assert_ptr_null(a.data);
    ck_assert_str_eq(message(), ts_sprintf(&ctx->messages, "x.npy: %s", npy_bad[i].message));
    ts_context_clear_diagnostics(ctx);
  }
  teardown();
}
END_TEST

/* What stands before the dict. */
static const struct {
  size_t n;
  const char *bytes, *message;
} npy_bad_leads[] = {
    {0, "", "not a .npy file, which starts with \\x93NUMPY"},
    {5, "\x93NUMP", "not a .npy file, which starts with \\x93NUMPY"},
    {10, "PK\3\4 a zip", "not a .npy file, which starts with \\x93NUMPY"},
    {6, "\x93NUMPY", "the file ends after 6 bytes, within its first 12"},
    {9, "\x93NUMPY\1\0\0", "the file ends after 9 bytes, within its first 10"},
    {11, "\x93NUMPY\2\0\0\0\0", "the file ends after 11 bytes, within its first 12"},
    {10, "\x93NUMPY\4\0\0\0", ".npy version 4.0 is unknown; 1.0, 2.0 and 3.0 are read"},
    {10, "\x93NUMPY\1\1\0\0", ".npy version 1.1 is unknown; 1.0, 2.0 and 3.0 are read"},
    {10, "\x93NUMPY\0\0\0\0", ".npy version 0.0 is unknown; 1.0, 2.0 and 3.0 are read"},
    {12, "\x93NUMPY\1\0\377\377{}", "a header of 65535 bytes is announced, but only 2 follow"},
    {12, "\x93NUMPY\3\0\377\377\377\377",
     "a header of 4294967295 bytes is announced, but only 0 follow"},
};

START_TEST(npy_leads_that_are_refused) {
  setup();
  for (size_t i = 0; i < ts_countof(npy_bad_leads); i++) {
    ts_array a;
    ck_assert_int_eq(ts_npy_read_bytes(ctx, "x", npy_bad_leads[i].bytes, npy_bad_leads[i].n, &a),
                     TS_ERR);
    ck_assert_str_eq(message() + strlen("x: "), npy_bad_leads[i].message);
    ts_context_clear_diagnostics(ctx);
  }
  teardown();
}
END_TEST

START_TEST(fortran_order_and_swapped_bytes) {
  /* Column by column: 1 4, 2 5, 3 6. */
  static const char data[] = "\0\1\0\4\0\2\0\5\0\3\0\6";
  char file[256];
  ts_array a;
  setup();
  size_t n = npy_file(file, "{'descr': '>f2', 'fortran_order': True, 'shape': (2, 3)}", 12);
  memcpy(file + n - 12, data, 12);
  ck_assert_int_eq(ts_npy_read_bytes(ctx, "x", file, n, &a), TS_OK);
  for (int i = 0; i < 6; i++)
    ck_assert_uint_eq(((uint16_t *)a.data)[i], (unsigned)i + 1);
  ts_array_drop(ctx, &a);
  teardown();
}
END_TEST

START_TEST(fortran_order_in_many_chunks) {
  enum { M = 37, N = 59, K = 11 };
  char *file = malloc(M * N * K * 4 + 256);
  ts_array a;
  setup();
  size_t n = npy_file(file, "{'descr': '<i4', 'fortran_order': True, 'shape': (37, 59, 11)}",
                      M * N * K * 4);
  int32_t *data = malloc(M * N * K * 4), *p = data;
  for (int k = 0; k < K; k++)
    for (int j = 0; j < N; j++)
      for (int i = 0; i < M; i++)
        *p++ = i * 10000 + j * 100 + k;
  memcpy(file + n - M * N * K * 4, data, M * N * K * 4);
  ck_assert_int_eq(ts_npy_read_bytes(ctx, "x", file, n, &a), TS_OK);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < K; k++)
        ck_assert_int_eq(ts_array_get_int(&a, (i * N + j) * K + k), i * 10000 + j * 100 + k);
  ts_array_drop(ctx, &a);
  free(data);
  free(file);
  teardown();
}
END_TEST

static void check_round_trip(const char *path, const char *text) {
  ts_array a, b;
  ck_assert_int_eq(ts_array_parse(ctx, text, &a), TS_OK);
  ck_assert_msg(ts_array_write(ctx, path, &a) == TS_OK, "%s", message());
  ck_assert_msg(ts_array_read(ctx, path, &b) == TS_OK, "%s", message());
  ck_assert(a.rank == b.rank && memcmp(a.dims, b.dims, sizeof a.dims) == 0);
  ck_assert_uint_eq(b.dtype, a.dtype == TS_INDEX ? TS_I64 : a.dtype);
  ck_assert_mem_eq(a.data, b.data, (size_t)ts_array_count(&a) * ts_dtype_bytes(a.dtype));
  ts_array_drop(ctx, &a);
  ts_array_drop(ctx, &b);
}

static const char *const round_trips[] = {"2x3xf64=1 2 3 4 5 6",
                                          "2x3xf32=1 nan inf -0 5 6",
                                          "3xf16=1 2 3",
                                          "3xbf16=1 2 3",
                                          "i64=-5",
                                          "2xi32=1 -1",
                                          "1x1x2xi8=3 -4",
                                          "2xi1=0 1",
                                          "2xindex=7 8",
                                          "0x2xf32="};

START_TEST(files_read_back) {
  char path[300];
  setup();
  for (size_t i = 0; i < ts_countof(round_trips); i++) {
    snprintf(path, sizeof path, "%s", path_of("a.npy"));
    check_round_trip(path, round_trips[i]);
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s", path_of("a.safetensors#w.0"));
    check_round_trip(path, round_trips[i]);
    ck_assert_int_eq(unlink(path_of("a.safetensors")), 0);
  }
  teardown();
}
END_TEST

START_TEST(several_tensors_in_one_file) {
  ts_array arrays[3], b;
  const char *const names[] = {"a", "b", "layer.0/\"odd\" \xc3\xa9"};
  setup();
  ck_assert_int_eq(ts_array_parse(ctx, "3xi8=1 2 3", &arrays[0]), TS_OK);
  ck_assert_int_eq(ts_array_parse(ctx, "2xf64=4 5", &arrays[1]), TS_OK);
  ck_assert_int_eq(ts_array_parse(ctx, "1xbf16=6", &arrays[2]), TS_OK);
  const char *path = path_of("w.safetensors");
  ck_assert_int_eq(ts_safetensors_write(ctx, path, 3, names, arrays), TS_OK);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(ts_safetensors_read(ctx, path, names[i], &b), TS_OK);
    ck_assert(b.dtype == arrays[i].dtype && ts_array_get(&b, 0) == ts_array_get(&arrays[i], 0));
    ts_array_drop(ctx, &b);
  }
  ck_assert_int_eq(ts_safetensors_read(ctx, path, "c", &b), TS_ERR);
  ck_assert_ptr_nonnull(strstr(message(), "no tensor 'c' among its 3"));
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(ts_safetensors_read(ctx, path, NULL, &b), TS_ERR);
  ck_assert_ptr_nonnull(strstr(message(), "holds 3 tensors; choose one by #name"));
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(ts_safetensors_write(ctx, path, 2, (const char *const[]){"a", "a"}, arrays),
                   TS_ERR);
  for (int i = 0; i < 3; i++)
    ts_array_drop(ctx, &arrays[i]);
  ck_assert_int_eq(unlink(path), 0);
  teardown();
}
END_TEST

static size_t st_file(char *out, const char *json, size_t data_bytes) {
  size_t n = strlen(json);
  for (int i = 0; i < 8; i++)
    out[i] = (char)(n >> 8 * i);
  memcpy(out + 8, json, n);
  memset(out + 8 + n, 0, data_bytes);
  return 8 + n + data_bytes;
}

#define W(shape, begin, end)                                                                       \
  "\"w\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static const struct {
  const char *json;
  size_t data_bytes;
  const char *message; /* after "w: "; NULL: it is read */
} st_cases[] = {
    {"{" W("[2,3]", "0", "24") "}", 24, NULL},
    {"{\"__metadata__\":{\"format\":\"pt\"}," W("[2,3]", "0", "24") "}   ", 24, NULL},
    {"{" W("[]", "0", "4") "}", 4, NULL},
    {"{" W("[0,5]", "0", "0") "}", 0, NULL},
    {"{}", 0, "holds 0 tensors; choose one by #name"},
    {"", 0, "the header is not JSON: byte 0: '[' or '{' expected near end of file"},
    {"[]", 0, "the header should be a JSON object"},
    {"{\"w\":1}", 0, "tensor 'w': should have exactly dtype, shape and data_offsets"},
    {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4,
     "tensor 'w': should have exactly dtype, shape and data_offsets"},
    {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":0}}", 4,
     "tensor 'w': should have exactly dtype, shape and data_offsets"},
    {"{" W("[2]", "0", "8") "," W("[2]", "0", "8") "}", 8,
     "the header is not JSON: byte 57: duplicate object key near '\"w\"'"},
    {"{\"w\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     "tensor 'w': the dtype should be a string such as \"F32\""},
    {"{\"w\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     "tensor 'w': unknown dtype \"F31\""},
    {"{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "tensor 'w': dtype U8 has no counterpart here; F64 F32 F16 BF16 I64 I32 I8 and BOOL do, so convert it first, "
     "as with t.to(torch.int32)"},
    {"{" W("2", "0", "8") "}", 8, "tensor 'w': the shape should be an array"},
    {"{" W("[-2]", "0", "8") "}", 8, "tensor 'w': an extent should be an integer of at least 0"},
    {"{" W("[2.0]", "0", "8") "}", 8, "tensor 'w': an extent should be an integer of at least 0"},
    {"{" W("[4611686018427387904,4611686018427387904]", "0", "8") "}", 8,
     "tensor 'w': its size is past int64"},
    {"{" W("[9999999999999999999]", "0", "8") "}", 8,
     "the header is not JSON: byte 48: too big integer near '9999999999999999999'"},
    {"{" W("[1000000,1000000]", "0", "8") "}", 8,
     "tensor 'w': dtype and shape call for 4000000000000 bytes, its offsets for 8"},
    {"{" W("[2]", "0", "12") "}", 12,
     "tensor 'w': dtype and shape call for 8 bytes, its offsets for 12"},
    {"{" W("[2]", "8", "0") "}", 8, "tensor 'w': offsets 8 to 0 do not lie in the 8 bytes of data"},
    {"{" W("[2]", "-8", "0") "}", 8,
     "tensor 'w': offsets -8 to 0 do not lie in the 8 bytes of data"},
    {"{" W("[2]", "4", "12") "}", 8,
     "tensor 'w': offsets 4 to 12 do not lie in the 8 bytes of data"},
    {"{" W("[2]", "0", "\"8\"") "}", 8, "tensor 'w': data_offsets should be two integers"},
    {"{" W("[2]", "0", "8,8") "}", 8, "tensor 'w': data_offsets should be two integers"},
    {"{" W("[2]", "4", "12") "}", 12, "tensor 'w': a hole lies before its data"},
    {"{" W("[2]", "0", "8") "}", 9, "1 bytes of data belong to no tensor"},
    {"{" W("[2]", "0", "8") ",\"v\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[6,8]}}", 8,
     "tensors 'w' and 'v' overlap"},
    {"{\"__metadata__\":{\"a\":1}," W("[2]", "0", "8") "}", 8,
     "__metadata__ should be an object of strings"},
    {"{\"__metadata__\":[]," W("[2]", "0", "8") "}", 8,
     "__metadata__ should be an object of strings"},
    {"{" W("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4,
     "tensor 'w': rank 17 is over 16"},
};

START_TEST(safetensors_headers) {
  char file[512];
  setup();
  ts_context_set_memory_cap(ctx, 1 << 16);
  for (size_t i = 0; i < ts_countof(st_cases); i++) {
    ts_array a;
    size_t n = st_file(file, st_cases[i].json, st_cases[i].data_bytes);
    ts_result r = ts_safetensors_read_bytes(ctx, "w", file, n, NULL, &a);
    if (st_cases[i].message) {
      ck_assert_int_eq(r, TS_ERR);
      ck_assert_str_eq(message(), ts_sprintf(&ctx->messages, "w: %s", st_cases[i].message));
    } else {
      ck_assert_msg(r == TS_OK, "%s: %s", st_cases[i].json, message());
    }
    ts_array_drop(ctx, &a);
    ts_context_clear_diagnostics(ctx);
  }
  teardown();
}
END_TEST

START_TEST(safetensors_lengths) {
  ts_array a;
  setup();
  ck_assert_int_eq(ts_safetensors_read_bytes(ctx, "w", "\2\0\0", 3, NULL, &a), TS_ERR);
  ck_assert_str_eq(message(), "w: not a safetensors file, which starts with 8 bytes of length");
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(
      ts_safetensors_read_bytes(ctx, "w", "\377\377\377\377\377\377\377\377{}", 10, NULL, &a),
      TS_ERR);
  ck_assert_str_eq(message(),
                   "w: a header of 18446744073709551615 bytes is announced, but only 2 follow");
  teardown();
}
END_TEST

START_TEST(paths_that_cannot_be_read) {
  ts_array a;
  setup();
  ck_assert_int_eq(ts_array_read(ctx, "no/such.npy", &a), TS_ERR);
  ck_assert_str_eq(message(), "no/such.npy: cannot be opened: No such file or directory");
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(ts_array_read(ctx, "no/such.txt", &a), TS_ERR);
  ck_assert_str_eq(message(), "no/such.txt: cannot be opened: No such file or directory");
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(ts_npy_read(ctx, "/", &a), TS_ERR);
  ck_assert_str_eq(message(), "/: not a regular file");
  ts_context_clear_diagnostics(ctx);
  ck_assert_int_eq(ts_array_read(ctx, "/etc/passwd", &a), TS_ERR);
  ck_assert_str_eq(message(), "/etc/passwd: neither a .npy nor a .safetensors file");
  teardown();
}
END_TEST

static void expect_write_failure(const char *path, const char *reason) {
  ts_array a;
  ck_assert_int_eq(ts_array_parse(ctx, "20000xf64=1", &a), TS_OK);
  ck_assert_int_eq(ts_npy_write(ctx, path, &a), TS_ERR);
  ck_assert_msg(strstr(message(), reason) != NULL, "%s", message());
  ts_context_clear_diagnostics(ctx);
  ts_array_drop(ctx, &a);
}

/* A file size limit stands for a full disk; the old contents stay. */
START_TEST(failed_writes_leave_the_old_file) {
  char text[8] = "";
  struct rlimit old, small;
  setup();
  const char *path = path_of("y.npy");
  FILE *f = fopen(path, "w");
  ck_assert(f && fputs("old", f) >= 0 && fclose(f) == 0);
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &old);
  small = (struct rlimit){4096, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  expect_write_failure(path, "cannot be written: File too large");
  setrlimit(RLIMIT_FSIZE, &old);
  f = fopen(path, "r");
  ck_assert(f && fgets(text, sizeof text, f) && fclose(f) == 0);
  ck_assert_str_eq(text, "old");
  ck_assert_int_eq(unlink(path), 0);
  expect_write_failure("/dev/full", "/dev/full: cannot be written: No space left on device");
  expect_write_failure("/no/such/dir/y.npy", "cannot be written: No such file or directory");
  expect_write_failure("-", "an array is not written to standard output; name a file");
  expect_write_failure("/", "/: cannot be written: Is a directory");
  teardown();
}
END_TEST

START_TEST(links_and_modes_stay) {
  ts_array a;
  struct stat st;
  char link_path[300];
  setup();
  snprintf(link_path, sizeof link_path, "%s", path_of("link.npy"));
  ck_assert_int_eq(symlink("target.npy", link_path), 0);
  ck_assert_int_eq(close(creat(path_of("target.npy"), 0600)), 0);
  ck_assert_int_eq(ts_array_parse(ctx, "f32=1", &a), TS_OK);
  ck_assert_int_eq(ts_npy_write(ctx, link_path, &a), TS_OK);
  ck_assert(lstat(link_path, &st) == 0 && S_ISLNK(st.st_mode));
  ck_assert(stat(path_of("target.npy"), &st) == 0 && st.st_size == 132);
  ck_assert(unlink(link_path) == 0 && unlink(path_of("target.npy")) == 0);
  ts_array_drop(ctx, &a);
  teardown();
}
END_TEST

/* Every request for memory fails once, then all after it: an error, and nothing leaks (the memory
 * account and the sanitizers see to that). */
START_TEST(refused_memory_is_an_error) {
  char file[512];
  setup();
  size_t n = npy_file(file, "{" F4 "'shape': (2, 3)}", 24),
         m = st_file(file + 256, "{" W("[2]", "0", "8") "}", 8);
  for (unsigned i = 1; i < 4; i++) {
    ts_array a, b;
    ctx->memory.fail_after = i;
    ts_result npy = ts_npy_read_bytes(ctx, "x", file, n, &a);
    ts_result st = ts_safetensors_read_bytes(ctx, "w", file + 256, m, NULL, &b);
    ctx->memory.fail_after = 0;
    ck_assert_int_eq(npy, i == 1 ? TS_LIMIT : TS_OK);
    ck_assert_int_eq(st, i <= 2 ? TS_LIMIT : TS_OK);
    ts_array_drop(ctx, &a);
    ts_array_drop(ctx, &b);
    ts_context_clear_diagnostics(ctx);
  }
  teardown();
}
END_TEST

UNIT_MAIN("files", npy_dicts_that_are_read, npy_dicts_that_are_refused, npy_leads_that_are_refused,
          fortran_order_and_swapped_bytes, fortran_order_in_many_chunks, files_read_back,
          several_tensors_in_one_file, safetensors_headers, safetensors_lengths,
          paths_that_cannot_be_read, failed_writes_leave_the_old_file, links_and_modes_stay,
          refused_memory_is_an_error)
