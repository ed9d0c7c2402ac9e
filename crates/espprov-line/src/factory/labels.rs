//! Labels: HTML files that need nothing else, for a browser to print on sheets or on rolls.

use super::FactoryDevice;
use crate::code::TooMuch;
use core::fmt::Write;
use zeroize::Zeroizing;

/// What labels are printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paper {
    /// A sheet of A4 with labels of 66 by 34 mm, three across and eight down.
    A4,
    /// A roll: each label is a page of its own.
    Roll {
        /// Millimetres across.
        width: u16,
        /// Millimetres along.
        height: u16,
    },
}

impl Paper {
    /// The label of the most usual printers.
    pub const USUAL_ROLL: Self = Self::Roll {
        width: 62,
        height: 29,
    };

    /// Sizes are those of the paper, so that the browser and not a person chooses it.
    fn style(self) -> String {
        let common = "\
* { box-sizing: border-box; margin: 0 }
body { color: #000; background: #fff }
.label { display: flex; align-items: center; overflow: hidden; break-inside: avoid }
.label svg { flex: none }
.label div { min-width: 0; overflow-wrap: anywhere }
.label code span { display: inline-block; margin-right: .4em }
@media screen { .label { outline: 1px dashed #999 } main { max-width: 206mm; margin: 4mm auto } }
";
        let own = match self {
            Self::A4 => "\
@page { size: A4; margin: 8mm 4mm }
main { display: flex; flex-wrap: wrap; align-content: flex-start }
.label { width: 66mm; height: 34mm; padding: 2mm; gap: 2mm; font: 9pt/1.3 'DejaVu Sans', Arial, sans-serif }
.label svg { height: 30mm; width: 30mm }
.label code { font: bold 10pt/1.3 'DejaVu Sans Mono', monospace }
"
            .to_owned(),
            Self::Roll { width, height } => {
                // A margin of 1 mm, and a little less than the page, so that no label spills over to the next.
                let (width, height) = (f32::from(width) - 2.2, f32::from(height) - 2.2);
                let code = height.min(width / 2.0);
                let letter = (width - code) / 11.0;
                format!(
                    "\
@page {{ size: {}mm {}mm; margin: 1mm }}
.label {{ width: {width:.1}mm; height: {height:.1}mm; gap: {:.1}mm; break-after: page; font: {letter:.2}mm/1.3 'DejaVu Sans', Arial, sans-serif }}
.label:last-child {{ break-after: auto }}
.label svg {{ height: {code:.1}mm; width: {code:.1}mm }}
.label code {{ font: bold {letter:.2}mm/1.3 'DejaVu Sans Mono', monospace }}
",
                    width + 2.2,
                    height + 2.2,
                    letter / 2.0,
                )
            }
        };
        format!("{common}{own}")
    }
}

/// The sheet of these devices, with the secrets that people type in case no camera is at hand.
///
/// # Errors
/// As [`FactoryDevice::code`].
pub fn sheet<'a>(
    title: &str,
    devices: impl IntoIterator<Item = &'a FactoryDevice>,
    paper: Paper,
) -> Result<Zeroizing<String>, TooMuch> {
    let (title, style) = (escaped(title), paper.style());
    let mut html = Zeroizing::new(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n{style}</style>\n<main>\n"
    ));
    for device in devices {
        let svg = Zeroizing::new(device.code()?.svg());
        let what = if device.series.security == 1 {
            "PoP"
        } else {
            "Password"
        };
        // Writing into a string does not fail.
        let _ = writeln!(
            html,
            "<section class=\"label\">{}<div><b>{}</b><br>{what}<br><code>{}</code></div></section>",
            *svg,
            escaped(&device.name),
            *groups(&device.secret)
        );
    }
    html.push_str("</main>\n</html>\n");
    Ok(html)
}

/// In groups of four, as people type; the gaps are drawn and are no characters.
fn groups(secret: &str) -> Zeroizing<String> {
    let mut html = Zeroizing::new(String::with_capacity(8 * secret.len()));
    for (index, letter) in secret.chars().enumerate() {
        if index % 4 == 0 {
            html.push_str(if index == 0 { "<span>" } else { "</span><span>" });
        }
        html.push(letter);
    }
    html.push_str("</span>");
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
