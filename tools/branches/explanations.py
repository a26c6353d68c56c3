"""Why branches are not taken, as written down: tests/coverage/untaken.toml."""

import collections
import dataclasses
import tomllib

OUTCOMES = {"never_true": {"true"}, "never_false": {"false"}, "never_reached": {"true", "false"}}


@dataclasses.dataclass
class Verdict:
    explained: collections.Counter  # by file
    unexplained: list  # (branch, how it never came out)
    stale: list  # what was written down, and is not so


def judge(branches, text):
    """What is explained of these branches by that text, what is not, and what of it explains nothing."""
    entries = tomllib.loads(text).get("untaken", [])
    by_condition = collections.defaultdict(list)
    for each in branches:
        by_condition[each.file, each.condition].append(each)
    explained, stale = collections.defaultdict(set), []
    for entry in entries:
        assert entry["why"].strip() and not entry.keys() - {*OUTCOMES, "file", "line", "why", "by_chance"}, entry
        for kind, outcomes in OUTCOMES.items():
            for condition in entry.get(kind, []):
                meant = [each for each in by_condition[entry["file"], condition] if entry.get("line", each.line) == each.line]
                what = f"{entry['file']}: {kind.replace('_', ' ')}: {condition}"
                if not meant:
                    stale.append(f"{what}: there is no such branch")
                elif len({each.line for each in meant}) > 1:
                    stale.append(f"{what}: there are {len(meant)}: say on which line")
                elif not entry.get("by_chance") and not any(outcomes <= each.outcomes for each in meant):
                    stale.append(f"{what}: it came about")
                for each in meant:
                    explained[each] |= outcomes & each.outcomes
    left = [(each, each.outcomes - explained[each]) for each in branches]
    counted = collections.Counter()
    for each, outcomes in explained.items():
        counted[each.file] += len(outcomes)
    return Verdict(counted, [(each, outcomes) for each, outcomes in left if outcomes], stale)
