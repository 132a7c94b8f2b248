/* The C emitter: the helpers that emitted code calls. Those of the prelude (ts_vmath.h) are printed
 * as they are; the others are templates (c_helpers.def), expanded for the types that a program
 * uses, each once, after those that it calls itself. What the prelude has for some number of lanes
 * serves the others: wider vectors are halved until they fit, narrower ones widened. */
#include <ctype.h>
#include <inttypes.h>

#include "emit/c_emit.h"
#include "emit/prelude.h"

struct ts_c_helper {
  const char *text;
};

typedef enum { ANY, DIRECT, WHOLE, HALF, F16, BF16, I1 } element_kind;

typedef struct template {
  const char *name;
  unsigned arity;
  ts_c_base to;
  const char *scalar, *vector;
  const char *meaning; /* of ir/scalar.def, in place of `scalar` */
}
template;

static const template templates[] = {
#define HELPER(name, arity, to, scalar, vector) {name, arity, to, scalar, vector, NULL},
#define VECTOR(name, vector) {name, 0, TS_C_NUM_BASES, NULL, vector, NULL},
#define CONVERSION(name, to) {name, 1, to, NULL, "", ts_fptosi_meaning},
#define MEMORY(...)
#define PLAIN(...)
#include "emit/c_helpers.def"
#undef HELPER
#undef VECTOR
#undef CONVERSION
#undef MEMORY
};

static const struct {
  const char *name;
  element_kind kind;
  const char *text;
} memory_templates[] = {
#define HELPER(...)
#define VECTOR(...)
#define CONVERSION(...)
#define MEMORY(name, kind, text) {name, kind, text},
#include "emit/c_helpers.def"
#undef MEMORY
#undef PLAIN
};

static const struct {
  const char *name, *text;
} plain_templates[] = {
#define MEMORY(...)
#define PLAIN(name, text) {name, text},
#include "emit/c_helpers.def"
#undef HELPER
#undef VECTOR
#undef CONVERSION
#undef MEMORY
#undef PLAIN
};

/* What a template is expanded for. */
typedef struct use {
  ts_c_rep rep;
  int64_t lanes;
  ts_dtype dtype; /* in memory */
  const char *c_name;
  ts_c_rep to;
  ts_c_rep other; /* half a vector, or a wider one */
} use;

/* ---- the prelude ---- */

static int section_of(const char *name, size_t n) {
  for (unsigned i = 0; i < ts_num_prelude_sections; i++)
    if (strlen(ts_prelude_sections[i].name) == n &&
        memcmp(ts_prelude_sections[i].name, name, n) == 0)
      return (int)i;
  return -1;
}

static void want_section(ts_c_emit *e, const char *name, size_t n) {
  int i = section_of(name, n);
  if (i < 0 || e->sections[i]) return;
  e->sections[i] = true;
  for (const char *need = ts_prelude_sections[i].needs; *need;) {
    size_t length = strcspn(need, " ");
    want_section(e, need, length);
    need += length + (need[length] == ' ');
  }
}

bool ts_c_use_section(ts_c_emit *e, const char *name) {
  want_section(e, name, strlen(name));
  return section_of(name, strlen(name)) >= 0;
}

void ts_c_print_sections(ts_c_emit *e) {
  for (unsigned i = 0; i < ts_num_prelude_sections; i++)
    if (e->sections[i]) ts_c_printf(e, "\n%s", ts_prelude_sections[i].text);
}

/* The lanes of the prelude's form of `name` that serves a vector of `r`, or half of `r` where it
 * takes several; 0 when it has none. */
static int64_t lanes_of_section(ts_c_emit *e, const char *name, ts_c_rep r) {
  int64_t least = 0, most = 0;
  for (int64_t lanes = 2; lanes <= 16; lanes *= 2) {
    const char *full =
        ts_sprintf(e->arena, "ts_%s_%s", name, ts_c_suffix(e, (ts_c_rep){r.base, lanes}));
    if (section_of(full, strlen(full)) < 0) continue;
    least = least ? least : lanes;
    most = lanes;
  }
  return r.lanes > most && most ? r.lanes / 2 : r.lanes < least ? least : 0;
}

/* ---- expansion ---- */

static void add(ts_c_emit *e, ts_c_out *out, const char *text) {
  ts_c_out_add(e->arena, out, text, strlen(text));
}

static void add_vector_of_unsigned(ts_c_emit *e, ts_c_out *out, const use *u) {
  add(e, out, ts_c_unsigned_vector(e, u->rep));
}

static void add_repeated(ts_c_emit *e, ts_c_out *out, const char *what, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    if (i) add(e, out, i % 16 == 0 ? ",\n      " : ", ");
    add(e, out, what);
  }
}

static void add_counted(ts_c_emit *e, ts_c_out *out, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    add(e, out, ts_sprintf(e->arena, "%s%" PRId64, i % 16 ? ", " : i ? ",\n      " : "", i));
}

/* loadups512, cvtd2mask512 */
static void add_avx512(ts_c_emit *e, ts_c_out *out, char which, const use *u) {
  static const char *const moves[] = {
      [TS_C_F64] = "upd",   [TS_C_F32] = "ups",   [TS_C_I64] = "dqudi",
      [TS_C_I32] = "dqusi", [TS_C_I16] = "dquhi", [TS_C_I8] = "dquqi"};
  unsigned bytes = ts_c_base_bytes(u->rep.base);
  const char *move = which == 'K' ? moves[u->rep.base]
                     : bytes == 8 ? "q2mask"
                     : bytes == 4 ? "d2mask"
                     : bytes == 2 ? "w2mask"
                                  : "b2mask";
  add(e, out, ts_sprintf(e->arena, "%s%" PRId64, move, u->rep.lanes * bytes * 8));
}

/* What the compilers' builtins call a lane. */
static const char *builtin_lane(ts_c_base b) {
  static const char *const names[] = {
      [TS_C_F64] = "double", [TS_C_F32] = "float", [TS_C_I64] = "long long",
      [TS_C_I32] = "int",    [TS_C_I16] = "short", [TS_C_I8] = "char"};
  return names[b];
}

static void add_variable(ts_c_emit *e, ts_c_out *out, char which, const use *u) {
  ts_c_rep one = {u->rep.base, 0}, one_to = {u->to.base, 0};
  switch (which) {
  case 'F': add(e, out, u->c_name); break;
  case 'T': add(e, out, ts_c_type(e, u->rep)); break;
  case 'S': add(e, out, ts_c_type(e, one)); break;
  case 'U': add(e, out, ts_c_unsigned(u->rep.base)); break;
  case 'V': add_vector_of_unsigned(e, out, u); break;
  case 'M': add(e, out, ts_c_type(e, ts_c_mask_of(u->rep))); break;
  case 'R': add(e, out, ts_c_type(e, u->to)); break;
  case 'r': add(e, out, ts_c_type(e, one_to)); break;
  case 'E': add(e, out, ts_c_memory_type(u->dtype)); break;
  case 'L': add(e, out, u->rep.base == TS_C_F32 ? "f" : ""); break;
  case 'B': add(e, out, u->rep.base == TS_C_F32 ? "double" : "long double"); break;
  case 'l': add(e, out, u->rep.base == TS_C_F32 ? "" : "l"); break;
  case 'b': add(e, out, ts_sprintf(e->arena, "%u", 8 * ts_c_base_bytes(u->to.base))); break;
  case 'N': add(e, out, ts_sprintf(e->arena, "%" PRId64, u->lanes)); break;
  case 'P': add(e, out, ts_sprintf(e->arena, "%" PRId64, u->rep.lanes)); break;
  case 'H': add(e, out, ts_c_type(e, u->other)); break;
  case 'x': add_repeated(e, out, "x", u->rep.lanes); break;
  case 'c': add(e, out, builtin_lane(u->rep.base)); break;
  case 'm': add(e, out, builtin_lane(ts_c_mask_of(u->rep).base)); break;
  case 'K':
  case 'k': add_avx512(e, out, which, u); break;
  case 'Q': add(e, out, ts_sprintf(e->arena, "%" PRId64, u->rep.lanes * 16)); break;
  case 'i': add_counted(e, out, u->rep.lanes); break;
  default: ts_unreachable("a template names an unknown variable");
  }
}

static bool is_name(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/* The helper that the text names after one of @ ` ^ !; returns where the name ends. */
static const char *add_helper(ts_c_emit *e, ts_c_out *out, const char *at, const use *u) {
  const char *end = at + 1;
  while (is_name(*end))
    end++;
  const char *name = ts_strndup(e->arena, at + 1, (size_t)(end - at - 1));
  ts_c_rep one = {*at == '^' ? TS_C_F64 : u->rep.base, 0};
  if (*at == '!')
    add(e, out, ts_c_helper_name(e, name, u->other, u->other.lanes, u->dtype));
  else if (*at == '@')
    add(e, out, ts_c_helper_name(e, name, u->rep, u->lanes, u->dtype));
  else
    add(e, out, ts_c_helper_name(e, name, one, 0, u->dtype));
  return end;
}

static const char *expand(ts_c_emit *e, const char *text, const use *u) {
  ts_c_out out = {0};
  for (const char *p = text; *p;) {
    if (*p == '$') {
      add_variable(e, &out, p[1], u);
      p += 2;
    } else if (*p == '@' || *p == '`' || *p == '^' || (*p == '!' && p[1] >= 'a' && p[1] <= 'z')) {
      p = add_helper(e, &out, p, u);
    } else {
      ts_c_out_add(e->arena, &out, p++, 1);
    }
  }
  return out.at;
}

/* What a word of ir/scalar.def is in C for other compilers; a, b, c and numbers are themselves. */
static const char *word_of_meaning(ts_c_emit *e, const char *word, size_t n) {
  static const struct {
    const char *word, *text;
  } words[] = {{"T", "$r"},
               {"U", "$U"},
               {"LEAST", "INT$b_MIN"},
               {"MOST", "INT$b_MAX"},
               {"signbit", "__builtin_signbit"},
               {"fabs", "__builtin_fabs$L"},
               {"rint", "__builtin_rint$L"},
               {"sqrt", "__builtin_sqrt$L"}};
  for (size_t i = 0; i < ts_countof(words); i++)
    if (strlen(words[i].word) == n && memcmp(words[i].word, word, n) == 0) return words[i].text;
  return ts_strndup(e->arena, word, n);
}

const char *ts_c_scalar_helper(ts_c_emit *e, ts_scalar scalar, bool on_int) {
  const ts_scalar_info *row = &ts_scalar_infos[scalar];
  ts_opcode op = on_int ? row->on_int : row->on_float;
  if (op == TS_NUM_OPCODES) return "";
  bool shared = row->on_float == row->on_int;
  return ts_sprintf(e->arena, "%s%s", ts_op_infos[op].name, shared && on_int ? "i" : "");
}

/* Puts in what the row of ir/scalar.def says whose op on floats or on integers has the helper's name. */
static bool find_meaning(ts_c_emit *e, template *t) {
  for (size_t i = 0; i < TS_NUM_SCALARS; i++) {
    const ts_scalar_info *row = &ts_scalar_infos[i];
    for (unsigned on_int = 0; on_int < 2; on_int++) {
      t->meaning = on_int ? row->int_meaning : row->float_meaning;
      t->arity = row->arity;
      if (t->meaning && strcmp(ts_c_scalar_helper(e, (ts_scalar)i, on_int), t->name) == 0)
        return true;
    }
  }
  return false;
}

/* A function that returns the meaning, as a template. */
static const char *by_meaning(ts_c_emit *e, const template *t) {
  static const char *const params[] = {"", "$S a", "$S a, $S b", "$S a, $S b, $S c"};
  ts_c_out out = {0};
  add(e, &out, ts_sprintf(e->arena, "TS_HELPER $r $F(%s) {\n  return ", params[t->arity]));
  for (const char *p = t->meaning; *p;) {
    size_t n = 1;
    if (isalpha((unsigned char)*p)) {
      while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
      add(e, &out, word_of_meaning(e, p, n));
    } else {
      ts_c_out_add(e->arena, &out, p, 1);
    }
    p += n;
  }
  add(e, &out, ";\n}\n");
  return out.at;
}

/* A vector form made of the scalar one. */
static const char *lane_by_lane(ts_c_emit *e, const template *t) {
  static const char *const params[] = {"", "$T a", "$T a, $T b", "$T a, $T b, $T c"};
  static const char *const args[] = {"", "a[l]", "a[l], b[l]", "a[l], b[l], c[l]"};
  return ts_sprintf(e->arena,
                    "TS_HELPER $R $F(%s) {\n  $R r = {0};\n  for (int l = 0; l < $N; l++)\n"
                    "    r[l] = `%s(%s);\n  return r;\n}\n",
                    params[t->arity], t->name, args[t->arity]);
}

/* A vector form made of the prelude's for more or fewer lanes. */
static const char *by_section(ts_c_emit *e, const template *t, bool halves) {
  static const char *const params[] = {"", "$T a", "$T a, $T b", "$T a, $T b, $T c"};
  static const char *const args[] = {"", "x[h]", "x[h], y[h]", "x[h], y[h], z[h]"};
  static const char *const parts[] = {"", "x[%d]", "x[%d], y[%d]", "x[%d], y[%d], z[%d]"};
  static const char *const copies[] = {"  memcpy(x, &a, sizeof a);\n",
                                       "  memcpy(y, &b, sizeof b);\n",
                                       "  memcpy(z, &c, sizeof c);\n"};
  int n = halves ? 2 : 1;
  const char *declared = ts_sprintf(e->arena, parts[t->arity], n, n, n), *copied = "";
  for (unsigned i = 0; i < t->arity; i++)
    copied = ts_sprintf(e->arena, "%s%s", copied, copies[i]);
  return ts_sprintf(e->arena,
                    "TS_HELPER $T $F(%s) {\n  $H %s;\n%s%s  for (int h = 0; h < %d; h++)\n"
                    "    x[h] = !%s(%s);\n  memcpy(&a, x, sizeof a);\n  return a;\n}\n",
                    params[t->arity], declared, halves ? "" : "  memset(x, 0, sizeof x);\n", copied,
                    n, t->name, args[t->arity]);
}

/* ---- requests ---- */

/* A vector that AVX-512 moves under a mask. */
static bool is_whole(const use *u) {
  int64_t bytes = u->lanes * ts_dtype_bytes(u->dtype);
  bool as_it_lies = !ts_c_narrow(u->dtype) || ts_c_is_packed(u->rep);
  return u->lanes == u->rep.lanes && as_it_lies && u->dtype != TS_I1 &&
         (bytes == 16 || bytes == 32 || bytes == 64);
}

static bool is_half(const use *u) {
  return u->lanes == u->rep.lanes && ts_c_narrow(u->dtype) && !ts_c_is_packed(u->rep) &&
         (u->lanes == 8 || u->lanes == 16);
}

static bool find_template(ts_c_emit *e, const char *name, template *out) {
  *out = (template){.name = name, .to = TS_C_NUM_BASES, .vector = ""};
  for (size_t i = 0; i < ts_countof(templates); i++)
    if (strcmp(templates[i].name, name) == 0) *out = templates[i];
  return out->scalar || out->meaning || find_meaning(e, out);
}

static const char *text_of(ts_c_emit *e, const char *name, use *u) {
  template t;
  if (find_template(e, name, &t)) {
    u->to = u->rep;
    u->other = (ts_c_rep){u->rep.base, ts_c_padded(u->lanes)};
    if (t.to != TS_C_NUM_BASES) u->to.base = t.to;
    if (u->rep.lanes == 0) return t.meaning ? by_meaning(e, &t) : t.scalar;
    if (t.vector[0]) return t.vector;
    int64_t lanes = lanes_of_section(e, name, u->rep);
    u->other = (ts_c_rep){u->rep.base, lanes};
    return lanes ? by_section(e, &t, lanes < u->rep.lanes) : lane_by_lane(e, &t);
  }
  static const element_kind kinds[TS_NUM_DTYPES] = {
      [TS_F64] = DIRECT, [TS_F32] = DIRECT, [TS_F16] = F16, [TS_BF16] = BF16,   [TS_I64] = DIRECT,
      [TS_I32] = DIRECT, [TS_I8] = DIRECT,  [TS_I1] = I1,   [TS_INDEX] = DIRECT};
  for (size_t i = 0; i < ts_countof(memory_templates); i++) {
    element_kind k = memory_templates[i].kind;
    element_kind kind = ts_c_is_packed(u->rep) ? DIRECT : kinds[u->dtype];
    bool whole = (k == WHOLE && is_whole(u)) || (k == HALF && is_half(u));
    if (strcmp(memory_templates[i].name, name) != 0 || !(k == ANY || k == kind || whole)) continue;
    if (whole) ts_c_use_section(e, "ts_builtin");
    return memory_templates[i].text;
  }
  ts_unreachable("no helper has this name");
}

static bool is_memory(const char *name) {
  for (size_t i = 0; i < ts_countof(memory_templates); i++)
    if (strcmp(memory_templates[i].name, name) == 0) return true;
  return false;
}

/* Does what the lanes past the last hold make a difference? */
static bool counts_lanes(const char *name) {
  static const char *const those[] = {"divi", "remi", "reduce_", "zero_lane", "outside", "repeat"};
  for (size_t i = 0; i < ts_countof(those); i++)
    if (strncmp(name, those[i], strlen(those[i])) == 0) return true;
  return is_memory(name);
}

/* ts_maxf_f32x16, ts_repeat3_f32x16, ts_load_bf16x16, ts_load_i1x16_as_i32. */
static const char *name_of(ts_c_emit *e, const char *name, const use *u) {
  if (strcmp(name, "repeat") == 0)
    return ts_sprintf(e->arena, "ts_repeat%" PRId64 "_%s", u->lanes, ts_c_suffix(e, u->rep));
  if (!is_memory(name)) {
    ts_c_rep r = u->rep;
    if (r.lanes) r.lanes = u->lanes;
    return ts_sprintf(e->arena, "ts_%s_%s", name, ts_c_suffix(e, r));
  }
  if (u->rep.lanes == 0)
    return ts_sprintf(e->arena, "ts_%.*s_%s", (int)(strchr(name, '_') - name), name,
                      ts_dtype_name(u->dtype));
  const char *as = u->dtype == TS_I1 || ts_c_is_packed(u->rep)
                       ? ts_c_suffix(e, (ts_c_rep){u->rep.base, 0})
                       : NULL;
  return ts_sprintf(e->arena, "ts_%s_%sx%" PRId64 "%s%s", name,
                    ts_dtype_name(u->dtype == TS_INDEX ? TS_I64 : u->dtype), u->lanes,
                    as ? "_as_" : "", as ? as : "");
}

static bool known(ts_c_emit *e, const char *c_name) {
  return ts_ptrmap_get(&e->helper_of, (void *)(uintptr_t)ts_intern(&e->m->strings, c_name)) != NULL;
}

static void push(ts_c_emit *e, const char *c_name, const char *text) {
  ts_c_helper *h = ts_new(e->arena, ts_c_helper);
  h->text = text;
  ts_ptrmap_put(&e->helper_of, (void *)(uintptr_t)ts_intern(&e->m->strings, c_name), h);
  ts_push(e->arena, &e->helpers, h);
}

const char *ts_c_helper_name(ts_c_emit *e, const char *name, ts_c_rep r, int64_t lanes,
                             ts_dtype dtype) {
  use u = {.rep = r, .lanes = counts_lanes(name) ? lanes : r.lanes, .dtype = dtype};
  u.c_name = name_of(e, name, &u);
  if (ts_c_use_section(e, u.c_name) || known(e, u.c_name)) return u.c_name;
  const char *text = text_of(e, name, &u);
  push(e, u.c_name, expand(e, text, &u));
  return u.c_name;
}

const char *ts_c_plain_helper(ts_c_emit *e, const char *name) {
  const char *c_name = ts_sprintf(e->arena, "ts_%s", name);
  for (size_t i = 0; i < ts_countof(plain_templates) && !known(e, c_name); i++)
    if (strcmp(plain_templates[i].name, name) == 0) push(e, c_name, plain_templates[i].text);
  return c_name;
}

ts_c_text ts_c_call_helper(ts_c_emit *e, const char *name, ts_c_rep r, int64_t lanes, ts_dtype d,
                           const char *args) {
  return ts_c_expr(e, TS_C_ATOM, "%s(%s)", ts_c_helper_name(e, name, r, lanes, d), args);
}

void ts_c_print_helpers(ts_c_emit *e) {
  for (size_t i = 0; i < e->helpers.n; i++)
    ts_c_printf(e, "\n%s", e->helpers.at[i]->text);
}
