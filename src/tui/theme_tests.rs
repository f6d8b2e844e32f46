//! What every theme that comes along must keep.
//!
//! Contrast is that of WCAG 2: the ratio of relative luminances, 4.5 at least for what is read, 3 for lines and bars, 7 in the
//! theme of high contrast. How colour-blind eyes see a colour follows Machado, Oliveira and Fernandes (2009) at full severity;
//! how far two colours are apart is measured in Oklab.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use super::*;

const NAMES: [&str; 8] =
    ["default", "dark", "light", "contrast", "colour-blind", "solarized-dark", "solarized-light", "mono"];

#[test]
fn built_in_themes_are_read_and_keep_their_promises() {
    let themes: Vec<Theme> = BUILT_IN.iter().map(|(f, t)| Theme::parse(f, t).unwrap()).collect();
    let names: Vec<&str> = themes.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, NAMES);
    for theme in &themes {
        assert!(theme.style(Part::Selection).add_modifier.contains(Modifier::REVERSED), "{}", theme.name);
        let coloured = theme.styles.values().any(|s| s.fg.is_some() || s.bg.is_some());
        assert_eq!(coloured, !theme.colourless, "{}", theme.name);
        let deep =
            theme.styles.values().flat_map(|s| [s.fg, s.bg]).any(|c| matches!(c, Some(Color::Rgb(..))));
        assert_eq!(deep, theme.truecolor, "{}", theme.name);
    }
}

#[test]
fn the_terminal_decides_what_is_possible() {
    let themes = Theme::built_in();
    for (wanted, colours, got) in [
        (None, Colours::Basic, "default"),
        (Some("dark"), Colours::Basic, "default"),
        (Some("dark"), Colours::True, "dark"),
        (Some("dark"), Colours::None, "mono"),
        (None, Colours::None, "mono"),
        (Some("nonsense"), Colours::True, "default"),
    ] {
        assert_eq!(choose(&themes, wanted, colours).name, got, "{wanted:?} {colours:?}");
    }
}

#[test]
fn faults_name_the_file() {
    for (text, part) in [
        ("name = 'x'\nhue = 3", "unknown field `hue`"),
        ("name = 'x'\n[styles]\ntext = { fg = 'mauvelous' }", "'mauvelous' is not a colour"),
        ("name = 'x'\n[styles]\ntxet = {}", "txet"),
    ] {
        let fault = Theme::parse("x.toml", text).unwrap_err().to_string();
        assert!(fault.starts_with("x.toml: ") && fault.contains(part), "{fault}");
    }
    let (themes, faults) = collect(&[("bad.toml".into(), "?".into())]);
    assert_eq!((themes.len(), faults.len()), (NAMES.len(), 1));
}

type Rgb = [f64; 3];

/// Red, green and blue from 0 to 1, linear; those of the 16 colours as a plain terminal has them.
fn linear(colour: Color) -> Rgb {
    let bytes = match colour {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Black => [0, 0, 0],
        Color::Red => [205, 0, 0],
        Color::Gray => [192, 192, 192],
        Color::White => [255, 255, 255],
        Color::LightGreen => [0, 255, 0],
        Color::LightYellow => [255, 255, 0],
        Color::LightCyan => [0, 255, 255],
        Color::LightMagenta => [255, 0, 255],
        other => panic!("say here what {other} looks like"),
    };
    bytes.map(|b| {
        let c = f64::from(b) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

fn contrast(one: Color, other: Color) -> f64 {
    let luminance = |c: Color| {
        let [r, g, b] = linear(c);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    if one > other { one / other } else { other / one }
}

fn times(m: [Rgb; 3], v: Rgb) -> Rgb {
    m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
}

/// Distance in Oklab; 0.02 is just to be seen, black and white are 1 apart.
fn apart(a: Rgb, b: Rgb) -> f64 {
    let lab = |c: Rgb| {
        let lms = times(
            [
                [0.412_221, 0.536_333, 0.051_446],
                [0.211_903, 0.680_700, 0.107_397],
                [0.088_302, 0.281_719, 0.629_979],
            ],
            c,
        );
        times(
            [
                [0.210_454, 0.793_618, -0.004_072],
                [1.977_998, -2.428_592, 0.450_594],
                [0.025_904, 0.782_772, -0.808_676],
            ],
            lms.map(f64::cbrt),
        )
    };
    lab(a).iter().zip(lab(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn themes_with_a_background_of_their_own_can_be_read() {
    let mut looked_at = 0;
    for theme in Theme::built_in() {
        let text = theme.style(Part::Text);
        let (Some(fg), Some(bg)) = (text.fg, text.bg) else { continue };
        looked_at += 1;
        for part in Part::ALL {
            let style = theme.style(part);
            let least = match part {
                Part::Border | Part::BarTodo => 3.0,
                // The strongest red that 16 colours have is behind white, 5.5.
                _ if theme.name == "contrast" && part != Part::Bad => 7.0,
                _ => 4.5,
            };
            let ratio = contrast(style.fg.unwrap_or(fg), style.bg.unwrap_or(bg));
            assert!(ratio >= least, "{} {part:?}: {ratio:.2}, {least} at least", theme.name);
        }
    }
    assert_eq!(looked_at, 6);
}

#[test]
fn colour_blind_eyes_tell_the_states_apart() {
    let theme = Theme::built_in().into_iter().find(|t| t.name == "colour-blind").unwrap();
    let eyes = [
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];
    let states = [Part::Good, Part::Busy, Part::Warn, Part::Bad];
    for (eye, matrix) in eyes {
        let seen = |part: Part| {
            let colour = theme.style(part).fg.unwrap();
            times(matrix, linear(colour)).map(|c| c.clamp(0.0, 1.0))
        };
        for (n, one) in states.iter().enumerate() {
            for other in states.iter().skip(n + 1) {
                let far = apart(seen(*one), seen(*other));
                assert!(far >= 0.08, "{eye}: {one:?} and {other:?} are {far:.3} apart");
            }
        }
    }
}

#[test]
fn faults_have_their_line() {
    for (text, line) in [
        ("name = 'x'\n[styles]\nwarn = { fg = 'blue' }\nbad = { fg = '#12' }", 3),
        ("name = 'x'\n[styles]\nwarm = { fg = 'blue' }", 2),
        ("name = 'x'\n[styles", 1),
    ] {
        let fault = Theme::parse("", text).unwrap_err();
        assert_eq!(fault.line(text), Some(line), "{fault}");
    }
}
