"""The tests of the mutated copy: which of them come by which mutant, and which of them a mutant fails."""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import pickle
import signal
import subprocess
import threading
import time

# A shared memory of its own, which nothing that a mutant leaves there outlives.
ALONE = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=1g none /dev/shm && exec "$@"', "sh"]
LONGEST = 120  # seconds, of one test
NEAR = 200  # mutants whose numbers differ by less may be in one file, so that one test notices both
LEFT_OUT = ("planted_errors", "orders_test")  # these test copies of their own of what is tested, and those what others test, on memory that is weaker


@dataclasses.dataclass
class Test:
    program: str
    name: str
    seconds: float  # but for those in which it waited for a processor
    work: float  # seconds of a processor, which are what it costs here, however busy the machine is and however long it waits
    passed: bool
    reached: frozenset

    @property
    def cost(self):
        """Who waits long holds up the others, too."""
        return max(self.work, self.seconds / 5)


def may_be_alone():
    return subprocess.run([*ALONE, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


def programs(build, wanted):
    """The test programs of which tests/... begins so: their targets."""
    listed = json.loads(subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True, text=True).stdout)
    found = []
    for test in listed["tests"]:
        where = next((each["value"] for each in test["properties"] if each["name"] == "WORKING_DIRECTORY"), "")
        target = os.path.relpath(f"{where}/{test['name']}", build)
        if target.startswith(tuple(f"tests/{each}" for each in wanted)) and not any(each in target for each in LEFT_OUT):
            found.append(target)
    return found


class Trial:
    def __init__(self, where, build, workers, patience):
        self.where, self.build, self.workers, self.patience = where, build, workers, patience
        self.alone = ALONE if may_be_alone() else []
        self.killers, self.lock = {}, threading.Lock()

    def run(self, program, names, seconds, number=0, reached=None):
        """0, what it failed with, or None when it took too long; what it said, the seconds of a processor that it took, and those that it took in all."""
        environment = dict(os.environ, SEKI_MUTANT=str(number), GTEST_COLOR="no")
        if self.alone:
            environment["TMPDIR"] = "/dev/shm"
        if reached:
            environment["SEKI_MUTANTS_REACHED"] = str(reached)
        path = self.build / program
        command = [*self.alone, str(path), f"--gtest_filter={':'.join(names)}", "--gtest_fail_fast"]
        with open(self.where / f"said.{threading.get_ident()}", "w+b") as said:
            process = subprocess.Popen(command, cwd=path.parent, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
            took_too_long = threading.Event()

            def end():
                took_too_long.set()
                self.kill(process.pid)

            timer, began = threading.Timer(seconds, end), time.monotonic()
            timer.start()
            # What has ended keeps its number until it is waited for, so that none but it and its children are killed.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            took = time.monotonic() - began - self.waited(process.pid)
            timer.cancel()
            timer.join()
            self.kill(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(max(0, os.fstat(said.fileno()).st_size - 20000))
            code = None if took_too_long.is_set() else process.returncode
            return code, said.read().decode(errors="replace"), usage.ru_utime + usage.ru_stime, took

    @staticmethod
    def waited(process):
        """For how many seconds its first thread could have run, and others did."""
        try:
            return int(pathlib.Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
        except OSError:  # a kernel that does not count that
            return 0

    @staticmethod
    def kill(group):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass

    # -- which test comes by what

    def record(self, targets, most):
        """All tests of the programs, one at a time; of a program that was not built anew what was recorded before."""
        kept_file = self.where / "recorded"
        kept = pickle.loads(kept_file.read_bytes()) if kept_file.exists() else {}
        recorded, wanted = {}, []
        for program in targets:
            stamp = (self.build / program).stat().st_mtime_ns
            if program in kept and kept[program][0] == stamp:
                recorded[program] = kept[program]
                continue
            recorded[program] = (stamp, [])
            wanted += [(program, name) for name in self.names(program)]
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            for count, test in enumerate(pool.map(lambda each: self.record_one(*each, most), wanted), 1):
                recorded[test.program][1].append(test)
                if count % 100 == 0:
                    print(f"  {count} of {len(wanted)} tests recorded", flush=True)
        kept_file.write_bytes(pickle.dumps(kept | recorded))
        tests = [test for _, each in recorded.values() for test in each]
        for test in tests:
            if not test.passed:
                print(f"  left out, because it does not pass without a mutant: {test.program} {test.name}", flush=True)
        return [test for test in tests if test.passed]

    def names(self, program):
        said = subprocess.run([*self.alone, str(self.build / program), "--gtest_list_tests"], check=True, capture_output=True, text=True).stdout
        suite, names = "", []
        for line in said.splitlines():
            word = line.split("#")[0].rstrip()
            if line.startswith("  "):
                names.append(suite + word.strip())
            elif word.endswith("."):
                suite = word
        return names

    def record_one(self, program, name, most):
        note = self.where / f"reached.{threading.get_ident()}"
        note.write_bytes(bytes(most + 1))
        note.chmod(0o666)
        code, _, work, took = self.run(program, [name], LONGEST, reached=note)
        return Test(program, name, took, work, code == 0, frozenset(number for number, byte in enumerate(note.read_bytes()) if byte))

    # -- which mutant fails what

    def remember(self, number, killer):
        """A test that found this mutant: it may find those beside it."""
        with self.lock:
            self.killers[number] = killer

    def favourites(self, number, most=4):
        """What killed it before, or those of one file that stand next to it."""
        with self.lock:
            near = sorted((abs(number - each), killer) for each, killer in self.killers.items() if abs(number - each) < NEAR)
        return list(dict.fromkeys(killer for _, killer in near))[:most]

    def judge(self, number, file, tests, patience=None):
        """What killed it ("" when nothing did), and how long that took. First what killed it before or those beside it; then quick ones that look at little
        else, those whose program has its name before others: not all of these, as the longest of them would leave no time for the quickest of the others."""
        began = time.monotonic()
        favourites = self.favourites(number)
        name = pathlib.Path(file).stem

        def promise(test):
            rank = favourites.index(test.name) if test.name in favourites else len(favourites)
            namesake = pathlib.Path(test.program).name.startswith(name)
            return rank, test.cost * len(test.reached) * (0.1 if namesake else 1)

        left = self.patience if patience is None else patience
        come_by = sorted((each for each in tests if number in each.reached and each.cost <= left), key=promise)
        budget = 0.1
        while come_by and left > 0:
            bunch, spent = [], 0.0
            while come_by and (not bunch or spent + come_by[0].cost <= budget):
                spent += come_by[0].cost
                bunch.append(come_by.pop(0))
            left -= spent
            budget = min(budget * 2, 10)
            by_program = {}
            for test in bunch:
                by_program.setdefault(test.program, []).append(test)
            for program, some in by_program.items():
                code, said = self.run_in_time(program, some, number)
                if code != 0:
                    killer = self.killer(some, said)
                    self.remember(number, killer)
                    return f"{program} {killer}{'' if code is not None else ', which takes for ever'}", time.monotonic() - began
        return "", time.monotonic() - began

    def run_in_time(self, program, some, number):
        """Given several times as long as they take. What has not ended then is given longer, and more where others keep the machine so busy that they take
        that long without a mutant: threads that wait for each other by spinning use as much of a processor then as one that never ends."""
        names, seconds = [each.name for each in some], 0.5 + 5 * sum(each.seconds for each in some)
        code, said, *_ = self.run(program, names, seconds, number)
        seconds += 2
        while code is None:
            code, said, *_ = self.run(program, names, seconds, number)
            if code is not None or self.run(program, names, seconds)[0] is not None:
                break
            seconds *= 2
        return code, said

    @staticmethod
    def killer(some, said):
        ran = [line.split("]", 1)[1].strip() for line in said.splitlines() if line.startswith("[ RUN ")]
        failed = [line.split("]", 1)[1].split(",")[0].split(" (")[0].strip() for line in said.splitlines() if line.startswith("[  FAILED  ]")]
        return (failed or ran or [some[0].name])[0 if failed else -1]

    def clean(self):
        for each in pathlib.Path(self.where).glob("reached.*"):
            each.unlink()
        for each in pathlib.Path(self.where).glob("said.*"):
            each.unlink()
