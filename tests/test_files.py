"""Files: what is no file is never replaced, and every writer's errors name the file that was meant."""

import errno
import os
import random
import socket
import stat

import pytest

from autograd_lite import Value, draw, fit, losses, nn, optim, step_through
from autograd_lite import files as files_module
from autograd_lite.__main__ import main
from autograd_lite.files import check_writable, write_text


def trained(path, model, optimizer):
    fit(
        model, losses.squared_error, [[0.0], [1.0]], [1.0, 3.0], optimizer=optimizer, epochs=2,
        checkpoint=path,
    )  # fmt: skip


def refused(path):
    """Train with a checkpoint that cannot be written: then nothing moves."""
    model, optimizer = nn.Neuron(1, None, seed=0), optim.Adam(lr=0.1)
    before = model.state_dict(), random.getstate()
    try:
        trained(path, model, optimizer)
    except BaseException:
        assert (model.state_dict(), random.getstate()) == before
        assert (optimizer.parameters, optimizer.states) == (None, [])
        raise


WRITERS = {
    "write_text": lambda path: write_text(path, "text"),
    "check_writable": check_writable,
    "Module.save": nn.Neuron(1).save,
    "Trace.save": lambda path: step_through(Value(1.0)).save(path),
    "Drawing.save": lambda path: draw(Value(1.0)).save(path),
    "fit": refused,
}


@pytest.fixture(params=WRITERS)
def write(request):
    """Give each thing in the package that writes files."""
    return WRITERS[request.param]


def listed(folder):
    """List what a folder holds, and of which kind it is."""
    return {path.name: (path.lstat().st_mode, path.lstat().st_ino) for path in folder.rglob("*")}


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))  # the whole path may be too long for a socket


def in_a_file(path):
    path.parent.joinpath("file").touch()
    return path.parent / "file" / path.name


NO_FILES = {
    "a folder": (lambda path: path.mkdir(), errno.EISDIR),
    "a link to a folder": (lambda path: path.symlink_to(path.parent), errno.EISDIR),
    "a pipe": (os.mkfifo, errno.EINVAL),
    "a socket": (a_socket, errno.EINVAL),
    "a link to itself": (lambda path: path.symlink_to(path), errno.ELOOP),
    "a link to nowhere": (lambda path: path.symlink_to(path.parent / "none" / "file"), errno.ENOENT),
    "no folder": (lambda path: path.parent / "none" / path.name, errno.ENOENT),
    "in a file": (in_a_file, errno.ENOTDIR),
    "a long name": (lambda path: path.with_name("n" * 300 + ".json"), errno.ENAMETOOLONG),
}


@pytest.mark.parametrize(("make", "number"), NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file_is_refused_and_stays(tmp_path, write, make, number):
    path = tmp_path / "file.json"
    path = make(path) or path
    before = listed(tmp_path)
    with pytest.raises(OSError, match=path.name[:200]) as caught:
        write(path)
    assert ".unfinished" not in str(caught.value)
    if write is not refused:  # its check for a folder is older, and has words of its own
        assert (caught.value.errno, caught.value.filename) == (number, str(path))
    assert listed(tmp_path) == before


@pytest.mark.parametrize("option", ["--html", "--svg", "--dot"])
def test_the_command_line_replaces_no_pipe(tmp_path, capsys, option):
    path = tmp_path / f"file.{option[2:]}"
    os.mkfifo(path)
    before = listed(tmp_path)
    assert main(["x * x", "x=3", option, str(path)]) == 1
    assert f"cannot write {str(path)!r}: it is a device, a pipe or a socket" in capsys.readouterr().err
    assert listed(tmp_path) == before


@pytest.fixture
def terminal():
    """Give a device of this process, in a folder where no file can take its place, whatever is tried."""
    ends = os.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


def test_a_device_is_refused(tmp_path, terminal, write):
    path = tmp_path / "file.json"
    path.symlink_to(terminal)
    with pytest.raises(OSError) as caught:
        write(path)
    error = caught.value
    assert (error.errno, error.filename, error.filename2) == (errno.EINVAL, str(path), terminal)
    assert stat.S_ISCHR(os.stat(terminal).st_mode)
    with pytest.raises(OSError, match=f"device.*{terminal}"):
        write_text(terminal, "text")


@pytest.mark.parametrize("name", ["", ".", "..", "new/", "new/.", "old/"])
def test_what_names_no_file_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    for write in (WRITERS["write_text"], WRITERS["check_writable"], WRITERS["Module.save"], refused):
        with pytest.raises(OSError):
            write(name)
    assert os.listdir(tmp_path) == ["old"]


@pytest.mark.parametrize("name", [3, True, None, b"file.json", ["file.json"], 1.5])
def test_what_is_no_name_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for write in WRITERS.values():
        if name is not None or write is not refused:
            with pytest.raises(TypeError):
                write(name)
    assert not os.listdir(tmp_path)


TROUBLES = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG]


@pytest.fixture(params=TROUBLES, ids=lambda number: errno.errorcode[number])
def failing(request, monkeypatch):
    """Let a function of the system fail, as it does for many reasons; gives what the error says."""

    def let_fail(function):
        def fail(*names):
            raise OSError(request.param, os.strerror(request.param), names[0])

        if function == "open":
            monkeypatch.setattr(files_module, "open", fail, raising=False)
        else:
            monkeypatch.setattr(os, function, fail)
        return type(OSError(request.param, "")), f"[Errno {request.param}] {os.strerror(request.param)}"

    return let_fail


@pytest.mark.parametrize("function", ["open", "fsync", "chmod", "replace"])
@pytest.mark.parametrize("writer", ["write_text", "Module.save", "Trace.save", "Drawing.save"])
def test_an_error_names_the_file_and_leaves_the_old_one(tmp_path, failing, writer, function):
    path = tmp_path / "file.json"
    path.write_text("old")
    kind, words = failing(function)
    with pytest.raises(OSError) as caught:
        WRITERS[writer](path)
    assert (type(caught.value), str(caught.value)) == (kind, f"{words}: {str(path)!r}")
    assert (os.listdir(tmp_path), path.read_text()) == (["file.json"], "old")


def test_an_unwritable_folder_is_noticed_before_anything_moves(tmp_path, failing):
    kind, words = failing("open")
    for write in (refused, check_writable):
        with pytest.raises(kind) as caught:
            write(tmp_path / "file.json")
        assert str(caught.value) == f"{words}: {str(tmp_path / 'file.json')!r}"


def test_a_disk_that_is_full_later_ends_a_training_and_leaves_the_checkpoint(tmp_path, failing):
    path, model, optimizer = tmp_path / "file.json", nn.Neuron(1, None, seed=0), optim.Adam(lr=0.1)
    kind, words = failing("fsync")
    with pytest.raises(kind) as caught:
        trained(path, model, optimizer)
    assert str(caught.value) == f"{words}: {str(path)!r}"
    assert (os.listdir(tmp_path), optimizer.steps) == ([], 1)


def test_the_error_of_a_link_names_both_ends(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "none" / "file.json")
    with pytest.raises(FileNotFoundError, match=r"link\.json' -> '.*none/file\.json'"):
        nn.Neuron(1).save(tmp_path / "link.json")


def test_an_error_without_a_number_keeps_its_words(tmp_path, monkeypatch):
    def failing(*_):
        raise OSError("the words")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match=r"the words: '.*file'"):
        write_text(tmp_path / "file", "text")


def test_a_link_to_nothing_yet_makes_the_file(tmp_path, write):
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.json").symlink_to("folder/real.json")
    (tmp_path / "file.json").symlink_to("other.json")
    write(tmp_path / "file.json")
    assert (tmp_path / "file.json").is_symlink() and (tmp_path / "other.json").is_symlink()
    made = [] if write is check_writable else ["real.json"]
    assert os.listdir(tmp_path / "folder") == made


def test_ctrl_c_waits_until_a_file_is_whole(tmp_path, monkeypatch):
    import signal

    fsync = os.fsync

    def struck(descriptor):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        fsync(descriptor)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr(os, "fsync", struck)
        with pytest.raises(KeyboardInterrupt):
            write_text(tmp_path / "file", "text")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (os.listdir(tmp_path), (tmp_path / "file").read_text()) == (["file"], "text")
