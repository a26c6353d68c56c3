"""gunicorn and uWSGI, four workers each. Fails when the workers' limits, breakers and permits are not one, or one too many or too few passes."""

import collections
import os
import signal
import threading
import unittest

import seki
from servers import EXAMPLES, WORKERS, free_port, gunicorn, served, uwsgi
from support import SegmentTest, eventually, python


class Servers(SegmentTest):
    def setUp(self):
        super().setUp()
        self.shop.close()
        os.unlink(self.path)

    def promises(self, server, opened_once):
        """What holds whatever the server is and however it was started."""
        workers = server.workers()
        opened = {int(server.ask("/who")[1].split()[1]) for _ in range(50)}
        if opened_once:
            self.assertEqual(len(opened), 1)
            self.assertFalse(opened & workers)
        else:
            self.assertTrue(opened <= workers)
        self.limits_are_exact(server)
        self.breaker_is_one(server)
        self.permits_are_one(server)
        self.killed_worker_gives_back(server, workers)

    def limits_are_exact(self, server):
        answers = server.ask_all([f"/check?key={key}" for _ in range(250) for key in ("a", "b")])
        self.assertEqual(collections.Counter(status for status, _, _ in answers), {200: 400, 429: 100})

    def breaker_is_one(self, server):
        answers = [server.ask("/pay")[0] for _ in range(10)]
        self.assertEqual(answers, [502] * 10)
        self.assertEqual({status for status, _, _ in server.ask_all(["/pay"] * 40)}, {503})
        self.assertEqual(seki.open(self.path).breaker("bank").status.state, "open")

    def hold(self, server, file, answers):
        try:
            answers.append(server.ask(f"/hold?until={file}"))
        except OSError:
            answers.append(None)

    def permits_are_one(self, server):
        # As many workers as there are hold or wait for one; there are fewer permits.
        database = seki.open(self.path).bulkhead("database")
        file, answers = f"{self.folder}/until", []
        requests = [threading.Thread(target=self.hold, args=(server, file, answers)) for _ in range(WORKERS)]
        for request in requests:
            request.start()
        eventually(lambda: (database.status.in_use, database.status.waiting) == (3, WORKERS - 3), "all are held, and the others wait")
        open(file, "w", encoding="utf-8").close()
        for request in requests:
            request.join()
        self.assertEqual([(answer[0], int(answer[1]) <= 3) for answer in answers], [(200, True)] * WORKERS)
        self.assertEqual(database.status.in_use, 0)

    def killed_worker_gives_back(self, server, workers):
        segment = seki.open(self.path)
        database = segment.bulkhead("database")
        file, answers = f"{self.folder}/never", []
        request = threading.Thread(target=self.hold, args=(server, file, answers))
        request.start()
        eventually(lambda: database.status.in_use == 1, "it is held")
        for worker in workers:
            os.kill(worker, signal.SIGKILL)

        def given_back():
            segment.maintain()
            return database.status.in_use == 0

        eventually(given_back, "what the dead held comes back")
        request.join()
        self.assertEqual(database.status.reclaimed, 1)
        self.assertFalse(server.workers() & workers)
        # The new ones have the limits of the old ones.
        self.assertEqual({status for status, _, _ in server.ask_all(["/check?key=a", "/check?key=b"] * 8)}, {429})
        self.assertEqual(server.ask("/pay")[0], 503)

    def test_gunicorn_with_processes(self):
        with gunicorn(self.folder, self.path, "--preload") as server:
            self.promises(server, opened_once=True)

    def test_gunicorn_with_processes_that_each_open_the_segment(self):
        with gunicorn(self.folder, self.path) as server:
            self.promises(server, opened_once=False)

    def test_gunicorn_with_threads(self):
        with gunicorn(self.folder, self.path, "--preload", "--worker-class", "gthread", "--threads", "4") as server:
            self.promises(server, opened_once=True)

    def test_uwsgi_that_forks_after_loading(self):
        with uwsgi(self.folder, self.path) as server:
            self.promises(server, opened_once=True)

    def test_uwsgi_whose_workers_each_open_the_segment_and_have_threads(self):
        with uwsgi(self.folder, self.path, "--lazy-apps", "--threads", "2") as server:
            self.promises(server, opened_once=False)

    def test_uwsgi_with_two_applications_has_two_interpreters_in_a_process(self):
        mounts = ["--mount", "/one=served.py", "--mount", "/two=served.py", "--manage-script-name", "--callable", "application"]
        with uwsgi(self.folder, self.path, *mounts) as server:
            answers = server.ask_all([f"/{which}/check?key=a" for _ in range(150) for which in ("one", "two")])
            self.assertEqual(collections.Counter(status for status, _, _ in answers), {200: 200, 429: 100})
            answers = [server.ask(f"/{which}/pay")[0] for _ in range(6) for which in ("one", "two")]
            self.assertEqual(answers, [502] * 10 + [503] * 2)


class Examples(SegmentTest):
    def promises_of_flask(self, server):
        answers = [server.ask("/login", "POST", "user=alice") for _ in range(6)]
        self.assertEqual([status for status, _, _ in answers], [200] * 5 + [429])
        self.assertEqual(answers[0][1], "welcome, alice\n")
        self.assertEqual(int(answers[5][2]["Retry-After"]), 720)
        self.assertRegex(answers[0][2]["RateLimit"], r'^"pages";r=\d+;t=\d+$')
        self.assertEqual(answers[0][2]["RateLimit-Policy"], '"pages";q=100;w=60')
        self.assertEqual(server.ask("/orders")[:2], (200, "1 at once\n"))
        answers = [server.ask("/pay", "POST", "card=broken")[0] for _ in range(6)]
        self.assertEqual(answers, [502] * 5 + [503])
        self.assertEqual({status for status, _, _ in server.ask_all(["/nothing"] * 120)}, {404, 429})

    def test_flask_under_gunicorn_as_configured_there(self):
        for worker_class in ("sync", "gthread"):
            with self.subTest(worker_class):
                segment = f"{self.folder}/{worker_class}.seg"
                command = ["gunicorn", "-c", "gunicorn.conf.py", "flask_app:app"]
                with served(command, self.folder, segment, free_port(), cwd=EXAMPLES, WORKER_CLASS=worker_class) as server:
                    self.promises_of_flask(server)

    def test_flask_under_uwsgi_as_configured_there(self):
        with served(["uwsgi", "--ini", "uwsgi.ini"], self.folder, f"{self.folder}/uwsgi.seg", cwd=EXAMPLES) as server:
            self.promises_of_flask(server)

    def test_django_under_gunicorn(self):
        command = ["gunicorn", "-c", "gunicorn.conf.py", "django_app:application"]
        with served(command, self.folder, self.path, free_port(), cwd=EXAMPLES) as server:
            answers = [server.ask("/login?user=alice") for _ in range(6)]
            self.assertEqual([status for status, _, _ in answers], [200] * 5 + [429])
            self.assertEqual(int(answers[5][2]["Retry-After"]), 720)
            self.assertIn("RateLimit", answers[0][2])

    def test_refusals_say_when_to_come_back_and_not_a_second_later(self):
        ask = """if True:
            import math, seki, flask_app, django_app
            middleware = django_app.RefusalMiddleware(None)
            for wait in (30.0, 29.2, 0.0, math.inf):
                refused = seki.CircuitOpen("no", wait)
                print(flask_app.refused(refused)[2].get("Retry-After"), middleware.process_exception(None, refused).get("Retry-After"))
        """
        done = python(ask, cwd=EXAMPLES, env={**os.environ, "SEKI_SEGMENT": self.path})
        self.assertEqual(done.stdout.split("\n"), ["30 30", "30 30", "1 1", "None None", ""], done.stderr)

    def test_asgi_under_uvicorn(self):
        port = free_port()
        command = ["uvicorn", "asgi_app:app", "--port", str(port), "--workers", "2"]
        with served(command, self.folder, self.path, port, cwd=EXAMPLES) as server:
            answers = server.ask_all(["/"] * 150)
            self.assertEqual({status for status, _, _ in answers}, {200, 429})
            allowed = [headers for status, _, headers in answers if status == 200]
            self.assertGreaterEqual(len(allowed), 99)
            self.assertIn("ratelimit-policy", allowed[0])


if __name__ == "__main__":
    unittest.main()
