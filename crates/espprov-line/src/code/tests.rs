//! A code drawn, spoiled as cameras spoil it, and read again.

use super::*;
use espprov_types::{Secret, SetupPayload, SetupTransport};
use proptest::prelude::*;

/// What stands on a label.
const LABEL: &str = r#"{"ver":"v1","name":"PROV_51DE01","username":"wifiprov","pop":"k7Qm2xVb9tRw","transport":"ble","network":"wifi"}"#;

/// A picture of one code.
#[derive(Debug, Clone, Copy)]
struct Shot {
    /// Pixels of one module.
    module: f32,
    /// Degrees.
    angle: f32,
    /// Reach of the blur, in pixels.
    blur: f32,
    /// How much darker one side is than the other, 0 to 1.
    shade: f32,
    /// How strong the noise is, in levels.
    noise: f32,
    /// How much the far side is smaller.
    tilt: f32,
    inverted: bool,
}

const PLAIN: Shot = Shot {
    module: 6.0,
    angle: 0.0,
    blur: 0.0,
    shade: 0.0,
    noise: 0.0,
    tilt: 0.0,
    inverted: false,
};

/// Every kind of spoiling, alone and together: 78 pictures.
fn corpus() -> Vec<Shot> {
    let mut all = Vec::new();
    for angle in (0..360).step_by(15) {
        all.push(Shot {
            angle: angle as f32,
            ..PLAIN
        });
    }
    for module in [2.0, 2.5, 3.0, 4.0, 11.3, 20.0] {
        for angle in [0.0, 7.0, 33.0] {
            all.push(Shot {
                module,
                angle,
                ..PLAIN
            });
        }
    }
    for blur in [1.0, 1.5, 2.0, 2.5] {
        for (angle, noise) in [(0.0, 0.0), (12.0, 12.0), (45.0, 6.0)] {
            all.push(Shot {
                blur,
                angle,
                noise,
                ..PLAIN
            });
        }
    }
    for shade in [0.3, 0.5, 0.7, 0.8] {
        for (angle, inverted) in [(0.0, false), (20.0, false), (0.0, true)] {
            all.push(Shot {
                shade,
                angle,
                inverted,
                ..PLAIN
            });
        }
    }
    for tilt in [0.1, 0.2, 0.3] {
        for angle in [0.0, 25.0, 80.0] {
            all.push(Shot { tilt, angle, ..PLAIN });
        }
    }
    for (angle, inverted) in [(5.0, false), (100.0, true), (219.0, false)] {
        all.push(Shot {
            module: 4.0,
            angle,
            blur: 1.0,
            shade: 0.5,
            noise: 8.0,
            tilt: 0.1,
            inverted,
        });
    }
    all
}

/// Numbers that look random and are the same every time.
struct Dice(u32);

impl Dice {
    /// From -1 to 1.
    fn roll(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Photographs a code: its PNG, and what is in it.
fn shoot(shot: Shot, text: &str) -> Vec<u8> {
    let code = Code::new(text).unwrap();
    let drawn = picture::Grey::read(&code.png(1)).unwrap();
    let modules = drawn.width as f32;
    let side = (modules * shot.module * 1.6) as usize;
    let (sin, cos) = shot.angle.to_radians().sin_cos();
    let centre = side as f32 / 2.0;
    // Four rays a pixel, as a sensor gathers light from all of its area.
    let ray = |x: f32, y: f32| {
        let (dx, dy) = ((x - centre) / shot.module, (y - centre) / shot.module);
        let (u, v) = (dx * cos + dy * sin, dy * cos - dx * sin);
        let depth = 1.0 + shot.tilt * v / modules;
        let (u, v) = (u * depth + modules / 2.0, v * depth + modules / 2.0);
        let inside = u >= 0.0 && v >= 0.0 && u < modules && v < modules;
        let light = !inside || drawn.at(u as usize, v as usize) > 128;
        let (ink, paper) = if shot.inverted {
            (225.0, 30.0)
        } else {
            (30.0, 225.0)
        };
        if light { paper } else { ink }
    };
    let mut pixels = Vec::with_capacity(side * side);
    for y in 0..side {
        for x in 0..side {
            let at = |i: f32, j: f32| ray(x as f32 + i, y as f32 + j);
            let mean = (at(0.25, 0.25) + at(0.75, 0.25) + at(0.25, 0.75) + at(0.75, 0.75)) / 4.0;
            pixels.push(mean);
        }
    }
    let mut pixels = blurred(pixels, side, shot.blur);
    let mut dice = Dice(7);
    for (at, pixel) in pixels.iter_mut().enumerate() {
        let across = ((at % side) + (at / side)) as f32 / (2 * side) as f32;
        *pixel = *pixel * (1.0 - shot.shade * across) + dice.roll() * shot.noise;
    }
    let bytes: Vec<u8> = pixels.iter().map(|pixel| *pixel as u8).collect();
    png(side, &bytes)
}

fn png(side: usize, grey: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side as u32, (grey.len() / side) as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header().unwrap().write_image_data(grey).unwrap();
    out
}

/// A Gaussian of this width, one direction after the other.
fn blurred(pixels: Vec<f32>, side: usize, sigma: f32) -> Vec<f32> {
    if sigma == 0.0 {
        return pixels;
    }
    let reach = (sigma * 3.0).ceil() as isize;
    let weight = |at: isize| (-(at * at) as f32 / (2.0 * sigma * sigma)).exp();
    let sum: f32 = (-reach..=reach).map(weight).sum();
    let pass = |pixels: &[f32], step: usize| -> Vec<f32> {
        let along = |at: usize| if step == 1 { at % side } else { at / side };
        (0..pixels.len())
            .map(|at| {
                (-reach..=reach)
                    .map(|far| {
                        let place = along(at) as isize + far;
                        let place = place.clamp(0, side as isize - 1) - along(at) as isize;
                        pixels[(at as isize + place * step as isize) as usize] * weight(far) / sum
                    })
                    .sum()
            })
            .collect()
    };
    pass(&pass(&pixels, 1), side)
}

#[test]
fn photographs_are_read() {
    let corpus = corpus();
    assert!(corpus.len() >= 60, "{}", corpus.len());
    let missed: Vec<_> = corpus
        .iter()
        .filter(|shot| read(&shoot(**shot, LABEL)).ok().as_deref() != Some(&[LABEL.to_owned()]))
        .collect();
    println!("{} of {} read", corpus.len() - missed.len(), corpus.len());
    assert!(
        missed.len() * 20 <= corpus.len(),
        "more than 5 % unread: {missed:#?}"
    );
}

/// What a terminal shows: its modules, by the characters alone.
fn modules(text: &str, ground: Ground) -> Vec<Vec<bool>> {
    let mut rows = Vec::new();
    for line in text.lines() {
        let line = line.replace("\x1b[38;5;16;48;5;231m", "").replace("\x1b[0m", "");
        let half = |upper: bool| -> Vec<bool> {
            line.chars()
                .map(|c| {
                    let printed = c == '█' || c == if upper { '▀' } else { '▄' };
                    printed != (ground == Ground::Dark)
                })
                .collect()
        };
        rows.push(half(true));
        rows.push(half(false));
    }
    rows
}

#[test]
fn terminals_show_dark_on_light_whatever_their_ground() {
    let code = Code::new(LABEL).unwrap();
    let side = code.outer_width();
    let mut seen = Vec::new();
    for ground in [Ground::Any, Ground::Dark, Ground::Light] {
        let text = code.terminal(ground);
        assert_eq!(text.contains('\x1b'), ground == Ground::Any);
        let rows = modules(&text, ground);
        // The picture is odd: the last half line is the terminal's own.
        assert_eq!(rows.len(), side + 1);
        let pixels: Vec<u8> = rows[..side]
            .iter()
            .flat_map(|row| row.iter().flat_map(|dark| [if *dark { 0 } else { 255 }; 4]))
            .collect();
        let tall: Vec<u8> = pixels
            .chunks(side * 4)
            .flat_map(|row| [row; 4].concat())
            .collect();
        assert_eq!(read(&png(side * 4, &tall)).unwrap(), [LABEL], "{ground:?}");
        assert!(
            rows[..4].iter().flatten().all(|dark| !dark),
            "a quiet zone of four"
        );
        seen.push(rows[..side].to_vec());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[test]
fn a_drawing_has_the_modules_of_the_picture() {
    let code = Code::new(LABEL).unwrap();
    let svg = code.svg();
    let path = svg.rsplit_once(" d=\"").unwrap().1.split_once('"').unwrap().0;
    let side = code.outer_width();
    let mut dark = vec![false; side * side];
    for run in path.split('z').filter(|run| !run.is_empty()) {
        let (at, rest) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = at.split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let length: usize = rest.split_once('v').unwrap().0.parse().unwrap();
        dark[y * side + x..y * side + x + length].fill(true);
    }
    let picture = picture::Grey::read(&code.png(1)).unwrap();
    let expected: Vec<bool> = picture.pixels.iter().map(|pixel| *pixel == 0).collect();
    assert_eq!(dark, expected);
}

#[test]
fn what_is_no_picture_and_no_code_is_told() {
    assert_eq!(read(b""), Err(PictureError::NoPicture));
    assert_eq!(read(b"hello"), Err(PictureError::NoPicture));
    assert_eq!(read(b"\x89PNG\r\n\x1a\n"), Err(PictureError::Broken));
    assert_eq!(read(&[0xff, 0xd8, 0xff]), Err(PictureError::Broken));
    assert_eq!(read(&png(50, &[255; 2500])), Err(PictureError::NoCode));
    let whole = Code::new(LABEL).unwrap().png(4);
    for cut in [20, 60, whole.len() / 2, whole.len() - 20] {
        assert!(read(&whole[..cut]).is_err(), "{cut}");
    }
    // A header that promises 400 million pixels.
    let mut huge = Vec::new();
    let mut encoder = png::Encoder::new(&mut huge, 20_000, 20_000);
    encoder.set_color(png::ColorType::Grayscale);
    drop(encoder.write_header().unwrap());
    assert_eq!(read(&huge), Err(PictureError::TooLarge));
    assert!(matches!(Code::new(&"x".repeat(3000)), Err(TooMuch)));
}

#[test]
fn two_codes_in_one_picture() {
    let one = picture::Grey::read(&Code::new("first").unwrap().png(4)).unwrap();
    let two = picture::Grey::read(&Code::new("second").unwrap().png(4)).unwrap();
    let mut pixels = Vec::new();
    for y in 0..one.height {
        pixels.extend((0..one.width).map(|x| one.at(x, y)));
        pixels.extend((0..two.width).map(|x| two.at(x, y)));
    }
    let mut found = read(&png(one.width + two.width, &pixels)).unwrap();
    found.sort();
    assert_eq!(found, ["first", "second"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a label may say comes back.
    #[test]
    fn every_payload_makes_the_round_trip(
        name in "[A-Za-z0-9_äß-]{1,16}",
        pop in proptest::option::of("[ -~]{0,64}"),
        soft_ap in any::<bool>(),
        security in proptest::option::of(0_u8..3),
        scale in 2_usize..5,
    ) {
        let transport = if soft_ap { SetupTransport::SoftAp } else { SetupTransport::Ble };
        let mut payload = SetupPayload::new(&name, transport).unwrap();
        payload.pop = pop.map(|pop| Secret::new(pop.as_bytes()).unwrap());
        payload.security = security;
        let mut json = String::new();
        payload.write_json(&mut json).unwrap();
        let texts = read(&Code::new(&json).unwrap().png(scale)).unwrap();
        prop_assert_eq!(&texts, &[json]);
        prop_assert_eq!(SetupPayload::parse(&texts[0]).unwrap(), payload);
    }

    /// Nothing in a picture panics or hangs.
    #[test]
    fn noise_is_no_code(seed in any::<u32>(), side in 30_usize..120) {
        let mut dice = Dice(seed);
        let pixels: Vec<u8> = (0..side * side).map(|_| if dice.roll() > 0.0 { 0 } else { 255 }).collect();
        prop_assert_eq!(read(&png(side, &pixels)), Err(PictureError::NoCode));
    }

    /// Nor what is almost a picture.
    #[test]
    fn broken_files_are_errors_or_still_right(at in 0_usize..400, bit in 0_u8..8) {
        let mut file = Code::new("hello").unwrap().png(3);
        let at = at % file.len();
        file[at] ^= 1 << bit;
        if let Ok(texts) = read(&file) {
            prop_assert_eq!(texts, ["hello"]);
        }
    }
}
