"""A headless Chromium, driven by its DevTools protocol over a pair of pipes: https://chromedevtools.github.io/devtools-protocol."""

import base64
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading

from sekid_harness import DEADLINE, eventually

PROGRAM = shutil.which("chromium")

# No sandbox: that of a browser needs more than a container or root has, and it sees no page but ours. Nothing but the page's own server is asked.
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-default-apps", "--disable-extensions", "--disable-sync", "--no-proxy-server",
    "--disable-features=MediaRouter,OptimizationHints", "--hide-scrollbars", "--force-device-scale-factor=1", "--remote-debugging-pipe",
)  # fmt: skip


class Chromium:
    """One browser. Pages complain into `complaints`: errors on the console, exceptions nobody caught, what their policy forbade."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="chromium-")
        ours_out, theirs_in = os.pipe()[::-1]
        ours_in, theirs_out = os.pipe()
        # The browser reads from its descriptor 3 and writes to its 4.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "chromium", PROGRAM, *OPTIONS,
             f"--user-data-dir={self.folder}", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, DBUS_SESSION_BUS_ADDRESS="disabled:", HOME=self.folder, TMPDIR=self.folder, TZ="UTC"),
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self.to = open(ours_out, "wb", buffering=0)
        self.of = open(ours_in, "rb", buffering=0)
        self.answers = {}
        self.lock = threading.Lock()
        self.number = 0
        self.heard = queue.Queue()
        self.complaints = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        rest = b""
        while piece := self.of.read(1 << 16):
            *whole, rest = (rest + piece).split(b"\0")
            for each in whole:
                self.take(json.loads(each))
        with self.lock:
            for answer in self.answers.values():
                answer.put({"error": {"message": "the browser ended"}})

    def take(self, message):
        if "id" in message:
            with self.lock:
                self.answers.pop(message["id"]).put(message)
            return
        what, more = message["method"], message["params"]
        if what == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(more["exceptionDetails"]))
        elif what == "Runtime.consoleAPICalled" and more["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(more["args"]))
        elif what == "Log.entryAdded" and more["entry"]["level"] in ("error", "warning"):
            self.complaints.append(json.dumps(more["entry"]))
        elif what == "Audits.issueAdded":
            self.complaints.append(json.dumps(more["issue"]))

    def call(self, method, session=None, **parameters):
        mine = queue.Queue()
        with self.lock:
            self.number += 1
            number = self.number
            self.answers[number] = mine
        message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self.to.write(json.dumps(message).encode() + b"\0")
        answer = mine.get(timeout=DEADLINE)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def page(self, address, **look):
        return Page(self, address, **look)

    def end(self):
        self.process.terminate()  # so that it ends its children, too
        self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        self.to.close()
        self.of.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Page:
    def __init__(self, browser, address, width=1280, height=900, scheme="light", before=""):
        """before: a script that runs before any of the page's own."""
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Audits", "Accessibility"):
            self.call(f"{domain}.enable")
        self.look(width, height, scheme)
        self.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        self.call("Page.navigate", url=address)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def look(self, width, height, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def ask(self, expression):
        """What a JavaScript expression comes to, as if a user had asked for it."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in done:
            raise AssertionError(f"{expression}: {json.dumps(done['exceptionDetails'])}")
        return done["result"].get("value")

    def wait(self, what, expression):
        return eventually(what, lambda: self.ask(expression))

    def press(self, key, code=0, text=None):
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text is not None and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
