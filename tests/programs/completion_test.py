"""Completion of sekictl, by the shells themselves: each must offer what may come next, and nothing else."""

import os
import re
import subprocess
import unittest

from sekid_harness import DEADLINE, SEKICTL, SekictlTest

SCRIPTS = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/sekictl/completions"))

# A line, its last word being begun, and what must be offered.
LINES = [
    (["s"], {"status", "show", "set"}),
    (["br"], {"breaker"}),
    (["to"], {"top"}),
    (["top", "--so"], {"--sort"}),
    (["show", ""], {"limiter", "breaker", "bulkhead", "adaptive", "shedder", "retry", "hedge", "policy"}),
    (["keys", "log"], {"login", "logout"}),
    (["--json", "peek", ""], {"login", "logout"}),
    (["show", "breaker", ""], {"payments"}),
    (["delete", "bulkhead", "da"], {"database"}),
    (["breaker", "payments", "o"], {"open", "observe"}),
    (["set", "limiter", "login", "bu"], {"burst"}),
    (["set", "limiter", "login", "burst", "7", "li"], {"limit"}),
    (["set", "limiter", "login", "m"], {"mode"}),  # max_keys cannot change
    (["set", "limiter", "login", "mode", ""], {"enforce", "shadow", "off"}),
    (["set", "policy", "checkout", "limiter", "logi"], {"login"}),
    (["create", "limiter", "new", "--on-full", ""], {"allow", "deny"}),
    (["create", "policy", "new", "--breaker", ""], {"payments"}),
    (["top", "--sort", ""], {"denied", "calls", "use", "state", "name"}),
    (["keys", "--by", "d"], {"denied"}),
    (["create", "limiter", "new", "--li"], {"--limit"}),
    (["keys", "--to"], {"--top"}),
    (["keys", "--top", "5", "log"], {"login", "logout"}),
]
# Nothing can be offered: what a key is called, sekictl does not know; what it offers there would be wrong.
SILENT = [["peek", "login", ""], ["set", "limiter", "login", "burst", ""], ["create", "limiter", "new", "--window", ""], ["status", "x"], ["keys", "--top", ""], ["top", ""]]
KINDS = LINES[4][1]


class Completion(SekictlTest):
    def setUp(self):
        super().setUp()
        names = "".join(f'[limiter.{name}]\nlimit = 5\nwindow = "1m"\nmax_keys = 64\n' for name in ("login", "logout"))
        self.configure(names + "[breaker.payments]\n[bulkhead.database]\n[adaptive.api]\n[shedder.front]\n[retry.mail]\n[hedge.index]\n[policy.checkout]\n")
        self.start().stop()

    def offered(self, *shell):
        path = os.path.dirname(SEKICTL) + ":" + os.environ["PATH"]
        environment = dict(os.environ, SEKI_SEGMENT=self.segment, PATH=path, HOME=self.folder)
        done = subprocess.run(
            shell, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), shell)
        return {line.split("\t")[0] for line in done.stdout.splitlines()}

    def check_offers(self, ask):
        for words, wanted in LINES:
            with self.subTest(words):
                self.assertEqual(ask(words), wanted)

    def test_bash(self):
        """Fails when bash offers too little or too much. `complete` itself is asked too: the function must be the one it calls."""
        script = """source "$0"; complete -p sekictl | grep --quiet -- '-F _sekictl sekictl'
            COMP_WORDS=(sekictl "$@"); COMP_CWORD=$#; _sekictl; printf '%s\\n' "${COMPREPLY[@]}" """
        self.check_offers(lambda words: self.offered("bash", "-ec", script, f"{SCRIPTS}/sekictl.bash", *words) - {""})

    def test_zsh(self):
        """Fails when zsh offers too little or too much: what it would list is what _describe is given."""
        script = """_describe() { print -rl -- "${(@P)2%%:*}" }; _files() { }
            script=$1; shift; words=(sekictl "$@"); CURRENT=$#words; source $script"""
        self.check_offers(lambda words: self.offered("zsh", "-fec", script, "zsh", f"{SCRIPTS}/_sekictl", *words))

    def test_fish(self):
        """Fails when fish offers too little or too much."""
        script = 'source $argv[1]; complete --do-complete (string join -- " " sekictl (string escape -- $argv[2..-2]) $argv[-1])'
        self.check_offers(
            lambda words: self.offered("fish", "--no-config", "-c", script, f"{SCRIPTS}/sekictl.fish", *words)
        )

    def words(self, *line):
        return {each.split("\t")[0] for each in self.fine("__complete", *line).splitlines()}

    def test_whatever_the_help_names_is_offered(self):
        """Fails when a command, an option or a kind of primitive is added and completion knows nothing of it."""
        commands = set(re.findall(r"^  ([a-z]+)  ", self.fine("--help").split("Subcommands:")[1], re.MULTILINE))
        self.assertGreater(len(commands), 15)
        self.assertEqual(self.words(""), commands)
        self.assertEqual(self.words("create", ""), KINDS)
        for command in [[each] for each in sorted(commands)] + [["create", each] for each in sorted(KINDS)]:
            options = set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", self.fine(*command, "--help"), re.MULTILINE))
            self.assertLessEqual(options, self.words(*command, "--"), command)
        for kind, name in zip(("adaptive", "shedder", "retry", "hedge", "policy"), ("api", "front", "mail", "index", "checkout")):
            for command in ("show", "set", "delete"):
                self.assertEqual(self.words(command, kind, ""), {name})

    def test_what_sekictl_does_not_know_it_does_not_offer(self):
        """Fails when a name stands where a key or a number belongs."""
        for words in SILENT:
            self.assertEqual(self.fine("__complete", *words), "", words)

    def test_where_there_is_no_segment_nobody_complains(self):
        """Fails when a message of sekictl would land on the line that somebody types."""
        os.remove(self.segment)
        self.assertEqual(self.fine("__complete", "keys", ""), "")
        self.assertIn("status\t", self.fine("__complete", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
