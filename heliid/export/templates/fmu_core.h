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

#ifndef DIM_IN /* sizes of the arrays: those of the model, but for the prebuilt library */
#define DIM_IN N_IN
#define DIM_OUT N_OUT
#define DIM_START N_START
#define TOKEN "${token}"
#endif

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
  double u[DIM_IN];
  double y[DIM_OUT];
  double trim[DIM_IN + DIM_OUT];
  double start_u[DIM_START * DIM_IN];  /* sample after sample */
  double start_y[DIM_START * DIM_OUT];
  double sum[DIM_IN];  /* input times width, over the part of the model step that has passed */
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
    memcpy(&core->start_u[k * N_IN], U_TRIM, N_IN * sizeof(double));
    memcpy(&core->start_y[k * N_OUT], Y_TRIM, N_OUT * sizeof(double));
  }
}

static void core_initial_outputs(fmu_core *core) {
  const double *from = core->use_start ? &core->start_y[(N_START - 1u) * N_OUT] : &core->trim[N_IN];
  memcpy(core->y, from, N_OUT * sizeof(double));
}

static void core_begin(fmu_core *core) {
  ${name}_init_at(&core->state, core->trim, &core->trim[N_IN]);
  if (core->use_start) {
    ${name}_start(&core->state, core->start_u, core->start_y);
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
    double mean[DIM_IN];
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
  if (vr == VR_DIVERGED) {
    *value = core->state.diverged;
  } else if (vr == VR_OUTSIDE) {
    *value = ${name}_is_outside(core->u, core->y);
  } else if (vr == VR_USE_START) {
    *value = core->use_start;
  } else {
    return 0;
  }
  return 1;
}

#endif /* FMU_CORE_H */
