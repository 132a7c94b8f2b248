/* Whether a module keeps the rules of the language. */
#ifndef TS_ANALYSIS_VERIFY_VERIFY_H
#define TS_ANALYSIS_VERIFY_VERIFY_H

#include "ir/ir.h"

/* Reports every break of a rule, in the order of the text; TS_ERR when there is one. */
ts_result ts_verify(ts_module *);
/* The same of one function of a module that verified before only this one changed. */
ts_result ts_verify_func(ts_func *);

#endif
