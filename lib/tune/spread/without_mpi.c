/* Messages in a build without MPI: there are none. */
#include "tune/spread/mpi_ranks.h"

ts_result ts_mpi_open(ts_context *ctx, ts_ranks *out) {
  (void)out;
  (void)ts_error_plain(
      ctx, "this build is without MPI, so mpirun would start the same search several times "
           "(utils/setup installs libopenmpi-dev, then configure anew)");
  return TS_USAGE;
}

void ts_mpi_close(const ts_ranks *ranks, bool together, int status) {
  (void)ranks;
  (void)together;
  (void)status;
}
