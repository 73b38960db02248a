//! A robot that clicks until nothing within its reach is wrong, whoever answers.

use anyhow::anyhow;

use crate::measure::{Robot, RobotClick};
use crate::volume::Region;
use crate::work::memory;

/// Who answers a robot's clicks.
pub trait Answering {
    /// The mask after one more click, the `number`-th from 1.
    fn click(&mut self, click: RobotClick, number: usize) -> anyhow::Result<&Region>;
}

/// Clicks on a structure, `first` and then where the last mask is wrong, until nothing within reach is or `most` clicks
/// were made; how many those were.
///
/// # Errors
/// As [`Answering::click`], and if there is no memory for looking for the next click.
pub fn click_all(
    robot: &mut Robot,
    truth: &Region,
    (first, most): (RobotClick, usize),
    answering: &mut impl Answering,
) -> anyhow::Result<usize> {
    let (mut next, mut made) = (Some(first), 0);
    while let Some(click) = next.filter(|_| made < most) {
        made += 1;
        let mask = answering.click(click, made)?;
        if made == most {
            break;
        }
        memory::check(robot.bytes(truth, mask))
            .map_err(|short| anyhow!("finding where to click next {short}"))?;
        next = robot.next(truth, mask);
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::measure::RobotAim;
    use crate::volume::RegionBuilder;

    const DIMS: [usize; 3] = [12, 12, 12];

    /// A box of voxels.
    fn boxed(lo: usize, hi: usize) -> Region {
        let mut builder = RegionBuilder::new(DIMS[0]);
        for z in lo..hi {
            for y in lo..hi {
                builder.push(lo + DIMS[0] * (y + DIMS[1] * z), hi - lo);
            }
        }
        builder.finish()
    }

    /// Answers with these masks.
    struct Masks(Vec<Region>, Vec<RobotClick>);

    impl Answering for Masks {
        fn click(&mut self, click: RobotClick, number: usize) -> anyhow::Result<&Region> {
            self.1.push(click);
            assert_eq!(number, self.1.len());
            self.0.get(number - 1).ok_or_else(|| anyhow!("asked once more than it may be"))
        }
    }

    #[test]
    fn it_ends_when_nothing_is_wrong_or_enough_was_clicked() {
        let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
        let truth = boxed(3, 9);
        for (masks, most, made) in [
            (vec![boxed(4, 8), boxed(2, 10), truth.clone()], 10, 3),
            (vec![boxed(4, 8), boxed(2, 10), truth.clone()], 2, 2),
            (vec![truth.clone()], 10, 1),
            (vec![], 0, 0),
        ] {
            let mut robot = Robot::new(&grid, RobotAim::Centre, ("a", 1, 0));
            let first = robot.first(&truth).unwrap();
            let mut answering = Masks(masks, Vec::new());
            let told = click_all(&mut robot, &truth, (first, most), &mut answering).unwrap();
            assert_eq!((told, answering.1.len()), (made, made));
            // The first is inside, the second where the mask lacks something, the third where it has too much.
            let positive: Vec<bool> = answering.1.iter().map(|click| click.positive).collect();
            assert_eq!(positive, [true, true, false][..made]);
        }
        let mut robot = Robot::new(&grid, RobotAim::Centre, ("a", 1, 0));
        let first = robot.first(&truth).unwrap();
        let mut fails = Masks(vec![boxed(4, 8)], Vec::new());
        assert!(click_all(&mut robot, &truth, (first, 5), &mut fails).is_err());
    }
}
