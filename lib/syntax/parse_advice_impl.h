/* Advice on what to write where the grammar did not expect a token. */
#ifndef TS_SYNTAX_PARSE_ADVICE_IMPL_H
#define TS_SYNTAX_PARSE_ADVICE_IMPL_H

#include "syntax/parser_impl.h"

/* What could have stood in the place of a surprise, as a set. */
enum {
  TS_WANTS_OP = 1,
  TS_WANTS_STATEMENT = 1 << 1,
  TS_WANTS_TOP = 1 << 2,      /* func, global */
  TS_WANTS_TYPE = 1 << 3,     /* a type, or within one the element's */
  TS_WANTS_SHAPE = 1 << 4,    /* an extent */
  TS_WANTS_INDEX = 1 << 5,    /* an affine expression */
  TS_WANTS_OPERATOR = 1 << 6, /* one more operator of it */
  TS_WANTS_VALUE = 1 << 7,
  TS_WANTS_SYMBOL = 1 << 8,
  TS_WANTS_WORD = 1 << 9,
  TS_WANTS_MARK = 1 << 10, /* a loop's mark or block */
  TS_WANTS_RELATION = 1 << 11,
  TS_WANTS_COMMA = 1 << 12,
  TS_WANTS_ARROW = 1 << 13,
  TS_WANTS_TO = 1 << 14
};

typedef struct ts_surprise {
  ts_parser *p;
  const char *at;         /* the text from the token on; ends in NUL */
  const char *found;      /* the token */
  const char *end_before; /* where the token before it ends */
  const char *before;     /* the word that ends there; "" when it is none */
  bool is_word;           /* a word without a meaning of its own */
  bool new_line;          /* a line ends between the two */
  unsigned wants;
} ts_surprise;

/* A message without its place, or NULL where there is nothing to say. */
const char *ts_parse_advice(const ts_surprise *);
/* What is wrong about a word among the operands of an op that takes none; is a value of that name
 * visible? */
const char *ts_parse_word_advice(ts_parser *, ts_opcode, const char *word, bool visible);
/* The attribute that `word` may have meant; NULL: none. */
const char *ts_attr_nearest(const char *word);

#endif
