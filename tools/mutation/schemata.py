"""Writes a source with all of its changes in it, each of which is on when its number is chosen."""

import re

INCLUDE = '#include "seki_mutant.hpp"\n'  # one line: what stands in line n of a source stands in line n + 1 here


def on_one_line(text):
    """So that what is added has no lines of its own."""
    if "\n" not in text:
        return text
    without_comments = re.sub(r'("(?:\\.|[^"\\\n])*")|//[^\n]*', lambda found: found[1] or "", text)
    return " ".join(line.strip() for line in without_comments.splitlines())


def with_all(text, numbered):
    """The text of a file, and its [(number, point)]."""
    groups = {}
    for number, point in numbered:
        groups.setdefault((point.start, -point.end, not point.is_statement), []).append((number, point))
    return INCLUDE + between(text, 0, len(text), sorted(groups.items()))


def between(text, start, end, groups):
    """text[start:end] with these changes, the outermost first."""
    written, at = [], start
    while groups:
        (begin, minus_last, _), changes = groups[0]
        last, inner, rest = -minus_last, [], []
        for group in groups[1:]:
            (inner if group[0][0] < last else rest).append(group)
        groups = rest
        written.append(text[at:begin])
        original = between(text, begin, last, inner)
        if changes[0][1].is_statement:
            # No `else` of another `if` can go astray.
            written.append(f"if (seki_mutant({changes[0][0]})) {{}} else {original}")
        else:
            asked = any(point.is_condition for _, point in changes)
            chosen = "".join(f"seki_mutant({number}) ? ({on_one_line(point.into)}) : " for number, point in changes)
            written.append(f"({chosen}{'static_cast<bool>' if asked else ''}({original}))")
        at = last
    written.append(text[at:end])
    return "".join(written)
