/* The C emitter: arithmetic. One table says how each op is printed: with an operator of C, or as a
 * call of a helper; what is special about an op has a function of its own below. */
#include <inttypes.h>

#include "emit/c_emit.h"

typedef struct form {
  uint16_t opcode;
  const char *infix; /* between the operands; of one operand, before it; NULL: `helper` is called */
  c_prec prec;
  const char *helper;     /* of floats, or of all */
  const char *int_helper; /* of integers, where both take the op */
} form;

static const form forms[] = {
    {TS_OP_ADDF, "+", C_ADD, NULL, NULL},
    {TS_OP_SUBF, "-", C_ADD, NULL, NULL},
    {TS_OP_MULF, "*", C_MUL, NULL, NULL},
    {TS_OP_DIVF, "/", C_MUL, NULL, NULL},
    {TS_OP_NEGF, "-", C_UNARY, NULL, NULL},
    {TS_OP_ANDI, "&", C_BIT, NULL, NULL},
    {TS_OP_ORI, "|", C_BIT, NULL, NULL},
    {TS_OP_XORI, "^", C_BIT, NULL, NULL},
    {TS_OP_MAXF, NULL, C_ATOM, "maxf", NULL},
    {TS_OP_MINF, NULL, C_ATOM, "minf", NULL},
    {TS_OP_FMA, NULL, C_ATOM, "fma", NULL},
    {TS_OP_ADDI, NULL, C_ATOM, "addi", NULL},
    {TS_OP_SUBI, NULL, C_ATOM, "subi", NULL},
    {TS_OP_MULI, NULL, C_ATOM, "muli", NULL},
    {TS_OP_DIVI, NULL, C_ATOM, "divi", NULL},
    {TS_OP_REMI, NULL, C_ATOM, "remi", NULL},
    {TS_OP_MAXI, NULL, C_ATOM, "maxi", NULL},
    {TS_OP_MINI, NULL, C_ATOM, "mini", NULL},
    {TS_OP_ABS, NULL, C_ATOM, "abs", "absi"},
    {TS_OP_RELU, NULL, C_ATOM, "relu", "relui"},
    {TS_OP_EXP, NULL, C_ATOM, "exp", NULL},
    {TS_OP_LOG, NULL, C_ATOM, "log", NULL},
    {TS_OP_SQRT, NULL, C_ATOM, "sqrt", NULL},
    {TS_OP_RSQRT, NULL, C_ATOM, "rsqrt", NULL},
    {TS_OP_TANH, NULL, C_ATOM, "tanh", NULL},
    {TS_OP_ERF, NULL, C_ATOM, "erf", NULL},
    {TS_OP_SIGMOID, NULL, C_ATOM, "sigmoid", NULL},
    {TS_OP_SILU, NULL, C_ATOM, "silu", NULL},
    {TS_OP_GELU, NULL, C_ATOM, "gelu", NULL},
    {TS_OP_ROUNDEVEN, NULL, C_ATOM, "roundeven", NULL},
};

static const form *form_of(ts_opcode op) {
  for (size_t i = 0; i < ts_countof(forms); i++)
    if (forms[i].opcode == op) return &forms[i];
  return NULL;
}

static ts_dtype dtype_of(const ts_value *v) { return (ts_dtype)v->type->dtype; }

static int64_t lanes_of(const ts_value *v) {
  return v->type->kind == TS_TYPE_VECTOR ? v->type->dims[0] : 0;
}

/* ---- values ---- */

static c_text splat(c_emit *e, c_rep r, c_text x) {
  return c_call_helper(e, "splat", r, r.lanes, TS_F32, x.s);
}

static c_text use_literal(c_emit *e, const ts_value *v, c_rep r) {
  c_text x = c_literal(e, r, dtype_of(v), v->bits);
  return r.lanes ? splat(e, r, x) : x;
}

c_text c_use(c_emit *e, const ts_value *v) {
  if (ts_is_literal(v)) return use_literal(e, v, c_rep_of(e, v));
  const c_text *t = ts_ptrmap_get(&e->values, v);
  return t ? c_nest_value(e, v, *t) : c_atom("0"); /* of an op that was refused */
}

c_text c_use_mask(c_emit *e, const ts_value *v, c_rep like) {
  c_rep want = c_mask_of(like), have = c_rep_of(e, v);
  if (ts_is_literal(v)) return use_literal(e, v, want);
  c_text t = c_use(e, v);
  if (c_same_rep(want, have)) return t;
  return c_expr(e, C_ATOM, "__builtin_convertvector(%s, %s)", t.s, c_type(e, want));
}

c_text c_repack(c_emit *e, c_rep from, c_text x, bool packed) {
  if (c_is_packed(from) == packed) return x;
  return c_call_helper(e, packed ? "pack" : "unpack", from, from.lanes, TS_BF16, x.s);
}

c_text c_use_bf16(c_emit *e, const ts_value *v, bool packed) {
  if (ts_is_literal(v) && packed) return use_literal(e, v, c_packed_rep(v->type));
  return c_repack(e, c_rep_of(e, v), c_use(e, v), packed);
}

/* As an operand of an op whose values are `r`: literals and masks take that form. */
static c_text use_as(c_emit *e, const ts_value *v, c_rep r) {
  if (v->type->kind == TS_TYPE_VECTOR && dtype_of(v) == TS_I1) return c_use_mask(e, v, r);
  return c_use(e, v);
}

/* ---- results ---- */

enum { MAX_INLINE_OPS = 4, MAX_INLINE_TEXT = 72 };

/* Reads the only use better with the expression in its place? */
static bool reads_well(const ts_op *op, c_text t) {
  const ts_value *v = ts_op_result(op, 0);
  const ts_use *u = v->uses;
  if (!ts_has_one_use(v) || u->owner->block != op->block || u->owner->num_regions) return false;
  if ((unsigned)(u - u->owner->operands) >= u->owner->num_plain && op->opcode != TS_OP_APPLY)
    return false;
  return t.ops <= MAX_INLINE_OPS && strlen(t.s) <= MAX_INLINE_TEXT;
}

static void define(c_emit *e, const ts_op *op, c_text t, bool inlined) {
  const ts_value *v = ts_op_result(op, 0);
  c_text *kept = ts_new(e->arena, c_text);
  *kept = t;
  ts_ptrmap_put(&e->values, v, kept);
  if (!ts_has_uses(v) || inlined) return;
  const char *name = c_name(e, v);
  c_stmt(e, "const %s %s = %s;", c_type(e, c_rep_of(e, v)), name, t.s);
  *kept = c_atom(name);
}

/* What is computed later instead depends on nothing that changes in between. */
void c_define(c_emit *e, const ts_op *op, c_text t) {
  define(e, op, t, t.ops == 0 || (ts_has_flag(op, TS_FLAG_PURE) && reads_well(op, t)));
}

enum { LOOK_AHEAD = 16 };

/* Is the value used up, by way of values that are used once, before anything is written? */
static bool is_used_at_once(const ts_op *load) {
  const ts_op *user = load;
  unsigned steps = 0;
  for (const ts_op *op = load; op->num_results && op->block == load->block; op = user) {
    if (!ts_has_one_use(ts_op_result(op, 0)) || steps++ == LOOK_AHEAD) break;
    user = ts_op_result(op, 0)->uses->owner;
    if (!ts_has_flag(user, TS_FLAG_PURE)) break;
  }
  if (user->block != load->block) return false;
  steps = 0;
  for (const ts_op *op = load->next; op != user && steps < LOOK_AHEAD; op = op->next, steps++)
    if (!op || (!ts_has_flag(op, TS_FLAG_PURE) && op->opcode != TS_OP_LOAD)) return false;
  return steps < LOOK_AHEAD;
}

void c_define_load(c_emit *e, const ts_op *op, c_text t) {
  define(e, op, t, reads_well(op, t) && is_used_at_once(op));
}

static c_text with_ops(c_emit *e, const ts_op *op, c_text t) {
  t.ops = 1;
  for (unsigned i = 0; i < op->num_plain; i++)
    t.ops += c_use(e, ts_operand(op, i)).ops;
  return t;
}

/* ---- ops by the table ---- */

static const char *arguments(c_emit *e, const ts_op *op, c_rep r) {
  c_out args = {0};
  for (unsigned i = 0; i < op->num_plain; i++)
    c_list_add(e, &args, ", ", "%s", use_as(e, ts_operand(op, i), r).s);
  return c_list_text(&args);
}

static c_text infix(c_emit *e, const ts_op *op, const form *f, c_rep r) {
  c_prec left = f->prec == C_BIT ? C_UNARY : f->prec;
  c_text a = use_as(e, ts_operand(op, 0), r);
  if (op->num_plain == 1) return c_expr(e, C_UNARY, "%s%s", f->infix, c_paren(e, a, C_ATOM));
  c_text b = use_as(e, ts_operand(op, 1), r);
  return c_expr(e, f->prec, "%s %s %s", c_paren(e, a, left), f->infix,
                c_paren(e, b, f->prec == C_BIT ? C_UNARY : f->prec + 1));
}

/* The float rounded to the narrow type `d`, which is one of them. */
static c_text narrowed(c_emit *e, c_rep r, int64_t lanes, ts_dtype d, const char *x) {
  return c_call_helper(e, ts_sprintf(e->arena, "round_%s", c_narrow(d)), r, lanes, d, x);
}

/* Ops on narrow floats whose result the narrow type holds as it is. */
static bool is_exact(ts_opcode op) {
  return op == TS_OP_NEGF || op == TS_OP_MAXF || op == TS_OP_MINF || op == TS_OP_ABS ||
         op == TS_OP_RELU || op == TS_OP_ROUNDEVEN;
}

/* Is the f64 only ever rounded to a narrower float? */
static bool is_rounded(const ts_value *v) {
  for (const ts_use *u = v->uses; u; u = u->next)
    if (u->owner->opcode != TS_OP_TRUNCF) return false;
  return dtype_of(v) == TS_F64 && ts_has_uses(v);
}

static c_text by_table(c_emit *e, const ts_op *op, const form *f) {
  const ts_value *v = ts_op_result(op, 0);
  c_rep r = c_rep_of(e, v);
  int64_t lanes = lanes_of(v);
  ts_dtype d = dtype_of(v);
  bool narrow = c_narrow(d) != NULL;
  const char *helper = f->int_helper && !c_is_float(r) ? f->int_helper : f->helper;
  if (op->opcode == TS_OP_GELU && ts_attr_word_is(e->m, op, TS_ATTR_APPROX, "tanh"))
    helper = "gelu_tanh";
  else if (op->opcode == TS_OP_GELU && is_rounded(v))
    helper = "gelu_brief";
  if (op->opcode == TS_OP_FMA && narrow) helper = "fma_odd";
  c_text t =
      f->infix ? infix(e, op, f, r) : c_call_helper(e, helper, r, lanes, d, arguments(e, op, r));
  return narrow && !is_exact((ts_opcode)op->opcode) ? narrowed(e, r, lanes, d, t.s) : t;
}

/* The check that a division needs before it. */
static void divide(c_emit *e, const ts_op *op) {
  const ts_value *d = ts_operand(op, 1);
  bool sure = ts_is_literal(d) && d->bits != 0;
  c_rep r = c_rep_of(e, ts_op_result(op, 0));
  c_text t = c_use(e, d);
  if (!sure && r.lanes == 0)
    c_fail_if(e, op, ts_sprintf(e->arena, "%s == 0", c_paren(e, t, C_SHIFT)), TS_FAILURE_DIVISION,
              "0", "0");
  if (!sure && r.lanes) {
    const char *lane = c_unique(e, "lane");
    c_text first = c_call_helper(e, "zero_lane", r, lanes_of(d), TS_F32, t.s);
    c_stmt(e, "const int64_t %s = %s;", lane, first.s);
    c_fail_if(e, op, ts_sprintf(e->arena, "%s >= 0", lane), TS_FAILURE_DIVISION, lane, "0");
  }
}

/* ---- comparisons, choice ---- */

/* A mask orders like the i1 it stands for, 0 before 1, when it is negated. */
static c_text compare(c_emit *e, const ts_op *op) {
  ts_pred pred = ts_op_pred(op);
  c_rep r = c_rep_of(e, ts_op_result(op, 0)), of = c_rep_of(e, ts_operand(op, 0));
  bool masks = r.lanes && dtype_of(ts_operand(op, 0)) == TS_I1;
  if (ts_is_literal(ts_operand(op, 0))) of = c_rep_of(e, ts_operand(op, 1));
  if (masks) of = r;
  const char *a = c_paren(e, use_as(e, ts_operand(op, 0), of), C_SHIFT),
             *b = c_paren(e, use_as(e, ts_operand(op, 1), of), C_SHIFT);
  if (masks) {
    const char *swap = a;
    a = b;
    b = swap;
  }
  c_prec prec = pred == TS_EQ || pred == TS_NE ? C_EQUAL : C_LESS;
  if (r.lanes == 0) return c_expr(e, prec, "%s %s %s", a, ts_pred_symbol(pred), b);
  return c_expr(e, C_UNARY, "(%s)(%s %s %s)", c_type(e, r), a, ts_pred_symbol(pred), b);
}

static c_text choose(c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0), *flag = ts_operand(op, 0);
  c_rep r = c_rep_of(e, v);
  c_text a = use_as(e, ts_operand(op, 1), r), b = use_as(e, ts_operand(op, 2), r);
  if (flag->type->kind == TS_TYPE_SCALAR)
    return c_expr(e, C_COND, "%s ? %s : %s", c_paren(e, c_use(e, flag), C_OR), c_paren(e, a, C_OR),
                  c_paren(e, b, C_OR));
  return c_call_helper(e, "select", r, r.lanes, TS_F32,
                       ts_sprintf(e->arena, "%s, %s, %s", c_use_mask(e, flag, r).s, a.s, b.s));
}

/* ---- conversions ---- */

static c_text converted(c_emit *e, c_rep to, c_text x) {
  if (to.lanes == 0) return c_expr(e, C_UNARY, "(%s)%s", c_type(e, to), c_paren(e, x, C_UNARY));
  return c_expr(e, C_ATOM, "__builtin_convertvector(%s, %s)", x.s, c_type(e, to));
}

/* A mask's lanes are 0 and -1, an i1 counts 0 or 1. */
static c_text counted(c_emit *e, c_rep r, c_text x) {
  return r.lanes ? c_expr(e, C_UNARY, "-%s", c_paren(e, x, C_ATOM)) : x;
}

static c_text to_narrow(c_emit *e, const ts_op *op, c_rep from, c_rep to, ts_dtype d, c_text x) {
  int64_t lanes = lanes_of(ts_op_result(op, 0));
  if (c_is_float(from)) {
    const char *y = from.base == C_F64 ? c_call_helper(e, "odd", from, lanes, d, x.s).s : x.s;
    return narrowed(e, to, lanes, d, y);
  }
  c_rep wide = {C_I64, to.lanes};
  if (!c_same_rep(from, wide)) x = converted(e, wide, x);
  return narrowed(e, to, lanes, d, c_call_helper(e, "odd_i64", wide, lanes, d, x.s).s);
}

static c_text convert(c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0), *in = ts_operand(op, 0);
  c_rep from = c_rep_of(e, in), to = c_rep_of(e, v);
  ts_dtype d = dtype_of(v);
  c_text x = c_use(e, in);
  if (dtype_of(in) == TS_I1) x = counted(e, from, x);
  if (op->opcode == TS_OP_FPTOSI)
    return c_call_helper(e, ts_sprintf(e->arena, "fptosi_%s", c_suffix(e, (c_rep){to.base, 0})),
                         from, lanes_of(v), d, x.s);
  bool rounds = op->opcode == TS_OP_TRUNCF || op->opcode == TS_OP_SITOFP;
  if (rounds && c_narrow(d)) return to_narrow(e, op, from, to, d, x);
  return c_same_rep(from, to) ? x : converted(e, to, x);
}

static bool is_same(c_emit *e, const ts_op *op, c_text t) {
  return op->num_plain == 1 && t.s == c_use(e, ts_operand(op, 0)).s;
}

/* ---- vectors ---- */

static c_text extract(c_emit *e, const ts_op *op) {
  const ts_value *v = ts_operand(op, 0);
  const char *text = c_paren(e, c_use(e, v), C_ATOM);
  int64_t lane = ts_attr_int(op, TS_ATTR_LANE, 0);
  if (dtype_of(v) == TS_I1) return c_expr(e, C_EQUAL, "%s[%" PRId64 "] != 0", text, lane);
  return c_expr(e, C_ATOM, "%s[%" PRId64 "]", text, lane);
}

/* A scalar as what a lane of `r` holds. */
static c_text as_lane(c_emit *e, const ts_value *x, c_rep r) {
  if (dtype_of(x) != TS_I1) return c_use(e, x);
  if (ts_is_literal(x)) return c_literal(e, r, TS_I1, x->bits);
  return c_expr(e, C_UNARY, "-%s", c_paren(e, c_use(e, x), C_ATOM));
}

/* A vector of `from` again and again as one of `r`: small ones as the integers that they fill. */
static c_text repeat_vector(c_emit *e, c_text x, c_rep from, int64_t lanes, c_rep r) {
  int64_t bytes = from.lanes * c_base_bytes(from.base);
  if (c_same_rep(from, r)) return x;
  if (lanes != from.lanes || bytes > 8) return c_call_helper(e, "repeat", r, lanes, TS_F32, x.s);
  c_rep whole = {bytes == 8   ? C_I64
                 : bytes == 4 ? C_I32
                 : bytes == 2 ? C_I16
                              : C_I8,
                 r.lanes / from.lanes};
  const char *name = ts_sprintf(e->arena, "bits_%s", c_suffix(e, (c_rep){whole.base, 0}));
  c_text bits = c_call_helper(e, name, from, from.lanes, TS_F32, x.s);
  return c_expr(e, C_UNARY, "(%s)%s", c_type(e, r), splat(e, whole, bits).s);
}

static c_text repeat(c_emit *e, const ts_value *v, c_rep r) {
  if (v->type->kind == TS_TYPE_SCALAR) return splat(e, r, as_lane(e, v, r));
  if (ts_is_literal(v)) return use_literal(e, v, r);
  c_rep from = {r.base, c_padded(v->type->dims[0])};
  c_text x = dtype_of(v) == TS_BF16 ? c_use_bf16(e, v, c_is_packed(r)) : use_as(e, v, from);
  return repeat_vector(e, x, from, v->type->dims[0], r);
}

/* The factors take the sum's form: a group of lanes in each of its. */
static c_text dot(c_emit *e, const ts_op *op) {
  c_rep r = c_rep_of(e, ts_op_result(op, 0));
  const char *type = c_type(e, r), *name = "dot_bf16";
  const char *factors[2];
  for (unsigned i = 0; i < 2; i++) {
    const ts_value *v = ts_operand(op, i);
    c_text x = dtype_of(v) == TS_BF16 ? c_use_bf16(e, v, true) : c_use(e, v);
    factors[i] = c_expr(e, C_UNARY, "(%s)%s", type, c_paren(e, x, C_UNARY)).s;
  }
  if (dtype_of(ts_operand(op, 0)) == TS_I8)
    name = ts_attr_find(op, TS_ATTR_UNSIGNED) ? "dot_u8" : "dot_i8";
  return c_call_helper(e, name, r, r.lanes, TS_F32,
                       ts_sprintf(e->arena, "%s, %s, %s", factors[0], factors[1],
                                  use_as(e, ts_operand(op, 2), r).s));
}

static c_text insert(c_emit *e, const ts_op *op) {
  c_rep r = c_rep_of(e, ts_op_result(op, 0));
  return c_call_helper(e, "insert", r, r.lanes, TS_F32,
                       ts_sprintf(e->arena, "%s, %s, %" PRId64, as_lane(e, ts_operand(op, 0), r).s,
                                  use_as(e, ts_operand(op, 1), r).s,
                                  ts_attr_int(op, TS_ATTR_LANE, 0)));
}

static c_text reduce(c_emit *e, const ts_op *op) {
  const ts_value *v = ts_operand(op, 0);
  c_rep r = c_rep_of(e, v);
  const char *narrow = c_narrow(dtype_of(v));
  const char *name = narrow          ? ts_sprintf(e->arena, "reduce_add_%s", narrow)
                     : c_is_float(r) ? "reduce_add"
                                     : "reduce_addi";
  return c_call_helper(e, name, r, lanes_of(v), dtype_of(v), c_use(e, v).s);
}

static c_text lanes_below(c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0);
  c_rep r = c_rep_of(e, v);
  const char *name = r.base == C_I8 && r.lanes > INT8_MAX ? "lanes_below_each" : "lanes_below";
  return c_call_helper(e, name, r, lanes_of(v), TS_I1, c_affine(e, op, op->map->exprs[0]).s);
}

static c_text constant(c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0);
  const ts_data *data = ts_attr_find(op, TS_ATTR_VALUE)->data;
  ts_dtype d = dtype_of(v);
  c_rep r = c_rep_of(e, v);
  if (data->form == TS_DATA_FILE) {
    c_refuse(e, op->loc, "a register constant cannot come from a file; a `global` can");
    return c_atom("0");
  }
  c_text first = c_literal(e, r, d, ts_number_load(d, data->bytes));
  if (r.lanes == 0) return first;
  if (data->form == TS_DATA_SPLAT) return splat(e, r, first);
  c_out list = {0};
  for (int64_t i = 0; i < lanes_of(v); i++) {
    uint64_t image = ts_number_load(d, (const char *)data->bytes + (size_t)i * ts_dtype_bytes(d));
    c_list_add(e, &list, ", ", "%s", c_literal(e, r, d, image).s);
  }
  return c_expr(e, C_ATOM, "(%s){%s}", c_type(e, r), c_list_text(&list));
}

void c_arith(c_emit *e, const ts_op *op) {
  const form *f = form_of((ts_opcode)op->opcode);
  const ts_value *v = ts_op_result(op, 0);
  c_rep r = c_rep_of(e, v);
  c_text t;
  if (op->opcode == TS_OP_DIVI || op->opcode == TS_OP_REMI) divide(e, op);
  if (!ts_has_uses(v)) return;
  switch (op->opcode) {
  case TS_OP_APPLY: t = c_affine(e, op, op->map->exprs[0]); break;
  case TS_OP_CONST: t = constant(e, op); break;
  case TS_OP_CMPF:
  case TS_OP_CMPI: t = compare(e, op); break;
  case TS_OP_SELECT: t = choose(e, op); break;
  case TS_OP_EXTF:
  case TS_OP_TRUNCF:
  case TS_OP_SITOFP:
  case TS_OP_FPTOSI:
  case TS_OP_EXTSI:
  case TS_OP_TRUNCI: t = convert(e, op); break;
  case TS_OP_SPLAT: t = repeat(e, ts_operand(op, 0), r); break;
  case TS_OP_DOT: t = dot(e, op); break;
  case TS_OP_LANES_BELOW: t = lanes_below(e, op); break;
  case TS_OP_EXTRACT: t = extract(e, op); break;
  case TS_OP_INSERT: t = insert(e, op); break;
  case TS_OP_REDUCE_ADD: t = reduce(e, op); break;
  default:
    if (!f) {
      c_refuse(e, op->loc, "`%s` has no form in C; the loop VM runs it (ts-run --engine=loop)",
               ts_info(op)->name);
      return;
    }
    t = by_table(e, op, f);
  }
  c_define(e, op, op->num_plain == 0 || is_same(e, op, t) ? t : with_ops(e, op, t));
}
