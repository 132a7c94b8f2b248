/* Whether there are other ranks, without asking MPI, whose beginning takes a third of a second. */
#include <stdlib.h>

#include "tune/spread/mpi_ranks.h"

static unsigned number_in(const char *variable) {
  const char *text = getenv(variable);
  return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

/* mpirun of Open MPI; process managers of the PMI kind; srun with PMIx. */
bool ts_mpi_is_job(unsigned *rank) {
  static const struct {
    const char *size, *rank;
  } managers[] = {{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
                  {"PMI_SIZE", "PMI_RANK"},
                  {"SLURM_STEP_NUM_TASKS", "PMIX_RANK"}};
  for (unsigned i = 0; i < ts_countof(managers); i++)
    if (number_in(managers[i].size) > 1 && getenv(managers[i].rank)) {
      *rank = number_in(managers[i].rank);
      return true;
    }
  return false;
}
