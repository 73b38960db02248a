//! Objects in the way of a run that is to begin: they are told, and nobody's mask is deleted for it but the robot's own.

use voxpoint::document::ObjectState;
use voxpoint::prompt::Prompt;
use voxpoint::ui::{InTheWay, InTheWayAnswer};

use super::*;

/// What lies in the way of a run that is to begin.
fn asked(harness: &mut Harness<'_, App>) -> Option<InTheWay> {
    let ctx = harness.ctx.clone();
    // (Messages lie over the buttons for a while.)
    harness.state_mut().act(Action::Robot(RobotAction::Start), &ctx);
    wait(harness, "the question", |app| app.status().robot.in_the_way.is_some());
    harness.run_steps(2);
    harness.state().status().robot.in_the_way.clone()
}

/// Its masks are to be deleted, and it is to begin.
fn delete(harness: &mut Harness<'_, App>) {
    let ctx = harness.ctx.clone();
    let answer = RobotAction::Answer(InTheWayAnswer::Delete);
    harness.state_mut().act(Action::Robot(answer), &ctx);
    harness.run_steps(2);
}

/// A second run would get nothing but what the first one has left.
#[test]
fn objects_in_the_way_are_told_before_and_its_own_masks_are_taken_away_in_one_step() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = ready(folder.path(), RODS, Only::default());
    start(&mut harness);
    let first = done(&mut harness);
    let made =
        |harness: &Harness<'_, App>| objects(harness).iter().map(|o| o.id).collect::<Vec<_>>();
    let ids = made(&harness);
    let found = asked(&mut harness).expect("they are in the way");
    assert_eq!((found.robots.clone(), found.share_of_others), (ids.clone(), 0.0));
    assert!(found.share > 0.9, "{}", found.share);
    harness.get_by_label_contains("Objects that are there already have");
    harness.get_by_label_contains(
        "The robot's masks of earlier runs: robot: First rod, robot: Second rod",
    );
    harness.get_by_label("Cancel").click();
    harness.run_steps(3);
    assert!(harness.state().status().robot.in_the_way.is_none());
    assert_eq!(harness.state().status().robot.run.as_ref(), Some(&first), "nothing was begun");
    // One that was corrected is the user's.
    let change =
        Change::Subtract(Arc::new(Region::from_mask(ROW, (0..160_000).map(|n| n % 80 == 25))));
    let (over, kind) = (Over::Background, EditKind::Eraser);
    let edit = Command::Edit { object: Some(ids[0]), change, over, kind, gesture: GestureId(77) };
    harness.state_mut().carry_out(edit);
    harness.run_steps(2);
    let found = asked(&mut harness).expect("they are in the way");
    assert_eq!(found.robots, [ids[1]]);
    assert_eq!(found.names[1], ["robot: First rod"]);
    harness.get_by_label("Cancel").click();
    harness.run_steps(3);
    undo(&mut harness);
    // Taken away, the figures are those of the first time.
    asked(&mut harness).expect("they are in the way");
    let steps = document(&harness).history_steps().1;
    harness.get_by_label("Delete its earlier masks, and start").click();
    harness.run_steps(2);
    assert!(document(&harness).history_steps().1 > steps);
    let second = done(&mut harness);
    for at in [0, 1] {
        assert_eq!(dice(&second, at), dice(&first, at));
        assert_eq!(second.structures[at].free, 1.0);
    }
    // Beside them, which is said with each figure.
    asked(&mut harness).expect("they are in the way");
    harness.get_by_label("Start beside them").click();
    harness.run_steps(2);
    let third = done(&mut harness);
    assert!(third.structures.iter().all(|s| s.free < 0.1), "{:?}", third.structures);
}

/// A click of the user's into this voxel.
fn user_clicks(harness: &mut Harness<'_, App>, object: LabelId, voxel: [usize; 3]) {
    let prompt = Prompt::new(grid(harness).world_of(voxel), true);
    let command = if objects(harness).iter().any(|o| o.id == object) {
        Command::AddPrompt { object: Some(object), prompt }
    } else {
        let (name, colour) = ("robot: Second rod".to_owned(), [1, 2, 3]);
        Command::BeginByPrompt { number: object, name, colour, prompt }
    };
    harness.state_mut().carry_out(command);
    wait(harness, "the mask", App::is_idle);
}

type Deed = fn(&mut Harness<'_, App>);

const BOTH: [LabelId; 2] = [LabelId(1), LabelId(2)];

/// What a user does to the robot's masks, and which of them are the robot's then.
fn deeds() -> [(&'static str, Deed, LabelId); 6] {
    let [first, second] = BOTH;
    [
        ("a click into it", |h| user_clicks(h, LabelId(2), [55, 20, 40]), first),
        (
            "painted",
            |h| {
                let change = Change::Subtract(Arc::new(truth(3)));
                let (over, kind) = (Over::Background, EditKind::Eraser);
                let (object, gesture) = (Some(LabelId(1)), GestureId(901));
                h.state_mut().carry_out(Command::Edit { object, change, over, kind, gesture });
            },
            second,
        ),
        (
            "flagged",
            |h| h.state_mut().carry_out(Command::SetState(LabelId(1), ObjectState::Flagged)),
            second,
        ),
        (
            "taken back, and another made with its number and name",
            |h| {
                while objects(h).len() > 1 {
                    undo(h);
                }
                user_clicks(h, LabelId(2), [55, 20, 40]);
            },
            first,
        ),
        (
            "another number",
            |h| h.state_mut().carry_out(Command::Renumber(LabelId(2), LabelId(7))),
            first,
        ),
        (
            "a name",
            |h| h.state_mut().carry_out(Command::Rename(LabelId(1), "liver".to_owned())),
            second,
        ),
    ]
}

/// What the user does to masks of the robot's makes them his: before it asks, and while it does.
#[test]
fn a_mask_that_the_user_has_worked_on_is_never_deleted_for_the_robot() {
    let folder = tempfile::tempdir().expect("temp folder");
    for (what, deed, robots) in deeds() {
        for while_asked in [false, true] {
            let mut harness = ready(folder.path(), RODS, Only::default());
            start(&mut harness);
            done(&mut harness);
            if while_asked {
                let found = asked(&mut harness).expect("they are in the way");
                assert_eq!(found.robots, BOTH, "{what}");
                deed(&mut harness);
                let before = objects(&harness).to_vec();
                delete(&mut harness);
                assert!(harness.state().messages().any(|m| m.contains("changed meanwhile")));
                wait(&mut harness, "the question", |app| app.status().robot.in_the_way.is_some());
                assert_eq!(objects(&harness), before, "{what}");
                harness.run_steps(2);
            } else {
                deed(&mut harness);
                asked(&mut harness);
            }
            let found = harness.state().status().robot.in_the_way.clone().expect("a question");
            assert_eq!(found.robots, [robots], "{what}, {while_asked}");
            let is_users = |o: &&Object| o.id != robots;
            let users: Vec<Object> = objects(&harness).iter().filter(is_users).cloned().collect();
            assert_eq!(users.len(), 1, "{what}");
            delete(&mut harness);
            done(&mut harness);
            assert!(users.iter().all(|o| objects(&harness).contains(o)), "{what}, {while_asked}");
        }
    }
}

/// The window is not modal: another model can be chosen while the question is there.
#[test]
fn nothing_is_deleted_for_a_run_that_can_not_begin() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = ready(folder.path(), RODS, Only::default());
    start(&mut harness);
    done(&mut harness);
    asked(&mut harness).expect("they are in the way");
    let before = objects(&harness).to_vec();
    let ctx = harness.ctx.clone();
    let answer = Action::Robot(RobotAction::Answer(InTheWayAnswer::Delete));
    harness.state_mut().act(Action::UseDemoModel, &ctx);
    harness.state_mut().act(answer.clone(), &ctx);
    assert_eq!(objects(&harness), before);
    assert!(harness.state().messages().any(|m| m.contains("once a model is ready")));
    assert!(harness.state().status().robot.in_the_way.is_some(), "the question stays");
    wait(&mut harness, "the model", |app| matches!(app.status().model, ModelStatus::Ready { .. }));
    harness.state_mut().act(answer, &ctx);
    harness.run_steps(2);
    assert_eq!(done(&mut harness).structures[0].free, 1.0);
}
