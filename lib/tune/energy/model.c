/* Energy by counted work, where no counter tells it. */
#include "tune/energy/energy.h"

/* Joules of a 7 nm process: Jouppi et al., Ten lessons from three generations shaped Google's TPUv4i, ISCA 2021, table 2,
 * which brings the figures of Horowitz, Computing's energy problem, ISSCC 2014 (45 nm), up to date. */
#define J_ADD_F32 0.38e-12
#define J_MULTIPLY_F32 1.31e-12
/* 64 bits of an SRAM of 32 KiB and of 1 MiB, of DDR4. */
#define J_SMALL_SRAM 8.5e-12
#define J_LARGE_SRAM 14e-12
#define J_DRAM 1300e-12
/* Fetching, decoding and retiring an instruction: 70 pJ in 45 nm (Horowitz), less by as much as a multiplication, whose
 * 3.7 pJ became 1.31; of vectors of eight multiply-adds. */
#define J_INSTRUCTION (70e-12 * J_MULTIPLY_F32 / 3.7e-12)
#define FLOPS_OF_INSTRUCTION 16
/* What a processor of some cores takes while it does nothing: a round figure. It moves no candidate past another that is
 * slower and does more. */
#define WATTS 10.0

ts_energy_model ts_energy_model_default(void) {
  return (ts_energy_model){.j_flop = (J_ADD_F32 + J_MULTIPLY_F32) / 2 +
                                     J_INSTRUCTION / FLOPS_OF_INSTRUCTION,
                           .j_byte = {J_SMALL_SRAM / 8, J_LARGE_SRAM / 8, J_DRAM / 8},
                           .watts = WATTS,
                           .origin = "default"};
}

double ts_energy_model_joules(const ts_energy_model *m, const ts_counted *c) {
  double joules = m->j_flop * c->flops + m->watts * c->seconds;
  for (unsigned i = 0; i < ts_countof(m->j_byte); i++)
    joules += m->j_byte[i] * c->bytes[i];
  return joules;
}

static ts_energy modelled(double joules, const char *how) {
  return (ts_energy){TS_ENERGY_MODELLED, joules, joules, joules, how};
}

ts_energy ts_energy_modelled(const ts_energy_model *m, ts_arena *arena, const ts_counted *c) {
  return modelled(ts_energy_model_joules(m, c), ts_sprintf(arena, "work, %s", m->origin));
}

ts_energy ts_energy_proxy(double watts, double seconds) {
  return modelled(watts * seconds, "proxy");
}
