/* Grammar of both levels. It knows the shapes that text can take, not the ops: every op but the structured
 * ones (for, if, launch, const) is the token OP, looked up in the op tables. Actions only call the
 * functions of lib/ir/parse*.c.
 *
 * An op: results, name, operands (values, subscripted buffers, literals, @names, a comparison's word),
 * attributes in braces, result types, and for ops with a region its arguments and block. New lines mean
 * nothing; the scanner tells the results of the next op from operands by the = after them. */
%require "3.8"
%define api.pure full
%define api.prefix {ts_ir_}
%define api.location.type {ts_loc}
%define parse.error custom
/* Where more than one token can follow, the next is looked at before what came is taken for complete: a
 * mistake is then reported before anything is made of half an op. */
%define lr.default-reduction consistent
%locations
%expect 0
%param {void *scanner}
%parse-param {ts_parser *p}

%code requires {
#include "syntax/parser_impl.h"
}

%code {
/* Bison counts errors in yynerrs, which no action reads; clang minds that. */
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#define YYLLOC_DEFAULT(Current, Rhs, N)                                                            \
  do {                                                                                             \
    (Current).begin = (N) ? YYRHSLOC(Rhs, 1).begin : YYRHSLOC(Rhs, 0).end;                         \
    (Current).end = YYRHSLOC(Rhs, N).end;                                                          \
  } while (0)
/* An op starts at its name when it has no results. */
#define HEAD(results, name, all)                                                                   \
  ((ts_loc){(results).begin < (results).end ? (results).begin : (name).begin, (all).end})
/* An op without regions whose operands stand in parentheses, which only the token behind it tells. */
#define NO_PARENTHESES(opcode, loc)                                                                \
  do {                                                                                             \
    if (yychar != '(' || ts_op_infos[opcode].num_regions) break;                                   \
    ts_ir_restore_text(scanner);                                                                   \
    ts_parse_parentheses(p, (opcode), (loc), yylloc);                                              \
    plan_recovery(p, YYSYMBOL_YYUNDEF, yylloc);                                                    \
    YYERROR;                                                                                       \
  } while (0)
/* The parser's stack comes from an arena, so that running out of memory leaks nothing. */
#define YYMALLOC(n) ts_arena_alloc(&p->scratch, (n))
#define YYFREE(at) ((void)(at))

int ts_ir_lex(YYSTYPE *, YYLTYPE *, void *scanner);
static void yyerror(YYLTYPE *loc, void *scanner, ts_parser *p, const char *message);
static void plan_recovery(ts_parser *p, int found, ts_loc loc);
/* The value of an attribute, in the parser's scratch arena. */
#define RAW(...) (p->raw = ts_new(&p->scratch, ts_raw_attr), *p->raw = (ts_raw_attr){__VA_ARGS__}, p->raw)
#define INT_OF(n, least, what) ts_parse_int(p, (n), (least), (what))
}

%union {
  ts_named named;
  ts_number number;
  ts_extent extent;
  ts_pred pred;
  ts_opcode opcode;
  ts_dtype dtype;
  const ts_aff *aff;
  const ts_type *type;
  ts_raw_attr *raw;
  int64_t i;
  unsigned n;
  bool flag;
}

%token <named> VALUE "a value (%name)" RESULT "a result (%name =)" SYMBOL "a symbol (@name)" IDENT "a word" NAME "an extent's name"
%token <number> INT "an integer" NUMBER "a number"
%token <extent> EXTENT "an extent"
%token <pred> RELOP "a comparison"
%token <opcode> OP "an op"
%token <dtype> DTYPE "a scalar type"
%token FUNC "'func'" GLOBAL "'global'" FOR "'for'" TO "'to'" STEP "'step'" IF "'if'" ELSE "'else'"
%token AND "'and'" LAUNCH "'launch'" IN "'in'" OUT "'out'" INOUT "'inout'" MASK "'mask'"
%token CONST "'const'" FLOORDIV "'floordiv'" CEILDIV "'ceildiv'" MOD "'mod'"
%token TENSOR_OPEN "'tensor<'" MEMREF_OPEN "'memref<'" VECTOR_OPEN "'vector<'" FRAGMENT_OPEN "'fragment<'"
%token ARROW "'->'" ATTR_OPEN "attributes in braces" STRAY "a stray character"
%token SYNC OPEN_SYNC START_OPS
%token END 0 "the end of the input"

/* `@f (` calls; the arguments of a region never follow a bare symbol. */
%precedence SYMBOL
%precedence '('

%type <type> type vector_type
%type <aff> affine term unary primary
%type <number> number int
%type <raw> attr_value
%type <named> word
%type <n> bound affine_list
%type <i> step
%type <flag> data
%type <dtype> frag_tail_type

%%

/* START_OPS comes from ts_parse_ops: statements alone. */
input
  : module                                { ts_parser_comment_end(p); }
  | START_OPS                             { if (!ts_parse_ops_open(p)) YYABORT; }
    statements                            { ts_parse_block_close(p, @3); }
  ;
module: %empty | module toplevel;

toplevel
  : func_head block
  | GLOBAL SYMBOL ':' type '=' data       { ts_parse_global(p, $2, $4, $6, @$); }
  | error SYNC                            { yyerrok; ts_parse_recover(p); }
  | error OPEN_SYNC { yyerrok; ts_parse_recover(p); p->poisoned = true;
                      ts_parse_func_begin(p, (ts_named){0}, @$);
                      if (!ts_parse_block_open(p, @2)) YYABORT; }
    statements '}'                        { ts_parse_block_close(p, @5); p->poisoned = false; }
  ;

func_head
  : FUNC SYMBOL '(' arguments ')' results_of_func  { ts_parse_func_begin(p, $2, @$); }
  ;
results_of_func
  : %empty
  | ARROW type                            { ts_push(&p->scratch, &p->types, $2); }
  | ARROW '(' types ')'
  ;
arguments: %empty | argument_list;
argument_list: argument | argument_list ',' argument;
argument: VALUE ':' role type             { ts_push(&p->scratch, &p->arg_names, $1);
                                            ts_push(&p->scratch, &p->arg_types, $4); }
role
  : %empty                                { ts_push(&p->scratch, &p->arg_roles, TS_ROLE_IN); }
  | OUT                                   { ts_push(&p->scratch, &p->arg_roles, TS_ROLE_OUT); }
  | INOUT                                 { ts_push(&p->scratch, &p->arg_roles, TS_ROLE_INOUT); }
  ;

block
  : '{'                                   { if (!ts_parse_block_open(p, @1)) YYABORT; }
    statements '}'                        { ts_parse_block_close(p, @4); }
  ;
/* Flat on purpose: a rule for what a statement is would cost a reduction for each op of the text. */
statements
  : %empty
  | statements head
  | statements head block
  | statements head '(' arguments ')'     { ts_parse_region_args(p); }
    block
  | statements for block
  | statements if block
  | statements if block ELSE              { ts_parse_else(p); }
    block
  | statements launch block
  | statements error SYNC                 { yyerrok; ts_parse_recover(p); }
  | statements error OPEN_SYNC            { yyerrok; ts_parse_recover(p);
                                            if (!ts_parse_block_open(p, @3)) YYABORT; }
    statements '}'                        { ts_parse_block_close(p, @6); }
  ;

/* ---- ops ---- */

head
  : results OP tail                       { NO_PARENTHESES($2, @2); ts_parse_op(p, $2, HEAD(@1, @2, @$)); }
  | results OP item_list tail             { NO_PARENTHESES($2, ((ts_loc){@2.begin, @3.end})); ts_parse_op(p, $2, HEAD(@1, @2, @$)); }
  | results OP item_list mask tail        { ts_parse_op(p, $2, HEAD(@1, @2, @$)); }
  | results CONST data ':' type           { ts_parse_const(p, $5, $3, HEAD(@1, @2, @$)); }
  ;
results: %empty | result_list '=';
result_list
  : RESULT                                { ts_push(&p->scratch, &p->results, $1); }
  | result_list ',' RESULT                { ts_push(&p->scratch, &p->results, $3); }
  ;
tail: %empty | attrs | ':' types | attrs ':' types;
types
  : type                                  { ts_push(&p->scratch, &p->types, $1); }
  | types ',' type                        { ts_push(&p->scratch, &p->types, $3); }
  ;

item_list: item | item_list ',' item;
mask: MASK VALUE                          { ts_parse_operand(p, $2, false); p->has_mask = true; };
item
  : VALUE                                 { ts_parse_operand(p, $1, false); }
  | VALUE                                 { ts_parse_operand(p, $1, true); }
    subscripts
  | subscripts
  | number                                { ts_parse_literal(p, $1); }
  | IDENT                                 { ts_parse_word(p, $1); }
  | SYMBOL                                { ts_parse_symbol(p, $1); }
  | SYMBOL '(' ')'                        { ts_parse_symbol(p, $1); }
  | SYMBOL '(' item_list ')'              { ts_parse_symbol(p, $1); }
  ;
subscripts: '[' ']' | '[' affine_list ']';

number
  : int
  | NUMBER
  | '-' NUMBER                            { $$ = ts_parse_negate(p, $2); }
  | '-' IDENT                             { $$ = ts_parse_negate(p, ts_parse_number_word(p, $2)); }
  ;
int
  : INT
  | '-' INT                               { $$ = ts_parse_negate(p, $2); }
  ;
word
  : IDENT
  | OP                                    { $$ = (ts_named){ts_intern(&p->m->strings, ts_op_infos[$1].name), @1}; }
  ;

attrs: ATTR_OPEN attr_list '}';
attr_list: attr | attr_list ',' attr;
attr
  : word                                  { ts_parse_attr(p, $1.name, NULL, @1); }
  | word '=' attr_value                   { ts_parse_attr(p, $1.name, $3, @$); }
  ;
attr_value
  : number                                { $$ = RAW(.kind = TS_RAW_NUMBER, .number = $1); }
  | '[' numbers ']'                       { $$ = RAW(.kind = TS_RAW_LIST); }
  | word                                  { $$ = RAW(.kind = TS_RAW_WORD, .word = $1.name); }
  | DTYPE                                 { $$ = RAW(.kind = TS_RAW_DTYPE, .dtype = $1); }
  ;
numbers
  : number                                { ts_push(&p->scratch, &p->numbers, $1); }
  | numbers ',' number                    { ts_push(&p->scratch, &p->numbers, $3); }
  ;

/* ---- data: $$ is whether it is a splat ---- */

data
  : number                                { $$ = true; ts_push(&p->scratch, &p->numbers, $1); }
  | IDENT                                 { $$ = true; ts_push(&p->scratch, &p->numbers, ts_parse_number_word(p, $1)); }
  | list                                  { $$ = false; }
  | SYMBOL                                { $$ = false; ts_parse_symbol(p, $1); }
  ;
list
  : '['                                   { ts_parse_list_open(p, @1); }
    elements ']'                          { ts_parse_list_close(p); }
  ;
elements: element | elements ',' element;
element
  : number                                { ts_parse_list_number(p, $1); }
  | IDENT                                 { ts_parse_list_number(p, ts_parse_number_word(p, $1)); }
  | list
  ;

/* ---- structured ops ---- */

for: FOR RESULT '=' bound TO               { p->in_upper_bound = true; }
     bound step marks                     { ts_parse_for(p, $2, $4, $8, @$); };
bound
  : affine                                { $$ = 1; ts_push(&p->scratch, &p->exprs, $1); }
  | OP '(' affine_list ')'                { $$ = $3; ts_parse_bound(p, $1, @1); }
  ;
affine_list
  : affine                                { $$ = 1; ts_push(&p->scratch, &p->exprs, $1); }
  | affine_list ',' affine                { $$ = $1 + 1; ts_push(&p->scratch, &p->exprs, $3); }
  ;
step
  : %empty                                { $$ = 1; }
  | STEP int                              { $$ = INT_OF($2, 1, "a step"); }
  ;
marks: %empty | marks mark;
mark
  : IDENT                                 { ts_parse_mark(p, $1, NULL); }
  | IDENT '(' int ')'                     { ts_parse_mark(p, $1, &$3); }
  ;

if: IF conditions                         { ts_parse_if(p, @$); };
conditions: condition | conditions AND condition;
condition
  : affine                                { ts_push(&p->scratch, &p->exprs, $1); }
  | affine RELOP affine                   { ts_push(&p->scratch, &p->exprs, $1);
                                            ts_push(&p->scratch, &p->exprs, $3);
                                            ts_push(&p->scratch, &p->preds, $2); }
  ;

launch: LAUNCH clauses                    { ts_parse_launch(p, @$); };
clauses: %empty | clauses clause;
clause: IDENT '(' launch_args ')'         { ts_parse_clause(p, $1.name, @1); };
launch_args: launch_arg | launch_args ',' launch_arg;
launch_arg: VALUE IN affine               { ts_push(&p->scratch, &p->arg_names, $1);
                                            ts_push(&p->scratch, &p->exprs, $3); };

/* ---- affine expressions ---- */

affine
  : term
  | affine '+' term                       { $$ = ts_parse_aff_binary(p, TS_AFF_ADD, $1, $3, @$); }
  | affine '-' term                       { $$ = ts_parse_aff_minus(p, $1, $3, @$); }
  ;
term
  : unary
  | term '*' unary                        { $$ = ts_parse_aff_binary(p, TS_AFF_MUL, $1, $3, @$); }
  | term FLOORDIV unary                   { $$ = ts_parse_aff_binary(p, TS_AFF_FLOORDIV, $1, $3, @$); }
  | term CEILDIV unary                    { $$ = ts_parse_aff_binary(p, TS_AFF_CEILDIV, $1, $3, @$); }
  | term MOD unary                        { $$ = ts_parse_aff_binary(p, TS_AFF_MOD, $1, $3, @$); }
  ;
unary
  : primary
  | '-' unary                             { $$ = ts_parse_aff_minus(p, ts_aff_const(p->m, 0), $2, @$); }
  ;
primary
  : INT                                   { $$ = ts_aff_const(p->m, INT_OF($1, 0, "an index")); }
  | NAME                                  { $$ = ts_aff_sym(p->m, $1.name); }
  | VALUE                                 { $$ = ts_parse_aff_value(p, $1); }
  | '(' affine ')'                        { $$ = $2; }
  ;

/* ---- types ---- */

type
  : DTYPE                                 { $$ = ts_type_scalar(p->m, $1); }
  | vector_type
  | TENSOR_OPEN shape DTYPE '>'           { $$ = ts_parse_type_end(p, TS_TYPE_TENSOR, $3, NULL, @$); }
  | MEMREF_OPEN shape DTYPE memref_words '>'
                                          { $$ = ts_parse_type_end(p, TS_TYPE_MEMREF, $3, NULL, @$); }
  | MEMREF_OPEN shape vector_type memref_words '>'
                                          { $$ = ts_parse_type_end(p, TS_TYPE_MEMREF, $3->dtype, $3, @$); }
  | FRAGMENT_OPEN shape INT ',' IDENT ',' frag_tail_type '>'
                                          { $$ = ts_parse_fragment(p, $3, $5.name, $7, @$); }
  ;
frag_tail_type: DTYPE;
vector_type
  : VECTOR_OPEN EXTENT DTYPE '>'          { $$ = ts_parse_vector(p, $2, $3, @$); }
  ;
shape
  : %empty                                { p->shape_rank = 0; }
  | shape EXTENT                          { ts_parse_extent(p, $2, @2); }
  ;
memref_words
  : %empty                                { ts_parse_memref_begin(p); }
  | memref_words ',' IDENT                { ts_parse_memref_word(p, $3.name, false, @3); }
  | memref_words ',' IDENT '(' layout_args ')'
                                          { ts_parse_memref_word(p, $3.name, true, @3); }
  ;
layout_args
  : int                                   { p->num_layout_args = 0; ts_parse_layout_arg(p, $1); }
  | layout_args ',' int                   { ts_parse_layout_arg(p, $3); }
  ;

%%

/* A surprise that is a brace, or that stands on a later line than what came before it, starts something
 * of its own: the scanner hands it out again after the SYNC. */
static void plan_recovery(ts_parser *p, int found, ts_loc loc) {
  bool brace = found == YYSYMBOL_YYEOF || p->last_token == '{' || p->last_token == '}';
  bool new_line = loc.begin > p->last_end &&
                  memchr(p->base + p->last_end, '\n', loc.begin - p->last_end) != NULL;
  p->recovering = true;
  bool again = p->redelivered_at == loc.begin + 1; /* once, or we would never end */
  bool stray = p->last_token == STRAY && p->base[loc.begin] == '}'; /* within a type */
  p->redeliver = (brace || new_line) && !again ? stray ? '}' : p->last_token : 0;
  p->redeliver_loc = loc;
}

static int yyreport_syntax_error(const yypcontext_t *ctx, void *scanner, ts_parser *p) {
  enum { MAX = YYNTOKENS };
  ts_ir_restore_text(scanner); /* advice looks further than the token */
  yysymbol_kind_t expected[MAX], found = yypcontext_token(ctx);
  int n = yypcontext_expected_tokens(ctx, expected, MAX);
  ts_loc loc = *yypcontext_location(ctx);
  const char *names[MAX];
  int kept = 0;
  for (int i = 0; i < n; i++)
    if (expected[i] != YYSYMBOL_SYNC && expected[i] != YYSYMBOL_OPEN_SYNC &&
        expected[i] != YYSYMBOL_START_OPS)
      names[kept++] = yysymbol_name(expected[i]);
  bool word = found == YYSYMBOL_IDENT || found == YYSYMBOL_NAME;
  ts_surprise_kind kind = word                          ? TS_SURPRISE_WORD
                          : found == YYSYMBOL_FUNC      ? TS_SURPRISE_FUNC
                          : found == YYSYMBOL_YYEOF     ? TS_SURPRISE_END
                          : found == YYSYMBOL_ATTR_OPEN ? TS_SURPRISE_ATTRS
                                                        : TS_SURPRISE_TOKEN;
  ts_parse_syntax_error(p, loc, kind, kept, names);
  plan_recovery(p, found, loc);
  return 0;
}

/* Only for what bison itself runs out of. */
static void yyerror(YYLTYPE *loc, void *scanner, ts_parser *p, const char *message) {
  (void)scanner;
  (void)message;
  ts_error(p->ctx, *loc, "nested too deeply");
}
