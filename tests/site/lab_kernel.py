"""Make the lab's kernel as good as new, so that one serves all notebooks. This runs there.

The modules of Pyodide, NumPy, Matplotlib and the like stay loaded; what a notebook can change does
not stay. (What it does to NumPy's floating-point errors ends with its cell in this kernel anyway.)
"""

import os
import sys
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import mpmath
import numpy as np
from IPython import get_ipython


def state():
    """What a notebook can change beside its own names, its figures and the modules it imports."""
    return {
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "path": [*sys.path],
        "style": dict(mpl.rcParams),
        "print options": np.get_printoptions(),
        "precision": mpmath.mp.prec,
        "warnings": [*warnings.filters],
    }


NEW = {}


def settle():
    """Draw a first figure: at the end of its cell, Matplotlib and IPython make their settings."""
    plt.close(plt.figure())


def remember():
    """Take the state of now for that of a new kernel."""
    NEW.update(state())


def of_the_book():
    """The modules of the project: cecore's, and the files that stand beside the notebooks."""
    found = ((name, getattr(module, "__file__", "")) for name, module in sys.modules.items())
    return [
        name
        for name, file in found
        if name.partition(".")[0] == "cecore" or str(file).startswith(NEW["folder"])
    ]


def renew():
    """Leave nothing of the notebook before."""
    get_ipython().reset(new_session=True)
    plt.close("all")
    for name in of_the_book():
        del sys.modules[name]
    os.chdir(NEW["folder"])
    os.environ.clear()
    os.environ.update(NEW["environment"])
    sys.path[:] = NEW["path"]
    np.set_printoptions(**NEW["print options"])
    mpmath.mp.prec = NEW["precision"]
    warnings.filters[:] = NEW["warnings"]
    # Entering also forgets which warnings have been shown: each is shown once again.
    with warnings.catch_warnings(action="ignore"):
        mpl.rcParams.update(NEW["style"])
