"""Slices and volumes as VTK draws them without a window, timed: what `voxpoint bench view --peer PYTHON` runs.

  peer_view.py --size 512x512x300 [--frames N]

Needs `pip install vtk numpy`. VTK chooses between EGL and Mesa in memory (OSMesa) by itself; `renderer` says
what drew. Prints one JSON object, times in milliseconds of wall clock. The scan is that of
src/cli/bench/synthetic.rs but for the noise. Slices: 1600 x 1000 pixels, linear, one step further each frame.
Volume: 800 x 800 pixels, composite with shading, the camera a degree further each frame; `gpu` is
vtkGPUVolumeRayCastMapper (OpenGL), `cpu` is vtkFixedPointVolumeRayCastMapper, both with 256 samples through the
scan's diagonal.
"""
import argparse
import json
import time

import numpy as np
import vtk
from vtk.util import numpy_support

SPACING = (0.8, 0.8, 1.0)


def scan(nx, ny, nz):
    """Hounsfield units like those of the bench's own scan."""
    u, v, w = (((np.arange(n) + 0.5) / n * 2 - 1).astype(np.float32) for n in (nx, ny, nz))
    u, v = u[None, :], v[:, None]
    ellipse = lambda cu, cv, ru, rv: ((u - cu) / ru) ** 2 + ((v - cv) / rv) ** 2 < 1  # noqa: E731
    base = np.full((ny, nx), -1000, np.int16)
    base[ellipse(0, 0, 0.9, 0.7)] = 40
    base[ellipse(-0.48, 0, 0.28, 0.45) | ellipse(0.48, 0, 0.28, 0.45)] = -850
    noise = np.random.default_rng(1)
    voxels = np.empty((nz, ny, nx), np.int16)
    for z in range(nz):
        voxels[z] = base
        voxels[z][(u / 0.28) ** 2 + (v / 0.28) ** 2 + (w[z] / 0.4) ** 2 < 1] = 180
        voxels[z][ellipse(0, 0.5, 0.12, 0.12)] = 400
        voxels[z] += noise.integers(-15, 16, (ny, nx), dtype=np.int16)
    return voxels


def image(voxels):
    nz, ny, nx = voxels.shape
    data = vtk.vtkImageData()
    data.SetDimensions(nx, ny, nz)
    data.SetSpacing(*SPACING)
    data.GetPointData().SetScalars(numpy_support.numpy_to_vtk(voxels.ravel(), deep=False))
    return data


def window(size):
    renderer, view = vtk.vtkRenderer(), vtk.vtkRenderWindow()
    view.SetOffScreenRendering(1)
    view.SetMultiSamples(0)
    view.SetSize(*size)
    view.AddRenderer(renderer)
    return renderer, view


def timed(view, frames, step):
    times = []
    for n in range(frames + 3):
        step(n)
        begin = time.perf_counter()
        view.Render()
        view.WaitForCompletion()
        if n >= 3:
            times.append((time.perf_counter() - begin) * 1000)
    return {"p50_ms": round(float(np.percentile(times, 50)), 2), "p99_ms": round(float(np.percentile(times, 99)), 2)}


def slices(data, frames):
    renderer, view = window((1600, 1000))
    mapper = vtk.vtkImageSliceMapper()
    mapper.SetInputData(data)
    mapper.SetOrientationToZ()
    actor = vtk.vtkImageSlice()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColorWindow(400)
    actor.GetProperty().SetColorLevel(40)
    actor.GetProperty().SetInterpolationTypeToLinear()
    renderer.AddViewProp(actor)
    renderer.ResetCamera()
    renderer.GetActiveCamera().ParallelProjectionOn()
    last = data.GetDimensions()[2] - 1
    return timed(view, frames, lambda n: mapper.SetSliceNumber((last // 3 + n) % last)), view


def reslice(data, frames):
    """An oblique plane, computed by vtkImageReslice for every pixel of 1600 x 1000, without drawing it."""
    centre, spacing = data.GetCenter(), 0.4
    reslice = vtk.vtkImageReslice()
    reslice.SetInputData(data)
    reslice.SetOutputDimensionality(2)
    reslice.SetInterpolationModeToLinear()
    reslice.SetOutputSpacing(spacing, spacing, 1)
    reslice.SetOutputExtent(0, 1599, 0, 999, 0, 0)
    reslice.SetOutputOrigin(-800 * spacing, -500 * spacing, 0)
    axes = vtk.vtkTransform()
    times = []
    for n in range(frames + 3):
        axes.Identity()
        axes.Translate(centre[0], centre[1], centre[2] + n - frames / 2)
        axes.RotateX(20)
        axes.RotateY(15)
        begin = time.perf_counter()
        reslice.SetResliceAxes(axes.GetMatrix())
        reslice.Update()
        if n >= 3:
            times.append((time.perf_counter() - begin) * 1000)
    return {"p50_ms": round(float(np.percentile(times, 50)), 2), "p99_ms": round(float(np.percentile(times, 99)), 2)}


def volume(data, mapper, frames):
    renderer, view = window((800, 800))
    diagonal = data.GetLength()
    mapper.SetInputData(data)
    mapper.SetAutoAdjustSampleDistances(0)
    mapper.SetSampleDistance(diagonal / 256)
    if hasattr(mapper, "SetImageSampleDistance"):
        mapper.SetImageSampleDistance(1)
    opacity, colour = vtk.vtkPiecewiseFunction(), vtk.vtkColorTransferFunction()
    for value, alpha in [(-1000, 0), (100, 0), (300, 0.3), (1000, 0.8)]:
        opacity.AddPoint(value, alpha)
    for value, grey in [(-1000, 0), (1000, 1)]:
        colour.AddRGBPoint(value, grey, grey, grey)
    looks = vtk.vtkVolumeProperty()
    looks.SetScalarOpacity(opacity)
    looks.SetColor(colour)
    looks.ShadeOn()
    looks.SetInterpolationTypeToLinear()
    actor = vtk.vtkVolume()
    actor.SetMapper(mapper)
    actor.SetProperty(looks)
    renderer.AddVolume(actor)
    renderer.ResetCamera()
    renderer.GetActiveCamera().ParallelProjectionOn()
    renderer.GetActiveCamera().Elevation(-80)
    return timed(view, frames, lambda n: renderer.GetActiveCamera().Azimuth(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="512x512x300")
    parser.add_argument("--frames", type=int, default=60)
    options = parser.parse_args()
    voxels = scan(*map(int, options.size.split("x")))
    data = image(voxels)
    drawn, view = slices(data, options.frames)
    lines = view.ReportCapabilities().splitlines()
    told = [line.split(":", 1)[1].strip() for line in lines if line.startswith("OpenGL renderer")]
    few = max(options.frames // 6, 5)
    print(json.dumps({
        "slices": drawn,
        "oblique": reslice(data, options.frames),
        "volume_gpu": volume(data, vtk.vtkGPUVolumeRayCastMapper(), few),
        "volume_cpu": volume(data, vtk.vtkFixedPointVolumeRayCastMapper(), few),
        "renderer": told[0] if told else "",
        "window": type(view).__name__,
        "vtk": vtk.vtkVersion.GetVTKVersion(),
    }))


main()
