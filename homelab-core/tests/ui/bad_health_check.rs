// A health check that no image can run: the line of a shell as a program, no program, no time.

use homelab_core::prelude::*;

const NESTED: Health = Health::command(&["CMD", "CMD-SHELL", "curl -f localhost"]);
const LINE: Health = Health::command(&["curl -f localhost"]);
const NOTHING: Health = Health::command(&["CMD"]);
const ALWAYS: Health = Health::from_image().every(Duration::from_micros(10));

fn main() {
    let _ = (NESTED, LINE, NOTHING, ALWAYS);
}
