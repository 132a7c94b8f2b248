/* The clock that durations are taken from. */
#ifndef TS_SUPPORT_CLOCK_H
#define TS_SUPPORT_CLOCK_H

/* Seconds of a clock that only goes forward, from some moment in the past. */
double ts_time_now(void);
/* Waits so many seconds, signals or not. */
void ts_time_sleep(double seconds);

#endif
