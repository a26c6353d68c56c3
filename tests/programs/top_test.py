"""sekictl top, as somebody who sits at a terminal sees it: tmux holds the terminal, a worker makes what there is to see."""

import os
import re
import signal
import unittest

from protections import ProtectionTest
from sekid_harness import SEKICTL, eventually
from terminal import Terminal

CONFIGURATION = """
[limiter.login]
limit = 100
window = "30d"
max_keys = 64
[breaker.payments]
minimum_calls = 2
wait_duration = "1h"
[bulkhead.database]
max_concurrent = 2
max_wait = "0s"
"""


MORE_KINDS = """
[adaptive.api]
[shedder.front]
max_in_flight = 5
[retry.mail]
[hedge.index]
[policy.checkout]
breaker = "payments"
"""


class TopTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure(CONFIGURATION)

    def terminal(self, *command, **more):
        terminal = Terminal(self.folder, *command, **more)
        self.addCleanup(terminal.end)
        return terminal

    def top(self, *options, **more):
        """On the screen, with its first list."""
        terminal = self.terminal(SEKICTL, "--segment", self.segment, "top", "--interval", "100ms", *options, **more)
        terminal.wait(r"^. +(KIND +)?NAME +STATE")
        return terminal

    def made(self):
        """A segment without a sekid, and a worker in it."""
        self.start().stop()
        return self.worker()


class Seen(TopTest):
    def test_what_refuses_is_seen_at_a_glance(self):
        """Fails when a rate, a denial, a state, or what is in use does not come to the screen, or is that of another primitive."""
        worker = self.made()
        screen = self.top()
        self.assertEqual((worker("acquire database"), worker("acquire database")), ("held", "held"))
        self.assertEqual(worker("call payments error 5"), "called 2")
        screen.wait(r"^. breaker +payments +open +\d+ +\d+ ")
        screen.wait(r"^. bulkhead +database +full +0 +0 █+ 2/2 ")
        worker("repeat 100 login alice")
        screen.wait(
            r"^[> ] limiter +login +enforce +[1-9][\d.k]* +[1-9][\d.k]* █░+ 1/64 +.*[▁▂▃▄▅▆▇█]",
            lambda: worker("repeat 20 login alice"),
        )
        screen.wait(r"^[1-9][\d.k]* calls/s, [1-9][\d.k]* denied/s; 1 processes, 1 threads; no sekid")

    def test_every_kind_has_its_line(self):
        """Fails when a kind of primitive is not listed, its calls are not counted, or what it says of itself is nothing or another's."""
        self.configure(CONFIGURATION + MORE_KINDS)
        worker = self.made()
        screen = self.top("--sort", "name", columns=110, rows=20)
        for line, shown in (
            ("adapt api ok 5", r"adaptive +api +free +[1-9][\d.k]* +0 .* 0/\d+ "),
            ("shed front 1 3", r"shedder +front +free +[1-9][\d.k]* +0 .* 0/5 "),
            ("retry mail 0 3", r"retry +mail +\d+ left +[1-9][\d.k]* +0 "),
            ("hedge index 0 3", r"hedge +index +\d+ left +[1-9][\d.k]* +0 "),
        ):
            screen.wait("^[> ] " + shown, lambda line=line: worker(line))
        screen.wait(r"^[> ] policy +checkout +- ")
        self.fine("delete", "hedge", "index")
        self.fine("delete", "breaker", "payments")
        screen.wait(r"^[> ] policy +checkout +incomplete ")
        self.assertNotRegex(screen.screen(), r"hedge +index")

    def test_one_limiter_with_its_busiest_and_most_denied_keys(self):
        """Fails when Enter opens another, a key is missing or stands in the wrong order, or a counter is not that of `show`."""
        worker = self.made()
        self.fine("create", "limiter", "api", "--limit", "4000", "--window", "30d", "--max-keys", "100")
        self.assertEqual(worker("check api greedy 4000"), "allow 0")
        self.assertEqual(worker("repeat 1000 api greedy"), "allowed 0")
        self.assertEqual(worker("repeat 4500 api busy"), "allowed 4000")
        screen = self.top("--sort", "name", rows=45)
        screen.wait(r"^> limiter +api ")
        screen.press("Enter")
        screen.wait(r"^limiter api  enforce\n")
        busiest, denied = r"BUSIEST +LEFT .*\nbusy +0/4000 .*\ngreedy .*\n", r"MOST DENIED .*\ngreedy +0/4000 .*\nbusy .*\n"
        screen.wait(rf"{busiest} *\n{denied}")
        screen.press("s")
        screen.wait(rf"{denied} *\n{busiest}")
        counters = self.json("show", "limiter", "api")["counters"]
        screen.wait(rf"^denied +{counters['deny']} \(cost {counters['cost_deny']}\)\n")
        screen.wait(rf"^allowed +{counters['allow']} \(cost {counters['cost_allow']}\)\n")
        screen.press("Escape")
        screen.wait(r"^> limiter +api ")

    def test_workers_and_what_each_holds(self):
        """Fails when a worker is not listed, or what it holds is not told: in the list, in its page, or in that of the bulkhead."""
        worker = self.made()
        self.assertEqual(worker("acquire database"), "held")
        screen = self.top()
        screen.press("w")
        screen.wait(rf"^> +{worker.process.pid} +test_worker +live +1 .* 1 of database")
        screen.press("Enter")
        screen.wait(rf"^process {worker.process.pid}  test_worker\n(.*\n)*HOLDS\nbulkhead database +1 of database\n")
        screen.press("w")
        screen.wait(r"KIND +NAME")
        screen.type("/data")
        screen.wait(r"^filter: data_\n")
        screen.press("Enter", "Enter")
        screen.wait(rf"^HELD BY\n{worker.process.pid} test_worker +1 of database\n")

    def test_keys_and_names_that_would_move_the_cursor_are_text(self):
        """Fails when a byte of a name or key reaches the terminal as it is."""
        worker = self.made()
        worker("check login \x1b]0;owned\x07key 1")
        with open(self.segment, "r+b") as file:
            at = file.read().index(b"payments\0")
            file.seek(at)
            file.write(b"\x1b]0;a\x07\xc2\x9bx"[:8])
        screen = self.top("--filter", "login")
        screen.press("Enter")
        screen.wait(r"^\\x1b\]0;owned\\x07key ")
        screen.press("Escape", "Escape")
        screen.wait(r"^. breaker +\\x1b\]0;a\\x07\\x9b ")
        self.assertNotIn(b"\x1b]0;", screen.raw())
        self.assertNotIn(b"\x07", screen.raw())
        with open(self.segment, "r+b") as file:
            file.seek(at)
            file.write(b"payments")


class Operated(TopTest):
    def names(self, screen):
        return re.findall(r"^[> ] (?:limiter|breaker|bulkhead) +(\w+) ", screen.screen(), re.MULTILINE)

    def test_sort_and_filter(self):
        """Fails when another order or another part is shown than was asked for."""
        worker = self.made()
        worker("call payments error 5")
        screen = self.top("--sort", "state")
        eventually("the open breaker first", lambda: self.names(screen)[:1] == ["payments"])
        screen.press("s")
        screen.wait(r"s sort: name")
        eventually("by name", lambda: self.names(screen) == ["database", "login", "payments"])
        screen.press("r")
        eventually("by name, reversed", lambda: self.names(screen) == ["payments", "login", "database"])
        screen.type("/OPEN")
        eventually("by state", lambda: self.names(screen) == ["payments"])
        screen.press("Enter")
        screen.wait(r"^filter: OPEN  \? help")
        screen.press("/", "BSpace", "x")
        screen.wait(r"no primitives of that filter")
        screen.press("Escape")
        eventually("the filter of before", lambda: self.names(screen) == ["payments"])
        screen.press("Escape")
        eventually("all", lambda: len(self.names(screen)) == 3)

    def test_nothing_moves_while_it_is_paused(self):
        """Fails when a paused one shows what came later, which another one shows meanwhile; or does not show it when it goes on."""
        self.made()
        paused, other = self.top(), self.top()
        paused.press("p")
        paused.wait(r" PAUSED \d\d:\d\d:\d\d *\n")
        self.fine("create", "limiter", "late", "--limit", "1", "--window", "1m", "--max-keys", "16")
        other.wait(r" late +enforce +0 +0 ")
        paused.press("?")
        paused.wait(r"^Keys *\n")
        paused.press("Escape")
        paused.wait(r" NAME ")
        self.assertNotIn("late", paused.screen())
        paused.press("Space")
        paused.wait(r" late ")
        self.assertNotIn("PAUSED", paused.screen())

    def test_it_ends_well_whoever_ends_it(self):
        """Fails when it ends otherwise than asked for, or leaves the terminal as only a program wants it."""
        self.made()
        for end in (lambda screen: screen.press("q"), lambda screen: screen.press("C-c"), self.terminate):
            screen = self.top()
            end(screen)
            screen.wait(r"^ended 0 echo *\n")
            self.assertNotIn("NAME", screen.screen())

    @staticmethod
    def terminate(screen):
        (child,) = screen.children()
        os.kill(child, signal.SIGTERM)

    def test_it_ends_with_its_terminal(self):
        """Fails when it goes on, or spins, where nobody can see it."""
        self.made()
        screen = Terminal(self.folder, SEKICTL, "--segment", self.segment, "top", ASAN_OPTIONS="detect_leaks=0")  # see Terminal.end
        screen.wait(r" NAME ")
        (child,) = screen.children()
        screen.hang_up()
        eventually("it is gone", lambda: not os.path.exists(f"/proc/{child}"))


class Terminals(TopTest):
    def test_another_size_while_it_runs(self):
        """Fails when a line is longer than the screen, a column that fits is missing, or there is no way to the help."""
        self.made()
        screen = self.top()
        screen.wait(r"^  KIND +NAME +STATE +CALLS/s +DENIED/s +IN USE +LAST 6s *\n")
        screen.resize(40, 12)
        screen.wait(r"^  NAME +STATE +CALLS/s DENIED/s *\n")
        screen.wait(r"^> \w+ +\w+ +0 +0 *\n")
        self.assertEqual(len(screen.screen().splitlines()), 12)
        self.assertRegex(screen.screen().splitlines()[11], r"^\? help  q quit")
        screen.press("?")
        screen.wait(r"^Keys *\n")
        screen.press("End")
        screen.wait(r"measures the usual *\n +latency")
        screen.press("Escape")
        screen.resize(10, 3)
        screen.wait(r"^at least 2")
        screen.resize(100, 30)
        screen.wait(r"^  KIND +NAME .* LAST 6s *\n")

    def test_a_terminal_without_colours(self):
        """Fails when a colour is sent where there are none or none are wanted; or nowhere, which this could not tell."""
        worker = self.made()
        worker("call payments error 5")
        shown = r"^. breaker +payments +open "
        coloured = self.top("--filter", "pay")
        coloured.wait(shown)
        self.assertTrue(coloured.colours())
        for options, more in (([], {"TERM": "vt100"}), ([], {"NO_COLOR": "1"}), (["--no-color"], {})):
            with self.subTest(options=options, more=more):
                screen = self.top("--filter", "pay", *options, **more)
                screen.wait(shown)
                screen.press("Enter")
                screen.wait(r"^breaker ")
                self.assertEqual(screen.colours(), [])

    def test_a_terminal_without_utf8(self):
        """Fails when anything but ASCII is sent to it."""
        worker = self.made()
        worker("acquire database")
        worker("check login schlüssel 1")
        screen = self.top("--filter", "login", LC_ALL="C")
        screen.wait(r" #\.+ 1/64$")
        screen.wait(r" login +enforce .* 2/64 +[.:=+*#@-]", lambda: worker("repeat 9 login bob"))
        screen.press("Enter")
        screen.wait(r"^schl\\u\{00fc\}ssel ")
        self.assertTrue(screen.raw().isascii())

    def test_what_is_no_terminal_is_told_so(self):
        """Fails when it draws where nobody can see it, or says something else than what is wrong."""
        self.made()
        self.assertIn("needs a terminal", self.wrong(2, "top"))
        self.assertIn("denied, calls, use, state, name", self.wrong(2, "top", "--sort", "age"))
        command = (SEKICTL, "--segment", self.segment)
        for words, said, more in (
            (("top",), 'TERM "dumb" cannot show a screen', {"TERM": "dumb"}),
            (("top",), 'TERM "none-such" cannot show a screen', {"TERM": "none-such"}),
            (("top", "--interval", "1ms"), "100ms to 1m", {}),
            (("--json", "top"), "sekictl --json status", {}),
        ):
            self.terminal(*command, *words, **more).wait(rf"{said}(.*\n)+ended 2 echo")
        self.terminal(SEKICTL, "--segment", self.segment + "x", "top").wait(r"there is none: (.*\n)*ended 3 echo")


class Segments(TopTest):
    def test_a_segment_that_goes_away_and_comes_back(self):
        """Fails when it ends, says nothing, does not find the next one, or takes its counters for those of the last."""
        worker = self.made()
        worker("repeat 500 login alice")
        screen = self.top()
        worker.close()
        self.fine("destroy")
        screen.wait(r"^gone since \d\d:\d\d:\d\d: waiting for it *\n")
        screen.wait(r"^. limiter +login ")  # as it was last
        self.worker()("check nothing k 1")
        self.fine("create", "limiter", "reborn", "--limit", "5", "--window", "30d", "--max-keys", "16")
        screen.wait(r"^. limiter +reborn +enforce +0 +0 ")
        self.assertNotIn("gone", screen.screen())
        self.assertNotIn("login", screen.screen())

    def test_a_file_that_is_no_segment(self):
        """Fails when it does not say what is wrong with it, or does not look again."""
        self.made().close()
        screen = self.top()
        os.rename(self.segment, self.segment + ".away")
        with open(self.segment, "w", encoding="ascii") as file:
            file.write("no segment\n")
        screen.wait(r"^unreadable since \d\d:\d\d:\d\d: .* is not a segment")
        os.rename(self.segment + ".away", self.segment)
        screen.wait_gone(r"^(gone|unreadable) since ")
        screen.wait(r"calls/s, ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
