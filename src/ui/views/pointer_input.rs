//! The pointer over the views, given to the tools as presses and gestures.
//!
//! Reads egui's events one by one and in their order: with slow frames many movements come at once, and a press may
//! begin and end within a frame. None of them is left out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use egui::{CursorIcon, Event, Id, Key, Modifiers, Painter, PointerButton, Pos2, Response, Ui};

use super::pen::Pen;
use super::{at_crosshair, readout};
use crate::ui::kit::text::tr;
use crate::ui::state::{Action, GestureState, Pane};
use crate::ui::tools::{self, Gesture, Tool, ViewContext, WorldPointer, begin_view_gesture};

/// A button that is held down on a view.
struct Held {
    view: Id,
    button: PointerButton,
    gesture: Box<dyn Gesture>,
}

/// The views on the screen.
#[derive(Clone, Copy)]
pub struct OnScreen<'a> {
    /// All views, and after them the right sides of slices, which are only looked at.
    pub all: &'a [(Pane, Response)],
    /// How many of them are no right sides.
    pub views: usize,
}

/// Keys by which the crosshair is moved in a view that has the keyboard, and by which one gets it.
const MOVES_CROSSHAIR: [Key; 5] =
    [Key::ArrowLeft, Key::ArrowRight, Key::ArrowUp, Key::ArrowDown, Key::F6];

/// What is kept between frames.
#[derive(Default)]
struct PointerMemory {
    held: Option<Held>,
    /// The modifier keys at the end of the last frame.
    modifiers: Modifiers,
    pen: Pen,
    /// The crosshair was moved by keys after the pointer: what the tool would do is shown there.
    keyed: bool,
}

/// Where egui keeps it for a window.
#[derive(Clone, Default)]
struct SharedMemory(Arc<Mutex<PointerMemory>>);

impl SharedMemory {
    fn of(egui: &egui::Context) -> Self {
        egui.data_mut(|d| d.get_temp_mut_or_default::<Self>(Id::unique("pointer input")).clone())
    }

    /// (Whatever panicked while holding it has left it whole: what is held is taken out first.)
    fn lock(&self) -> MutexGuard<'_, PointerMemory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where [`note_press`] keeps whether the last press found a menu open.
fn dismissal() -> Id {
    Id::unique("press_found_a_menu")
}

/// Called at the beginning of each frame. A menu closes before the views learn of the click that closes it:
/// whether it was open has to be known from the press.
pub fn note_press(ctx: &egui::Context) {
    if ctx.input(|i| i.pointer.any_pressed()) {
        let open = egui::Popup::is_any_open(ctx);
        ctx.data_mut(|d| d.insert_temp(dismissal(), open));
    }
}

fn closes_a_menu(ctx: &egui::Context) -> bool {
    ctx.data(|d| d.get_temp(dismissal())).unwrap_or(false)
}

/// Gives this frame's pointer events to the gesture that is under way, and begins new ones. Call once, when all views
/// and the handles over them have answered to egui.
pub fn follow(ui: &Ui, screen: OnScreen, cx: &mut ViewContext) {
    let (views, edited) = (screen.all, &screen.all[..screen.views]);
    let shared = SharedMemory::of(ui.ctx());
    let PointerMemory { mut held, mut modifiers, mut pen, mut keyed } =
        std::mem::take(&mut *shared.lock());
    held = still_held(held, views, cx);
    let (events, now) = ui.input(|i| (i.events.clone(), i.modifiers));
    for event in &events {
        pen.before(event);
        let pressure = pen.pressure();
        match *event {
            Event::ModifiersChanged(changed) | Event::MouseWheel { modifiers: changed, .. } => {
                modifiers = changed;
            }
            Event::Key { key, modifiers: changed, .. } => {
                modifiers = changed;
                keyed |= MOVES_CROSSHAIR.contains(&key);
            }
            Event::PointerMoved(at) => {
                keyed = false;
                update(held.as_mut(), views, (at, pressure), modifiers, cx);
            }
            Event::PointerButton { pos, button, pressed, modifiers: changed } => {
                modifiers = changed;
                if pressed && held.is_none() {
                    held = press(screen, (pos, pressure), button, modifiers, cx);
                } else if !pressed && held.as_ref().is_some_and(|h| h.button == button) {
                    update(held.as_mut(), views, (pos, pressure), modifiers, cx);
                    if let Some(held) = held.take() {
                        held.gesture.commit(cx);
                    }
                }
            }
            _ => {}
        }
        pen.after(event);
    }
    // The release was lost, with the window's focus for instance.
    if held.as_ref().is_some_and(|h| !ui.input(|i| i.pointer.button_down(h.button)))
        && let Some(held) = held.take()
    {
        held.gesture.commit(cx);
    }
    if let Some(wanted) = cx.view.transient.tool_use.take()
        && held.is_none()
    {
        at_crosshair::use_tool(wanted, edited, cx);
    }
    cx.view.transient.gesture = match &held {
        Some(held) => GestureState::Active { edits: held.gesture.edits() },
        None => GestureState::Idle,
    };
    hover(ui, screen, cx);
    if keyed && held.is_none() {
        at_crosshair::hover(edited, cx);
    }
    *shared.lock() = PointerMemory { held, modifiers: now, pen, keyed };
}

/// The gesture of the frame before, unless it has ended otherwise: it was given up, its view is not seen any more, or
/// egui found that the press was meant for a handle.
fn still_held(
    held: Option<Held>,
    views: &[(Pane, Response)],
    cx: &mut ViewContext,
) -> Option<Held> {
    let held = held?;
    let dragged = cx.egui.dragged_id();
    let elsewhere = dragged.is_some_and(|id| views.iter().all(|(_, r)| r.id != id));
    let seen = views.iter().any(|(_, r)| r.id == held.view);
    match cx.view.transient.gesture {
        GestureState::Active { .. } if seen && !elsewhere => return Some(held),
        // Another scan was opened meanwhile.
        GestureState::Idle => {}
        _ => held.gesture.cancel(cx),
    }
    None
}

/// The pointer as a view that is on the screen has it.
fn pointer(
    (pane, response): &(Pane, Response),
    at: Pos2,
    modifiers: Modifiers,
    cx: &ViewContext,
) -> WorldPointer {
    WorldPointer::new(cx.place(response.rect, *pane), at, modifiers)
}

fn update(
    held: Option<&mut Held>,
    views: &[(Pane, Response)],
    (at, pressure): (Pos2, Option<f32>),
    modifiers: Modifiers,
    cx: &mut ViewContext,
) {
    if let Some(held) = held
        && let Some(view) = views.iter().find(|(_, r)| r.id == held.view)
    {
        let mut to = pointer(view, at, modifiers, cx);
        (to.button, to.pressure) = (Some(held.button), pressure);
        held.gesture.update(&to, cx);
    }
}

fn press(
    screen: OnScreen,
    (at, pressure): (Pos2, Option<f32>),
    button: PointerButton,
    modifiers: Modifiers,
    cx: &mut ViewContext,
) -> Option<Held> {
    let views = screen.all;
    let n = views.iter().position(|(_, r)| r.rect.contains(at))?;
    let (view, right) = (&views[n], n >= screen.views);
    let id = view.1.id;
    let [clicks, drags] = top_at(&view.1, at)?;
    let foreign = cx.egui.dragged_id().is_some_and(|id| views.iter().all(|(_, r)| r.id != id));
    let mut press = pointer(view, at, modifiers, cx);
    (press.button, press.pressure) = (Some(button), pressure);
    press.may_click = clicks == Some(id) && !closes_a_menu(&cx.egui);
    press.may_drag = drags == Some(id) && !foreign;
    if !press.may_click && !press.may_drag {
        return None;
    }
    if view.0.is_slice() {
        cx.view.choose_side(right);
    }
    let tool = if right { tool_beside(cx) } else { tool(cx) };
    if right && button == PointerButton::Primary && press.may_click {
        tell_why_not_edited(cx);
    }
    let gesture = tool.press(&press, cx).or_else(|| begin_view_gesture(&press))?;
    Some(Held { view: id, button, gesture })
}

/// The uppermost widgets at a place that answer to clicks and to drags; `None` where something lies over the views.
/// As egui itself finds them, but for any place, not only where the pointer is now.
fn top_at(view: &Response, at: Pos2) -> Option<[Option<Id>; 2]> {
    if view.ctx.layer_id_at(at).is_some_and(|layer| layer != view.layer_id) {
        return None;
    }
    view.ctx.viewport(|viewport| {
        let widgets = || viewport.prev_pass.widgets.get_layer(view.layer_id);
        let under = || widgets().filter(|w| w.enabled && w.interact_rect.contains(at));
        let clicks = under().filter(|w| w.sense.senses_click()).last().map(|w| w.id);
        let drags = under().filter(|w| w.sense.senses_drag()).last().map(|w| w.id);
        Some([clicks, drags])
    })
}

/// The tool in use.
pub fn tool(cx: &ViewContext) -> &'static dyn Tool {
    tools::of(cx.view.prefs.tool)
}

/// The tool at the right side of slices, where nothing is edited: the one in use if it only looks, else the crosshair.
fn tool_beside(cx: &ViewContext) -> &'static dyn Tool {
    let tool = tool(cx);
    if tool.drags_window() { tool } else { tools::of(tools::CROSSHAIR) }
}

/// Says why the tool in use does nothing at the right side, where a press moves the crosshair instead.
fn tell_why_not_edited(cx: &mut ViewContext) {
    let id = cx.view.prefs.tool;
    if tool(cx).drags_window() || id == tools::CROSSHAIR {
        return;
    }
    let text = if cx.view.scan.beside.scan.is_some() {
        tr(
            "The second scan is only looked at: here the crosshair moves. Use the tool at the same place at the left.",
        )
    } else {
        tr(
            "B is only looked at: here the crosshair moves. Use the tool at the same place of A, at the left.",
        )
    };
    cx.out.push(Action::Tell(text.to_owned()));
}

/// The pointer in the view that it is over, while no button is down there.
pub fn over(response: &Response, pane: Pane, cx: &ViewContext) -> Option<WorldPointer> {
    let at = response.ctx.input(|i| i.pointer.latest_pos())?;
    let free = cx.view.transient.gesture == GestureState::Idle && !cx.view.transient.is_figure;
    let modifiers = response.ctx.input(|i| i.modifiers);
    (free && response.contains_pointer() && response.rect.contains(at))
        .then(|| WorldPointer::new(cx.place(response.rect, pane), at, modifiers))
}

/// What is under the pointer; and, while no button is down, what the tool makes of it.
fn hover(ui: &Ui, screen: OnScreen, cx: &mut ViewContext) {
    let down = ui.input(|i| i.pointer.any_down());
    let Some(n) = screen.all.iter().position(|(_, r)| r.contains_pointer()) else { return };
    let (pane, response) = &screen.all[n];
    let Some(at) = ui.input(|i| i.pointer.latest_pos()) else { return };
    let at = WorldPointer::new(cx.place(response.rect, *pane), at, ui.input(|i| i.modifiers));
    match &at.place.slice {
        Some(transform) => {
            cx.view.transient.hover = readout::in_slice(transform, at.place.rect, at.at, cx);
        }
        None if !down => cx.view.transient.hover = readout::in_3d(&at, cx),
        None => {}
    }
    if !down && n < screen.views {
        tool(cx).hover(&at, cx);
    }
}

/// The pointer's shape and what a gesture draws at the right side of a slice.
pub fn paint_beside(ui: &Ui, response: &Response, cx: &ViewContext) {
    let painter = ui.painter().with_clip_rect(response.rect.intersect(ui.clip_rect()));
    let shared = SharedMemory::of(&response.ctx);
    let memory = shared.lock();
    let held = memory.held.as_ref().filter(|held| held.view == response.id);
    if let Some(held) = held {
        held.gesture.paint(&painter);
    }
    let of_tool =
        if tool(cx).drags_window() { CursorIcon::AllScroll } else { CursorIcon::Crosshair };
    match held {
        Some(held) => {
            response.ctx.set_cursor_icon(held.gesture.cursor().unwrap_or(of_tool));
        }
        None if response.hovered() => response.ctx.set_cursor_icon(of_tool),
        None => {}
    }
}

/// The pointer's shape and what the tool draws over a view.
pub fn paint(painter: &Painter, response: &Response, pane: Pane, cx: &ViewContext) {
    let shared = SharedMemory::of(&response.ctx);
    let memory = shared.lock();
    let held = memory.held.as_ref().filter(|held| held.view == response.id);
    if let Some(held) = held {
        held.gesture.paint(painter);
    }
    let at = over(response, pane, cx);
    tool(cx).paint(painter, &cx.place(response.rect, pane), at.as_ref(), cx);
    let own = if pane == Pane::Volume { Some(CursorIcon::Grab) } else { None };
    let shape = match (held, &at) {
        (Some(held), _) => held.gesture.cursor().or_else(|| {
            let (at, modifiers) = response.ctx.input(|i| (i.pointer.latest_pos(), i.modifiers));
            let mut at = WorldPointer::new(cx.place(response.rect, pane), at?, modifiers);
            at.button = Some(held.button);
            tool(cx).cursor(&at, cx)
        }),
        (None, Some(at)) if response.hovered() => tool(cx).cursor(at, cx).or(own),
        _ => None,
    };
    if let Some(shape) = shape {
        response.ctx.set_cursor_icon(shape);
    }
}
