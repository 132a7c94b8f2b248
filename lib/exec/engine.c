/* The engines by name. */
#include "exec/engine.h"

const ts_engine *ts_engine_find(const char *name, const ts_func *func) {
  static const ts_engine *const engines[] = {&ts_engine_tensor, &ts_engine_loop};
  bool by_level = strcmp(name, "interp") == 0;
  for (size_t i = 0; i < ts_countof(engines); i++) {
    const ts_engine *e = engines[i];
    if (by_level ? (e->levels & ts_func_level(func)) != 0 : strcmp(name, e->name) == 0) return e;
  }
  return NULL;
}
