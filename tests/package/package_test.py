"""Debian's packages, in a root tree made of Debian's packages alone: installed, used, upgraded while workers run, removed, purged.

package_test.py FOLDER: the folder with the packages that tools/package made. As root; with SEKI_ROOT=DIR the tree is kept there for the next run.
"""

import contextlib
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../programs"))
import guides  # noqa: E402
from debian_root import DEADLINE, DebianRoot, eventually, run

PACKAGES = sys.argv.pop(1) if len(sys.argv) > 1 else ""
NAMES = ["libnginx-mod-http-seki", "libseki-dev", "libseki1", "python3-seki", "seki"]
SEKI_USER = ["setpriv", "--reuid=seki", "--regid=seki", "--clear-groups"]
SEKID = [*SEKI_USER, "sekid", "--config", "/etc/seki/sekid.toml", "--listen", "127.0.0.1:0"]
ENABLED = "/etc/nginx/modules-enabled/50-mod-http-seki.conf"
# What `systemctl enable sekid@shop` makes.
INSTANCE = "/etc/systemd/system/multi-user.target.wants/sekid@shop.service"

# What nobody would miss before it is needed.
FILES = ["/etc/seki/sekid.toml", "/usr/lib/systemd/system/sekid.service", "/usr/lib/systemd/system/sekid@.service",
         "/usr/share/bash-completion/completions/sekictl", "/usr/share/zsh/vendor-completions/_sekictl", "/usr/share/fish/vendor_completions.d/sekictl.fish",
         "/usr/share/seki/prometheus/alerts.yml", "/usr/share/seki/prometheus/recording.yml", "/usr/share/seki/prometheus/grafana.json"]
# Pages and examples: a tree may be told to leave these out (dpkg's path-exclude), so the packages are asked.
DOCUMENTS = ["/usr/share/man/man1/sekictl.1.gz", "/usr/share/man/man8/sekid.8.gz", "/usr/share/doc/seki/worker.conf", "/usr/share/doc/seki/remote.conf"]

# Each checks until its input ends, and says of each whether it was decided and allowed.
IN_C = r"""
#include <seki/seki.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    seki_segment *segment = NULL;
    seki_limiter *limiter = NULL;
    seki_decision decision = SEKI_DECISION_INIT;
    char line[16];
    if (seki_open("/run/seki/default.seg", NULL, &segment) != SEKI_OK) return 1;
    if (seki_limiter_get(segment, "login", &limiter) != SEKI_OK) return 2;
    while (fgets(line, sizeof line, stdin) != NULL) {
        const seki_status status = seki_limiter_check(limiter, "somebody", strlen("somebody"), 1, &decision);
        printf("%s\n", status != SEKI_OK ? "undecided" : decision.allowed ? "allowed" : "denied");
        fflush(stdout);
    }
    seki_limiter_free(limiter);
    seki_close(segment);
    return 0;
}
"""
IN_PYTHON = """
import sys, seki
login = seki.open("/run/seki/default.seg").limiter("login")
for line in sys.stdin:
    print("allowed" if login.check("somebody").allowed else "denied", flush=True)
"""
IN_NGINX = """
include /etc/nginx/modules-enabled/*.conf;
user www-data;
pid /run/nginx-test.pid;
error_log /var/log/nginx-test.log info;
events {}
http {
    seki_segment /run/seki/default.seg;
    server { listen unix:/run/nginx-test.sock; root /usr/share/nginx/html; set $who somebody; location / { seki_limit login $who; } }
}
"""


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="seki-package-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.root = DebianRoot(os.environ.get("SEKI_ROOT") or os.path.join(cls.folder, "root"))
        cls.addClassCleanup(cls.root.close)
        for package in glob.glob(f"{PACKAGES}/*.deb"):
            shutil.copy(package, cls.root.at("/packages"))
        cls.root.inside("apt-get", "update")

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
        run("dpkg-deb", "--root-owner-group", "--build", tree, self.root.at(f"/packages/{name}_newer.deb"))
        return f"/packages/{name}_newer.deb"

    def lines(self, *command):
        """A worker that answers a line with a line."""
        process = self.workers.enter_context(self.root.running(*SEKI_USER, *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

        def check():
            process.stdin.write("\n")
            process.stdin.flush()
            return process.stdout.readline().strip()
        return check

    def nginx(self):
        self.root.inside("usermod", "--append", "--groups", "seki", "www-data")
        self.root.write("/tmp/nginx.conf", IN_NGINX)
        self.root.write("/var/log/nginx-test.log", "")
        process = self.workers.enter_context(self.root.running("nginx", "-c", "/tmp/nginx.conf", "-g", "daemon off;"))
        eventually("nginx has attached", lambda: process.poll() is not None or "seki: attached to" in self.root.read("/var/log/nginx-test.log"))

        def check():
            said = run("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--unix-socket", self.root.at("/run/nginx-test.sock"), "http://host/")
            return {"200": "allowed", "429": "denied"}.get(said, said)
        return check

    def told(self, *lines):
        """Whether systemd was told each, in that order."""
        said = self.root.told_systemd()
        self.assertRegex(said, "(?s)" + ".*".join(rf"{line}\n" for line in lines))

    def sekid_runs(self, daemons):
        daemons.enter_context(self.root.running(*SEKID, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        eventually("sekid has made its limiter", lambda: not self.root.fails("sekictl", "show", "limiter", "login"))

    def test_a_life(self):
        """Fails when a dependency, a file or a right is missing, an upgrade disturbs a worker or loses a count, or something is left behind."""
        self.installs()
        self.workers = self.enterContext(contextlib.ExitStack())
        daemons = self.enterContext(contextlib.ExitStack())
        self.root.write("/tmp/worker.c", IN_C)
        # The compiler is the host's, what it compiles against is the package's.
        (library,) = glob.glob(self.root.at("/usr/lib/*/libseki.so"))
        run("cc", "-std=c99", f"-I{self.root.at('/usr/include')}", self.root.at("/tmp/worker.c"), "-o", self.root.at("/tmp/worker"), library,
            f"-Wl,-rpath-link,{os.path.dirname(library)}")
        self.sekid_runs(daemons)
        checks = [self.lines("/tmp/worker"), self.lines("python3", "-c", IN_PYTHON), self.nginx()]
        self.assertEqual([check() for check in checks], ["allowed"] * 3)

        self.upgrades()
        self.assertEqual([check() for check in checks], ["allowed"] * 3)
        daemons.close()
        self.assertEqual([check() for check in checks], ["allowed"] * 3)
        self.sekid_runs(daemons)  # the new one
        self.assertEqual([check() for check in checks], ["allowed"] * 3)
        self.assertEqual([check() for check in checks], ["denied"] * 3)
        self.assertRegex(self.root.inside("sekictl", "show", "limiter", "login"), r"allow\w* +12\b")
        daemons.close()
        self.workers.close()
        self.goes()

    def installs(self):
        names = [f"/packages/{os.path.basename(each)}" for each in sorted(glob.glob(f"{PACKAGES}/*.deb"))]
        self.assertEqual([os.path.basename(each).split("_")[0] for each in names], NAMES)
        self.root.install(*names)
        self.told(r"\bstart sekid.service")
        self.assertIn("sekid", self.root.inside("sekid", "--version"))
        self.assertRegex(self.root.inside("getent", "group", "seki"), "^seki:")
        self.assertEqual(os.stat(self.root.at("/run/seki")).st_mode & 0o7777, 0o2770)
        self.assertEqual([path for path in FILES if not self.root.exists(path)], [])
        inside = "".join(run("dpkg-deb", "--contents", each) for each in glob.glob(f"{PACKAGES}/seki_*.deb"))
        self.assertEqual([path for path in DOCUMENTS if path not in inside], [])

        with open(self.root.at("/etc/seki/sekid.toml"), "a", encoding="utf-8") as file:
            file.write('[limiter.login]\nalgorithm = "fixed_window"\nlimit = 12\nwindow = "30d"\n')
        self.root.inside("sekid", "--check", "/etc/seki/sekid.toml")
        # Debian's own configuration of nginx, with a line that only the module understands.
        self.root.write("/etc/nginx/conf.d/limits.conf", "seki_segment /run/seki/default.seg;\n")
        self.root.inside("nginx", "-t")
        self.root.inside("python3", "-c", "import seki, seki.wsgi, seki.asgi")

    def upgrades(self):
        os.makedirs(os.path.dirname(self.root.at(INSTANCE)), exist_ok=True)
        os.symlink("/lib/systemd/system/sekid@.service", self.root.at(INSTANCE))
        self.root.told_systemd()
        newer = [self.newer(name) for name in NAMES]
        (look,) = guides.blocks("upgrading.md", "sh")
        self.assertIn("owner    sekid", self.root.inside("sh", "-euc", look.replace("seki_*.deb", newer[NAMES.index("seki")])))
        self.root.install(*newer)
        self.told(r"\brestart sekid.service", r"try-restart sekid@\*.service", r"\bstart sekid@shop.service")
        self.assertIn("limiter.login", self.root.read("/etc/seki/sekid.toml"))
        # What an administrator took away stays away.
        self.assertTrue(self.root.exists(ENABLED))
        os.remove(self.root.at(ENABLED))
        self.root.inside("dpkg", "--install", newer[NAMES.index("libnginx-mod-http-seki")])
        self.assertFalse(self.root.exists(ENABLED))
        os.symlink("/usr/share/nginx/modules-available/mod-http-seki.conf", self.root.at(ENABLED))

    def goes(self):
        os.remove(self.root.at("/etc/nginx/conf.d/limits.conf"))
        self.root.remove("libseki1")  # and what cannot be without it
        left = self.root.inside("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}${Package}\n", "*seki*")
        self.assertEqual([line.split()[1] for line in left.splitlines() if line.startswith("ii")], ["seki"])
        self.root.remove("seki")
        self.told(r"stop sekid.service sekid@\*.service")
        self.assertFalse(self.root.exists("/usr/bin/sekid"))
        self.assertTrue(self.root.exists("/etc/seki/sekid.toml"))
        self.root.inside("nginx", "-t")
        self.assertIn("No module named 'seki'", self.root.fails("python3", "-c", "import seki"))
        self.root.inside("dpkg", "--purge", *NAMES)
        self.assertEqual(run("find", self.root.at("/usr"), self.root.at("/etc"), self.root.at("/var/lib"), "-iname", "*seki*").split(), [])

    def test_lintian_finds_no_error(self):
        """Fails when a package breaks Debian's policy."""
        # Who packages for others sets DEBEMAIL; a test has no address.
        mail = "bogus-mail-host,bogus-mail-host-in-debian-changelog"
        said = subprocess.run(["lintian", "--fail-on", "error", "--suppress-tags", mail, *glob.glob(f"{PACKAGES}/*.deb")],
                              capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
