"""How strongly each hidden unit of a model works on a simulated run."""

from __future__ import annotations

import numpy as np
from numba import njit

from heliid.kernels.narx import tanh_plain


@njit(cache=True, nogil=True, error_model="numpy")
def unit_powers(u, y, y_sim, segments, out_taps, in_taps, w_hid, b_hid, curved, slopes):
    """Add to ``curved`` (h,) and ``slopes`` (h,) each unit's power beyond its tangent.

    Per sample: (tanh(a) - tanh(b) - tanh'(b)(a - b))^2 and (tanh'(a) - tanh'(b))^2. Arguments as
    ``narx.run_segments``. Returns the number of samples.
    """
    n_out, n_phi = out_taps.shape[0], w_hid.shape[1]
    phi = np.zeros(n_phi)
    n = 0
    for s in range(segments.shape[0]):
        first = segments[s, 0]
        for k in range(first, first + segments[s, 1]):
            for t in range(n_out):
                past, c = k - out_taps[t, 1], out_taps[t, 0]
                phi[t] = y_sim[past, c] if past >= first else y[past, c]
            for t in range(in_taps.shape[0]):
                phi[n_out + t] = u[k - in_taps[t, 1], in_taps[t, 0]]
            for i in range(b_hid.shape[0]):
                a = 0.0
                for t in range(n_phi):
                    a += w_hid[i, t] * phi[t]
                z, z0 = tanh_plain(a + b_hid[i]), tanh_plain(b_hid[i])
                c1 = 1.0 - z0 * z0
                g = z - z0 - c1 * a
                d = (1.0 - z * z) - c1
                curved[i] += g * g
                slopes[i] += d * d
        n += segments[s, 1]
    return n
