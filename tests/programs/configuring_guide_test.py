"""docs/guide/configuring.md: its files are taken, its mistakes are told so, and what it gives as defaults is what there is when nothing is given."""

import os
import re
import unittest

import guides
from sekid_harness import SekictlTest

GUIDE = "configuring.md"
SHOP, MISTAKES, ALL_KEYS = guides.blocks(GUIDE, "toml")
PRIMITIVES = {"limiter": "limiters", "breaker": "breakers", "bulkhead": "bulkheads", "adaptive": "adaptives",
              "shedder": "shedders", "retry": "retries", "hedge": "hedges", "policy": "policies"}  # fmt: skip


def tables(text):
    """The lines of each table, by its name, as they stand."""
    return {name: body for name, body in re.findall(r"^\[([a-z]+)(?:\.NAME)?\].*\n((?:.+\n)*)", text, re.MULTILINE)}


def keys(body):
    return re.findall(r"^(?:# )?(\w+) = ", body, re.MULTILINE)


class Configuring(SekictlTest):
    def write(self, text, name="sekid.toml"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def whole(self, primitives):
        return f'[segment]\npath = "{self.segment}"\n[sekid]\nlisten = "127.0.0.1:0"\nlog = "stderr"\n{primitives}'

    def test_mistakes_are_told_as_shown(self):
        """Fails when sekid says something else of that file, or likes it."""
        path = self.write(MISTAKES)
        status, said = self.refused("--check", path)
        (shown,) = guides.blocks(GUIDE, "text")
        self.assertEqual((status, said.replace(path, "sekid.toml")), (1, shown))

    def test_the_shop_is_made(self):
        """Fails when who pastes it has a sekid that does not start, or a policy that lacks a part."""
        self.write(self.whole(SHOP))
        self.assertEqual(self.start("--config", self.config).one("policy", "checkout")["missing"], [])

    def test_all_keys_are_there(self):
        """Fails when a key is not in the guide, or the guide has one that there is not."""
        shown = tables(ALL_KEYS)
        self.assertEqual(set(shown), {"segment", "sekid", *PRIMITIVES})
        for name, body in shown.items():
            table = name if name in ("segment", "sekid") else f"{name}.NAME"
            _, said = self.refused("--check", self.write(f"[{table}]\nx = 1\n"))
            known = re.search(r'key "x" is unknown: accepted are (.*)', said)[1].split(", ")
            self.assertEqual(sorted(keys(body)), sorted(known), name)

    def test_what_is_given_is_what_is_when_it_is_not_given(self):
        """Fails when a default in the guide is none."""
        shown = tables(ALL_KEYS)
        given, bare = "", ""
        for kind in PRIMITIVES:
            given += f"[{kind}.given]\n{shown[kind]}"
            bare += f"[{kind}.bare]\n" + ('limit = 5\nwindow = "1m"\n' if kind == "limiter" else "")
        self.write(self.whole(given + bare))
        state = self.start("--config", self.config).state()
        for kind, plural in PRIMITIVES.items():
            options = {each["name"]: each["options"] for each in state[plural]}
            self.assertEqual(options["given"], options["bare"], kind)
        segment = dict(re.findall(r'^(\w+) = "?([^"\s]*)', shown["segment"], re.MULTILINE))
        self.assertEqual((segment["mode"], segment["max_workers"], segment["max_primitives"]),
                         (state["segment"]["mode"], str(state["segment"]["max_workers"]), str(state["segment"]["max_primitives"])))

    def test_who_says_what(self):
        """Fails when a program or an operator is overruled where the guide says that he is not, or the other way round."""
        self.write(self.whole('[limiter.login]\nlimit = 5\nwindow = "1m"\n[breaker.payments]\n'))
        sekid = self.start("--config", self.config)
        self.fine("create", "limiter", "made", "--limit", "1", "--window", "1m")
        self.fine("set", "limiter", "login", "limit", "10")
        self.fine("breaker", "payments", "open")
        self.assertEqual(sekid.limiter("login")["options"]["limit"], 10)
        sekid.reload()
        self.said_by_the_file(sekid)
        self.fine("set", "limiter", "login", "limit", "10")
        sekid.stop()
        self.said_by_the_file(self.start("--config", self.config))

    def said_by_the_file(self, sekid):
        self.assertEqual({each["name"]: each["options"]["limit"] for each in sekid.state()["limiters"]}, {"login": 5, "made": 1})
        self.assertEqual(sekid.one("breaker", "payments")["state"], "forced_open")

    def test_what_a_reload_cannot_change_changes_nothing(self):
        """Fails when a key of the guide's table can be changed, or a file is carried out in part."""
        made = {"limiter": 'limit = 5\nwindow = "1m"\n', "bulkhead": "", "adaptive": "", "shedder": "", "breaker": ""}
        self.write(self.whole("".join(f"[{kind}.x]\n{body}" for kind, body in made.items())))
        sekid = self.start("--config", self.config)
        before = sekid.state()
        cannot = {("limiter", "max_keys"): "100000", ("limiter", "store_keys"): "false", ("bulkhead", "max_concurrent"): "1025", ("adaptive", "max_limit"): "65535",
                  ("shedder", "max_in_flight"): "1025", ("breaker", "window_size"): "241"}
        told = set(re.findall(r"`(\w+)`", "".join(row[0] for row in guides.table(GUIDE, "key")[:2])))
        self.assertEqual({key for _, key in cannot}, told)
        for (kind, key), value in cannot.items():
            with self.subTest(key):
                text = self.whole("".join(f"[{each}.x]\n{body}" + (f"{key} = {value}\n" if each == kind else "") for each, body in made.items()))
                seen = len(sekid.log.text())
                self.write(text.replace('limit = 5\n', 'limit = 6\n'))
                sekid.reload()
                sekid.log.wait(rf"(?s).{{{seen}}}.*nothing was reloaded[^\n]*{kind} \"x\"[^\n]*{key}")
                for each in made:
                    plural = PRIMITIVES[each]
                    self.assertEqual(sekid.one(each, "x")["options"], before[plural][0]["options"])
        self.write(self.whole("".join(f"[{kind}.x]\n{body}" for kind, body in made.items()).replace("limit = 5", "limit = 6")))
        sekid.reload()
        self.assertEqual(sekid.limiter("x")["options"]["limit"], 6)


if __name__ == "__main__":
    unittest.main(verbosity=2)
