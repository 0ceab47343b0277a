"""The rooms of the host package: imports go down the list of host_tools/README.md, never up."""

import ast
import re
from pathlib import Path

import pytest

HOST = Path(__file__).parents[2] / "host_tools"
PACKAGE = HOST / "beltbox"
MOST_FILES = 12
MOST_LINES = 400
# MicroPython runs what is in these folders; to the host it is data.
ON_THE_BOX = ("virtualbox/device", "bench/device")
DOOR = "__main__.py"  # opens the top floor
GROUND = "."


def files(package=PACKAGE):
    """Every module of the package that CPython runs, by its path below the package."""
    return sorted(
        path.relative_to(package)
        for path in package.rglob("*.py")
        if not path.relative_to(package).as_posix().startswith(ON_THE_BOX)
        and "node_modules" not in path.parts
    )


def listed_rooms(readme):
    """The rooms in the order of the README's table, the top floor first, the ground last."""
    table = readme.partition("## The rooms")[2].partition("\n## ")[0]
    return [name.rstrip("/") for name in re.findall(r"^\| `([\w/.]+)` \|", table, re.MULTILINE)]


def room_of(path):
    """The folder of a module, "." for the ground."""
    return path.parent.as_posix()


def imported(path, package=PACKAGE):
    """Which modules of the package a module imports, by their paths, wherever it does."""
    here = [package.name, *path.parent.parts]
    for node in ast.walk(ast.parse((package / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A module that is imported by its name: `import_module`, a table of commands.
            if not re.fullmatch(rf"{package.name}(\.\w+)+", node.value):
                continue
            names = [node.value]
        else:
            continue
        for name in names:
            if target := module_file(name, package):
                yield target


def module_file(name, package=PACKAGE):
    """The file of `name`, or of the module that has the name `name`; None if it isn't ours."""
    parts = name.split(".")
    if parts[0] != package.name:
        return None
    while parts:
        place = package.joinpath(*parts[1:])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if len(parts) > 1 and file.is_file():
                return file.relative_to(package)
        parts.pop()
    return Path("__init__.py")


def upward(rooms, package=PACKAGE):
    """The imports that break the order, as sentences."""
    floor = {room: number for number, room in enumerate(rooms)}
    return [
        f"{path} imports {target}, which is above it"
        for path in files(package)
        if path.as_posix() != DOOR
        for target in imported(path, package)
        if floor[room_of(target)] < floor[room_of(path)]
    ]


def circle(package=PACKAGE):
    """Modules that import each other in a circle, in their order; [] where there is none."""
    arrows = {path: set(imported(path, package)) - {path} for path in files(package)}
    done = set()

    def follow(path, way):
        if path in way:
            return way[way.index(path) :]
        if path in done:
            return []
        for target in sorted(arrows.get(path, ())):
            if found := follow(target, [*way, path]):
                return found
        done.add(path)
        return []

    for path in arrows:
        if found := follow(path, []):
            return [module.as_posix() for module in found]
    return []


@pytest.fixture(scope="module")
def rooms():
    return listed_rooms((HOST / "README.md").read_text(encoding="utf-8"))


def test_the_list_names_every_room_once(rooms):
    assert sorted(rooms) == sorted({room_of(path) for path in files()})


def test_no_module_imports_from_a_room_above_it(rooms):
    assert upward(rooms) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circle() == []


def test_no_room_is_crowded_and_no_file_long(rooms):
    crowded = {
        room: len([path for path in files() if room_of(path) == room])
        for room in rooms
        if len([path for path in files() if room_of(path) == room]) > MOST_FILES
    }
    assert crowded == {}
    long = {
        path.as_posix(): lines
        for path in files()
        if (lines := len((PACKAGE / path).read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_the_host_imports_beltcore_and_never_the_box():
    for path in files():
        text = (PACKAGE / path).read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) box\b", text, re.MULTILINE), path


@pytest.fixture
def house(tmp_path):
    """house(files): a small package `beltbox` of these modules."""

    def build(sources):
        package = tmp_path / "beltbox"
        for name, source in sources.items():
            (package / name).parent.mkdir(parents=True, exist_ok=True)
            (package / name).write_text(source)
        return package

    return build


@pytest.mark.parametrize(
    "line",
    [
        "from beltbox.cli.main import app",
        "from beltbox.cli import main",
        "import beltbox.cli.main",
        "def f():\n    from beltbox.cli.main import app",
        "from ..cli.main import app",
        "from ..cli import main",
        "from .. import cli",
        "import_module('beltbox.cli.main')",
    ],
)
def test_an_upward_import_is_found_and_named(house, line):
    package = house(
        {"cli/__init__.py": "", "cli/main.py": "app = 1", "walk/rows.py": line, "errors.py": ""}
    )
    (found,) = upward(["cli", "walk", "."], package)
    assert re.fullmatch(r"walk/rows\.py imports cli/(main|__init__)\.py, which is above it", found)
    assert upward(["walk", "cli", "."], package) == []


def test_a_circle_is_found_and_named(house):
    package = house(
        {
            "a.py": "from beltbox.b import x",
            "b.py": "from beltbox.walk import c",
            "walk/c.py": "import beltbox.a",
            "d.py": "import beltbox.a",
        }
    )
    assert circle(package) == ["a.py", "b.py", "walk/c.py"]
