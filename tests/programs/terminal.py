"""A terminal that nobody sits at: tmux holds it, presses keys and says what stands on the screen."""

import contextlib
import itertools
import os
import re
import shlex
import signal
import subprocess

from sekid_harness import DEADLINE, eventually

COLOUR = re.compile(rb"\x1b\[(?:\d+;)*[34][0-7](?:;\d+)*m")


class Terminal:
    """Runs one command; what it printed, and the status it ended with, stay to be read."""

    numbers = itertools.count()

    def __init__(self, folder, *command, columns=100, rows=30, **environment):
        number = next(self.numbers)
        self.socket = os.path.join(folder, f"tmux.{number}")
        self.raw_path = os.path.join(folder, f"raw.{number}")
        # It begins when pipe-pane is there, so that nothing of what it prints is missed.
        script = f'tmux wait-for go; {shlex.join(command)}; echo "ended $? $(stty -a | grep -ow -e -echo -e echo)"; exec cat'
        given = {"LC_ALL": "C.UTF-8", "TERM": "screen-256color", **environment}
        # By the shell: tmux sets a TERM of its own.
        exported = "; ".join(f"export {name}={shlex.quote(value)}" for name, value in given.items())
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), f"{exported}; {script}")
        self.tmux("pipe-pane", f"cat >{shlex.quote(self.raw_path)}")
        self.tmux("wait-for", "-S", "go")

    def tmux(self, *words):
        environment = {name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR")}
        environment["LC_ALL"] = "C.UTF-8"
        done = subprocess.run(
            ["tmux", "-u", "-S", self.socket, "-f", "/dev/null", *words],
            capture_output=True, timeout=DEADLINE, check=False, env=environment, encoding="utf-8",
        )
        if done.returncode != 0:
            raise AssertionError(f"tmux {words}: {done.stderr}")
        return done.stdout

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def wait(self, pattern, begin=lambda: None):
        """The first match on the screen, each line with its end; begin() is called before each look."""
        try:
            return eventually(f"{pattern!r}", lambda: (begin(), re.search(pattern, self.screen(), re.MULTILINE))[1])
        except AssertionError as late:
            raise AssertionError(f"{late}; the screen:\n{self.screen()}") from late

    def wait_gone(self, pattern):
        eventually(f"{pattern!r} gone", lambda: not re.search(pattern, self.screen(), re.MULTILINE))

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def colours(self):
        """Every one that it has asked for."""
        return COLOUR.findall(self.raw())

    def raw(self):
        """Every byte that the command sent to its terminal, so far."""
        with open(self.raw_path, "rb") as file:
            return file.read()

    def children(self):
        """The process of the command, as long as it runs."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]

    def hang_up(self):
        self.tmux("kill-server")

    def end(self):
        # Before its terminal goes: the leak sanitizer, which looks at the end, can wait for ever when the hang-up comes while it does.
        for child in self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.hang_up()
