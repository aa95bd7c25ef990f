/*
${heading}
 *
${about}
 */
#ifndef ${NAME}_H
#define ${NAME}_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef ${real} ${name}_real;

#define ${NAME}_N_INPUTS ${n_in}u
#define ${NAME}_N_OUTPUTS ${n_out}u
#define ${NAME}_N_START ${n_start}u /* samples that ${name}_start takes */
#define ${NAME}_DT ${dt_literal} /* s */
${defines}
/* Positions in u and y. */
${positions}

/* The window of the past slides through ROWS rows and is moved back when it reaches the end. */
#define ${NAME}_ROWS ${rows}u
#define ${NAME}_WIDTH ${width}u /* outputs, then inputs, then leaky memories; all scaled */

typedef struct {
${state}
} ${name}_state;

/* Names and units in the order of u and y (UTF-8), training envelope: lowest, highest. */
extern const char *const ${name}_input_name[${NAME}_N_INPUTS];
extern const char *const ${name}_input_unit[${NAME}_N_INPUTS];
extern const char *const ${name}_output_name[${NAME}_N_OUTPUTS];
extern const char *const ${name}_output_unit[${NAME}_N_OUTPUTS];
extern const ${name}_real ${name}_envelope[${n_channels}][2];

/* At rest at the model's own trim. */
void ${name}_init(${name}_state *state);

/* At rest at another trim: u_trim[N_INPUTS], y_trim[N_OUTPUTS]. */
void ${name}_init_at(${name}_state *state, const ${name}_real *u_trim, const ${name}_real *y_trim);

/* From measured samples: u[N_START][N_INPUTS], y[N_START][N_OUTPUTS], row by row, oldest first.
   Call ${name}_init or ${name}_init_at before. */
void ${name}_start(${name}_state *state, const ${name}_real *u, const ${name}_real *y);

${more}/* One step: u held (or averaged) over the step, y at its end. Returns 0, or 1 when diverged. */
int32_t ${name}_step(${name}_state *state, const ${name}_real *u, ${name}_real *y);

/* n samples: u[n][N_INPUTS]; the first N_START rows of y[n][N_OUTPUTS] are copied from y_start,
   the others computed. Returns the number of good samples: n, or fewer when diverged. */
size_t ${name}_free_run(${name}_state *state, const ${name}_real *u, const ${name}_real *y_start,
                        size_t n, ${name}_real *y);

/* 1 when an input or output is outside the training envelope, else 0. */
int32_t ${name}_is_outside(const ${name}_real *u, const ${name}_real *y);

#ifdef __cplusplus
}
#endif

#endif /* ${NAME}_H */
