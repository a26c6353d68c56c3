"""What a reader finds in a page of docs/guide/."""

import os
import re

DOCS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../docs")


def page(name):
    with open(os.path.join(DOCS, "guide", name), encoding="utf-8") as file:
        return file.read()


def blocks(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)


def table(name, first_title):
    """The cells of the table whose first column has that title, without its head."""
    rows = []
    for line in page(name).splitlines():
        if line.startswith(f"| {first_title} |") or (rows and line.startswith("|")):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]
