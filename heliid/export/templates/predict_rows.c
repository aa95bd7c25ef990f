static void predict(const ${name}_state *state, int64_t next[N_OUT]) {
  int16_t phi[N_PHI];
  uint32_t t;
  uint32_t j;
${hidden_locals}
  gather(state, phi);
${hidden_code}
  for (j = 0u; j < N_OUT; ++j) {
    int64_t sum = 0;
    for (t = 0u; t < N_PHI; ++t) {
      const int32_t product = (int32_t)LINEAR[j][t] * (int32_t)phi[t];
      sum += (int64_t)product;
    }
    next[j] = (int64_t)state->y[j] + (int64_t)BIAS[j];
    next[j] += scaled_down(sum * (int64_t)LINEAR_FACTOR[j], LINEAR_SHIFT[j]);
${out_code}
  }
}
