/* Any model of HeliID: the arithmetic of model.c with its numbers in one block of data.
 *
 * The prebuilt libraries are made from this file. HeliID writes a model's numbers over the block
 * that begins with the magic text, so one library serves every model that fits the sizes below.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIM_IN ${dim_in}u
#define DIM_OUT ${dim_out}u
#define DIM_PHI ${dim_phi}u
#define DIM_START ${dim_start}u
#define DIM_HIDDEN ${dim_hidden}u
#define DIM_MEMORY ${dim_memory}u
#define DIM_ROWS (2u * DIM_START + ${extra_rows}u)
#define DIM_WIDTH (DIM_IN + DIM_OUT + DIM_MEMORY)

typedef double real;

typedef struct {
  char magic[32];
  char source[64]; /* SHA-256 of the source that this library was built from */
  char token[64];
  uint32_t n_in, n_out, n_phi, n_start, n_hidden, n_memory, rows, unused;
  uint32_t column[DIM_PHI];
  uint32_t lag[DIM_PHI];
  uint32_t memory[DIM_MEMORY]; /* the input behind each leaky memory */
  double dt, limit;
  double u_trim[DIM_IN], u_offset[DIM_IN], u_std[DIM_IN];
  double y_trim[DIM_OUT], y_offset[DIM_OUT], y_std[DIM_OUT];
  double leak[DIM_MEMORY];
  double envelope[DIM_IN + DIM_OUT][2];
  double linear[DIM_PHI][DIM_OUT];
  double bias[DIM_OUT];
  double hidden[DIM_PHI][DIM_HIDDEN];
  double hidden_bias[DIM_HIDDEN];
  double out[DIM_OUT][DIM_HIDDEN];
  double increment[DIM_OUT];
} heliid_block;

/* Visible and writable, so that no compiler takes these first values for the numbers. */
__attribute__((visibility("default"))) heliid_block heliid_numbers = {
    "${magic}", "${source}", "", 1u, 1u, 0u, 1u, 0u, 0u, 65u, 0u, {0}, {0}, {0}, 1.0, 50.0,
    {0}, {0}, {0}, {0}, {0}, {0}, {0}, {{0}}, {{0}}, {0}, {{0}}, {0}, {{0}}, {0}};

#define B heliid_numbers
#define N_IN B.n_in
#define N_OUT B.n_out
#define N_PHI B.n_phi
#define N_START B.n_start
#define U_TRIM B.u_trim
#define Y_TRIM B.y_trim
#define TOKEN B.token
#define ${NAME}_DT B.dt

typedef struct {
  real past[DIM_ROWS][DIM_WIDTH];
  real u_trim[DIM_IN];
  real y_trim[DIM_OUT];
  uint32_t at;
  int32_t diverged;
} ${name}_state;

${tanh}
static void predict(const ${name}_state *state, real next[DIM_OUT]) {
  real phi[DIM_PHI];
  real z[DIM_HIDDEN];
  uint32_t t, i, j;

  for (t = 0u; t < N_PHI; ++t) {
    phi[t] = state->past[state->at - B.lag[t]][B.column[t]];
  }
  for (j = 0u; j < N_OUT; ++j) {
    next[j] = B.bias[j];
  }
  for (t = 0u; t < N_PHI; ++t) {
    for (j = 0u; j < N_OUT; ++j) {
      next[j] += B.linear[t][j] * phi[t];
    }
  }
  for (i = 0u; i < B.n_hidden; ++i) {
    z[i] = B.hidden_bias[i];
  }
  for (t = 0u; t < N_PHI; ++t) {
    for (i = 0u; i < B.n_hidden; ++i) {
      z[i] += B.hidden[t][i] * phi[t];
    }
  }
  for (i = 0u; i < B.n_hidden; ++i) {
    z[i] = bounded(z[i]);
  }
  for (j = 0u; j < N_OUT; ++j) {
    real sum = 0.0;
    for (i = 0u; i < B.n_hidden; ++i) {
      sum += B.out[j][i] * z[i];
    }
    next[j] = (B.n_hidden == 0u) ? state->past[state->at - 1u][j] + next[j]
                                 : (state->past[state->at - 1u][j] + (B.increment[j] * sum)) + next[j];
  }
}

static void put_inputs(${name}_state *state, const real *u, int32_t is_first) {
  real *const row = state->past[state->at];
  const uint32_t first = N_OUT + N_IN;
  uint32_t i;

  for (i = 0u; i < N_IN; ++i) {
    row[N_OUT + i] = ((u[i] - state->u_trim[i]) - B.u_offset[i]) / B.u_std[i];
  }
  for (i = 0u; i < B.n_memory; ++i) {
    const real now = row[N_OUT + B.memory[i]];
    row[first + i] = (is_first != 0)
                         ? now
                         : (B.leak[i] * now) +
                               ((1.0 - B.leak[i]) * state->past[state->at - 1u][first + i]);
  }
}

static void advance(${name}_state *state) {
  state->at += 1u;
  if (state->at == B.rows) {
    (void)memmove(state->past[0], state->past[B.rows - N_START], N_START * sizeof(state->past[0]));
    state->at = N_START;
  }
}

static void ${name}_init_at(${name}_state *state, const real *u_trim, const real *y_trim) {
  uint32_t k, j;

  (void)memcpy(state->u_trim, u_trim, N_IN * sizeof(real));
  (void)memcpy(state->y_trim, y_trim, N_OUT * sizeof(real));
  state->at = 0u;
  state->diverged = 0;
  for (k = 0u; k < N_START; ++k) {
    put_inputs(state, u_trim, (k == 0u) ? 1 : 0);
    for (j = 0u; j < N_OUT; ++j) {
      state->past[k][j] = -B.y_offset[j] / B.y_std[j];
    }
    advance(state);
  }
}

static void ${name}_start(${name}_state *state, const real *u, const real *y) {
  uint32_t k, j;

  state->at = 0u;
  state->diverged = 0;
  for (k = 0u; k < N_START; ++k) {
    put_inputs(state, &u[k * N_IN], (k == 0u) ? 1 : 0);
    for (j = 0u; j < N_OUT; ++j) {
      state->past[k][j] = ((y[(k * N_OUT) + j] - state->y_trim[j]) - B.y_offset[j]) / B.y_std[j];
    }
    advance(state);
  }
}

static int32_t ${name}_step(${name}_state *state, const real *u, real *y) {
  real next[DIM_OUT];
  uint32_t j;

  if (state->diverged == 0) {
    put_inputs(state, u, 0);
    predict(state, next);
    for (j = 0u; j < N_OUT; ++j) {
      if (!((next[j] <= B.limit) && (next[j] >= -B.limit))) {
        state->diverged = 1;
      }
    }
  }
  if (state->diverged == 0) {
    (void)memcpy(state->past[state->at], next, N_OUT * sizeof(real));
    advance(state);
  }
  for (j = 0u; j < N_OUT; ++j) {
    y[j] = ((state->past[state->at - 1u][j] * B.y_std[j]) + B.y_offset[j]) + state->y_trim[j];
  }
  return state->diverged;
}

static int32_t ${name}_is_outside(const real *u, const real *y) {
  int32_t outside = 0;
  uint32_t i;

  for (i = 0u; i < (N_IN + N_OUT); ++i) {
    const real value = (i < N_IN) ? u[i] : y[i - N_IN];
    if ((value < B.envelope[i][0]) || (value > B.envelope[i][1])) {
      outside = 1;
    }
  }
  return outside;
}
