"""Changes one operator or number of beltcore at a time, and tells which changes no test notices.

By hand, from the project's root, a few minutes for each module:

    .venv/bin/python tests/mutate.py belt rails
    .venv/bin/python tests/mutate.py --operators core     (leaves the numbers alone)

Works on copies in a temporary folder. Each change is tried in a fork of one process that has
imported pytest already, two at a time. The survivors that are known stand in tests/README.md.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import _hypothesis_pytestplugin  # noqa: F401
import hypothesis.strategies  # noqa: F401
import pytest

ROOT = Path(__file__).parents[1]
CORE = "firmware/beltcore"
WORKERS = 2
DEADLINE_S = 60  # at least

# The tests that a module answers to, the quickest to notice first.
_B = "tests/firmware/beltcore/test_"
_H = "tests/firmware/beltcore/host/test_"
_WALKS = (f"{_B}gait.py", "tests/firmware/test_recordings.py")
_ENDURANCE = (f"{_B}integers.py", "tests/firmware/test_recordings.py")
TESTS = {
    "belt": (f"{_B}belt.py", f"{_B}core.py", *_ENDURANCE),
    "command": (f"{_B}command.py",),
    "core": (f"{_B}core.py", f"{_B}belt.py", *_ENDURANCE),
    "crc": (f"{_B}crc.py", f"{_B}plain.py"),
    "dips": (f"{_B}dips.py", f"{_B}dips_states.py", *_WALKS),
    "evenness": (f"{_B}evenness.py", f"{_B}gait.py"),
    "host/flags": (f"{_H}flags.py",),
    "force_window": (f"{_B}force_window.py",),
    "gait": (f"{_B}gait_counting.py", *_WALKS),
    "grabs": (f"{_B}grabs.py",),
    "length": (f"{_B}length.py", f"{_B}core.py", f"{_B}integers.py"),
    "host/metrics": (f"{_B}core.py", "tests/firmware/test_recordings.py"),
    "plain": (f"{_B}plain.py", f"{_B}crc.py", f"{_B}integers.py"),
    "rails": (f"{_B}rails.py", f"{_B}core.py", *_ENDURANCE),
    "rare_writer": (f"{_B}writer.py", f"{_H}reader.py"),
    "host/reader": (f"{_H}reader.py",),
    "rhythm": (f"{_B}rhythm.py", *_WALKS),
    "settings": (f"{_B}settings.py",),
    "sway": (f"{_B}sway.py",),
    "viper": (f"{_B}plain.py",),
    "writer": (f"{_B}writer.py", f"{_H}reader.py", f"{_B}integers.py"),
    "zero": (f"{_B}zero.py",),
}

_OPERATORS = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "//",
    ast.FloorDiv: "*",
    ast.Mod: "//",
    ast.LShift: ">>",
    ast.RShift: "<<",
    ast.BitAnd: "|",
    ast.BitOr: "&",
    ast.BitXor: "|",
}
_SIGNS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.And: "and",
    ast.Or: "or",
}
_COMPARISONS = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}


class Mutant(NamedTuple):
    """A change of source[start:end] (bytes) to `new`."""

    start: int
    end: int
    new: bytes


def mutants(source: bytes, numbers: bool) -> Iterator[Mutant]:
    """All changes of a module, in the order of its text."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def begin(node: ast.expr) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.expr) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return starts[node.end_lineno - 1] + node.end_col_offset

    def between(left: ast.expr, right: ast.expr, sign: str, new: str) -> Mutant:
        at = source.index(sign.encode(), end(left), begin(right))
        return Mutant(at, at + len(sign), new.encode())

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp):
            if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
                continue  # a text's %
            sign = type(node.op)
            yield between(node.left, node.right, _SIGNS[sign], _OPERATORS[sign])
        elif isinstance(node, ast.AugAssign):
            sign = type(node.op)
            yield between(node.target, node.value, _SIGNS[sign] + "=", _OPERATORS[sign] + "=")
        elif isinstance(node, ast.Compare):
            terms = [node.left, *node.comparators]
            for left, right, operator in zip(terms, terms[1:], node.ops, strict=False):
                sign = type(operator)
                yield between(left, right, _SIGNS[sign], _COMPARISONS[sign])
        elif isinstance(node, ast.BoolOp):
            new = "or" if isinstance(node.op, ast.And) else "and"
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield between(left, right, _SIGNS[type(node.op)], new)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
            yield Mutant(begin(node), begin(node.operand), b"")
        elif numbers and isinstance(node, ast.Constant):
            if isinstance(node.value, bool):
                yield Mutant(begin(node), end(node), str(not node.value).encode())
            elif isinstance(node.value, int):
                for new in (node.value + 1, node.value - 1):
                    yield Mutant(begin(node), end(node), b"(%d)" % new)


def copy_of_the_project(folder: Path) -> Path:
    """What the tests need, in a folder of its own."""
    root = folder / "project"
    ignore = shutil.ignore_patterns("__pycache__", ".hypothesis")
    for name in ("firmware", "tests/firmware"):
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    for name in ("tests/conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    (root / "host_tools").symlink_to(ROOT / "host_tools")
    (folder / "shared").symlink_to(ROOT.parent / "shared")
    return root


def start_tests(root: Path, module: str) -> int:
    """Run the module's tests in a fork; its process id. Exit status 0: all passed."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.chdir(root)
    sys.path.insert(0, str(root / "firmware"))
    options = ["-x", "-q", "--tb=no", "--hypothesis-profile=mutate", "-k", "not planted"]
    plain = ["-o", "addopts=--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:xdist"]
    status = 1
    try:
        status = int(pytest.main([*plain, *options, *TESTS[module]]))
    finally:
        os._exit(status)


def shown(source: bytes, mutant: Mutant) -> str:
    line = source[: mutant.start].count(b"\n") + 1
    begin = source.rfind(b"\n", 0, mutant.start) + 1
    end = source.find(b"\n", mutant.end)
    changed = source[begin : mutant.start] + b"[" + mutant.new + b"]" + source[mutant.end : end]
    old = source[mutant.start : mutant.end].decode()
    return f"{line}: {changed.decode().strip()}   (was {old})"


def examine(module: str, numbers: bool, roots: list[Path]) -> list[str]:
    """The survivors among the changes of a module."""
    file = Path(CORE) / f"{module}.py"
    source = (ROOT / file).read_bytes()
    began = time.monotonic()
    unchanged = start_tests(roots[0], module)
    if os.waitpid(unchanged, 0)[1] != 0:
        raise SystemExit(f"{module}: its tests fail without any change")
    # A change may make a loop endless; but a busy machine mustn't pass for one.
    deadline_s = DEADLINE_S + 5 * (time.monotonic() - began)
    waiting = sorted(set(mutants(source, numbers)), reverse=True)
    total = len(waiting)
    free = list(roots)
    running: dict[int, tuple[Mutant, Path, float]] = {}
    survivors: list[Mutant] = []
    while waiting or running:
        while waiting and free:
            mutant, root = waiting.pop(), free.pop()
            (root / file).write_bytes(source[: mutant.start] + mutant.new + source[mutant.end :])
            running[start_tests(root, module)] = (mutant, root, time.monotonic())
        time.sleep(0.02)
        for child, (mutant, root, since) in list(running.items()):
            if time.monotonic() - since > deadline_s:
                os.killpg(child, signal.SIGKILL)
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                del running[child]
                (root / file).write_bytes(source)
                free.append(root)
                if status == 0:
                    survivors.append(mutant)
                    print(f"  survives {module}.py:{shown(source, mutant)}", flush=True)
    print(f"{module}: {total} changes, {len(survivors)} survive", flush=True)
    return [shown(source, mutant) for mutant in survivors]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("modules", nargs="*", choices=[*TESTS, []], help="all by default")
    parser.add_argument("--operators", action="store_true", help="leave the numbers alone")
    given = parser.parse_args()
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        roots = []
        for worker in range(WORKERS):
            (Path(folder) / str(worker)).mkdir()
            roots.append(copy_of_the_project(Path(folder) / str(worker)))
        for module in given.modules or TESTS:
            examine(module, not given.operators, roots)


if __name__ == "__main__":
    main()
