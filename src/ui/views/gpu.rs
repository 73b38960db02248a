//! The only paint callbacks of the program. They hold what to show; the [`Scene`] that shows it lies in
//! egui's callback resources (one for all panes, which keeps what belongs to each pane apart, and another for what is
//! shown beside slices).

use egui::{PaintCallbackInfo, Rect};
use egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};

use crate::render::{RaycastParams, Scene, SliceParams};
use crate::ui::kit::paint;

/// The place of the [`Scene`] among egui's callback resources: the app inserts it, paint callbacks look
/// it up by its type. Without it, or while it is empty, views show what is behind them.
pub struct SceneSlot(pub Option<Scene>);

/// The place of the [`Scene`] of what is shown beside slices: as [`SceneSlot`].
pub struct BesideSlot(pub Option<Scene>);

/// Whether the 3D picture that was prepared last is not complete yet: it is once it has been prepared (and
/// drawn) a few times more. Beside the [`SceneSlot`], written by paint callbacks.
pub struct MoreToCome(pub bool);

fn scene(resources: &CallbackResources, beside: bool) -> Option<&Scene> {
    if beside {
        return resources.get::<BesideSlot>()?.0.as_ref();
    }
    resources.get::<SceneSlot>()?.0.as_ref()
}

fn scene_mut(resources: &mut CallbackResources, beside: bool) -> Option<&mut Scene> {
    if beside {
        return resources.get_mut::<BesideSlot>()?.0.as_mut();
    }
    resources.get_mut::<SceneSlot>()?.0.as_mut()
}

/// A slice picture for the whole of `rect`.
pub fn slice(rect: Rect, pane: usize, params: SliceParams) -> egui::PaintCallback {
    Callback::new_paint_callback(rect, Picture::Slice { pane, params, beside: false })
}

/// The same of what is shown beside.
pub fn slice_beside(rect: Rect, pane: usize, params: SliceParams) -> egui::PaintCallback {
    Callback::new_paint_callback(rect, Picture::Slice { pane, params, beside: true })
}

/// The 3D picture for the whole of `rect`; `ctx` is asked for more frames until it is complete.
pub fn volume(rect: Rect, params: RaycastParams, ctx: &egui::Context) -> egui::PaintCallback {
    Callback::new_paint_callback(rect, Picture::Volume { params, ctx: ctx.clone() })
}

/// What a pane shows of the scene.
enum Picture {
    Slice { pane: usize, params: SliceParams, beside: bool },
    Volume { params: RaycastParams, ctx: egui::Context },
}

impl Picture {
    fn is_beside(&self) -> bool {
        matches!(self, Picture::Slice { beside: true, .. })
    }
}

impl CallbackTrait for Picture {
    fn prepare(
        &self,
        _device: &wgpu::Device,
        _queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(scene) = scene_mut(resources, self.is_beside()) {
            match self {
                Picture::Slice { pane, params, .. } => {
                    // Coarse ones ask for a frame themselves when they are whole.
                    scene.prepare_slice(*pane, params);
                }
                Picture::Volume { params, ctx } => {
                    let more = scene.prepare_3d(encoder, params);
                    resources.insert(MoreToCome(more));
                    if more {
                        ctx.request_repaint();
                    }
                }
            }
        }
        Vec::new()
    }

    fn paint(
        &self,
        info: PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(scene) = scene(resources, self.is_beside()) {
            whole_pane(&info, pass);
            match self {
                Picture::Slice { pane, .. } => scene.paint_slice(pass, *pane),
                Picture::Volume { .. } => scene.paint_3d(pass),
            }
        }
    }
}

/// egui clamps the viewport to the window, which would squeeze a partly hidden pane's picture into its
/// visible part; this sets the whole pane. The scissor rectangle still cuts off what is hidden.
fn whole_pane(info: &PaintCallbackInfo, pass: &mut wgpu::RenderPass<'_>) {
    let [x, y, width, height] = paint::pixels(info.viewport, info.pixels_per_point);
    pass.set_viewport(x, y, width, height, 0.0, 1.0);
}
