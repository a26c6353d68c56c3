"""docs/guide/containers.md: what it has people write is understood, and does in namespaces of its own what it says.

No container runtime is needed: a container is, for Seki, what unshare makes.
"""

import glob
import json
import os
import re
import signal
import subprocess
import unittest

import yaml

import guides
import sekid_harness
from sekid_harness import DEADLINE, SEKICTL, SekictlTest, eventually

GUIDE = "containers.md"
# Numbers of its own for processes, a /proc of its own, no IPC in common; the first process is number 1, as in a container.
CONTAINER = "unshare --user --map-root-user --pid --ipc --uts --mount --fork --kill-child --mount-proc".split()
BYTES = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def size(text):
    number, unit = re.fullmatch(r"(\d+)(Ki|Mi|Gi)", text).groups()
    return int(number) * BYTES[unit]


class Pod(SekictlTest):
    @classmethod
    def setUpClass(cls):
        pod, compose = guides.blocks(GUIDE, "yaml")
        cls.configmap, deployment = yaml.safe_load_all(pod)
        cls.pod = deployment["spec"]["template"]["spec"]
        (cls.sidecar,) = cls.pod["initContainers"]
        cls.compose = yaml.safe_load(compose)

    def setUp(self):
        super().setUp()
        for name in ("SEKID", "WORKER"):
            program = getattr(sekid_harness, name)
            path = os.path.join(self.folder, name.lower())
            with open(path, "w", encoding="utf-8") as file:
                file.write(f'#!/bin/sh\nexec {" ".join(CONTAINER)} {program} "$@"\n')
            os.chmod(path, 0o755)
            setattr(sekid_harness, name, path)
            self.addCleanup(setattr, sekid_harness, name, program)

    def start_sidecar(self):
        """As the pod starts it. A ConfigMap is mounted as a link to what it is at the time."""
        text = self.configmap["data"]["sekid.toml"]
        for was, now in (("/run/seki/default.seg", self.segment), ("0.0.0.0:9435", "0.0.0.0:0")):
            self.assertIn(was, text)
            text = text.replace(was, now)
        os.mkdir(os.path.join(self.folder, "..data"))
        with open(os.path.join(self.folder, "..data/sekid.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        os.symlink("..data/sekid.toml", self.config)
        self.assertEqual(self.refused("--check", self.config), (0, ""))
        return self.start(*(self.config if argument == "/etc/seki/sekid.toml" else argument for argument in self.sidecar["args"]))

    def test_the_pod_says_what_the_text_around_it_says(self):
        """Fails when a volume, a user or a port of the pod does not fit the other, or sekid would stop and be restarted with the application waiting."""
        volumes = {each["name"]: each for each in self.pod["volumes"]}
        for container in self.pod["initContainers"] + self.pod["containers"]:
            mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            self.assertEqual(mounts["seki"], "/run/seki")
            self.assertLessEqual(set(mounts), set(volumes))
            self.assertNotIn("runAsUser", container.get("securityContext", {}))
        self.assertEqual(volumes["seki"]["emptyDir"]["medium"], "Memory")
        self.assertEqual(volumes["configuration"]["configMap"]["name"], self.configmap["metadata"]["name"])
        self.assertEqual(self.sidecar["restartPolicy"], "Always")
        self.assertEqual(self.sidecar["ports"][0], {"name": self.sidecar["livenessProbe"]["httpGet"]["port"], "containerPort": 9435})

        services = self.compose["services"]
        self.assertEqual({each["user"] for each in services.values()}, {"10001:10001"})
        self.assertEqual({each["volumes"][0] for each in services.values()}, {"seki:/run/seki"})
        self.assertIn("uid=10001,gid=10001,mode=2770", self.compose["volumes"]["seki"]["driver_opts"]["o"])
        self.assertEqual(services["sekid"]["command"], self.sidecar["args"])

    def test_its_segment_and_sekid_fit_into_its_limits(self):
        """Fails when the pod is killed for want of memory, also while its probe or somebody with `sekictl top` looks; or its segment cannot be made."""
        sekid = self.start_sidecar()
        made = self.json("status")["segment"]["size_bytes"]
        (volume,) = (each["emptyDir"] for each in self.pod["volumes"] if "emptyDir" in each)
        self.assertLess(made, size(volume["sizeLimit"]))
        taken = sekid.samples()["process_resident_memory_bytes"]  # with the pages of the segment that it touched
        look = subprocess.Popen([SEKICTL, "--segment", self.segment, "status"], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(look.pid, 0)
        look.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(look.returncode, 0)
        looks = 2 * usage.ru_maxrss * 1024  # the probe, and somebody at a terminal
        self.assertLess(made + taken + looks, size(self.sidecar["resources"]["limits"]["memory"]))

    def test_its_probes_say_that_it_lives(self):
        """Fails when the pod would never become ready, or would be restarted for nothing."""
        sekid = self.start_sidecar()
        self.assertEqual(self.sidecar["startupProbe"]["exec"]["command"], ["sekictl", "status"])
        probe = subprocess.run([*CONTAINER, SEKICTL, "--segment", self.segment, "status"], capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual((probe.returncode, probe.stderr), (0, ""))
        self.assertIn("owner    sekid", probe.stdout)
        sekid.get(self.sidecar["livenessProbe"]["httpGet"]["path"])

    def test_a_container_that_is_killed_gives_back_what_it_held(self):
        """Fails when sekid cannot tell that a process in another pid namespace is dead, or takes one for dead that lives: there all are number 1."""
        sekid = self.start_sidecar()
        first, second = self.worker(), self.worker()
        self.assertEqual([first("acquire database") for _ in range(10)], ["held"] * 10)
        self.assertEqual(second("acquire database"), "refused bulkhead_full")
        self.assertEqual(second("check login somebody"), "allow 4")
        self.assertEqual([process["pid"] for process in self.json("workers")["workers"]], [1, 1])
        # The process itself, by the number that it has outside: were it unshare, the end of its input might be quicker.
        with open(f"/proc/{first.process.pid}/task/{first.process.pid}/children", encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        sekid.wait_log("gave back 10 permits of dead processes")
        self.assertEqual(second("acquire database"), "held")
        self.assertEqual(sekid.one("bulkhead", "database")["in_use"], 1)

    def test_the_sidecar_may_be_restarted_and_reloaded(self):
        """Fails when a restart of the sidecar costs counts, or sekictl in a container does not reach it."""
        self.start_sidecar().kill()
        worker = self.worker()
        self.assertEqual(worker("check login somebody"), "allow 4")
        sekid = self.start("--config", self.config)
        self.assertEqual(worker("check login somebody"), "allow 3")
        with open(self.config, "a", encoding="utf-8") as file:
            file.write("[bulkhead.search]\nmax_concurrent = 1\n")
        subprocess.run([*CONTAINER, SEKICTL, "--segment", self.segment, "reload"], check=True, timeout=DEADLINE, capture_output=True)
        sekid.wait_log('made bulkhead "search"')

    def test_another_time_namespace_is_refused(self):
        """Fails when a worker decides by a clock that is not the others', or is not told why it may not."""
        self.start_sidecar()
        done = subprocess.run(["unshare", "--user", "--map-root-user", "--time", "--monotonic", "5000", "--fork", SEKICTL, "--segment", self.segment, "status", "--json"],
                              capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        told = json.loads(done.stdout)["error"]["message"]
        self.assertIn("belongs to another time namespace", told)
        self.assertIn("| belongs to another time namespace |", guides.page(GUIDE))

    def test_messages_are_those_that_people_read(self):
        """Fails when a message was rephrased, and who looks for it in the guide does not find it."""
        said = ""
        for path in glob.glob(os.path.join(guides.DOCS, "../src/shm/*.cpp")):
            with open(path, encoding="utf-8") as file:
                said += re.sub(r'"\s+"', "", file.read()).replace("\\", "")  # literals that are continued, quotes in them
        for message, _ in guides.table(GUIDE, "what is said"):
            for part in re.sub(r'"[^"]*"', '"...', message).split("..."):
                self.assertIn(part.strip(), said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
