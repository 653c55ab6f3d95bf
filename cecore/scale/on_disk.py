"""Logits that lie on disk, and do not fit into memory."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import math
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine.dtypes import Array, Index, is_real, narrowed, quiet
from cecore._engine.inputs import check_entries, check_indices, check_rows
from cecore._engine.rows import PARALLEL, processors
from cecore.scale.in_memory import fill, mean_of
from cecore.scale.parts import LogSumExp

READ = 2**23  # bytes of logits that are read at a time


@quiet
def loss_and_grad(
    z: str | os.PathLike[str] | np.memmap[Any, Any],
    labels: ArrayLike,
    *,
    out: str | os.PathLike[str],
    overwrite: bool = False,
    progress: bool | None = None,
) -> tuple[float, Array]:
    """Mean loss of logits that lie on disk, and its gradient, written to disk (S14, S17).

    `cecore.loss_and_grad` for logits that do not fit into memory: it holds about 100 MB, however
    many rows there are, and however many classes.

    Parameters
    ----------
    z : path of a .npy file, or numpy.memmap, shape (N, n), of real numbers
        Logits of N examples, as `numpy.save` or `numpy.lib.format.open_memmap` writes them; or a
        file of any kind, mapped by `numpy.memmap`, or some rows of it.
    labels : array_like of int, shape (N,)
        The true classes, in 0..n-1.
    out : path of a .npy file
        Where to write the gradient. Until it is whole, it bears this name with ".part" behind it
        and cannot be loaded, and after an error there is neither.
    overwrite : bool, default False
        Whether `out` may replace a file.
    progress : bool, optional
        Whether to show a progress bar, which needs tqdm: ``pip install 'cecore[streaming]'``. By
        default there is one if tqdm is installed and standard error is a terminal.

    Returns
    -------
    loss : float
        In nats. ``inf`` where the true class is masked, or a loss exceeds the largest float64.
    grad : ndarray, shape (N, n)
        The gradient of that mean with respect to z, of z's floating dtype in this machine's byte
        order: `out`, mapped into memory to be read.

    Raises
    ------
    ValueError, TypeError
        On the logits and labels that `cecore.loss_and_grad` refuses; if z is no such file, or has
        been replaced since it was mapped, or is written to meanwhile.
    FileExistsError
        If there is a file `out`, or one that another run is writing or has left behind.
    OSError
        If a file cannot be read or written, or the disk is full.
    ImportError
        If `progress` is True and tqdm is missing.

    Notes
    -----
    Files are read and written, even one that comes mapped: mapped pages count as this process's
    memory, and a disk that fails under one ends the process, where here it raises an error. Rows of
    more than 8 MB are read twice, in parts: for `LogSumExp`, and for the gradient. The result is as
    exact as that of `cecore.loss_and_grad`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/z.npy", [[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]])
    ...     loss, grad = loss_and_grad(f"{folder}/z.npy", [0, 2], out=f"{folder}/grad.npy")
    ...     print(round(loss, 4), grad[0].round(4))
    0.7578 [-0.1705  0.1212  0.0493]
    """
    source, shape, begin, mapped = _where(z)
    stored = mapped.dtype
    target = _path(out, "out")
    dtype = stored.newbyteorder("=") if stored.kind == "f" else np.dtype(np.float64)
    k = check_indices(labels, shape[1])
    if k.shape != shape[:1]:
        raise ValueError(f"labels must have shape {shape[:1]}, to fit z; got shape {k.shape}")
    if target.exists() and target.samefile(source):
        raise ValueError(f"out must be another file than z; got {target}")
    losses = []
    with (
        open(source, "rb") as file,
        _beside(target, overwrite, shape, dtype) as write,
        _bar(math.prod(shape), progress) as advance,
    ):
        _check_is_mapped(file, mapped)
        before = _state(file)

        def read(row: int, column: int, *wanted: int) -> Array:
            part = np.empty(wanted, stored)
            with _named(source):
                file.seek(begin + (row * shape[1] + column) * stored.itemsize)
                if file.readinto(part.reshape(-1).view(np.uint8).data) < part.nbytes:
                    raise OSError(errno.EIO, "z has become shorter")
            return part.astype(np.promote_types(dtype, np.float32), copy=False)

        for grad, parts in _gradient(read, k, shape, dtype):
            write(grad)
            losses += parts
            advance(grad.size)
        if _state(file) != before:
            raise ValueError(f"z must stay as it is until the end; {source} was written to")
    return mean_of(losses, len(k)), np.load(target, mmap_mode="r")


def _gradient(
    read: Callable[..., Array], k: Array, shape: Index, dtype: np.dtype[Any]
) -> Iterator[tuple[Array, list[float]]]:
    """Yield the gradient, part by part, and with a row's first part of it the row's loss."""
    count, n = shape
    entries = max(1, READ // dtype.itemsize)
    rows = entries // n
    if rows:
        for start in range(0, count, rows):
            own = k[start : start + rows]
            z = read(start, 0, len(own), n)
            m = z.max(1)
            if not (m < np.inf).all():  # true of NaN as well
                check_entries(z, (start, 0))
            check_rows(m, (start,))
            grad = np.empty(z.shape, dtype)
            workers = processors() if z.size >= PARALLEL else 1
            yield grad, fill(z, own, grad, count, workers)
        return
    parts = [(start, min(entries, n - start)) for start in range(0, n, entries)]
    for row in range(count):
        whole = LogSumExp()
        for start, length in parts:
            whole = whole.merge(LogSumExp.of(read(row, start, 1, length), (row, start)))
        check_rows(whole.maximum, (row,))
        own = read(row, k[row], 1)
        loss = whole.loss(own).tolist()
        for start, length in parts:
            z = read(row, start, 1, length)
            grad = whole.grad(z, own, k[row, None] - start, count)
            yield narrowed(grad, dtype), loss
            loss = []


def _path(x: Any, name: str) -> Path:
    if not isinstance(x, (str, os.PathLike)):
        what = "the path of a .npy file" + (", or a numpy.memmap" if name == "z" else "")
        raise TypeError(f"{name} must be {what}; got {type(x).__name__}")
    return Path(x)


def _where(z: Any) -> tuple[Path, Index, int, np.memmap[Any, Any]]:
    """Return the file of the logits, their shape, where in the file they begin, and their map."""
    if not isinstance(z, np.memmap):
        path = _path(z, "z")
        try:
            z = np.lib.format.open_memmap(path, mode="r")
        except ValueError as error:
            raise ValueError(f"z must name a whole .npy file; {path} is none: {error}") from error
    if z.ndim != 2 or not z.size or not z.flags.c_contiguous:
        order = " in Fortran order" if z.flags.f_contiguous else " with gaps"
        raise ValueError(
            f"z must have the shape (examples, classes), none 0, in C order; got {z.shape}"
            f"{'' if z.flags.c_contiguous else order}"
        )
    if not is_real(z.dtype) or z.dtype.itemsize > 8:
        raise TypeError(f"z must hold real numbers of at most 64 bits; got dtype {z.dtype}")
    whole = _whole_map(z)
    if whole.filename is None or whole.mode == "c":
        raise ValueError("z must be mapped from a file that holds it; got a copy")
    return Path(whole.filename), z.shape, whole.offset + z.ctypes.data - whole.ctypes.data, z


def _whole_map(z: Any) -> Any:
    """Return what was mapped: some rows know the offset of all."""
    while isinstance(z.base, np.ndarray):
        z = z.base
    return z


def _check_is_mapped(file: IO[bytes], z: np.memmap[Any, Any]) -> None:
    """Refuse a file that has taken the place of the one that was mapped."""
    ours, mapped = os.fstat(file.fileno()), _whole_map(z).base
    same = ours.st_size == mapped.size()
    # A map keeps a descriptor of its file, but does not say which of all that are open.
    numbers = _descriptors()
    if file.fileno() in numbers:  # where they are listed; on Windows no mapped file is replaced
        others = (found for number in numbers - {file.fileno()} for found in _stats(number))
        same = same and any(os.path.samestat(ours, found) for found in others)
    if not same:
        raise ValueError(f"z must be what it was mapped from; {file.name} is another file by now")


def _descriptors() -> set[int]:
    try:
        return {*map(int, os.listdir("/dev/fd"))}
    except OSError:
        return set()


def _stats(descriptor: int) -> Iterator[os.stat_result]:
    """Yield what is known of an open file, unless it has been closed."""
    with contextlib.suppress(OSError):
        yield os.fstat(descriptor)


def _state(file: IO[bytes]) -> tuple[int, int]:
    """Return what changes when a file is written to."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


@contextlib.contextmanager
def _beside(
    target: Path, overwrite: bool, shape: Index, dtype: np.dtype[Any]
) -> Iterator[Callable[[Array], None]]:
    """Write an array beside its place, and put it there when it is whole and on the disk."""

    def refuse() -> None:
        if target.exists() and not target.is_file():
            raise ValueError(f"out must be a file; got {target}, which is something else")
        if target.exists() and not overwrite:
            raise FileExistsError(
                errno.EEXIST, "out exists, and is replaced only with overwrite=True", str(target)
            )

    refuse()
    part = target.with_name(f"{target.name}.part")
    try:
        file = open(part, "xb", buffering=0)  # noqa: SIM115
    except FileExistsError as error:
        error.strerror = "another run is writing this file, or has left it behind: then delete it"
        raise

    def write(x: Array) -> None:
        rest = x.reshape(-1).view(np.uint8).data
        with _named(part):
            while rest:  # a full disk takes less than all of it, then refuses
                rest = rest[file.write(rest) :]

    try:
        with file:
            header = _header(shape, dtype)
            with _named(part):
                _reserve(file.fileno(), len(header) + math.prod(shape) * dtype.itemsize)
                file.seek(len(header))
            yield write
            file.seek(0)
            write(header)  # without it, this is no .npy file
            with _named(part):
                os.fsync(file.fileno())
        refuse()
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _header(shape: Index, dtype: np.dtype[Any]) -> Array:
    """Return what a .npy file begins with."""
    header = io.BytesIO()
    about = {"shape": shape, "fortran_order": False, "descr": dtype.str}
    np.lib.format.write_array_header_1_0(header, about)
    return np.frombuffer(header.getvalue(), np.uint8)


def _reserve(file: int, size: int) -> None:
    """Take the room on the disk: if there is none, better to know now than in an hour."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, size)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # some file systems cannot
            raise


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let an error of the file system name the file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextlib.contextmanager
def _bar(total: int, progress: bool | None) -> Iterator[Callable[[int], object]]:
    """Give a function to call after so many more logits."""
    tqdm = None
    if sys.stderr.isatty() if progress is None else progress:
        try:
            tqdm = importlib.import_module("tqdm").tqdm
        except ImportError as error:
            if progress:
                raise ImportError(
                    "progress=True needs tqdm: pip install 'cecore[streaming]'"
                ) from error
    if tqdm is None:
        yield lambda done: None
    else:
        with tqdm(total=total, unit=" logits", unit_scale=True) as bar:
            yield bar.update
