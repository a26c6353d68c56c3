"""A root tree made of Debian's packages alone, in which packages are installed and programs run as on a host, under a systemd that only writes down what it is told."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import time

DEADLINE = 300
# What the host gets its packages from.
SOURCES = [path for path in ("/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*.list"),
                             *glob.glob("/etc/apt/sources.list.d/*.sources")) if os.path.exists(path)]
UNATTENDED = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C")
# No daemon that a package brings is started beside those of the host.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/var/log/systemctl
case " $* " in *" is-enabled "*) echo enabled ;; esac
"""


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}:\n{done.stdout}")
    return done.stdout


def eventually(what, condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE} s: {what}")
        time.sleep(0.05)


class DebianRoot:
    def __init__(self, path):
        """One that is there already is used again."""
        self.path = path
        if not os.path.exists(self.at("/etc/debian_version")):
            run("mmdebstrap", "--quiet", "--variant=apt", "--include=systemd-standalone-sysusers,systemd-standalone-tmpfiles", "bookworm", path, *SOURCES)
        shutil.copy("/etc/resolv.conf", self.at("/etc/resolv.conf"))
        for configuration in glob.glob("/etc/apt/apt.conf.d/*"):
            shutil.copy(configuration, self.at("/etc/apt/apt.conf.d/"))
        for folder in ("/packages", "/run/systemd/system"):
            os.makedirs(self.at(folder), exist_ok=True)
        self.write("/usr/bin/systemctl", SYSTEMCTL)
        os.chmod(self.at("/usr/bin/systemctl"), 0o755)
        self.write("/var/log/systemctl", "")
        run("mount", "--bind", "/proc", self.at("/proc"))

    def close(self):
        run("umount", self.at("/proc"))

    def at(self, path):
        """Where it is for the host."""
        return self.path + path

    def exists(self, path):
        return os.path.lexists(self.at(path))

    def read(self, path):
        with open(self.at(path), encoding="utf-8") as file:
            return file.read()

    def write(self, path, text):
        with open(self.at(path), "w", encoding="utf-8") as file:
            file.write(text)

    def inside(self, *command, **more):
        return run("chroot", self.path, *command, **more)

    def fails(self, *command):
        """What it says of it; nothing if it does not fail."""
        done = subprocess.run(["chroot", self.path, *command], capture_output=True, text=True, timeout=DEADLINE, check=False)
        return done.stderr if done.returncode != 0 else ""

    @contextlib.contextmanager
    def running(self, *command, **more):
        process = subprocess.Popen(["chroot", self.path, *command], text=True, **more)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE)
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()

    def install(self, *packages):
        self.inside("apt-get", "install", "--yes", "--no-install-recommends", "--option", "Dpkg::Options::=--force-confold", *packages, env=UNATTENDED)

    def remove(self, *names):
        self.inside("apt-get", "remove", "--yes", *names, env=UNATTENDED)

    def told_systemd(self):
        """What it was told since it was last asked."""
        told = self.read("/var/log/systemctl")
        self.write("/var/log/systemctl", "")
        return told
