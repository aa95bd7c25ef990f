/* Reads raw doubles (n, u_trim, y_trim, u, y_start) and writes the free run of ${name}. */
#include "${file}.h"

#include <stdio.h>
#include <stdlib.h>

static double *numbers(FILE *file, size_t n) {
  double *const values = (double *)malloc((n + 1u) * sizeof(double));
  if ((values == NULL) || (fread(values, sizeof(double), n, file) != n)) {
    exit(2);
  }
  return values;
}

static ${name}_real *reals(FILE *file, size_t n) {
  double *const values = numbers(file, n);
  ${name}_real *const result = (${name}_real *)malloc((n + 1u) * sizeof(${name}_real));
  size_t i;
  if (result == NULL) {
    exit(2);
  }
  for (i = 0; i < n; ++i) {
    result[i] = (${name}_real)values[i];
  }
  free(values);
  return result;
}

int main(int argc, char **argv) {
  static ${name}_state state;
  char path[4096];
  FILE *file;
  size_t i, n, n_in, n_out, n_start;
  ${name}_real *u_trim, *y_trim, *u, *y_start, *y;

  if ((argc != 2) || ((file = fopen(argv[1], "rb")) == NULL)) {
    return 2;
  }
  n = (size_t)numbers(file, 1)[0];
  n_in = sizeof(${name}_input_name) / sizeof(${name}_input_name[0]);
  n_out = sizeof(${name}_output_name) / sizeof(${name}_output_name[0]);
  u_trim = reals(file, n_in);
  y_trim = reals(file, n_out);
  u = reals(file, n * n_in);
  n_start = ${NAME}_N_START;
  y_start = reals(file, n_start * n_out);
  (void)fclose(file);
  y = (${name}_real *)malloc(n * n_out * sizeof(${name}_real));
  if (y == NULL) {
    return 2;
  }
  ${name}_init_at(&state, u_trim, y_trim);
  (void)${name}_free_run(&state, u, y_start, n, y);
  (void)snprintf(path, sizeof(path), "%s.out", argv[1]);
  file = fopen(path, "wb");
  if (file == NULL) {
    return 2;
  }
  for (i = 0; i < n * n_out; ++i) {
    const double value = (double)y[i];
    (void)fwrite(&value, sizeof(value), 1, file);
  }
  return fclose(file);
}
