/* Any bytes as a space: messages that can be shown, or text that reads and prints the same, and points that go to
 * numbers, to text and to pipelines and back. */
#include <math.h>

#include "fuzz.h"
#include "tune/space/space.h"

typedef struct fuzz_space {
  ts_context *ctx;
  const uint8_t *data;
  size_t size;
} fuzz_space;

static const ts_target machine = {.name = "fuzz",
                                  .vector_bits = 512,
                                  .vector_registers = 32,
                                  .l1_bytes = 49152,
                                  .l2_bytes = 1 << 20,
                                  .threads = 2};
static const ts_extent_value extents[] = {{"M", 512}, {"K", 768}, {"N", 1}};

static ts_result parse(fuzz_space *f, const char *text, size_t n, ts_tune_space **out) {
  const ts_tune_space_setting setting = {
      .target = &machine, .num_extents = 3, .extents = extents, .most_nodes = 500};
  ts_source *source = ts_new(&f->ctx->arena, ts_source);
  *source = (ts_source){"fuzz.space", ts_strndup(&f->ctx->arena, text, n), n, 1};
  f->ctx->source = source;
  ts_result r = ts_source_check(f->ctx, source);
  return r == TS_OK ? ts_tune_space_parse(f->ctx, &f->ctx->arena, source, &setting, out) : r;
}

static void print(ts_sink *s, const ts_tune_space *space) {
  ts_sink_buffer(s, NULL);
  ts_tune_space_print(s, space);
  if (ts_sink_finish(s) != TS_OK) abort();
}

static void check_round_trip(fuzz_space *f, const ts_tune_space *space) {
  ts_tune_space *again = NULL;
  ts_sink first, second;
  print(&first, space);
  if (parse(f, first.buf, first.n, &again) != TS_OK) {
    fprintf(stderr, "what was printed does not read:\n%.*s\n", (int)first.n, first.buf);
    abort();
  }
  print(&second, again);
  if (first.n != second.n || memcmp(first.buf, second.buf, first.n) != 0) abort();
  ts_sink_drop(&first);
  ts_sink_drop(&second);
}

static void check_point(fuzz_space *f, const ts_tune_space *space, const ts_domain *domain,
                        uint64_t number) {
  ts_choice point[TS_MAX_PARAMETERS], read[TS_MAX_PARAMETERS];
  uint64_t back;
  ts_domain_point(domain, number, point);
  if (!ts_domain_number(domain, point, &back) || back != number) abort();
  const char *text = ts_domain_point_text(domain, &f->ctx->arena, point);
  if (ts_domain_read_point(f->ctx, domain, text, read) != TS_OK) abort();
  if (domain->n && memcmp(point, read, domain->n * sizeof *point) != 0) abort();
  (void)ts_tune_space_pipeline(space, &f->ctx->arena, point);
  if (ts_tune_space_terms_of(space).has_power && !isfinite(ts_tune_space_power(space, point)))
    abort();
}

static ts_result read_space(void *arg) {
  fuzz_space *f = arg;
  ts_tune_space *space;
  ts_domain domain;
  ts_result r = parse(f, (const char *)f->data, f->size, &space);
  if (r) return r;
  check_round_trip(f, space);
  r = ts_tune_space_domain(f->ctx, &f->ctx->arena, space, &domain);
  if (r) return r;
  check_point(f, space, &domain, 0);
  if (domain.count < UINT64_MAX) check_point(f, space, &domain, domain.count - 1);
  return TS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_space f = {.ctx = fuzz_context(FUZZ_MEMORY), .data = data, .size = size};
  ts_result r = ts_protect(f.ctx, read_space, &f);
  for (const ts_diag *d = NULL; (d = ts_diagnostic_next(f.ctx, d));)
    if (!*ts_diagnostic_text(f.ctx, d)) abort();
  fuzz_finish(f.ctx, r);
  return 0;
}
