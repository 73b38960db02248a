//! The ways between the corners of an outline that is drawn along edges. Wires are computed elsewhere (`app`), which
//! takes some frames: corners wait for theirs.

use super::ViewContext;
use crate::geom::DVec3;
use crate::mask::live_wire::PictureFrame;
use crate::ui::state::{OutlineLine, WantedWires, WiresStatus};

/// Gives the corners that wait for it their way, as far as it is known, and says which wires are wanted next.
pub fn follow(cx: &mut ViewContext) {
    loop {
        let wanted = wanted(cx);
        let next = cx.view.transient.outline.as_ref().and_then(|draft| draft.waiting.first());
        let next = next.copied();
        let uses = |line| line == OutlineLine::LiveWire;
        let used = uses(cx.view.prefs.outline) || next.is_some_and(|(_, line)| uses(line));
        cx.view.transient.wires = wanted.filter(|_| used);
        let Some((to, line)) = next else { return };
        let Some(way) = way(to, line, cx) else { return };
        let Some(draft) = &mut cx.view.transient.outline else { return };
        draft.waiting.remove(0);
        draft.add_step(&way);
    }
}

/// How the outline goes on from its last point: the points after it, the last is `to` itself. `None` while it is not
/// known. Straight where wires can't be had.
pub fn way(to: DVec3, line: OutlineLine, cx: &ViewContext) -> Option<Vec<DVec3>> {
    if line == OutlineLine::Straight {
        return Some(vec![to]);
    }
    let wanted = wanted(cx)?;
    match &cx.status.wires {
        WiresStatus::Known(of, wires) if *of == wanted => Some(wires.path(to)),
        WiresStatus::Refused(of, _) if *of == wanted => Some(vec![to]),
        _ => None,
    }
}

/// How it is closed: the points between its last and its first. `None` while that is not known.
pub fn way_back(line: OutlineLine, cx: &ViewContext) -> Option<Vec<DVec3>> {
    let first = *cx.view.transient.outline.as_ref()?.points.first()?;
    let mut way = way(first, line, cx)?;
    way.pop();
    Some(way)
}

/// The wires from the outline's last point, through the window that the scan is seen in.
fn wanted(cx: &ViewContext) -> Option<WantedWires> {
    let draft = cx.view.transient.outline.as_ref()?;
    let image = cx.document.image();
    let frame = PictureFrame::of_slice(image.grid(), &draft.frame, draft.slice);
    let window = cx.view.scan.window;
    Some(WantedWires {
        frame,
        time_point: image.time_point(),
        window: (window.low(), window.high()),
        anchor: frame.nearest(*draft.points.last()?),
    })
}
