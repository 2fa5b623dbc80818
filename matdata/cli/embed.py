"""``matdata embed RUN WHAT``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.cli.predict import reject_lines
from matdata.core.documents import JsonObject
from matdata.core.packages import need_torch
from matdata.evaluation.arguments import canonical
from matdata.evaluation.similarity.arguments import EMBED_OPTIONS, config_of_embed
from matdata.store.config_file import write_config
from matdata.training.scores.shown import number

if TYPE_CHECKING:
    from matdata.evaluation.similarity.embed import Embedded, EmbedRequest


def run(given: argparse.Namespace) -> int:
    """Embed a dataset, files of structures, or formulas."""
    fields = joined(given, EMBED_OPTIONS, canonical)
    need_torch()
    from matdata.evaluation.similarity.embed import EmbedRequest, embed_as_asked

    request = EmbedRequest.of(fields)
    if given.write_config:
        write_config(given.write_config, config_of_embed(request))
    console = console_of(given)
    if remark := request.remark():
        console.warn(remark)
    embedded = embed_as_asked(request, console)
    if given.json:
        print_json(_document(request, embedded))
        return 0
    for line in reject_lines(embedded.embeddings.rejects, "embedding"):
        console.warn(line)
    count, width = embedded.embeddings.vectors.shape
    console.say(f"{count:,} materials as {width:,} numbers each{_of_members(embedded)}")
    for path in embedded.pictures:
        console.say(f"{path}")
    if embedded.correlations:
        first, second = (number(one) for one in embedded.correlations)
        console.say(f"principal components correlate: {first} (first), {second} (second)")
    if request.output is not None:
        console.say(f"wrote them to {request.output}")
    elif embedded.feature is None:
        console.say("--output FILE writes them, --json prints them")
    return 0


def _of_members(embedded: Embedded) -> str:
    """How the members of an ensemble were combined."""
    embeddings = embedded.embeddings
    if embeddings.members == 1:
        return ""
    how = {"joined": "one after another", "mean": "their mean", "first": "those of the first"}
    return f" ({embeddings.members} members: {how[embeddings.combine]})"


def _document(request: EmbedRequest, embedded: Embedded) -> JsonObject:
    embeddings, feature = embedded.embeddings, embedded.feature
    alone = feature is None and request.output is None
    pairs = zip(embeddings.ids.tolist(), embeddings.vectors.tolist(), strict=True)
    listed = [{"material_id": name, "embedding": vector} for name, vector in pairs] if alone else []
    document: JsonObject = {
        "run": request.run.name,
        "about": dict(embeddings.about),
        "combine": embeddings.combine,
        "members": embeddings.members,
        "width": embeddings.vectors.shape[1],
        "materials": len(embeddings),
        "feature": None if feature is None else str(feature.folder),
        "output": None if request.output is None else str(request.output),
        "pictures": [str(path) for path in embedded.pictures],
        "embeddings": listed,
        "rejects": [asdict(reject) for reject in embeddings.rejects],
    }
    if request.map is not None and request.map.beside is not None:
        document["beside"] = request.map.beside.name
        document["correlations"] = list(embedded.correlations)
    if feature is not None:
        document["unchanged"] = feature.state == "unchanged"
    return document
