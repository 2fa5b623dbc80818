"""From text to an expression: a lexer and a recursive-descent parser, nothing is evaluated.

In order of how loosely they bind::

    condition  = both ("or" both)*
    both       = negated ("and" negated)*
    negated    = "not" negated | compared
    compared   = sum [("==" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" "(" literals ")"]
    sum        = product (("+" | "-") product)*
    product    = signed (("*" | "/") signed)*
    signed     = "-" signed | atom
    atom       = number | text | "true" | "false" | name | function "(" sum ")" | "(" condition ")"

Names are words, or anything between backticks (a backtick itself is written twice). Texts stand
between double or single quotes. Length, depth and number of operators are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, cast

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.expressions.nodes import (
    COMPARISONS,
    FUNCTIONS,
    KEYWORDS,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Logic,
    Member,
    Name,
    Negative,
    Node,
    Not,
)

MAX_LENGTH, MAX_DEPTH, MAX_OPERATORS = 2000, 32, 100
WHAT_IS_POSSIBLE = (
    "names (in backticks where they are no plain words), numbers, + - * /, "
    f"{', '.join(FUNCTIONS)}, comparisons, and, or, not, in (…)"
)
_TOKENS = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d][\w.]*)"
    r"|`(?P<quoted>(?:[^`]|``)+)`"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<symbol>==|!=|<=|>=|[-<>+*/(),])"
)


@dataclass(frozen=True)
class Token:
    """One word of an expression: its kind, its text, and its place."""

    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        """The symbol or keyword that it is, else nothing."""
        plain = self.kind == "symbol" or (self.kind == "name" and self.text in KEYWORDS)
        return self.text if plain else ""


def fail(text: str, at: int, what: str, next_step: str | None = None) -> NoReturn:
    """Refuse an expression.

    Raises
    ------
    ConfigError
        Always, with the place that is wrong.
    """
    shown = text if len(text) <= 80 else f"{text[:77]}…"
    raise ConfigError(
        f"expression {shown!r}, character {at + 1}: {what}",
        next_step=next_step or f"an expression holds {WHAT_IS_POSSIBLE}",
    )


def parse(text: str) -> Node:
    """Parse an expression.

    Raises
    ------
    ConfigError
        If it is none, or is too long or too deep, with the place.
    """
    return _Parser(text).parse()


def _tokens(text: str) -> list[Token]:
    tokens, place = [], 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKENS.match(text, place)
        if match is None:
            _unknown(text, place)
        kind = cast(str, match.lastgroup)
        tokens.append(Token(kind, match[kind], place))
        place = match.end()
    return [*tokens, Token("end", "", len(text))]


def _unknown(text: str, place: int) -> NoReturn:
    """Refuse what no token begins with."""
    wrong = text[place]
    if wrong in "\"'`":
        fail(text, place, f"the {wrong} that opens here is not closed")
    instead = {"=": "==", "&": "and", "|": "or", "!": "not or !=", "^": "sqrt, or x * x"}
    meant = f"; write {instead[wrong]}" if wrong in instead else ""
    fail(text, place, f"{wrong!r} has no meaning here{meant}")


class _Parser:
    """Walks the tokens of one text."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            fail(text, MAX_LENGTH, f"it is longer than {MAX_LENGTH:,} characters")
        self._text = text
        self._all = _tokens(text)
        self._place = self._depth = self._operators = 0

    @property
    def _next(self) -> Token:
        return self._all[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _operator(self, *words: str) -> Token | None:
        """The next token if it is one of these operators; their number is bounded."""
        if self._next.word not in words:
            return None
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            fail(self._text, self._next.at, f"it has more than {MAX_OPERATORS} operators")
        return self._take()

    def parse(self) -> Node:
        """The whole text as one expression."""
        if self._next.kind == "end":
            fail(self._text, 0, "it is empty")
        node = self._condition()
        if self._next.kind != "end":
            self._unexpected("an operator, or the end")
        return node

    def _unexpected(self, wanted: str) -> NoReturn:
        token = self._next
        if token.kind == "end":
            fail(self._text, token.at, f"expected {wanted}, and there is nothing more")
        near = did_you_mean(token.text.lower(), KEYWORDS) if token.kind == "name" else ""
        fail(self._text, token.at, f"expected {wanted}, got {token.text!r}{near}")

    def _condition(self) -> Node:
        node = self._both()
        while token := self._operator("or"):
            node = Logic("or", node, self._both(), token.at)
        return node

    def _both(self) -> Node:
        node = self._negated()
        while token := self._operator("and"):
            node = Logic("and", node, self._negated(), token.at)
        return node

    def _negated(self) -> Node:
        if token := self._operator("not"):
            return Not(self._deeper(self._negated), token.at)
        return self._compared()

    def _compared(self) -> Node:
        left = self._sum()
        if token := self._operator("not"):
            if not self._operator("in"):
                self._unexpected("in")
            return Not(self._member(left, token), token.at)
        if token := self._operator("in"):
            return self._member(left, token)
        if (token := self._operator(*COMPARISONS)) is None:
            return left
        node = Comparison(token.text, left, self._sum(), token.at)
        if self._next.word in COMPARISONS:
            fail(self._text, self._next.at, "comparisons are joined by `and`: a < x and x < b")
        return node

    def _member(self, left: Node, token: Token) -> Node:
        self._expect("(")
        choices = [self._literal()]
        while self._operator(","):
            choices.append(self._literal())
        self._expect(")")
        return Member(left, tuple(choices), token.at)

    def _literal(self) -> Constant:
        token = self._next
        node = self._signed()
        inner = node.argument if isinstance(node, Negative) else None
        if isinstance(inner, Constant) and isinstance(inner.value, float):
            return Constant(-inner.value)
        if not isinstance(node, Constant):
            fail(self._text, token.at, "`in` takes a list of numbers or of texts in quotes")
        return node

    def _sum(self) -> Node:
        node = self._product()
        while token := self._operator("+", "-"):
            node = Arithmetic(token.text, node, self._product(), token.at)
        return node

    def _product(self) -> Node:
        node = self._signed()
        while token := self._operator("*", "/"):
            node = Arithmetic(token.text, node, self._signed(), token.at)
        return node

    def _signed(self) -> Node:
        if token := self._operator("-"):
            return Negative(self._deeper(self._signed), token.at)
        return self._atom()

    def _atom(self) -> Node:
        token = self._next
        if token.kind == "number":
            return Constant(self._number(self._take()))
        if token.kind == "text":
            return Constant(self._take().text[1:-1])
        if token.kind == "quoted":
            return Name(self._take().text.replace("``", "`"), token.at)
        if token.word in ("true", "false"):
            return Constant(self._take().text == "true")
        if token.kind == "name" and not token.word:
            return self._named(self._take())
        if token.word == "(":
            return self._parenthesised()
        self._unexpected("a name, a number or (")

    def _number(self, token: Token) -> float:
        value = float(token.text)
        if value == float("inf"):
            fail(self._text, token.at, f"{token.text} is larger than any number")
        return value

    def _named(self, token: Token) -> Node:
        if self._next.word != "(":
            return Name(token.text, token.at)
        if token.text not in FUNCTIONS:
            near = did_you_mean(token.text, FUNCTIONS)
            fail(
                self._text,
                token.at,
                f"there is no function {token.text!r}{near}",
                f"functions: {', '.join(FUNCTIONS)}",
            )
        return Call(token.text, self._parenthesised(), token.at)

    def _parenthesised(self) -> Node:
        self._expect("(")
        node = self._deeper(self._condition)
        self._expect(")")
        return node

    def _expect(self, word: str) -> None:
        if self._next.word != word:
            self._unexpected(repr(word))
        self._place += 1

    def _deeper(self, rule: Callable[[], Node]) -> Node:
        """A part of the expression one level further in; levels are bounded."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            fail(self._text, self._next.at, f"it is nested deeper than {MAX_DEPTH} levels")
        node = rule()
        self._depth -= 1
        return node
