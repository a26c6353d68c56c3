"""What was written down of mutants that no test notices."""

import tomllib


def explanations(file, mutants):
    """{(file, text of the line, change)} of those that are explained, and of those explained that there are not."""
    if not file.exists():
        return set(), []
    explained = set()
    for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("survivor", []):
        assert entry["why"].strip()
        changes = entry["change"] if isinstance(entry["change"], list) else [entry["change"]]
        explained |= {(entry["file"], entry["line"], change) for change in changes}
    return explained, sorted(explained - {each.key for each in mutants})
