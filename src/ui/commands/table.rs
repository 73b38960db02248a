use super::entry::{Entry, Menu};
use super::{
    appearance, cases, comparing, edit, file, help, operations, segment, tools, view_3d, views,
    window,
};

/// All commands, in the order of lists.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    let others = [
        tools::ALL,
        views::ALL,
        view_3d::ALL,
        appearance::ALL,
        window::ALL,
        segment::ALL,
        comparing::ALL,
        help::ALL,
    ];
    let first = [file::ALL, cases::ALL, edit::ALL, operations::ALL].into_iter().flatten().copied();
    first
        .chain(operations::EACH)
        .chain(tools::CHOOSE.iter())
        .chain(others.into_iter().flatten().copied())
}

/// The commands of a section of a menu, in its order.
pub fn section(menu: Menu, number: u8) -> Vec<&'static Entry> {
    let place = |entry: &&Entry| entry.menu.filter(|(of, at)| *of == menu && at / 10 == number);
    let mut found: Vec<_> = all().filter(|entry| place(entry).is_some()).collect();
    found.sort_by_key(|entry| entry.menu.map(|(_, at)| at));
    found
}
