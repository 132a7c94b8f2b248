/* What the scanner, the grammar and the actions of the parser share. Private to grammar/ and
 * lib/syntax.
 *
 * The grammar (ir.y) says what text looks like; each action calls one function here, which builds
 * the IR at once, without a tree in between. An op's parts are collected in the parser until its
 * head is complete; regions open only after that, so one set of collections does for any nesting. */
#ifndef TS_SYNTAX_PARSER_IMPL_H
#define TS_SYNTAX_PARSER_IMPL_H

#include "syntax/syntax.h"

/* Small, because the parser's stack holds one for each token. */
typedef struct ts_number {
  uint64_t bits; /* INT: the magnitude, or with `negative` the int64 */
  uint32_t begin, length : 29, form : 2, negative : 1;
} ts_number;

static inline ts_number ts_number_make(ts_number_form form, uint64_t bits, ts_loc loc) {
  return (ts_number){bits, loc.begin, (loc.end - loc.begin) & 0x1fffffff, form, false};
}

static inline ts_loc ts_number_loc(ts_number n) { return (ts_loc){n.begin, n.begin + n.length}; }

/* The value of an attribute as written. */
typedef struct ts_raw_attr {
  enum { TS_RAW_NUMBER, TS_RAW_LIST, TS_RAW_WORD, TS_RAW_DTYPE } kind;
  ts_dtype dtype;
  ts_str word;
  ts_number number; /* LIST: the numbers are in parser.numbers */
} ts_raw_attr;

typedef struct ts_named {
  ts_str name;
  ts_loc loc;
} ts_named;

/* An op whose type comes from its region: what its head said, kept until the region is closed. */
typedef struct ts_pending {
  ts_op *op;
  ts_named *results;
  const ts_type **types;
  unsigned num_types;
} ts_pending;

typedef struct ts_scope {
  ts_block *block;
  size_t outer_names;        /* names visible before this scope opened */
  ts_op *op;                 /* whose region this is; NULL for a function */
  const ts_pending *pending; /* to be typed when the region closes, or NULL */
} ts_scope;

/* A comment that nothing has taken yet. */
typedef struct ts_comment {
  ts_loc loc;
  uint32_t behind; /* where the token ends that stands before it on its line; 0: none does */
  bool opens;      /* that token is an opening brace */
} ts_comment;

typedef struct ts_parser {
  ts_context *ctx;
  ts_module *m;
  ts_arena scratch;
  const char *base, *limit; /* the text being scanned */
  unsigned errors_before;

  /* names in scope */
  ts_value **defs; /* by ts_str; NULL: not visible */
  size_t defs_cap;
  /* the names defined in the open scopes, in order; from the heap: a million of them */
  ts_str *visible;
  size_t num_visible, visible_cap;
  TS_VEC(ts_scope) scopes;
  ts_block *pending_block; /* the region that the next block fills */
  ts_op *pending_op;
  const ts_pending *pending;
  ts_op *without_region; /* the last op, when it takes no block */
  ts_op *last_closed;    /* the op whose region closed last: an else belongs to it */
  bool poisoned; /* the function's head was in error: its undefined values are not reported */

  /* the op whose head is being read */
  TS_VEC(ts_named) results;
  TS_VEC(ts_value *) items;
  TS_VEC(ts_value *) dims;
  TS_VEC(const ts_aff *) exprs;
  TS_VEC(ts_attr) attrs;
  TS_VEC(const ts_type *) types;
  TS_VEC(ts_number) numbers;
  ts_raw_attr *raw;
  TS_VEC(int64_t) clauses;    /* of a launch, one for each argument */
  TS_VEC(ts_named) arg_names; /* of a launch or region, with arg_types and arg_roles */
  TS_VEC(const ts_type *) arg_types;
  TS_VEC(uint8_t) arg_roles;
  TS_VEC(int64_t) preds;
  uint8_t subscripted;
  bool has_mask;
  ts_named symbol; /* @name in the head */
  unsigned list_depth;
  int64_t list_dims[TS_MAX_RANK + 1], list_counts[TS_MAX_RANK + 1];
  unsigned list_rank;
  bool list_ragged;
  unsigned list_too_deep; /* levels open past the deepest */
  bool in_upper_bound;

  /* the type being read */
  ts_extent shape[TS_MAX_RANK];
  unsigned shape_rank;
  ts_space space;
  bool has_space;
  ts_layout layout;
  unsigned num_layout_args;
  int64_t layout_args[TS_MAX_RANK];

  const char *results_until, *operands_until; /* what is_result found out up to there */
  /* statements alone, into this function, and what they see of it */
  int start; /* the token to begin with; 0: a module */
  ts_func *into;
  const ts_parse_name *given;
  unsigned num_given;
  TS_VEC(ts_block *) strays; /* blocks that belong to nothing */

  /* error recovery: see the scanner */
  bool recovering;
  int redeliver; /* a token to return again after the SYNC; 0: none */
  ts_loc redeliver_loc;
  uint32_t redelivered_at;     /* where the last such token stands, plus 1; 0: none yet */
  uint32_t this_end, last_end; /* of the current token and the one before it */
  int last_token;
  TS_VEC(ts_comment) comments;
  bool has_comments;
  bool may_have_blanks;   /* white space was seen that may be a blank line */
  uint32_t comments_from; /* those before are the file's */
  void *last_owner;       /* what was complete last, and where it ended */
  bool last_owner_is_op;
  uint32_t last_owner_end;
  ts_loc surprise;   /* of the syntax error that is being recovered from */
  bool lost;         /* outside of functions, after an error there that was reported */
  bool brace_missed; /* a missing closing brace was reported */
  bool module_brace; /* the surprise is a `module`, whose brace opens nothing here */
  ts_named word;     /* among the operands: a comparison's relation, or what has no place there */
  size_t word_at;    /* operands before it */
  struct ts_word {
    int token, value; /* value: the dtype or opcode */
  } *words_by_id;     /* of the ids up to last_word, which were interned before the text's */
  ts_str last_word;
} ts_parser;

/* ---- scanner side ---- */
/* The token for a word: a keyword, a scalar type, an op, or IDENT. */
int ts_parser_word(ts_parser *, const char *text, size_t n, ts_loc, void *yylval);
/* The attribute of this name that stands in braces; TS_NUM_ATTRS: there is none. */
ts_attr_key ts_parser_attr(const char *word, size_t n);
static inline bool ts_parser_is_attr(const char *word, size_t n) {
  return ts_parser_attr(word, n) != TS_NUM_ATTRS;
}
/* Whether the brace opens attributes (`{axis = 1`, `{keepdims}`) rather than a block. */
bool ts_parser_is_attr_open(ts_parser *, const char *after_brace);
const char *ts_parser_skip_space(const char *); /* over blanks and ends of lines */
const char *ts_parser_skip_name(const char *);  /* over letters, digits, '_', '.' and '$' */
/* Whether the value just scanned is a result: `=` follows, or more values with commas and then `=`. */
bool ts_parser_is_result(ts_parser *, const char *after_value);

void ts_parser_comment(ts_parser *, ts_loc);

/* ---- between the files of actions ---- */
/* Comments in front of an op whose head ends at its place, and within; the same of a function or global;
 * those before a closing brace, which completes `owner`; and those behind everything. */
void ts_parser_comment_op(ts_parser *, ts_op *);
void ts_parser_comment_item(ts_parser *, void *item, uint32_t begin, uint32_t end);
void ts_parser_comment_close(ts_parser *, ts_block *, void *owner, bool is_op, ts_loc brace);
void ts_parser_comment_end(ts_parser *);
void ts_parser_define(ts_parser *, ts_named, ts_value *);
ts_value *ts_parser_find(ts_parser *, const char *name,
                         size_t n);             /* the visible value; NULL: none */
ts_value *ts_parser_use(ts_parser *, ts_named); /* of the error type when it is not defined */
/* A value of the error type, which silences what follows from it. */
ts_value *ts_parser_poison(ts_parser *, ts_str name);
const char *ts_parser_text(ts_parser *, ts_str);
bool ts_parser_float_word(const char *, size_t, double *); /* inf, nan */
void ts_parser_wrong_word(ts_parser *,
                          ts_opcode); /* reports the word among the operands of an op without */
/* Enters the words of the language, before the text's. */
void ts_parser_add_words(ts_parser *);
void ts_parser_forget_head(ts_parser *);
void ts_parser_check_name(ts_parser *, ts_named, const char *what); /* of a function or global */
void ts_parser_check_pending(ts_parser *); /* reports an op that still lacks its block */
void ts_parser_finish_pending(ts_parser *, const ts_pending *);
/* The numbers or list read last as data of `type`; NULL after a report. */
const ts_data *ts_parser_data(ts_parser *, const ts_type *, bool is_splat, ts_loc);

/* ---- actions ---- */
typedef enum {
  TS_SURPRISE_TOKEN,
  TS_SURPRISE_WORD,
  TS_SURPRISE_FUNC,
  TS_SURPRISE_ATTRS,
  TS_SURPRISE_END
} ts_surprise_kind;
void ts_parse_syntax_error(ts_parser *, ts_loc, ts_surprise_kind, int n,
                           const char *const *expected);
/* An opening parenthesis behind an op that takes no region. */
void ts_parse_parentheses(ts_parser *, ts_opcode, ts_loc op, ts_loc paren);
void ts_parse_recover(
    ts_parser *); /* defines the results read so far as in error, forgets the head */

void ts_parse_func_begin(ts_parser *, ts_named name, ts_loc); /* name 0: its head was in error */
void ts_parse_global(ts_parser *, ts_named name, const ts_type *, bool is_splat, ts_loc);
bool ts_parse_ops_open(ts_parser *);                 /* as ts_parse_block_open */
bool ts_parse_block_open(ts_parser *, ts_loc brace); /* false: nested too deeply */
void ts_parse_block_close(ts_parser *, ts_loc brace);
void ts_parse_region_args(ts_parser *);

void ts_parse_op(ts_parser *, ts_opcode, ts_loc);
void ts_parse_const(ts_parser *, const ts_type *, bool is_splat, ts_loc);
void ts_parse_for(ts_parser *, ts_named iv, unsigned num_lo, int64_t step, ts_loc);
void ts_parse_bound(ts_parser *, ts_opcode,
                    ts_loc); /* reports what is not max or min in its place */
void ts_parse_mark(ts_parser *, ts_named word, const ts_number *);
void ts_parse_if(ts_parser *, ts_loc);
void ts_parse_else(ts_parser *);
void ts_parse_launch(ts_parser *, ts_loc);
void ts_parse_clause(ts_parser *, ts_str word, ts_loc);

void ts_parse_operand(ts_parser *, ts_named value, bool subscripted);
void ts_parse_symbol(ts_parser *, ts_named symbol);
void ts_parse_literal(ts_parser *, ts_number);
ts_number ts_parse_number_word(ts_parser *, ts_named word);               /* inf, nan */
void ts_parse_word(ts_parser *, ts_named);                                /* among the operands */
void ts_parse_attr(ts_parser *, ts_str key, const ts_raw_attr *, ts_loc); /* NULL: a unit */

void ts_parse_list_open(ts_parser *, ts_loc);
void ts_parse_list_number(ts_parser *, ts_number);
void ts_parse_list_close(ts_parser *);

ts_number ts_parse_negate(ts_parser *, ts_number);
/* The number as an int64 of at least `least`; reports otherwise and gives `least`. */
int64_t ts_parse_int(ts_parser *, ts_number, int64_t least, const char *what);
const ts_aff *ts_parse_aff_value(ts_parser *, ts_named);
const ts_aff *ts_parse_aff_binary(ts_parser *, ts_aff_kind, const ts_aff *, const ts_aff *, ts_loc);
const ts_aff *ts_parse_aff_minus(ts_parser *, const ts_aff *, const ts_aff *, ts_loc);

void ts_parse_extent(ts_parser *, ts_extent, ts_loc);
const ts_type *ts_parse_vector(ts_parser *, ts_extent lanes, ts_dtype, ts_loc);
void ts_parse_memref_begin(ts_parser *);
void ts_parse_memref_word(ts_parser *, ts_str word, bool has_args, ts_loc);
void ts_parse_layout_arg(ts_parser *, ts_number);
const ts_type *ts_parse_type_end(ts_parser *, ts_type_kind, ts_dtype, const ts_type *elem, ts_loc);
const ts_type *ts_parse_fragment(ts_parser *, ts_number k, ts_str role, ts_dtype, ts_loc);

/* Puts the text back as it was after a jump out of the scanner, which keeps a NUL behind its token. Does
 * nothing for NULL. In ir.l. */
void ts_ir_restore_text(void *scanner);

#endif
