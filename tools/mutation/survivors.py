"""What was written down of mutants that no test notices."""

import tomllib


def explanations(file, mutants, layers):
    """{(file, text of the line, change): whether it is the same program} of those that are explained, and those explained in these layers that there are not."""
    if not file.exists():
        return {}, []
    explained = {}
    for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("survivor", []):
        assert entry["why"].strip()
        changes = entry["change"] if isinstance(entry["change"], list) else [entry["change"]]
        explained |= {(entry["file"], entry["line"], change): entry.get("equal", False) for change in changes}
    looked_at = {each for each in explained if each[0].startswith(tuple(f"src/{layer}/" for layer in layers))}
    return explained, sorted(looked_at - {each.key for each in mutants})
