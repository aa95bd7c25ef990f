const char *const ${name}_input_name[N_IN] = {${input_names}};
const char *const ${name}_input_unit[N_IN] = {${input_units}};
const char *const ${name}_output_name[N_OUT] = {${output_names}};
const char *const ${name}_output_unit[N_OUT] = {${output_units}};
const real ${name}_envelope[${n_channels}][2] = ${envelope};

/* scaled = ((value - trim) - offset) / std */
static const real U_TRIM[N_IN] = ${u_trim};
static const real U_OFFSET[N_IN] = ${u_offset};
static const real U_STD[N_IN] = ${u_std};
static const real Y_TRIM[N_OUT] = ${y_trim};
static const real Y_OFFSET[N_OUT] = ${y_offset};
static const real Y_STD[N_OUT] = ${y_std};
