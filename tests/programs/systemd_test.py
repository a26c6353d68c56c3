"""The units as they are installed: systemd has nothing to say about them, and sekid does nothing that its sandbox forbids."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import guides
import sekid_harness
from sekid_harness import DEADLINE, SekidTest, eventually

BUILD = os.environ["SEKI_BUILD"]
MOST_EXPOSURE = 1.5


def run(*command, **more):
    """What it prints, on both streams; the test fails when it does."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False, **more
    )
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}: {done.stdout}")
    return done.stdout


def settings(unit, name):
    with open(unit, encoding="utf-8") as file:
        return re.findall(rf"^{name}=(.*)$", file.read(), re.MULTILINE)


def calls_of(group):
    """The system calls of a @group, with those of the groups in it."""
    found = set()
    for line in run("systemd-analyze", "syscall-filter", group).splitlines()[1:]:
        name = line.strip()
        if name.startswith("@"):
            found |= calls_of(name)
        elif name and not name.startswith("#"):
            found.add(name)
    return found


def allowed_calls(unit):
    """As systemd.exec(5) reads several SystemCallFilter= lines: the first one is the list, the others add and, with ~, take away."""
    allowed = set()
    for line in settings(unit, "SystemCallFilter"):
        named = set()
        for word in line.lstrip("~").split():
            named |= calls_of(word) if word.startswith("@") else {word}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


class Units(SekidTest):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="seki-units-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        run("cmake", "--install", BUILD, env=dict(os.environ, DESTDIR=cls.root))
        cls.units = cls.found("*.service")
        cls.service = next(unit for unit in cls.units if unit.endswith("/sekid.service"))

    @classmethod
    def found(cls, name):
        return glob.glob(f"{cls.root}/**/{name}", recursive=True)

    def test_systemd_understands_the_units_and_their_drop_ins(self):
        """Fails when a setting is unknown or out of place, or a program is not where a unit says, or the guide shows what is no drop-in."""
        folder = os.path.join(self.root, "units")
        (worker,), (remote,) = self.found("worker.conf"), self.found("remote.conf")
        for drop_in, unit in ((worker, "worker.service"), (remote, "sekid.service"), (remote, "sekid@.service")):
            os.makedirs(os.path.join(folder, unit + ".d"))
            shutil.copy(drop_in, os.path.join(folder, unit + ".d"))
        (shown,) = guides.blocks("opentelemetry.md", "ini")
        with open(os.path.join(folder, "sekid.service.d/shown.conf"), "w", encoding="utf-8") as file:
            file.write(shown)
        with open(os.path.join(folder, "worker.service"), "w", encoding="utf-8") as file:
            file.write("[Service]\nExecStart=/bin/true\nProtectSystem=strict\n")
        self.assertEqual({os.path.basename(unit) for unit in self.units}, {"sekid.service", "sekid@.service"})
        for unit in self.units:
            with open(unit, encoding="utf-8") as file:
                text = file.read().replace("ExecStart=", "ExecStart=" + self.root)
            with open(os.path.join(folder, os.path.basename(unit)), "w", encoding="utf-8") as file:
                file.write(text)
        paths = [os.path.join(folder, name) for name in ("sekid.service", "sekid@shop.service", "worker.service")]
        self.assertEqual(run("systemd-analyze", "verify", "--man=no", *paths), "")

    def test_the_units_expose_little(self):
        """Fails when a line of the sandbox is lost, in either unit."""
        for unit in self.units:
            said = run("systemd-analyze", "security", "--offline=true", unit)
            exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", said)[1])
            self.assertLessEqual(exposure, MOST_EXPOSURE, said)

    def test_the_user_and_the_folder_are_made(self):
        """Fails when systemd-sysusers or systemd-tmpfiles refuses a file, or the group may not write where the segment lies."""
        os.mkdir(os.path.join(self.root, "etc"))
        users, folders = sorted(self.found("seki.conf"))
        run("systemd-sysusers", f"--root={self.root}", users)
        for names in ("passwd", "group"):
            with open(os.path.join(self.root, "etc", names), encoding="utf-8") as file:
                self.assertRegex(file.read(), r"(?m)^seki:")
        run("systemd-tmpfiles", f"--root={self.root}", "--create", folders)
        self.assertEqual(os.stat(os.path.join(self.root, "run/seki")).st_mode & 0o7777, 0o2770)

    def test_sekid_does_nothing_that_its_unit_forbids(self):
        """Fails when sekid makes a system call, opens a kind of socket or writes to a file that systemd would refuse it."""
        trace = os.path.join(self.folder, "trace")
        wrapper = os.path.join(self.folder, "traced")
        (mask,) = settings(self.service, "UMask")
        with open(wrapper, "w", encoding="utf-8") as file:
            # -D: the process that is started is sekid, and not its tracer.
            file.write(f'#!/bin/sh\numask {mask}\nexec strace -D -f -y -qq -o {trace} {sekid_harness.SEKID} "$@"\n')
        os.chmod(wrapper, 0o755)
        program, sekid_harness.SEKID = sekid_harness.SEKID, wrapper
        self.addCleanup(setattr, sekid_harness, "SEKID", program)

        (mode,) = settings(self.service, "RuntimeDirectoryMode")
        os.chmod(self.folder, int(mode, 8))
        self.configure("[limiter.login]\nlimit = 5\nwindow = \"1m\"\nmax_keys = 64\n[bulkhead.database]\nmax_concurrent = 1\n")
        sekid = self.start()
        worker = self.worker()
        worker("check login somebody")
        worker.kill()
        sekid.wait_log("gave back what 1 dead processes held")
        sekid.reload()
        for page in ("/metrics", "/readyz", "/api/v1/state", "/api/v1/events?follow=0"):
            sekid.get(page)
        self.assertEqual(sekid.stop(), 0)

        def whole():
            with open(trace, encoding="utf-8", errors="replace") as file:
                text = file.read()
            return text if re.search(r"exit_group\(0\)", text) else None

        done = eventually("the trace is written", whole)
        called = set(re.findall(r"^\d+ +(\w+)\(", done, re.MULTILINE))
        called.remove("execve")  # systemd's own
        self.assertGreater(len(called), 30)
        self.assertEqual(called - allowed_calls(self.service), set())

        families = set(re.findall(r"\bsocket\((AF_\w+)", done))
        (may,) = settings(self.service, "RestrictAddressFamilies")
        self.assertEqual(families - set(may.split()), set())
        self.assertNotRegex(done, r"(mmap|mprotect)\([^)]*PROT_WRITE\|PROT_EXEC")  # MemoryDenyWriteExecute=
        made = re.findall(r"\b(?:f?chmod(?:at)?|mkdir(?:at)?|open(?:at)?)\([^)]*\b0[2467]\d{3}\)", done)
        self.assertEqual(made, [])  # RestrictSUIDSGID=
        written = re.findall(r"\bopen(?:at)?\(.*(?:O_WRONLY|O_RDWR|O_CREAT).*\) = \d+<([^>]*)>", done)
        self.assertGreater(len(written), 2)
        written = [path for path in written if not re.fullmatch(r"pipe:\[\d+\]", path)]  # its standard error, once more
        # ProtectSystem=strict. The folder of the segment is what RuntimeDirectory= makes writable.
        self.assertEqual([path for path in written if not path.startswith(self.folder + "/")], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
