/* The ranks of an MPI job. Only ts-tune is linked with this, so that no other program loads MPI. */
#ifndef TS_TUNE_SPREAD_MPI_RANKS_H
#define TS_TUNE_SPREAD_MPI_RANKS_H

#include "tune/spread/ranks.h"

/* Whether mpirun or srun started this process with others, as the environment says, and which one it is; MPI is not
 * begun yet. */
bool ts_mpi_is_job(unsigned *rank);
/* Begins MPI; to be called in such a job, once, before other threads are started. TS_USAGE, with a message, when this is a
 * build without MPI; TS_ERR when MPI cannot be begun. The context must outlive what was sent. */
ts_result ts_mpi_open(ts_context *, ts_ranks *);
/* Ends MPI. `together`: all ranks call this. Otherwise some are gone, and MPI_Finalize would wait for them for
 * ever: then this rank leaves alone, and rank 0 ends the whole job with this exit status where mpirun would take
 * leaving for a failure. */
void ts_mpi_close(const ts_ranks *, bool together, int status);

#endif
