/* ${name}: see the header. Self-test: cc -std=c99 -O2 -D${NAME}_SELF_TEST, then run it. */
#include "${file}.h"

#include <string.h>

#define N_IN ${NAME}_N_INPUTS
#define N_OUT ${NAME}_N_OUTPUTS
#define N_PHI ${n_phi}u
#define N_START ${NAME}_N_START
#define ROWS ${NAME}_ROWS
#define U_SCALE ${u_scale} /* 2^${frac} */
#define Y_SCALE 16777216.0 /* 2^24 */
#define Y_TO_U ${y_to_u}u /* bits between the two */
#define LIMIT ${limit_q} /* 50 standard deviations, 24 bits behind the point */

typedef ${name}_real real;

${channels}
${weights}
static const int32_t BIAS[N_OUT] = ${bias};
${hidden_tables}
/* v / 2^shift, rounded to nearest, halves away from zero. */
static int64_t scaled_down(int64_t v, uint32_t shift) {
  const uint32_t below = shift - 1u;
  const uint64_t half = (uint64_t)1u << below;
  const uint64_t size = (v < 0) ? (uint64_t)(-v) : (uint64_t)v;
  const uint64_t down = (size + half) >> shift;
  const int64_t result = (int64_t)down;
  return (v < 0) ? -result : result;
}

static int16_t narrow(${name}_state *state, int64_t v) {
  int64_t cut = v;
  if (v > 32767) {
    cut = 32767;
    state->saturated = 1;
  } else if (v < -32767) {
    cut = -32767;
    state->saturated = 1;
  } else {
    /* it fits */
  }
  return (int16_t)cut;
}

/* A real number as a whole one, rounded to nearest, halves away from zero, cut to 2^30. */
static int32_t whole(real scaled) {
  const real end = 1073741824.0;
  real value = scaled;
  if (!(value < end)) {
    value = end; /* also when it is not a number */
  } else if (value < -end) {
    value = -end;
  } else {
    /* it fits */
  }
  return (value >= 0.0) ? (int32_t)(value + 0.5) : -(int32_t)(0.5 - value);
}

${tanh}
static void gather(const ${name}_state *state, int16_t phi[N_PHI]) {
  const uint32_t at = state->at;

${gather}
}

${predict}

static void put_inputs(${name}_state *state, const int16_t *u, int32_t is_first) {
  int16_t *const row = state->past[state->at];
  uint32_t i;

  for (i = 0u; i < N_IN; ++i) {
    row[N_OUT + i] = u[i];
  }
${memory_code}
}

static void put_outputs(${name}_state *state) {
  uint32_t j;

  for (j = 0u; j < N_OUT; ++j) {
    state->past[state->at][j] = narrow(state, scaled_down((int64_t)state->y[j], Y_TO_U));
  }
}

${advance}
static void quantise_inputs(${name}_state *state, const real *u, int16_t q[N_IN]) {
  uint32_t i;

  for (i = 0u; i < N_IN; ++i) {
    const real scaled = ((u[i] - state->u_trim[i]) - U_OFFSET[i]) / U_STD[i];
    q[i] = narrow(state, (int64_t)whole(scaled * U_SCALE));
  }
}

static void given_sample(${name}_state *state, const real *u, const real *y, int32_t is_first) {
  int16_t q[N_IN];
  uint32_t j;

  quantise_inputs(state, u, q);
  put_inputs(state, q, is_first);
  for (j = 0u; j < N_OUT; ++j) {
    const real scaled = ((y[j] - state->y_trim[j]) - Y_OFFSET[j]) / Y_STD[j];
    state->y[j] = whole(scaled * Y_SCALE);
  }
  put_outputs(state);
  advance(state);
}

void ${name}_init(${name}_state *state) { ${name}_init_at(state, U_TRIM, Y_TRIM); }

void ${name}_init_at(${name}_state *state, const real *u_trim, const real *y_trim) {
  uint32_t k;

  (void)memset(state, 0, sizeof(*state));
${init_more}  (void)memcpy(state->u_trim, u_trim, sizeof(state->u_trim));
  (void)memcpy(state->y_trim, y_trim, sizeof(state->y_trim));
  for (k = 0u; k < N_START; ++k) {
    given_sample(state, u_trim, y_trim, (k == 0u) ? 1 : 0);
  }
}

void ${name}_start(${name}_state *state, const real *u, const real *y) {
  uint32_t k;

  state->at = 0u;
  state->diverged = 0;
  state->saturated = 0;
  for (k = 0u; k < N_START; ++k) {
    given_sample(state, &u[k * N_IN], &y[k * N_OUT], (k == 0u) ? 1 : 0);
  }
}

${more_code}int32_t ${name}_step_q(${name}_state *state, const int16_t *u, int32_t *y) {
  int64_t next[N_OUT];
  uint32_t j;

  if (state->diverged == 0) {
    put_inputs(state, u, 0);
    predict(state, next);
    for (j = 0u; j < N_OUT; ++j) {
      if ((next[j] > LIMIT) || (next[j] < -LIMIT)) {
        state->diverged = 1;
      }
    }
  }
  if (state->diverged == 0) {
    for (j = 0u; j < N_OUT; ++j) {
      state->y[j] = (int32_t)next[j];
    }
    put_outputs(state);
    advance(state);
  }
  (void)memcpy(y, state->y, sizeof(state->y));
  return state->diverged;
}

int32_t ${name}_step(${name}_state *state, const real *u, real *y) {
  int16_t u_q[N_IN];
  int32_t y_q[N_OUT];
  int32_t status;
  uint32_t j;

  quantise_inputs(state, u, u_q);
  status = ${name}_step_q(state, u_q, y_q);
  for (j = 0u; j < N_OUT; ++j) {
    y[j] = ((((real)y_q[j] / Y_SCALE) * Y_STD[j]) + Y_OFFSET[j]) + state->y_trim[j];
  }
  return status;
}

${ending}