"""Makes a clean Debian in a folder, follows README.md there, and looks at what came of it: scripts/clean-machine.

It runs in name spaces of its own, so that nothing of it outlives this process.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import host
from readme import COLUMNS, steps

ROOT = Path(__file__).parents[2]
HOST = "/host"
"""Where the machine finds what it needs of this one, to be read alone."""
REPOSITORY = "/repository"
STARTED = """\
as_guard="setpriv --reuid=sip_guard --regid=sip_guard --clear-groups /opt/sip_guard/bin/sip-guard"
$as_guard run --config /etc/sip_guard/sip_guard.yaml >/tmp/log &
for _ in $(seq 100); do grep -q '"started"' /tmp/log && break; sleep 0.2; done
$as_guard status --config /etc/sip_guard/sip_guard.yaml
kill $!
wait $!
cat /tmp/log
grep -q '"stopped"' /tmp/log
"""
"""What README.md leaves to systemd: the installed guard starts as its user, answers and stops."""


class Machine:
    """A Debian in a folder."""

    def __init__(self, root: Path, suite: str, mirror: str) -> None:
        """Make it: nothing but what is needed to install more, and systemd, which any server has."""
        self._root = root
        self._where = "/root"
        root.chmod(0o755)
        run("debootstrap", "--variant=minbase", "--include=systemd", suite, f"{root}", mirror)
        run("mount", "-t", "proc", "proc", f"{root}/proc")
        settings, variables = host.pip_settings(), host.environment()
        for path in {*host.paths(settings), *host.paths(variables)}:
            self._show(path)
        (root / "etc" / "pip.conf").write_text(host.pip_file(host.moved(settings, HOST)))
        (root / "etc" / "apt" / "apt.conf.d" / "99host").write_text(host.apt_settings())
        for name in ("resolv.conf", "hosts"):
            shutil.copyfile(f"/etc/{name}", root / "etc" / name)
        run("git", "clone", "--quiet", "--no-hardlinks", f"{ROOT}", f"{root}{REPOSITORY}")
        self._environment = {
            **host.moved(variables, HOST),
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "COLUMNS": COLUMNS,
            "DEBIAN_FRONTEND": "noninteractive",
            "REPOSITORY": REPOSITORY,
        }

    def does(self, commands: str) -> str:
        """Run commands where the last ones ended; give what they print, which is shown too. Ends if one fails."""
        text = f"cd {self._where}\n{commands}\npwd >/where\n"
        printed = ""
        with subprocess.Popen(
            ["chroot", f"{self._root}", "bash", "-euo", "pipefail", "-c", text],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        ) as process:
            for line in process.stdout or ():
                sys.stdout.write(f"    {line}")
                sys.stdout.flush()
                printed += line
        if process.returncode:
            sys.exit(f"ended with {process.returncode}: {commands}")
        self._where = (self._root / "where").read_text().strip()
        return printed

    def _show(self, path: Path) -> None:
        # With what is beside it: the pages of an index of files lead there.
        there = Path(f"{self._root}{HOST}{path.parent}")
        if not there.is_mount():
            there.mkdir(parents=True, exist_ok=True)
            run("mount", "--bind", "-o", "ro", f"{path.parent}", f"{there}")


def run(*command: str) -> None:
    """Run a command of this machine, and say nothing unless it fails."""
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout[-2000:]}\nended with {done.returncode}: {' '.join(command)}")


def main() -> None:
    """Make it, follow each step, and say how long each took."""
    options = argparse.ArgumentParser(description="Follow README.md on a clean Debian.")
    options.add_argument("folder", type=Path)
    options.add_argument("--suite", default="stable", help="which Debian: stable (default), bookworm, ...")
    options.add_argument(
        "--mirror", default=host.mirror(), help="where it is had from; default: apt's own of this machine"
    )
    chosen = options.parse_args()
    if not chosen.mirror:
        options.error("apt of this machine takes nothing from a mirror of Debian: name one by --mirror")
    if subprocess.run(["git", "-C", ROOT, "diff", "--quiet", "HEAD"], check=False).returncode:
        sys.stdout.write("What is not committed is not there: the machine gets a clone.\n")
    began = time.monotonic()
    machine = Machine(chosen.folder, chosen.suite, chosen.mirror)
    release = machine.does("cat /etc/debian_version").strip()
    sys.stdout.write(f"Debian {release}: made in {time.monotonic() - began:.0f} s\n")
    for step in steps((ROOT / "README.md").read_text("utf-8")):
        at = time.monotonic()
        sys.stdout.write("".join(f"$ {line}\n" for line in step.commands.splitlines()))
        missing = step.not_printed(machine.does(step.commands))
        if missing:
            sys.exit("README.md shows what was not printed:\n" + "\n".join(missing))
        sys.stdout.write(f"took {time.monotonic() - at:.0f} s, and printed what README.md shows\n")
    machine.does(STARTED)
    sys.stdout.write(f"README.md holds on Debian {release}: {time.monotonic() - began:.0f} s in all\n")


if __name__ == "__main__":
    os.umask(0o022)
    main()
