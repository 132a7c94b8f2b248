/* Between the files of tools/common. */
#ifndef TS_TOOLS_COMMON_PRIVATE_H
#define TS_TOOLS_COMMON_PRIVATE_H

#include "tool.h"

typedef TS_VEC(const char *) word_list;

/* Appends the words of the file that the argument `@path` names to `words`. */
ts_result ts_tool_expand_file(ts_tool *, const char *path, unsigned depth, word_list *words);
/* Answers on standard output. */
ts_result ts_tool_help(ts_tool *, bool hidden);
ts_result ts_tool_help_on(ts_tool *, const ts_flag *);
ts_result ts_tool_version(ts_tool *);
ts_result ts_tool_completion(ts_tool *, const char *shell); /* "bash", "zsh" or "fish" */
void ts_tool_free_texts(ts_tool *);

/* Options that every tool has. */
extern const ts_flag ts_tool_common_flags[];
enum { TS_TOOL_NUM_COMMON_FLAGS = 5 };

#endif
