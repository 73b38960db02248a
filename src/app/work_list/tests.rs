//! Going through a list, without a window.

use super::going::order_of;
use super::*;
use crate::cases::{self, WorkState};
use crate::io::formats;
use crate::ui::CaseStep;

#[test]
fn cases_are_gone_through_from_where_one_is() {
    use CaseStep::{Next, NextNotStarted, Previous};
    for (step, from, order) in [
        (Next, None, &[0, 1, 2, 3][..]),
        (Next, Some(1), &[2, 3]),
        (Next, Some(3), &[]),
        (Previous, None, &[]),
        (Previous, Some(0), &[]),
        (Previous, Some(2), &[1, 0]),
        (NextNotStarted, None, &[0, 1, 2, 3]),
        (NextNotStarted, Some(1), &[2, 3, 0]),
        (NextNotStarted, Some(3), &[0, 1, 2]),
        // The list was longer.
        (Next, Some(9), &[]),
        (Previous, Some(9), &[3, 2, 1, 0]),
    ] {
        assert_eq!(order_of(step, from, 4), order, "{step:?} from {from:?}");
    }
}

/// What is looked at, and what is known of it then.
#[test]
fn what_has_changed_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a.nii", "b.nii", "c.nii"] {
        std::fs::write(at(name), "x").unwrap();
    }
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let list = cases::find(folder.path(), None, formats(), &cancel, &progress).unwrap();
    assert_eq!(look(&list, None, &cancel, &progress), []);
    std::fs::write(at("b.voxpoint"), "no session").unwrap();
    std::fs::remove_file(at("c.nii")).unwrap();
    let places = |which| {
        let found = look(&list, which, &cancel, &progress);
        found.into_iter().map(|(at, status)| (at, status.state)).collect::<Vec<_>>()
    };
    assert_eq!(places(None), [(1, WorkState::InProgress), (2, WorkState::NotStarted)]);
    assert_eq!(places(Some(vec![2, 0, 77])), [(2, WorkState::NotStarted)]);
    cancel.cancel();
    assert_eq!(look(&list, None, &cancel, &progress), []);
}
