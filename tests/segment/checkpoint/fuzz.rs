//! Ten thousand damaged checkpoints, always the same ones: none may panic, hang, or take memory.

use std::fs;

use voxpoint::segment::checkpoint::{Architecture, Checkpoint};

use super::data;

/// Numbers that look random, the same on every machine (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.throw() % n.max(1) as u64) as usize
    }
}

/// Where damage is most telling: the pickle, and the zip's headers, directory and end.
fn places(bytes: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let pickle = bytes.windows(8).position(|w| w == b"data.pkl").unwrap();
    places.extend(pickle..(pickle + 1500).min(bytes.len()));
    for at in 0..bytes.len().saturating_sub(4) {
        if bytes[at..].starts_with(b"PK") {
            places.extend(at..(at + 46).min(bytes.len()));
        }
    }
    places
}

fn damage(bytes: &mut Vec<u8>, places: &[usize], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let length = bytes.len();
        if length < 8 {
            return;
        }
        let any = dice.below(length);
        let telling = places[dice.below(places.len())].min(length - 1);
        let at = if dice.below(4) == 0 { any } else { telling };
        match dice.below(8) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = dice.throw() as u8,
            2 => bytes[at] = [0, 0xff, 0x7f, 0x80, b'.', b'(', b't', b'2'][dice.below(8)],
            // A length field.
            3 => {
                let huge = [0_u64, 1, 0x7fff_ffff, 0xffff_ffff, u64::MAX, i64::MAX as u64];
                let number = huge[dice.below(huge.len())].to_le_bytes();
                let width = [2, 4, 8][dice.below(3)].min(length - at);
                bytes[at..at + width].copy_from_slice(&number[..width]);
            }
            4 => bytes.truncate(at),
            // A piece twice, elsewhere, or gone.
            5 => {
                let from = dice.below(length);
                let piece = bytes[from..(from + dice.below(200)).min(length)].to_vec();
                bytes.splice(at..at, piece);
            }
            6 => {
                let from = dice.below(length);
                let count = dice.below(64).min(length - from.max(at));
                bytes.copy_within(from..from + count, at);
            }
            _ => drop(bytes.drain(at..(at + dice.below(64)).min(length))),
        }
    }
}

/// The most memory this process has had at a time, where the system says.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[test]
fn ten_thousand_damaged_files_are_opened_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let seeds: Vec<Vec<u8>> = ["float32", "training", "protocol_4", "views", "odd"]
        .iter()
        .map(|name| fs::read(data(&format!("checkpoints/{name}.pth"))).unwrap())
        .collect();
    let mut dice = Dice(42);
    let mut opened = 0;
    for round in 0..10_000 {
        let seed = &seeds[round % seeds.len()];
        let mut bytes = seed.clone();
        damage(&mut bytes, &places(seed), &mut dice);
        // A new file each time: some file systems wait for the disk when one is written over.
        let path = dir.path().join(format!("{round}.pth"));
        fs::write(&path, &bytes).unwrap();
        match Checkpoint::open(&path) {
            Ok(checkpoint) => {
                opened += 1;
                for (name, tensor) in checkpoint.tensors() {
                    // A tensor that is offered lies in the file, so its values can't be more.
                    assert!(tensor.offset + tensor.bytes <= bytes.len() as u64, "round {round}");
                    assert_eq!(checkpoint.values(name).unwrap().len() as u64, tensor.elements());
                }
                assert!(Architecture::of(&checkpoint).is_err());
            }
            Err(error) => {
                let text = error.to_string();
                assert!(!text.contains('\n') && text.len() < 1000, "round {round}: {text}");
            }
        }
        fs::remove_file(&path).unwrap();
    }
    if let Some(peak) = peak_memory() {
        assert!(peak < 1 << 30, "{peak} bytes were used at a time");
    }
    // Damage to what isn't looked at (times, CRCs, values) does no harm; the rest is found out.
    assert!((1000..9000).contains(&opened), "{opened} of 10 000 were opened");
}
