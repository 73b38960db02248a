//! Windows, questions and cards over the rest.

mod about_model;
mod agreement;
mod ask_before;
mod ask_leave;
mod ask_replace;
mod ask_with_scan;
mod consent;
mod drafts;
mod drop_offer;
mod growth;
mod help;
mod history;
mod how_to_open;
mod log;
mod measures;
mod meshes;
mod object_measures;
mod operation;
mod palette;
pub mod path_prompt;
mod pictures;
mod place;
mod robot;
mod series;
mod server;
mod session_question;
mod small_picture;
pub(super) mod welcome;

use egui::Context;

use crate::ui::commands::CommandContext;

/// Draws the windows that are open, and what is to be asked.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    help::show(ctx, cx.view);
    history::show(ctx, cx);
    operation::show(ctx, cx);
    growth::show(ctx, cx);
    measures::show(ctx, cx);
    meshes::show(ctx, cx);
    agreement::show(ctx, cx);
    robot::show(ctx, cx);
    log::show(ctx, cx);
    about_model::show(ctx, cx);
    server::show(ctx, cx);
    pictures::show(ctx, cx);
    palette::show(ctx, cx);
    ask_leave::show(ctx, cx);
    session_question::show(ctx, cx.status, cx.out);
    series::show(ctx, cx.status, cx.out);
    ask_replace::show(ctx, cx.status, cx.out);
    ask_with_scan::show(ctx, cx.status, cx.out);
    consent::show(ctx, cx);
    drop_offer::show(ctx, cx.document, cx.status, cx.out);
    let to_raters = cx.document.is_some() && cx.view.windows.agreement;
    welcome::drop_files(ctx, cx.status, to_raters, cx.out);
}
