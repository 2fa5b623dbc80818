"""Secrets by value, by place, in every form; what is none stays."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matdata.core.errors import SourceError
from matdata.core.ledger import Reject
from matdata.core.redaction import (
    excerpt,
    keep_credentials,
    keep_secret,
    redact,
    redacted,
    shareable,
)
from matdata.sources.base import Origin
from matdata.sources.credentials import split_address
from matdata.store.files import write_json
from matdata.store.manifest import read_manifest, seal

SECRET = "abc def/-Ł12'3\n"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("get https://us:pa@host/a failed", "get https://***@host/a failed"),
        ("https://us:p@ss@host?x=1", "https://***@host?x=1"),
        ("https://token@host/a", "https://***@host/a"),
        ("q?next=https%3A%2F%2Fu%3Ap%40host%2Fa", "q?next=https%3A%2F%2F***%40host%2Fa"),
        ("h?api_key=k1&x=2&Token=k2#f", "h?api_key=***&x=2&Token=***#f"),
        ("h?X-Amz-Signature=12ab;b", "h?X-Amz-Signature=***"),
        ("h?u=a%26secret%3Dk1%26b%3D2", "h?u=a%26secret%3D***%26b%3D2"),
        ("{'X-API-KEY': 'k1', 'a': 'b'}", "{'X-API-KEY': '***', 'a': 'b'}"),
        ("Authorization: Basic azE=", "Authorization: Basic ***"),
        ("('authorization', b'Bearer k1')", "('authorization', b'Bearer ***')"),
    ],
)
def test_text_in_the_position_of_a_secret_is_hidden(text, hidden):
    assert redact(text) == hidden
    assert redact(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "dataset@2026.04.13-abcdef12",
        "https://host/a@b?filter=key=1&sorted=x&keyword=y&cursor=z&page_limit=3",
        "mail someone@host about https://host",
        "needs authorization, see the page",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_a_secret_is_known_in_every_form_that_libraries_write():
    keep_secret(SECRET)
    data = SECRET.encode()
    for form in (
        SECRET,
        SECRET.strip(),
        " ".join(SECRET.split()),
        "def/-Ł12'3",
        repr(SECRET),
        repr(data),
        json.dumps(SECRET),
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe="").lower(),
        urllib.parse.quote_plus(SECRET),
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
    ):
        left = redact(f"before {form} after")
        assert left.startswith("before ")
        assert left.endswith(" after")
        assert "12" not in left
        assert len(left) <= len("before '***' after") + 5, left


def test_the_login_of_a_proxy_is_known_and_plain_words_are_not():
    keep_credentials("http://someone:pa%2F55word@proxy:80/")
    assert redact("pa/55word and pa%2F55word") == "*** and ***"
    keep_credentials("http://materials:perovskites@proxy")
    assert redact("perovskites of materials") == "perovskites of materials"
    assert redact("http://materials:perovskites@proxy") == "http://***@proxy"


def test_a_text_is_cut_after_its_secrets_are_hidden():
    keep_secret("0123456789abcdef")
    assert excerpt("x" * 20 + "\n0123456789abcdef", 26) == "x" * 20 + " ***"


def test_exits():
    keep_secret("0123456789abcdef")
    text = "key 0123456789abcdef"
    error = SourceError(text, cause=text, next_step=text)
    assert "0123" not in f"{error} {error.what} {error.cause} {error.next_step} {error!r}"
    assert Reject("a", "source", "unreadable", text).message == "key ***"
    # The key begins inside of what a long message is cut to.
    assert "0123" not in Reject("a", "source", "unreadable", "x" * 290 + text).message
    origin = Origin("s", "n", "v", "structure", {"url": text, "list": [text, 1]}, url=text)
    assert (origin.request, origin.url) == ({"url": "key ***", "list": ["key ***", 1]}, "key ***")


def test_manifests_hide_secrets_and_keep_their_digest(tmp_path):
    keep_secret("0123456789abcdef")
    write_json(tmp_path / "manifest.json", seal({"note": "key 0123456789abcdef"}, "dataset"))
    assert read_manifest(tmp_path, "dataset")["note"] == "key ***"
    names = {"classes": ["a?key=1", "a?key=2"]}  # look like places of secrets
    assert seal(names, "run")["classes"] == names["classes"]


def test_an_error_that_shows_a_secret_is_no_cause():
    keep_secret("0123456789abcdef")
    plain, inner, outer = ValueError("plain"), ValueError("0123456789abcdef"), KeyError("x")
    outer.__cause__ = inner
    assert shareable(plain) is plain
    assert shareable(inner) is None
    assert shareable(outer) is None


@given(st.text(max_size=60))
def test_redacting_twice_is_redacting_once(text):
    assert redact(redact(text)) == redact(text)


def test_records_are_redacted_at_any_depth():
    record = {"a": ["https://u:p@h", {"b": ("https://u:p@h",)}], "n": 1.5, "none": None}
    hidden = "https://***@h"
    assert redacted(record) == {"a": [hidden, {"b": [hidden]}], "n": 1.5, "none": None}


@pytest.mark.parametrize(
    "address",
    [
        "https://someone:pa/55word@host/a",
        "https://someone:pa55word@ho st/a",
        "ftp://someone:pa55word@host",
        "https://someone:pa55wörd@host",
    ],
)
def test_an_address_that_cannot_be_taken_apart_is_not_shown(address):
    with pytest.raises(SourceError, match="not a web address") as raised:
        split_address(address)
    assert "55w" not in str(raised.value)


def test_credentials_go_to_their_own_host_alone():
    clean, credentials = split_address("https://someone:pa%2F55@host:8000/a?api_key=k%2F1&b=2")
    assert clean == "https://host:8000/a?b=2"
    own = credentials.request("https://host:8000/next?c=3", {})
    assert own.full_url == "https://host:8000/next?c=3&api_key=k%2F1"
    token = base64.b64encode(b"someone:pa/55").decode()
    assert own.unredirected_hdrs == {"Authorization": f"Basic {token}"}  # no redirect carries it
    for other in ("https://host/next", "http://host:8000/next", "https://other:8000/next"):
        made = credentials.request(other, {})
        assert (made.full_url, made.unredirected_hdrs) == (other, {})
    link = "https://someone:pa%2F55@host:8000/a?page_token=5&api_key=k%2F1"
    assert credentials.without(link) == "https://host:8000/a?page_token=5"
