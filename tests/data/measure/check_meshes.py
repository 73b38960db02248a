"""Meshes of a label map as trimesh reads them: closed, as large as the voxels, where these are, and how far away.

    pip install trimesh==5.2.0 numpy nibabel scipy rtree
    python check_meshes.py PROGRAM [LABELS.nii.gz]

Without a label map it makes one: three lobed organs in a turned grid. Writes every format in both spaces into a temporary folder and prints one line for each mesh. Fails where a mesh is not
closed, its volume is off by more than 1 %, or its middle by more than 0.1 mm, in glTF also as its node places it.
"""
import json
import os
import subprocess
import sys
import tempfile

import nibabel
import numpy as np
import trimesh
from scipy.spatial.transform import Rotation


def organs(folder):
    """where a label map of three lobed organs with names lies: voxels of 0.9 x 0.8 x 2 mm, turned, the second on the left"""
    turn = Rotation.from_euler("xyz", [8, -13, 20], degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([-0.9, 0.8, 2.0])
    affine[:3, 3] = [140.0, -90.0, 700.0]
    places = np.indices((120, 110, 48)).reshape(3, -1).T * [0.9, 0.8, 2.0]
    labels = np.zeros(len(places), np.uint8)
    for value, middle, axes in [(2, (26, 28, 30), (15, 19, 21)), (3, (82, 30, 60), (17, 14, 24)), (7, (52, 66, 48), (24, 15, 20))]:
        away = (places - middle) / axes
        lobes = 1 + 0.12 * np.sin(4 * np.arctan2(away[:, 1], away[:, 0])) * np.cos(3 * away[:, 2])
        labels[np.linalg.norm(away, axis=1) < lobes] = value
    path = os.path.join(folder, "organs.nii.gz")
    nibabel.save(nibabel.Nifti1Image(labels.reshape(120, 110, 48), affine), path)
    with open(os.path.join(folder, "organs.labels.txt"), "w") as table:
        table.write('2 255 0 0 1 1 1 "Right kidney"\n3 0 255 0 1 1 1 "Left kidney"\n7 0 0 255 1 1 1 "Liver"\n')
    return path


def main():
    program = sys.argv[1]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        labels = sys.argv[2] if len(sys.argv) > 2 else organs(folder)
        image = nibabel.load(labels)
        voxels, affine = np.asanyarray(image.dataobj), image.affine
        for space in ("ras", "lps"):
            flip = np.array([1, 1, 1] if space == "ras" else [-1, -1, 1])
            for ending in ("stl", "ply", "obj", "glb"):
                out = os.path.join(folder, f"{space}.{ending}")
                line = [program, "mesh", labels, "--out", out, "--space", space, "--json"]
                report = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
                read = {}
                for row in report["meshes"]:
                    if row["file"] not in read:
                        read[row["file"]] = trimesh.load(row["file"], process=ending == "stl", split_objects=True)
                    scene = read[row["file"]]
                    if isinstance(scene, trimesh.Scene):
                        names = {name.lower().replace(" ", "_"): name for name in scene.geometry}
                        name = names[row["name"].lower().replace(" ", "_")]
                        mesh = scene.geometry[name]
                    else:
                        mesh = scene
                    mesh.merge_vertices(merge_norm=True, merge_tex=True)
                    inside = np.argwhere(voxels == row["label"])
                    volume = len(inside) * abs(np.linalg.det(affine[:3, :3]))
                    middle = nibabel.affines.apply_affine(affine, inside).mean(0) * flip
                    away = np.linalg.norm(mesh.center_mass - middle)
                    if ending == "glb":
                        # As a viewer of glTF places it: metres, y upwards, z towards it.
                        matrix = next(m for m, of in map(scene.graph.get, scene.graph.nodes_geometry) if of == name)
                        placed = trimesh.transform_points([mesh.center_mass], matrix)[0]
                        x, y, z = middle
                        away = max(away, np.linalg.norm(1000 * placed - [x, z, -y]))
                    share = mesh.volume / volume - 1
                    good = mesh.is_watertight and abs(share) < 0.01 and away < 0.1
                    wrong += not good
                    print(f"{space} {ending} {row['label']:4} {row['name'][:24]:24} closed {mesh.is_watertight} volume {share:+.3%} "
                          f"middle {away:.3f} mm, {len(mesh.faces)} triangles{'' if good else '  WRONG'}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
