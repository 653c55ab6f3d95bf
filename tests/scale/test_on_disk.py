"""Logits that lie on disk."""

import errno
import io
import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cecore
from cecore.scale import on_disk
from cecore.scale.on_disk import loss_and_grad
from tests.scale.mean import assert_same


@pytest.fixture
def disk(tmp_path):
    """Put logits on the disk, compute their gradient, and leave the files to be looked at."""

    class Disk:
        z, out, part = (tmp_path / name for name in ("z.npy", "grad.npy", "grad.npy.part"))

        def run(self, z, labels, **how):
            np.save(self.z, z)
            return loss_and_grad(self.z, labels, **({"out": self.out} | how))

        def left(self):
            return sorted(path.name for path in tmp_path.iterdir() if path != self.z)

    return Disk()


@pytest.mark.parametrize("block", [8, 24, 100, 10**6])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4", np.int16])
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (3, 64)])
def test_it_is_what_it_would_be_in_memory(monkeypatch, disk, shape, dtype, block):
    monkeypatch.setattr(on_disk, "READ", block)
    z = (np.random.default_rng(2).normal(size=shape) * 30).astype(dtype)
    labels = np.arange(shape[0]) % shape[1]
    loss, grad = disk.run(z, labels)
    native = z.astype(z.dtype.newbyteorder("="))
    if z.dtype == np.float16:
        want = cecore.loss_and_grad(native, labels)
        assert loss == pytest.approx(want[0], rel=1e-6)
        np.testing.assert_array_almost_equal_nulp(np.array(grad), want[1], 1)
    else:
        assert_same((loss, np.array(grad)), native, labels)
    np.testing.assert_array_equal(np.load(disk.out), grad)
    assert disk.left() == ["grad.npy"]
    with pytest.raises(ValueError, match="read-only"):
        grad[:] = 0


@pytest.mark.parametrize("scale", [1, 300, 1e5])
@pytest.mark.parametrize("block", [64, 10**6])
def test_masked_classes_and_large_logits(monkeypatch, disk, scale, block):
    monkeypatch.setattr(on_disk, "READ", block)
    z = np.random.default_rng(3).normal(size=(6, 40)) * scale
    z[:, 3:20:2] = -np.inf
    labels = np.array([0, 2, 4, 21, 30, 39])
    loss, grad = disk.run(z, labels)
    assert_same((loss, np.array(grad)), z, labels)
    assert disk.run(z, np.full(6, 3), overwrite=True)[0] == np.inf


BAD = {
    "a label": (ValueError, "must be class indices in 0..3; got 9 at index 1", {"k": [0, 9]}),
    "labels": (ValueError, r"labels must have shape \(3,\), .*; got shape \(2,\)", {"k": [0, 0]}),
    "distributions": (TypeError, "labels must be integer", {"k": np.full((3, 4), 0.25)}),
    "NaN": (ValueError, r"got NaN at index \(2, 3\)", {"at": (2, 3), "value": np.nan}),
    "inf": (ValueError, r"got \+inf at index \(1, 2\)", {"at": (1, 2), "value": np.inf}),
    "masked": (ValueError, r"every class masked\) in row 1", {"at": 1, "value": -np.inf}),
    "1-d": (ValueError, r"z must have the shape .*; got \(4,\)$", {"z": np.zeros(4)}),
    "no row": (ValueError, r"none 0, .* got \(0, 4\)$", {"z": np.zeros((0, 4))}),
    "no class": (ValueError, r"none 0, .* got \(3, 0\)$", {"z": np.zeros((3, 0))}),
    "Fortran": (ValueError, "in C order; got .* in Fortran order", {"z": np.zeros((4, 3)).T}),
    "complex": (TypeError, "z must hold real .* complex128", {"z": np.zeros((3, 4), complex)}),
    "long": (TypeError, "at most 64 bits", {"z": np.zeros((3, 4), np.longdouble)}),
    "objects": (ValueError, "z must name a whole .npy file", {"z": np.full((3, 4), None)}),
}  # fmt: skip


@pytest.mark.parametrize("block", [16, 32, 10**6])
@pytest.mark.parametrize(("error", "words", "bad"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_and_nothing_is_left(monkeypatch, disk, error, words, bad, block):
    monkeypatch.setattr(on_disk, "READ", block)
    z = np.zeros((3, 4))
    if "at" in bad:
        z[bad["at"]] = bad["value"]
    with pytest.raises(error, match=words):
        disk.run(bad.get("z", z), bad.get("k", [0, 1, 2]))
    assert disk.left() == []


def test_files_that_are_no_logits(disk):
    with pytest.raises(FileNotFoundError, match=r"z\.npy"):
        loss_and_grad(disk.z, [0], out=disk.out)
    np.savez(disk.z.with_suffix(".npz"), np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"z must name a whole \.npy file.* got b'PK"):
        loss_and_grad(disk.z.with_suffix(".npz"), [0] * 3, out=disk.out)
    disk.z.with_suffix(".npz").unlink()
    np.save(disk.z, np.zeros((3, 4)))
    whole = disk.z.read_bytes()
    for size in (len(whole) - 1, 20, 0):
        disk.z.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"z must name a whole \.npy file"):
            loss_and_grad(disk.z, [0] * 3, out=disk.out)
    with pytest.raises(TypeError, match=r"z must be the path of a \.npy file, or .*; got list"):
        loss_and_grad([[0.0]], [0], out=disk.out)
    with pytest.raises(TypeError, match=r"out must be the path of a \.npy file; got NoneType"):
        disk.run(np.zeros((1, 1)), [0], out=None)
    with pytest.raises(ValueError, match="out must be a file"):
        disk.run(np.zeros((1, 1)), [0], out="")
    assert disk.left() == []


@pytest.mark.parametrize("block", [16, 10**6])
def test_mapped_logits(monkeypatch, disk, block):
    monkeypatch.setattr(on_disk, "READ", block)
    z = np.random.default_rng(4).normal(size=(9, 6)).astype(np.float32)
    np.save(disk.z, z)
    raw = disk.z.with_suffix(".raw")
    raw.write_bytes(b"something" + z.tobytes())
    mapped = np.load(disk.z, mmap_mode="r")
    for some, want in [
        (mapped, z),
        (mapped[2:8][1:], z[3:8]),
        (np.memmap(raw, np.float32, "r", 9, z.shape), z),
        (np.memmap(raw, np.float32, "r+", 9, z.shape)[4:5], z[4:5]),
    ]:
        labels = np.arange(len(want)) % 6
        loss, grad = loss_and_grad(some, labels, out=disk.out, overwrite=True)
        assert_same((loss, np.array(grad)), want, labels)
    with pytest.raises(ValueError, match="out must be another file than z"):
        loss_and_grad(mapped, [0] * 9, out=disk.z, overwrite=True)


@pytest.mark.parametrize(
    ("error", "words", "change"),
    [
        (ValueError, r"in C order; got \(3, 2\) with gaps", lambda z: z[:, :2]),
        (ValueError, r"in C order; got \(4, 3\) in Fortran order", lambda z: z.T),
        (ValueError, "mapped from a file that holds it; got a copy", lambda z: z.copy()),
        (TypeError, "path of a .npy file, or a numpy.memmap; got ndarray", np.asarray),
    ],
)
def test_what_is_no_longer_a_map_of_the_file(disk, error, words, change):
    np.save(disk.z, np.zeros((3, 4)))
    with pytest.raises(error, match=words):
        loss_and_grad(change(np.load(disk.z, mmap_mode="r")), [0] * 3, out=disk.out)
    with pytest.raises(ValueError, match="got a copy"):
        loss_and_grad(np.load(disk.z, mmap_mode="c"), [0] * 3, out=disk.out)
    assert disk.left() == []


def test_a_file_that_has_taken_the_place_of_the_mapped_one(disk):
    """Of the same size or not, and even if the mapped one is kept under another name."""
    for other in (np.ones((3, 4)), np.ones((4, 4))):
        np.save(disk.z, np.zeros((3, 4)))
        mapped = np.load(disk.z, mmap_mode="r")
        fresh = disk.z.with_name("fresh.npy")
        np.save(fresh, other)
        disk.z.rename(disk.z.with_suffix(".old"))
        fresh.rename(disk.z)
        with pytest.raises(
            ValueError, match=r"it was mapped from; .*z\.npy is another file by now"
        ):
            loss_and_grad(mapped, [0] * 3, out=disk.out)
        loss, _ = loss_and_grad(disk.z, [0] * len(other), out=disk.out, overwrite=True)
        assert loss == pytest.approx(math.log(4))
        disk.out.unlink()
    disk.z.with_suffix(".old").unlink()
    assert disk.left() == []


def test_where_no_open_files_are_listed_their_sizes_are_compared(monkeypatch, disk):
    np.save(disk.z, np.zeros((3, 4)))
    mapped = np.load(disk.z, mmap_mode="r")
    monkeypatch.setattr(on_disk, "_descriptors", set)
    loss_and_grad(mapped, [0] * 3, out=disk.out)
    disk.z.unlink()
    np.save(disk.z, np.zeros((4, 4)))
    with pytest.raises(ValueError, match="is another file by now"):
        loss_and_grad(mapped, [0] * 3, out=disk.out, overwrite=True)


@pytest.mark.parametrize("block", [16, 10**6])
def test_a_file_that_is_written_to_while_it_is_read(monkeypatch, disk, block):
    monkeypatch.setattr(on_disk, "READ", block)
    np.save(disk.z, np.zeros((3, 4)))
    mapped = np.load(disk.z, mmap_mode="r+")

    def gradient(*arguments):
        yield from parts(*arguments)
        mapped[0, 0] = 1
        mapped.flush()
        os.utime(disk.z)  # a clock may tick too slowly

    parts = on_disk._gradient
    monkeypatch.setattr(on_disk, "_gradient", gradient)
    with pytest.raises(ValueError, match=r"stay as it is until the end; .*z\.npy was written to"):
        loss_and_grad(disk.z, [0] * 3, out=disk.out)
    assert disk.left() == []


def test_a_file_that_becomes_shorter_while_it_is_read(monkeypatch, disk):
    monkeypatch.setattr(on_disk, "READ", 80_000)
    np.save(disk.z, np.zeros((3, 10_000)))
    fill = on_disk.fill

    def cut(*arguments):
        os.truncate(disk.z, 100_000)
        return fill(*arguments)

    monkeypatch.setattr(on_disk, "fill", cut)
    with pytest.raises(OSError, match=r"z has become shorter.*z\.npy"):
        loss_and_grad(disk.z, [0] * 3, out=disk.out)
    assert disk.left() == []


def test_no_file_is_replaced_unasked(disk):
    disk.out.write_text("precious")
    with pytest.raises(FileExistsError, match=r"only with overwrite=True.*grad\.npy") as caught:
        disk.run(np.zeros((2, 2)), [0, 1])
    assert caught.value.errno == errno.EEXIST
    assert caught.value.filename == str(disk.out)
    assert disk.out.read_text() == "precious"
    with pytest.raises(ValueError, match="got NaN"):
        disk.run(np.full((2, 2), np.nan), [0, 1], overwrite=True)
    assert disk.out.read_text() == "precious"
    disk.run(np.zeros((2, 2)), [0, 1], overwrite=True)
    np.testing.assert_array_equal(np.load(disk.out), [[-0.25, 0.25], [0.25, -0.25]])
    assert disk.left() == ["grad.npy"]
    with pytest.raises(ValueError, match="out must be another file than z"):
        loss_and_grad(disk.z, [0, 1], out=disk.z, overwrite=True)


def test_nothing_but_a_file_is_replaced(disk):
    disk.out.mkdir()
    with pytest.raises(ValueError, match=r"out must be a file; got .*grad\.npy"):
        disk.run(np.zeros((2, 2)), [0, 1], overwrite=True)
    assert disk.left() == ["grad.npy"]
    assert disk.out.is_dir()


def test_no_file_is_replaced_that_comes_while_it_runs(monkeypatch, disk):
    fill = on_disk.fill

    def late(*arguments):
        disk.out.write_text("precious")
        return fill(*arguments)

    monkeypatch.setattr(on_disk, "fill", late)
    with pytest.raises(FileExistsError):
        disk.run(np.zeros((2, 2)), [0, 1])
    assert disk.out.read_text() == "precious"
    assert disk.left() == ["grad.npy"]


def test_another_run_is_not_disturbed(disk):
    disk.part.write_text("half")
    with pytest.raises(FileExistsError, match=r"another run .* delete it.*grad\.npy\.part"):
        disk.run(np.zeros((2, 2)), [0, 1])
    assert disk.part.read_text() == "half"


def test_interrupted_it_leaves_nothing(monkeypatch, disk):
    def interrupt(*arguments):
        assert disk.left() == ["grad.npy.part"]
        raise KeyboardInterrupt

    def interrupt_and_delete(*arguments):
        disk.part.unlink()
        raise KeyboardInterrupt

    for way in (interrupt, interrupt_and_delete):
        monkeypatch.setattr(on_disk, "fill", way)
        with pytest.raises(KeyboardInterrupt):
            disk.run(np.zeros((2, 2)), [0, 1])
        assert disk.left() == []


def test_whole_and_on_the_disk_before_it_has_its_name(monkeypatch, disk):
    seen = []
    fsync = os.fsync

    def look(file):
        seen.append((disk.left(), np.load(disk.part).shape))
        fsync(file)

    monkeypatch.setattr(os, "fsync", look)
    disk.run(np.zeros((2, 3)), [0, 1])
    assert seen[0] == (["grad.npy.part"], (2, 3))
    assert disk.out.stat().st_size == 128 + 2 * 3 * 8  # and nothing behind it


def python(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path.cwd())


KILLED = """
import os, signal, sys
from cecore.scale import on_disk
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
on_disk.READ = 40_000  # a row
fill, signals = on_disk.fill, [None, None, signal.Signals(int(sys.argv[3]))]
def fill_or_die(*arguments):
    if sent := signals.pop(0):
        os.kill(os.getpid(), sent)
    return fill(*arguments)
on_disk.fill = fill_or_die
on_disk.loss_and_grad(sys.argv[1], [0] * 4, out=sys.argv[2])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal here")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_killed_it_leaves_nothing_that_looks_whole(disk, name):
    np.save(disk.z, np.zeros((4, 5000)))
    number = getattr(signal, name)
    assert python(KILLED, disk.z, disk.out, int(number)).returncode == -number
    if name == "SIGINT":
        assert disk.left() == []
    else:
        assert disk.left() == ["grad.npy.part"]
        assert disk.part.stat().st_size > 40_000  # begun, not whole
        with pytest.raises(ValueError, match="pickled"):  # which is what NumPy takes it for
            np.load(disk.part)
        disk.part.unlink()
    loss_and_grad(disk.z, [0] * 4, out=disk.out)


FULL = """
import os, resource, sys
from cecore.scale import on_disk
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
on_disk.fill, fill = None, on_disk.fill  # which is not called in vain
if sys.argv[3] == "late":
    on_disk.fill = fill
    del os.posix_fallocate
    on_disk.READ = int(sys.argv[4])
try:
    on_disk.loss_and_grad(sys.argv[1], [0] * 400, out=sys.argv[2])
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("when", [["early"], ["late", 10**6], ["late", 80]], ids=str)
def test_no_room_for_the_gradient(disk, when):
    np.save(disk.z, np.zeros((400, 10)))
    done = python(FULL, disk.z, disk.out, *when)
    assert done.stdout == f"[Errno 27] File too large: '{disk.part}'\n", done.stderr
    assert disk.left() == []


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_reserve(monkeypatch, disk, number):
    def cannot(*arguments):
        raise OSError(number, "cannot")

    monkeypatch.setattr(os, "posix_fallocate", cannot, raising=False)
    assert_same(disk.run(np.eye(2), [0, 1]), np.eye(2), np.array([0, 1]))


MEMORY = """
import sys
from pathlib import Path
import numpy as np
from cecore.scale.on_disk import loss_and_grad
def most():  # not ru_maxrss, in which the process counts that started this one
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
    return int(line.split()[1]) / 1024
z, out, rows = sys.argv[1:]
alone = most()
loss_and_grad(z, np.zeros(int(rows), int), out=out)
print(most() - alone)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("shape", [(2000, 16_000), (2, 16_000_000)])  # 128 MB
def test_memory_is_bounded_whichever_way_the_logits_are_large(disk, shape):
    z = np.lib.format.open_memmap(disk.z, mode="w+", dtype=np.float32, shape=shape)  # zeros
    del z
    done = python(MEMORY, disk.z, disk.out, shape[0])
    assert float(done.stdout) < 90, done.stderr


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("block", [8, 10**6])
def test_a_progress_bar_on_a_terminal_or_if_asked_for(monkeypatch, disk, block):
    monkeypatch.setattr(on_disk, "READ", block)

    def shown(stream, **how):
        monkeypatch.setattr(sys, "stderr", stream)
        disk.run(np.zeros((3, 4)), [0, 1, 2], overwrite=True, **how)
        return stream.getvalue()

    assert re.search(r"12\.0/12\.0 .* logits/s", shown(Terminal()))
    assert shown(io.StringIO()) == ""
    assert shown(Terminal(), progress=False) == ""
    assert "12.0/12.0" in shown(io.StringIO(), progress=True)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert shown(Terminal()) == ""
    with pytest.raises(ImportError, match=r"needs tqdm: pip install 'cecore\[streaming\]'"):
        shown(Terminal(), progress=True)
    assert disk.left() == ["grad.npy"]
