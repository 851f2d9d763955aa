"""The one reader and the one writer of files: what they take, what they refuse, and that neither ever waits for ever."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics import files
from diagnostics.files import REPORT, AlreadyThere, FileUnusable, Kind, NotPrivate, NotThere, NotUtf8
from diagnostics.files.reading import PIPE_SECONDS, pipe_seconds

if os.name == "nt":
    pytest.skip("pipes, links and modes of POSIX", allow_module_level=True)
assert sys.platform != "win32"

OWN = "schema: diag/report/1\nold: true\n"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PIPE_SECONDS, "0.3")


@contextlib.contextmanager
def written(path: Path, *pieces: bytes) -> Iterator[None]:
    """Write to a named pipe from a thread, which opens once somebody reads."""

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            for piece in pieces:
                pipe.write(piece)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    yield
    thread.join(10)


# --- reading -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_is_read_in_every_encoding_that_marks_itself(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "text"
    path.write_bytes("tenant: Peñarol 日本\r\n".encode(encoding))
    assert files.read_text(path, largest=1000) == "tenant: Peñarol 日本\r\n"


def test_utf16_of_the_other_order_is_read(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\xfe\xff" + "año".encode("utf-16-be"))
    assert files.read_text(path, largest=1000) == "año"


def test_what_is_not_text_says_where(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"one\ntwo \xff\n")
    with pytest.raises(NotUtf8, match=r"line 2, column 5") as caught:
        files.read_text(path, largest=1000)
    assert (caught.value.line, caught.value.column) == (2, 5)
    assert files.read_text(path, largest=1000, fallback="cp1252") == "one\ntwo ÿ\n"


@pytest.mark.parametrize("size", [99, 100, 101, 5000])
def test_more_than_the_largest_is_refused_and_never_cut(tmp_path: Path, size: int) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"x" * size)
    if size <= 100:
        assert files.read(path, largest=100) == b"x" * size
    else:
        with pytest.raises(FileUnusable, match="is larger than 100 bytes"):
            files.read(path, largest=100)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileUnusable, match="is a folder"):
        files.read(tmp_path, largest=10)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom", "/dev/full", "/dev/tty"])
def test_a_device_is_no_file(device: str) -> None:
    if not Path(device).exists():
        pytest.skip(f"this system has no {device}")
    with pytest.raises(FileUnusable, match="is a device"):
        files.read(Path(device), largest=10)


@pytest.mark.parametrize(
    "name", ["missing", "missing/below", "file/below", "n" * 300, "nul\0inside", "half\udc80", "é" * 200]
)
def test_a_name_that_names_nothing_is_told_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileUnusable, match=r"cannot be read: (there is no such file|its name is too long|no file has)"):
        files.read(tmp_path / name, largest=10)


def test_there_is_no_such_file_is_an_answer_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        files.read(tmp_path / "missing", largest=10)


def test_a_link_to_a_file_is_read_and_one_to_itself_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    assert files.read(tmp_path / "link", largest=10) == b"x"
    with pytest.raises(FileUnusable, match="cannot be read"):
        files.read(tmp_path / "loop", largest=10)


def test_a_socket_with_a_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        with pytest.raises(FileUnusable, match="cannot be read"):
            files.read(Path("s"), largest=10)


def test_a_pipe_that_is_written_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with written(pipe, b"a" * 100_000, b"b" * 100_000):
        assert files.read(pipe, largest=300_000, private=True) == b"a" * 100_000 + b"b" * 100_000


def test_a_pipe_that_nobody_writes_is_given_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(FileUnusable, match=r"is a pipe, and its end did not come in 0\.3 s.*DIAG_PIPE_SECONDS"):
        files.read(pipe, largest=10)
    with pytest.raises(FileUnusable, match=r"is a pipe, and nothing came through it in 0\.3 s"):
        list(files.chunks(pipe))


def test_a_pipe_that_never_ends_is_cut_off_by_size_and_by_time(tmp_path: Path) -> None:
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless, contextlib.ExitStack() as stack:
        stack.callback(endless.kill)
        assert endless.stdout is not None
        path = Path(f"/dev/fd/{endless.stdout.fileno()}")
        with pytest.raises(FileUnusable, match="is larger than 1 MiB"):
            files.read(path, largest=1024**2)
    reader, writer = os.pipe()
    try:
        os.write(writer, b"a piece, and no end")
        with pytest.raises(FileUnusable, match="its end did not come"):
            files.read(Path(f"/dev/fd/{reader}"), largest=1024**2)
    finally:
        os.close(writer)
        os.close(reader)


def test_a_pipe_that_keeps_talking_is_read_on_where_no_end_is_asked_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with written(pipe, *[b"line\n"] * 20):
        assert b"".join(files.chunks(pipe)) == b"line\n" * 20


@pytest.mark.parametrize("path", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_a_descriptor_that_was_handed_over_is_read(path: str) -> None:
    if not Path("/proc/self/fd").exists() and path.startswith("/proc"):
        pytest.skip("no /proc here")
    reader, writer = os.pipe()
    os.write(writer, b"secret\n")
    os.close(writer)
    try:
        assert files.read(Path(path.format(reader)), largest=100, private=True) == b"secret\n"
    finally:
        os.close(reader)


def test_a_descriptor_that_is_not_open_is_told_in_words() -> None:
    with pytest.raises(FileUnusable, match="cannot be read"):
        files.read(Path("/dev/fd/987"), largest=10)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610, 0o602])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(mode)
    with pytest.raises(NotPrivate, match="can be read by others than its owner"):
        files.read(path, largest=10, private=True)
    assert files.read(path, largest=10) == b"x"


def test_a_pipe_that_others_can_read_is_refused_for_a_secret(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o644)
    with pytest.raises(NotPrivate):
        files.read(pipe, largest=10, private=True)


def test_the_beginning_of_a_pipe_is_not_taken_from_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert files.head(pipe, 10) == b""
    (tmp_path / "file").write_text("beginning and end")
    assert files.head(tmp_path / "file", 9) == b"beginning"


@pytest.mark.parametrize(("value", "seconds"), [("", 20), ("x", 20), ("-1", 20), ("nan", 20), ("1e400", 20), ("5", 5)])
def test_how_long_a_pipe_may_stay_silent(monkeypatch: pytest.MonkeyPatch, value: str, seconds: float) -> None:
    monkeypatch.setenv(PIPE_SECONDS, value)
    assert pipe_seconds() == seconds


# --- writing -------------------------------------------------------------------------------------------------------


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def left_over(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.endswith(".tmp")]


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.yaml"
    files.write(path, "schema: diag/report/1\n", REPORT)
    assert path.read_text() == "schema: diag/report/1\n"
    assert mode_of(path) == 0o600
    assert not left_over(tmp_path)


@pytest.mark.parametrize(
    "own",
    [
        OWN,
        "\ufeff" + OWN,
        "# a comment\n" + OWN,
        '{\n  "schema": "diag/report/1",\n  "x": 1\n}',
        "{'schema': 'diag/report/2'}",
        "",
    ],
)
def test_its_own_report_is_overwritten(tmp_path: Path, own: str) -> None:
    path = tmp_path / "report.yaml"
    path.write_text(own)
    path.chmod(0o644)
    files.check(path, REPORT)
    assert path.read_text() == own, "a check changes nothing"
    files.write(path, "schema: diag/report/1\n", REPORT)
    assert path.read_text() == "schema: diag/report/1\n"
    assert mode_of(path) == 0o600


@pytest.mark.parametrize(
    "other",
    [
        "tenant: contoso.com\n",
        "schema: diag/plan/1\n",
        '{"schema": "diag/plan/1"}',
        "x: 1\nschema: diag/report/1\n",
        "my schema: diag/report/1\n",
        "\n",
        "\x00" * 5000,
        "root:x:0:0::/root:/bin/sh\n",
    ],
)
def test_what_is_not_its_own_is_kept_unless_forced(tmp_path: Path, other: str) -> None:
    path = tmp_path / "report.yaml"
    path.write_text(other)
    words = r"exists already, and is no report of diag.*--force"
    with pytest.raises(AlreadyThere, match=words):
        files.check(path, REPORT)
    with pytest.raises(AlreadyThere, match=words):
        files.write(path, "new", REPORT)
    assert path.read_text() == other
    files.check(path, REPORT, force=True)
    files.write(path, "new", REPORT, force=True)
    assert path.read_text() == "new"


def irregular(folder: Path, what: str) -> Path:
    path = folder / "there"
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with contextlib.chdir(folder), socket.socket(socket.AF_UNIX) as listening:
                listening.bind("there")
        case "device":
            path = Path("/dev/full")
        case "link to its own":
            (folder / "own").write_text(OWN)
            path.symlink_to("own")
        case "link to nothing":
            path.symlink_to("nothing")
        case "link to a device":
            path.symlink_to("/dev/full")
    return path


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "what", ["folder", "pipe", "socket", "device", "link to its own", "link to nothing", "link to a device"]
)
def test_only_regular_files_are_written_also_when_forced(tmp_path: Path, what: str, force: bool) -> None:
    path = irregular(tmp_path, what)
    before = path.lstat()
    words = r"is a (folder|pipe|socket|device|symbolic link)"
    with pytest.raises(FileUnusable, match=words):
        files.check(path, REPORT, force=force)
    with pytest.raises(FileUnusable, match=words):
        files.write(path, OWN, REPORT, force=force)
    with pytest.raises(FileUnusable, match=words):
        files.open_to_append(path)
    after = path.lstat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)
    assert not left_over(tmp_path)


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "n" * 251 + ".yml"])
def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path: Path, name: str) -> None:
    files.check(tmp_path / name, REPORT)
    files.write(tmp_path / name, OWN, REPORT)
    files.write(tmp_path / name, OWN, REPORT)
    files.write_new(tmp_path / ("x" + name[1:]), OWN)
    assert (tmp_path / name).read_text() == OWN


@pytest.mark.parametrize("name", ["n" * 256, "n" * 300, "é" * 200, "n" * 5000, "nul\0inside", "no/such/folder"])
def test_a_name_that_cannot_be_is_refused_in_one_short_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileUnusable) as caught:
        files.check(tmp_path / name, REPORT)
    assert "cannot be written" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 or "\0" in name


@pytest.mark.parametrize("content", ["half \udc80", "\ud800", "a\udfffb", "\udce9\udcff"])
def test_half_a_character_is_written_as_an_escape(tmp_path: Path, content: str) -> None:
    files.write(tmp_path / "report", content, REPORT)
    assert (tmp_path / "report").read_bytes().decode("ascii") == content.encode("ascii", "backslashreplace").decode()


def test_a_new_file_is_never_put_over_another(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    files.write_new(path, "one")
    for target in (path, tmp_path / "link"):
        if target is not path:
            target.symlink_to("nothing")
        with pytest.raises(AlreadyThere):
            files.write_new(target, "two")
    assert path.read_text() == "one"
    assert mode_of(path) == 0o600
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link", "profile.yaml"]


def test_without_hard_links_a_new_file_is_still_never_put_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    files.write_new(tmp_path / "a", "one")
    with pytest.raises(AlreadyThere):
        files.write_new(tmp_path / "a", "two")
    assert (tmp_path / "a").read_text() == "one"
    assert not left_over(tmp_path)


ONE_PROCESS = """
import os, resource, sys
from pathlib import Path
from diagnostics import files
what, path = sys.argv[1], Path(sys.argv[2])
if what == "small disk":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
if what == "another user":
    os.setgid(65534); os.setuid(65534)
try:
    if what != "small disk":
        files.check(path, files.REPORT)
        print("checked")
    files.write(path, "schema: diag/report/1\\n" + "x" * 5000, files.REPORT)
except files.FileUnusable as problem:
    print(problem)
"""


def in_a_process(what: str, path: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-c", ONE_PROCESS, what, str(path)], capture_output=True, text=True, check=True
    )
    return run.stdout


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text(OWN)
    assert "cannot be written: File too large" in in_a_process("small disk", path)
    assert path.read_text() == OWN
    assert not left_over(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_a_folder_of_somebody_else_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder != Path("/") and folder != Path("/tmp"):
            folder.chmod(0o755)
    said = in_a_process("another user", tmp_path / "report")
    assert "cannot be written: Permission denied" in said
    assert "checked" not in said


def test_a_folder_that_takes_no_files_is_refused_before_anything_is_asked() -> None:
    said = in_a_process("", Path("/proc/report"))
    assert "cannot be written" in said
    assert "checked" not in said


def test_appending_goes_on_where_the_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    for _ in range(2):
        with files.open_to_append(path) as file:
            file.write(b"line\n")
    assert path.read_bytes() == b"line\nline\n"
    assert mode_of(path) == 0o600


def test_a_kind_is_known_by_its_first_key() -> None:
    kind = Kind("plan", "diag/plan/")
    assert kind.wrote(b'{"schema": "diag/plan/1"')
    assert not kind.wrote(b'{"schema": "diag.plan/1"')
    assert not kind.wrote(b'{"hash": "1", "schema": "diag/plan/1"')
