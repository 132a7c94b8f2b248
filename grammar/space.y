/* Grammar of space files (docs/tuning.md). Actions only call lib/tune/space/check.c and parse.c; a mistake costs one item.
 * New lines mean nothing: an item ends where the next one's word begins. */
%require "3.8"
%define api.pure full
%define api.prefix {ts_space_text_}
%define api.location.type {ts_loc}
%define parse.error custom
%locations
%expect 0
%param {void *scanner}
%parse-param {ts_space_reader *p}

%code requires {
#include "tune/space/space_impl.h"
}

%code {
/* Bison counts errors in yynerrs, which no action reads; clang minds that. */
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#define YYLLOC_DEFAULT(Current, Rhs, N)                                                            \
  do {                                                                                             \
    (Current).begin = (N) ? YYRHSLOC(Rhs, 1).begin : YYRHSLOC(Rhs, 0).end;                         \
    (Current).end = YYRHSLOC(Rhs, N).end;                                                          \
  } while (0)
/* The parser's stack comes from an arena, so that running out of memory leaks nothing. */
#define YYMALLOC(n) ts_arena_alloc(&p->scratch, (n))
#define YYFREE(at) ((void)(at))
#define BINARY(op, a, b) ts_space_make2(p, TS_SPACE_##op, (a), (b), yyloc)
#define LIST(...) list_of(p, (ts_space_expr *[]){__VA_ARGS__}, sizeof((ts_space_expr *[]){__VA_ARGS__}) / sizeof(void *))

int ts_space_text_lex(YYSTYPE *, YYLTYPE *, void *scanner);
static void yyerror(YYLTYPE *loc, void *scanner, ts_space_reader *p, const char *message);
static ts_space_list *list_of(ts_space_reader *p, ts_space_expr **exprs, size_t n);
static ts_loc between(ts_loc open, ts_loc close);
}

%union {
  ts_space_named named;
  double number;
  ts_space_expr *expr;
  ts_space_list *list;
  ts_space_values values;
  ts_space_piece piece;
  ts_space_template *template;
}

%token <named> NAME "a name" STRING "a text in quotes" HOLE_NAME "a hole"
%token <number> NUMBER "a number"
%token <piece> TEXT "text"
%token <named> SPACE "'space'" CONST "'const'" PARAM "'param'" REQUIRE "'require'" PIPELINE "'pipeline'"
%token <named> POWER "'power'" TOLERANCE "'tolerance'" WARMUP "'warmup'" TAKE "'take'"
%token IN "'in'" BY "'by'" IF "'if'" THEN "'then'" ELSE "'else'" AND "'and'" OR "'or'" NOT "'not'"
%token TRUE "'true'" FALSE "'false'" DOTS "'..'" FLOORDIV "'//'" EQ "'=='" NE "'!='" LE "'<='" GE "'>='"
%token HOLE "'$('" CASE "'$if('" OTHERWISE "'$else{'"
%token STRAY "a stray character" SYNC
%token END 0 "the end of the file"

%type <expr> expr or and not comparison sum term unary primary condition
%type <list> exprs
%type <values> values
%type <named> why
%type <template> template otherwise

%%

file: %empty | file item;

item
  : SPACE NAME                            { ts_space_read_name(p, $2, @$); }
  | CONST NAME '=' expr                   { ts_space_read_constant(p, $2, $4, @$); }
  | PARAM NAME IN values condition        { ts_space_read_parameter(p, $2, $4, $5, @$); }
  | REQUIRE expr why                      { ts_space_read_rule(p, $2, $3.name, @$); }
  | PIPELINE '{' template '}'             { ts_space_read_pipeline(p, $3, between(@2, @4), @$); }
  | POWER expr                            { ts_space_read_power(p, $2, @$); }
  | TOLERANCE expr                        { ts_space_read_tolerance(p, $2, @$); }
  | WARMUP expr                           { ts_space_read_warmup(p, $2, @$); }
  | TAKE NAME                             { ts_space_read_take(p, $2, @$); }
  | error SYNC                            { yyerrok; }
  ;
values
  : '[' exprs ']'                         { $$ = (ts_space_values){TS_SPACE_SET, $2, @$}; }
  | expr DOTS expr                        { $$ = (ts_space_values){TS_SPACE_STEPS, LIST($1, $3, NULL), @$}; }
  | expr DOTS expr BY expr                { $$ = (ts_space_values){TS_SPACE_STEPS, LIST($1, $3, $5), @$}; }
  | expr DOTS expr BY '*' expr            { $$ = (ts_space_values){TS_SPACE_POWERS, LIST($1, $3, $6), @$}; }
  ;
condition
  : %empty                                { $$ = NULL; }
  | IF expr                               { $$ = $2; }
  ;
why
  : %empty                                { $$ = (ts_space_named){0}; }
  | STRING
  ;

/* ---- the pipeline ---- */

template
  : %empty                                { $$ = NULL; }
  | template TEXT                         { $$ = ts_space_add_piece(p, $1, $2); }
  | template HOLE_NAME                    { $$ = ts_space_add_piece(p, $1, (ts_space_piece){TS_SPACE_HOLE, .expr = ts_space_use(p, $2)}); }
  | template HOLE expr ')'                { $$ = ts_space_add_piece(p, $1, (ts_space_piece){TS_SPACE_HOLE, .expr = $3}); }
  | template CASE expr ')' '{' template '}' otherwise
                                          { $$ = ts_space_add_piece(p, $1, (ts_space_piece){TS_SPACE_CASE, .expr = $3, .then = $6, .otherwise = $8}); }
  ;
otherwise
  : %empty                                { $$ = NULL; }
  | OTHERWISE template '}'                { $$ = $2; }
  ;

/* ---- expressions ---- */

exprs
  : expr                                  { $$ = ts_space_list_add(p, NULL, $1); }
  | exprs ',' expr                        { $$ = ts_space_list_add(p, $1, $3); }
  ;
expr
  : or
  | IF expr THEN expr ELSE expr           { $$ = ts_space_make(p, TS_SPACE_IF, LIST($2, $4, $6), @$); }
  ;
or
  : and
  | or OR and                             { $$ = BINARY(OR, $1, $3); }
  ;
and
  : not
  | and AND not                           { $$ = BINARY(AND, $1, $3); }
  ;
not
  : comparison
  | NOT not                               { $$ = ts_space_make(p, TS_SPACE_NOT, LIST($2), @$); }
  ;
comparison
  : sum
  | sum EQ sum                            { $$ = BINARY(EQ, $1, $3); }
  | sum NE sum                            { $$ = BINARY(NE, $1, $3); }
  | sum '<' sum                           { $$ = BINARY(LT, $1, $3); }
  | sum LE sum                            { $$ = BINARY(LE, $1, $3); }
  | sum '>' sum                           { $$ = BINARY(GT, $1, $3); }
  | sum GE sum                            { $$ = BINARY(GE, $1, $3); }
  | sum IN '[' exprs ']'                  { ts_space_list *all = LIST($1);
                                            for (size_t i = 0; i < $4->at.n; i++) ts_space_list_add(p, all, $4->at.at[i]);
                                            $$ = ts_space_make(p, TS_SPACE_IN, all, @$); }
  ;
sum
  : term
  | sum '+' term                          { $$ = BINARY(ADD, $1, $3); }
  | sum '-' term                          { $$ = BINARY(SUB, $1, $3); }
  ;
term
  : unary
  | term '*' unary                        { $$ = BINARY(MUL, $1, $3); }
  | term '/' unary                        { $$ = BINARY(DIV, $1, $3); }
  | term FLOORDIV unary                   { $$ = BINARY(FLOORDIV, $1, $3); }
  | term '%' unary                        { $$ = BINARY(MOD, $1, $3); }
  ;
unary
  : primary
  | '-' unary                             { $$ = ts_space_make(p, TS_SPACE_NEG, LIST($2), @$); }
  ;
primary
  : NUMBER                                { $$ = ts_space_literal(p, ts_space_number($1), @1); }
  | TRUE                                  { $$ = ts_space_literal(p, ts_space_truth(true), @1); }
  | FALSE                                 { $$ = ts_space_literal(p, ts_space_truth(false), @1); }
  | STRING                                { $$ = ts_space_literal(p, ts_space_word(ts_space_intern(p, $1.name, strlen($1.name))), @1); }
  | NAME                                  { $$ = ts_space_use(p, $1); }
  | NAME '(' exprs ')'                    { $$ = ts_space_make_call(p, $1, $3, @$); }
  | '(' expr ')'                          { $$ = $2; }
  ;

%%

static ts_space_list *list_of(ts_space_reader *p, ts_space_expr **exprs, size_t n) {
  ts_space_list *list = NULL;
  for (size_t i = 0; i < n; i++)
    list = ts_space_list_add(p, list, exprs[i]);
  return list;
}

static ts_loc between(ts_loc open, ts_loc close) { return (ts_loc){open.end, close.begin}; }

static int yyreport_syntax_error(const yypcontext_t *ctx, void *scanner, ts_space_reader *p) {
  (void)scanner;
  enum { MAX = YYNTOKENS };
  yysymbol_kind_t expected[MAX];
  const char *names[MAX];
  int n = yypcontext_expected_tokens(ctx, expected, MAX), kept = 0;
  for (int i = 0; i < n; i++)
    if (expected[i] != YYSYMBOL_SYNC) names[kept++] = yysymbol_name(expected[i]);
  ts_loc loc = *yypcontext_location(ctx);
  ts_space_unexpected(p, loc, yypcontext_token(ctx) == YYSYMBOL_YYEOF, kept, names);
  return 0;
}

/* Only for what bison itself runs out of. */
static void yyerror(YYLTYPE *loc, void *scanner, ts_space_reader *p, const char *message) {
  (void)scanner;
  (void)message;
  ts_error(p->ctx, *loc, "nested too deeply");
}
