static void add_terms(const term *terms, uint32_t n, int32_t level, const int16_t *x,
                      int64_t *sums) {
  uint32_t k;

  for (k = 0u; k < n; ++k) {
    if ((int32_t)terms[k].level <= level) {
      const int16_t *at = &x[terms[k].first];
      uint64_t plus = terms[k].plus;
      uint64_t minus = terms[k].minus;
      int32_t sum = 0;
      while ((plus | minus) != 0u) {
        if ((plus & 1u) != 0u) {
          sum += (int32_t)*at;
        } else if ((minus & 1u) != 0u) {
          sum -= (int32_t)*at;
        } else {
          /* a zero */
        }
        plus >>= 1u;
        minus >>= 1u;
        ++at;
      }
      sums[terms[k].row] +=
          scaled_down((int64_t)sum * (int64_t)terms[k].factor, (uint32_t)terms[k].shift);
    }
  }
}

static void predict(const ${name}_state *state, int64_t next[N_OUT]) {
  int16_t phi[N_PHI];
  uint32_t j;
${hidden_locals}
  gather(state, phi);
${shorten}
  for (j = 0u; j < N_OUT; ++j) {
    next[j] = (int64_t)state->y[j] + (int64_t)BIAS[j];
  }
  add_terms(LINEAR, ${n_linear}u, state->level, phi, next);
${hidden_code}
}
