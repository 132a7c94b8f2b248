/* A job in words. */
#include "tune/session/job.h"

const char *ts_tune_job_taken(ts_tune_job *job, unsigned n) {
  bool least = ts_tune_space_terms_of(job->space).take == TS_TAKE_LEAST;
  return ts_sprintf(&job->arena, "%s of %u", least ? "least" : "median", n);
}

const char *ts_tune_job_title(ts_tune_job *job) {
  unsigned threads = ts_machine_threads(job->request->limits.threads);
  const char *text = ts_str_text(job->module, job->func->name);
  for (size_t i = 0; i < job->extents.n; i++)
    text = ts_sprintf(&job->arena, "%s %s=%lld", text, job->extents.at[i].name,
                      (long long)job->extents.at[i].value);
  if (job->bucket)
    text = ts_sprintf(&job->arena, "%s, for %lld to %lld", text, (long long)job->bucket->low,
                      (long long)job->bucket->high);
  return ts_sprintf(&job->arena, "%s, %s, %u thread%s", text, job->request->engine, threads,
                    threads == 1 ? "" : "s");
}
