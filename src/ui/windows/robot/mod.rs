//! The robot user: how it clicks, how far it is, how good its masks are.

mod figures;

use egui::{
    CollapsingHeader, ComboBox, Context, DragValue, Grid, RichText, ScrollArea, Ui, Window,
};

use super::place;
use crate::measure::RobotAim;
use crate::ui::commands::CommandContext;
use crate::ui::kit::format::shorten;
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_sentence;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{colours, progress, quiet};
use crate::ui::state::{
    Action, InTheWay, InTheWayAnswer, ModelStatus, RobotAction, RobotOptions, RobotPause, RobotWork,
};

/// Height of a list of objects that are in the way, and of all lists together at most; more is scrolled to.
const LISTED: f32 = 54.0;
/// What of the window's height is not the contents': bars, the title, the buttons.
const AROUND: f32 = 206.0;
/// From this share of the labels on, figures say more about what is in the way than about the model.
const MUCH: f64 = 1.0 / 3.0;
const LEAST: f32 = 120.0;
/// Of the window's contents, in points.
const WIDTH: f32 = 340.0;

/// Draws the window, if it is open and there is a document.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    if cx.document.is_none() || !cx.view.windows.robot {
        return;
    }
    let mut open = true;
    let area = place::above_the_bars(ctx, cx.view);
    let window = Window::new(format!("{} {}", icons::POINT, tr("Robot user")))
        .id(egui::Id::unique("robot user"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .constrain_to(area);
    place::beside_slices(window, ctx, cx.view).show(ctx, |ui| {
        ui.set_width(WIDTH);
        let status = cx.status;
        if let Some(work) = &status.robot.work {
            at_work(ui, work, cx);
        }
        let room = (area.height() - AROUND).max(LEAST);
        let told = ScrollArea::vertical().id_salt("robot's window").max_height(room);
        told.auto_shrink([false, true]).show(ui, |ui| contents(ui, cx));
        // Seen however much there is above.
        if status.robot.work.is_none() {
            match &status.robot.in_the_way {
                Some(found) => answers(ui, found, cx.out),
                None => start(ui, cx),
            }
        }
        if status.robot.run.is_some() {
            figures::buttons(ui, &status.robot, cx.out);
        }
    });
    cx.view.windows.robot = open;
}

/// What it is told, what it asks, and what came of it.
fn contents(ui: &mut Ui, cx: &mut CommandContext) {
    let status = cx.status;
    if status.robot.work.is_none() {
        ui.label(quiet(ui, tr("It knows B, and clicks as you would: first inside of a structure, then in what is wrong. All rules are those of your own clicks: its figures are not those of a benchmark or a paper.")));
        // Once there are figures these matter more.
        let any = status.robot.run.is_some();
        let header = CollapsingHeader::new(tr("How it clicks")).id_salt(("robot", any));
        // There is to be room for the question.
        let header = header.open(status.robot.in_the_way.is_some().then_some(false));
        header.default_open(!any).show(ui, |ui| settings(ui, cx));
        ui.add_space(4.0);
        if let Some(found) = &status.robot.in_the_way {
            in_the_way(ui, found);
        }
    }
    if let Some(why) = &status.robot.told {
        ui.label(RichText::new(tr_sentence(why)).color(colours(ui).warning));
    }
    if let Some(run) = &status.robot.run {
        ui.separator();
        figures::show(ui, run, &status.robot);
    }
}

/// How it clicks, each setting beside its name.
fn settings(ui: &mut Ui, cx: &mut CommandContext) {
    let chosen = chosen_pair(cx);
    let set = &mut cx.view.prefs.robot;
    Grid::new("robot's settings").num_columns(2).spacing([12.0, 6.0]).show(ui, |ui| {
        ui.label(quiet(ui, tr("Labels")));
        labels(ui, set, chosen.as_deref());
        ui.end_row();

        ui.label(quiet(ui, tr("Clicks")));
        ui.horizontal(|ui| {
            for n in RobotOptions::CLICKS {
                let button = ui.selectable_label(set.clicks == n, n.to_string());
                let name = tr_with("Clicks on each label: {n}", &[("n", &n)]);
                if button.accessible_name(name).clicked() {
                    set.clicks = n;
                }
            }
        });
        ui.end_row();

        ui.label(quiet(ui, tr("Clicks at")));
        aim(ui, &mut set.aim);
        ui.end_row();

        ui.label(quiet(ui, tr("Seed")));
        ui.add_enabled(set.aim != RobotAim::Centre, DragValue::new(&mut set.seed).speed(0.05))
            .accessible_name(tr("Seed of the random clicks"))
            .on_hover_text(tr("Another number, other random clicks. The same number makes the same first click again, where no object is in the way."));
        ui.end_row();

        ui.label(quiet(ui, tr("Pace")));
        ui.horizontal(|ui| pace(ui, &mut set.pause));
        ui.end_row();
    });
    ui.checkbox(&mut set.watch, tr("Go to each click"));
    ui.checkbox(&mut set.take_out, tr("Delete each mask once it is measured")).on_hover_text(tr(
        "Else it stays as an object, and later masks get none of its voxels. Undo brings it back.",
    ));
    ui.label(quiet(ui, tr("As with your clicks, a mask gets only voxels that no object has; Dice is with the whole label.")));
}

/// All labels of B, or that of the pair which is `chosen`.
fn labels(ui: &mut Ui, set: &mut RobotOptions, chosen: Option<&str>) {
    ui.horizontal(|ui| {
        ui.selectable_value(&mut set.all, true, tr("All of B"));
        let name = chosen.map(|name| shorten(name, 24));
        let text = match &name {
            Some(name) => tr_with("Only {name}", &[("name", name)]),
            None => tr("The chosen pair").to_owned(),
        };
        let one = ui.selectable_value(&mut set.all, false, text);
        one.on_hover_text(tr("Click a row of the comparison's table to choose it."));
    });
}

/// What the label of the chosen pair is called, if B has one.
fn chosen_pair(cx: &CommandContext) -> Option<String> {
    let pair = cx.view.scan.comparison.as_ref()?.selected?;
    let label = pair.b?;
    let table = cx.status.comparison.table.as_deref();
    let row = table.and_then(|table| table.rows.iter().find(|row| row.pair == pair));
    let named = row.and_then(|row| row.names[1].clone());
    Some(named.unwrap_or_else(|| tr_with("Label {n}", &[("n", &label)])))
}

fn aim(ui: &mut Ui, aim: &mut RobotAim) {
    let choices = [
        (RobotAim::Random, mark("Anywhere in what is wrong")),
        (RobotAim::Centre, mark("Deepest in what is wrong")),
        (RobotAim::Inside, mark("Only inside of the structure")),
    ];
    let name = choices.iter().find(|(one, _)| one == aim).map_or("", |(_, name)| tr(name));
    let combo = ComboBox::from_id_salt("robot aims").width(230.0).selected_text(name);
    let response = combo.show_ui(ui, |ui| {
        for (one, name) in choices {
            ui.selectable_value(aim, one, tr(name)).on_hover_text(about(one));
        }
    });
    response.response.accessible_name(tr("Where the robot clicks")).on_hover_text(about(*aim));
}

fn about(aim: RobotAim) -> &'static str {
    match aim {
        RobotAim::Random => tr("Any voxel, as in the SAM-Med3D paper."),
        RobotAim::Centre => tr("The innermost voxel, as people tend to."),
        RobotAim::Inside => tr(
            "Any voxel that the mask has right, if there is one: clicks that find nothing to be wrong.",
        ),
    }
}

/// The button, or why there is nothing to begin with.
fn start(ui: &mut Ui, cx: &mut CommandContext) {
    let set = cx.view.prefs.robot;
    let compares = cx.view.scan.comparison.is_some();
    let why = if !compares {
        Some(tr("Compare with a label map first."))
    } else if !matches!(cx.status.model, ModelStatus::Ready { .. }) {
        Some(tr("No model is ready yet."))
    } else if !set.all && chosen_pair(cx).is_none() {
        Some(tr("Click a row of the comparison's table to choose it."))
    } else {
        None
    };
    ui.horizontal(|ui| {
        let button = egui::Button::new(format!("{} {}", icons::PLAY, tr("Start")));
        if ui.add_enabled(why.is_none(), button).clicked() {
            cx.out.push(Action::Robot(RobotAction::Start));
        }
        if let Some(why) = why {
            ui.label(quiet(ui, why));
        }
    });
    if set.clicks > 1 && cx.status.model_lacks(|can| can.negative_points) {
        let text =
            tr("The model in use takes no negative points: the robot stops where it needs one.");
        ui.label(RichText::new(text).color(colours(ui).warning));
    }
}

/// What its masks could not get, and what can be done about it.
fn in_the_way(ui: &mut Ui, found: &InTheWay) {
    let InTheWay { share, names: [own, others], .. } = found;
    let colour = colours(ui).warning;
    let values: [(&str, &dyn std::fmt::Display); 1] = [("percent", &percent(*share))];
    if *share >= MUCH {
        let text = tr_with(
            "Objects that are there already have {percent} % of these labels, and the robot's masks get none of that: its figures would be poor whatever the model can do.",
            &values,
        );
        ui.label(RichText::new(text).color(colour));
    } else {
        let text = tr_with(
            "Objects that are there already have {percent} % of these labels, and the robot's masks get none of that: its figures would be lower by about as much.",
            &values,
        );
        ui.label(text);
    }
    for (names, text) in [
        (own, mark("The robot's masks of earlier runs: {list}")),
        (others, mark("Other objects: {list}")),
    ] {
        if !names.is_empty() {
            let list: Vec<String> = names.iter().map(|n| shorten(n, 30)).collect();
            let all = ScrollArea::vertical().id_salt(text).max_height(LISTED);
            all.auto_shrink([false, true]).show(ui, |ui| {
                ui.label(quiet(ui, tr_with(text, &[("list", &list.join(", "))])));
            });
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}", 100.0 * share)
}

/// What can be done about what is in the way.
fn answers(ui: &mut Ui, found: &InTheWay, out: &mut Vec<Action>) {
    let InTheWay { share_of_others, robots, .. } = found;
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        let mut answer = |ui: &mut Ui, text: &str, about: Option<String>, answer: InTheWayAnswer| {
            let mut button = ui.button(text);
            if let Some(about) = about {
                button = button.on_hover_text(about);
            }
            if button.clicked() {
                out.push(Action::Robot(RobotAction::Answer(answer)));
            }
        };
        if !robots.is_empty() {
            let about = tr_with(
                "One step, which undo takes back. Other objects stay: they have {percent} % of these labels.",
                &[("percent", &percent(*share_of_others))],
            );
            answer(ui, tr("Delete its earlier masks, and start"), Some(about), InTheWayAnswer::Delete);
        }
        let about = tr("Each figure then says how much of its label was free.").to_owned();
        answer(ui, tr("Start beside them"), Some(about), InTheWayAnswer::Beside);
        answer(ui, tr("Cancel"), None, InTheWayAnswer::Cancel);
    });
}

/// How far it is, and the button that ends it.
fn at_work(ui: &mut Ui, work: &RobotWork, cx: &mut CommandContext) {
    let RobotWork { name, label: (label, labels), click: (click, clicks), asks } = work;
    let values: [(&str, &dyn std::fmt::Display); 5] = [
        ("name", &shorten(name, 30)),
        ("click", click),
        ("clicks", clicks),
        ("label", label),
        ("labels", labels),
    ];
    ui.label(tr_with("{name}: click {click} of {clicks}, label {label} of {labels}", &values));
    let done = (label - 1) * clicks + click.saturating_sub(usize::from(*asks));
    progress(ui, tr("Robot user"), (done as u64, (labels * clicks) as u64), WIDTH);
    ui.horizontal(|ui| {
        if ui.button(format!("{} {}", icons::STOP, tr("Stop"))).clicked() {
            cx.out.push(Action::Robot(RobotAction::Stop));
        }
        let set = &mut cx.view.prefs.robot;
        pace(ui, &mut set.pause);
        ui.checkbox(&mut set.watch, tr("Go to each click"));
    });
}

fn pace(ui: &mut Ui, pause: &mut RobotPause) {
    for one in RobotPause::ALL {
        ui.selectable_value(pause, one, tr(one.name()));
    }
}
