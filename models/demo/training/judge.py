"""The judged volumes for `voxpoint eval`, and tables of what it measured.

    python judge.py folder --data DATA --out judged          # links; NRRD, which voxpoint eval can't read, becomes NIfTI
    voxpoint eval judged --first random --clicks 1,3,5,10 --out new-random.json   # and centre
    python judge.py table shipped=shipped-random.json new=new-random.json

Only structures of 1 cm3 and more, by modality: CT, MR (the brain atlas apart, as it is most of them), PET; and by size.
"""
import argparse
import json
import os

from real import judged

CLICKS = (1, 3, 5, 10)


def folder(a):
    with open(os.path.join(a.data, "volumes", "labels.json")) as f:
        index = json.load(f)
    os.makedirs(a.out, exist_ok=True)
    for label, entry in index.items():
        if not judged(label):
            continue
        for path in (entry["image"], label):
            src, name = os.path.realpath(os.path.join(a.data, path)), os.path.basename(path)
            if name.endswith(".nii.gz"):
                dst = os.path.join(a.out, name)
                if not os.path.lexists(dst):
                    os.symlink(src, dst)
            else:
                import SimpleITK as sitk
                sitk.WriteImage(sitk.ReadImage(src), os.path.join(a.out, name.split(".")[0] + ".nii.gz"))
        print(label)


def group(case):
    if "colin27" in case:
        return "MR, brain atlas"
    return {"ct": "CT", "pet": "PET"}.get(case.split("_")[0], "MR, other")


def size(ml):
    return next((f"{a} to {b} cm3" for a, b in ((1, 3), (3, 10), (10, 30)) if ml < b), "30 cm3 and more")


def read(path, smallest):
    with open(path) as f:
        report = json.load(f)
    rows = {}
    for s in report["structures"]:
        if s["volume_ml"] >= smallest:
            by = {m["clicks"]: m for m in s["after"]}
            rows[s["case"], s["label"]] = [by[c]["dice"] for c in CLICKS], s["volume_ml"]
    return rows


def table(a):
    runs = {k: read(p, a.smallest) for k, p in (r.split("=", 1) for r in a.runs)}
    both = set.intersection(*(set(r) for r in runs.values()))
    groups = {}
    for key in sorted(both):
        for g in (group(key[0]), "all, " + size(next(iter(runs.values()))[key][1]), "all"):
            groups.setdefault(g, []).append(key)
    print("| set | n | " + " | ".join(runs) + " |\n|---|---|" + "---|" * len(runs))
    order = lambda item: ("all" in item[0], next((int(w) for w in item[0].split() if w.isdigit()), 0), item[0])
    for g, keys in sorted(groups.items(), key=order):
        cells = [" / ".join(f"{sum(r[k][0][i] for k in keys) / len(keys):.2f}" for i in range(len(CLICKS))) for r in runs.values()]
        print(f"| {g} | {len(keys)} | " + " | ".join(cells) + " |")
    # later clicks must not hurt: how often the mask was worse after more clicks, by more than a hundredth
    for name, r in runs.items():
        worse = [r[k][0][i + 1] < r[k][0][i] - 0.01 for k in both for i in range(len(CLICKS) - 1)]
        print(f"{name}: worse after more clicks {100 * sum(worse) / len(worse):.1f} %")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    sub = ap.add_subparsers(dest="what", required=True)
    p = sub.add_parser("folder")
    p.add_argument("--data", required=True)
    p.add_argument("--out", required=True)
    p = sub.add_parser("table")
    p.add_argument("runs", nargs="+", metavar="NAME=JSON")
    p.add_argument("--smallest", type=float, default=1.0, help="cm3")
    args = ap.parse_args()
    (folder if args.what == "folder" else table)(args)
