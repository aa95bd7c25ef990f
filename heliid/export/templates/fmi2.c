/* The FMI 2.0 co-simulation face of ${name}. Build:
 *   cc -std=c99 -O2 -shared -fPIC -fvisibility=hidden ${name}_fmi2.c -o ${name}.so -lm
 * Types and names are those of the FMI 2.0 standard (fmi-standard.org).
 */
#include "fmu_core.h"

#if defined(_WIN32)
#define API __declspec(dllexport)
#else
#define API __attribute__((visibility("default")))
#endif

typedef void *fmi2Component;
typedef void *fmi2FMUstate;
typedef unsigned int fmi2ValueReference;
typedef double fmi2Real;
typedef int fmi2Integer;
typedef int fmi2Boolean;
typedef const char *fmi2String;
typedef char fmi2Byte;
typedef enum { fmi2OK, fmi2Warning, fmi2Discard, fmi2Error, fmi2Fatal, fmi2Pending } fmi2Status;
typedef enum { fmi2ModelExchange, fmi2CoSimulation } fmi2Type;
typedef void (*fmi2Logger)(void *, fmi2String, fmi2Status, fmi2String, fmi2String, ...);
typedef struct {
  fmi2Logger logger;
  void *(*allocateMemory)(size_t, size_t);
  void (*freeMemory)(void *);
  void (*stepFinished)(void *, fmi2Status);
  void *environment;
} fmi2CallbackFunctions;

typedef struct {
  fmu_core core;
  fmi2Logger logger;
  void *environment;
  char name[64];
} instance;

/* The number behind a reference; start samples are single variables in FMI 2. */
static double *find_real(fmu_core *core, fmi2ValueReference vr) {
  if ((vr >= VR_START) && (vr < VR_START + N_START * N_CHANNELS)) {
    const unsigned k = (vr - VR_START) / N_CHANNELS;
    const unsigned c = (vr - VR_START) % N_CHANNELS;
    return (c < N_IN) ? &core->start_u[k * N_IN + c] : &core->start_y[k * N_OUT + (c - N_IN)];
  }
  return core_real(core, vr);
}

static fmi2Status fail(instance *self, const char *message) {
  if ((self != NULL) && (self->logger != NULL)) {
    self->logger(self->environment, self->name, fmi2Error, "logStatusError", message);
  }
  return fmi2Error;
}

API const char *fmi2GetTypesPlatform(void) { return "default"; }
API const char *fmi2GetVersion(void) { return "2.0"; }

API fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean on, size_t n,
                                   const fmi2String categories[]) {
  (void)c, (void)on, (void)n, (void)categories;
  return fmi2OK;
}

API fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid,
                                  fmi2String resources, const fmi2CallbackFunctions *callbacks,
                                  fmi2Boolean visible, fmi2Boolean logging) {
  instance *self;
  (void)resources, (void)visible, (void)logging;
  if ((type != fmi2CoSimulation) || (guid == NULL) || (strcmp(guid, TOKEN) != 0)) {
    return NULL;
  }
  self = (instance *)calloc(1, sizeof(instance));
  if (self != NULL) {
    if (callbacks != NULL) {
      self->logger = callbacks->logger;
      self->environment = callbacks->environment;
    }
    if (name != NULL) {
      strncpy(self->name, name, sizeof(self->name) - 1);
    }
    core_reset(&self->core);
  }
  return self;
}

API void fmi2FreeInstance(fmi2Component c) { free(c); }

API fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean tolerance_defined,
                                   fmi2Real tolerance, fmi2Real start_time,
                                   fmi2Boolean stop_defined, fmi2Real stop_time) {
  (void)tolerance_defined, (void)tolerance, (void)stop_defined, (void)stop_time;
  ((instance *)c)->core.start_time = start_time;
  return fmi2OK;
}

API fmi2Status fmi2EnterInitializationMode(fmi2Component c) {
  (void)c;
  return fmi2OK;
}

API fmi2Status fmi2ExitInitializationMode(fmi2Component c) {
  core_begin(&((instance *)c)->core);
  return fmi2OK;
}

API fmi2Status fmi2Terminate(fmi2Component c) {
  (void)c;
  return fmi2OK;
}

API fmi2Status fmi2Reset(fmi2Component c) {
  core_reset(&((instance *)c)->core);
  return fmi2OK;
}

API fmi2Status fmi2GetReal(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                           fmi2Real value[]) {
  size_t i;
  for (i = 0; i < n; ++i) {
    const double *const from = find_real(&((instance *)c)->core, vr[i]);
    if (from == NULL) {
      return fail((instance *)c, "there is no real variable with this reference");
    }
    value[i] = *from;
  }
  return fmi2OK;
}

API fmi2Status fmi2SetReal(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                           const fmi2Real value[]) {
  size_t i;
  for (i = 0; i < n; ++i) {
    double *const to = find_real(&((instance *)c)->core, vr[i]);
    if ((to == NULL) || !core_may_set(&((instance *)c)->core, vr[i])) {
      return fail((instance *)c, "this variable cannot be set now");
    }
    *to = value[i];
  }
  return fmi2OK;
}

API fmi2Status fmi2GetBoolean(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                              fmi2Boolean value[]) {
  size_t i;
  for (i = 0; i < n; ++i) {
    if (!core_get_boolean(&((instance *)c)->core, vr[i], &value[i])) {
      return fail((instance *)c, "there is no Boolean variable with this reference");
    }
  }
  return fmi2OK;
}

API fmi2Status fmi2SetBoolean(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                              const fmi2Boolean value[]) {
  fmu_core *const core = &((instance *)c)->core;
  size_t i;
  for (i = 0; i < n; ++i) {
    if ((vr[i] != VR_USE_START) || core->begun) {
      return fail((instance *)c, "this variable cannot be set now");
    }
    core->use_start = (value[i] != 0);
  }
  return fmi2OK;
}

API fmi2Status fmi2GetInteger(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                              fmi2Integer value[]) {
  (void)vr, (void)value;
  return (n == 0) ? fmi2OK : fail((instance *)c, "there are no integer variables");
}

API fmi2Status fmi2SetInteger(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                              const fmi2Integer value[]) {
  (void)vr, (void)value;
  return (n == 0) ? fmi2OK : fail((instance *)c, "there are no integer variables");
}

API fmi2Status fmi2GetString(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                             fmi2String value[]) {
  (void)vr, (void)value;
  return (n == 0) ? fmi2OK : fail((instance *)c, "there are no string variables");
}

API fmi2Status fmi2SetString(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                             const fmi2String value[]) {
  (void)vr, (void)value;
  return (n == 0) ? fmi2OK : fail((instance *)c, "there are no string variables");
}

API fmi2Status fmi2GetFMUstate(fmi2Component c, fmi2FMUstate *state) {
  if (*state == NULL) {
    *state = malloc(sizeof(fmu_core));
  }
  if (*state == NULL) {
    return fail((instance *)c, "no memory for the state");
  }
  memcpy(*state, &((instance *)c)->core, sizeof(fmu_core));
  return fmi2OK;
}

API fmi2Status fmi2SetFMUstate(fmi2Component c, fmi2FMUstate state) {
  memcpy(&((instance *)c)->core, state, sizeof(fmu_core));
  return fmi2OK;
}

API fmi2Status fmi2FreeFMUstate(fmi2Component c, fmi2FMUstate *state) {
  (void)c;
  free(*state);
  *state = NULL;
  return fmi2OK;
}

API fmi2Status fmi2SerializedFMUstateSize(fmi2Component c, fmi2FMUstate state, size_t *size) {
  (void)c, (void)state;
  *size = sizeof(fmu_core);
  return fmi2OK;
}

API fmi2Status fmi2SerializeFMUstate(fmi2Component c, fmi2FMUstate state, fmi2Byte bytes[],
                                     size_t size) {
  if (size < sizeof(fmu_core)) {
    return fail((instance *)c, "the buffer is too small for the state");
  }
  memcpy(bytes, state, sizeof(fmu_core));
  return fmi2OK;
}

API fmi2Status fmi2DeSerializeFMUstate(fmi2Component c, const fmi2Byte bytes[], size_t size,
                                       fmi2FMUstate *state) {
  if (size != sizeof(fmu_core)) {
    return fail((instance *)c, "these bytes are no state of this FMU");
  }
  *state = malloc(sizeof(fmu_core));
  if (*state == NULL) {
    return fail((instance *)c, "no memory for the state");
  }
  memcpy(*state, bytes, sizeof(fmu_core));
  return fmi2OK;
}

API fmi2Status fmi2GetDirectionalDerivative(fmi2Component c, const fmi2ValueReference unknown[],
                                            size_t n_unknown, const fmi2ValueReference known[],
                                            size_t n_known, const fmi2Real seed[],
                                            fmi2Real result[]) {
  (void)unknown, (void)n_unknown, (void)known, (void)n_known, (void)seed, (void)result;
  return fail((instance *)c, "directional derivatives are not provided");
}

API fmi2Status fmi2SetRealInputDerivatives(fmi2Component c, const fmi2ValueReference vr[],
                                           size_t n, const fmi2Integer order[],
                                           const fmi2Real value[]) {
  (void)vr, (void)n, (void)order, (void)value;
  return fail((instance *)c, "inputs are held: they have no derivatives");
}

API fmi2Status fmi2GetRealOutputDerivatives(fmi2Component c, const fmi2ValueReference vr[],
                                            size_t n, const fmi2Integer order[],
                                            fmi2Real value[]) {
  (void)vr, (void)n, (void)order, (void)value;
  return fail((instance *)c, "output derivatives are not provided");
}

API fmi2Status fmi2DoStep(fmi2Component c, fmi2Real time, fmi2Real step, fmi2Boolean no_return) {
  (void)no_return;
  (void)core_advance(&((instance *)c)->core, time, step);
  return fmi2OK;
}

API fmi2Status fmi2CancelStep(fmi2Component c) {
  return fail((instance *)c, "no step is pending");
}

API fmi2Status fmi2GetStatus(fmi2Component c, int kind, fmi2Status *value) {
  (void)c, (void)kind, (void)value;
  return fmi2Discard;
}

API fmi2Status fmi2GetRealStatus(fmi2Component c, int kind, fmi2Real *value) {
  (void)c, (void)kind, (void)value;
  return fmi2Discard;
}

API fmi2Status fmi2GetIntegerStatus(fmi2Component c, int kind, fmi2Integer *value) {
  (void)c, (void)kind, (void)value;
  return fmi2Discard;
}

API fmi2Status fmi2GetBooleanStatus(fmi2Component c, int kind, fmi2Boolean *value) {
  (void)c, (void)kind, (void)value;
  return fmi2Discard;
}

API fmi2Status fmi2GetStringStatus(fmi2Component c, int kind, fmi2String *value) {
  (void)c, (void)kind, (void)value;
  return fmi2Discard;
}
