"""sekid's dashboard, looked at in a browser, and what it is fed with."""

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import time
import unittest
import unittest.mock

import chromium
from sekid_harness import DEADLINE, SEKICTL, SekidTest, Worker, eventually

ALL_KINDS = """
[limiter.login]
algorithm = "gcra"
limit = 5
window = "1h"
[breaker.payments]
minimum_calls = 4
wait_duration = "1h"
[breaker.search]
[bulkhead.database]
max_concurrent = 3
[adaptive.api]
[shedder.front]
max_in_flight = 4
[retry.mail]
[hedge.index]
[policy.checkout]
limiter = "login"
breaker = "payments"
"""
LISTS = {
    "limiter": "limiters", "breaker": "breakers", "bulkhead": "bulkheads", "adaptive": "adaptives",
    "shedder": "shedders", "retry": "retries", "hedge": "hedges", "policy": "policies",
}  # fmt: skip
MOST_VIEWERS = 16  # src/daemon/recorder.hpp
MARKUP = "<img/src=x/onerror=document.title='hurt'>"
# Keeps of each message of the page's stream: when sekid made it, what it says of a breaker, and what the page shows when its own listener has had that message.
KEEP_MESSAGES = """
    window.heard = [];
    window.EventSource = class extends EventSource {
        addEventListener(name, listener) {
            super.addEventListener(name, listener);
            if (name === "history") super.addEventListener(name, (event) => (this.made = JSON.parse(event.data).at_unix_seconds));
            if (name === "state") super.addEventListener(name, (event) => heard.push({
                made: this.made, came: Date.now() / 1000,
                said: JSON.parse(event.data).breakers[0].state, shown: document.querySelector('[data-id="breaker/payments"] .badge')?.textContent,
            }));
        }
    };
"""
# What is fetched comes when release() is called.
HOLD_ANSWERS = """
    const released = new Promise((release) => (window.release = release));
    const fetched = window.fetch;
    window.fetch = async (page) => {
        const answer = await fetched(page);
        await released;
        return answer;
    };
"""
# Keeps which rows are touched: any element or text of them, or the row itself that moves. How long something has lasted is another text each second.
KEEP_TOUCHED = """
    window.touched = new Set();
    new MutationObserver((changes) => {
        for (const { target, addedNodes, removedNodes } of changes)
            for (const node of [target, ...addedNodes, ...removedNodes]) {
                const where = node instanceof Element ? node : node.parentElement;
                const row = where?.closest("td.since") ? null : where?.closest("tr");
                if (row) touched.add(row.dataset.id);
            }
    }).observe(document.querySelector("#primitives tbody"), { subtree: true, childList: true, characterData: true, attributes: true });
"""
SHORT_MARKUP = "<img/src=x/onerror=x>"  # as long as a key that is kept whole


class DashboardTest(SekidTest):
    def configure(self, primitives, listen="127.0.0.1:0", many=16):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f'[segment]\npath = "{self.segment}"\nsize = "auto"\nmax_workers = 16\nmax_primitives = {many}\n')
            file.write(f'[sekid]\nlog = "stderr"\ntick = "10ms"\nlisten = "{listen}"\n{primitives}\n')

    def history(self, sekid, kind, name):
        return json.loads(sekid.get(f"/api/v1/history?kind={kind}&name={name}"))

    def follow(self, sekid):
        """A connection that has asked to follow the state; and whether it may."""
        connection = sekid.connection()
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v1/state?follow=1")
        return connection.getresponse()


class InABrowser(DashboardTest):
    @classmethod
    def setUpClass(cls):
        cls.browser = chromium.Chromium()
        cls.addClassCleanup(cls.browser.end)

    def setUp(self):
        super().setUp()
        self.browser.complaints.clear()

    def look(self, sekid, at="", **how):
        page = self.browser.page(f"{sekid.address()}/{at}", **how)
        self.addCleanup(page.close)
        page.wait("rows", "document.querySelectorAll('#primitives tbody tr').length > 0")
        return page

    def state_of(self, page, kind, name):
        """What its row says."""
        return page.ask(f"document.querySelector('[data-id=\"{kind}/{name}\"] .badge')?.textContent")

    def open(self, page, kind, name):
        page.ask(f"document.querySelector('[data-id=\"{kind}/{name}\"] button').click()")
        page.wait("its details", f"document.querySelector('#detail h2')?.textContent === '{name} {kind}'")

    def data(self, page):
        return dict(page.ask("[...document.querySelectorAll('#detail data')].map(each => [each.dataset.of, each.value])"))

    def rows(self, page, caption):
        """The texts of the table of that name, row by row."""
        return page.ask(
            f"[...document.querySelectorAll('#detail table')].filter(each => each.caption?.textContent.startsWith('{caption}'))"
            ".flatMap(each => [...each.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent)))"
        )

    @staticmethod
    def at(its, path):
        for name in path.split("."):
            its = its[int(name)] if isinstance(its, list) else its[name]
        return its

    @staticmethod
    def as_javascript(value):
        return json.dumps(value) if not isinstance(value, str) else value

    def same_as_the_state(self, page, sekid, kind, name):
        its = sekid.one(kind, name)
        shown = {path: value for path, value in self.data(page).items() if not path.endswith("_seconds")}
        told = {path: self.as_javascript(self.at(its, path)).removesuffix(".0") for path in shown}
        return shown and told == shown

    def test_every_number_is_that_of_the_state(self):
        """Fails when a number on the page is another one than /api/v1/state has, or one of a primitive's counters or options is missing."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        worker = self.worker()
        worker("repeat 300 login 203.0.113.7")
        worker("call search error 3")
        worker("call payments ok 3")
        worker("call payments error 3")
        worker("call payments ok 2")
        worker("acquire database 0")
        worker("acquire database 0")
        worker("shed front 2 9")
        worker("retry mail 1 4")
        worker("hedge index 0 3")
        worker("adapt api ok 5")
        page = self.look(sekid)
        state = sekid.state()
        for kind, plural in LISTS.items():
            for its in state[plural]:
                name = its["name"]
                self.open(page, kind, name)
                eventually(f"the page has the numbers of {kind} {name}", lambda: self.same_as_the_state(page, sekid, kind, name))
                paths = set(self.data(page))
                for group in ("counters", "options"):
                    for each, value in its.get(group, {}).items():
                        wanted = {f"{group}.{each}.{i}" for i in range(len(value))} if isinstance(value, list) else {f"{group}.{each}"}
                        self.assertLessEqual(wanted, paths, f"{kind} {name}")
        self.assertEqual(len(state["breakers"]), 2)
        self.assertEqual(self.browser.complaints, [])

    def test_whom_it_denied_and_who_holds_its_permits(self):
        """Fails when the keys that were denied most, or the processes that hold permits, are not those of the state, or a phone has room for a few letters of a key."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        worker = self.worker()
        for address, times in (("203.0.113.7", 3000), ("203.0.113.8", 900)):
            worker(f"repeat {times} login {address}")
        worker("acquire database 0")
        worker("acquire database 0")
        keys = sekid.limiter("login")["most_denied"]
        self.assertEqual([key["key"] for key in keys], ["203.0.113.7", "203.0.113.8"])
        page = self.look(sekid)
        self.open(page, "limiter", "login")
        shown = [(row[0], row[1].replace(",", "")) for row in self.rows(page, "Keys")]
        self.assertEqual(shown, [(key["key"], f"about {key['denied_estimate']}") for key in keys])
        page.look(360, 700)
        self.assertEqual(page.ask("[...document.querySelectorAll('#detail td bdi')].map(each => each.getClientRects().length)"), [1, 1])
        self.open(page, "bulkhead", "database")
        self.assertEqual(self.rows(page, "Processes"), [[str(worker.process.pid), "test_worker", "live", "2", "0"]])

    def test_a_trip_is_seen_and_told(self):
        """Fails when the first message that sekid makes after a breaker has opened does not tell it, the page shows one only with a later one, the
        breaker is not first, or a screen reader is not told. sekid makes a message each second, so a trip shows within two: the seconds are printed."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        worker = self.worker()
        page = self.look(sekid, before=KEEP_MESSAGES)
        page.wait("live", "document.getElementById('feed').textContent === 'Live'")
        self.assertEqual(self.state_of(page, "breaker", "payments"), "closed")
        worker("call payments error 4")
        tripped = time.time()
        after = eventually("a message made after it", lambda: [each for each in page.ask("heard") if each["made"] > tripped])
        self.assertEqual(after[0]["said"], "open")
        self.assertEqual([each for each in page.ask("heard") if each["shown"] != each["said"]], [])
        print(f"a trip showed after {next(each['came'] for each in page.ask('heard') if each['said'] == 'open') - tripped:.2f} s", flush=True)
        self.assertEqual(page.ask("document.querySelector('#primitives tbody tr').dataset.id"), "breaker/payments")
        self.assertEqual(page.ask("document.getElementById('summary').textContent"), "1 of 9 refuse")
        self.assertRegex(page.ask("document.getElementById('log').textContent"), r"breaker payments is open, was closed")
        worker("call payments ok 7")
        self.open(page, "breaker", "payments")
        eventually("refused calls", lambda: self.data(page)["counters.rejected"] == "7")
        self.assertRegex(page.ask("document.querySelector('#detail p').textContent"), r"^open since \d\d:\d\d:\d\d, ")
        page.wait("a chart", "/rejected at most 7/.test(document.getElementById('chart').getAttribute('aria-label'))")
        self.assertTrue(page.ask("document.querySelector('#chart canvas').width > 300"))
        self.assertEqual(self.browser.complaints, [])

    def test_what_comes_late_does_not_undo_what_is_newer(self):
        """Fails when the state that the page asks for as it opens is shown in the place of a message that was made after it."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        page = self.look(sekid, before=KEEP_MESSAGES + HOLD_ANSWERS)
        page.ask("""{
            window.words = [];
            const badge = document.querySelector('[data-id="breaker/payments"] .badge');
            new MutationObserver(() => words.push(badge.textContent)).observe(badge, { childList: true });
        }""")
        self.worker()("call payments error 4")
        eventually("the page says so", lambda: self.state_of(page, "breaker", "payments") == "open")
        messages = page.ask("release(), heard.length")
        page.wait("two further messages", f"heard.length > {messages + 1}")
        self.assertEqual(page.ask("words"), ["open"])

    def test_a_policy_of_which_a_part_is_gone_refuses(self):
        """Fails when nobody gets through a policy and the page shows nothing of it, or not which part there is none of."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        page = self.look(sekid)
        self.assertEqual(self.state_of(page, "policy", "checkout"), "complete")
        self.open(page, "policy", "checkout")
        subprocess.run([SEKICTL, "--segment", self.segment, "delete", "breaker", "payments"], check=True, capture_output=True, timeout=DEADLINE)
        eventually("the page says so", lambda: self.state_of(page, "policy", "checkout") == "incomplete")
        self.assertEqual(page.ask("document.querySelector('#primitives tbody tr').dataset.id"), "policy/checkout")
        self.assertEqual(page.ask("document.getElementById('summary').textContent"), "1 of 8 refuse")
        self.assertRegex(page.ask("document.querySelector('[data-id=\"policy/checkout\"]').textContent"), r"breaker payments; there is no breaker payments$")
        self.assertEqual(sekid.one("policy", "checkout")["missing"], ["breaker payments"])
        self.assertEqual({path: value for path, value in self.data(page).items() if path.startswith("missing")}, {"missing.0": "breaker payments"})
        self.assertRegex(page.ask("document.querySelector('#detail p').textContent"), "^Nobody gets through")
        sekid.reload()  # which makes what the file has
        eventually("it is complete", lambda: self.state_of(page, "policy", "checkout") == "complete")
        self.assertIn("policy checkout is complete, was incomplete", page.ask("document.getElementById('log').textContent"))
        eventually("nothing is missing", lambda: "missing.0" not in self.data(page))
        self.assertEqual(self.browser.complaints, [])

    def scribble_name(self, name, other):
        """Into the segment, as any process of the group may."""
        with open(self.segment, "r+b") as file:
            text = file.read()
            places = [found.start() for found in re.finditer(re.escape(name.encode()) + b"\0", text)]
            self.assertTrue(places)
            for place in places:
                file.seek(place)
                file.write(other.encode().ljust(len(name), b"x"))

    def test_markup_stays_a_text(self):
        """Fails when a key, a primitive's name or a command that is markup becomes an element of the page, or is not shown as it is."""
        self.configure(ALL_KINDS + f"[limiter.{'n' * len(MARKUP)}]\nlimit = 5\nwindow = '1h'\n")
        sekid = self.start()
        command = os.path.join(self.folder, "<img src=x>")
        os.symlink(os.environ["SEKI_WORKER"], command)
        worker = self.worker()
        worker(f"repeat 2000 login {SHORT_MARKUP}")
        self.scribble_name("n" * len(MARKUP), MARKUP)
        with unittest.mock.patch("sekid_harness.WORKER", command):
            other = Worker(self.segment)
        self.addCleanup(other.kill)
        self.assertEqual(other("acquire database 0"), "held")
        page = self.look(sekid)
        names = page.ask("[...document.querySelectorAll('#primitives tbody button')].map(each => each.textContent)")
        self.assertIn(MARKUP, names)
        self.open(page, "limiter", "login")
        self.assertEqual(self.rows(page, "Keys")[0][0], SHORT_MARKUP)
        self.open(page, "bulkhead", "database")
        self.assertEqual(self.rows(page, "Processes")[0][1], "<img src=x>")
        page.ask(f"[...document.querySelectorAll('#primitives tbody button')].find(each => each.textContent === {json.dumps(MARKUP)}).click()")
        page.wait("its details", f"document.querySelector('#detail h2').textContent === {json.dumps(MARKUP + ' limiter')}")
        page.wait("its chart", "document.querySelector('#chart canvas') !== null")
        self.assertEqual(page.ask("document.querySelectorAll('img').length"), 0)
        self.assertNotIn("hurt", page.ask("document.title"))
        self.assertEqual(self.browser.complaints, [])

    def test_nothing_comes_from_elsewhere_and_nothing_is_wider_than_a_phone(self):
        """Fails when the page asks another machine, breaks its own policy, complains, or has to be scrolled sideways on a phone."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        for look in ({"width": 360, "height": 700, "scheme": "dark"}, {"width": 1400}):
            page = self.look(sekid, "#breaker%2Fpayments", **look)
            page.wait("a chart", "document.querySelector('#chart canvas') !== null")
            self.assertLessEqual(page.ask("document.documentElement.scrollWidth"), look["width"])
            asked = page.ask("performance.getEntriesByType('resource').map(each => each.name)")
            self.assertGreater(len(asked), 5)
            self.assertEqual([each for each in asked if not each.startswith(sekid.address() + "/")], [])
        background = "getComputedStyle(document.body).backgroundColor"
        light = page.ask(background)
        page.look(1400, 900, "dark")
        self.assertNotEqual(page.ask(background), light)
        self.assertEqual(self.browser.complaints, [])

    def test_a_keyboard_and_a_screen_reader_do(self):
        """Fails when a primitive cannot be opened and left by keys alone, the focus is lost on the way, or a reader of the screen finds no table."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        page = self.look(sekid)
        page.ask("document.getElementById('filter-refusing').focus()")
        page.press("Tab", 9)
        focused = "document.activeElement.closest('tr')?.dataset.id ?? document.activeElement.id"
        self.assertEqual(page.ask(focused), "limiter/login")
        page.press("Enter", 13, "\r")
        page.wait("the focus is led there", "document.activeElement.id === 'detail-title'")
        self.assertEqual(page.ask("document.querySelector('[data-id=\"limiter/login\"] button').getAttribute('aria-expanded')"), "true")
        page.press("Escape", 27)
        page.wait("and back", f"{focused} === 'limiter/login'")
        page.wait("what it led to is gone", "document.getElementById('detail').hidden")  # the address changes first, and the page hears of it
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        found = [(node["role"]["value"], node["name"]["value"]) for node in nodes if not node["ignored"] and "name" in node and "role" in node]
        for wanted in (
            ("table", "Every limiter, breaker and bulkhead, those that refuse first"), ("columnheader", "State"), ("rowheader", "payments breaker"),
            ("button", "payments"), ("button", "Pause"), ("searchbox", "Name"), ("combobox", "Kind"), ("log", "Changes of state"),
        ):  # fmt: skip
            self.assertIn(wanted, found)
        self.assertEqual(page.ask("document.getElementById('log').getAttribute('aria-live')"), "polite")

    def test_all_of_256_primitives_are_there_and_few_are_found(self):
        """Fails when rows are missing, a filter finds others than it says, what refuses is not on top of a long list, or an update touches, or moves, rows
        in which nothing has changed: that is what would make many of them slow. How long it takes is printed."""
        self.configure("".join(f"[breaker.b{i}]\nminimum_calls = 2\nwindow_size = 2\n" for i in range(256)), many=256)
        sekid = self.start()
        page = self.look(sekid)
        self.assertEqual(page.ask("document.querySelectorAll('#primitives tbody tr').length"), 256)
        page.wait("all has been counted", "!document.querySelector('#primitives tbody').textContent.includes('–')")
        page.ask(KEEP_TOUCHED)
        self.worker()("call b200 error 2")
        eventually("it is first", lambda: page.ask("document.querySelector('#primitives tbody tr').dataset.id") == "breaker/b200")
        subprocess.run([SEKICTL, "--segment", self.segment, "breaker", "b200", "reset"], check=True, capture_output=True, timeout=DEADLINE)
        eventually("it is in its place", lambda: page.ask("document.querySelectorAll('#primitives tbody tr')[200].dataset.id") == "breaker/b200")
        self.assertEqual(page.ask("[...touched]"), ["breaker/b200"])
        self.worker()("call b200 error 2")
        eventually("it is first again", lambda: page.ask("document.querySelector('#primitives tbody tr').dataset.id") == "breaker/b200")
        shown = "document.querySelectorAll('#primitives tbody tr:not([hidden])').length"
        page.ask("document.getElementById('filter-refusing').click()")
        self.assertEqual(page.ask(shown), 1)
        page.ask("document.getElementById('filter-refusing').click()")
        page.ask("{ const name = document.getElementById('filter-name'); name.value = 'B12'; name.dispatchEvent(new Event('input', {bubbles: true})); }")
        self.assertEqual(page.ask(shown), 11)
        print(f"an update took {page.ask('performance.getEntriesByName(`seki.update`)[0].duration'):.1f} ms of 256 rows", flush=True)
        self.assertEqual(self.browser.complaints, [])

    def test_it_finds_sekid_again(self):
        """Fails when the page does not say that it is out of date while sekid is gone, or does not go on when there is one again."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.configure(ALL_KINDS, f"127.0.0.1:{port}")
        sekid = self.start()
        page = self.look(sekid)
        feed = "document.getElementById('feed').textContent"
        page.wait("live", f"{feed} === 'Live'")
        sekid.stop()
        page.wait("it says so", f"{feed} !== 'Live'")
        self.start()
        page.wait("live again", f"{feed} === 'Live'")

    def lose_the_segment(self, sekid):
        """A folder in its place keeps sekid from making another; what lets it go on."""
        os.unlink(self.segment)
        os.mkdir(self.segment)
        sekid.wait_log("cannot go on yet")
        return lambda: os.rmdir(self.segment)

    def test_a_segment_that_is_gone_does_not_look_well(self):
        """Fails when the page of a segment that is gone looks as if all were well, changes though it is paused, or does not recover."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        page = self.look(sekid)
        summary, feed = (f"document.getElementById('{each}')" for each in ("summary", "feed"))
        page.wait("live", f"{feed}.textContent === 'Live'")
        page.ask("document.getElementById('pause').click()")
        before = page.ask(f"{summary}.textContent")
        give_back = self.lose_the_segment(sekid)
        page.wait("it is not live", f"{feed}.textContent === 'Not live: there is no segment' && {feed}.classList.contains('bad')")
        self.assertEqual(page.ask(f"{summary}.textContent"), before)
        page.ask("document.getElementById('pause').click()")
        page.wait("it says so", f"/^There is no segment/.test({summary}.textContent) && {summary}.classList.contains('bad')")
        self.assertEqual(page.ask("document.title"), "(no segment) seki")
        self.assertTrue(page.ask("document.querySelector('main').classList.contains('stale')"))
        self.assertEqual(page.ask("document.querySelectorAll('#primitives tbody tr').length"), 9)
        give_back()
        page.wait("it is well again", f"{feed}.textContent === 'Live' && {summary}.textContent === 'None of 9 refuses'")
        self.assertEqual(page.ask("document.title"), "seki")
        self.assertFalse(page.ask(f"{summary}.classList.contains('bad') || document.querySelector('main').classList.contains('stale')"))
        self.assertEqual(self.browser.complaints, [])

    def test_an_address_that_was_cut_off_names_nothing(self):
        """Fails when the page stops at an address that is no escaped text, and shows nothing new any more."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        page = self.look(sekid, "#breaker%2Fpayments%C3")
        self.worker()("call payments error 4")
        eventually("the page goes on", lambda: self.state_of(page, "breaker", "payments") == "open")
        page.wait("to the end", "performance.getEntriesByName('seki.update').length === 1")
        self.assertEqual(self.browser.complaints, [])

    def test_it_says_that_too_many_look(self):
        """Fails when a page that gets no stream shows nothing, or is taken for a live one."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        for _ in range(MOST_VIEWERS):
            self.assertEqual(self.follow(sekid).status, 200)
        page = self.look(sekid)
        page.wait("it says so", "/^Not live/.test(document.getElementById('feed').textContent)")


class Fed(DashboardTest):
    def test_the_policy_is_strict(self):
        """Fails when a page or a script of it comes without a policy, or with one that lets in anything else or inline."""
        self.configure("")
        sekid = self.start()
        _, body, page = sekid.ask("/")
        self.assertEqual(page.getheader("Content-Type"), "text/html; charset=utf-8")
        self.assertNotRegex(body, r"<script(?![^>]* src=)|<style| style=| on[a-z]+=|https?://")
        for address in ("/", *re.findall(r'(?:href|src)="(/dashboard/[^"]+)"', body)):
            status, _, response = sekid.ask(address)
            self.assertEqual(status, 200, address)
            policy = dict(part.strip().split(" ", 1) for part in response.getheader("Content-Security-Policy").split(";"))
            for what in ("script-src", "style-src", "connect-src", "img-src"):
                self.assertEqual(policy.pop(what), "'self'")
            self.assertEqual(policy.pop("require-trusted-types-for"), "'script'")
            self.assertEqual(set(policy), {"default-src", "base-uri", "form-action", "frame-ancestors", "trusted-types"})
            self.assertEqual(set(policy.values()), {"'none'"})
            self.assertEqual(response.getheader("X-Content-Type-Options"), "nosniff")
        self.assertEqual(sekid.ask("/dashboard/index.html")[0], 404)
        self.assertIn("Leon Sorokin", sekid.get("/dashboard/uPlot/LICENSE"))
        self.assertEqual(sekid.ask("/", "POST")[0], 405)

    def messages(self, response, wanted):
        """So many messages of a stream, as (event, data)."""
        found = []
        name = None
        while len(found) < wanted:
            line = response.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, json.loads(line.removeprefix("data: "))))
        return found

    def test_the_state_is_followed(self):
        """Fails when the stream has another schema than /api/v1/state and /api/v1/history, or a HEAD of it does not end."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        (first, history), (second, state) = self.messages(self.follow(sekid), 2)
        self.assertEqual((first, second), ("history", "state"))
        mine = sekid.state()
        self.assertEqual(state.keys(), mine.keys())
        self.assertEqual(state["breakers"][0].keys(), mine["breakers"][0].keys())
        now = json.loads(sekid.get("/api/v1/history"))
        self.assertEqual(history.keys(), now.keys())
        self.assertEqual([each["name"] for each in now["primitives"]], ["login", "payments", "search", "database", "api", "front", "mail", "index"])
        self.assertLess(now["memory_bytes"], now["memory_max_bytes"])
        self.assertEqual(sekid.ask("/api/v1/state?follow=1", "HEAD")[:2], (200, ""))

    def test_the_history_has_every_call(self):
        """Fails when the seconds together are not what the counters say, a second is told twice, or who refused is not told since when."""
        self.configure(ALL_KINDS)
        sekid = self.start()
        eventually("a first sample", lambda: json.loads(sekid.get("/api/v1/history"))["number"] > 0)
        worker = self.worker()
        for _ in range(3):
            worker("repeat 50 login 203.0.113.7")
        worker("call payments ignore 2")
        worker("call payments error 4")
        worker("call payments ok 6")
        counted = sekid.limiter("login")["counters"]
        self.assertEqual((counted["allow"], counted["deny"]), (5, 145))

        def sums(kind, name):
            return {each: sum(values) for each, values in self.history(sekid, kind, name)["columns"].items() if each != "state"}

        eventually("all checks", lambda: sums("limiter", "login") == {"allowed": 5, "denied": 145, "shadow_denied": 0})
        eventually("all calls", lambda: sums("breaker", "payments") == {"ok": 0, "error": 4, "slow": 0, "rejected": 6, "ignored": 2})
        past = self.history(sekid, "breaker", "payments")
        self.assertEqual(past["columns"]["state"][-1], "open")
        self.assertEqual(sorted(set(past["at_unix_seconds"])), past["at_unix_seconds"])
        self.assertEqual(len(past["at_unix_seconds"]), len(past["columns"]["rejected"]))
        self.assertIn(past["refusing_since_unix_seconds"], past["at_unix_seconds"])
        self.assertIsNone(self.history(sekid, "bulkhead", "database")["refusing_since_unix_seconds"])
        self.assertEqual(sekid.ask("/api/v1/history?kind=breaker&name=none")[0], 404)
        self.assertEqual(sekid.ask("/api/v1/history?kind=b&name=payments")[0], 400)
        status, said, _ = sekid.ask("/api/v1/history?kind=policy&name=checkout")
        self.assertEqual((status, said), (404, "policies count nothing, and have no history\n"))

    def test_viewers_are_bounded_and_keep_nobody_waiting(self):
        """Fails when viewers use up the threads that answer everybody else, or a place is lost when one leaves."""
        self.configure("[breaker.payments]")
        sekid = self.start()
        viewers = [self.follow(sekid) for _ in range(MOST_VIEWERS)]
        self.assertEqual([each.status for each in viewers], [200] * MOST_VIEWERS)
        refused = self.follow(sekid)
        self.assertEqual((refused.status, refused.getheader("Retry-After")), (503, "10"))
        for page in ("/", "/metrics", "/readyz", "/api/v1/state", "/api/v1/history", "/api/v1/events?follow=0"):
            sekid.get(page)
        viewers.pop().close()
        eventually("a place is free", lambda: self.follow(sekid).status == 200)
        self.assertEqual(sekid.stop(), 0)

    def test_who_reads_nothing_is_dropped(self):
        """Fails when a viewer that does not read keeps its place for ever, or keeps the others or the loop from going on meanwhile."""
        path = os.path.join(self.folder, "http.sock")
        # A message is more than the socket holds.
        self.configure("".join(f"[breaker.b{i}]\n" for i in range(200)), f"unix:{path}", many=200)
        sekid = self.start()
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as slow:
            slow.connect(path)
            slow.sendall(b"GET /api/v1/state?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            hung_up = select.poll()
            hung_up.register(slow, select.POLLRDHUP | select.POLLHUP)
            other = self.follow(sekid)
            numbers = [each["number"] for name, each in self.messages(other, 6) if name == "history"]
            self.assertEqual(numbers, sorted(set(numbers)))  # where making one takes long, as under a sanitizer, they come seldom
            self.assertEqual(sekid.ask("/readyz")[0], 200)
            self.assertTrue(hung_up.poll(DEADLINE * 1000))


if __name__ == "__main__":
    if chromium.PROGRAM is None:
        raise SystemExit("dashboard_test: there is no chromium: tools/install-packages test")
    unittest.main(verbosity=2)
