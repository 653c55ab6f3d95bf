"""A check beside whatever else a process does: other threads, their warnings, its processor."""

import contextlib
import ctypes
import platform
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import cecore
from cecore.claims import verify
from cecore.claims.listening import listening
from cecore.claims.run import CECORE, FLUSHED


def said(text="loud", category=UserWarning):
    warnings.warn(text, category, stacklevel=2)


def test_listening_hears_what_this_thread_says_each_time_and_shows_nothing():
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        said()
        for _ in range(2):  # Python shows a warning once for each line, but all are heard
            with listening() as heard:
                said()
                said()
            assert [str(w) for w in heard] == ["loud", "loud"]
    assert len(shown) == 1


@pytest.mark.parametrize("action", ["error", "ignore", "once"])
def test_listening_passes_over_filters(action):
    with warnings.catch_warnings(action=action), listening() as heard:
        said()
        said("again", DeprecationWarning)
    assert [type(w) for w in heard] == [UserWarning, DeprecationWarning]


def test_listening_within_listening():
    with listening() as outer:
        said("before")
        with listening() as inner:
            said("within")
        said("after")
    assert [str(w) for w in outer] == ["before", "after"]
    assert [str(w) for w in inner] == ["within"]


def test_listening_leaves_everything_as_it_was():
    before = warnings.showwarning, [*warnings.filters]
    with listening():
        said()
    with contextlib.suppress(ZeroDivisionError), listening():
        raise ZeroDivisionError
    assert (warnings.showwarning, [*warnings.filters]) == before
    with pytest.raises(UserWarning):
        said()


@contextlib.contextmanager
def meanwhile(work):
    """Do something again and again in another thread."""
    done, started, faults = threading.Event(), threading.Event(), []

    def again():
        try:
            while not done.is_set():
                work()
                started.set()
        except BaseException as error:
            faults.append(error)
            started.set()

    thread = threading.Thread(target=again)
    thread.start()
    started.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert faults == []


def overflows():
    np.exp(np.array([1e4]))


def test_listening_does_not_hear_other_threads():
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with meanwhile(overflows), listening() as heard:
            while not shown:
                time.sleep(0.001)
            said()
    assert [str(w) for w in heard] == ["loud"]
    assert {str(w.message) for w in shown} == {"overflow encountered in exp"}


def test_listening_in_another_thread_hears_that_thread():
    def other():
        with listening() as heard:
            overflows()
            overflows()
        assert len(heard) == 2

    with meanwhile(other):
        for _ in range(200):
            with listening() as heard:
                said()
            assert [str(w) for w in heard] == ["loud"]
    with pytest.raises(UserWarning):
        said()


def test_listening_while_others_reset_the_filters():
    def reset():
        with warnings.catch_warnings(action="ignore"):
            time.sleep(0.001)

    heard = []
    with meanwhile(reset):
        for _ in range(200):
            with listening() as caught:
                said()
            heard += caught
    # Whoever leaves `catch_warnings` between our beginning and the warning takes our filter away.
    assert len(heard) > 100


def test_verify_accuses_no_function_of_what_other_threads_warn_of():
    with warnings.catch_warnings(action="ignore"), meanwhile(overflows):
        verify(CECORE, claims=["P5"]).assert_ok()


class Tensor:
    """What PyTorch returns: an array of which NumPy wants what it cannot give."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None):
        return np.asarray(self.values, dtype)


def test_verify_takes_an_old_protocol_where_warnings_are_errors():
    def softmax(z, axis=-1):
        return Tensor(cecore.softmax(z, axis))

    with warnings.catch_warnings(action="error"):
        verify(softmax=softmax).assert_ok()


# In glibc's fenv_t: where the control word lies, and its bits that flush what is subnormal.
CONTROL = {"x86_64": (28, 0x8040), "aarch64": (0, 1 << 24)}


@contextlib.contextmanager
def flushing():
    """Have this thread's processor flush subnormal numbers to zero."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in CONTROL:
        pytest.skip("the control word of this processor is not known here")
    at, bits = CONTROL[machine]
    libm = ctypes.CDLL("libm.so.6")
    before = ctypes.create_string_buffer(64)
    assert libm.fegetenv(before) == 0
    word = int.from_bytes(before.raw[at : at + 4], "little") | bits
    changed = ctypes.create_string_buffer(
        before.raw[:at] + word.to_bytes(4, "little") + before.raw[at + 4 :], 64
    )
    assert libm.fesetenv(changed) == 0
    try:
        assert np.finfo(np.float64).tiny * np.array([0.5]) == 0
        yield
    finally:
        libm.fesetenv(before)


def test_verify_holds_what_is_right_where_subnormal_numbers_are_flushed():
    tiny = ["S1", "S16", "P16"]  # of which right values are subnormal
    for claims in (None, tiny):  # what is right is kept, and must not be from the other world
        with flushing():
            report = verify(claims=claims)
        assert [claim.id for claim, _ in report.failed] == []
        assert report.note == FLUSHED
        report = verify(claims=tiny)
        assert [claim.id for claim, _ in report.failed] == []
        assert report.note == ""


def test_verify_refutes_what_is_wrong_where_subnormal_numbers_are_flushed():
    def softmax(z, axis=-1):
        s = cecore.softmax(z, axis)
        return np.where(s < 1e-30, 0, s).astype(z.dtype)

    with flushing():
        [(_, evidence)] = verify(softmax=softmax, claims=["S2"]).results
    assert evidence.verdict == "failed"
