/* One row on; when the rows are used up, the past that is still needed moves to the front. */
static void advance(${name}_state *state) {
  state->at += 1u;
  if (state->at == ROWS) {
    (void)memmove(state->past[0], state->past[ROWS - N_START], N_START * sizeof(state->past[0]));
    state->at = N_START;
  }
}
