
#if defined(${NAME}_USE_LIBM) || defined(__FAST_MATH__) || (FLT_EVAL_METHOD < 0) || \
    (FLT_EVAL_METHOD == 2)
#include <math.h>
static real bounded(real x) { return (real)${libm}(x); }
#else
/* The hyperbolic tangent from expm1(2|x|) by polynomial and one division: the same arithmetic as
   in HeliID, free of branches and of libm, so the same numbers come out on every processor. */
static real bounded(real x) {
  const real size = (x < ${zero}) ? -x : x;
  const real end = (size < ${end}) ? size : ${end}; /* from here on tanh is 1 */
  const real twice = end + end;
  const real shifted = (twice * ${log2_e}) + ${round}; /* its low bits: round(x / ln 2) */
  const real n = shifted - ${round};
  const real r = (twice - (n * ${ln2_high})) - (n * ${ln2_low});
  real power;
  real grown;
  real t;
  ${bits} code;

${series}
  (void)memcpy(&code, &shifted, sizeof(code));
  code = (code + ${bias_bits}u) << ${mantissa}u;
  (void)memcpy(&power, &code, sizeof(power));
  grown = (power * (r + ((r * r) * t))) + (power - ${one});
  grown = grown / (grown + ${two});
  return (x < ${zero}) ? -grown : grown;
}
#endif

