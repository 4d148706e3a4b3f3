#!/usr/bin/env bats
# libspice-server sends draw commands that no guest makes; spice-view draws them, and what it has then equals what the
# server's own renderer has. All groups of commands, alone and together, through every image compression.
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
@test "stroke" { groups fill stroke; }
@test "text of A1 and A4 glyphs" { groups fill text; }
@test "composite" { groups fill comp; }
@test "a pointer of its own shape" { groups fill cursor; }

ALL='fill pattern copy opaque transp alpha blend black white invers rop3 stroke text copybits clip mask surf comp cursor'
# all COMPRESSION: every group in one session.
all() {
	libspice "$1"
	libspice_draws $ALL
}

@test "all of them at once" { all 1; }
@test "all of them, auto_glz" { all 2; }
@test "all of them, quic" { all 4; }
@test "all of them, glz" { all 5; }
@test "all of them, lz" { all 6; }
@test "300 random commands" { groups fill 'random 300 42'; }
@test "300 others" { groups fill 'random 300 7'; }
