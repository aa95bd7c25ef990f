/* ${name}: see the header. Self-test: cc -std=c99 -O2 -D${NAME}_SELF_TEST, then run it. */
#include "${file}.h"

#include <float.h>
#include <string.h>

#define N_IN ${NAME}_N_INPUTS
#define N_OUT ${NAME}_N_OUTPUTS
#define N_PHI ${n_phi}u
#define N_START ${NAME}_N_START
#define ROWS ${NAME}_ROWS
#define LIMIT ${limit} /* standard deviations; beyond it a run has diverged */

typedef ${name}_real real;

${channels}
/* Per entry of the regressor: its weight in each output, and in each hidden unit. */
static const real LINEAR[N_PHI][N_OUT] = ${linear};
static const real BIAS[N_OUT] = ${bias};
${hidden_tables}
${tanh}
/* The regressor: inputs first, then outputs. */
static void gather(const ${name}_state *state, real phi[N_PHI]) {
  const uint32_t at = state->at;

${gather}
}

static void predict(const ${name}_state *state, real next[N_OUT]) {
  real phi[N_PHI];
  uint32_t t;
  uint32_t j;
${hidden_locals}
  gather(state, phi);
  for (j = 0u; j < N_OUT; ++j) {
    next[j] = BIAS[j];
  }
  for (t = 0u; t < N_PHI; ++t) {
    for (j = 0u; j < N_OUT; ++j) {
      next[j] += LINEAR[t][j] * phi[t];
    }
  }
${hidden_code}
  for (j = 0u; j < N_OUT; ++j) {
${increment}
  }
}

/* The scaled inputs of one sample into the present row; is_first: memories start here. */
static void put_inputs(${name}_state *state, const real *u, int32_t is_first) {
  real *const row = state->past[state->at];
  uint32_t i;

  for (i = 0u; i < N_IN; ++i) {
    row[N_OUT + i] = ((u[i] - state->u_trim[i]) - U_OFFSET[i]) / U_STD[i];
  }
${memory_code}
}

${advance}
void ${name}_init(${name}_state *state) { ${name}_init_at(state, U_TRIM, Y_TRIM); }

void ${name}_init_at(${name}_state *state, const real *u_trim, const real *y_trim) {
  uint32_t k;
  uint32_t j;

  (void)memcpy(state->u_trim, u_trim, sizeof(state->u_trim));
  (void)memcpy(state->y_trim, y_trim, sizeof(state->y_trim));
  state->at = 0u;
  state->diverged = 0;
  for (k = 0u; k < N_START; ++k) {
    put_inputs(state, u_trim, (k == 0u) ? 1 : 0);
    for (j = 0u; j < N_OUT; ++j) {
      state->past[k][j] = -Y_OFFSET[j] / Y_STD[j];
    }
    advance(state);
  }
}

void ${name}_start(${name}_state *state, const real *u, const real *y) {
  uint32_t k;
  uint32_t j;

  state->at = 0u;
  state->diverged = 0;
  for (k = 0u; k < N_START; ++k) {
    put_inputs(state, &u[k * N_IN], (k == 0u) ? 1 : 0);
    for (j = 0u; j < N_OUT; ++j) {
      state->past[k][j] = ((y[(k * N_OUT) + j] - state->y_trim[j]) - Y_OFFSET[j]) / Y_STD[j];
    }
    advance(state);
  }
}

int32_t ${name}_step(${name}_state *state, const real *u, real *y) {
  real next[N_OUT];
  uint32_t j;

  if (state->diverged == 0) {
    put_inputs(state, u, 0);
    predict(state, next);
    for (j = 0u; j < N_OUT; ++j) {
      if (!((next[j] <= LIMIT) && (next[j] >= -LIMIT))) {
        state->diverged = 1; /* also when it is not a number */
      }
    }
  }
  if (state->diverged == 0) {
    (void)memcpy(state->past[state->at], next, sizeof(next));
    advance(state);
  }
  for (j = 0u; j < N_OUT; ++j) {
    y[j] = ((state->past[state->at - 1u][j] * Y_STD[j]) + Y_OFFSET[j]) + state->y_trim[j];
  }
  return state->diverged;
}

${ending}