"""The bench's RAM figure: it runs the whole start, and counts what is really kept."""

from __future__ import annotations

import pytest

from beltbox.bench.ram import lay_out, used_bytes


@pytest.mark.slow
def test_what_a_module_keeps_is_counted_and_what_it_drops_is_not(tmp_path):
    root = lay_out(tmp_path / "root", compiled=False)
    used = used_bytes(root)
    port = root / "firmware-a" / "box" / "port.py"
    source = port.read_text()
    port.write_text(source + "\n_KEPT = bytearray(5000)\n")
    assert 4500 < used_bytes(root) - used < 6000
    port.write_text(source + "\nlen(bytearray(5000))\n")
    assert used_bytes(root) - used < 1000  # some names
