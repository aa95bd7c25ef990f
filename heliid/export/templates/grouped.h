/*
${heading}
 *
 * Fixed point, ternary weights with a scale per ${group}, ${bits}-bit activations, 32-bit outputs.
 * Residual edges can be switched while it runs: ${name}_set_level(&s, 0) is the least work,
 * ${name}_set_level(&s, ${NAME}_TOP_LEVEL) the best fit; no restart is needed.
${loss}
 *
 * Use, in whole numbers only:
 *   static ${name}_state s;  ${name}_init(&s);
 *   int16_t u[${n_in}] = {0};  int32_t y[${n_out}];
 *   (void)${name}_step_q(&s, u, y);   now y holds the outputs at the end of the step
 * with u = (value - trim - offset) / std * 2^${frac} and y = (value - trim - offset) / std * 2^24;
 * ${name}_step does this scaling in floating point.
 */
#ifndef ${NAME}_H
#define ${NAME}_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef double ${name}_real;

#define ${NAME}_N_INPUTS ${n_in}u
#define ${NAME}_N_OUTPUTS ${n_out}u
#define ${NAME}_N_START ${n_start}u /* samples that ${name}_start takes */
#define ${NAME}_DT ${dt_literal} /* s */
#define ${NAME}_U_FRACTION ${frac} /* bits behind the point of u in step_q */
#define ${NAME}_Y_FRACTION 24 /* bits behind the point of y in step_q */

#define ${NAME}_TOP_LEVEL ${top} /* levels 0 to this; ${name}_init chooses the highest */

/* Positions in u and y. */
${positions}

/* The window of the past slides through ROWS rows and is moved back when it reaches the end. */
#define ${NAME}_ROWS ${rows}u
#define ${NAME}_WIDTH ${width}u /* outputs, then inputs, then leaky memories; all scaled */

typedef struct {
  int16_t past[${NAME}_ROWS][${NAME}_WIDTH];
  int32_t y[${NAME}_N_OUTPUTS];
  int32_t memory[${n_memory_size}];
  ${name}_real u_trim[${NAME}_N_INPUTS];
  ${name}_real y_trim[${NAME}_N_OUTPUTS];
  uint32_t at;       /* row of the next sample */
  int32_t diverged;  /* 1: outputs hold their last good values until the next start */
  int32_t level;     /* residual edges up to this level are active */
  int32_t saturated; /* 1: a value did not fit in 16 bits since the start; it was cut */
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

/* Switch residual edges on or off from the next step on; returns the level that holds. */
int32_t ${name}_set_level(${name}_state *state, int32_t level);

/* One step in whole numbers. Returns 0, or 1 when diverged. */
int32_t ${name}_step_q(${name}_state *state, const int16_t *u, int32_t *y);

/* One step: u held (or averaged) over the step, y at its end. Returns 0, or 1 when diverged. */
int32_t ${name}_step(${name}_state *state, const ${name}_real *u, ${name}_real *y);

/* n samples: u[n][N_INPUTS]; the first N_START rows of y[n][N_OUTPUTS] are copied from y_start,
   the others computed. Returns the number of good samples: n, or fewer when diverged. */
size_t ${name}_free_run(${name}_state *state, const ${name}_real *u, const ${name}_real *y_start,
                        size_t n, ${name}_real *y);

#ifdef __cplusplus
}
#endif

#endif /* ${NAME}_H */
