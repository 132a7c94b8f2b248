/* Values without a file: generated from a seed, or read from text.
 *
 * Element i of the array `name` comes from SplitMix64 (Steele, Lea & Flood 2014) as a hash: its
 * mixer applied to key + i · golden ratio, where the key mixes the seed with an FNV-1a hash of the
 * name. The normal numbers are Box & Muller's (1958), two to a pair of hashes. Logarithm, sine and
 * cosine are computed here with + - * / and sqrt alone, which IEEE 754 defines to the last bit, so
 * that files made on one machine match those of another. */
#include <math.h>

#include "ir/scalar.h"
#include "data/array.h"

static const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static uint64_t make_key(uint64_t seed, const char *name) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (; *name; name++)
    h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
  return mix(mix(seed + golden) ^ h);
}

static uint64_t hash_at(uint64_t key, uint64_t i) { return mix(key + (i + 1) * golden); }

/* In [0, 1), of as many bits as the type holds, so that rounding cannot reach 1. */
static double unit_of_bits(uint64_t h, int bits) {
  return ldexp((double)(h >> (64 - bits)), -bits);
}
static double unit(uint64_t h) { return (double)(h >> 11) * 0x1p-53; }

/* ln u for normal u in (0, 1]: u = 2^e · m with m in [√½, √2), and ln m = 2 artanh((m - 1)/(m +
 * 1)). */
static double plain_log(double u) {
  static const double terms[] = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11,
                                 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3,  1.0};
  uint64_t bits;
  memcpy(&bits, &u, sizeof bits);
  int e = (int)(bits >> 52) - 1023;
  bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(0x3ff) << 52;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    e++;
  }
  double s = (m - 1) / (m + 1), q = s * s, sum = 0;
  for (unsigned k = 0; k < ts_countof(terms); k++)
    sum = sum * q + terms[k];
  return (double)e * 0.69314718055994531 + 2 * s * sum;
}

/* cos(2πv) and sin(2πv) for v in [0, 1): the nearest quarter turn is taken off exactly, and the
 * rest, at most π/4, goes into Taylor's series. */
static void plain_turn(double v, double *cosine, double *sine) {
  static const double cos_steps[] = {-1.0 / 240, -1.0 / 182, -1.0 / 132, -1.0 / 90,
                                     -1.0 / 56,  -1.0 / 30,  -1.0 / 12,  -1.0 / 2};
  static const double sin_steps[] = {-1.0 / 272, -1.0 / 210, -1.0 / 156, -1.0 / 110,
                                     -1.0 / 72,  -1.0 / 42,  -1.0 / 20,  -1.0 / 6};
  int quarter = (int)(4 * v + 0.5);
  double x = (v - 0.25 * quarter) * 6.2831853071795865, q = x * x;
  double c = 0, s = 0;
  for (unsigned k = 0; k < ts_countof(cos_steps); k++) {
    c = (c + 1) * (q * cos_steps[k]);
    s = (s + 1) * (q * sin_steps[k]);
  }
  c += 1;
  s = x * (s + 1);
  switch (quarter & 3) {
  case 0: *cosine = c, *sine = s; break;
  case 1: *cosine = -s, *sine = c; break;
  case 2: *cosine = -c, *sine = -s; break;
  default: *cosine = s, *sine = -c; break;
  }
}

/* Elements 2i and 2i + 1. */
static void normal_pair(uint64_t key, uint64_t i, double out[2]) {
  double radius = sqrt(-2 * plain_log(1 - unit(hash_at(key, 2 * i)))), c, s;
  plain_turn(unit(hash_at(key, 2 * i + 1)), &c, &s);
  out[0] = radius * c;
  out[1] = radius * s;
}

static void fill_normal(ts_array *a, int64_t n, uint64_t key, double scale) {
  bool is_float = ts_is_float(a->dtype);
  double pair[2];
  for (int64_t i = 0; i < n; i++) {
    if (i % 2 == 0) normal_pair(key, (uint64_t)i / 2, pair);
    double x = scale * pair[i % 2];
    ts_array_set(a, i, is_float ? x : rint(8 * x));
  }
}

static void fill_uniform(ts_array *a, int64_t n, uint64_t key, double scale) {
  int bits = a->dtype == TS_F64 ? 53 : a->dtype == TS_F32 ? 24 : a->dtype == TS_F16 ? 11 : 8;
  for (int64_t i = 0; i < n; i++) {
    uint64_t h = hash_at(key, (uint64_t)i);
    if (a->dtype == TS_I1)
      ts_array_set_int(a, i, (int64_t)(h >> 63));
    else if (!ts_is_float(a->dtype))
      ts_array_set(a, i, rint(scale * (double)((int64_t)(h >> 56) - 128)));
    else
      ts_array_set(a, i, scale * unit_of_bits(h, bits));
  }
}

static void fill_iota(ts_array *a, int64_t n) {
  bool is_float = ts_is_float(a->dtype);
  for (int64_t i = 0; i < n; i++) {
    if (is_float)
      ts_array_set(a, i, ts_int_to_float(a->dtype, i));
    else
      ts_array_set_int(a, i, i);
  }
}

void ts_array_fill(ts_array *a, ts_fill fill, double scale, uint64_t seed, const char *name) {
  int64_t n = ts_array_count(a);
  uint64_t key = make_key(seed, name);
  switch (fill) {
  case TS_FILL_ZEROS: memset(a->data, 0, (size_t)n * ts_dtype_bytes(a->dtype)); break;
  case TS_FILL_IOTA: fill_iota(a, n); break;
  case TS_FILL_UNIFORM: fill_uniform(a, n, key, scale); break;
  case TS_FILL_NORMAL: fill_normal(a, n, key, scale); break;
  }
}
