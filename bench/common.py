"""What the benchmarks share: a lab of their own that is always taken down, commands that end with them, the programs
under test, and how a result is written.

A benchmark ends in one of two ways: its main returns, or a signal raises SystemExit in it. On both ways the `with`
blocks take down what they put up. While that happens further signals are ignored: all of it is bounded.
"""
import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent
COMMAND_S = 600  # no single command of a benchmark takes longer
BUSY_SHARE_MAX = 0.25


class Failure(Exception):
    """A sentence for the user; the benchmark has no result."""


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- processes ----

def interrupted(number, _frame):
    raise SystemExit(128 + number)


def end(process, patience_s=60):
    """SIGTERM first: what a lab command began, it also clears away."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(command, check=True, timeout=COMMAND_S, **options):
    """Runs to the end and returns what it wrote; when this process is told to end, so is the command."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True, **options}
    command = [str(word) for word in command]
    process = subprocess.Popen(command, **options)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end(process)
        raise Failure(f"{' '.join(command[:3])} took longer than {timeout} s") from None
    except BaseException:
        end(process)
        raise
    if check and process.returncode:
        raise Failure(f"{' '.join(command[:4])} ended with {process.returncode}: {(err or out or '').strip()[-2000:]}")
    return subprocess.CompletedProcess(command, process.returncode, out, err)


# ---- the lab ----

class Lab:
    """A lab of its own name; `tree` is where lab/ lies."""

    def __init__(self, name, tree=TREE):
        self.name = name
        self.tree = pathlib.Path(tree)
        self.folder = pathlib.Path(os.environ.get("HEADROOM_LAB", "/var/tmp/headroom-lab")) / name
        self.socket = self.folder / "n1" / "docker.sock"

    def command(self, program, *words):
        return [str(self.tree / "lab" / program), "--name", self.name, *map(str, words)]

    def on_node(self, *words):
        return self.command("exec", "n1", *words)

    @contextlib.contextmanager
    def up(self, program, *words, **environment):
        try:
            run(self.command("down"))  # what a run that was killed has left
            run(self.command(program, *words), env={**os.environ, **environment})
            yield self
        finally:
            with deaf():
                left = run(self.command("down"), check=False)
            if left.returncode:
                say(f"the lab '{self.name}' is not down: {left.stderr.strip()}")

    def environment(self):
        """For programs that are to find the lab's engine, and nothing of the machine's."""
        mine = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "HEADROOM_"))}
        binaries = (self.folder / "conf").read_text(encoding="utf-8").split("bin=")[1].split("\n")[0]
        return {**mine, "DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": str(self.folder / "docker-config"),
                "PATH": f"{binaries}:{os.environ['PATH']}"}

    def engine_version(self):
        return run(["docker", "version", "--format", "{{.Server.Version}} (API {{.Server.APIVersion}})"],
                   env=self.environment()).stdout.strip()


@contextlib.contextmanager
def deaf():
    kept = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def alone(name):
    """Two runs would take down each other's lab, so the second is refused."""
    path = pathlib.Path(tempfile.gettempdir()) / f"headroom-{name}.lock"
    with open(path, "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(f"another benchmark runs in the lab '{name}'; take another with --name") from None
        yield


# ---- what is measured ----

def built(target):
    """An optimised build beside the developer's own; a compiler's further warnings at -O3 are no reason not to measure."""
    folder = TREE / "build" / "release"
    if not (folder / "build.ninja").exists():
        run(["meson", "setup", "--buildtype=release", "-Dwerror=false", folder, TREE])
    run(["ninja", "-C", folder, target])
    return folder / target


def headroom_built():
    return built("src/cli/headroom")


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0]}


def commit():
    """The commit that was measured, marked when the tree had changes of its own."""
    try:
        name = run(["git", "-C", TREE, "rev-parse", "--short=10", "HEAD"]).stdout.strip()
        changed = run(["git", "-C", TREE, "status", "--porcelain", "-uno", "--", "src", "bench", "lab"]).stdout.strip()
        return name + ("+changes" if changed else "")
    except (Failure, OSError):
        return "unknown"


def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}


# ---- results ----

def text_table(header, rows):
    """The first column is text, the others are figures; a last one without a header is a remark."""
    cells = [header] + [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    left = {0} if header[-1] else {0, len(header) - 1}
    return "\n".join("  ".join(c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip()
                     for row in cells)


def write_json(path, result):
    with open(path, "w", encoding="ascii") as f:
        json.dump(result, f, indent=2)
        f.write("\n")


def command_line():
    """This command without what only says where things lie."""
    words, rest = [], iter(sys.argv[1:])
    for word in rest:
        if word in ("--json", "--headroom", "--name", "--calm-seconds"):
            next(rest, None)
        else:
            words.append(word)
    return " ".join([f"bench/{pathlib.Path(sys.argv[0]).name}", *words])


def record(name, what, result, text):
    """docs/results/DATE-NAME.md, and the JSON beside it."""
    folder = TREE / "docs" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{datetime.date.today().isoformat()}-{name}"
    (folder / f"{stem}.md").write_text(f"# {what}\n\n`{command_line()}` at commit {result['commit']}\n\n```\n{text}\n```\n",
                                       encoding="utf-8")
    write_json(folder / f"{stem}.json", result)
    say(f"recorded in docs/results/{stem}.md")


def add_options(parser, lab_name=None):
    """Without a lab of its own a benchmark needs no name for it, and no root."""
    parser.add_argument("--json", metavar="FILE", help="write all figures there too")
    parser.add_argument("--record", action="store_true", help="write the result to docs/results/")
    if lab_name:
        parser.add_argument("--name", default=lab_name, help="of the lab that is made and taken down (%(default)s)")
    parser.add_argument("--headroom", metavar="FILE", help="this program instead of an optimised build of the tree")
    parser.add_argument("--calm-seconds", type=float, default=0, metavar="S",
                        help="wait up to S seconds for the machine's other work to end before measuring")


def start(parser):
    """Parses, and makes signals end the benchmark in order."""
    args = parser.parse_args()
    lab = hasattr(args, "name")
    if lab and os.geteuid() != 0:
        raise Failure("a lab needs root")
    needed = ("curl", "meson", "ninja", *(("jq", "ip", "nsenter") if lab else ()))
    missing = [p for p in needed if not shutil.which(p)]
    if missing:
        raise Failure(f"not installed: {', '.join(missing)}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    return args


def keep(args, name, what, result, text):
    if args.json:
        write_json(args.json, result)
    if args.record:
        record(name, what, result, text)


def busy_share(seconds):
    def ticks():
        with open("/proc/stat", encoding="ascii") as f:
            fields = [int(n) for n in f.readline().split()[1:9]]
        return sum(fields), fields[3] + fields[4]
    total, idle = ticks()
    time.sleep(seconds)
    total_after, idle_after = ticks()
    return 1 - (idle_after - idle) / max(1, total_after - total)


def calm(limit_s):
    """Waits until the CPUs are mostly idle; on a machine that never is, no longer than asked for."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s and busy_share(3) > BUSY_SHARE_MAX:
        pass


def main(body):
    try:
        sys.exit(body())
    except (Failure, OSError) as failure:
        say(f"bench/{pathlib.Path(sys.argv[0]).name}: {failure}")
        sys.exit(2)
