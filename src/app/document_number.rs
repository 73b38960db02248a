/// Names a document among all that are opened in a run of the program, so that what was begun for one that is gone
/// does nothing to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DocumentNumber(pub u64);
