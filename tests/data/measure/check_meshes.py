"""Meshes of a label map as trimesh reads them: closed, as large as the voxels, where these are, and how far away.

    pip install trimesh==5.2.0 numpy nibabel scipy rtree
    python check_meshes.py PROGRAM LABELS.nii.gz

Writes every format in both spaces into a temporary folder and prints one line for each mesh. Fails where a mesh is not
closed, its volume is off by more than 1 %, or its middle by more than 0.1 mm.
"""
import json
import os
import subprocess
import sys
import tempfile

import nibabel
import numpy as np
import trimesh


def main():
    program, labels = sys.argv[1:3]
    image = nibabel.load(labels)
    voxels, affine = np.asanyarray(image.dataobj), image.affine
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
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
                        mesh = scene.geometry[names[row["name"].lower().replace(" ", "_")]]
                    else:
                        mesh = scene
                    mesh.merge_vertices(merge_norm=True, merge_tex=True)
                    inside = np.argwhere(voxels == row["label"])
                    volume = len(inside) * abs(np.linalg.det(affine[:3, :3]))
                    middle = nibabel.affines.apply_affine(affine, inside).mean(0) * flip
                    away = np.linalg.norm(mesh.center_mass - middle)
                    share = mesh.volume / volume - 1
                    good = mesh.is_watertight and abs(share) < 0.01 and away < 0.1
                    wrong += not good
                    print(f"{space} {ending} {row['label']:4} {row['name'][:24]:24} closed {mesh.is_watertight} volume {share:+.3%} "
                          f"middle {away:.3f} mm, {len(mesh.faces)} triangles{'' if good else '  WRONG'}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
