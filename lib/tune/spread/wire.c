/* Values as bytes, and back. */
#include "tune/spread/wire.h"

#include <math.h>

#include "support/floats.h"

ts_wire ts_wire_write(ts_arena *arena) { return (ts_wire){.arena = arena}; }

ts_wire ts_wire_read(ts_arena *arena, const void *bytes, size_t n) {
  return (ts_wire){
      .arena = arena, .reading = true, .next = bytes, .end = (const uint8_t *)bytes + n};
}

bool ts_wire_is_whole(const ts_wire *w) { return !w->bad && w->next == w->end; }

/* ---- bytes ---- */

static uint8_t take_byte(ts_wire *w) {
  w->bad |= w->next == w->end;
  return w->bad ? 0 : *w->next++;
}

/* Nothing of `bytes` each can be there more often than this. */
static uint64_t most_left(const ts_wire *w, size_t bytes) {
  return (uint64_t)(w->end - w->next) / bytes;
}

static void put(ts_wire *w, const void *bytes, size_t n) {
  for (size_t i = 0; i < n; i++)
    ts_push(w->arena, &w->written, ((const uint8_t *)bytes)[i]);
}

/* ---- numbers ---- */

static void put_number(ts_wire *w, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    ts_push(w->arena, &w->written, (uint8_t)(value | 0x80));
  ts_push(w->arena, &w->written, (uint8_t)value);
}

static uint64_t take_number(ts_wire *w) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    uint8_t byte = take_byte(w);
    uint64_t bits = byte & 0x7f;
    w->bad |= bits << shift >> shift != bits;
    value |= bits << shift;
    if (byte < 0x80) return w->bad ? 0 : value;
  }
  w->bad = true;
  return 0;
}

void ts_wire_number(ts_wire *w, uint64_t *value) {
  if (w->reading)
    *value = take_number(w);
  else
    put_number(w, *value);
}

/* A number of at most `most`. */
static uint64_t number_within(ts_wire *w, uint64_t value, uint64_t most) {
  ts_wire_number(w, &value);
  w->bad |= value > most;
  return w->bad ? 0 : value;
}

static bool flag_of(ts_wire *w, bool value) { return number_within(w, value, 1); }

static double double_of(ts_wire *w, double value) {
  uint64_t bits = ts_double_bits(value);
  uint8_t bytes[8] = {0};
  for (unsigned i = 0; i < 8; i++)
    bytes[i] = w->reading ? take_byte(w) : (uint8_t)(bits >> 8 * i);
  if (!w->reading) {
    put(w, bytes, 8);
    return value;
  }
  bits = 0;
  for (unsigned i = 0; i < 8; i++)
    bits |= (uint64_t)bytes[i] << 8 * i;
  return w->bad ? 0 : ts_bits_double(bits);
}

/* ---- texts ---- */

static const char *take_text(ts_wire *w) {
  uint64_t n = take_number(w);
  if (n == 0 || w->bad) return NULL;
  w->bad |= n - 1 > most_left(w, 1) || memchr(w->next, 0, n - 1);
  if (w->bad) return NULL;
  const char *text = ts_strndup(w->arena, (const char *)w->next, n - 1);
  w->next += n - 1;
  return text;
}

void ts_wire_text(ts_wire *w, const char **text) {
  if (w->reading) {
    *text = take_text(w);
    return;
  }
  size_t n = *text ? strlen(*text) : 0;
  put_number(w, *text ? n + 1 : 0);
  put(w, *text, n);
}

/* ---- trials ---- */

static void wire_samples(ts_wire *w, ts_trial *t) {
  uint64_t most = w->reading ? most_left(w, sizeof(double)) : t->num_samples;
  t->num_samples = (unsigned)number_within(w, t->num_samples, ts_min(most, (uint64_t)UINT32_MAX));
  if (w->reading) t->samples = ts_new_array(w->arena, double, t->num_samples);
  for (unsigned i = 0; i < t->num_samples; i++)
    t->samples[i] = double_of(w, t->samples[i]);
}

static void wire_energy(ts_wire *w, ts_energy *e) {
  e->kind = (ts_energy_kind)number_within(w, e->kind, TS_ENERGY_MODELLED);
  if (e->kind == TS_ENERGY_NONE) return;
  e->joules = double_of(w, e->joules);
  e->low = double_of(w, e->low);
  e->high = double_of(w, e->high);
  ts_wire_text(w, &e->how);
}

/* "" or hex digits; the array holds no more. */
static void wire_code(ts_wire *w, char code[65]) {
  const char *text = code;
  ts_wire_text(w, &text);
  if (!w->reading) return;
  size_t n = text ? strlen(text) : 0;
  w->bad |= n > 64 || (text && strspn(text, "0123456789abcdef") != n);
  memset(code, 0, 65);
  if (!w->bad) memcpy(code, text ? text : "", n);
}

void ts_wire_trial(ts_wire *w, ts_trial *t) {
  if (w->reading) *t = (ts_trial){0};
  t->verdict = (ts_verdict)number_within(w, t->verdict, TS_NUM_VERDICTS - 1);
  ts_wire_text(w, &t->pipeline);
  ts_wire_text(w, &t->reason);
  wire_samples(w, t);
  t->ms.value = double_of(w, t->ms.value);
  t->ms.low = double_of(w, t->ms.low);
  t->ms.high = double_of(w, t->ms.high);
  w->bad |= ts_trial_ok(t) && !(isfinite(t->ms.value) && t->ms.value >= 0);
  wire_energy(w, &t->energy);
  t->error = double_of(w, t->error);
  t->hopeless = flag_of(w, t->hopeless);
  t->duplicate = flag_of(w, t->duplicate);
  wire_code(w, t->code);
  t->pass_seconds = double_of(w, t->pass_seconds);
  t->compile_seconds = double_of(w, t->compile_seconds);
  t->check_seconds = double_of(w, t->check_seconds);
  t->measure_seconds = double_of(w, t->measure_seconds);
  t->clock_mhz = double_of(w, t->clock_mhz);
  t->load = double_of(w, t->load);
  t->when = (int64_t)number_within(w, (uint64_t)t->when, INT64_MAX);
}

/* ---- candidates ---- */

void ts_wire_candidate(ts_wire *w, unsigned num_parameters, ts_candidate *c) {
  ts_choice *point = w->reading ? ts_new_array(w->arena, ts_choice, num_parameters + 1) : NULL;
  for (unsigned i = 0; i < num_parameters; i++) {
    uint64_t choice = number_within(w, point ? 0 : c->point[i], TS_MAX_CHOICES);
    if (point) point[i] = (ts_choice)choice;
  }
  if (point) c->point = point;
  ts_wire_text(w, &c->parameters);
  ts_wire_text(w, &c->pipeline);
  c->watts = double_of(w, c->watts);
  w->bad |= w->reading && !c->parameters;
}
