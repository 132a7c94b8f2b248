/* What is in a store, for people and for other programs. */
#ifndef TS_RECORDS_LISTING_H
#define TS_RECORDS_LISTING_H

#include "records/store.h"

typedef enum { TS_LIST_TABLE, TS_LIST_CSV, TS_LIST_JSON } ts_list_form;

/* Its sessions, oldest first. */
ts_result ts_list_sessions(ts_store *, ts_arena *, ts_sink *, ts_list_form);
/* The trials of a session: as a table the good ones by time, then those that failed; else as ts_recorded_write does. TS_ERR
 * where there is no such session. */
ts_result ts_list_trials(ts_store *, ts_arena *, ts_sink *, int64_t session, ts_list_form);

#endif
