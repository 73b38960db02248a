//! JPEG-LS with several numbers for each pixel (ITU-T T.87), one after another, by lines or by pixels, with loss or
//! without. Images of one number are decoded by `pure_jpegls`, which does not know others.

use super::super::instance::Shape;
use crate::work::memory;

/// An image of `shape.samples` numbers for each pixel, pixel after pixel.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn decode(bytes: &[u8], shape: &Shape) -> Result<Vec<u16>, String> {
    let mut stream = Stream { bytes, at: 0 };
    let mut out = Vec::new();
    let (mut frame, mut presets, mut done) = (None, Presets::default(), 0);
    while done < shape.samples {
        let (marker, segment) = stream.segment()?;
        match marker {
            0xf7 => {
                let found = frame_of(segment, shape)?;
                let count = shape.rows * shape.columns * shape.samples;
                // A few bytes can claim any size.
                memory::check(count as u64 * size_of::<u16>() as u64)
                    .map_err(|short| format!("its pixels: {short}"))?;
                out = vec![0; count];
                frame = Some(found);
            }
            0xf8 => presets = Presets::of(segment)?,
            // What HP's programs do to colours before they are coded.
            0xe8 if segment.starts_with(b"mrfx")
                && segment.get(4).is_some_and(|kind| *kind != 0) =>
            {
                return Err("its colours were changed in a way that only HP's programs know".into());
            }
            0xdd => return Err("it has restart intervals".into()),
            0xda => {
                let precision = frame.ok_or("its pixels come before their size")?;
                let scan = Scan::of(segment, done, shape)?;
                let mut coder = Coder::new(&presets, precision, scan.near, stream.rest())?;
                let size = [shape.columns, shape.rows];
                coder.decode(&scan, size, shape.samples, &mut out)?;
                stream.at += coder.bits.at;
                done += scan.count;
            }
            0xd9 => return Err("it ends before all of its colours".into()),
            _ => {}
        }
    }
    Ok(out)
}

/// Markers and what follows them.
struct Stream<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Stream<'a> {
    /// The next marker and its segment; that of pixels is followed by these.
    fn segment(&mut self) -> Result<(u8, &'a [u8]), String> {
        let cut = || "it is cut short".to_owned();
        loop {
            let rest = self.rest();
            let begin = rest.windows(2).position(|w| w[0] == 0xff && (0x80..0xff).contains(&w[1]));
            let begin = begin.ok_or_else(cut)?;
            let marker = rest[begin + 1];
            self.at += begin + 2;
            match marker {
                0xd8 => {}
                0xd9 => return Ok((marker, &[])),
                _ => {
                    let rest = self.rest();
                    let length = rest.get(..2).ok_or_else(cut)?;
                    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                    let segment = rest.get(2..length).ok_or_else(cut)?;
                    self.at += length;
                    return Ok((marker, segment));
                }
            }
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at.min(self.bytes.len())..]
    }
}

fn word(segment: &[u8], at: usize) -> Result<i64, String> {
    let bytes = segment.get(at..at + 2).ok_or("a segment of it is cut short")?;
    Ok(u16::from_be_bytes([bytes[0], bytes[1]]).into())
}

/// The bits of a number; an error if it is not an image of this shape.
fn frame_of(segment: &[u8], shape: &Shape) -> Result<u32, String> {
    let (rows, columns) = (word(segment, 1)? as usize, word(segment, 3)? as usize);
    super::same_size(columns, rows, shape)?;
    let count = segment.get(5).copied().unwrap_or_default();
    if usize::from(count) != shape.samples {
        return Err(format!("an image has {count} numbers for each pixel"));
    }
    let precision = u32::from(segment[0]);
    let fits = (2..=16).contains(&precision) && precision <= shape.allocated;
    if fits { Ok(precision) } else { Err(format!("its numbers have {precision} bits")) }
}

/// Parameters that it may say (C.2.4.1.1); those that are 0 are the usual.
#[derive(Clone, Copy, Default)]
struct Presets {
    most: i64,
    thresholds: [i64; 3],
    reset: i64,
}

impl Presets {
    fn of(segment: &[u8]) -> Result<Self, String> {
        if segment.first() != Some(&1) {
            return Err("it has tables of its own, which are not read".into());
        }
        let number = |n: usize| word(segment, 1 + 2 * n);
        let thresholds = [number(1)?, number(2)?, number(3)?];
        Ok(Self { most: number(0)?, thresholds, reset: number(4)? })
    }
}

/// How the pixels are that follow.
struct Scan {
    /// The first of its numbers, and how many of each pixel it has.
    first: usize,
    count: usize,
    near: i64,
    /// Pixel after pixel, else line after line, of each number one.
    by_pixels: bool,
}

impl Scan {
    fn of(segment: &[u8], first: usize, shape: &Shape) -> Result<Self, String> {
        let count = usize::from(segment.first().copied().unwrap_or_default());
        let after = |n: usize| {
            segment.get(1 + 2 * count + n).copied().ok_or("a segment of it is cut short")
        };
        let (near, order) = (i64::from(after(0)?), after(1)?);
        let has_tables = segment[1..=2 * count].chunks(2).any(|of| of[1] != 0);
        let whole = count == shape.samples && first == 0;
        let is_known = matches!((order, count), (0, 1)) || (whole && matches!(order, 1 | 2));
        if has_tables || !is_known {
            return Err(format!("its {count} numbers are in an order that is not known ({order})"));
        }
        Ok(Self { first, count, near, by_pixels: order == 2 })
    }
}

/// Bits, the highest of each byte first; behind a byte of ones the next has seven (A.1).
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Those that come next, from the highest on.
    ahead: u64,
    count: u32,
    stuffed: bool,
}

impl Bits<'_> {
    /// Looks ahead at 57 bits at least, or at all that there are before the next marker.
    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.bytes.get(self.at) else { return };
            if byte == 0xff && self.bytes.get(self.at + 1).is_none_or(|next| *next >= 0x80) {
                return;
            }
            let width = if self.stuffed { 7 } else { 8 };
            self.ahead |= u64::from(byte) << (64 - width - self.count);
            self.count += width;
            self.stuffed = byte == 0xff;
            self.at += 1;
        }
    }

    fn take(&mut self, count: u32) -> Result<(), String> {
        if count > self.count {
            return Err("its pixels are cut short".into());
        }
        self.ahead = self.ahead.checked_shl(count).unwrap_or_default();
        self.count -= count;
        Ok(())
    }

    /// At most 32.
    fn read(&mut self, count: u32) -> Result<i64, String> {
        if count == 0 {
            return Ok(0);
        }
        self.fill();
        let value = self.ahead >> (64 - count);
        self.take(count)?;
        Ok(value as i64)
    }

    /// Zeros before the next one, which is read, too.
    fn zeros(&mut self) -> Result<u32, String> {
        let mut before = 0;
        // The longest code has 62, of which some may lie behind what is looked at.
        while before < 64 {
            self.fill();
            let zeros = self.ahead.leading_zeros();
            if zeros < self.count || self.count == 0 {
                self.take(zeros.min(63) + 1)?;
                return Ok(before + zeros);
            }
            before += self.count;
            self.take(self.count)?;
        }
        Err(damaged())
    }
}

/// What is learnt of numbers in a certain neighbourhood (A.2.1).
#[derive(Clone, Copy)]
struct Context {
    a: i64,
    b: i64,
    c: i64,
    n: i64,
}

/// What is learnt of numbers that end runs.
#[derive(Clone, Copy)]
struct RunContext {
    a: i64,
    n: i64,
    negative: i64,
}

/// The logarithms of the lengths of runs (A.2.1).
const RUN_BITS: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// A line of one number of each pixel and the one above it, each with a number before and behind it.
struct Lines {
    above: Vec<i64>,
    here: Vec<i64>,
    run: usize,
}

impl Lines {
    fn new(width: usize) -> Self {
        Self { above: vec![0; width + 2], here: vec![0; width + 2], run: 0 }
    }

    /// The next line, which begins and ends as the one above (A.2.1).
    fn next(&mut self) {
        std::mem::swap(&mut self.above, &mut self.here);
        let width = self.above.len() - 2;
        self.above[width + 1] = self.above[width];
        self.here[0] = self.above[1];
    }

    /// To the left, above, above to the left, above to the right. `x`: from 1.
    fn around(&self, x: usize) -> [i64; 4] {
        [self.here[x - 1], self.above[x], self.above[x - 1], self.above[x + 1]]
    }
}

struct Coder<'a> {
    bits: Bits<'a>,
    near: i64,
    most: i64,
    range: i64,
    /// Bits of an error, and of the longest code.
    error_bits: u32,
    limit: u32,
    thresholds: [i64; 3],
    reset: i64,
    contexts: Vec<Context>,
    runs: [RunContext; 2],
}

impl<'a> Coder<'a> {
    /// A.2.1, C.2.4.1.1.1.
    fn new(presets: &Presets, precision: u32, near: i64, bytes: &'a [u8]) -> Result<Self, String> {
        let most = if presets.most > 0 { presets.most } else { (1 << precision) - 1 };
        let reset = if presets.reset > 0 { presets.reset } else { 64 };
        if most >= 1 << precision || reset < 3 || near > (most / 2).min(255) {
            return Err("its parameters can't be".into());
        }
        let clamp = |n: i64, low: i64| if (low..=most).contains(&n) { n } else { low };
        let basic = |n: usize| {
            let (base, floor, factor) = ([3, 7, 21][n], [2, 3, 4][n], [3, 5, 7][n] * near);
            if most >= 128 {
                (most.min(4095) + 128) / 256 * (base - floor) + floor + factor
            } else {
                (base / (256 / (most + 1)) + factor).max(floor)
            }
        };
        let mut thresholds = presets.thresholds;
        let mut low = near + 1;
        for (n, threshold) in thresholds.iter_mut().enumerate() {
            if *threshold == 0 {
                *threshold = clamp(basic(n), low);
            }
            low = *threshold;
        }
        let range = (most + 2 * near) / (2 * near + 1) + 1;
        let bits_of = |n: i64| 64 - (n - 1).leading_zeros();
        let bits = bits_of(most + 1).max(2);
        let a = ((range + 32) / 64).max(2);
        Ok(Self {
            bits: Bits { bytes, at: 0, ahead: 0, count: 0, stuffed: false },
            near,
            most,
            range,
            error_bits: bits_of(range),
            limit: 2 * (bits + bits.max(8)),
            thresholds,
            reset,
            contexts: vec![Context { a, b: 0, c: 0, n: 1 }; 365],
            runs: [RunContext { a, n: 1, negative: 0 }; 2],
        })
    }

    /// Reads all lines of a scan; `out`: `samples` numbers for each pixel.
    fn decode(
        &mut self,
        scan: &Scan,
        [width, height]: [usize; 2],
        samples: usize,
        out: &mut [u16],
    ) -> Result<(), String> {
        let mut lines: Vec<Lines> = (0..scan.count).map(|_| Lines::new(width)).collect();
        for y in 0..height {
            lines.iter_mut().for_each(Lines::next);
            if scan.by_pixels {
                self.line(&mut lines, width)?;
            } else {
                for own in &mut lines {
                    self.line(std::slice::from_mut(own), width)?;
                }
            }
            let row = &mut out[y * width * samples..(y + 1) * width * samples];
            for (n, own) in lines.iter().enumerate() {
                let places = row[scan.first + n..].iter_mut().step_by(samples);
                places.zip(&own.here[1..]).for_each(|(place, number)| *place = *number as u16);
            }
        }
        Ok(())
    }

    /// A line of numbers that are coded pixel after pixel.
    fn line(&mut self, lines: &mut [Lines], width: usize) -> Result<(), String> {
        let mut x = 1;
        while x <= width {
            let quiet = lines.iter().all(|own| self.context(own.around(x)) == 0);
            if quiet {
                x = self.run(lines, x, width)?;
                continue;
            }
            for own in &mut *lines {
                let around = own.around(x);
                own.here[x] = self.regular(around)?;
            }
            x += 1;
        }
        Ok(())
    }

    /// The number of a neighbourhood, negative if it is the mirror image of one (A.3).
    fn context(&self, [left, above, corner, right]: [i64; 4]) -> i64 {
        let [t1, t2, t3] = self.thresholds;
        let quantized = |d: i64| {
            let size = d.abs();
            let step = if size <= self.near {
                0
            } else if size < t1 {
                1
            } else if size < t2 {
                2
            } else if size < t3 {
                3
            } else {
                4
            };
            step * d.signum()
        };
        81 * quantized(right - above) + 9 * quantized(above - corner) + quantized(corner - left)
    }

    /// A number outside of runs (A.4 to A.6).
    fn regular(&mut self, around: [i64; 4]) -> Result<i64, String> {
        let signed = self.context(around);
        let sign = if signed < 0 { -1 } else { 1 };
        let at = signed.unsigned_abs() as usize;
        let Context { a, b, c, n } = self.contexts[at];
        let [left, above, corner, _] = around;
        let guess = if corner >= left.max(above) {
            left.min(above)
        } else if corner <= left.min(above) {
            left.max(above)
        } else {
            left + above - corner
        };
        let guess = (guess + sign * c).clamp(0, self.most);
        let k = golomb_bits(a, n)?;
        let mapped = self.golomb(k, self.limit)?;
        let half = (mapped + 1) / 2;
        let error = match (self.near == 0 && k == 0 && 2 * b <= -n, mapped % 2 == 0) {
            (false, false) => -half,
            (true, true) => -(mapped / 2) - 1,
            (false, true) | (true, false) => mapped / 2,
        };
        self.contexts[at] = self.learnt(Context { a, b, c, n }, error);
        Ok(self.reconstructed(guess, sign * error))
    }

    /// A.6.
    fn learnt(&self, context: Context, error: i64) -> Context {
        let Context { mut a, mut b, mut c, mut n } = context;
        b += error * (2 * self.near + 1);
        a += error.abs();
        if n == self.reset {
            (a, b, n) = (a >> 1, b >> 1, n >> 1);
        }
        n += 1;
        if b <= -n {
            b = (b + n).max(1 - n);
            c = (c - 1).max(-128);
        } else if b > 0 {
            b = (b - n).min(0);
            c = (c + 1).min(127);
        }
        Context { a, b, c, n }
    }

    /// A number from what was expected and how far that is off (A.4.4, A.4.5).
    fn reconstructed(&self, guess: i64, error: i64) -> i64 {
        let step = 2 * self.near + 1;
        let mut value = guess + error * step;
        if value < -self.near {
            value += self.range * step;
        } else if value > self.most + self.near {
            value -= self.range * step;
        }
        value.clamp(0, self.most)
    }

    /// A code of which the beginning is as many zeros as the value has left of `k` bits, or is an escape (A.5.3).
    fn golomb(&mut self, k: u32, limit: u32) -> Result<i64, String> {
        let most = limit - self.error_bits - 1;
        let zeros = self.bits.zeros()?;
        let value = match zeros.cmp(&most) {
            std::cmp::Ordering::Less => i64::from(zeros) << k | self.bits.read(k)?,
            std::cmp::Ordering::Equal => self.bits.read(self.error_bits)? + 1,
            std::cmp::Ordering::Greater => return Err(damaged()),
        };
        // No error is larger than the range, twice of which is coded.
        if value > 2 * self.range + 2 { Err(damaged()) } else { Ok(value) }
    }

    /// A run from `x` on, and what ends it; where it goes on (A.7).
    fn run(&mut self, lines: &mut [Lines], x: usize, width: usize) -> Result<usize, String> {
        let mut end = x;
        let mut run = lines[0].run;
        while self.bits.read(1)? == 1 {
            let length = 1 << RUN_BITS[run];
            end += length;
            if end <= width + 1 {
                run = (run + 1).min(31);
            }
            if end > width {
                end = width + 1;
                break;
            }
        }
        let is_over = end > width;
        if !is_over {
            end += self.bits.read(RUN_BITS[run])? as usize;
            if end > width {
                return Err(damaged());
            }
        }
        for own in &mut *lines {
            let value = own.here[x - 1];
            own.here[x..end].fill(value);
        }
        if !is_over {
            let alone = lines.len() == 1;
            for own in &mut *lines {
                let [left, above, ..] = own.around(end);
                own.here[end] = self.end_of_run(left, above, alone, run)?;
            }
            run = run.saturating_sub(1);
            end += 1;
        }
        lines[0].run = run;
        Ok(end)
    }

    /// The number behind a run (A.7.2).
    fn end_of_run(
        &mut self,
        left: i64,
        above: i64,
        alone: bool,
        run: usize,
    ) -> Result<i64, String> {
        let same = alone && (left - above).abs() <= self.near;
        let kind = usize::from(same);
        let RunContext { mut a, mut n, mut negative } = self.runs[kind];
        let k = golomb_bits(if same { a + n / 2 } else { a }, n)?;
        let coded = self.golomb(k, self.limit - RUN_BITS[run] - 1)?;
        let mapped = coded + i64::from(same);
        let odd = mapped % 2 == 1;
        let size = (mapped + 1) / 2;
        let error = if (k != 0 || 2 * negative >= n) == odd { -size } else { size };
        negative += i64::from(error < 0);
        a += (coded + 1 - i64::from(same)) / 2;
        if n == self.reset {
            (a, n, negative) = (a >> 1, n >> 1, negative >> 1);
        }
        n += 1;
        self.runs[kind] = RunContext { a, n, negative };
        if same {
            return Ok(self.reconstructed(left, error));
        }
        Ok(self.reconstructed(above, if above < left { -error } else { error }))
    }
}

fn damaged() -> String {
    "its pixels are damaged".to_owned()
}

/// How many bits of an error are coded as they are (A.5.1).
fn golomb_bits(a: i64, n: i64) -> Result<u32, String> {
    (0..32).find(|k| n << k >= a).ok_or_else(damaged)
}
