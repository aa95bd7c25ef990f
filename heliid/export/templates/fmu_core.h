/* What the FMI 2 and FMI 3 faces of ${name} share: variables, start, time.
 *
 * The input set at time t is held over the communication step that begins there. Model samples
 * stand at start time + k * DT; an output is that of the latest sample. Communication steps may
 * have any length: an input that changes within one model step enters with its mean over it.
 */
#ifndef FMU_CORE_H
#define FMU_CORE_H

#include "${name}.c"

#include <math.h>
#include <stdlib.h>

#define N_CHANNELS (N_IN + N_OUT)
#define VR_DIVERGED N_CHANNELS
#define VR_OUTSIDE (N_CHANNELS + 1u)
#define VR_USE_START (N_CHANNELS + 2u)
#define VR_TIME (N_CHANNELS + 3u)
#define VR_TRIM 1000u   /* + channel, inputs first */
#define VR_START 10000u /* FMI 2: + sample * channels + channel; FMI 3: inputs, then outputs */
#define SNAP 1e-6       /* of a model step: communication points this near to a sample are on it */

typedef struct {
  ${name}_state state;
  double u[N_IN];
  double y[N_OUT];
  double trim[N_CHANNELS];
  double start_u[N_START][N_IN];
  double start_y[N_START][N_OUT];
  double sum[N_IN];  /* input times width, over the part of the model step that has passed */
  double start_time; /* s */
  double position;   /* model steps since the start */
  double samples;    /* whole model steps done */
  int use_start;
  int begun;
} fmu_core;

static void core_reset(fmu_core *core) {
  unsigned k, c;

  memset(core, 0, sizeof(*core));
  for (c = 0u; c < N_IN; ++c) {
    core->trim[c] = U_TRIM[c];
    core->u[c] = U_TRIM[c];
  }
  for (c = 0u; c < N_OUT; ++c) {
    core->trim[N_IN + c] = Y_TRIM[c];
  }
  for (k = 0u; k < N_START; ++k) {
    memcpy(core->start_u[k], U_TRIM, sizeof(U_TRIM));
    memcpy(core->start_y[k], Y_TRIM, sizeof(Y_TRIM));
  }
}

static void core_initial_outputs(fmu_core *core) {
  const double *from = core->use_start ? core->start_y[N_START - 1u] : &core->trim[N_IN];
  memcpy(core->y, from, sizeof(core->y));
}

static void core_begin(fmu_core *core) {
  ${name}_init_at(&core->state, core->trim, &core->trim[N_IN]);
  if (core->use_start) {
    ${name}_start(&core->state, core->start_u[0], core->start_y[0]);
  }
  core_initial_outputs(core);
  memset(core->sum, 0, sizeof(core->sum));
  core->position = 0.0;
  core->samples = 0.0;
  core->begun = 1;
}

/* From time to time + step; returns 0 when the model is still good, 1 when it has diverged. */
static int core_advance(fmu_core *core, double time, double step) {
  double target = ((time - core->start_time) + step) / ${NAME}_DT;
  unsigned c;

  if (fabs(target - floor(target + 0.5)) < SNAP) {
    target = floor(target + 0.5);
  }
  while (core->samples + 1.0 <= target) {
    const double width = core->samples + 1.0 - core->position;
    double mean[N_IN];
    for (c = 0u; c < N_IN; ++c) {
      mean[c] = (width == 1.0) ? core->u[c] : core->sum[c] + core->u[c] * width;
      core->sum[c] = 0.0;
    }
    (void)${name}_step(&core->state, mean, core->y);
    core->samples += 1.0;
    core->position = core->samples;
  }
  if (target > core->position) {
    for (c = 0u; c < N_IN; ++c) {
      core->sum[c] += core->u[c] * (target - core->position);
    }
    core->position = target;
  }
  return core->state.diverged;
}

/* Where a real variable lives, or NULL when there is none with this reference. */
static double *core_real(fmu_core *core, unsigned vr) {
  if (vr < N_IN) {
    return &core->u[vr];
  }
  if (vr < N_CHANNELS) {
    if (!core->begun) {
      core_initial_outputs(core);
    }
    return &core->y[vr - N_IN];
  }
  if ((vr >= VR_TRIM) && (vr < VR_TRIM + N_CHANNELS)) {
    return &core->trim[vr - VR_TRIM];
  }
  return NULL;
}

static int core_may_set(const fmu_core *core, unsigned vr) {
  return (vr < N_IN) || ((vr >= VR_TRIM) && !core->begun);
}

static int core_get_boolean(const fmu_core *core, unsigned vr, int *value) {
  switch (vr) {
    case VR_DIVERGED:
      *value = core->state.diverged;
      return 1;
    case VR_OUTSIDE:
      *value = ${name}_is_outside(core->u, core->y);
      return 1;
    case VR_USE_START:
      *value = core->use_start;
      return 1;
    default:
      return 0;
  }
}

#endif /* FMU_CORE_H */
