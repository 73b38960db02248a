use egui::KeyboardShortcut;

use super::context::CommandContext;
use super::keys::key_name;
use crate::ui::kit::text::{mark, stopped, tr};
use crate::ui::state::{Action, Status, ToolId};

/// Something the user can do, by a key, a menu, a button or the palette: all of these come from here.
#[derive(Debug)]
pub struct Entry {
    /// Names it in the program.
    pub id: &'static str,
    /// What menus call it, in English.
    pub name: &'static str,
    /// Any of these; the first is shown in menus and tooltips.
    pub keys: &'static [KeyboardShortcut],
    /// A character of the icon font, for buttons.
    pub icon: Option<&'static str>,
    /// Its place in the list of shortcuts.
    pub group: Group,
    /// Its menu, and its place there: tens are sections, with a line between them; what has the same place follows the
    /// order of the table.
    pub menu: Option<(Menu, u8)>,
    /// Whether it would do something now.
    pub enabled: fn(&CommandContext) -> bool,
    /// Why it can't be done although it should do something, if so: shown where it is offered, and told when its key is
    /// pressed. In the language in use.
    pub refusal: fn(&CommandContext) -> Option<String>,
    /// What is missing while it would do nothing, in English: shown where it is offered.
    pub why_not: fn(&CommandContext) -> &'static str,
    /// Further words by which it is found, in English.
    pub words: &'static str,
    /// The tool that it chooses, if that is what it does.
    pub tool: Option<ToolId>,
    /// What it switches is on now; `None` if it is no switch.
    pub on: Option<fn(&CommandContext) -> bool>,
    /// A menu says more than its name now (`Undo positive click`).
    pub menu_text: Option<fn(&CommandContext) -> String>,
    /// Does it. Only called while it is enabled.
    pub run: fn(&mut CommandContext),
    /// It goes on being done while its key is held down.
    pub repeats: bool,
    /// It lasts as long as its key is held down, and can not be run otherwise.
    pub held: bool,
    /// It may be done while something is being drawn, which is one change that nothing may come into.
    pub while_drawing: bool,
    /// It asks for a path or a text: keys that follow it are no shortcuts.
    pub asks_for_text: fn(&Status) -> bool,
}

/// Where an entry stands in the list of shortcuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Group {
    File,
    Cases,
    Edit,
    Tools,
    Views,
    Window,
    Segment,
    Compare,
    Help,
}

impl Group {
    /// All, in the order of the list.
    pub const ALL: [Group; 9] = [
        Group::File,
        Group::Cases,
        Group::Edit,
        Group::Tools,
        Group::Views,
        Group::Window,
        Group::Segment,
        Group::Compare,
        Group::Help,
    ];

    /// Heading in the list.
    pub fn name(self) -> &'static str {
        match self {
            Group::File => mark("File"),
            Group::Cases => mark("Cases"),
            Group::Edit => mark("Edit"),
            Group::Tools => mark("Tools"),
            Group::Views => mark("Views"),
            Group::Window => mark("Window and level"),
            Group::Segment => mark("Segment"),
            Group::Compare => mark("Compare"),
            Group::Help => mark("Help"),
        }
    }
}

/// The menus, and the menus within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Menu {
    File,
    /// File, Cases.
    Cases,
    Edit,
    /// Edit, Mask.
    EditMask,
    /// Edit, Mask, With another object.
    MaskWithOther,
    View,
    /// View, Layout.
    Layout,
    /// View, Slices.
    Slices,
    /// View, Window and level.
    Window,
    /// View, Time points.
    TimePoints,
    /// View, 3D.
    View3d,
    /// View, Scale.
    Scale,
    /// View, Compare.
    Compare,
    Segment,
    /// The choice of models: in Segment, and behind the model's name.
    Model,
    Tools,
    Help,
}

impl Entry {
    /// An entry that has nothing but its group yet: `commands!` asks for the rest that each must have.
    pub(super) const fn in_group(group: Group) -> Self {
        Self {
            id: "",
            name: "",
            keys: &[],
            icon: None,
            group,
            menu: None,
            enabled: always,
            refusal: |_| None,
            why_not: |cx| without_object(cx).unwrap_or(NOTHING_TO_DO),
            words: "",
            tool: None,
            on: None,
            menu_text: None,
            run: |_| {},
            repeats: false,
            held: false,
            while_drawing: false,
            asks_for_text: |_| false,
        }
    }

    /// What menus call it, in the language in use.
    pub fn name(&self) -> &'static str {
        tr(self.name)
    }

    /// The first key as text, e.g. `Ctrl+Shift+Z`; empty if it has none.
    pub fn key_text(&self) -> String {
        self.keys.first().map(key_name).unwrap_or_default()
    }

    /// Name and key, for a tooltip.
    pub fn tip(&self) -> String {
        self.tip_for(self.name())
    }

    /// A tooltip that calls it otherwise: this text and the key.
    pub fn tip_for(&self, text: &str) -> String {
        match self.key_text() {
            key if key.is_empty() => text.to_owned(),
            key => format!("{text} ({key})"),
        }
    }

    /// Whether it would do something now.
    pub fn is_enabled(&self, cx: &CommandContext) -> bool {
        (self.enabled)(cx) && (self.refusal)(cx).is_none()
    }

    /// Why it can't be done although it should do something.
    pub fn refused(&self, cx: &CommandContext) -> Option<String> {
        (self.refusal)(cx).filter(|_| (self.enabled)(cx))
    }

    /// Why it can't be done now, in the language in use.
    pub fn unavailable(&self, cx: &CommandContext) -> Option<String> {
        let missing = || (!(self.enabled)(cx)).then(|| tr((self.why_not)(cx)).to_owned());
        self.refused(cx).or_else(missing)
    }

    /// Whether it is on or off, as a switch or the choice of a tool is.
    pub fn is_switch(&self) -> bool {
        self.on.is_some() || self.tool.is_some()
    }

    /// Whether what it switches is on, or the tool that it chooses is in use.
    pub fn is_on(&self, cx: &CommandContext) -> bool {
        self.on.is_some_and(|on| on(cx)) || self.tool.is_some_and(|t| cx.view.prefs.tool == t)
    }

    /// What a menu says now.
    pub fn menu_text(&self, cx: &CommandContext) -> String {
        self.menu_text.map_or_else(|| self.name().to_owned(), |text| text(cx))
    }

    /// Does it, if it is enabled, or says why not.
    pub fn run(&self, cx: &mut CommandContext) {
        if let Some(why) = self.refused(cx) {
            cx.send(Action::Tell(stopped(&why)));
            return;
        }
        if !self.is_enabled(cx) {
            return;
        }
        if let Some(tool) = self.tool {
            cx.view.prefs.tool = tool;
        }
        (self.run)(cx);
    }
}

/// For [`Entry::enabled`]: at any time.
pub(super) fn always(_: &CommandContext) -> bool {
    true
}

/// For [`Entry::enabled`]: while a scan is open.
pub(super) fn with_scan(cx: &CommandContext) -> bool {
    cx.document.is_some()
}

const NOTHING_TO_DO: &str = mark("There is nothing now that it could be done to.");

/// For [`Entry::why_not`]: what to do while no scan is open.
pub(super) fn without_scan(cx: &CommandContext) -> Option<&'static str> {
    cx.document.is_none().then_some(mark("Open a scan first."))
}

/// For [`Entry::why_not`]: what to do while no object is selected.
pub(super) fn without_object(cx: &CommandContext) -> Option<&'static str> {
    let select = || cx.active().is_none().then_some(mark("Select an object first."));
    without_scan(cx).or_else(select)
}

/// Defines the commands of a group: each as a `static`, and all of them as `ALL`, in this order. Name, keys and what it
/// does are asked for; the other fields of [`Entry`] may follow.
macro_rules! commands {
    (
        $group:expr;
        $(
            $(#[$doc:meta])*
            $id:ident {
                name: $name:expr,
                keys: [$($key:expr),* $(,)?],
                run: $run:expr
                $(, $field:ident: $value:expr)* $(,)?
            }
        )*
    ) => {
        $(
            $(#[$doc])*
            pub static $id: $crate::ui::commands::entry::Entry = $crate::ui::commands::entry::Entry {
                id: stringify!($id),
                name: $name,
                keys: &[$($key),*],
                run: $run,
                $($field: $value,)*
                ..$crate::ui::commands::entry::Entry::in_group($group)
            };
        )*

        /// All of them, in the order of lists.
        pub(super) static ALL: &[&$crate::ui::commands::entry::Entry] = &[$(&$id),*];
    };
}
pub(super) use commands;
