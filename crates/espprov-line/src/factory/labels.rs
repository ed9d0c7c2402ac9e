//! The sheet of labels: one HTML file that needs nothing else, for a browser to print.

use super::FactoryDevice;
use crate::code::TooMuch;
use core::fmt::Write;
use zeroize::Zeroizing;

/// Labels of 66 by 34 mm, three across and eight down a sheet of A4; on a narrower paper, a roll of labels, one fills each page.
const STYLE: &str = "\
@page { margin: 2mm }
* { box-sizing: border-box; margin: 0 }
body { font: 9pt/1.25 'DejaVu Sans', Arial, sans-serif; color: #000; background: #fff }
main { display: flex; flex-wrap: wrap; align-content: flex-start }
.label { width: 66mm; height: 34mm; padding: 2mm; display: flex; align-items: center; gap: 2mm; break-inside: avoid; overflow: hidden }
.label svg { height: 30mm; width: 30mm; flex: none }
.label div { min-width: 0; overflow-wrap: anywhere }
.label b { font-size: 10pt }
.label code { font: bold 9pt 'DejaVu Sans Mono', monospace; letter-spacing: .03em }
@media screen { .label { outline: 1px dashed #999 } main { max-width: 206mm; margin: 4mm auto } }
@media print and (max-width: 130mm) {
  main { display: block }
  .label { width: 100vw; height: calc(100vh - 1px); padding: 0; break-after: page }
  .label:last-child { break-after: auto }
  .label svg { height: min(100vh - 1px, 50vw); width: min(100vh - 1px, 50vw) }
}
";

/// The sheet of these devices, with the secrets that people type in case no camera is at hand.
///
/// # Errors
/// As [`FactoryDevice::code`].
pub fn sheet<'a>(
    title: &str,
    devices: impl IntoIterator<Item = &'a FactoryDevice>,
) -> Result<Zeroizing<String>, TooMuch> {
    let title = escaped(title);
    let mut html = Zeroizing::new(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n<main>\n"
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
            escaped(&device.secret)
        );
    }
    html.push_str("</main>\n</html>\n");
    Ok(html)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
