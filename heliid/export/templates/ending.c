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

/* The free run of ${whose} as HeliID computed it; the first N_START rows of Y are given. */
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
