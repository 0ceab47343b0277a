"""`beltbox settings`: the belt's and the cells' calibration, the walker's weight, and more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from beltbox.cli.box.taring import tare as take_zero
from beltbox.cli.common.options import JsonOption, OverwriteOption, PortOption, StoreOption
from beltbox.cli.common.output import print_json
from beltbox.cli.common.remarks import remarks_on
from beltbox.errors import BeltBoxError
from beltbox.files import default_store_file, refuse_target, written_whole
from beltbox.link.box_settings import read_settings, write_settings
from beltbox.link.finding import find_box, patiently
from beltbox.link.link import BoxLink
from beltbox.replay.settings_file import load_settings
from beltbox.walk.uncertainty import U_PPM_OF
from beltcore import settings as declared


class SettingError(BeltBoxError):
    """The settings can't be saved."""


def settings_command(
    change: Annotated[
        list[str] | None, typer.Argument(help="KEY=VALUE …: change these settings on the box.")
    ] = None,
    port: PortOption = None,
    store: StoreOption = None,
    tare: Annotated[
        bool,
        typer.Option(
            "--tare", help="Take what the rails measure now, with nobody touching them, as zero."
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            help="With --tare: ask nothing. Rails that read over 10 N from the zero of their "
            "card are not tared then, except with --anyway.",
        ),
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway", help="With --tare: take the zero even if somebody seems to lean there."
        ),
    ] = False,
    load: Annotated[
        Path | None, typer.Option(help="Send all settings in this file to the box.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Save the box's settings to this file.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the box's settings, or change them.

    Every setting is shown with the values that it may have. --tare is refused while the belt or a
    rail moves, and asks when a rail reads over 10 N from the zero of its calibration.

    Example: beltbox settings body_mass_g=72000 --tare --save box.json
    """
    # Checked here first, by the box's own declaration: nothing is sent of a list with a mistake.
    changes = dict(_parsed(text) for text in change or [])
    if load is not None:
        changes = {**load_settings(load), **changes}
    changes.pop("schema", None)
    if save is not None:
        kept = [(default_store_file(), "the store")]
        refuse_target(save, error=SettingError, not_onto=kept, overwrite=overwrite)
    tell = remarks_on(Console(stderr=True))
    with find_box(port) as link:
        there = patiently(link, lambda: read_settings(link), tell)
        changes.update(_outdated_uncertainties(changes, there))
        # Only what differs: each write wears the flash, and the box measures anew.
        new = {key: changes[key] for key in changes if changes[key] != there[key]}
        patiently(link, lambda: write_settings(link, new), tell)
        if tare:
            take_zero(link, store=store, yes=yes, anyway=anyway, tell=tell)
        values = patiently(link, lambda: read_settings(link), tell)
        _show(link, values, as_json)
    if save is not None:
        with written_whole(save, error=SettingError) as file:
            json.dump(values, file, indent=2)
            file.write("\n")


def _outdated_uncertainties(
    changes: Mapping[str, int | str], there: Mapping[str, int | str]
) -> dict[str, int | str]:
    """Uncertainties to clear: what a calibration stated doesn't hold for another scale."""
    return {
        uncertainty: 0
        for scale, uncertainty in U_PPM_OF.items()
        if changes.get(scale, there[scale]) != there[scale]
        and there.get(uncertainty)
        and uncertainty not in changes
    }


def _parsed(text: str) -> tuple[str, int | str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} isn't KEY=VALUE. The keys: {', '.join(declared.KEYS)}.")
    if key not in declared.KEYS:
        raise typer.BadParameter(f"{key!r} is not a setting. The keys: {', '.join(declared.KEYS)}.")
    try:
        return key, declared.parse(key, value)
    except declared.SettingsError as error:
        raise typer.BadParameter(f"{error}.{_hint(key, value)}") from error


def _hint(key: str, value: str) -> str:
    """What was probably meant, as a sentence: settings have one unit, which is in their name."""
    number = re.fullmatch(r"\s*([0-9]{1,6}(?:[.,][0-9]{1,3})?)\s*(kg|g)?\s*", value, re.IGNORECASE)
    if key != "body_mass_g" or number is None:
        return ""
    factor = 1 if (number[2] or "").lower() == "g" else 1000
    grams = round(float(number[1].replace(",", ".")) * factor)
    try:
        declared.check(key, grams)
    except declared.SettingsError:
        return " It is in grams."
    kg = f"{grams / 1000:g} kg are " if factor > 1 else ""
    return f" It is in grams, without a unit: {kg}body_mass_g={grams}"


def _show(link: BoxLink, values: dict[str, int | str], as_json: bool) -> None:
    if as_json:
        print_json(values)
        return
    identity = link.identity
    if identity is not None:
        print(
            f"{identity.box_name} at {link.path}: {identity.board}, firmware {identity.firmware}, "
            f"MicroPython {identity.micropython}, started {identity.boots} times"
        )
    for key in declared.KEYS:
        print(f"  {key:<24} {values[key]!s:>12}   ({declared.allowed(key)})")
