//! What a terminal shows → SVG: reads text with colours on standard input, writes the picture to standard output.

use std::io::{self, Read};

fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    print!("{}", anstyle_svg::Term::new().min_width_px(720).render_svg(&text));
    Ok(())
}
