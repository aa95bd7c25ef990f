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

const char *const ${name}_input_name[N_IN] = {${input_names}};
const char *const ${name}_input_unit[N_IN] = {${input_units}};
const char *const ${name}_output_name[N_OUT] = {${output_names}};
const char *const ${name}_output_unit[N_OUT] = {${output_units}};
const real ${name}_envelope[${n_channels}][2] = ${envelope};

/* scaled = ((value - trim) - offset) / std */
static const real U_TRIM[N_IN] = ${u_trim};
static const real U_OFFSET[N_IN] = ${u_offset};
static const real U_STD[N_IN] = ${u_std};
static const real Y_TRIM[N_OUT] = ${y_trim};
static const real Y_OFFSET[N_OUT] = ${y_offset};
static const real Y_STD[N_OUT] = ${y_std};

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

/* One row on; when the rows are used up, the past that is still needed moves to the front. */
static void advance(${name}_state *state) {
  state->at += 1u;
  if (state->at == ROWS) {
    (void)memmove(state->past[0], state->past[ROWS - N_START], N_START * sizeof(state->past[0]));
    state->at = N_START;
  }
}

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

size_t ${name}_free_run(${name}_state *state, const real *u, const real *y_start, size_t n,
                        real *y) {
  const size_t given = (n < N_START) ? n : N_START;
  size_t good = n;
  size_t k;

  (void)memmove(y, y_start, given * N_OUT * sizeof(real));
  if (n > N_START) {
    ${name}_start(state, u, y_start);
  }
  for (k = N_START; k < n; ++k) {
    if ((${name}_step(state, &u[k * N_IN], &y[k * N_OUT]) != 0) && (good == n)) {
      good = k;
    }
  }
  return good;
}

int32_t ${name}_is_outside(const real *u, const real *y) {
  int32_t outside = 0;
  uint32_t i;

  for (i = 0u; i < (N_IN + N_OUT); ++i) {
    const real value = (i < N_IN) ? u[i] : y[i - N_IN];
    if ((value < ${name}_envelope[i][0]) || (value > ${name}_envelope[i][1])) {
      outside = 1;
    }
  }
  return outside;
}

#ifdef ${NAME}_SELF_TEST
#include <stdio.h>

/* The free run of the model as HeliID computed it; the first N_START rows of Y are given. */
#define N_TEST ${n_test}u
static const real TEST_U[N_TEST][N_IN] = ${test_u};
static const real TEST_Y[N_TEST][N_OUT] = ${test_y};

int main(void) {
  static ${name}_state state;
  static real y[N_TEST][N_OUT];
  double worst = 0.0;
  uint32_t k;
  uint32_t j;

  ${name}_init(&state);
  (void)${name}_free_run(&state, TEST_U[0], TEST_Y[0], N_TEST, y[0]);
  for (k = 0u; k < N_TEST; ++k) {
    for (j = 0u; j < N_OUT; ++j) {
      const double error = ((double)y[k][j] - (double)TEST_Y[k][j]) / (double)Y_STD[j];
      worst = (error > worst) ? error : worst;
      worst = (-error > worst) ? -error : worst;
    }
  }
  (void)printf("${name}: largest difference %.3g standard deviations\n", worst);
  return (worst <= ${tolerance}) ? 0 : 1;
}
#endif
