//! What stands at the right of each slice: a second scan, the label map B.

use std::path::Path;
use std::sync::Arc;

use super::super::args::RenderArgs;
use super::super::{files, say};
use super::open_labels;
use crate::document::Document;
use crate::geom::Grid;
use crate::io::{IoError, LabelsRead};
use crate::ui::{
    BesideLabels, BesideScan, FrameRelation, ImageLayer, ReferenceReading, ViewState, labels_over,
};
use crate::volume::{Histogram, LabelMap, Volume};
use crate::work::memory;

/// Shows slices twice, if that was asked for.
pub fn put(args: &RenderArgs, document: &Document, view: &mut ViewState) -> anyhow::Result<()> {
    let sides = &args.sides;
    if let Some(path) = &sides.beside {
        let second = second(args, path, document, view)?;
        view.scan.beside.scan = Some(second);
        view.scan.beside.on = true;
    }
    if let Some(path) = &sides.compare {
        let labels = labels(path, document, view)?;
        view.show_labels_beside(labels);
    }
    view.scan.beside.name_a =
        args.labels.as_deref().and_then(Path::file_name).map(|n| n.to_string_lossy().into_owned());
    Ok(())
}

fn second(
    args: &RenderArgs,
    path: &Path,
    document: &Document,
    view: &ViewState,
) -> anyhow::Result<BesideScan> {
    let volume = files::open_scan(path)?;
    let volume = match args.sides.beside_time_point {
        Some(number) => files::at_time_point(&volume, number)?,
        None => volume,
    };
    files::warn(&volume);
    let stats = volume.stats();
    let histogram = Histogram::of(&volume, &stats, 256);
    let both_ct =
        stats.looks_like_ct() && view.scan.stats.is_some_and(|stats| stats.looks_like_ct());
    let layer = ImageLayer::new(Arc::new(volume), stats, histogram);
    let mut second = BesideScan::new(layer, document.image(), both_ct);
    let name = second.image.volume.name();
    if second.elsewhere {
        say(&format!("warning: {name} lies elsewhere in space than the scan"));
    }
    if second.frames == FrameRelation::Other {
        say(&format!("warning: {name} names another frame of reference than the scan"));
    }
    if args.sides.beside_time_point.is_none() && second.follows {
        second.show_time_point(view.scan.time_point);
    }
    if let Some(window) = args.sides.beside_window {
        (second.linked, second.image.window) = (false, window);
    }
    Ok(second)
}

/// B on the grid of what is at the right.
fn labels(path: &Path, document: &Document, view: &ViewState) -> anyhow::Result<BesideLabels> {
    let scan = document.image();
    let second = view.scan.beside.scan.as_ref().map(|second| &second.image.volume);
    let Some(second) = second else {
        let read = open_labels(path, scan, None)?;
        return Ok(drawn(path, &read, map_of(&read, scan)));
    };
    let other_grid = match open_labels(path, second, None) {
        Ok(read) => return Ok(drawn(path, &read, map_of(&read, second))),
        Err(why) if why.downcast_ref::<IoError>().is_some_and(is_other_grid) => why,
        Err(why) => return Err(why),
    };
    // What lies on neither is told of the scan that it is to lie over.
    let Ok(read) = open_labels(path, scan, None) else { return Err(other_grid) };
    let map = put_onto(&map_of(&read, scan), scan.grid(), second.grid())?;
    Ok(drawn(path, &read, map))
}

fn is_other_grid(why: &IoError) -> bool {
    matches!(why, IoError::OtherGrid { .. })
}

fn map_of(read: &LabelsRead, scan: &Volume) -> LabelMap {
    files::label_map(scan.grid().dims(), &read.labels)
}

fn put_onto(map: &LabelMap, from: &Grid, to: &Grid) -> anyhow::Result<LabelMap> {
    memory::check(LabelMap::resampling_bytes(to))?;
    Ok(map.nearest_on(from, to))
}

fn drawn(path: &Path, read: &LabelsRead, map: LabelMap) -> BesideLabels {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    labels_over((file, ReferenceReading::default()), &read.labels, map)
}
