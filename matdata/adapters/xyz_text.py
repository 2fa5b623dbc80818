"""Texts in comment lines of extended XYZ, written so that they are read back as texts.

Its readers take ``000`` for a number and ``T`` for a truth value. ASE's mark of JSON in a value
(``note="_JSON \\"000\\""``) says that it is a text.
"""

from __future__ import annotations

import functools
import json
import re

from matdata.core.ledger import Unusable
from matdata.core.packages import needed_for

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*([ .,;:_+-][A-Za-z0-9]+)*")
_WORDS = frozenset(("t", "f", "true", "false", "none", "nan", "inf", "infinity"))


@functools.lru_cache(maxsize=4096)
def text_for_comment(text: str) -> tuple[str, bool] | None:
    """How a text is handed to ASE's writer, and whether it is read back as it was.

    None if a reader would refuse the whole frame.
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text, True
    forms = (text, f"_JSON {json.dumps(text)}", f"_JSON {json.dumps(text, ensure_ascii=False)}")
    again = {form: _read_again(form) for form in forms}
    for form, values in again.items():
        if values == {"x": text}:
            return form, True
    readable = [form for form, values in again.items() if values is not None]
    return (readable[0], False) if readable else None


def _read_again(form: str) -> dict[str, object] | None:
    from matdata.adapters.ase import frame_values

    with needed_for("writing extended XYZ"):
        from ase.io.extxyz import key_val_dict_to_str

    try:
        return frame_values(f"0\n{key_val_dict_to_str({'x': form})}")
    except Unusable:
        return None
