"""Has each example of examples/batch do a small table: killed once, then with a row that fails, then with all; and two
shares with rows in common at the same time. Run by scripts/test-batch.

    examples.py VOXPOINT WORK_FOLDER"""

import importlib.util
import json
import os
import pathlib
import shlex
import signal
import struct
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
EXAMPLES = TOP / "examples/batch"
SIDE = 24
ROWS = 45
SHARES = 3
# Its scan is not there at first.
GONE = 7


def scan(path):
    """A bright block in a NIfTI file, voxels of 1.5 mm."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, SIDE, SIDE, SIDE, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 1.5, 1.5, 1.5, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<f", header, 112, 1)
    struct.pack_into("<2h", header, 252, 0, 1)
    struct.pack_into("<12f", header, 280, 1.5, 0, 0, 0, 0, 1.5, 0, 0, 0, 0, 1.5, 0)
    header[344:348] = b"n+1\0"
    of = range(SIDE)
    inside = [range(3, 10), range(5, 18), range(6, 19)]
    is_inside = lambda voxel: all(map(range.__contains__, inside, voxel))
    values = [1000 + x if is_inside((x, y, z)) else 20 + z for z in of for y in of for x in of]
    path.write_bytes(bytes(header) + struct.pack(f"<{len(values)}h", *values))


class Place:
    """A folder with a table, scans, and a program that has the tiny model as its own."""

    def __init__(self, folder, voxpoint):
        self.folder = folder
        (folder / "pids").mkdir(parents=True)
        scan(folder / "a.nii")
        self.table = folder / "jobs.csv"
        names = ["a.nii"] * ROWS
        names[GONE] = "gone.nii"
        rows = [f'{name},"{4 + n % 5},11,12",voxel,masks/{n}.nii' for n, name in enumerate(names)]
        self.table.write_text("\n".join(["image,points,space,out", *rows, ""]))
        self.program = folder / "voxpoint"
        model = TOP / "tests/data/models/tiny"
        self.program.write_text(
            f'#!/bin/sh\necho "$*" >{shlex.quote(str(folder))}/pids/$$\n'
            f'exec {shlex.quote(voxpoint)} "$@" --model {shlex.quote(str(model))} --device cpu\n'
        )
        self.program.chmod(0o755)

    def line(self, n):
        """The line of the table in which a row stands."""
        return n + 2

    def masks(self):
        """When each label map was written."""
        masks = self.folder.glob("masks/*.nii")
        return {int(mask.stem): mask.stat().st_mtime_ns for mask in masks}

    def kept(self, share=None):
        """The rows in the journals, or in that of one share."""
        name = "jobs.csv*.journal" if share is None else f"jobs.csv.{share.replace('/', '-of-')}.journal"
        keys = [json.loads(line) for file in self.folder.glob(name) for line in whole_lines(file)]
        return sorted(int(pathlib.Path(key["result"]["out"]).stem) for key in keys)

    def kill_one(self, run):
        """Kills a program that has done a row and is not through. Which share that was."""
        for _ in range(12_000):
            for file in self.folder.glob("pids/*"):
                words = file.read_text().split()
                share = words[words.index("--shard") + 1] if "--shard" in words else None
                if share and 0 < len(self.kept(share)) < ROWS // SHARES - 3:
                    os.kill(int(file.name), signal.SIGKILL)
                    return share
            assert run.poll() is None, "it ended before anything was killed"
            time.sleep(0.005)
        sys.exit("nothing was done in a minute")


def whole_lines(path):
    return [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def start(command, place, **more):
    environment = {**os.environ, "VOXPOINT": str(place.program), "XDG_CACHE_HOME": str(place.folder / "cache"), **more}
    out, said = [open(place.folder / name, "w") for name in ("out.txt", "said.txt")]
    return subprocess.Popen(
        [str(part) for part in command], cwd=place.folder, env=environment, stdout=out, stderr=said
    )


def end(run, place):
    """Waits for the end: its code, what it told, and what it said."""
    code = run.wait(240)
    return code, *[(place.folder / name).read_text() for name in ("out.txt", "said.txt")]


def check(name, command, lines_of, place):
    """Killed, with a row that fails, and with all."""
    run = start(command, place)
    share = place.kill_one(run)
    code, *said = end(run, place)
    assert code != 0, (name, "a share was killed", said)
    before, masks = place.kept(), place.masks()
    assert len(before) == len(set(before)) < ROWS - 1, (name, before)

    code, *said = end(start(command, place), place)
    assert code != 0, (name, "a row can't be done", said)
    named = f"line {place.line(GONE)}" if name == "snakemake" else "could not be done"
    assert named in said[1] or named in said[0], (name, said)
    now = place.masks()
    assert sorted(now) == [n for n in range(ROWS) if n != GONE], (name, sorted(now))
    again = [n for n in before if now[n] != masks[n]]
    assert not again, (name, "rows that were done were done again", again)
    if name != "snakemake":
        failed = [line for line in lines_of(place) if line["state"] == "failed"]
        assert [line["row"] for line in failed] == [place.line(GONE)] and "gone.nii" in failed[0]["error"], failed

    scan(place.folder / "gone.nii")
    code, *said = end(start(command, place), place)
    assert code == 0, (name, said)
    lines = sorted(lines_of(place), key=lambda line: line["row"])
    assert [line["row"] for line in lines] == [place.line(n) for n in range(ROWS)], (name, lines)
    assert all(line["state"] in ("done", "earlier") for line in lines), (name, lines)
    assert place.kept() == list(range(ROWS)), name
    print(
        f"{name}: {ROWS} rows in {SHARES} shares; {share} was killed, {len(before)} rows were done by then, none was done "
        "twice, one failed until its scan was there"
    )


def told(place):
    return [json.loads(line) for line in whole_lines(place.folder / "out.txt")]


def slurm(place):
    """Three jobs of an array that begins at 5, without Slurm."""
    script = (
        "codes=0; pids=(); for n in 5 6 7; do SLURM_ARRAY_TASK_ID=$n bash "
        f'{shlex.quote(str(EXAMPLES / "slurm.sh"))} "$1" & pids+=($!); done; '
        'for pid in "${pids[@]}"; do wait "$pid" || codes=1; done; exit $codes'
    )
    return ["env", *slurm_says(5), "bash", "-c", script, "slurm", place.table]


def slurm_says(first):
    told = {"ARRAY_JOB_ID": 77, "ARRAY_TASK_MIN": first, "ARRAY_TASK_COUNT": SHARES, "CPUS_PER_TASK": 1}
    return [f"SLURM_{name}={value}" for name, value in told.items()]


def slurm_lines(place):
    files = [place.folder / f"jobs.csv.{n}-of-{SHARES}.jsonl" for n in range(1, SHARES + 1)]
    return [json.loads(line) for file in files for line in whole_lines(file)]


def check_time_limit(place):
    """Slurm warns a job before its time is over: it queues itself again, or says what to do."""
    scan(place.folder / "gone.nii")
    tools = place.folder / "tools"
    tools.mkdir()
    job = ["env", *slurm_says(1), "SLURM_ARRAY_TASK_ID=2", f"PATH={tools}:{os.environ['PATH']}"]
    job += ["bash", EXAMPLES / "slurm.sh", place.table]
    for code, count in [(0, 0), (1, 0), (0, 20)]:
        (tools / "scontrol").write_text(f'#!/bin/sh\necho "$*" >>{tools}/queue\nexit {code}\n')
        (tools / "scontrol").chmod(0o755)
        (tools / "queue").write_text("")
        had = len(place.kept())
        run = start(job, place, SLURM_RESTART_COUNT=str(count))
        while len(place.kept()) <= had:
            assert run.poll() is None, "it ended before it was warned"
            time.sleep(0.005)
        os.kill(run.pid, signal.SIGUSR1)
        ended, _, said = end(run, place)
        asked = (tools / "queue").read_text().split("\n")[:-1]
        assert asked == ([] if count else ["requeue 77_2"]), asked
        again = code == 0 and count == 0
        assert ended == (0 if again else 1), (ended, said)
        assert ("when Slurm starts it again" if again else "the same sbatch again goes on") in said, said
        kept = place.kept()
        assert had < len(kept) == len(set(kept)) < ROWS // SHARES, kept
    ended, *said = end(start(job, place), place)
    assert ended == 0 and place.kept() == [n for n in range(ROWS) if n % SHARES == 1], (said, place.kept())
    print("slurm, time limit: warned three times, the job went on where it was, no row twice")


def check_overlap(place):
    """Shares of other numbers at the same time."""
    scan(place.folder / "gone.nii")
    lines, notes = [], 0
    shares = ["2/3", "2/2"]
    runs = []
    for share in shares:
        name = share.replace("/", "-")
        out, said = [open(place.folder / f"{name}.{kind}", "w") for kind in ("out", "said")]
        runs.append(
            subprocess.Popen(
                [place.program, "batch", place.table, "--shard", share, "--threads", "1"], stdout=out, stderr=said
            )
        )
    assert [run.wait(240) for run in runs] == [0, 0]
    for share in shares:
        name = share.replace("/", "-")
        lines.append([json.loads(line) for line in whole_lines(place.folder / f"{name}.out")])
        notes += "is at work, too" in (place.folder / f"{name}.said").read_text()
    for share, found in zip(shares, lines):
        number, of = map(int, share.split("/"))
        wanted = [place.line(n) for n in range(ROWS) if n % of == number - 1]
        assert sorted(line["row"] for line in found) == wanted, (share, found)
        assert all(line["state"] in ("done", "earlier") for line in found), (share, found)
    done = [line["row"] for found in lines for line in found if line["state"] == "done"]
    twice = len(done) - len(set(done))
    common = [n for n in range(ROWS) if n % 3 == 1 and n % 2 == 1]
    assert notes > 0, "nobody said that another share is at work"
    assert twice < len(common), (twice, common)
    made = {n: (place.folder / f"masks/{n}.nii").read_bytes() for n in place.masks()}
    assert sorted(made) == sorted({n for n in range(ROWS) if n % 3 == 1 or n % 2 == 1})
    run = subprocess.run([place.program, "batch", place.table, "--threads", "1"], capture_output=True, text=True)
    states = [json.loads(line)["state"] for line in run.stdout.splitlines()]
    assert run.returncode == 0 and states.count("earlier") == len(made) and len(states) == ROWS, run
    # Alone it is the same.
    for n in made:
        (place.folder / f"masks/{n}.nii").unlink()
    alone = [place.program, "batch", place.table, "--threads", "1", "--resume", place.folder / "alone.journal"]
    subprocess.run([*alone, "--force"], check=True, capture_output=True)
    assert all((place.folder / f"masks/{n}.nii").read_bytes() == mask for n, mask in made.items())
    print(f"2/3 beside 2/2: {len(common)} rows in common, {twice} of them done by both, {notes} said so, none lost")


def main():
    voxpoint, work = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    has = lambda module: importlib.util.find_spec(module) is not None
    check("slurm", slurm(place := Place(work / "slurm", voxpoint)), slurm_lines, place)
    check_time_limit(Place(work / "limit", voxpoint))
    check_overlap(Place(work / "overlap", voxpoint))

    place = Place(work / "snakemake", voxpoint)
    settings = ["table=jobs.csv", f"shares={SHARES}", f"voxpoint={place.program}"]
    snake = [sys.executable, "-m", "snakemake", "--snakefile", EXAMPLES / "Snakefile", "--cores", "3", "--config"]
    results = lambda place: [json.loads(line) for line in whole_lines(place.folder / "jobs.csv.results.jsonl")]
    places = [("snakemake", "snakemake", [*snake, *settings], results, place)]
    for name, module in [("dask", "distributed"), ("ray", "ray")]:
        place = Place(work / name, voxpoint)
        command = [sys.executable, EXAMPLES / f"{name}_batch.py", place.table, "--shares", SHARES, "--threads", 1]
        places.append((name, module, [*command, "--voxpoint", place.program], told, place))
    for name, module, command, lines_of, place in places:
        if has(module):
            check(name, command, lines_of, place)
        else:
            print(f"{name} can't be had here; its example was not run", file=sys.stderr)


main()
