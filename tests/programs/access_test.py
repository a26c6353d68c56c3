"""Who gets an answer from sekid over HTTP, and over TLS: asked by curl, as an operator would."""

import os
import shutil
import signal
import socket
import subprocess
import unittest

from sekid_harness import DEADLINE, Follower, SekidTest

SEKICTL = os.environ["SEKICTL"]
# Of "open sesame": bcrypt as `htpasswd -B` writes it, and SHA-512 as `openssl passwd -6` does.
ALICE = "alice:$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n"
BOB = "bob:$6$abcdefgh$CkjGkP7IIgZVUCNlt.Vi53LOYJLXZ5KzdpzEYCj01XGruA1hxZYJqccTU2zz68oJwAGsd1iPty5F7dHIatUTy/\n"
LISTEN = 'listen = "127.0.0.1:0"\n'


class AccessTest(SekidTest):
    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def curl(self, url, *options):
        """The status of the answer and the text of it with its head; status 0 when there is none."""
        done = subprocess.run(
            ["curl", "--silent", "--include", "--noproxy", "*", "--max-time", str(DEADLINE), *options, url],
            capture_output=True, text=True, check=False, timeout=2 * DEADLINE,
        )
        return (int(done.stdout.split()[1]) if done.stdout else 0), done.stdout

    def events(self, address, *options, user=None):
        environment = {name: value for name, value in os.environ.items() if name not in ("SEKICTL_USER", "SSL_CERT_FILE")}
        if user is not None:
            environment["SEKICTL_USER"] = user
        return subprocess.run(
            [SEKICTL, "--segment", self.segment, "events", "--sekid", address, *options],
            capture_output=True, text=True, check=False, timeout=DEADLINE, stdin=subprocess.DEVNULL, env=environment,
        )

    def check_hears(self, *asking, **more):
        done = self.events(*asking, **more)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def check_hears_nothing(self, words, *asking, **more):
        done = self.events(*asking, **more)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertNotIn("sesame", done.stderr)

    def netrc(self, text):
        path = self.write("netrc", text)
        os.chmod(path, 0o600)
        return path

    def pipe(self):
        """Whoever opens it waits for somebody to write."""
        path = os.path.join(self.folder, "pipe")
        if not os.path.exists(path):
            os.mkfifo(path)
        return path

    def check_refuses(self, sekid, *words):
        """--check and a start say the same, and nothing is made."""
        self.configure("", sekid=LISTEN + sekid)
        for option in ("--check", "--config"):
            status, said = self.refused(option, self.config)
            self.assertEqual(status, 1, said)
            self.assertRegex(said, r"sekid\.toml:1[01]:\d+: \[sekid\]: ")
            for word in words:
                self.assertIn(word, said)
            self.assertNotIn("$", said)
        self.assertFalse(os.path.exists(self.segment))


class Users(AccessTest):
    def test_only_users_with_their_password_are_answered(self):
        """Fails when a page is shown to a stranger, a wrong password is taken, or whoever asks whether sekid lives needs one."""
        users = self.write("users", "# who may look\n\n" + ALICE + BOB)
        self.configure("", sekid=f'{LISTEN}basic_auth_file = "{users}"')
        address = self.start().address()
        feeds = ("/api/v1/state", "/api/v1/state?follow=1", "/api/v1/history", "/api/v1/events?follow=0")
        for page in ("/", "/dashboard/page.js", "/metrics", "/readyz", *feeds, "/nowhere"):
            status, said = self.curl(address + page)
            self.assertEqual(status, 401, page)
            self.assertIn('WWW-Authenticate: Basic realm="sekid"', said)
            self.assertNotIn("seki_", said)
        for user in ("alice", "bob"):
            self.assertEqual(self.curl(address + "/metrics", "--user", f"{user}:open sesame")[0], 200)
        for wrong in ("alice:open", "alice:", "bob:open sesame ", "carol:open sesame", ":open sesame", "alice:" + "x" * 600):
            self.assertEqual(self.curl(address + "/metrics", "--user", wrong)[0], 401, wrong)
        for header in ("Basic", "Basic !!!!", "Basic YQ==", "Bearer YWxpY2U6b3BlbiBzZXNhbWU=", "Basic " + "A" * 4000):
            self.assertEqual(self.curl(address + "/metrics", "--header", f"Authorization: {header}")[0], 401, header)
        self.assertEqual(self.curl(address + "/healthz")[0], 200)

    def test_a_reload_reads_the_users_again(self):
        """Fails when who was struck off is still answered, who is new is not, or a bad file lets everybody or nobody in."""
        users = self.write("users", ALICE)
        self.configure("", sekid=f'{LISTEN}basic_auth_file = "{users}"')
        sekid = self.start()
        metrics = sekid.address() + "/metrics"
        self.write("users", BOB)
        sekid.reload()
        self.assertEqual(self.curl(metrics, "--user", "alice:open sesame")[0], 401)
        self.assertEqual(self.curl(metrics, "--user", "bob:open sesame")[0], 200)
        self.write("users", "bob\n")
        sekid.reload()
        sekid.wait_log("line 1")
        self.assertEqual(self.curl(metrics)[0], 401)
        self.assertEqual(self.curl(metrics, "--user", "bob:open sesame")[0], 200)
        os.unlink(users)
        os.rename(self.pipe(), users)
        sekid.reload()
        sekid.wait_log("is not a regular file")
        self.configure("", sekid=LISTEN)
        sekid.reload()
        self.assertEqual(self.curl(metrics)[0], 200)

    def test_what_is_no_file_of_users_is_refused_with_its_line(self):
        """Fails when a hash that is no protection is taken, a mistake has no place, or a hash is shown."""
        for text, *words in (
            ("alice\n", "line 1", "USER:HASH"),
            (ALICE + "bob:secret\n", "line 2", '"bob"', "htpasswd -B"),
            ("bob:$apr1$abcdefgh$BDnU4x1Yh8kq1cYlUtpAH1\n", "line 1", "htpasswd -B"),
            ("bob:$1$abcdefgh$irWbblnpmw.5z7wgBnprh0\n", "line 1", "htpasswd -B"),
            (ALICE[:-9] + "\n", "line 1", "cut off"),
            (ALICE.replace("$05$", "$20$"), "line 1", "cost of 20"),
            (ALICE + ALICE, "line 2", "already"),
            ("# nobody\n", "no user"),
        ):
            users = self.write("users", text)
            self.check_refuses(f'basic_auth_file = "{users}"', users, *words)
        self.check_refuses('basic_auth_file = "/nowhere"', '"/nowhere"', "cannot be read: No such file")
        self.check_refuses(f'basic_auth_file = "{self.folder}"', "is a directory")
        self.check_refuses(f'basic_auth_file = "{self.pipe()}"', "is not a regular file")

    def start_with_alice(self, listen=LISTEN):
        users = self.write("users", ALICE)
        self.configure("", sekid=f'{listen}basic_auth_file = "{users}"')
        return self.start().address()

    def test_sekictl_hears_with_a_password_of_the_environment(self):
        """Fails when sekictl cannot say who it is, an operator is not told how to, or a password is shown."""
        address = self.start_with_alice()
        self.check_hears(address, user="alice:open sesame")
        self.check_hears_nothing(("wants a user", "--netrc-file", "$SEKICTL_USER"), address)
        self.check_hears_nothing(("no such user with that password",), address, user="alice:sesame")
        self.check_hears_nothing(("$SEKICTL_USER is not NAME:PASSWORD",), address, user="sesame")

    def test_sekictl_hears_with_a_password_of_a_netrc(self):
        """Fails when a file that curl takes is not taken, or the password is another machine's."""
        address = self.start_with_alice()
        right = 'login alice password "open sesame"'
        for text in (
            f"machine 127.0.0.1 {right}\n",
            f"# mine\nmachine elsewhere\n\tlogin bob\n\tpassword #1\nmachine 127.0.0.1\n\t{right}\n",
            f"machine elsewhere login bob password x\ndefault {right}",
        ):
            file = self.netrc(text)
            self.assertEqual(self.curl(address + "/metrics", "--netrc-file", file)[0], 200, text)
            self.check_hears(address, "--netrc-file", file, user="bob:x")

    def test_a_netrc_that_is_of_no_use_is_named(self):
        """Fails when a mistake in it is taken for no password, a password is shown, or everybody may read it."""
        address = self.start_with_alice()
        for text, word in (
            ("machine elsewhere login alice password sesame\n", "names neither machine 127.0.0.1 nor a default"),
            ("machine 127.0.0.1 login alice password open sesame\n", "a word that is none of machine"),
            ('machine 127.0.0.1 login alice password "open sesame\n', "password has no value"),
            ("login alice password sesame\n", "login before any machine"),
            ("", "names neither"),
        ):
            file = self.netrc(text)
            self.check_hears_nothing((f'--netrc-file "{file}"', word), address, "--netrc-file", file)
        file = self.netrc('default login alice password "open sesame"')
        os.chmod(file, 0o644)
        self.check_hears_nothing(("chmod o-r",), address, "--netrc-file", file)
        self.check_hears_nothing(("No such file",), address, "--netrc-file", "/nowhere")

    def test_a_unix_socket_asks_for_a_password_too(self):
        """Fails when there is no machine that stands for a socket: curl calls it localhost."""
        address = self.start_with_alice(f'listen = "unix:{self.folder}/http.sock"\n')
        file = self.netrc('machine localhost login alice password "open sesame"')
        self.check_hears(address, "--netrc-file", file)
        self.check_hears_nothing(("wants a user",), address)


class Hosts(AccessTest):
    """What a browser says whom it asks: the page's own name, where that was made to point to this host."""

    OTHERS = ("evil.example", "EVIL.example:9435", "evil.example.", "127.0.0.1.evil.example", "localhost.evil.example", "evil.notlocalhost", "a.b:c:9435")

    def as_host(self, address, host, *options):
        return self.curl(address, "--header", f"Host: {host}", *options)

    def test_a_page_of_another_name_is_told_nothing(self):
        """Fails when a page whose name points to loopback can read keys, or what asks by an address, as localhost or by a bare name cannot."""
        self.configure("")
        address = self.start().address()
        for host in self.OTHERS:
            for page in ("/", "/dashboard/page.js", "/metrics", "/readyz", "/api/v1/state", "/api/v1/history", "/api/v1/events?follow=0"):
                status, said = self.as_host(address + page, host)
                self.assertEqual(status, 403, f"{host} {page}")
                self.assertIn("ask for an address or for localhost", said)
            self.assertEqual(self.as_host(address + "/healthz", host)[0], 200)
        for host in ("127.0.0.1", "127.0.0.1:9435", "127.1:1", "[::1]:9435", "192.0.2.1", "localhost", "LOCALHOST:9435", "seki.localhost:9435", "web1:9435", ""):
            self.assertEqual(self.as_host(address + "/metrics", host)[0], 200, host)

    def test_who_is_kept_out_otherwise_asks_by_any_name(self):
        """Fails when a Prometheus elsewhere, a user with a password, or what comes by a socket has to know how sekid is called."""
        users = self.write("users", ALICE)
        cert, key = self.pair("here")
        for listen, options in (
            ('listen = "0.0.0.0:0"\n', ()),
            (f'{LISTEN}basic_auth_file = "{users}"', ("--user", "alice:open sesame")),
            (f'{LISTEN}tls_cert = "{cert}"\ntls_key = "{key}"', ("--cacert", cert)),
            (f'listen = "unix:{self.folder}/http.sock"\n', ("--unix-socket", f"{self.folder}/http.sock")),
        ):
            self.configure("", sekid=listen)
            sekid = self.start()
            address = sekid.address().replace("0.0.0.0", "127.0.0.1") if "unix" not in listen else "http://sekid"
            self.assertEqual(self.as_host(address + "/metrics", "web1.example", *options)[0], 200, listen)
            sekid.stop()


class Encrypted(AccessTest):
    def test_what_is_asked_and_answered_is_encrypted(self):
        """Fails when plain HTTP is answered, the certificate is another, or what is old and broken is spoken."""
        cert, key = self.pair("here")
        other, _ = self.pair("other")
        users = self.write("users", ALICE)
        self.configure("", sekid=f'{LISTEN}tls_cert = "{cert}"\ntls_key = "{key}"\nbasic_auth_file = "{users}"')
        sekid = self.start()
        address = sekid.address()
        self.assertTrue(address.startswith("https://127.0.0.1:"), address)
        metrics = address + "/metrics"
        who = ("--user", "alice:open sesame")
        self.assertEqual(self.curl(metrics, "--cacert", cert, *who)[0], 200)
        self.assertEqual(self.curl(metrics, "--cacert", cert)[0], 401)
        self.assertEqual(self.curl(metrics, "--cacert", other, *who)[0], 0)
        self.assertEqual(self.curl(metrics, "--cacert", cert, "--tls-max", "1.1", *who)[0], 0)
        self.assertEqual(self.curl(metrics.replace("https", "http"), *who)[0], 0)
        self.assertEqual(sekid.stop(signal.SIGTERM), 0)

    def test_sekictl_hears_over_tls_whom_it_trusts(self):
        """Fails when sekictl speaks no TLS, believes any certificate or any name, or does not say what is wrong with one."""
        cert, key = self.pair("here")
        other, _ = self.pair("other")
        self.configure("[breaker.payments]", sekid=f'{LISTEN}tls_cert = "{cert}"\ntls_key = "{key}"')
        address = self.start().address()
        self.check_hears(address, "--cacert", cert)
        told = Follower(SEKICTL, "--segment", self.segment, "events", "--follow", "--cacert", cert)
        self.addCleanup(told.end)
        subprocess.run([SEKICTL, "--segment", self.segment, "breaker", "payments", "open"], check=True, timeout=DEADLINE,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        told.out.wait(r"seki\.breaker\.state_change")
        self.check_hears_nothing(("is not trusted: self-signed certificate", "--cacert"), address)
        self.check_hears_nothing(("is not trusted",), address, "--cacert", other)
        localhost = address.replace("127.0.0.1", "localhost")
        self.check_hears_nothing(("is not trusted: hostname mismatch",), localhost, "--cacert", cert)
        self.check_hears_nothing(("--cacert", "holds no certificate"), address, "--cacert", key)
        self.check_hears_nothing(("closed the connection",), address.replace("https", "http"))

    def test_sekictl_finds_no_tls_where_there_is_none(self):
        """Fails when what answers in plain text is taken for a sekid that speaks TLS, or is a riddle."""
        self.configure("", sekid=LISTEN)
        address = self.start().address()
        self.check_hears_nothing(("no TLS with it",), address.replace("http", "https"))

    def test_a_client_that_says_nothing_keeps_nobody_waiting(self):
        """Fails when a handshake that does not come keeps sekid from answering, or from stopping."""
        cert, key = self.pair("here")
        self.configure("", sekid=f'{LISTEN}tls_cert = "{cert}"\ntls_key = "{key}"')
        sekid = self.start()
        host, port = sekid.address().removeprefix("https://").split(":")
        with socket.create_connection((host, int(port))):
            self.assertEqual(self.curl(sekid.address() + "/healthz", "--cacert", cert)[0], 200)
            self.assertEqual(sekid.stop(), 0)

    def test_files_that_do_not_fit_are_refused(self):
        """Fails when sekid starts and cannot serve, or does not say which file is wrong."""
        cert, key = self.pair("here")
        _, other_key = self.pair("other")
        locked = os.path.join(self.folder, "locked.key")
        subprocess.run(
            ["openssl", "ec", "-in", key, "-aes128", "-passout", "pass:x", "-out", locked],
            check=True, capture_output=True, timeout=DEADLINE,
        )  # fmt: skip

        def both(cert, key):
            return f'tls_cert = "{cert}"\ntls_key = "{key}"'

        self.check_refuses(f'tls_cert = "{cert}"', "tls_key is missing", "sekid.toml:10:12")
        self.check_refuses(f'tls_key = "{key}"', "tls_cert is missing")
        self.check_refuses(both(self.pipe(), key), "tls_cert", "is not a regular file")
        self.check_refuses(both(cert, self.pipe()), "tls_key", "is not a regular file")
        self.check_refuses(both("/nowhere", key), "sekid.toml:10:12: ", 'tls_cert "/nowhere"', "No such file")
        self.check_refuses(both(cert, "/nowhere"), "sekid.toml:11:11: ", 'tls_key "/nowhere"', "No such file")
        self.check_refuses(both(key, key), "tls_cert", "no certificate")
        self.check_refuses(both(cert, cert), "tls_key", "no private key")
        self.check_refuses(both(cert, locked), "tls_key", "no passphrase")
        self.check_refuses(both(cert, other_key), "tls_key", "is not the key of the certificate")
        self.configure("", sekid=f'listen = "unix:{self.folder}/http.sock"\n' + both(cert, key))
        self.assertRegex(self.refused("--check", self.config)[1], "sekid.toml:10:12: .*Unix socket")


if __name__ == "__main__":
    for program in ("curl", "openssl"):
        if shutil.which(program) is None:
            raise SystemExit(f"access_test: there is no {program}: tools/install-packages test")
    unittest.main(verbosity=2)
