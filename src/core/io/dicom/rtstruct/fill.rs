//! What lies within contours: the voxels whose middle does, by the even-odd rule over all contours of a slice. So an
//! inner contour is a hole, and so is what a keyhole leads to.

use std::ops::Range;

/// The voxels within closed contours: for each row that has some, runs of them. `contours`: points in voxels, (along a
/// row, from row to row); the last is joined to the first. A middle on a contour is inside if the contour lies on its
/// low side.
pub(super) fn fill(
    contours: &[Vec<[f64; 2]>],
    [width, height]: [usize; 2],
) -> Vec<(usize, Range<usize>)> {
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); height];
    for contour in contours {
        let ends = contour.iter().cycle().skip(1);
        for (a, b) in contour.iter().zip(ends) {
            let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            let rows = whole(low[1], height)..whole(high[1], height);
            for (row, along) in rows.clone().zip(&mut crossings[rows]) {
                let share = (row as f64 - low[1]) / (high[1] - low[1]);
                along.push(low[0] + share * (high[0] - low[0]));
            }
        }
    }
    let mut runs: Vec<(usize, Range<usize>)> = Vec::new();
    for (row, mut along) in crossings.into_iter().enumerate() {
        along.sort_by(f64::total_cmp);
        for pair in along.as_chunks::<2>().0 {
            let run = whole(pair[0], width)..whole(pair[1], width);
            match runs.last_mut() {
                _ if run.is_empty() => {}
                Some((same, before)) if *same == row && before.end == run.start => {
                    before.end = run.end;
                }
                _ => runs.push((row, run)),
            }
        }
    }
    runs
}

/// How often contours cross the middles of rows: what [`fill`] takes memory for.
pub(super) fn crossings(contours: &[Vec<[f64; 2]>], height: usize) -> u64 {
    let of = |contour: &Vec<[f64; 2]>| -> u64 {
        let ends = contour.iter().cycle().skip(1);
        let rows =
            |(a, b): (&[f64; 2], &[f64; 2])| whole(a[1], height).abs_diff(whole(b[1], height));
        contour.iter().zip(ends).map(|pair| rows(pair) as u64).sum()
    };
    contours.iter().map(of).sum()
}

/// The first whole number that is not below, of those up to `most`.
fn whole(at: f64, most: usize) -> usize {
    at.ceil().clamp(0.0, most as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(contours: &[Vec<[f64; 2]>]) -> Vec<String> {
        let mut rows = vec![vec!['.'; 7]; 6];
        for (row, run) in fill(contours, [7, 6]) {
            rows[row][run].fill('#');
        }
        rows.into_iter().map(String::from_iter).collect()
    }

    #[test]
    fn middles_decide() {
        let square = |low: f64, high: f64| vec![[low, low], [high, low], [high, high], [low, high]];
        let keyhole = vec![
            [0.5, 0.5],
            [5.5, 0.5],
            [5.5, 4.5],
            [0.5, 4.5],
            [0.5, 2.0],
            // To the hole, around it, and back.
            [1.5, 2.0],
            [1.5, 3.5],
            [3.5, 3.5],
            [3.5, 1.5],
            [1.5, 1.5],
            [1.5, 2.0],
            [0.5, 2.0],
        ];
        let ring = [".......", ".#####.", ".#..##.", ".#..##.", ".#####.", "......."];
        for (what, contours, expected) in [
            (
                "a square",
                vec![square(0.6, 3.4)],
                [".......", ".###...", ".###...", ".###...", ".......", "......."],
            ),
            ("smaller than a voxel", vec![square(0.6, 0.9)], ["......."; 6]),
            (
                "edges on middles: the low ones are in",
                vec![square(1.0, 3.0)],
                [".......", ".##....", ".##....", ".......", ".......", "......."],
            ),
            (
                "a hole",
                vec![
                    vec![[0.5, 0.5], [5.5, 0.5], [5.5, 4.5], [0.5, 4.5]],
                    vec![[1.5, 1.5], [3.5, 1.5], [3.5, 3.5], [1.5, 3.5]],
                ],
                ring,
            ),
            ("a keyhole", vec![keyhole], ring),
            (
                "over the border",
                vec![vec![[-9.0, -9.0], [1.2, -9.0], [1.2, 1.2], [-9.0, 1.2]]],
                ["##.....", "##.....", ".......", ".......", ".......", "......."],
            ),
            (
                "two that touch",
                vec![square(0.5, 1.5), vec![[1.5, 0.5], [2.5, 0.5], [2.5, 1.5], [1.5, 1.5]]],
                [".......", ".##....", ".......", ".......", ".......", "......."],
            ),
            ("far away", vec![square(1e300, 2e300)], ["......."; 6]),
        ] {
            assert_eq!(mask(&contours), expected, "{what}");
        }
    }
}
