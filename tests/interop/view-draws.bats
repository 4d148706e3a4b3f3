#!/usr/bin/env bats
# libspice-server sends draw commands that no guest makes; spice-view draws them, and what it has then equals what the
# server's own renderer has. Stroke, text and composite are not among them.
load lib

# groups NAME...: these groups of commands while spice-view watches.
groups() {
	libspice
	libspice_draws "$@"
}

@test "fill, pattern" { groups fill pattern; }
@test "copy from 32, 24, 16 and 8 bits, scaled, XOR" { groups fill copy; }
@test "opaque" { groups fill opaque; }
@test "transparent" { groups fill transp; }
@test "alpha blend" { groups fill alpha; }
@test "blend" { groups fill blend; }
@test "blackness, whiteness, invers" { groups fill black white invers; }
@test "rop3" { groups fill rop3; }
@test "clip rectangles" { groups fill clip; }
@test "mask" { groups fill mask; }
@test "an off-screen surface as source" { groups fill surf; }
@test "copy-bits" { groups fill copy copybits; }
@test "all of them at once" {
	groups fill pattern copy opaque transp alpha blend black white invers rop3 copybits clip mask surf
}
@test "300 random commands" { groups fill 'random 300 42'; }
@test "300 others" { groups fill 'random 300 7'; }
