"""The engine for regular expressions: beside Python's, in both dialects, and on patterns that never end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.asl.meter import Exceeded, Limits, Meter
from step.asl.regex import RegexSyntaxError, compile_regex
from tests.exploring import examples

ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\w", r"\d", r"\b", "^", "$", r"\s", "[a-c1]"])
# No repeat of what can be empty: engines differ there, and the reference follows ECMAScript.
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        inner.map("({})".format),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(
            st.sampled_from("abc."), st.sampled_from(["*", "+", "?", "{1,2}", "{2}", "*?", "+?", "??"])
        ).map("".join),
        st.tuples(
            st.sampled_from(["(?:a{})+", "(?:b{}){{1,3}}?", "(?={})", "(?!{})", "(?:(?<=a){})"]), inner
        ).map(lambda both: both[0].format(both[1])),
    ),
    max_leaves=8,
)


@examples(400)
@given(PATTERNS, st.text("abc1 \n", max_size=8))
def test_matches_what_python_matches(pattern: str, text: str) -> None:
    theirs = re.compile(pattern)
    found = theirs.search(text)
    ours = compile_regex(pattern).search(text, 0, Meter())

    # Before a line's end at the end of the text "$" holds in Python, as in Java.
    if "$" not in pattern and r"\s" not in pattern:
        assert (None if ours is None else (ours.start, ours.end, ours.groups)) == (
            None if found is None else (*found.span(), found.groups())
        )
    as_java = compile_regex(pattern, is_java=True)
    assert as_java.matches_whole(text, Meter()) is (theirs.fullmatch(text) is not None)


@pytest.mark.parametrize("pattern", ["(a|a)*$", "(a+)+$", "(a|aa)+$", "(.*)*x", "(?=(a+)+b)a", r"(a*)*\1b"])
def test_a_pattern_that_never_ends_ends_at_the_limit(pattern: str) -> None:
    with pytest.raises(Exceeded, match="more than 50,000 steps"):
        compile_regex(pattern).search("a" * 40 + "!", 0, Meter(Limits(steps=50_000)))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(?<year>\d{4})-\k<year>", "2024-2024"),
        (r"(a)(b)?\1", "aa"),
        (r"\u00e9\x41[\]b-]", "éA]"),
        (r"a{,2}", "a{,2}"),
        (r"[^]x]", "yx]"),
    ],
)
def test_follows_ecmascript(pattern: str, text: str) -> None:
    assert compile_regex(pattern).matches_whole(text, Meter())


@pytest.mark.parametrize(
    ("pattern", "text"), [(r"(?i:B)a*+\Q.\E", "baa."), (r"\p{Lu}\p{Alpha}+\z", "Oven"), (r"(?>a|ab)c", "ac")]
)
def test_follows_java(pattern: str, text: str) -> None:
    assert compile_regex(pattern, is_java=True).matches_whole(text, Meter())


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "*a",
        "[",
        "a{2,1}",
        "\\",
        r"\2(a)",
        "((a{99}){99}){99}",
        "(" * 200,
        "(?=" * 6 + "a" + ")" * 6,
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(RegexSyntaxError):
        compile_regex(pattern)
