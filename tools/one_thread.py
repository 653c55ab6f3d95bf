"""To import this, before NumPy, is to let linear algebra run in one thread, here and in kernels.

The tests use every core already, with one process on each; more threads would wait for each other.
"""

import os

NAMES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
os.environ |= dict.fromkeys(NAMES, "1")
