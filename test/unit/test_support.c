/* Memory, maps, interned strings and sinks. */
#include "unit.h"

/* ---- arenas ---- */

START_TEST(arena_memory_is_zeroed_aligned_and_distinct) {
  ts_context *ctx = ts_context_create();
  jmp_buf recover;
  ctx->memory.recover = &recover;
  char *last = NULL;
  for (size_t n = 0; n < 3000; n += 7) {
    char *p = ts_arena_alloc(&ctx->arena, n);
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq((uintptr_t)p % 8, 0);
    for (size_t i = 0; i < n; i++)
      unit_check(p[i] == 0, "byte %zu of %zu", i, n);
    memset(p, 0xff, n);
    ck_assert(n <= 7 || p != last);
    last = p;
  }
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(arena_wastes_under_ten_percent) {
  ts_context *ctx = ts_context_create();
  jmp_buf recover;
  ctx->memory.recover = &recover;
  size_t asked = 0;
  for (int i = 0; i < 1000000; i++) {
    size_t n = 40 + 8 * (size_t)(i % 32);
    ts_arena_alloc(&ctx->arena, n);
    asked += n;
  }
  ck_assert_uint_lt(ctx->memory.used, asked + asked / 10);
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(dropping_an_arena_settles_the_account) {
  ts_context *ctx = ts_context_create();
  jmp_buf recover;
  ctx->memory.recover = &recover;
  ts_arena scratch;
  ts_arena_init(&scratch, &ctx->memory);
  for (size_t n = 1; n < 1 << 20; n *= 3)
    ts_arena_alloc(&scratch, n);
  ck_assert_uint_gt(ctx->memory.used, 0);
  ts_arena_drop(&scratch);
  ck_assert_uint_eq(ctx->memory.used, 0);
  memset(ts_arena_alloc(&scratch, 10), 1, 10); /* usable again */
  ts_arena_drop(&scratch);
  ts_context_destroy(ctx);
}
END_TEST

static ts_result take_a_megabyte(void *ctx) {
  ts_arena_alloc(&((ts_context *)ctx)->arena, 1 << 20);
  return TS_OK;
}

static ts_result take_the_unthinkable(void *ctx) {
  (void)ts_new_array(&((ts_context *)ctx)->arena, uint64_t, SIZE_MAX / 4);
  return TS_OK;
}

START_TEST(the_memory_cap_is_a_limit_with_a_message) {
  ts_context *ctx = ts_context_create();
  ts_context_set_memory_cap(ctx, 3 << 20);
  ck_assert_int_eq(ts_protect(ctx, take_a_megabyte, ctx), TS_OK);
  ck_assert_int_eq(ts_protect(ctx, take_a_megabyte, ctx), TS_OK);
  ck_assert_int_eq(ts_protect(ctx, take_a_megabyte, ctx), TS_LIMIT);
  ck_assert_uint_le(ts_context_memory_peak(ctx), 3 << 20);
  ck_assert_uint_eq(ts_context_num_errors(ctx), 1);
  ck_assert_ptr_nonnull(strstr(ctx->first->message, "limit of 3145728 bytes"));
  ck_assert_int_eq(ts_protect(ctx, take_a_megabyte, ctx), TS_LIMIT); /* again: still one message */
  ck_assert_ptr_null(ctx->first->next);
  ts_context_destroy(ctx);
}
END_TEST

START_TEST(a_size_that_overflows_is_a_limit) {
  ts_context *ctx = ts_context_create();
  ck_assert_int_eq(ts_protect(ctx, take_the_unthinkable, ctx), TS_LIMIT);
  ts_context_destroy(ctx);
}
END_TEST

static ts_result fill_vector(void *arg) {
  ts_context *ctx = arg;
  TS_VEC(int) v = {0};
  TS_VEC(char) other = {0};
  for (int i = 0; i < 10000; i++) {
    ts_push(&ctx->arena, &v, i);
    if (i % 100 == 0) ts_push(&ctx->arena, &other, (char)i);
  }
  for (int i = 0; i < 10000; i++)
    ck_assert_int_eq(v.at[i], i);
  ck_assert_uint_eq(v.n, 10000);
  ck_assert_int_eq(other.at[99], (char)9900);
  return TS_OK;
}

START_TEST(vectors_grow) {
  ts_context *ctx = ts_context_create();
  ck_assert_int_eq(ts_protect(ctx, fill_vector, ctx), TS_OK);
  ts_context_destroy(ctx);
}
END_TEST

/* Every refusal of fill_vector's requests in turn ends in TS_LIMIT, and one more request in
 * TS_OK. */
START_TEST(every_request_can_be_refused) {
  int refusals = 0;
  for (uint64_t n = 1;; n++, refusals++) {
    ts_context *ctx = ts_context_create();
    ctx->memory.fail_after = n;
    ts_result r = ts_protect(ctx, fill_vector, ctx);
    ts_context_destroy(ctx);
    if (r == TS_OK) break;
    ck_assert_int_eq(r, TS_LIMIT);
  }
  ck_assert_int_gt(refusals, 10);
}
END_TEST

/* ---- maps ---- */

static ts_result fill_map(void *arg) {
  ts_context *ctx = arg;
  ts_ptrmap map;
  ts_ptrmap_init(&map, &ctx->arena);
  ck_assert_ptr_null(ts_ptrmap_get(&map, ctx));
  for (uintptr_t i = 1; i <= 100000; i++)
    ts_ptrmap_put(&map, (void *)(i * 48), (void *)i);
  for (uintptr_t i = 1; i <= 100000; i += 2)
    ts_ptrmap_put(&map, (void *)(i * 48), (void *)(i + 1));
  ck_assert_uint_eq(map.n, 100000);
  for (uintptr_t i = 1; i <= 100000; i++)
    unit_check((uintptr_t)ts_ptrmap_get(&map, (void *)(i * 48)) == (i % 2 ? i + 1 : i), "%zu", i);
  ck_assert_ptr_null(ts_ptrmap_get(&map, (void *)7));
  return TS_OK;
}

START_TEST(pointer_maps_hold_and_replace) {
  ts_context *ctx = ts_context_create();
  ck_assert_int_eq(ts_protect(ctx, fill_map, ctx), TS_OK);
  ts_context_destroy(ctx);
}
END_TEST

/* Flipping any one bit of any length flips 20 to 44 of the hash's 64 bits in the mean. */
START_TEST(hashes_depend_on_every_bit) {
  unsigned char text[64];
  for (unsigned i = 0; i < sizeof text; i++)
    text[i] = (unsigned char)(i * 37);
  for (size_t n = 1; n <= sizeof text; n++) {
    uint64_t base = ts_hash(text, n, 5);
    int flipped = 0;
    for (size_t bit = 0; bit < 8 * n; bit++) {
      text[bit / 8] ^= (unsigned char)(1 << bit % 8);
      uint64_t h = ts_hash(text, n, 5);
      text[bit / 8] ^= (unsigned char)(1 << bit % 8);
      ck_assert_uint_ne(h, base);
      flipped += __builtin_popcountll(h ^ base);
    }
    ck_assert_int_gt(flipped, 20 * 8 * (int)n);
    ck_assert_int_lt(flipped, 44 * 8 * (int)n);
    ck_assert_uint_ne(ts_hash(text, n, 6), base);
    ck_assert_uint_ne(ts_hash(text, n - 1, 5), base);
  }
}
END_TEST

/* ---- interned strings ---- */

static ts_result intern_a_million(void *arg) {
  ts_context *ctx = arg;
  ts_interner in;
  ts_interner_init(&in, &ctx->memory, &ctx->arena);
  char *text = ts_arena_alloc(&ctx->arena, 8 << 20), *p = text;
  for (unsigned i = 0; i < 1000000; i++, p += 8) {
    snprintf(p, 8, "%u", i);
    unit_check(ts_intern_n(&in, p, strlen(p), true) == i + 1, "%s", p);
  }
  p = text;
  for (unsigned i = 0; i < 1000000; i++, p += 8) {
    unit_check(ts_intern_find(&in, p, strlen(p)) == i + 1, "%s", p);
    unit_check(in.entries[i].text == p, "stable text is not copied");
  }
  ck_assert_uint_eq(ts_intern_find(&in, "1000000", 7), 0);
  ck_assert_uint_lt(in.entries_cap * 16 + in.slots_cap * 4, 30 * 1000000);
  ts_interner_drop(&in);
  return TS_OK;
}

START_TEST(a_million_names_are_interned) {
  ts_context *ctx = ts_context_create();
  ck_assert_int_eq(ts_protect(ctx, intern_a_million, ctx), TS_OK);
  ts_context_destroy(ctx);
}
END_TEST

static ts_result intern_a_few(void *arg) {
  ts_context *ctx = arg;
  ts_interner in;
  ts_interner_init(&in, &ctx->memory, &ctx->arena);
  ck_assert_uint_eq(ts_intern_find(&in, "x", 1), 0);
  char text[] = "name";
  ts_str name = ts_intern_n(&in, text, 4, false);
  text[0] = 'g';
  ck_assert_uint_eq(ts_intern(&in, "name"), name);
  ck_assert_uint_ne(ts_intern(&in, "game"), name);
  ck_assert_uint_ne(ts_intern(&in, ""), 0);
  ck_assert_uint_ne(ts_intern_n(&in, "na\0e", 4, false), ts_intern_n(&in, "na\0f", 4, false));
  ts_interner_drop(&in);
  return TS_OK;
}

START_TEST(unstable_text_is_copied) {
  ts_context *ctx = ts_context_create();
  ck_assert_int_eq(ts_protect(ctx, intern_a_few, ctx), TS_OK);
  ts_context_destroy(ctx);
}
END_TEST

/* ---- sinks ---- */

static void write_things(ts_sink *s) {
  for (int i = 0; i < 50000; i++) {
    ts_sink_puts(s, "line ");
    ts_sink_int(s, i);
    ts_sink_putc(s, '\n');
  }
  ts_sink_int(s, INT64_MIN);
  ts_sink_printf(s, " %s %0300d", "is the least", 7);
}

START_TEST(a_file_gets_what_a_buffer_gets) {
  ts_sink buffer, file;
  FILE *f = tmpfile();
  ts_sink_buffer(&buffer, NULL);
  ts_sink_file(&file, NULL, f);
  write_things(&buffer);
  write_things(&file);
  ck_assert_int_eq(ts_sink_finish(&buffer), TS_OK);
  ck_assert_int_eq(ts_sink_finish(&file), TS_OK);
  ck_assert_int_eq(buffer.buf[buffer.n], '\0');
  ck_assert_ptr_nonnull(strstr(buffer.buf, "line 49999\n-9223372036854775808 is the least 0000"));
  char *back = malloc(buffer.n + 1);
  rewind(f);
  ck_assert_uint_eq(fread(back, 1, buffer.n + 1, f), buffer.n);
  ck_assert_mem_eq(back, buffer.buf, buffer.n);
  free(back);
  fclose(f);
  ts_sink_drop(&buffer);
  ts_sink_drop(&file);
}
END_TEST

START_TEST(a_full_disk_is_remembered) {
  FILE *f = fopen("/dev/full", "w");
  if (!f) return;
  for (int big = 0; big < 2; big++) {
    ts_sink s;
    ts_sink_file(&s, NULL, f);
    if (big)
      write_things(&s);
    else
      ts_sink_puts(&s, "x");
    ck_assert_int_eq(ts_sink_finish(&s), TS_ERR);
    ts_sink_drop(&s);
    clearerr(f);
  }
  fclose(f);
}
END_TEST

UNIT_MAIN("support", arena_memory_is_zeroed_aligned_and_distinct, arena_wastes_under_ten_percent,
          dropping_an_arena_settles_the_account, the_memory_cap_is_a_limit_with_a_message,
          a_size_that_overflows_is_a_limit, vectors_grow, every_request_can_be_refused,
          pointer_maps_hold_and_replace, hashes_depend_on_every_bit, a_million_names_are_interned,
          unstable_text_is_copied, a_file_gets_what_a_buffer_gets, a_full_disk_is_remembered)
