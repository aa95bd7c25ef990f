/* The FMI 3.0 co-simulation face of ${name}. Build:
 *   cc -std=c99 -O2 -shared -fPIC -fvisibility=hidden ${name}_fmi3.c -o ${name}.so -lm
 * Types and names are those of the FMI 3.0 standard (fmi-standard.org).
 */
#include "fmu_core.h"

#include <stdbool.h>

#if defined(_WIN32)
#define API __declspec(dllexport)
#else
#define API __attribute__((visibility("default")))
#endif

typedef void *fmi3Instance;
typedef void *fmi3InstanceEnvironment;
typedef void *fmi3FMUState;
typedef uint32_t fmi3ValueReference;
typedef const char *fmi3String;
typedef uint8_t fmi3Byte;
typedef const fmi3Byte *fmi3Binary;
typedef bool fmi3Boolean;
typedef bool fmi3Clock;
typedef double fmi3Float64;
typedef enum { fmi3OK, fmi3Warning, fmi3Discard, fmi3Error, fmi3Fatal } fmi3Status;
typedef void (*fmi3LogMessageCallback)(fmi3InstanceEnvironment, fmi3Status, fmi3String, fmi3String);
typedef void (*fmi3AnyCallback)(void);

typedef struct {
  fmu_core core;
  double time;
  fmi3LogMessageCallback log;
  fmi3InstanceEnvironment environment;
} instance;

static fmi3Status fail(fmi3Instance any, const char *message) {
  const instance *const self = (const instance *)any;
  if ((self != NULL) && (self->log != NULL)) {
    self->log(self->environment, fmi3Error, "logStatusError", message);
  }
  return fmi3Error;
}

/* The numbers behind a reference and how many there are; start samples are arrays in FMI 3. */
static double *find_values(instance *self, fmi3ValueReference vr, size_t *n) {
  *n = 1;
  if (vr == VR_TIME) {
    return &self->time;
  }
  if (vr == VR_START) {
    *n = N_START * N_IN;
    return self->core.start_u;
  }
  if (vr == VR_START + 1u) {
    *n = N_START * N_OUT;
    return self->core.start_y;
  }
  return core_real(&self->core, vr);
}

API const char *fmi3GetVersion(void) { return "3.0"; }

API fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n,
                                   const fmi3String categories[]) {
  (void)c, (void)on, (void)n, (void)categories;
  return fmi3OK;
}

API fmi3Instance fmi3InstantiateCoSimulation(
    fmi3String name, fmi3String token, fmi3String resources, fmi3Boolean visible,
    fmi3Boolean logging, fmi3Boolean event_mode, fmi3Boolean early_return,
    const fmi3ValueReference intermediate[], size_t n_intermediate,
    fmi3InstanceEnvironment environment, fmi3LogMessageCallback log, fmi3AnyCallback update) {
  instance *self;
  (void)name, (void)resources, (void)visible, (void)logging, (void)event_mode;
  (void)early_return, (void)intermediate, (void)n_intermediate, (void)update;
  if ((token == NULL) || (strcmp(token, TOKEN) != 0)) {
    return NULL;
  }
  self = (instance *)calloc(1, sizeof(instance));
  if (self != NULL) {
    self->log = log;
    self->environment = environment;
    core_reset(&self->core);
  }
  return self;
}

API fmi3Instance fmi3InstantiateModelExchange(fmi3String name, fmi3String token,
                                              fmi3String resources, fmi3Boolean visible,
                                              fmi3Boolean logging,
                                              fmi3InstanceEnvironment environment,
                                              fmi3LogMessageCallback log) {
  (void)name, (void)token, (void)resources, (void)visible, (void)logging, (void)environment;
  (void)log;
  return NULL;
}

API fmi3Instance fmi3InstantiateScheduledExecution(
    fmi3String name, fmi3String token, fmi3String resources, fmi3Boolean visible,
    fmi3Boolean logging, fmi3InstanceEnvironment environment, fmi3LogMessageCallback log,
    fmi3AnyCallback clock, fmi3AnyCallback lock, fmi3AnyCallback unlock) {
  (void)name, (void)token, (void)resources, (void)visible, (void)logging, (void)environment;
  (void)log, (void)clock, (void)lock, (void)unlock;
  return NULL;
}

API void fmi3FreeInstance(fmi3Instance c) { free(c); }

API fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean tolerance_defined,
                                           fmi3Float64 tolerance, fmi3Float64 start_time,
                                           fmi3Boolean stop_defined, fmi3Float64 stop_time) {
  (void)tolerance_defined, (void)tolerance, (void)stop_defined, (void)stop_time;
  ((instance *)c)->core.start_time = start_time;
  ((instance *)c)->time = start_time;
  return fmi3OK;
}

API fmi3Status fmi3ExitInitializationMode(fmi3Instance c) {
  core_begin(&((instance *)c)->core);
  return fmi3OK;
}

API fmi3Status fmi3Terminate(fmi3Instance c) {
  (void)c;
  return fmi3OK;
}

API fmi3Status fmi3Reset(fmi3Instance c) {
  core_reset(&((instance *)c)->core);
  return fmi3OK;
}

API fmi3Status fmi3GetFloat64(fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr,
                              fmi3Float64 values[], size_t n_values) {
  size_t i, n, at = 0;
  for (i = 0; i < n_vr; ++i) {
    const double *const from = find_values((instance *)c, vr[i], &n);
    if ((from == NULL) || (at + n > n_values)) {
      return fail(c, "there is no Float64 variable with this reference and size");
    }
    memcpy(&values[at], from, n * sizeof(double));
    at += n;
  }
  return (at == n_values) ? fmi3OK : fail(c, "more values were asked for than there are");
}

API fmi3Status fmi3SetFloat64(fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr,
                              const fmi3Float64 values[], size_t n_values) {
  size_t i, n, at = 0;
  for (i = 0; i < n_vr; ++i) {
    double *const to = find_values((instance *)c, vr[i], &n);
    if ((to == NULL) || (at + n > n_values) || !core_may_set(&((instance *)c)->core, vr[i])) {
      return fail(c, "this variable cannot be set now");
    }
    memcpy(to, &values[at], n * sizeof(double));
    at += n;
  }
  return (at == n_values) ? fmi3OK : fail(c, "more values were given than there are");
}

API fmi3Status fmi3GetBoolean(fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr,
                              fmi3Boolean values[], size_t n_values) {
  size_t i;
  for (i = 0; i < n_vr; ++i) {
    int value = 0;
    if ((i >= n_values) || !core_get_boolean(&((instance *)c)->core, vr[i], &value)) {
      return fail(c, "there is no Boolean variable with this reference");
    }
    values[i] = (value != 0);
  }
  return fmi3OK;
}

API fmi3Status fmi3SetBoolean(fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr,
                              const fmi3Boolean values[], size_t n_values) {
  fmu_core *const core = &((instance *)c)->core;
  size_t i;
  for (i = 0; i < n_vr; ++i) {
    if ((i >= n_values) || (vr[i] != VR_USE_START) || core->begun) {
      return fail(c, "this variable cannot be set now");
    }
    core->use_start = values[i] ? 1 : 0;
  }
  return fmi3OK;
}

API fmi3Status fmi3DoStep(fmi3Instance c, fmi3Float64 time, fmi3Float64 step,
                          fmi3Boolean no_return, fmi3Boolean *event_needed,
                          fmi3Boolean *terminate, fmi3Boolean *early_return,
                          fmi3Float64 *last_time) {
  (void)no_return;
  (void)core_advance(&((instance *)c)->core, time, step);
  ((instance *)c)->time = time + step;
  *event_needed = false;
  *terminate = false;
  *early_return = false;
  *last_time = time + step;
  return fmi3OK;
}

API fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *state) {
  if (*state == NULL) {
    *state = malloc(sizeof(fmu_core));
  }
  if (*state == NULL) {
    return fail(c, "no memory for the state");
  }
  memcpy(*state, &((instance *)c)->core, sizeof(fmu_core));
  return fmi3OK;
}

API fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState state) {
  memcpy(&((instance *)c)->core, state, sizeof(fmu_core));
  return fmi3OK;
}

API fmi3Status fmi3FreeFMUState(fmi3Instance c, fmi3FMUState *state) {
  (void)c;
  free(*state);
  *state = NULL;
  return fmi3OK;
}

API fmi3Status fmi3SerializedFMUStateSize(fmi3Instance c, fmi3FMUState state, size_t *size) {
  (void)c, (void)state;
  *size = sizeof(fmu_core);
  return fmi3OK;
}

API fmi3Status fmi3SerializeFMUState(fmi3Instance c, fmi3FMUState state, fmi3Byte bytes[],
                                     size_t size) {
  if (size < sizeof(fmu_core)) {
    return fail(c, "the buffer is too small for the state");
  }
  memcpy(bytes, state, sizeof(fmu_core));
  return fmi3OK;
}

API fmi3Status fmi3DeserializeFMUState(fmi3Instance c, const fmi3Byte bytes[], size_t size,
                                       fmi3FMUState *state) {
  if (size != sizeof(fmu_core)) {
    return fail(c, "these bytes are no state of this FMU");
  }
  *state = malloc(sizeof(fmu_core));
  if (*state == NULL) {
    return fail(c, "no memory for the state");
  }
  memcpy(*state, bytes, sizeof(fmu_core));
  return fmi3OK;
}

/* The rest of the interface: variables of other types, clocks, modes that this FMU has not. */
#define NO_VARIABLES(kind, type)                                                                \
  API fmi3Status fmi3Get##kind(fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr,      \
                               type values[], size_t n_values) {                                \
    (void)vr, (void)values, (void)n_values;                                                     \
    return (n_vr == 0) ? fmi3OK : fail(c, "there are no variables of this type");               \
  }                                                                                             \
  API fmi3Status fmi3Set##kind(fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr,      \
                               const type values[], size_t n_values) {                          \
    (void)vr, (void)values, (void)n_values;                                                     \
    return (n_vr == 0) ? fmi3OK : fail(c, "there are no variables of this type");               \
  }
NO_VARIABLES(Float32, float)
NO_VARIABLES(Int8, int8_t)
NO_VARIABLES(UInt8, uint8_t)
NO_VARIABLES(Int16, int16_t)
NO_VARIABLES(UInt16, uint16_t)
NO_VARIABLES(Int32, int32_t)
NO_VARIABLES(UInt32, uint32_t)
NO_VARIABLES(Int64, int64_t)
NO_VARIABLES(UInt64, uint64_t)
NO_VARIABLES(String, fmi3String)

API fmi3Status fmi3GetBinary(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, size_t sizes[], fmi3Binary
    values[], size_t n_values) {
  (void)vr, (void)n_vr, (void)sizes, (void)values, (void)n_values;
  return fail(c, "fmi3GetBinary is not provided");
}

API fmi3Status fmi3SetBinary(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, const size_t sizes[], const
    fmi3Binary values[], size_t n_values) {
  (void)vr, (void)n_vr, (void)sizes, (void)values, (void)n_values;
  return fail(c, "fmi3SetBinary is not provided");
}

API fmi3Status fmi3GetClock(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, fmi3Clock values[]) {
  (void)vr, (void)n_vr, (void)values;
  return fail(c, "fmi3GetClock is not provided");
}

API fmi3Status fmi3SetClock(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, const fmi3Clock values[]) {
  (void)vr, (void)n_vr, (void)values;
  return fail(c, "fmi3SetClock is not provided");
}

API fmi3Status fmi3GetNumberOfVariableDependencies(
    fmi3Instance c, fmi3ValueReference vr, size_t *n) {
  (void)vr, (void)n;
  return fail(c, "fmi3GetNumberOfVariableDependencies is not provided");
}

API fmi3Status fmi3GetVariableDependencies(
    fmi3Instance c, fmi3ValueReference dependent, size_t elements[], fmi3ValueReference
    independents[], size_t of_independents[], int kinds[], size_t n) {
  (void)dependent, (void)elements, (void)independents, (void)of_independents, (void)kinds, (void)n;
  return fail(c, "fmi3GetVariableDependencies is not provided");
}

API fmi3Status fmi3GetDirectionalDerivative(
    fmi3Instance c, const fmi3ValueReference unknowns[], size_t n_unknowns, const
    fmi3ValueReference knowns[], size_t n_knowns, const fmi3Float64 seed[], size_t n_seed,
    fmi3Float64 result[], size_t n_result) {
  (void)unknowns, (void)n_unknowns, (void)knowns, (void)n_knowns, (void)seed, (void)n_seed, (void)result, (void)n_result;
  return fail(c, "fmi3GetDirectionalDerivative is not provided");
}

API fmi3Status fmi3GetAdjointDerivative(
    fmi3Instance c, const fmi3ValueReference unknowns[], size_t n_unknowns, const
    fmi3ValueReference knowns[], size_t n_knowns, const fmi3Float64 seed[], size_t n_seed,
    fmi3Float64 result[], size_t n_result) {
  (void)unknowns, (void)n_unknowns, (void)knowns, (void)n_knowns, (void)seed, (void)n_seed, (void)result, (void)n_result;
  return fail(c, "fmi3GetAdjointDerivative is not provided");
}

API fmi3Status fmi3EnterConfigurationMode(fmi3Instance c) {
  return fail(c, "fmi3EnterConfigurationMode is not provided");
}

API fmi3Status fmi3ExitConfigurationMode(fmi3Instance c) {
  return fail(c, "fmi3ExitConfigurationMode is not provided");
}

API fmi3Status fmi3GetIntervalDecimal(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, fmi3Float64 intervals[], int
    qualifiers[]) {
  (void)vr, (void)n_vr, (void)intervals, (void)qualifiers;
  return fail(c, "fmi3GetIntervalDecimal is not provided");
}

API fmi3Status fmi3GetIntervalFraction(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, uint64_t counters[], uint64_t
    resolutions[], int qualifiers[]) {
  (void)vr, (void)n_vr, (void)counters, (void)resolutions, (void)qualifiers;
  return fail(c, "fmi3GetIntervalFraction is not provided");
}

API fmi3Status fmi3GetShiftDecimal(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, fmi3Float64 shifts[]) {
  (void)vr, (void)n_vr, (void)shifts;
  return fail(c, "fmi3GetShiftDecimal is not provided");
}

API fmi3Status fmi3GetShiftFraction(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, uint64_t counters[], uint64_t
    resolutions[]) {
  (void)vr, (void)n_vr, (void)counters, (void)resolutions;
  return fail(c, "fmi3GetShiftFraction is not provided");
}

API fmi3Status fmi3SetIntervalDecimal(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, const fmi3Float64 intervals[]) {
  (void)vr, (void)n_vr, (void)intervals;
  return fail(c, "fmi3SetIntervalDecimal is not provided");
}

API fmi3Status fmi3SetIntervalFraction(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, const uint64_t counters[], const
    uint64_t resolutions[]) {
  (void)vr, (void)n_vr, (void)counters, (void)resolutions;
  return fail(c, "fmi3SetIntervalFraction is not provided");
}

API fmi3Status fmi3SetShiftDecimal(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, const fmi3Float64 shifts[]) {
  (void)vr, (void)n_vr, (void)shifts;
  return fail(c, "fmi3SetShiftDecimal is not provided");
}

API fmi3Status fmi3SetShiftFraction(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, const uint64_t counters[], const
    uint64_t resolutions[]) {
  (void)vr, (void)n_vr, (void)counters, (void)resolutions;
  return fail(c, "fmi3SetShiftFraction is not provided");
}

API fmi3Status fmi3EnterEventMode(fmi3Instance c) {
  return fail(c, "fmi3EnterEventMode is not provided");
}

API fmi3Status fmi3EvaluateDiscreteStates(fmi3Instance c) {
  return fail(c, "fmi3EvaluateDiscreteStates is not provided");
}

API fmi3Status fmi3UpdateDiscreteStates(
    fmi3Instance c, fmi3Boolean *need_update, fmi3Boolean *terminate, fmi3Boolean *nominals,
    fmi3Boolean *values, fmi3Boolean *time_defined, fmi3Float64 *next_time) {
  (void)need_update, (void)terminate, (void)nominals, (void)values, (void)time_defined, (void)next_time;
  return fail(c, "fmi3UpdateDiscreteStates is not provided");
}

API fmi3Status fmi3EnterContinuousTimeMode(fmi3Instance c) {
  return fail(c, "fmi3EnterContinuousTimeMode is not provided");
}

API fmi3Status fmi3CompletedIntegratorStep(
    fmi3Instance c, fmi3Boolean no_return, fmi3Boolean *enter_event, fmi3Boolean *terminate) {
  (void)no_return, (void)enter_event, (void)terminate;
  return fail(c, "fmi3CompletedIntegratorStep is not provided");
}

API fmi3Status fmi3SetTime(fmi3Instance c, fmi3Float64 time) {
  (void)time;
  return fail(c, "fmi3SetTime is not provided");
}

API fmi3Status fmi3SetContinuousStates(fmi3Instance c, const fmi3Float64 states[], size_t n) {
  (void)states, (void)n;
  return fail(c, "fmi3SetContinuousStates is not provided");
}

API fmi3Status fmi3GetContinuousStateDerivatives(
    fmi3Instance c, fmi3Float64 derivatives[], size_t n) {
  (void)derivatives, (void)n;
  return fail(c, "fmi3GetContinuousStateDerivatives is not provided");
}

API fmi3Status fmi3GetEventIndicators(fmi3Instance c, fmi3Float64 indicators[], size_t n) {
  (void)indicators, (void)n;
  return fail(c, "fmi3GetEventIndicators is not provided");
}

API fmi3Status fmi3GetContinuousStates(fmi3Instance c, fmi3Float64 states[], size_t n) {
  (void)states, (void)n;
  return fail(c, "fmi3GetContinuousStates is not provided");
}

API fmi3Status fmi3GetNominalsOfContinuousStates(
    fmi3Instance c, fmi3Float64 nominals[], size_t n) {
  (void)nominals, (void)n;
  return fail(c, "fmi3GetNominalsOfContinuousStates is not provided");
}

API fmi3Status fmi3GetNumberOfEventIndicators(fmi3Instance c, size_t *n) {
  (void)n;
  return fail(c, "fmi3GetNumberOfEventIndicators is not provided");
}

API fmi3Status fmi3GetNumberOfContinuousStates(fmi3Instance c, size_t *n) {
  (void)n;
  return fail(c, "fmi3GetNumberOfContinuousStates is not provided");
}

API fmi3Status fmi3EnterStepMode(fmi3Instance c) {
  return fail(c, "fmi3EnterStepMode is not provided");
}

API fmi3Status fmi3GetOutputDerivatives(
    fmi3Instance c, const fmi3ValueReference vr[], size_t n_vr, const int32_t orders[],
    fmi3Float64 values[], size_t n_values) {
  (void)vr, (void)n_vr, (void)orders, (void)values, (void)n_values;
  return fail(c, "fmi3GetOutputDerivatives is not provided");
}

API fmi3Status fmi3ActivateModelPartition(
    fmi3Instance c, fmi3ValueReference clock, fmi3Float64 time) {
  (void)clock, (void)time;
  return fail(c, "fmi3ActivateModelPartition is not provided");
}
