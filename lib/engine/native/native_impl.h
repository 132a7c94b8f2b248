/* What the files native*.c share: one program on its way from loops to loaded machine code. */
#ifndef TS_ENGINE_NATIVE_NATIVE_IMPL_H
#define TS_ENGINE_NATIVE_NATIVE_IMPL_H

#include "support/digest.h"
#include "emit/emit.h"
#include "engine/engine.h"

/* The name under which compilers know the program's text, so that machine code does not depend on
 * where that lies, and messages can be told apart. */
#define TS_NATIVE_SOURCE "program"

/* How the engine compiles, and where it keeps what it compiled; the table is in engine.c. */
typedef struct ts_native_options {
  const char *cc; /* the C compiler, a path or a name on PATH; NULL: $TS_CC, or cc, gcc, clang */
  const char *target_cpu; /* a name that the compiler's -march= takes; NULL: this machine's */
  double compile_timeout; /* seconds that the compiler may take */
  const char *cache_dir;  /* NULL: tilesmith/native in $XDG_CACHE_HOME, or in ~/.cache */
  uint64_t cache_size;    /* bytes that the cache may hold; 0: 512 MiB */
  bool no_cache;
  bool stoppable; /* the code looks whether it is to stop */
} ts_native_options;

/* ---- compilers: compiler.c ---- */

typedef struct ts_native_compiler {
  const char *path;
  const char *file;    /* path, size and time of change: the same as long as it is not replaced */
  const char *version; /* what --version says; NULL: not asked */
  bool no_openmp;      /* it was seen to be without */
} ts_native_compiler;

/* The C that goes in, and where it is compiled. */
typedef struct ts_native_job {
  ts_context *ctx;
  ts_arena *arena; /* of everything here */
  const ts_native_options *options;
  const ts_source *source; /* of the program, for messages */
  const char *name;        /* of the function */
  ts_loc loc;
  ts_native_compiler compiler;
  ts_c_unit *units; /* C, a file each */
  unsigned num_units;
  const char *dir; /* the folder it is compiled in, to be removed; NULL: none yet */
} ts_native_job;

/* The compiler asked for, or the first one there is. TS_USAGE for a wrong name, TS_ERR for none. */
ts_result ts_native_find_compiler(ts_native_job *);
/* Asks for --version. An answer that does not come is "". */
void ts_native_ask_version(ts_native_job *);
/* Everything but the C that the machine code depends on. */
void ts_native_add_circumstances(const ts_native_job *, ts_digest *);
/* Compiles the units, as many at once as there are processors, to one shared object: its path, in a folder made for it. A compiler that turns
 * out to be without OpenMP is marked so, and does without. TS_ERR with the compiler's errors at the
 * program's lines; TS_LIMIT when it takes too long. */
ts_result ts_native_compile(ts_native_job *, const char **object);
/* Whether the compiler makes code with OpenMP that can be loaded here: its library may be
 * missing. */
bool ts_native_has_openmp(ts_native_job *);
/* Removes job->dir and what is in it. */
void ts_native_remove_folder(ts_native_job *);

#endif
