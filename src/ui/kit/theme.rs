//! Colours, type and spacing of the window: calm and dark, the picture being the brightest thing on it.

use egui::{
    Color32, CornerRadius, FontDefinitions, FontFamily, FontId, Margin, Stroke, TextStyle, Vec2,
    Visuals,
};
use serde::{Deserialize, Serialize};

use super::{icons, text};

/// Dark or light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    /// Dark panels; the default, as in a reading room.
    #[default]
    Dark,
    /// Light panels; the views stay black.
    Light,
}

impl Theme {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::Dark,
        }
    }
}

impl From<Theme> for egui::ThemePreference {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::Dark => Self::Dark,
            Theme::Light => Self::Light,
        }
    }
}

/// The named colours of a theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colours {
    /// Side panels, bars, windows.
    pub panel: Color32,
    /// Fields, buttons at rest.
    pub field: Color32,
    /// Buttons under the pointer.
    pub hover: Color32,
    /// Lines between panels, borders.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Text that is not to be noticed first.
    pub quiet: Color32,
    /// The one accent.
    pub accent: Color32,
    /// Behind what is selected.
    pub selected: Color32,
    /// Something to know.
    pub warning: Color32,
    /// Something went wrong.
    pub error: Color32,
    /// Around the views, in either theme.
    pub view: Color32,
}

const DARK: Colours = Colours {
    panel: Color32::from_rgb(0x1c, 0x1d, 0x20),
    field: Color32::from_rgb(0x2a, 0x2c, 0x31),
    hover: Color32::from_rgb(0x36, 0x39, 0x40),
    line: Color32::from_rgb(0x33, 0x35, 0x3b),
    text: Color32::from_rgb(0xd8, 0xda, 0xdf),
    quiet: Color32::from_rgb(0x8a, 0x8f, 0x98),
    accent: Color32::from_rgb(0x4c, 0x9f, 0xfe),
    selected: Color32::from_rgb(0x1f, 0x31, 0x48),
    warning: Color32::from_rgb(0xf2, 0xb0, 0x3d),
    error: Color32::from_rgb(0xf0, 0x5d, 0x5e),
    view: Color32::BLACK,
};

/// The accent, amber and red are darkened so that text in them reads on white (contrast 4.5 and more).
const LIGHT: Colours = Colours {
    panel: Color32::from_rgb(0xf3, 0xf4, 0xf6),
    field: Color32::from_rgb(0xe2, 0xe4, 0xe9),
    hover: Color32::from_rgb(0xd3, 0xd7, 0xde),
    line: Color32::from_rgb(0xcb, 0xce, 0xd5),
    text: Color32::from_rgb(0x22, 0x24, 0x29),
    quiet: Color32::from_rgb(0x5e, 0x63, 0x6c),
    accent: Color32::from_rgb(0x15, 0x5b, 0xb5),
    selected: Color32::from_rgb(0xd6, 0xe6, 0xfb),
    warning: Color32::from_rgb(0x8f, 0x5b, 0x00),
    error: Color32::from_rgb(0xb4, 0x23, 0x26),
    view: Color32::BLACK,
};

/// Text size in points.
pub const TEXT: f32 = 13.0;
/// Text size of remarks in points.
pub const SMALL: f32 = 11.0;
/// Icon size in points.
pub const ICON: f32 = 18.0;
/// The grid that sizes and gaps keep to, in points.
pub const GRID: f32 = 8.0;

/// The colours of the theme that `visuals` belong to.
pub fn colours(visuals: &Visuals) -> &'static Colours {
    if visuals.dark_mode { &DARK } else { &LIGHT }
}

/// Installs fonts and both themes. Call once, before the first frame; [`crate::ui::show_chrome`]
/// then switches between the themes.
pub fn apply(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    icons::install(&mut fonts);
    text::install(&mut fonts);
    ctx.set_fonts(fonts);
    for (theme, colours, visuals) in [
        (egui::Theme::Dark, &DARK, Visuals::dark()),
        (egui::Theme::Light, &LIGHT, Visuals::light()),
    ] {
        ctx.style_mut_of(theme, |style| set_style(style, colours, visuals));
    }
    ctx.set_theme(egui::ThemePreference::from(Theme::default()));
}

fn set_style(style: &mut egui::Style, colours: &Colours, visuals: Visuals) {
    let font = |size| FontId::new(size, FontFamily::Proportional);
    style.text_styles = [
        (TextStyle::Small, font(SMALL)),
        (TextStyle::Body, font(TEXT)),
        (TextStyle::Button, font(TEXT)),
        (TextStyle::Heading, font(18.0)),
        (TextStyle::Monospace, FontId::new(TEXT, FontFamily::Monospace)),
    ]
    .into();
    style.spacing.item_spacing = Vec2::new(GRID, GRID / 2.0);
    style.spacing.button_padding = Vec2::new(GRID, 3.0);
    style.spacing.interact_size = Vec2::new(24.0, 24.0);
    style.spacing.slider_width = 88.0;
    style.spacing.slider_rail_height = 4.0;
    style.spacing.window_margin = Margin::same(12);
    style.spacing.tooltip_width = 360.0;
    style.spacing.menu_width = 280.0;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.animation_time = 0.0;
    style.visuals = visuals;
    set_visuals(&mut style.visuals, colours);
}

fn set_visuals(visuals: &mut Visuals, colours: &Colours) {
    let radius = CornerRadius::same(4);
    visuals.panel_fill = colours.panel;
    visuals.window_fill = colours.panel;
    visuals.window_stroke = Stroke::new(1.0, colours.line);
    visuals.window_corner_radius = CornerRadius::same(6);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.extreme_bg_color = colours.field;
    visuals.faint_bg_color = colours.field;
    visuals.code_bg_color = colours.field;
    visuals.weak_text_color = Some(colours.quiet);
    visuals.hyperlink_color = colours.accent;
    visuals.warn_fg_color = colours.warning;
    visuals.error_fg_color = colours.error;
    visuals.selection.bg_fill = colours.selected;
    visuals.selection.stroke = Stroke::new(1.0, colours.accent);
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    let states = &mut visuals.widgets;
    for (state, fill, text) in [
        (&mut states.noninteractive, colours.panel, colours.text),
        (&mut states.inactive, colours.field, colours.text),
        (&mut states.hovered, colours.hover, colours.text),
        (&mut states.active, colours.hover, colours.text),
        (&mut states.open, colours.hover, colours.text),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.fg_stroke = Stroke::new(1.0, text);
        state.bg_stroke = Stroke::NONE;
        state.corner_radius = radius;
        state.expansion = 0.0;
    }
    states.noninteractive.bg_stroke = Stroke::new(1.0, colours.line);
    states.active.bg_stroke = Stroke::new(1.0, colours.accent);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2 relative luminance.
    fn luminance(colour: Color32) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn text_of_every_kind_reads_on_its_panel() {
        for colours in [DARK, LIGHT] {
            for text in
                [colours.text, colours.quiet, colours.accent, colours.warning, colours.error]
            {
                assert!(contrast(text, colours.panel) >= 4.5, "{text:?} on {:?}", colours.panel);
            }
            assert!(contrast(colours.text, colours.hover) >= 4.5);
            assert!(contrast(colours.text, colours.selected) >= 4.5);
            assert!(contrast(colours.accent, colours.selected) >= 4.5);
        }
    }
}
