"""Converts scans and label maps with `voxpoint convert` and reads what was written with SimpleITK, nibabel and pynrrd.

    convert_back.py PROGRAM

Values must be those that nibabel reads in the source (exactly where whole numbers are written, else as near as float32 is),
places those that `voxpoint info` says of it, tables of labels those that the programs they are for read (nibabel, csv).
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import nibabel
import nrrd
import numpy as np
import SimpleITK as sitk

TESTS = pathlib.Path(__file__).parent.parent
SOURCES = TESTS / "nifti"
ENDINGS = ["nii", "nii.gz", "nrrd", "mha", "mhd", "mgz"]


def with_time(values):
    values = values.reshape(*values.shape, *[1] * (3 - values.ndim)) if values.ndim < 3 else values
    return values.reshape(*values.shape[:3], -1).astype(float)


def by_nibabel(path):
    image = nibabel.load(path)
    return with_time(np.asanyarray(image.dataobj)), image.affine


def by_itk(path):
    image = sitk.ReadImage(path)
    values = sitk.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() > 1:
        # It takes the list of an NRRD for the components of a voxel.
        values = values.transpose(2, 1, 0, 3)
    else:
        values = values.transpose(range(values.ndim)[::-1])
    n = image.GetDimension()
    affine = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(n, n)[:3, :3]
    affine[:3, :3] = directions * np.array(image.GetSpacing())[:3]
    affine[:3, 3] = image.GetOrigin()[:3]
    return with_time(values), np.diag([-1, -1, 1, 1]) @ affine


def is_whole(path):
    """Whether whole numbers stand in a file, and are the values: nothing may be lost then."""
    image = nibabel.load(path)
    slope, inter = image.dataobj.slope, image.dataobj.inter
    return image.get_data_dtype().kind in "iu" and float(slope).is_integer() and float(inter).is_integer()


def convert(program, *arguments):
    return subprocess.run([program, "convert", *arguments, "--force"], capture_output=True, text=True)


def images(program, folder, wrong):
    compared = 0
    for source in sorted(SOURCES.glob("*.nii*")):
        if source.name.startswith("bad_"):
            continue
        said = nibabel.load(source)
        if said.get_data_dtype().kind in "cV":
            continue
        info = subprocess.run([program, "info", source, "--json"], capture_output=True, text=True, check=True)
        place = np.array(json.loads(info.stdout)["world_from_voxel"])
        meant, _ = by_nibabel(source)
        # 64-bit numbers beyond 2^53 become doubles, here as there.
        exact = is_whole(source) and np.abs(meant).max() < 2**24
        for ending in ENDINGS:
            out = f"{folder}/out.{ending}"
            run = convert(program, source, out, "--as", "image")
            if run.returncode:
                # A format may have no place for it, and says so.
                print(f"{source.name} as {ending}: {run.stderr.strip()}")
                continue
            found, affine = (by_itk if ending in ("nrrd", "mha", "mhd") else by_nibabel)(out)
            same = found.shape == meant.shape
            if same and exact:
                same = np.array_equal(found, meant)
            elif same:
                same = np.allclose(found, meant, rtol=1e-6, atol=1e-6, equal_nan=True)
            compared += 1
            if not same or np.abs(affine - place).max() > 1e-3:
                wrong.append(f"{source.name} as {ending}: values {'as' if same else 'not as'} they were, "
                             f"{np.abs(affine - place).max():.3g} mm apart")
    return compared


NAMES = {1: ("Left kidney", (230, 25, 75)), 2: ("Leber, rechts", (60, 180, 75)), 7: ("肝", (0, 130, 200))}


def map_with_names(folder):
    """A label map of other programs, with ITK-SNAP's table beside it."""
    rng = np.random.default_rng(7)
    voxels = rng.choice([0, 1, 2, 7], (6, 5, 4)).astype(np.uint8)
    affine = np.array([[-1.5, 0, 0, 20], [0, -1.25, 0, 30], [0, 0, 2, -40], [0, 0, 0, 1]])
    nibabel.save(nibabel.Nifti1Image(voxels, affine), f"{folder}/m.nii.gz")
    lines = [f'{n} {r} {g} {b} 1 1 1 "{name}"\n' for n, (name, (r, g, b)) in NAMES.items()]
    pathlib.Path(folder, "m.labels.txt").write_text("".join(lines), encoding="utf-8")
    return voxels, affine


def segments(program, folder, wrong):
    """A .seg.nrrd, read by pynrrd and SimpleITK."""
    voxels, affine = map_with_names(folder)
    out = f"{folder}/m.seg.nrrd"
    run = convert(program, f"{folder}/m.nii.gz", out, "--as", "labels")
    if run.returncode:
        wrong.append(f"m.seg.nrrd: {run.stderr.strip()}")
        return 0
    data, header = nrrd.read(out)
    found, place = by_itk(out)
    lps = np.diag([-1, -1, 1, 1]) @ affine
    for what, same in [
        ("voxels by pynrrd", np.array_equal(data, voxels)),
        ("voxels by SimpleITK", np.array_equal(found[..., 0], voxels)),
        ("place by SimpleITK", np.abs(place - affine).max() < 1e-4),
        ("place by pynrrd", np.abs(header["space directions"].T - lps[:3, :3]).max() < 1e-4),
        ("origin by pynrrd", np.abs(header["space origin"] - lps[:3, 3]).max() < 1e-4),
    ]:
        if not same:
            wrong.append(f"m.seg.nrrd: {what}")
    count = sum(key.endswith("_LabelValue") for key in header)
    numbers = {int(header[f"Segment{i}_LabelValue"]): i for i in range(count)}
    for n, (name, colour) in NAMES.items():
        i = numbers.get(n)
        # pynrrd leaves out of a header what is not ASCII.
        ascii_name = name.encode("ascii", "ignore").decode()
        found = i is not None and (
            header[f"Segment{i}_Name"],
            tuple(round(255 * float(c)) for c in header[f"Segment{i}_Color"].split()),
        )
        if found != (ascii_name, colour):
            wrong.append(f"m.seg.nrrd: label {n} is {found}")
    return 2


def tables(program, folder, wrong):
    """Tables beside a label map, read as the programs that they are for read them."""
    map_with_names(folder)
    arguments = (f"{folder}/m.nii.gz", f"{folder}/t.nii.gz", "--as", "labels", "--tables", "slicer,freesurfer,bids")
    run = convert(program, *arguments)
    if run.returncode:
        wrong.append(f"tables: {run.stderr.strip()}")
        return 0
    near = [path for path in pathlib.Path(folder).iterdir() if path.name.startswith("t")]
    by_ending = lambda end: next((path for path in near if path.name.endswith(end)), None)
    slicer, freesurfer, bids = by_ending(".ctbl"), by_ending("_LUT.txt"), by_ending(".tsv")
    if not (slicer and freesurfer and bids):
        wrong.append(f"tables: there are {[path.name for path in near]}")
        return 0
    # FreeSurfer's: nibabel has no reader of it, NumPy reads its columns.
    lut = {}
    for line in freesurfer.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            number, *name, r, g, b, a = line.split()
            lut[int(number)] = (" ".join(name).replace("_", " "), tuple(map(int, (r, g, b))))
    for n, (name, colour) in NAMES.items():
        if lut.get(n) is None or lut[n][1] != colour or lut[n][0].replace(",", "") != name.replace(",", ""):
            wrong.append(f"{freesurfer.name}: label {n} is {lut.get(n)}")
    with open(bids, encoding="utf-8", newline="") as file:
        rows = {int(row["index"]): row for row in csv.DictReader(file, delimiter="\t")}
    for n, (name, colour) in NAMES.items():
        row = rows.get(n, {})
        if row.get("name") != name or row.get("color", "").lower() != "#{:02x}{:02x}{:02x}".format(*colour):
            wrong.append(f"{bids.name}: label {n} is {row}")
    # 3D Slicer's: number, name without blanks, red, green, blue, alpha.
    colours = {}
    for line in slicer.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            number, name, r, g, b, a = line.split()
            colours[int(number)] = (name, tuple(map(int, (r, g, b))))
    for n, (name, colour) in NAMES.items():
        if colours.get(n, (None, None))[1] != colour:
            wrong.append(f"{slicer.name}: label {n} is {colours.get(n)}")
    return 3


def main():
    program, wrong = sys.argv[1], []
    with tempfile.TemporaryDirectory() as folder:
        compared = images(program, folder, wrong)
    for check in (segments, tables):
        with tempfile.TemporaryDirectory() as folder:
            compared += check(program, folder, wrong)
    print("\n".join(wrong))
    print(f"{compared} converted files read by SimpleITK, nibabel and pynrrd, {len(wrong)} faults")
    return 1 if wrong or compared < 120 else 0


if __name__ == "__main__":
    sys.exit(main())
