"""Reverse edges, checked by hand, and against a search in Python."""

from __future__ import annotations

import pytest
import torch
from matdata_ocrystalnet import OCrystalNet
from matdata_ocrystalnet.edges import complete, edges_of, reverse_index
from support.crystals import few

# Two sites: 0 -> 1 in two cells, one of them answered; 0 -> 0 over +a and -a; 1 -> 1 over +c alone.
SENDER = torch.tensor([0, 0, 0, 0, 1, 1])
RECEIVER = torch.tensor([1, 1, 0, 0, 0, 1])
IMAGE = torch.tensor([[0, 0, 0], [-1, 0, 2], [1, 0, 0], [-1, 0, 0], [1, 0, -2], [0, 0, 1]])
DISTANCE = torch.tensor([1.0, 2.0, 3.0, 3.0, 2.0, 4.0])


def test_reverse_by_hand():
    assert reverse_index(SENDER, RECEIVER, IMAGE).tolist() == [-1, 4, 3, 2, 1, -1]


def test_missing_reverses_are_added():
    edges = complete(SENDER, RECEIVER, IMAGE, DISTANCE, "add")
    assert edges.reverse.tolist() == [6, 4, 3, 2, 1, 7, 0, 5]
    assert edges.sender.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert edges.receiver.tolist() == [1, 1, 0, 0, 0, 1, 0, 1]
    assert edges.distance.tolist() == [1.0, 2.0, 3.0, 3.0, 2.0, 4.0, 1.0, 4.0]


def test_edges_without_reverse_are_dropped():
    edges = complete(SENDER, RECEIVER, IMAGE, DISTANCE, "drop")
    assert edges.sender.tolist() == [0, 0, 0, 1]
    assert edges.receiver.tolist() == [1, 0, 0, 0]
    assert edges.reverse.tolist() == [3, 2, 1, 0]
    assert edges.distance.tolist() == [2.0, 3.0, 3.0, 2.0]


def test_both_gives_every_edge_a_reverse_of_its_own():
    edges = complete(SENDER, RECEIVER, IMAGE, DISTANCE, "both")
    assert len(edges.sender) == 12
    assert edges.reverse.tolist() == [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]
    assert edges.sender[6:].tolist() == RECEIVER.tolist()


def test_no_edges_at_all():
    none = torch.empty(0, dtype=torch.int64)
    for mode in ("add", "drop", "both"):
        edges = complete(none, none, torch.empty(0, 3, dtype=torch.int64), torch.empty(0), mode)
        assert [len(part) for part in edges] == [0, 0, 0, 0]


def test_far_images_do_not_collide():
    """Images so far away that packed edges overflow 64 bits are still told apart."""
    generator = torch.Generator().manual_seed(3)
    sender = torch.randint(0, 60_000, (4000,), generator=generator)
    receiver = torch.randint(0, 60_000, (4000,), generator=generator)
    image = torch.randint(-32_000, 32_000, (4000, 3), generator=generator)
    none = reverse_index(sender, receiver, image)
    assert (none == -1).all()
    ends = torch.cat([sender, receiver]), torch.cat([receiver, sender])
    found = reverse_index(*ends, torch.cat([image, -image]))
    assert found.tolist() == [*range(4000, 8000), *range(4000)]


@pytest.mark.parametrize(("cutoff", "neighbours"), [(4.5, 0), (5.0, 3), (6.0, 8)])
def test_real_graphs_against_a_search(batch_of, rattled, cutoff, neighbours):
    trainer = OCrystalNet(OCrystalNet.Hypers(nodes="jarvis", cutoff=cutoff, neighbours=neighbours))
    graph = batch_of(rattled(9), trainer)["graph"]
    keys = list(
        zip(
            graph.sender.tolist(),
            graph.receiver.tolist(),
            map(tuple, graph.image.tolist()),
            strict=True,
        )
    )
    places = {key: place for place, key in enumerate(keys)}
    expected = [places.get((v, u, tuple(-x for x in image)), -1) for u, v, image in keys]
    found = reverse_index(graph.sender, graph.receiver, graph.image).tolist()
    assert found == expected
    assert (min(found) >= 0) == (neighbours == 0)  # a radius alone gives a symmetric graph
    for mode in ("add", "drop", "both"):
        edges = edges_of(graph, mode)
        back = edges.reverse
        assert torch.equal(back[back], torch.arange(len(back)))
        assert torch.equal(edges.sender[back], edges.receiver)
        torch.testing.assert_close(edges.distance[back], edges.distance)
        assert edges_of(graph, mode) is edges  # made once for a batch


def test_a_cell_of_one_atom(batch_of):
    """Po: each edge leads to an image of its own site, and back over the opposite translation."""
    trainer = OCrystalNet(OCrystalNet.Hypers(nodes="jarvis", cutoff=3.5, neighbours=0))
    graph = batch_of(few().take([3]), trainer)["graph"]
    assert len(graph.sender) == 6
    back = reverse_index(graph.sender, graph.receiver, graph.image)
    assert torch.equal(graph.image[back], -graph.image)
