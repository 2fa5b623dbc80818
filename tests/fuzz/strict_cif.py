"""An independent reader of CIF: what the bytes say and nothing else.

Symmetry is what the operations of the block say; without them the operations of the symbol as the
seeds write them. A block of which this is not enough is refused.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from fuzz.records import Broken, Crystal, Entry, Reading, Record, Refused, checked_crystal
from fuzz.samples import NUMBERS

SAME, NEAR = 0.01, 0.6  # Å between images: one atom below, two above, uncertain in between
BLOCK = re.compile(r"(?:(?<=\s)|^)data_", re.IGNORECASE)
FIELD = re.compile(r"(?:(?<=[\r\n])|^);.*?(?P<end>[\r\n];|\Z)", re.DOTALL)  # of text
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\(\d+\))?")
OPERATIONS = ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
SYMBOLS = ("_symmetry_space_group_name_h-m", "_space_group_name_h-m_alt")
KNOWN = {
    "P 1": ("x,y,z",),
    "P -1": ("x,y,z", "-x,-y,-z"),
    "P 1 21/c 1": ("x,y,z", "-x,y+1/2,-z+1/2", "-x,-y,-z", "x,-y+1/2,z+1/2"),
    "C 1 2/m 1": (
        "x,y,z", "-x,y,-z", "-x,-y,-z", "x,-y,z",
        "x+1/2,y+1/2,z", "-x+1/2,y+1/2,-z", "-x+1/2,-y+1/2,-z", "x+1/2,-y+1/2,z",
    ),
}  # fmt: skip
MAX_SITES = 2000
Token = tuple[bool, str]  # whether it was quoted, and its text


def read_cif(text: str) -> Reading:
    """Every block of a CIF as an entry without an id.

    Raises
    ------
    Broken
        If there is no block.
    """
    fields = list(FIELD.finditer(text))
    closed = [found.span() for found in fields if found["end"]]
    left = min((found.start() for found in fields if not found["end"]), default=len(text))
    starts = [found.start() for found in BLOCK.finditer(text)]
    starts = [at for at in starts if not any(first < at < end for first, end in closed)]
    if not starts:
        raise Broken("no data block")
    blocks = [(at, text[at:end]) for at, end in itertools.pairwise([*starts, len(text)])]
    entries = [
        Entry(block.strip(), _content(block))
        if at < left
        else Entry("in an open field: " + block.strip(), Refused("in a field without an end"))
        for at, block in blocks
    ]
    bare = any("_atom_site" not in block for _, block in blocks)  # is it a record? opinions differ
    return Reading(tuple(entries), text[: starts[0]].strip(), counted=not bare)


def _content(block: str) -> Record | Refused:
    try:
        return Record(None, crystal_of(block))
    except Refused as refusal:
        return refusal


def crystal_of(block: str) -> Crystal:
    """The crystal of one block."""
    items = _items(block)
    lengths = [_number(items, f"_cell_length_{key}") for key in "abc"]
    angles = [_number(items, f"_cell_angle_{key}") for key in ("alpha", "beta", "gamma")]
    lattice = _lattice(lengths, angles)
    columns = [items.get(f"_atom_site_fract_{key}") for key in "xyz"]
    labels = items.get("_atom_site_type_symbol") or items.get("_atom_site_label")
    if labels is None or any(column is None for column in columns):
        raise Refused("no sites")
    for shares in items.get("_atom_site_occupancy", []):
        share = NUMBER.fullmatch(shares)
        if shares not in (".", "?") and (share is None or abs(float(share[1]) - 1) > 1e-3):
            raise Refused("a site that is not full", strictly=share is not None)
    places = [[_value(cell) for cell in column or []] for column in columns]
    if {len(column) for column in (*places, labels)} != {len(labels)}:
        raise Refused("columns of sites differ in length")
    numbers = [_element(label) for label in labels]
    sites = list(zip(*places, strict=True))
    found_numbers, found_sites = _expanded(lattice, numbers, sites, _operations(items))
    return checked_crystal(lattice, found_sites, found_numbers)


def _expanded(
    lattice: list[list[float]],
    numbers: list[int],
    sites: list[tuple[float, ...]],
    operations: list[tuple[np.ndarray, np.ndarray]],
) -> tuple[list[int], list[list[float]]]:
    cell = np.array(lattice)
    images: list[np.ndarray] = []
    kinds: list[int] = []
    if len(sites) * len(operations) > MAX_SITES:
        raise Refused("many sites", open=True)
    for number, site in zip(numbers, sites, strict=True):
        own: list[np.ndarray] = []
        for matrix, shift in operations:
            image = matrix @ np.array(site) + shift
            apart = [np.linalg.norm((d - np.round(d)) @ cell) for d in (image - x for x in own)]
            nearest = min(apart, default=np.inf)
            if SAME < nearest < NEAR:
                raise Refused("images too near to tell", open=True)
            if nearest >= NEAR:
                own.append(image)
        images += own
        kinds += [number] * len(own)
    return kinds, [image.tolist() for image in images]


def _operations(items: dict[str, list[str]]) -> list[tuple[np.ndarray, np.ndarray]]:
    told = next((items[tag] for tag in OPERATIONS if tag in items), None)
    if told is None:
        symbol = next((items[tag][0] for tag in SYMBOLS if tag in items), "")
        if symbol not in KNOWN:
            raise Refused("no operations, and a symbol that the seeds do not hold")
        told = list(KNOWN[symbol])
    return [_operation(text) for text in told]


def _operation(text: str) -> tuple[np.ndarray, np.ndarray]:
    matrix, shift = np.zeros((3, 3)), np.zeros(3)
    rows = text.lower().replace(" ", "").split(",")
    if len(rows) != 3:
        raise Refused("an operation that has no three parts")
    for k, row in enumerate(rows):
        terms = re.findall(r"[+-]?[^+-]+", row)
        if "".join(terms) != row or not terms:
            raise Refused("an operation that is none")
        for term in terms:
            sign, plain = (-1 if term[0] == "-" else 1), term.lstrip("+-")
            if plain in ("x", "y", "z"):
                matrix[k, "xyz".index(plain)] += sign
            elif re.fullmatch(r"\d{1,3}/[1-9]\d{0,2}|\d{0,3}\.\d{1,9}|\d{1,3}", plain):
                shift[k] += sign * float(Fraction(plain))
            else:
                raise Refused("an operation that is none")
    if abs(abs(np.linalg.det(matrix)) - 1) > 1e-9:
        raise Refused("an operation that is none")
    return matrix, shift


def _element(label: str) -> int:
    found = re.fullmatch(r"([A-Z][a-z]?)(\d*[+-]?|[+-]\d)", label)
    if found is None or found[1] not in NUMBERS:
        raise Refused("no element")
    return NUMBERS[found[1]]


def _lattice(lengths: list[float], angles: list[float]) -> list[list[float]]:
    a, b, c = lengths
    alpha, beta, gamma = np.radians(angles)
    # However long: what a file says is no misreading, and a filter of the user's to refuse.
    if min(lengths) <= 0 or min(angles) <= 0 or max(angles) >= 180:
        raise Refused("no cell")
    x = c * np.cos(beta)
    y = c * (np.cos(alpha) - np.cos(beta) * np.cos(gamma)) / np.sin(gamma)
    z = c * c - x * x - y * y
    if z <= 0:
        raise Refused("angles of no cell")
    rows = [[a, 0.0, 0.0], [b * np.cos(gamma), b * np.sin(gamma), 0.0], [x, y, np.sqrt(z)]]
    return [[float(value) for value in row] for row in rows]


def _number(items: dict[str, list[str]], tag: str) -> float:
    if tag not in items:
        raise Refused(f"no {tag}")
    return _value(items[tag][0])


def _value(text: str) -> float:
    found = NUMBER.fullmatch(text)
    if found is None:
        raise Refused(f"{text[:20]!r} is no number")
    return float(found[1])


def _items(block: str) -> dict[str, list[str]]:
    """Values of every tag of a block; tags are not sensitive to case."""
    items: dict[str, list[str]] = {}
    tokens = list(_tokens(block))[1:]
    k = 0
    while k < len(tokens):
        quoted, text = tokens[k]
        if not quoted and text.lower() == "loop_":
            k = _loop(tokens, k + 1, items)
        elif not quoted and text.startswith("_") and k + 1 < len(tokens):
            missing = _is_word(tokens[k + 1])  # nobody knows it, as if it were "?"
            _add(items, text, ["?" if missing else tokens[k + 1][1]])
            k += 1 if missing else 2
        else:
            raise Refused(f"{text[:20]!r} where a tag was expected")
    return items


def _loop(tokens: list[Token], k: int, items: dict[str, list[str]]) -> int:
    tags: list[str] = []
    while k < len(tokens) and not tokens[k][0] and tokens[k][1].startswith("_"):
        tags.append(tokens[k][1])
        k += 1
    values: list[str] = []
    while k < len(tokens) and not _is_word(tokens[k]):
        values.append(tokens[k][1])
        k += 1
    if not tags or not values or len(values) % len(tags):
        raise Refused("a loop whose values do not fill its rows")
    for column, tag in enumerate(tags):
        _add(items, tag, values[column :: len(tags)])
    return k


def _add(items: dict[str, list[str]], tag: str, values: list[str]) -> None:
    if tag.lower() in items:
        raise Refused(f"{tag} stands twice")
    items[tag.lower()] = values


def _is_word(token: Token) -> bool:
    """Whether a token ends a list of values."""
    quoted, text = token
    reserved = text.lower().startswith(("data_", "save_")) or text.lower() in (
        "loop_", "global_", "stop_",
    )  # fmt: skip
    return not quoted and (text.startswith("_") or reserved)


def _tokens(text: str) -> Iterator[Token]:
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
        elif text[place] == ";" and (place == 0 or text[place - 1] in "\r\n"):
            end = re.compile(r"[\r\n];").search(text, place + 1)
            if end is None:
                raise Refused("a text field without an end")
            yield True, text[place + 1 : end.start()]
            place = end.end()
        elif text[place] == "#":
            place = re.compile(r"[\r\n]|$").search(text, place).start()
        elif text[place] in "'\"":
            end = re.compile(re.escape(text[place]) + r"(?=\s|$)").search(text, place + 1)
            if end is None or re.search(r"[\r\n]", text[place : end.start()]):
                raise Refused("a quotation without an end")
            yield True, text[place + 1 : end.start()]
            place = end.end()
        else:
            end = re.compile(r"\s|$").search(text, place)
            yield False, text[place : end.start()]
            place = end.start()
