"""JARVIS: `dft_3d` and the other sets published by NIST, from figshare or from a local file."""

from __future__ import annotations

import functools
import io
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from matdata.adapters.sites import from_dict
from matdata.core.cache import cache_dir
from matdata.core.digest import digest_file, digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError, did_you_mean
from matdata.core.settings import Settings, setting
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.chunks import chunked, first_of
from matdata.sources.download import Remote, check_local, fetch
from matdata.sources.figshare import published_md5
from matdata.sources.guard import Row, gather
from matdata.sources.optics import axes_of, components_of, dielectric_function, units_of
from matdata.sources.parse import require_formula, structural_chunk, to_columns
from matdata.sources.readers.base import flatten, is_missing
from matdata.sources.readers.json_text import Item, JsonText, opened, require_object, sampled
from matdata.sources.readers.opening import is_hidden, open_member, open_zip
from matdata.sources.roles import Roles, find_roles
from matdata.tables.jarvis_sets import ARTICLES, LICENCES, PINNED, SETS, TARGETS, URL

DEFAULT = "dft_3d"
MISSING = -99999
PEEK = 200  # records sampled to infer the columns
DATE = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})$")
CITATION = "K. Choudhary et al., The joint automated repository for various integrated "
CITATION += "simulations (JARVIS), npj Comput. Mater. 6, 173 (2020), doi:10.1038/s41524-020-00440-1"

#: Place of an entry in the file, the entry, its file of dielectric functions, and which
#: components of these are read.
Entry: TypeAlias = tuple[int, Any, Path | None, tuple[str, ...]]


@dataclass(frozen=True)
class JarvisQuery(Settings):
    """What JARVIS can be asked for."""

    optics: str | None = setting(
        None, "folder of <jid>.xml with dielectric functions", verbatim=True
    )
    components: tuple[str, ...] = setting(
        (), "of dielectric functions: xx, yy, zz, xy, yz, zx (all if not given), average"
    )


class Jarvis(Source[list[Entry]]):
    """Records of a JARVIS set; ``"na"`` and -99999 are missing values.

    Parameters
    ----------
    request
        The argument is the name of a set (``dft_3d`` if there is none) or the path of its zip or
        JSON file; ``file`` is a file to read instead of a download; ``query["optics"]`` a folder
        with ``<jid>.xml`` (a page of JARVIS-DFT, or a vasprun), whose dielectric functions become
        array targets.
    """

    name: ClassVar[str] = "jarvis"
    Query: ClassVar[type[Settings]] = JarvisQuery
    takes_file: ClassVar[bool] = True

    def __init__(self, request: Request) -> None:
        self._request = request
        text = request.argument or DEFAULT
        self._set = text if text in SETS else None
        self._file = request.file
        if self._set is None:
            self._file = self._file or Path(text).expanduser()
            if not self._file.exists():
                raise SourceError(
                    f"JARVIS has no set {text!r}{did_you_mean(text, SETS)}, and there is no such "
                    "file",
                    next_step=f"sets: {', '.join(SETS)}; or the path of a zip or JSON file",
                )
        query = JarvisQuery.from_mapping(request.query)
        optics, self._components = query.optics, components_of(query.components)
        if query.components and not optics:
            raise SourceError(
                "components are those of dielectric functions, and none are named",
                next_step="name them: --optics FOLDER",
            )
        self._optics = Path(optics).expanduser() if optics else None
        if self._optics is not None and not self._optics.is_dir():
            raise SourceError(f"--optics {optics}: there is no such folder")
        self._fetched: tuple[Path, str] | None = None

    @classmethod
    def make(cls, request: Request) -> Jarvis:
        """Create the source from a request."""
        return cls(request)

    def _path(self) -> tuple[Path, str]:
        """The file and its digest; downloaded and checked once per run."""
        if self._fetched is None:
            if self._file is not None:
                self._fetched = self._file, check_local(self._file, None)
            else:
                self._fetched = fetch(_remote(str(self._set)), self._request.cache or cache_dir())
        return self._fetched

    def origin(self) -> Origin:
        """Download the file if needed, and describe it by its first records."""
        path, digest = self._path()
        roles = self._roles(path)
        name = self._set or path.name.split(".")[0]
        return Origin(
            source=self.name,
            name=f"jarvis-{name}" if self._set else name,
            version=_version(SETS[self._set][1]) if self._set else "local",
            kind="structure",
            request={
                "source": self.name,
                "set": name,
                "sha256": digest,
                "limit": self._request.limit,
                "options": self._request.options.to_dict(),
                "optics": self._optics_digest(),
                **({"components": list(self._components)} if self._optics else {}),
            },
            url=URL.format(number=SETS[self._set][0]) if self._set else path.name,
            licence=LICENCES.get(ARTICLES.get(self._set or "", 0), ""),
            citation=CITATION,
            energy_column=roles.energy,
            energy_per=roles.energy_per,
            targets=roles.targets,
            axes=axes_of(self._components) if self._optics else {},
            count=self._request.limit,
        )

    def _roles(self, path: Path) -> Roles:
        first = sampled(first_of(_entries(path), PEEK), _values)
        columns = list(dict.fromkeys(name for values in first for name in values))
        if not columns:
            raise SourceError(f"{path} holds no records", cause="a file of another kind")
        roles = find_roles(["atoms", *columns], first, self._request.options, str(path))
        with_units = {name: TARGETS[name] for name in roles.targets if name in TARGETS}
        targets = {**roles.targets, **with_units} if self._request.options.targets else with_units
        optics = units_of(self._components) if self._optics else {}
        return Roles(
            roles.id,
            roles.structure,
            roles.formula,
            roles.energy,
            roles.energy_per,
            {**(targets or roles.targets), **optics},
        )

    def _optics_digest(self) -> str | None:
        if self._optics is None:
            return None
        paths = sorted(self._optics.glob("*.xml"))
        return digest_json([[path.name, digest_file(path)] for path in paths])

    def raw_chunks(self, start: int = 0) -> Iterator[list[Entry]]:
        """Entries, `CHUNK_ROWS` per chunk, each with the path of its XML file or None."""
        path, _ = self._path()
        entries = itertools.islice(_entries(path), self._request.limit)
        number = 0
        for chunk_number, chunk in enumerate(chunked(entries)):
            if chunk_number >= start:
                numbered = enumerate((item.value for item in chunk), start=number)
                yield [(at, entry, self._xml(entry), self._components) for at, entry in numbered]
            number += len(chunk)

    def _xml(self, entry: object) -> Path | None:
        jid = str(entry.get("jid", "")) if isinstance(entry, dict) else ""
        if self._optics is None or not re.fullmatch(r"[\w.-]+", jid):
            return None
        path = self._optics / f"{jid}.xml"
        return path if path.is_file() else None

    def parse(self, raw: list[Entry]) -> Chunk:
        """Structures and values of a list of entries."""
        gathered = gather(raw, _identity, _row)
        table = {"material_id": gathered.ids, **to_columns(gathered.rows)}
        return structural_chunk(gathered, table)


def _row(numbered: Entry) -> Iterator[Row]:
    _, entry, xml, components = numbered
    atoms = require_object(entry).get("atoms")
    values = _values(entry)
    known_by_formula = is_missing(atoms) and isinstance(values.get("formula"), str)
    if known_by_formula:
        require_formula(values["formula"])
    arrays = {} if xml is None else dielectric_function(xml, components)
    spectra = {name: array.tolist() for name, array in arrays.items()}
    crystal = None if known_by_formula else from_dict(atoms)
    yield Row(_identity(numbered), {**values, **spectra}, crystal)


def _remote(name: str) -> Remote:
    number, member = SETS[name]
    article = ARTICLES.get(name)
    md5_of_article = functools.partial(published_md5, article, number) if article else None
    url, sha256 = URL.format(number=number), PINNED.get(number)
    return Remote(
        url, f"jarvis-{number}-{member}.zip", sha256, md5=None if sha256 else md5_of_article
    )


def _version(member: str) -> str:
    """The date in a member's name, the year first; else the name."""
    stem = Path(member).stem
    match = DATE.search(stem)
    if not match:
        return stem
    month, day, year = (int(group) for group in match.groups())
    return f"{year}.{month:02}.{day:02}"


def _identity(numbered: Entry) -> str:
    number, entry = numbered[:2]
    for name in ("jid", "id", "material_id") if isinstance(entry, dict) else ():
        if _present(entry.get(name)) is not None:
            return str(entry[name])
    return f"record {number + 1}"


def _values(entry: JsonObject) -> JsonObject:
    rest = {k: v for k, v in entry.items() if k not in ("atoms", "jid", "id", "material_id")}
    return {name: _present(value) for name, value in flatten(rest).items()}


def _present(value: object) -> Any:
    if isinstance(value, str) and value.strip().lower() in ("na", "nan", ""):
        return None
    if isinstance(value, (int, float)) and value == MISSING:
        return None
    return value


def _entries(path: Path) -> Iterator[Item]:
    """Entries one by one; memory is bounded by one entry, for files of any size."""
    with _opened(path) as text:
        yield from text.values()
        text.end()


@contextmanager
def _opened(path: Path) -> Iterator[JsonText]:
    if path.suffix.lower() != ".zip":
        with opened(path) as text:
            yield text
        return
    with open_zip(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        names = [name for name in names if not is_hidden(name)]
        if len(names) != 1:
            raise SourceError(
                f"{path} holds {len(names)} JSON files, expected one: {', '.join(names[:5])}",
                next_step="unpack it and pass the file to read",
            )
        with open_member(archive, path, names[0]) as member:
            file = io.TextIOWrapper(member, encoding="utf-8-sig", errors="replace")
            yield JsonText(file, f"{path} ({names[0]})")
