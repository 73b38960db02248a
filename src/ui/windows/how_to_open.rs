//! What is asked before a scan is read: how its voxels lie, if its file does not say it; and which of them are read, if all
//! are too many for the memory.

use egui::{ComboBox, DragValue, Grid, RichText, Ui};

use crate::geom::{Axis, Direction, Orientation};
use crate::text::bytes;
use crate::ui::kit::template::tr_sentence;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::OfferAnswer;

/// Asks how voxels lie. `likely`: what is proposed, but for left and right, of which nobody should agree to a guess;
/// `spacing`: whether that is asked, too.
pub(super) fn place(
    ui: &mut Ui,
    number: u64,
    why: &str,
    (likely, asks_spacing): (Orientation, bool),
) -> Option<OfferAnswer> {
    ui.label(tr_sentence(&why));
    ui.label(quiet(ui, tr("A wrong answer swaps left and right: ask whoever made the file.")));
    let id = ui.scope_id().with(("place", number));
    let proposed = likely.0.map(|direction| Some(direction).filter(|d| d.axis != Axis::X));
    let (mut runs, mut mm) = ui.data(|d| d.get_temp(id)).unwrap_or((proposed, [0.0f64; 3]));
    Grid::new(id.with("axes")).num_columns(3).show(ui, |ui| {
        for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
            ui.label(name);
            direction(ui, (id, name), &mut runs[axis]);
            if asks_spacing {
                let spoken = tr_with("Millimetres along {axis}", &[("axis", &name)]);
                let value = DragValue::new(&mut mm[axis]).range(0.0..=1000.0).speed(0.01);
                ui.add(value.max_decimals(6).suffix(" mm")).accessible_name(spoken);
            }
            ui.end_row();
        }
    });
    ui.data_mut(|d| d.insert_temp(id, (runs, mm)));
    let orientation = Orientation([0, 1, 2].map(|n| runs[n].unwrap_or(likely.0[n])));
    let unsaid = ["x", "y", "z"].into_iter().zip(runs).find(|(_, run)| run.is_none());
    let along = |axis: Axis| orientation.0.iter().any(|direction| direction.axis == axis);
    let wrong = if let Some((axis, _)) = unsaid {
        Some(tr_with("Say where {axis} runs to", &[("axis", &axis)]))
    } else if !Axis::ALL.into_iter().all(along) {
        Some(tr("Two axes run along the same line").to_owned())
    } else if asks_spacing && mm.iter().any(|mm| *mm <= 0.0) {
        Some(tr("Type how many millimetres lie between voxels along each axis").to_owned())
    } else {
        None
    };
    let answer = OfferAnswer::Place { orientation, spacing: asks_spacing.then_some(mm) };
    let open = if unsaid.is_some() {
        tr("Open").to_owned()
    } else {
        tr_with("Open as {letters}", &[("letters", &orientation.letters())])
    };
    decide(ui, &open, wrong.as_deref(), answer)
}

fn direction(ui: &mut Ui, key: (egui::Id, &str), chosen: &mut Option<Direction>) {
    let text = chosen.map_or_else(|| tr("Choose").to_owned(), towards);
    let combo = ComboBox::from_id_salt(key).selected_text(text).width(190.0);
    let spoken = tr_with("Where {axis} runs to", &[("axis", &key.1)]);
    let list = combo.show_ui(ui, |ui| {
        for direction in Direction::ALL {
            ui.selectable_value(chosen, Some(direction), towards(direction));
        }
    });
    list.response.accessible_name(spoken);
}

/// `L: to the left`.
fn towards(direction: Direction) -> String {
    let words = match direction.letter() {
        'R' => tr("to the patient's right"),
        'L' => tr("to the patient's left"),
        'A' => tr("to the front"),
        'P' => tr("to the back"),
        'S' => tr("up, to the head"),
        _ => tr("down, to the feet"),
    };
    format!("{}: {words}", direction.letter())
}

/// Opens if nothing is wrong, or does not.
fn decide(
    ui: &mut Ui,
    open: &str,
    wrong: Option<&str>,
    answer: OfferAnswer,
) -> Option<OfferAnswer> {
    if let Some(wrong) = wrong {
        ui.label(RichText::new(wrong).color(colours(ui).warning));
    }
    ui.horizontal(|ui| {
        let opens = ui.add_enabled(wrong.is_none(), egui::Button::new(open)).clicked();
        let drops = ui.button(tr("Don't open")).clicked();
        if opens { Some(answer) } else { drops.then_some(OfferAnswer::Drop) }
    })
    .inner
}

/// What is chosen of a scan that is too large.
#[derive(Clone, Copy)]
struct Chosen {
    every: usize,
    /// First and last voxel along x, y, z.
    ranges: [[usize; 2]; 3],
}

impl Chosen {
    /// All of it, as coarse as is needed.
    fn fitting(dims: [usize; 3], needed: u64, limit: u64) -> Self {
        let most = dims.into_iter().max().unwrap_or(1);
        let mut chosen = Self { every: 1, ranges: dims.map(|n| [0, n.max(1) - 1]) };
        while chosen.bytes(dims, needed) > limit && chosen.every < most {
            chosen.every += 1;
        }
        chosen
    }

    fn size(&self) -> [usize; 3] {
        self.ranges.map(|[first, last]| (last + 1 - first).div_ceil(self.every))
    }

    /// Of `needed` bytes for all voxels; with a slice that is read before what is not wanted of it is left out.
    fn bytes(&self, dims: [usize; 3], needed: u64) -> u64 {
        let share = |n: [usize; 3]| n.iter().map(|n| *n as f64).product::<f64>();
        let slice = needed as f64 / dims[2].max(1) as f64;
        (needed as f64 * share(self.size()) / share(dims).max(1.0) + slice) as u64
    }

    fn answer(&self, dims: [usize; 3]) -> OfferAnswer {
        let whole = |n: usize| [0, n.max(1) - 1];
        let crop = std::array::from_fn(|a| {
            let range = self.ranges[a];
            (range != whole(dims[a])).then_some([range[0], range[1] + 1])
        });
        OfferAnswer::Part { crop, every: [self.every; 3] }
    }
}

/// Asks which voxels are read of a scan of `dims` voxels that needs `needed` bytes and may have `limit`.
pub(super) fn part(
    ui: &mut Ui,
    number: u64,
    why: &str,
    (dims, needed, limit): ([usize; 3], u64, u64),
) -> Option<OfferAnswer> {
    ui.label(tr_sentence(&why));
    let id = ui.scope_id().with(("part", number));
    let fresh = || Chosen::fitting(dims, needed, limit);
    let mut chosen: Chosen = ui.data(|d| d.get_temp(id)).unwrap_or_else(fresh);
    ui.horizontal(|ui| {
        ui.label(tr("Coarser: one voxel of every"));
        ui.add(DragValue::new(&mut chosen.every).range(1..=64))
            .accessible_name(tr("One voxel of how many"));
        ui.label(tr("along x, y and z is taken, as it is"));
    });
    ui.label(quiet(ui, tr("Smaller: only voxels of a box")));
    Grid::new(id.with("box")).num_columns(4).show(ui, |ui| {
        for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
            let ([first, last], end) = (&mut chosen.ranges[axis], dims[axis].max(1) - 1);
            ui.label(name);
            let spoken = tr_with("First voxel along {axis}", &[("axis", &name)]);
            ui.add(DragValue::new(first).range(0..=*last)).accessible_name(spoken);
            ui.label(tr("to"));
            let spoken = tr_with("Last voxel along {axis}", &[("axis", &name)]);
            ui.add(DragValue::new(last).range(*first..=end)).accessible_name(spoken);
            ui.end_row();
        }
    });
    ui.data_mut(|d| d.insert_temp(id, chosen));
    let [x, y, z] = chosen.size();
    let (wanted, size) = (chosen.bytes(dims, needed), format!("{x} × {y} × {z}"));
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("size", &size), ("needed", &bytes(wanted)), ("limit", &bytes(limit))];
    ui.label(tr_with("{size} voxels need {needed}; {limit} may be taken", &values));
    let wrong = (wanted > limit).then(|| tr("That is too much still"));
    decide(ui, tr("Open this part"), wrong, chosen.answer(dims))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_proposed_fits() {
        let dims = [512, 512, 1000];
        let needed = 2 * 512 * 512 * 1000;
        for limit in [needed / 2, needed / 9, needed / 100, needed] {
            let chosen = Chosen::fitting(dims, needed, limit);
            assert!(chosen.bytes(dims, needed) <= limit, "{limit}: every {}", chosen.every);
            let finer = Chosen { every: chosen.every - 1, ..chosen };
            assert!(chosen.every == 1 || finer.bytes(dims, needed) > limit, "{limit}");
        }
        let all = Chosen::fitting(dims, needed, u64::MAX);
        assert_eq!(all.answer(dims), OfferAnswer::Part { crop: [None; 3], every: [1; 3] });
        let some = Chosen { every: 2, ranges: [[0, 511], [10, 19], [5, 5]] };
        let crop = [None, Some([10, 20]), Some([5, 6])];
        assert_eq!(some.answer(dims), OfferAnswer::Part { crop, every: [2; 3] });
        assert_eq!(some.size(), [256, 5, 1]);
    }
}
