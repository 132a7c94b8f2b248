/* What to write instead: advice for what comes from other languages (NumPy, PyTorch, MLIR, Triton) or from
 * habit. Each rule looks at the text around a token that the grammar did not expect, and gives a whole
 * message or NULL. */
#include "support/spelling.h"
#include "syntax/parse_advice_impl.h"

#define SAY(s, ...) ts_sprintf(&(s)->p->scratch, __VA_ARGS__)

typedef struct entry {
  const char *word, *advice;
} entry;

static const char *find(const entry *at, size_t n, const char *word) {
  for (size_t i = 0; i < n; i++)
    if (!strcmp(at[i].word, word)) return at[i].advice;
  return NULL;
}

/* ---- the text around ---- */

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static const char *skip_blanks(const char *at) {
  while (*at == ' ' || *at == '\t')
    at++;
  return at;
}

/* Letters, digits and '_' from `at` on. */
static const char *word_from(const ts_surprise *s, const char *at) {
  size_t n = 0;
  while (is_letter(at[n]) || is_digit(at[n]))
    n++;
  return ts_strndup(&s->p->scratch, at, n);
}

/* What stands behind the value at the surprise, and behind subscripts that it has. */
static const char *after_value(const ts_surprise *s) {
  const char *at = ts_parser_skip_name(s->at + 1);
  if (*at == '[')
    while (*at && *at != '\n' && *at++ != ']')
      continue;
  return skip_blanks(at);
}

/* An opening bracket on the line of `end` that is not closed before it; NUL: none. */
static char open_bracket(const ts_surprise *s, const char *end) {
  int round = 0, square = 0;
  for (const char *at = end; at > s->p->base && at[-1] != '\n'; at--) {
    round += at[-1] == ')' ? 1 : at[-1] == '(' ? -1 : 0;
    square += at[-1] == ']' ? 1 : at[-1] == '[' ? -1 : 0;
    if (round < 0 || square < 0) return round < 0 ? '(' : '[';
  }
  return '\0';
}

/* The word that the line of the surprise begins with. */
static const char *first_word(const ts_surprise *s) {
  const char *at = s->at;
  while (at > s->p->base && at[-1] != '\n')
    at--;
  return word_from(s, skip_blanks(at));
}

static bool wants(const ts_surprise *s, unsigned what) { return (s->wants & what) != 0; }

/* The op called `name`, or NULL. */
static const char *op_here(const char *name) {
  for (int i = 0; i < TS_NUM_OPCODES; i++)
    if (!strcmp(ts_op_infos[i].name, name)) return ts_op_infos[i].name;
  return NULL;
}

static const entry dtypes[] = {
    {"float", "f32"},   {"float32", "f32"}, {"fp32", "f32"},      {"single", "f32"},
    {"float64", "f64"}, {"fp64", "f64"},    {"double", "f64"},    {"float16", "f16"},
    {"fp16", "f16"},    {"half", "f16"},    {"bfloat16", "bf16"}, {"bfloat", "bf16"},
    {"int", "i32"},     {"int32", "i32"},   {"s32", "i32"},       {"int64", "i64"},
    {"long", "i64"},    {"s64", "i64"},     {"int8", "i8"},       {"s8", "i8"},
    {"char", "i8"},     {"bool", "i1"},     {"boolean", "i1"},    {"size_t", "index"},
    {"F32", "f32"},     {"F64", "f64"},     {"F16", "f16"},       {"BF16", "bf16"},
    {"I32", "i32"},     {"I64", "i64"},     {"I8", "i8"},
};

static bool is_dtype(const char *word) {
  for (ts_dtype d = 0; d < TS_NUM_DTYPES; d++)
    if (!strcmp(ts_dtype_name(d), word)) return true;
  return false;
}

/* ---- marks ---- */

static const char *of_marks(const ts_surprise *s) {
  const char *at = s->at;
  if (at[0] == '#' && wants(s, TS_WANTS_TOP) && is_letter(at[1]))
    return "there are no named maps: an affine expression stands where it is used, as in %A[%i * 4 + %j]";
  if (at[0] == '#') return "a comment begins with //, not with '#'";
  if (at[0] == '/' && at[1] == '*')
    return "a comment begins with // and ends with its line; there is no /* … */";
  if (at[0] == ';') return "nothing stands between ops: leave out the ';'";
  if (at[0] == '"') return "words, and the names of ops, stand without quotes";
  if (at[0] == '$' && is_letter(at[1]))
    return SAY(s, "a value's name begins with %%: %%%s", word_from(s, at + 1));
  if (at[0] == '(' && wants(s, TS_WANTS_WORD) && wants(s, TS_WANTS_TYPE))
    return "a list stands in brackets: [1, 0]";
  if (at[0] == '[' && s->end_before[-1] == ']')
    return "subscripts stand in one pair of brackets: %A[%i, %j]";
  if (at[0] == '-' && at[1] == '>' && !wants(s, TS_WANTS_ARROW))
    return "'->' stands only in a function's head; the type of a result stands behind ':'";
  if (at[0] == '.' && wants(s, TS_WANTS_SYMBOL))
    return SAY(s, "MLIR's '%s.%s' is '%s' here", s->before, word_from(s, at + 1), s->before);
  return NULL;
}

/* ---- loops and conditions ---- */

static bool is_on_line_of(const ts_surprise *s, const char *word) {
  return !s->new_line && !strcmp(first_word(s), word);
}

/* Stands `to` between the beginning of the line and the surprise? */
static bool has_to(const ts_surprise *s) {
  for (const char *at = s->at; at > s->p->base && at[-1] != '\n'; at--)
    if (!strncmp(at, " to ", 4)) return true;
  return false;
}

static const char *of_loop(const ts_surprise *s) {
  if (!strcmp(s->before, "for")) {
    if (is_letter(*s->at))
      return SAY(s, "a loop's variable begins with %%: for %%%s = 0 to 16", s->found);
    return SAY(s, "a loop is written 'for %s = 0 to 16 step 2 {'", *s->at == '%' ? s->found : "%i");
  }
  const char *dots = s->at + strspn(s->at, "0123456789");
  if (dots > s->at && dots[0] == '.' && dots[1] == '.' && wants(s, TS_WANTS_INDEX))
    return SAY(s, "the ends of a loop are joined by 'to': %.*s to %s", (int)(dots - s->at), s->at,
               word_from(s, dots + 2));
  if (*s->at == '=' && !strcmp(s->before, "step")) return "a step is written without '=': step 2";
  if (is_on_line_of(s, "for") && wants(s, TS_WANTS_TO) && !has_to(s))
    return "'to' stands between a loop's ends: for %i = 0 to 16 {";
  if (*s->at == ':' && is_on_line_of(s, "for"))
    return "a loop's marks stand without ':': for %i = 0 to 16 parallel {";
  return NULL;
}

static const char *of_condition(const ts_surprise *s) {
  bool begins = !strcmp(s->before, "if") || !strcmp(s->before, "and");
  bool compares =
      *s->at == '<' || *s->at == '>' || (*s->at && strchr("!=", *s->at) && s->at[1] == '=');
  if ((*s->at == '%' && begins && *after_value(s) == '=') ||
      (*s->at == '=' && wants(s, TS_WANTS_RELATION)))
    return "a comparison for equality is written '=='";
  if (compares && wants(s, TS_WANTS_OPERATOR) && open_bracket(s, s->end_before) == '(')
    return "a condition stands without parentheses: if %i < 4 and %j < 8 {";
  if (compares && !strncmp(s->before, "cmp", 3))
    return SAY(s, "the relation is a word: %s lt, %%a, %%b; there are eq ne lt le gt ge",
               s->before);
  bool condition = is_on_line_of(s, "if");
  if (compares && !condition && s->end_before != s->at && !wants(s, TS_WANTS_TYPE))
    return "a comparison is an op of its own: %c = cmpf lt, %a, %b";
  if (!condition) return NULL;
  if (*s->at == '&') return "conditions are joined by 'and'";
  if (*s->at == '|' || !strcmp(s->found, "or"))
    return "only 'and' joins conditions; for 'or' write two ifs, or 'ori' of i1 values";
  if (*s->at == '!' || !strcmp(s->found, "not"))
    return "there is no 'not': turn the comparison round, < into >=";
  if (*s->at == ':' || !strcmp(s->found, "then"))
    return "a condition is followed by its block: if %i < 4 {";
  return NULL;
}

static const char *of_index(const ts_surprise *s) {
  if (wants(s, TS_WANTS_OPERATOR)) {
    if (*s->at == '%' && is_digit(s->end_before[-1]) && s->at == s->end_before)
      return SAY(s, "a product is written with '*': %s * %s", s->found, s->before);
    if (s->found[0] == '%' && !s->found[1]) return "a remainder is written 'mod': %i mod 4";
    if (*s->at == '/') return "a quotient is written 'floordiv' or 'ceildiv': %i floordiv 4";
  }
  if (wants(s, TS_WANTS_INDEX) && !wants(s, TS_WANTS_SHAPE) && *s->at >= 'a' && *s->at <= 'z')
    return SAY(s, "a value's name begins with %%: %%%s", s->found);
  return NULL;
}

/* ---- values ---- */

/* Types, and names of ops, where none belongs. */
static const char *of_stray_word(const ts_surprise *s) {
  bool type = is_letter(*s->at) && (strchr(s->found, '<') || is_dtype(s->found));
  if (type && s->p->scopes.n && !wants(s, TS_WANTS_TYPE | TS_WANTS_TOP))
    return SAY(s, "a type stands at the op's end, behind ':': … : %s%s", s->found,
               strchr(s->found, '<') ? "…>" : "");
  if (wants(s, TS_WANTS_VALUE) && !wants(s, TS_WANTS_OP) && !wants(s, TS_WANTS_INDEX) &&
      op_here(s->found))
    return SAY(s, "an op is no operand: give its result a name, %%r = %s …, and use that",
               s->found);
  bool ending = *s->at && strchr("fFdhlLuUij", *s->at);
  if (ending && s->at == s->end_before && is_digit(s->at[-1]))
    return "a number has no ending: its type is that of the op";
  return NULL;
}

static const char *of_sign(const ts_surprise *s) {
  if (*s->at == '@' && wants(s, TS_WANTS_OP))
    return SAY(s, "a function is called by 'call %s(…)'", s->found);
  if (is_digit(*s->at) && wants(s, TS_WANTS_OP) && !s->new_line)
    return SAY(s, "a number is the op 'const %s : f32'", s->found);
  bool sign = *s->at == '-' && s->at[1] == '%' && wants(s, TS_WANTS_OP);
  if (sign || (*s->at == '%' && s->end_before[-1] == '-' && s->at == s->end_before))
    return "a sign is an op of its own: 'neg' of a tensor, 'negf' of a number";
  return NULL;
}

/* The op for an operator between values of this type. */
static const char *operator_op(const ts_type *t, const char *at) {
  static const struct {
    char sign;
    const char *tensor, *real, *integer;
  } ops[] = {{'@', "matmul", "matmul", "matmul"},
             {'+', "add", "addf", "addi"},
             {'-', "sub", "subf", "subi"},
             {'*', "mul", "mulf", "muli"},
             {'/', "div", "divf", "divi"}};
  for (size_t i = 0; i < ts_countof(ops); i++) {
    if (ops[i].sign != *at) continue;
    if (!t || t->kind == TS_TYPE_TENSOR) return ops[i].tensor;
    return ts_is_float(t->dtype) ? ops[i].real : ops[i].integer;
  }
  return NULL;
}

static const char *end_of_operand(const char *at) {
  size_t n = strcspn(at, " \t\r\n;:)");
  return at + n;
}

static const char *of_expression(const ts_surprise *s) {
  if (!wants(s, TS_WANTS_OP) || wants(s, TS_WANTS_STATEMENT) || *s->at != '%') return NULL;
  const char *sign = after_value(s), *rhs = skip_blanks(sign + (*sign != '\0'));
  const ts_value *v = ts_parser_find(s->p, s->found + 1, strlen(s->found) - 1);
  const char *op = operator_op(v ? v->type : NULL, sign);
  if (op)
    return SAY(s, "an op stands before its operands: %s %s, %.*s", op, s->found,
               (int)(end_of_operand(rhs) - rhs), rhs);
  if (*sign == '<' || *sign == '>') return "a comparison is an op of its own: %c = cmpf lt, %a, %b";
  const char *dot = strrchr(s->found, '.');
  if (dot && op_here(dot + 1))
    return SAY(s, "an op stands before its operands: %s %.*s", dot + 1, (int)(dot - s->found),
               s->found);
  if (s->at[strlen(s->found)] == '[') return SAY(s, "an element is read by 'load %s[…]'", s->found);
  return SAY(s, "after '=' stands an op, such as 'relu %s'", s->found);
}

static const char *of_assignment(const ts_surprise *s) {
  if (!wants(s, TS_WANTS_STATEMENT) || *s->at != '%' || !s->new_line) return NULL;
  const char *behind = after_value(s);
  if (s->at[strlen(s->found)] == '[')
    return SAY(s, "an element is written by 'store %%value, %s[…]'", s->found);
  if (behind[0] == ':' && is_digit(behind[1]))
    return SAY(s, "results are named one by one: %s, %%other = …", s->found);
  if (behind[0] == ':' && behind[1] != '=')
    return SAY(s, "the type stands at the op's end: %s = … : f32", s->found);
  if ((behind[0] == ':' || behind[0] == '=') && behind[1] == '=')
    return SAY(s, "a result is defined by '=' alone: %s = …", s->found);
  if (behind[0] && strchr("+-*/", behind[0]) && behind[1] == '=')
    return SAY(s, "a value is defined once: %%next = an op of %s; sums are kept in a buffer",
               s->found);
  return NULL;
}

static const char *of_comma(const ts_surprise *s) {
  bool operand = *s->at == '%' || is_digit(*s->at) || (*s->at == '-' && is_digit(s->at[1]));
  bool listed = wants(s, TS_WANTS_COMMA) && !wants(s, TS_WANTS_RELATION);
  bool call = operand && !s->new_line && s->end_before - s->p->base > (long)strlen(s->before) &&
              s->end_before[-(long)strlen(s->before) - 1] == '@';
  if (call)
    return SAY(s, "the operands of a call stand in parentheses: call @%s(%s)", s->before, s->found);
  if (operand && !s->new_line && listed) return SAY(s, "a comma is missing before '%s'", s->found);
  return NULL;
}

static const char *of_bracket(const ts_surprise *s) {
  bool ends = s->new_line || *s->at == '}' || *s->at == '{' || *s->at == ':' || *s->at == ')' ||
              *s->at == ']';
  char open = ends ? open_bracket(s, s->end_before) : '\0';
  if (open == '(' && *s->at != ')' && *s->at != ':') return "a ')' is missing before this";
  if (open == '[' && *s->at != ']') return "a ']' is missing before this";
  return NULL;
}

static const char *of_name(const ts_surprise *s) {
  if (!is_letter(*s->at)) return NULL;
  if (wants(s, TS_WANTS_WORD) && (!strcmp(s->found, "out") || !strcmp(s->found, "inout")))
    return SAY(s, "a parameter's role stands in front of its type: %%A: %s memref<16xf32>",
               s->found);
  if (wants(s, TS_WANTS_SYMBOL) && !wants(s, TS_WANTS_OP))
    return SAY(s, "a function's or global's name begins with @: @%s", s->found);
  if (wants(s, TS_WANTS_VALUE) && !wants(s, TS_WANTS_OP | TS_WANTS_WORD | TS_WANTS_TYPE))
    return strchr(s->found, '<') ? "a parameter is written name first: %x: tensor<4x8xf32>"
                                 : SAY(s, "a value's name begins with %%: %%%s", s->found);
  return NULL;
}

/* ---- attributes ---- */

static const entry attr_synonyms[] = {
    {"dim", "axis"},         {"dims", "axis"},          {"axes", "axis"},
    {"keepdim", "keepdims"}, {"keep_dims", "keepdims"}, {"keep_dim", "keepdims"},
    {"dtype", "acc"},        {"accumulator", "acc"},    {"epsilon", "eps"},
    {"permutation", "perm"}, {"order", "perm"},         {"approximate", "approx"},
    {"activation", "act"},   {"zp", "zero_point"},      {"zeropoint", "zero_point"},
};

const char *ts_attr_nearest(const char *word) {
  const char *synonym = find(attr_synonyms, ts_countof(attr_synonyms), word);
  if (synonym) return synonym;
  ts_nearest near = ts_nearest_to(word);
  for (int i = 0; i < TS_NUM_ATTRS; i++)
    if (ts_attr_infos[i].where == TS_IN_BRACES) ts_nearest_offer(&near, ts_attr_infos[i].name);
  return near.best;
}

static const char *attr_here(const char *word) {
  if (ts_parser_is_attr(word, strlen(word))) return word;
  return find(attr_synonyms, ts_countof(attr_synonyms), word);
}

/* `axis = 1` or `keepdims` without braces. */
static const char *of_attribute(const ts_surprise *s) {
  bool at_sign = *s->at == '=' && s->at[1] != '=';
  const char *word = at_sign ? s->before : s->found;
  const char *key = is_letter(*word) ? attr_here(word) : NULL;
  if (!key || s->new_line || wants(s, TS_WANTS_TYPE)) return NULL;
  const char *sign = at_sign ? s->at : skip_blanks(s->at + strlen(s->found));
  if (*sign != '=') return SAY(s, "attributes stand in braces: {%s}", key);
  const char *value = skip_blanks(sign + 1);
  int n = (int)(*value == '[' ? strcspn(value, "]\n") + 1 : strcspn(value, " \t\r\n,:;)]}"));
  return SAY(s, "attributes stand in braces: {%s = %.*s}", key, n, value);
}

/* ---- types ---- */

static const char all_dtypes[] = "the scalar types are f64 f32 f16 bf16 i64 i32 i8 i1 index";

static const char *of_shape(const ts_surprise *s) {
  const char *word = word_from(s, s->at);
  if (*s->at == '?')
    return "an extent that is not known yet has a name in capitals: tensor<Nx8xf32>";
  if (*s->at == '-') return "an extent is a positive number, or a name in capitals";
  size_t name = strspn(word, "abcdefghijklmnopqrstuvwyz");
  if (name && word[name] == 'x' && !strchr("fb", word[0]) &&
      (is_letter(word[name + 1]) || is_digit(word[name + 1]))) {
    char *upper = ts_strndup(&s->p->scratch, word, name);
    for (size_t i = 0; i < name; i++)
      upper[i] = (char)(upper[i] & ~32);
    return SAY(s, "a symbolic extent is written in capitals: %s", upper);
  }
  return "a shape is its extents and the element's type, joined by x: tensor<4x8xf32>";
}

static const char *of_type(const ts_surprise *s) {
  if (!wants(s, TS_WANTS_TYPE)) return wants(s, TS_WANTS_SHAPE) ? of_shape(s) : NULL;
  if (wants(s, TS_WANTS_WORD)) return NULL; /* the value of an attribute */
  const char *word = word_from(s, s->at), *here = find(dtypes, ts_countof(dtypes), word);
  bool unsigned_int = word[0] == 'u' && (!strncmp(word, "uint", 4) || is_digit(word[1]));
  if (here) return SAY(s, "there is no type '%s'; write '%s'", word, here);
  if (unsigned_int)
    return SAY(s, "there is no type '%s': integers are signed; %s", word, all_dtypes);
  if (is_letter(*word) && is_digit(word[1]))
    return SAY(s, "there is no type '%s'; %s", word, all_dtypes);
  if (wants(s, TS_WANTS_SHAPE)) return of_shape(s);
  if (*s->at == '(') return "after ':' stand the types of the results alone, without the operands'";
  if (*s->at == 't' || *s->at == 'm' || *s->at == 'v') {
    static const char *const shaped[] = {"tensor", "memref", "vector"};
    for (size_t i = 0; i < ts_countof(shaped); i++)
      if (!strcmp(word, shaped[i])) return SAY(s, "the type is written %s<8xf32>", word);
  }
  if (is_letter(*s->at))
    return SAY(
        s, "there is no type '%s'; types are f32, tensor<4x8xf32>, memref<4x8xf32>, vector<8xf32>",
        word);
  return NULL;
}

static const char *of_result_type(const ts_surprise *s) {
  if (wants(s, TS_WANTS_ARROW) && *s->at != '{' && !s->new_line)
    return *s->at == ':' || is_letter(*s->at) ? "'->' stands before the type of a function's result"
                                              : NULL;
  bool dtype = is_letter(*s->before) && is_digit(s->before[strlen(s->before) - 1]);
  if (*s->at == '[' && dtype)
    return SAY(s, "a tensor's type is written with its shape in front: tensor<4x8x%s>", s->before);
  return NULL;
}

/* ---- ops ---- */

#define NONE(what) "there is no op for it; " what
static const entry foreign_ops[] = {
    {"mean", "write 'reduce_mean %x {axis = 1}'"},
    {"sum", "write 'reduce_sum %x {axis = 1}'"},
    {"amax", "write 'reduce_max %x {axis = 1}'"},
    {"amin", "write 'reduce_min %x {axis = 1}'"},
    {"pow", "write 'mul %x, %x' for a square, 'exp' of 'mul %y, %l' with %l = 'log %x' otherwise"},
    {"power",
     "write 'mul %x, %x' for a square, 'exp' of 'mul %y, %l' with %l = 'log %x' otherwise"},
    {"square", "write 'mul %x, %x'"},
    {"argmax",
     NONE("'reduce_max' gives the largest element, and a loop function can keep its place")},
    {"argmin",
     NONE("'reduce_min' gives the smallest element, and a loop function can keep its place")},
    {"sin", NONE("functions are exp, log, sqrt, rsqrt, tanh, erf, sigmoid")},
    {"cos", NONE("functions are exp, log, sqrt, rsqrt, tanh, erf, sigmoid")},
    {"tan", NONE("functions are exp, log, sqrt, rsqrt, tanh, erf, sigmoid")},
    {"floor", NONE("'roundeven' rounds to the nearest integer")},
    {"ceil", NONE("'roundeven' rounds to the nearest integer")},
    {"round", "write 'roundeven %x'"},
    {"sign", NONE("compare and 'select' in a 'fused' region")},
    {"where", "write 'select %c, %a, %b' in a 'fused' region or a loop"},
    {"maximum", "write 'max %a, %b'"},
    {"minimum", "write 'min %a, %b'"},
    {"subtract", "write 'sub %a, %b'"},
    {"multiply", "write 'mul %a, %b'"},
    {"divide", "write 'div %a, %b'"},
    {"negative", "write 'neg %x'"},
    {"mm", "write 'matmul %a, %b'"},
    {"bmm", "write 'matmul %a, %b': axes in front of the last two are batches"},
    {"einsum", "write 'matmul', with 'transpose' and 'reshape' around it"},
    {"linear", "write 'matmul %x, %w' and 'add' the bias"},
    {"addmm", "write 'matmul %x, %w' and 'add' the bias"},
    {"gemm", "write 'matmul %a, %b'"},
    {"permute", "write 'transpose %x {perm = [1, 0]}'"},
    {"view", "write 'reshape %x : tensor<4x8xf32>'"},
    {"flatten", "write 'reshape %x : tensor<32xf32>'"},
    {"squeeze", "write 'reshape %x : tensor<4x8xf32>'"},
    {"unsqueeze", "write 'reshape %x : tensor<4x1x8xf32>'"},
    {"expand", "write 'broadcast %x : tensor<4x8xf32>'"},
    {"broadcast_to", "write 'broadcast %x : tensor<4x8xf32>'"},
    {"astype", "write 'cast %x : tensor<4x8xf16>'"},
    {"to", "write 'cast %x : tensor<4x8xf16>'"},
    {"convert", "write 'cast %x : tensor<4x8xf16>'"},
    {"layer_norm", "write 'layernorm %x, %scale, %shift'"},
    {"swish", "write 'silu %x'"},
    {"clamp", "write 'max' with the least value, then 'min' with the largest"},
    {"clip", "write 'max' with the least value, then 'min' with the largest"},
    {"dropout", NONE("it does nothing when a model runs: leave it out")},
    {"batch_norm",
     "write 'mul' and 'add' with the channel's factors, which are known when a model runs"},
    {"assert", NONE("ts-run -expect compares an output")},
    {"memcpy", "write 'copy %src, %dst'"},
    {"free", NONE("a buffer ends with its block")},
    {"syncthreads", "write 'barrier'"},
    {"__syncthreads", "write 'barrier'"},
    {"leaky_relu", NONE("write it in a 'fused' region with cmpf and select")},
    {"constant", "write 'const 1.0 : f32'"},
    {"zeros", "write 'const 0.0 : tensor<4x8xf32>'"},
    {"ones", "write 'const 1.0 : tensor<4x8xf32>'"},
    {"full", "write 'const 1.0 : tensor<4x8xf32>'"},
    {"concat", NONE("a loop function can copy both parts into one buffer")},
    {"cat", NONE("a loop function can copy both parts into one buffer")},
    {"concatenate", NONE("a loop function can copy both parts into one buffer")},
    {"slice", NONE("a loop function can load any part of a buffer")},
    {"gather", NONE("a loop function can load at an index that it loaded")},
    {"conv2d",
     NONE("a loop function can compute it: seven loops, or a product after copying windows")},
    {"alloca", "write 'alloc : memref<4xf32, local>'"},
    {"dealloc", NONE("a buffer ends with its block")},
    {"empty", "write 'alloc : memref<4x8xf32>'"},
    {"generic", "write loops, or 'fused' for an elementwise region"},
    {"index_cast", "load the index from a buffer of type index: there are no casts to it"},
    {"mulf_add", "write 'fma %a, %b, %c'"},
    {"muladd", "write 'fma %a, %b, %c'"},
    {"mad", "write 'fma %a, %b, %c'"},
    {"maximumf", "write 'maxf %a, %b'"},
    {"maxnumf", "write 'maxf %a, %b'"},
    {"minimumf", "write 'minf %a, %b'"},
    {"minnumf", "write 'minf %a, %b'"},
    {"absf", "write 'abs %x'"},
    {"divsi", "write 'divi %a, %b'"},
    {"remsi", "write 'remi %a, %b'"},
    {"remf", NONE("a - b * fptosi(a / b) computes it")},
    {"maxsi", "write 'maxi %a, %b'"},
    {"minsi", "write 'mini %a, %b'"},
    {"program_id", "write 'launch blocks(%bx in 8) threads(%tx in 16) {'"},
    {"thread_id", "write 'launch blocks(%bx in 8) threads(%tx in 16) {'"},
    {"while", NONE("the number of iterations is known: 'for %i = 0 to N {'")},
    {"forall", "write 'for %i = 0 to N parallel {'"},
    {"break", NONE("a loop runs from its start to its end")},
    {"continue", NONE("put the rest of the body in an 'if'")},
    {"elif", "write 'else {' and an 'if' in it"},
    {"parallel", "the mark stands behind the bounds: 'for %i = 0 to N parallel {'"},
    {"let", "a value is defined without a word: '%y = …'"},
    {"var", "a value is defined without a word: '%y = …'"},
    {"val", "a value is defined without a word: '%y = …'"},
    {"auto", "a value is defined without a word: '%y = …'"},
    {"print", NONE("ts-run shows the outputs of a function")},
    {"ret", "write 'return %y'"},
};

static const char *of_dialect(const ts_surprise *s) {
  const char *dot = s->at + strlen(s->found), *word = word_from(s, dot + 1);
  const char *here = op_here(word), *instead = find(foreign_ops, ts_countof(foreign_ops), word);
  if (here) return SAY(s, "'%s.%s' is written '%s' here", s->found, word, here);
  if (instead) return SAY(s, "unknown op '%s.%s': %s", s->found, word, instead);
  return SAY(s, "unknown op '%s.%s': names of ops have no '%s.' here", s->found, word, s->found);
}

static const char *of_op(const ts_surprise *s) {
  if (!strcmp(s->found, "else")) return "'else' stands behind the '}' of an 'if'";
  if (!wants(s, TS_WANTS_OP) || !s->is_word || s->at == s->end_before) return NULL;
  const char *behind = s->at + strlen(s->found);
  if (*behind == '.' && is_letter(behind[1])) return of_dialect(s);
  behind = skip_blanks(behind);
  bool defines = *behind == '=' && behind[1] != '=';
  if (defines && wants(s, TS_WANTS_STATEMENT))
    return SAY(s, "a value's name begins with %%: %%%s = …", s->found);
  if (*behind == '[') return SAY(s, "an element is read by 'load %%%s[…]'", s->found);
  const char *word = word_from(s, s->at),
             *instead = find(foreign_ops, ts_countof(foreign_ops), word);
  if (instead) return SAY(s, "unknown op '%s': %s", word, instead);
  char *small = ts_strdup(&s->p->scratch, word);
  for (char *c = small; *c; c++)
    *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 32 : *c);
  if (op_here(small)) return SAY(s, "the names of ops are in small letters: %s", small);
  ts_nearest near = ts_nearest_to(s->found);
  for (int i = 0; i < TS_NUM_OPCODES; i++)
    ts_nearest_offer(&near, ts_op_infos[i].name);
  if (near.best) return SAY(s, "unknown op '%s'; did you mean '%s'?", s->found, near.best);
  return SAY(s, "unknown op '%s'; ts-opt -print-ops=%s lists them", s->found,
             s->p->scopes.n && s->p->scopes.at[0].block->func &&
                     ts_func_level(s->p->scopes.at[0].block->func) == TS_LEVEL_T
                 ? "tensor"
                 : "loop");
}

/* ---- outside of functions ---- */

/* The heads of structured ops, when nothing more can be told. */
static const char *of_head(const ts_surprise *s) {
  if (is_on_line_of(s, "for")) return "a loop is written 'for %i = 0 to 16 step 2 {'";
  if (is_on_line_of(s, "launch"))
    return "a launch names its indices: launch blocks(%bx in 8) threads(%tx in 16) {";
  return NULL;
}

static const char *of_module(const ts_surprise *s) {
  static const entry words[] = {
      {"module", "a file is the module: leave out 'module {' and its '}'"},
      {"def", "a function begins with 'func @name('"},
      {"fn", "a function begins with 'func @name('"},
      {"fun", "a function begins with 'func @name('"},
      {"function", "a function begins with 'func @name('"},
      {"define", "a function begins with 'func @name('"},
      {"void", "a function begins with 'func @name('"},
      {"kernel", "a function begins with 'func @name('"},
      {"private", "every function can be called and run: leave out 'private'"},
      {"public", "every function can be called and run: leave out 'public'"},
      {"import", "a file is a whole program: nothing is imported"},
      {"include", "a file is a whole program: nothing is imported"},
  };
  if (!wants(s, TS_WANTS_TOP)) return NULL;
  const char *advice = find(words, ts_countof(words), s->found);
  if (advice) return advice;
  if (*s->at == '}') return "this '}' closes nothing";
  if (*s->at == '%') return "an op stands inside of a function: 'func @name(…) {'";
  return NULL;
}

/* ---- all together ---- */

const char *ts_parse_advice(const ts_surprise *s) {
  static const char *(*const rules[])(const ts_surprise *) = {
      of_marks, of_loop,       of_condition,  of_attribute, of_index,   of_stray_word,
      of_sign,  of_expression, of_assignment, of_comma,     of_bracket, of_result_type,
      of_type,  of_name,       of_op,         of_head,      of_module,
  };
  for (size_t i = 0; i < ts_countof(rules); i++) {
    const char *advice = rules[i](s);
    if (advice) return advice;
  }
  return NULL;
}

/* ---- words among operands ---- */

const char *ts_parse_word_advice(ts_parser *p, ts_opcode opcode, const char *word, bool visible) {
  ts_arena *a = &p->scratch;
  if (opcode == TS_OP_CALL) return ts_sprintf(a, "a function's name begins with @: call @%s", word);
  if (visible) return ts_sprintf(a, "a value's name begins with %%: %%%s", word);
  const char *key = attr_here(word);
  if (key) return ts_sprintf(a, "attributes stand in braces: {%s}", key);
  return ts_sprintf(a, "'%s' takes no word such as '%s'", ts_op_infos[opcode].name, word);
}
