"""The report of `voxpoint compare --html` in a browser: drawn without errors and without a network, sorted, found, plotted.

    pip install numpy nibabel scikit-image
    python check_report.py PROGRAM [SCREENSHOT.png]

Needs Chromium (chromium, chromium-browser or google-chrome, or the one that CHROMIUM names); without one it says so and
passes. Makes two folders of label maps, one pair of which can't be compared, and looks at the page as it is and after its
controls were used. That an error in a page is noticed is tried first.
"""
import csv
import html.parser
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import nibabel
import numpy as np
from skimage import io as pictures

NAMES = {1: "Liver <b>&</b> “lobe”", 4: "脾"}
METRICS = 17


def browser():
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return named or next((path for path in found if path), None)


def opened(program, page, folder, *more):
    """(what it printed, what its console said)"""
    line = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,2400",
            f"--user-data-dir={folder}/profile", "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=4000",
            "--enable-logging=stderr", *more, pathlib.Path(page).as_uri()]
    run = subprocess.run(line, capture_output=True, timeout=120)
    said = run.stderr.decode(errors="replace").splitlines()
    assert run.returncode == 0, said[-5:]
    return run.stdout.decode(), [text for text in said if "CONSOLE" in text]


class Page(html.parser.HTMLParser):
    """The cells of the tables, the shapes of the plots, and what stands where."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.shapes, self.texts = {}, {}, []
        self.table = self.place = self.cell = None
        self.skips = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.skips = tag in ("script", "style")
        if tag == "table":
            self.table = attributes["id"]
            self.rows[self.table] = []
        elif tag == "div" and "id" in attributes:
            self.place = attributes["id"]
        elif tag == "tr" and self.table:
            self.rows[self.table].append([])
        elif tag == "td":
            self.cell = ""
        elif tag in ("circle", "rect", "line"):
            counts = self.shapes.setdefault(self.place, {})
            counts[tag] = counts.get(tag, 0) + 1
            assert not any("NaN" in str(value) for value in attributes.values()), attributes

    def handle_endtag(self, tag):
        self.skips = False
        if tag == "td":
            self.rows[self.table][-1].append(self.cell)
            self.cell = None
        elif tag == "table":
            self.table = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data
        elif not self.skips:
            self.texts.append(data)


def label_maps(folder):
    rng = np.random.default_rng(7)
    affine = np.diag([-1.5, -1.5, 2.0, 1.0])
    places = np.indices((30, 28, 20)).reshape(3, -1).T
    for side, name in enumerate("ab"):
        os.mkdir(os.path.join(folder, name))
        for case in range(6):
            labels = np.zeros(len(places), np.uint8)
            for value, middle in ((1, (9, 10, 9)), (4, (21, 18, 11))):
                off = side * rng.uniform(-1.5, 1.5, 3)
                radius = 5 + 0.3 * case + side * rng.uniform(-0.5, 0.5)
                labels[np.linalg.norm((places - middle - off) * [1, 1, 1.3], axis=1) < radius] = value
            if side and case == 2:
                # What only one map has: distances that are not defined.
                labels[labels == 4] = 0
            file = os.path.join(folder, name, f"case {case} <i>")
            nibabel.save(nibabel.Nifti1Image(labels.reshape(30, 28, 20), affine), file + ".nii.gz")
            with open(file + ".labels.txt", "w", encoding="utf-8") as table:
                table.writelines(f'{value} 255 0 0 1 1 1 "{text}"\n' for value, text in NAMES.items())
        with open(os.path.join(folder, name, "broken.nii"), "wb") as broken:
            broken.write(b"no header")


def checked(program, page, rows, screenshot):
    with tempfile.TemporaryDirectory() as folder:
        text = pathlib.Path(page).read_text(encoding="utf-8")
        bad = os.path.join(folder, "bad.html")
        pathlib.Path(bad).write_text(text + '<script>throw new Error("on purpose")</script>', encoding="utf-8")
        assert any("on purpose" in line for line in opened(program, bad, folder, "--dump-dom")[1]), "errors are not noticed"

        shown, errors = opened(program, page, folder, "--dump-dom")
        assert not errors, errors
        found = Page(shown)
        cells = [row for row in found.rows["rows"] if row]
        assert len(cells) == len(rows) == 12, len(cells)
        for cell, row in zip(cells, rows):
            assert cell[:3] == [row["case"], row["label"], row["name"]], (cell, row)
            assert abs(float(cell[3]) - float(row["dice"])) < 1e-4, (cell, row)
            assert (cell[6] == "–") == (row["hd_mm"] == ""), (cell, row)
        assert len([row for row in found.rows["summary"] if row]) == 2
        assert found.shapes["boxes"]["circle"] == 12 and found.shapes["boxes"]["rect"] == 2
        assert found.shapes["bland"]["circle"] == 11, "one label is in one map only"
        assert any("broken" in text for text in found.texts)

        # Sorted by Dice, upwards, then downwards; found by a name; every number plotted; one label alone.
        used = os.path.join(folder, "used.html")
        for presses, more in ((1, ""), (2, ""), (1, '$("find").value = "脾"; redraw();')):
            script = (f'const head = [...document.querySelectorAll("#rows th button")].find(b => b.textContent === "Dice");'
                      f'for (let n = 0; n < {presses}; n++) head.click(); {more}'
                      'const drawn = [...$("metric").options].map(o => { $("metric").value = o.value; boxes();'
                      ' return $("boxes").querySelectorAll("circle").length; });'
                      '$("which").selectedIndex = 1; bland(); document.title = drawn.join(" ");')
            pathlib.Path(used).write_text(text + f"<script>{script}</script>", encoding="utf-8")
            shown, errors = opened(program, used, folder, "--dump-dom")
            assert not errors, errors
            found = Page(shown)
            cells = [row for row in found.rows["rows"] if row]
            dice = [float(row[3]) for row in cells]
            assert dice == sorted(dice, reverse=presses == 2), dice
            assert len(cells) == (6 if more else 12) and (not more or {row[2] for row in cells} == {"脾"})
            title = shown.split("<title>")[1].split("</title>")[0].split()
            assert len(title) == METRICS and all(int(count) > 0 for count in title), title
            assert found.shapes["bland"]["circle"] == 6

        picture = screenshot or os.path.join(folder, "page.png")
        opened(program, page, folder, f"--screenshot={picture}")
        pixels = pictures.imread(picture)[..., :3].astype(int)
        # Points and boxes, and the lines of the means.
        blue, red = ((pixels[..., a] - pixels[..., b] > 60).sum() for a, b in ((2, 0), (0, 2)))
        assert pixels.shape[1] == 1280 and blue > 500 and red > 500, (pixels.shape, blue, red)
        print(f"the report is drawn, sorted and searched without errors; {blue + red} pixels of plots")


def main():
    voxpoint = sys.argv[1]
    program = browser()
    if program is None:
        print("no Chromium here: the report was not looked at")
        return
    with tempfile.TemporaryDirectory() as folder:
        label_maps(folder)
        page, table = os.path.join(folder, "report.html"), os.path.join(folder, "report.csv")
        line = [voxpoint, "compare", os.path.join(folder, "a"), os.path.join(folder, "b"), "--html", page, "--csv", table]
        # One pair can't be compared.
        run = subprocess.run(line, capture_output=True, text=True)
        assert run.returncode == 1 and "broken" in run.stderr, run.stderr
        with open(table, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        checked(program, page, rows, sys.argv[2] if len(sys.argv) > 2 else None)


if __name__ == "__main__":
    main()
