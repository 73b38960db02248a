//! Pictures into files: PNG, and films as animated PNG, GIF or a folder of PNG files. A file is whole or as
//! it was before.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Write as _};
use std::path::Path;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, ImageFormat, RgbImage, RgbaImage};

use super::{Figure, FigureError, FigureRenderer};
use crate::io::write_whole;
use crate::ui::FilmFormat;
use crate::work::{CancelToken, Progress};

/// How hard GIF's colours are searched, 1 (best) to 30 (fastest).
const GIF_SPEED: i32 = 10;

/// A full turn of the 3D view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Film {
    /// The kind of file.
    pub format: FilmFormat,
    /// Pictures of the turn; at least 1.
    pub frames: u32,
    /// How long it takes.
    pub seconds: f64,
}

impl Film {
    /// Milliseconds of a picture, at least one.
    fn frame_ms(&self) -> f64 {
        (self.seconds * 1000.0 / f64::from(self.frames.max(1))).max(1.0)
    }
}

/// The kind of film that a path asks for: `.gif`, `.png` or `.apng`, or a folder (one that is there, or a
/// name that ends in a slash). `None` for other names.
pub fn film_format(path: &Path) -> Option<FilmFormat> {
    let text = path.to_string_lossy();
    if path.is_dir() || text.ends_with('/') || text.ends_with(std::path::MAIN_SEPARATOR) {
        return Some(FilmFormat::Sequence);
    }
    let ending = path.extension()?.to_string_lossy().to_lowercase();
    match ending.as_str() {
        "gif" => Some(FilmFormat::Gif),
        "png" | "apng" => Some(FilmFormat::Apng),
        _ => None,
    }
}

/// Writes a picture as PNG.
///
/// # Errors
/// If it can't be encoded or written.
pub fn save_png(path: &Path, picture: &RgbaImage) -> Result<(), FigureError> {
    // Everything is drawn on black: there is no transparency to keep.
    let rgb = opaque(picture);
    let mut png = Cursor::new(Vec::new());
    rgb.write_to(&mut png, ImageFormat::Png).map_err(encode)?;
    write_whole(path, |file| file.write_all(&png.into_inner())).map_err(at(path))
}

/// Draws a turn that begins with `figure` and writes it.
///
/// # Errors
/// If a picture can't be drawn, encoded or written, or somebody cancels.
pub fn save_film(
    path: &Path,
    film: &Film,
    renderer: &mut FigureRenderer,
    figure: &Figure,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), FigureError> {
    progress.set_total(u64::from(film.frames));
    let mut frame = |n: u32| {
        cancel.check()?;
        let picture =
            renderer.draw(&figure.turned(f64::from(n) / f64::from(film.frames.max(1))))?;
        progress.set_done(u64::from(n) + 1);
        Ok(picture)
    };
    match film.format {
        FilmFormat::Apng => animated(path, |file| apng(file, film, figure.size, &mut frame)),
        FilmFormat::Gif => animated(path, |file| gif(file, film, &mut frame)),
        FilmFormat::Sequence => sequence(path, film, &mut frame),
    }
}

type DrawFrame<'f> = dyn FnMut(u32) -> Result<RgbaImage, FigureError> + 'f;

/// Writes a file whose content may fail for other reasons than the disk.
fn animated(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), FigureError>,
) -> Result<(), FigureError> {
    let mut failed = None;
    let written = write_whole(path, |file| {
        write(file).map_err(|why| {
            failed = Some(why);
            io::Error::other("no film")
        })
    });
    match (failed, written) {
        (Some(FigureError::Write { source, .. }), _) => Err(at(path)(source)),
        (Some(why), _) => Err(why),
        (None, written) => written.map_err(at(path)),
    }
}

fn apng(
    file: &mut File,
    film: &Film,
    size: [u32; 2],
    frames: &mut DrawFrame<'_>,
) -> Result<(), FigureError> {
    let encode = |why: png::EncodingError| match why {
        png::EncodingError::IoError(source) => at(Path::new(""))(source),
        other => FigureError::Encode(other.to_string()),
    };
    let mut encoder = png::Encoder::new(BufWriter::new(file), size[0], size[1]);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_animated(film.frames, 0).map_err(encode)?;
    let ms = film.frame_ms().round().min(f64::from(u16::MAX)) as u16;
    encoder.set_frame_delay(ms, 1000).map_err(encode)?;
    let mut writer = encoder.write_header().map_err(encode)?;
    for n in 0..film.frames {
        writer.write_image_data(opaque(&frames(n)?).as_raw()).map_err(encode)?;
    }
    writer.finish().map_err(encode)
}

fn gif(file: &mut File, film: &Film, frames: &mut DrawFrame<'_>) -> Result<(), FigureError> {
    let mut out = BufWriter::new(file);
    let mut encoder = GifEncoder::new_with_speed(&mut out, GIF_SPEED);
    encoder.set_repeat(Repeat::Infinite).map_err(encode)?;
    // GIF counts in hundredths of a second; rounding the moment of each picture keeps the whole in time.
    let moment = |n: u32| (f64::from(n) * film.frame_ms() / 10.0).round() as u32;
    for n in 0..film.frames {
        let hundredths = (moment(n + 1) - moment(n)).max(1);
        let delay = Delay::from_numer_denom_ms(hundredths * 10, 1);
        encoder.encode_frame(Frame::from_parts(frames(n)?, 0, 0, delay)).map_err(encode)?;
    }
    // The encoder writes its last byte when it goes; what does not fit on the disk must not go unnoticed.
    drop(encoder);
    std::io::Write::flush(&mut out).map_err(at(Path::new("")))
}

/// All of the pictures, or none.
fn sequence(folder: &Path, film: &Film, frames: &mut DrawFrame<'_>) -> Result<(), FigureError> {
    let made = !folder.exists();
    std::fs::create_dir_all(folder).map_err(at(folder))?;
    if std::fs::read_dir(folder).map_err(at(folder))?.next().is_some() {
        return Err(FigureError::NotEmpty(folder.to_path_buf()));
    }
    let path = |n: u32| folder.join(format!("frame_{n:04}.png"));
    for n in 0..film.frames {
        let written = frames(n).and_then(|picture| save_png(&path(n), &picture));
        if written.is_err() {
            // What can't be removed stays: the first failure is the one to tell.
            for earlier in 0..n {
                let _ = std::fs::remove_file(path(earlier));
            }
            if made {
                let _ = std::fs::remove_dir(folder);
            }
            return written;
        }
    }
    Ok(())
}

fn opaque(picture: &RgbaImage) -> RgbImage {
    let pixels = picture.pixels().flat_map(|p| [p[0], p[1], p[2]]).collect();
    RgbImage::from_raw(picture.width(), picture.height(), pixels).unwrap_or_default()
}

fn encode(why: image::ImageError) -> FigureError {
    match why {
        image::ImageError::IoError(source) => at(Path::new(""))(source),
        other => FigureError::Encode(other.to_string()),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FigureError + use<> {
    let path = path.to_path_buf();
    |source| FigureError::Write { source, path }
}
