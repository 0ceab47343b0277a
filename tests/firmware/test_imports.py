"""Who imports whom in the firmware: no circle, and nothing through the walls between its parts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[2] / "firmware"


def imported_modules(package: list[str], source: str, modules: set[str]) -> set[str]:
    """Those of `modules` that a module of `package` imports, anywhere in its source."""
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            candidates = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            # `from . import a` names a module; `from .a import b` names what is in one.
            inner = [f"{base}.{alias.name}" for alias in node.names]
            candidates = [name if name in modules else base for name in inner]
        else:
            continue
        imported |= modules.intersection(candidates)
    return imported


def imports(folder: Path) -> dict[str, set[str]]:
    """Of every module and package in `folder`, those there that it imports."""
    packages = {}
    sources = {}
    for path in sorted(folder.rglob("*.py")):
        parts = list(path.relative_to(folder).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        packages[name] = parts[:-1]
        sources[name] = path.read_text()
    return {
        name: imported_modules(packages[name], source, set(sources))
        for name, source in sources.items()
    }


def circle(graph: dict[str, set[str]]) -> list[str]:
    """A circle as the names along it, its first one again at the end; empty if there is none."""
    done: set[str] = set()

    def follow(path: list[str]) -> list[str]:
        for name in sorted(graph[path[-1]]):
            if name in path:
                return [*path[path.index(name) :], name]
            if name not in done and (closed := follow([*path, name])):
                return closed
        done.add(path[-1])
        return []

    for start in graph:
        if start not in done and (closed := follow([start])):
            return closed
    return []


def crossings(graph: dict[str, set[str]], source: str, target: str) -> list[str]:
    """Imports of something in the package `target` by something in `source` but not in `target`."""

    def is_in(name: str, package: str) -> bool:
        return f"{name}.".startswith(f"{package}.")

    return [
        f"{name} imports {other}"
        for name in graph
        if is_in(name, source) and not is_in(name, target)
        for other in sorted(graph[name])
        if is_in(other, target)
    ]


WALLS = {
    "the core imports the box": ("beltcore", "box"),
    "the core imports its part for hosts": ("beltcore", "beltcore.host"),
    "the box imports the core's part for hosts": ("box", "beltcore.host"),
}


def test_no_circle():
    assert circle(imports(FIRMWARE)) == []


@pytest.mark.parametrize("wall", WALLS)
def test_no_import_through_a_wall(wall):
    assert crossings(imports(FIRMWARE), *WALLS[wall]) == []


def write(folder: Path, sources: dict[str, str]) -> Path:
    for name, source in sources.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


def test_every_way_to_import_is_seen(tmp_path: Path):
    folder = write(
        tmp_path,
        {
            "box/__init__": "from . import a",
            "box/a": "from . import b\nfrom .c import x\nimport box.d\nfrom beltcore import e\n",
            "box/b": "def f():\n    from beltcore.host import g\n",
            "box/c": "import sys\nfrom os import path\n",
            "box/d": "from .deep import h\n",
            "box/deep/h": "from .. import a\nfrom ..c import x\n",
            "beltcore/e": "from .host.g import y\n",
            "beltcore/host/g": "from ..e import z\n",
        },
    )
    assert imports(folder) == {
        "box": {"box.a"},
        "box.a": {"box.b", "box.c", "box.d", "beltcore.e"},
        "box.b": {"beltcore.host.g"},
        "box.c": set(),
        "box.d": {"box.deep.h"},
        "box.deep.h": {"box.a", "box.c"},
        "beltcore.e": {"beltcore.host.g"},
        "beltcore.host.g": {"beltcore.e"},
    }


def test_a_circle_is_named(tmp_path: Path):
    folder = write(
        tmp_path,
        {
            "box/start": "from . import a",
            "box/a": "from .b import x",
            "box/b": "def f():\n    from . import c",
            "box/c": "from .a import y",
        },
    )
    assert circle(imports(folder)) == ["box.a", "box.b", "box.c", "box.a"]


def test_imports_through_each_wall_are_named(tmp_path: Path):
    folder = write(
        tmp_path,
        {
            "beltcore/core": "from box import app\nfrom .host import flags",
            "beltcore/host/flags": "from ..crc import x",
            "beltcore/crc": "",
            "box/app": "from beltcore.host.flags import WORDS\nfrom beltcore.crc import x",
        },
    )
    graph = imports(folder)
    assert [crossings(graph, *wall) for wall in WALLS.values()] == [
        ["beltcore.core imports box.app"],
        ["beltcore.core imports beltcore.host.flags"],
        ["box.app imports beltcore.host.flags"],
    ]
