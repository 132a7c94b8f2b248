/* In which order parameters are decided, so that few are kept in mind at a time. */
#include <math.h>

#include "tune/space/compile_impl.h"

/* The logarithm of the number of combinations of decided parameters that rules tie to others. */
static double weight_of(unsigned n, const unsigned *sizes, size_t num_masks, const uint64_t *masks,
                        uint64_t decided) {
  uint64_t open = 0;
  double weight = 0;
  for (size_t i = 0; i < num_masks; i++)
    if (masks[i] & ~decided) open |= masks[i] & decided;
  for (unsigned i = 0; i < n; i++)
    if (open >> i & 1) weight += log2(sizes[i]);
  return weight;
}

void ts_space_order(unsigned n, const unsigned *sizes, const uint64_t *conditions, size_t num_masks,
                    const uint64_t *masks, unsigned *order) {
  uint64_t decided = 0;
  for (unsigned layer = 0; layer < n; layer++) {
    double least = INFINITY;
    for (unsigned i = 0; i < n; i++) {
      if (decided >> i & 1 || conditions[i] & ~decided) continue;
      double weight = weight_of(n, sizes, num_masks, masks, decided | UINT64_C(1) << i);
      if (weight >= least) continue;
      least = weight;
      order[layer] = i;
    }
    decided |= UINT64_C(1) << order[layer];
  }
}
