/* The C text that emitted programs bring along: vector types, fma and vector math, in sections, so that
 * a program carries only what it uses. Made from the headers in prelude/ when building. */
#ifndef TS_EMIT_PRELUDE_H
#define TS_EMIT_PRELUDE_H

/* A piece of C named as the one function or type it defines (ts_exp_f32x16); `needs` are the names of
 * the sections whose text must stand before it, with spaces between. */
typedef struct ts_prelude_section {
  const char *name, *needs, *text;
} ts_prelude_section;

/* Sorted so that each section stands after those it needs: a printer marks what it wants and what that
 * needs, then prints the marked ones in order.
 *
 * Functions of one argument: ts_{exp,log,erf,tanh,gelu,gelu_tanh,sigmoid,silu}_TYPE; of three: ts_fma_TYPE
 * (a * b + c rounded once); TYPE is f32, f32x4, f32x8, f32x16, f64, f64x2, f64x4 or f64x8. A section
 * ts_TYPE of a vector type defines ts_f32x16 and the integers of its size, ts_i32x16. ts_gelu_brief_TYPE,
 * of f64 alone, is for results that are rounded to f32 or less. */
extern const ts_prelude_section ts_prelude_sections[];
extern const unsigned ts_num_prelude_sections;

#endif
