"""Damaged sentences, counted."""

from beltbox.bench import damage as module
from beltbox.bench.damage import believed_of, damage
from beltcore.host.reader import decode


def test_hardly_any_damaged_sentence_is_believed():
    """Less than one is expected of 20 000; the seed is always the same."""
    passed, believed = believed_of(20_000)
    assert believed <= passed <= 3


def test_what_is_damaged_was_sound_and_no_damage_leaves_all_as_it_was():
    assert len({decode(line)[0] for line in module._OTHERS}) == 4
    chance = module.random.Random(2)
    for hurt in module._DAMAGES:
        changed = [hurt(line, chance) not in module._OTHERS for line in module._OTHERS[:200]]
        assert sum(changed) > 100


def test_a_reader_that_believes_all_misses_the_goal(monkeypatch):
    monkeypatch.setattr(module, "decode", lambda _line: None)
    (line,) = damage(lambda _text: None, count=1000)
    assert line.met is False
