"""Debian's packages, in a root tree made of Debian's packages alone: installed, used, upgraded while a worker runs, removed, purged.

package_test.py FOLDER: the folder with the packages that tools/package made. As root; with SEKI_ROOT=DIR the tree is kept there for the next run.
"""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PACKAGES = sys.argv.pop(1) if len(sys.argv) > 1 else ""
DEADLINE = 300
# What the host gets its packages from.
SOURCES = [path for path in ("/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*.list"),
                                *glob.glob("/etc/apt/sources.list.d/*.sources")) if os.path.exists(path)]

PROGRAM = r"""
#include <seki/seki.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Checks until its input ends, and says of each whether it was decided. */
int main(void) {
    seki_segment *segment = NULL;
    seki_limiter *limiter = NULL;
    seki_decision decision = SEKI_DECISION_INIT;
    char line[16];
    if (seki_open("/run/seki/default.seg", NULL, &segment) != SEKI_OK) return 1;
    if (seki_limiter_get(segment, "login", &limiter) != SEKI_OK) return 2;
    while (fgets(line, sizeof line, stdin) != NULL) {
        const seki_status status = seki_limiter_check(limiter, "somebody", strlen("somebody"), 1, &decision);
        printf("%d %d\n", (int)status, (int)decision.allowed);
        fflush(stdout);
    }
    seki_limiter_free(limiter);
    seki_close(segment);
    return 0;
}
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


def make_root(at):
    command = ["mmdebstrap", "--quiet", "--variant=apt", "--include=systemd-standalone-sysusers,systemd-standalone-tmpfiles", "bookworm", at]
    run(*command, *SOURCES)


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="seki-package-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        kept = os.environ.get("SEKI_ROOT")
        cls.root = kept or os.path.join(cls.folder, "root")
        if not os.path.exists(os.path.join(cls.root, "etc/debian_version")):
            make_root(cls.root)
        run("mount", "--bind", "/proc", f"{cls.root}/proc")
        cls.addClassCleanup(run, "umount", f"{cls.root}/proc")
        shutil.copy("/etc/resolv.conf", f"{cls.root}/etc/resolv.conf")
        for configuration in glob.glob("/etc/apt/apt.conf.d/*"):
            shutil.copy(configuration, f"{cls.root}/etc/apt/apt.conf.d/")
        os.makedirs(f"{cls.root}/packages", exist_ok=True)
        for package in glob.glob(f"{PACKAGES}/*.deb"):
            shutil.copy(package, f"{cls.root}/packages")

    def inside(self, *command, **more):
        return run("chroot", self.root, *command, **more)

    def at(self, path):
        return self.root + path

    @contextlib.contextmanager
    def running(self, *command, **more):
        process = subprocess.Popen(["chroot", self.root, *command], text=True, **more)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE)

    def install(self, *packages):
        self.inside("apt-get", "install", "--yes", "--no-install-recommends", "--option", "Dpkg::Options::=--force-confold", *packages,
                    env=dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C"))

    def newer(self, name):
        """The same package with a higher version."""
        (package,) = glob.glob(f"{PACKAGES}/{name}_*.deb")
        tree = os.path.join(self.folder, "newer-" + name)
        run("dpkg-deb", "--raw-extract", package, tree)
        control = os.path.join(tree, "DEBIAN/control")
        with open(control, encoding="utf-8") as file:
            text = file.read()
        with open(control, "w", encoding="utf-8") as file:
            file.write(text.replace("Version: ", "Version: 9.").replace("(= ", "(= 9."))
        run("dpkg-deb", "--root-owner-group", "--build", tree, self.at(f"/packages/{name}_newer.deb"))
        return f"/packages/{name}_newer.deb"

    def test_a_life(self):
        """Fails when a dependency, a file or a right is missing, an upgrade disturbs a worker or loses a count, or something is left behind."""
        names = [f"/packages/{os.path.basename(each)}" for each in glob.glob(f"{PACKAGES}/*.deb")]
        self.assertEqual(len(names), 3, names)
        self.inside("apt-get", "update")
        self.install(*names)
        self.assertIn("sekid", self.inside("sekid", "--version"))
        self.assertRegex(self.inside("getent", "group", "seki"), "^seki:")
        self.assertEqual(os.stat(self.at("/run/seki")).st_mode & 0o7777, 0o770)

        with open(self.at("/etc/seki/sekid.toml"), "a", encoding="utf-8") as file:
            file.write('[limiter.login]\nalgorithm = "fixed_window"\nlimit = 3\nwindow = "30d"\n')
        self.inside("sekid", "--check", "/etc/seki/sekid.toml")
        with open(self.at("/tmp/worker.c"), "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        # The compiler is the host's, what it compiles against is the package's.
        (library,) = glob.glob(self.at("/usr/lib/*/libseki.so"))
        run("cc", "-std=c99", f"-I{self.root}/usr/include", self.at("/tmp/worker.c"), "-o", self.at("/tmp/worker"), library,
            f"-Wl,-rpath-link,{os.path.dirname(library)}")

        user = ["setpriv", "--reuid=seki", "--regid=seki", "--clear-groups"]
        with self.running(*user, "sekid", "--config", "/etc/seki/sekid.toml", "--listen", "127.0.0.1:0",
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            eventually("sekid has made its limiter", lambda: subprocess.run(
                ["chroot", self.root, "sekictl", "show", "limiter", "login"], capture_output=True, check=False).returncode == 0)
            with self.running(*user, "/tmp/worker", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
                def check():
                    worker.stdin.write("\n")
                    worker.stdin.flush()
                    return worker.stdout.readline().split()

                self.assertEqual([check(), check()], [["0", "1"], ["0", "1"]])
                self.install(self.newer("seki"), self.newer("libseki1"), self.newer("libseki-dev"))
                self.assertEqual([check(), check()], [["0", "1"], ["0", "0"]])
                worker.stdin.close()
                self.assertEqual(worker.wait(DEADLINE), 0)
                worker.stdout.close()
            with open(self.at("/etc/seki/sekid.toml"), encoding="utf-8") as file:
                self.assertIn("limiter.login", file.read())
            self.assertIn("login", self.inside("sekictl", "status"))

        self.inside("apt-get", "remove", "--yes", "seki", "libseki1", "libseki-dev", env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
        self.assertFalse(os.path.exists(self.at("/usr/bin/sekid")))
        self.assertTrue(os.path.exists(self.at("/etc/seki/sekid.toml")))
        self.inside("dpkg", "--purge", "seki", "libseki1", "libseki-dev")
        left = [path for path in run("find", self.at("/usr"), self.at("/etc"), "-iname", "*seki*").split() if "/share/doc/" not in path]
        self.assertEqual(left, [])

    def test_lintian_finds_no_error(self):
        """Fails when a package breaks Debian's policy."""
        # Who packages for others sets DEBEMAIL; a test has no address.
        mail = "bogus-mail-host,bogus-mail-host-in-debian-changelog"
        said = subprocess.run(["lintian", "--fail-on", "error", "--suppress-tags", mail, *glob.glob(f"{PACKAGES}/*.deb")],
                              capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
