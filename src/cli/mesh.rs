//! `voxpoint mesh`: the structures of a label map as triangle meshes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rayon::prelude::*;
use serde::Serialize;

use super::args::MeshArgs;
use super::label_maps::{self, has, in_file};
use super::{Usage, files, print, print_json, say};
use crate::document::{LabelId, palette_colour};
use crate::io::{self, Staged};
use crate::mask::WorkLimits;
use crate::mesh::{
    MeshFormat, MeshOptions, MeshSpace, NamedMesh, encode_meshes, mesh_files, surface_mesh,
};
use crate::volume::NamedRegion;

/// What was written; keys are stable.
#[derive(Debug, Serialize)]
struct MeshReport {
    space: &'static str,
    error_mm: f64,
    meshes: Vec<WrittenMesh>,
}

#[derive(Debug, Serialize)]
struct WrittenMesh {
    label: u64,
    name: String,
    file: String,
    vertices: usize,
    triangles: usize,
    area_mm2: f64,
    volume_ml: f64,
    voxels_volume_ml: f64,
}

/// Makes meshes of a label map.
pub fn run(args: &MeshArgs) -> anyhow::Result<()> {
    let name = args.out.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    files::check_output(&args.out, &[&args.input], &MeshFormat::ENDINGS)?;
    let Some(format) = MeshFormat::of_name(&name) else {
        return Err(Usage("the output's name must end in .glb, .obj, .stl or .ply".into()).into());
    };
    let volume = files::open_scan(&args.input)?;
    let read = label_maps::labels(&volume, &args.input, args.time_point, args.threshold)?;
    for label in &args.label {
        let value = read.value_of(*label);
        if !read.labels.iter().any(|l| Some(l.value) == value) {
            let has = has(&read);
            bail!("label {label} is not in {}, which has {has}", args.input.display());
        }
    }
    let labels: Vec<(u64, &NamedRegion)> = read
        .labels
        .iter()
        .map(|label| (in_file(&read, label.value), label))
        .filter(|(number, _)| args.label.is_empty() || args.label.contains(number))
        .collect();
    if labels.is_empty() {
        bail!(
            "the label map is empty; there is nothing to make a mesh of: {}",
            args.input.display()
        );
    }
    let places = places(args, format, &labels);
    if !args.force {
        for place in &places {
            if place.symlink_metadata().is_ok() {
                bail!(
                    "this is there already; choose another name, or --force: {}",
                    place.display()
                );
            }
        }
    }
    let grid = volume.grid();
    let mut options = MeshOptions::of(grid);
    options.error = args.error.unwrap_or(options.error);
    (options.smooth, options.decimate) = (!args.no_smoothing, !args.no_decimation);
    let meshes: Vec<NamedMesh> = labels
        .par_iter()
        .map(|(number, label)| {
            let mesh = surface_mesh(&label.region, grid, &options, &WorkLimits::none())?;
            let name = label.name.clone().unwrap_or_else(|| format!("Label {number}"));
            let colour = label.colour.unwrap_or_else(|| palette_colour(LabelId(label.value)));
            Ok(NamedMesh { name, colour, mesh })
        })
        .collect::<anyhow::Result<_>>()?;
    let space = MeshSpace::from(args.space);
    write(&meshes, &places, format, space)?;
    let voxel_ml = grid.voxel_volume_mm3() / 1000.0;
    let written = labels.iter().zip(&meshes).enumerate().map(|(n, ((number, label), named))| {
        let place = places.get(n).unwrap_or(&args.out);
        WrittenMesh {
            label: *number,
            name: named.name.clone(),
            file: place.display().to_string(),
            vertices: named.mesh.vertices.len(),
            triangles: named.mesh.triangles.len(),
            area_mm2: named.mesh.area(),
            volume_ml: named.mesh.volume() / 1000.0,
            voxels_volume_ml: label.region.count() as f64 * voxel_ml,
        }
    });
    let meshes = written.collect();
    tell(args, &MeshReport { space: space.name(), error_mm: options.error, meshes })
}

/// The files: one for all structures, or one for each.
fn places(args: &MeshArgs, format: MeshFormat, labels: &[(u64, &NamedRegion)]) -> Vec<PathBuf> {
    let name = |label: &NamedRegion| label.name.clone().unwrap_or_default();
    let names: Vec<String> = labels.iter().map(|(_, label)| name(label)).collect();
    let structures: Vec<(u64, &str)> =
        labels.iter().zip(&names).map(|((number, _), name)| (*number, &**name)).collect();
    mesh_files(&args.out, format, &structures)
}

/// Writes all files, or none.
fn write(
    meshes: &[NamedMesh],
    places: &[PathBuf],
    format: MeshFormat,
    space: MeshSpace,
) -> anyhow::Result<()> {
    let can_not = |place: &Path| format!("can't write {}", place.display());
    let groups: Vec<&[NamedMesh]> =
        if places.len() == 1 { vec![meshes] } else { meshes.chunks(1).collect() };
    let mut staged: Vec<(Staged, PathBuf)> = Vec::new();
    for (group, place) in groups.into_iter().zip(places) {
        let bytes = encode_meshes(group, format, space);
        let file = io::stage_bytes(place, &bytes);
        staged.push((file.with_context(|| can_not(place))?, place.clone()));
    }
    io::publish_together(staged)?;
    Ok(())
}

fn tell(args: &MeshArgs, report: &MeshReport) -> anyhow::Result<()> {
    if args.json {
        return print_json(report);
    }
    let line = |m: &WrittenMesh| {
        format!(
            "{}: label {} {}, {} triangles, {:.3} ml (voxels {:.3} ml)",
            m.file, m.label, m.name, m.triangles, m.volume_ml, m.voxels_volume_ml
        )
    };
    let lines: Vec<String> = report.meshes.iter().map(line).collect();
    say(&format!(
        "{} mm, within {} mm of the surface between voxels",
        report.space, report.error_mm
    ));
    print(&lines.join("\n"))
}
