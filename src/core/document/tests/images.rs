//! Which image the model looks at.

use super::*;
use crate::prompt::ImageId;

/// An image over the lower half of the scan's x.
fn overlay() -> Arc<Volume> {
    let grid = Grid::new([3, 5, 4], DAffine3::IDENTITY).unwrap();
    let stored = StoredGeometry::of(&grid);
    let voxels = Voxels::U8(vec![2; grid.count()]);
    Arc::new(Volume::new("pet", grid, vec![3, 5, 4], voxels, Scale::NONE, stored, Vec::new()))
}

fn add(d: &mut Document, x: f64) -> Result<(), Refused> {
    d.apply(Command::AddPrompt { object: None, prompt: prompt(x, true) })
}

fn image_of_pending(d: &Document) -> (ImageId, Arc<Volume>) {
    let log = &d.pending().unwrap().1.log;
    (log.image, d.image_of(log).unwrap())
}

#[test]
fn an_object_keeps_to_the_image_of_its_first_click() {
    let (mut d, pet) = (document(), overlay());
    assert_eq!((d.model_image(), d.next_image()), (ImageId::Scan, ImageId::Scan));
    let changes = d.history_len();
    d.apply(Command::UseImage(Some(pet.clone()))).unwrap();
    assert_eq!((d.history_len(), d.is_modified()), (changes, false), "a matter of looking");
    add(&mut d, 1.0).unwrap();
    let (id, image) = image_of_pending(&d);
    assert!(id == d.model_image() && Arc::ptr_eq(&image, &pet));
    resolve(&mut d, boxed([0, 0, 0], [2, 2, 2]));

    // The model looks at the scan again: this object goes on in its own image, the next begins in the scan.
    d.apply(Command::UseImage(None)).unwrap();
    assert_eq!((d.model_image(), d.next_image()), (ImageId::Scan, id));
    add(&mut d, 2.0).unwrap();
    assert!(Arc::ptr_eq(&image_of_pending(&d).1, &pet));
    resolve(&mut d, boxed([0, 0, 0], [3, 2, 2]));
    d.apply(Command::NewObject).unwrap();
    assert_eq!(d.next_image(), ImageId::Scan);
    add(&mut d, 5.0).unwrap();
    assert_eq!(image_of_pending(&d).0, ImageId::Scan);
    resolve(&mut d, boxed([4, 0, 0], [6, 2, 2]));

    // The same image again has the same number, another has another.
    d.apply(Command::UseImage(Some(pet.clone()))).unwrap();
    assert_eq!(d.model_image(), id);
    d.apply(Command::UseImage(Some(overlay()))).unwrap();
    assert_ne!(d.model_image(), id);

    // Undo and redo bring the image back with the clicks.
    while d.undo() {}
    assert_eq!(d.objects().len(), 0);
    while d.redo() {}
    let images: Vec<ImageId> = d.objects().iter().map(|o| o.log.image).collect();
    assert_eq!(images, [id, ImageId::Scan]);
}

#[test]
fn a_click_must_lie_in_the_image_that_the_model_looks_at() {
    let mut d = document();
    d.apply(Command::UseImage(Some(overlay()))).unwrap();
    assert_eq!(add(&mut d, 4.0), Err(Refused::OutsideImage));
    assert!(d.objects().is_empty());
    assert_eq!(add(&mut d, -3.0), Err(Refused::OutsideVolume));
    add(&mut d, 2.0).unwrap();
    resolve(&mut d, boxed([0, 0, 0], [2, 2, 2]));
    d.apply(Command::UseImage(None)).unwrap();
    // Its image has not changed.
    assert_eq!(add(&mut d, 4.0), Err(Refused::OutsideImage));
    // An object that has lost its clicks starts anew.
    let id = d.objects()[0].id;
    d.apply(removal(&d, id, 0)).unwrap();
    resolve(&mut d, Region::default());
    add(&mut d, 4.0).unwrap();
    assert_eq!(image_of_pending(&d).0, ImageId::Scan);
}

#[test]
fn time_points_of_the_scan_do_not_matter_to_clicks_in_another_image() {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let (stored, voxels) = (StoredGeometry::of(&grid), Voxels::U8(vec![1; 2 * grid.count()]));
    let dims = vec![6, 5, 4, 2];
    let image = Volume::new("4d", grid, dims, voxels, Scale::NONE, stored, Vec::new());
    let mut d = Document::new(Arc::new(image));
    d.apply(Command::UseImage(Some(overlay()))).unwrap();
    add(&mut d, 1.0).unwrap();
    resolve(&mut d, boxed([0, 0, 0], [2, 2, 2]));
    d.apply(Command::ShowTimePoint(1)).unwrap();
    add(&mut d, 2.0).unwrap();
    assert_eq!(d.pending().unwrap().1.log.time_point, 0, "the image's only one");
}
