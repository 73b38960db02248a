//! What a drive may do to a session file: bits that flip, sectors of nothing, pages in the place of others, writes that
//! are lost, an end that is cut off. All that is read is what was written, or a line says what is not. (SQLite has no
//! check sums of its own.)

use super::super::scan_inside::{ScanPart, read_scan};
use super::*;
use crate::work::{CancelToken, Progress};

/// Of a database as SQLite makes it.
const PAGE: usize = 4096;
/// What a drive writes at once.
const SECTOR: usize = 512;

/// With noise in it.
fn noisy() -> Volume {
    let mut random = fastrand::Rng::with_seed(3);
    let volume = scan();
    let values = (0..volume.voxels().len()).map(|_| random.i16(-1024..3000)).collect();
    let (grid, dims) = (volume.grid().clone(), volume.file_dims().to_vec());
    let said = volume.provenance().clone();
    Volume::new("ct.nii.gz", grid, dims, Voxels::I16(values), Scale::NONE, said, vec![])
}

/// A session with its scan that was written twice, so that it has pages that are free.
struct Whole {
    contents: Contents,
    scan: Volume,
    /// The file, and what it was before the second write.
    bytes: [Vec<u8>; 2],
    path: PathBuf,
    _folder: tempfile::TempDir,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Nothing is opened.
    Refused,
    /// Something is said not to be whole.
    Told,
    /// All is as it was written.
    Same,
}

impl Whole {
    fn new() -> Self {
        let (folder, path) = in_memory();
        let (scan, mut snapshot) = (noisy(), full_snapshot());
        let step = |entry| RecordedStep {
            entry,
            name: "Brush".to_owned(),
            point: Some(2),
            object: Some((LabelId(3), "Leber".to_owned())),
            done: true,
        };
        snapshot.steps = vec![step(1), step(2)];
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let part = ScanPart { volume: Some(&scan), cancel: &cancel, progress: &progress };
        let made = SessionFile::create_with_scan(&path, &snapshot, &Past::default(), part);
        let mut file = made.unwrap();
        let before = std::fs::read(&path).unwrap();
        let (dims, object) = (scan.grid().dims(), &mut snapshot.objects[1]);
        object.added = boxed(dims, [20, 2, 5], [39, 21, 7]);
        let mut region = object.model.union(&object.added, dims[0]);
        region.subtract(&object.removed, dims[0]);
        object.region = Arc::new(region);
        object.log.prompts[1].world.x += 2.0;
        snapshot.around.source.identifiers = vec![("uid".to_owned(), "1.2.3".to_owned())];
        snapshot.around.case_state = CaseState::Done;
        snapshot.measurements.pop();
        snapshot.steps.push(step(3));
        snapshot.taken_ms += 5000;
        file.write(&snapshot).unwrap();
        drop(file);
        let contents = read(&path).unwrap();
        assert_eq!(contents.damage, []);
        assert_eq!(contents.snapshot, as_read(&snapshot, &path));
        let bytes = [std::fs::read(&path).unwrap(), before];
        Self { contents, scan, bytes, path, _folder: folder }
    }

    /// What comes of other bytes in its place.
    fn seen(&self, bytes: &[u8], what: &str) -> Seen {
        std::fs::write(&self.path, bytes).unwrap();
        let Ok(found) = read(&self.path) else { return Seen::Refused };
        self.is_told(&found, what);
        // Whatever it is, it makes a document.
        let _ = found.snapshot.restore(Arc::new(self.scan.clone()), BTreeMap::new());
        let mut seen = if found.damage.is_empty() { Seen::Same } else { Seen::Told };
        if let Some(about) = &found.scan {
            let place = (&found.snapshot.around.source, about);
            match read_scan(&self.path, place, "", &CancelToken::new(), &Progress::new()) {
                Ok(scan) => assert!(scan.unwrap().voxels() == self.scan.voxels(), "{what}"),
                Err(_) => seen = Seen::Told,
            }
        }
        seen
    }

    /// What is not as it was written is named.
    fn is_told(&self, found: &Contents, what: &str) {
        let told: Vec<&str> = found.damage.iter().map(|damage| damage.0.as_str()).collect();
        let named =
            |words: &[&str]| words.iter().any(|words| told.iter().any(|told| told.contains(words)));
        let (a, b) = (&found.snapshot, &self.contents.snapshot);
        let head = |c: &Contents| {
            let s = &c.snapshot;
            let times = (c.created_ms, c.written_ms, c.program.clone(), c.writes);
            let view = (s.around.view.clone(), s.around.case_state, s.time_point, s.model_image);
            (times, view, s.active, s.working_scale, s.prompts_given)
        };
        let source = (&a.around.source, &b.around.source);
        let parts: [(bool, &[&str]); 9] = [
            (
                head(found) == head(&self.contents),
                &["the record of the session itself", "looked at", "the state of the work"],
            ),
            (source.0 == source.1, &["where the scan is", "by which the scan can be found again"]),
            (a.around.overlays == b.around.overlays, &["the images over the scan"]),
            (a.around.models == b.around.models, &["the names of the models"]),
            (a.around.picture == b.around.picture, &["the picture of it"]),
            (a.around.exported == b.around.exported, &["what was exported where"]),
            (a.measurements == b.measurements, &["what was measured", "measurement "]),
            (found.past == self.contents.past, &["the record of what was done when"]),
            (found.scan == self.contents.scan, &["the scan in it", "how the scan stands in it"]),
        ];
        for (same, words) in parts {
            assert!(same || named(words), "{what}: nothing is said of {words:?}: {told:?}");
        }
        // Masks above all: another one is said to be.
        for object in &a.objects {
            let same = b.objects.iter().any(|whole| whole == object);
            let words = format!("object {} ", object.id.0);
            let kept = format!("“{}”", object.name);
            assert!(same || named(&[&words, &kept]), "{what}: {}: {told:?}", object.id.0);
        }
        let ids = |s: &Snapshot| s.objects.iter().map(|o| o.id).collect::<Vec<_>>();
        let is_list = ids(a) == ids(b) || named(&["object"]);
        assert!(is_list, "{what}: other objects: {told:?}");
    }

    fn pages(&self) -> usize {
        self.bytes[0].len() / PAGE
    }
}

/// How often there was which end.
#[derive(Default)]
struct Count([usize; 3]);

impl Count {
    fn add(&mut self, seen: Seen) {
        self.0[seen as usize] += 1;
    }

    fn print(&self, what: &str) {
        let [refused, told, same] = self.0;
        println!("{what}: {refused} refused, {told} told, {same} as they were written");
    }
}

/// In every page, at places over all of it.
#[test]
fn a_bit_that_flips_anywhere_is_told_if_it_matters() {
    let whole = Whole::new();
    let mut random = fastrand::Rng::with_seed(11);
    let (mut count, mut pages) = (Count::default(), Vec::new());
    for page in 0..whole.pages() {
        let mut matters = false;
        for part in 0..8 {
            let at = page * PAGE + part * PAGE / 8 + random.usize(..PAGE / 8);
            let mut bytes = whole.bytes[0].clone();
            bytes[at] ^= 1 << random.u8(..8);
            let seen = whole.seen(&bytes, &format!("bit at {at} of page {page}"));
            matters |= seen != Seen::Same;
            count.add(seen);
        }
        if !matters {
            pages.push(page);
        }
    }
    count.print("one bit");
    // Tables of a few rows fill little of their page.
    println!("of {} pages these hold little, or nothing: {pages:?}", whole.pages());
    assert!(count.0[Seen::Told as usize] > whole.pages(), "voxels and masks fill most of them");
}

/// What is in the first and the last bytes of a page says how all of it is read.
#[test]
fn any_bit_of_the_beginning_of_a_page_may_be_wrong() {
    let whole = Whole::new();
    let mut count = Count::default();
    for page in 0..whole.pages() {
        // The first page begins with the header of the file.
        let begin = if page == 0 { 0..112 } else { 0..12 };
        for byte in begin {
            let (at, bit) = (page * PAGE + byte, (byte + page) % 8);
            let mut bytes = whole.bytes[0].clone();
            bytes[at] ^= 1 << bit;
            count.add(whole.seen(&bytes, &format!("bit {bit} at {at}")));
        }
    }
    count.print("a bit in what says how a page is read");
}

#[test]
fn many_bits_that_flip_are_told() {
    let whole = Whole::new();
    let mut random = fastrand::Rng::with_seed(7);
    let mut count = Count::default();
    for round in 0..300 {
        let mut bytes = whole.bytes[0].clone();
        for _ in 0..random.usize(2..40) {
            let at = random.usize(..bytes.len());
            bytes[at] ^= 1 << random.u8(..8);
        }
        count.add(whole.seen(&bytes, &format!("round {round}")));
    }
    count.print("many bits");
    assert!(count.0[Seen::Same as usize] < 10, "few hit nothing");
}

#[test]
fn sectors_and_pages_that_are_lost_are_told() {
    let whole = Whole::new();
    let mut random = fastrand::Rng::with_seed(5);
    let mut count = Count::default();
    for page in 0..whole.pages() {
        let at = page * PAGE;
        let other = random.usize(..whole.pages()) * PAGE;
        let sector = at + random.usize(..PAGE / SECTOR) * SECTOR;
        let now = &whole.bytes[0];
        let old = &whole.bytes[1];
        let put = |at: usize, part: &[u8]| {
            let mut bytes = now.clone();
            bytes[at..at + part.len()].copy_from_slice(part);
            bytes
        };
        count.add(whole.seen(&put(at, &[0; PAGE]), &format!("page {page} is empty")));
        count.add(whole.seen(&put(sector, &[0; SECTOR]), &format!("no sector at {sector}")));
        let what = format!("page {page} is that at {other}");
        count.add(whole.seen(&put(at, &now[other..other + PAGE]), &what));
        // As if the last write of it had not been done.
        if let Some(old) = old.get(at..at + PAGE) {
            count.add(whole.seen(&put(at, old), &format!("page {page} is an old one")));
        }
    }
    count.print("lost pages and sectors");
}

#[test]
fn a_file_that_is_cut_off_is_told() {
    let whole = Whole::new();
    let mut random = fastrand::Rng::with_seed(2);
    let mut count = Count::default();
    let ends = (0..whole.pages()).map(|page| page * PAGE);
    let length = whole.bytes[0].len();
    for end in ends.chain((0..40).map(|_| random.usize(..length))).collect::<Vec<_>>() {
        count.add(whole.seen(&whole.bytes[0][..end], &format!("cut at {end}")));
    }
    count.print("cut off");
    assert_eq!(count.0[Seen::Same as usize], 0);
}

/// It is opened to be read only then, and stays as it is.
#[test]
fn what_is_told_is_never_written_over() {
    let whole = Whole::new();
    let mut random = fastrand::Rng::with_seed(13);
    let mut opened = 0;
    for round in 0..120 {
        let mut bytes = whole.bytes[0].clone();
        let at = random.usize(..bytes.len());
        bytes[at] ^= 1 << random.u8(..8);
        let seen = whole.seen(&bytes, &format!("round {round}: {at}"));
        let Ok(Opened { contents, file }) = SessionFile::open(&whole.path, false) else {
            assert_eq!(seen, Seen::Refused, "round {round}: {at}");
            continue;
        };
        assert_eq!(file.is_err(), file.as_ref().err() == Some(&ReadOnly::Damaged));
        assert!(contents.damage.is_empty() || file.is_err(), "round {round}: {at}");
        opened += usize::from(file.is_err());
        drop(file);
        assert!(std::fs::read(&whole.path).unwrap() == bytes, "round {round}: {at}");
    }
    println!("{opened} of 120 were opened to be read only");
}
