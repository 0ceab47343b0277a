"""Rules of the core that its syntax tree shows: integers only, and nothing from outside."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

CORE = Path(__file__).parents[3] / "firmware" / "beltcore"
FILES = sorted(CORE.rglob("*.py"))
# What may come from outside, and where: through one gate.
OUTSIDE = {"compat.py": {"micropython", "binascii", "array"}}
# What only hosts read may hold the numbers that add up to more: metres of 30 bits in millimetres.
ON_HOSTS = sorted((CORE / "host").rglob("*.py"))
FORBIDDEN_NAMES = {"float", "complex", "round", "divmod", "pow", "eval", "exec", "open", "print"}


def faults(name, source, *, on_hosts=False):
    """What in `source` breaks the rules, as texts."""
    found = []
    tree = ast.parse(source)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"{name}:{line}: the number {node.value}")
        is_number = isinstance(node, ast.Constant) and type(node.value) is int
        if is_number and node.value >= 2**30 and not on_hosts:
            found.append(f"{name}:{line}: {node.value} is more than 31 bits hold")
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div | ast.Pow):
            found.append(f"{name}:{line}: / or **")
        if isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            found.append(f"{name}:{line}: {node.id}")
        if isinstance(node, ast.Global | ast.Nonlocal):
            found.append(f"{name}:{line}: a global that changes")
        if isinstance(node, ast.Import):
            modules = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = {node.module}
        else:
            continue
        for module in modules - OUTSIDE.get(name, set()):
            found.append(f"{name}:{line}: imports {module}")
    return found


def test_there_is_a_core():
    assert {"core.py", "belt.py", "rails.py", "compat.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_rules(path):
    assert faults(path.name, path.read_text(), on_hosts=path in ON_HOSTS) == []


@pytest.mark.parametrize(
    "source",
    [
        *("x = 1.0", "x = 1e3", "x = a / b", "a /= b", "x = 2j", "x = float(a)", "x = round(a)"),
        *("import time", "from math import floor", "x = 0x40000000", "x = a ** 2"),
        "def f():\n    global x\n    x = 1",
    ],
)
def test_each_rule_can_be_broken(source):
    assert len(faults("core.py", source)) == 1


def test_constants_fit_31_bits():
    """Those that are computed, too: negative ones, masks, limits."""
    for path in FILES:
        if path.stem in ("viper", "__init__") or path in ON_HOSTS:
            continue
        module = ".".join(path.relative_to(CORE.parent).with_suffix("").parts)
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, int):
                assert -(2**30) <= value < 2**30, f"{path.name}: {name}"
