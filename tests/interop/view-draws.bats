#!/usr/bin/env bats
# libspice-server sends draw commands that no guest makes; spice-view draws them, and what it has then equals what the
# server's own renderer has. All groups of commands, alone and together, through every image compression; then random
# ones of every kind with all that they may carry, on the screen and on surfaces of every format.
load lib

# groups NAME...: these groups of commands while spice-view watches.
groups() {
	libspice
	libspice_draws "$@"
}

@test "fill, pattern" { groups fill pattern; }
@test "copy from 32, 24, 16 and 8 bits, scaled, XOR" { groups fill copy; }
@test "every word of ropd, inverted every way" { groups fill rops; }
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
@test "1500 others" { groups fill 'random 300 7' 'random 300 1' 'random 300 2' 'random 300 3' 'random 300 4'; }

# any COMPRESSION N SEED...: N commands of every kind for each seed.
any() {
	local seed
	libspice "$1"
	for seed in "${@:3}"; do libspice_draws "any $2 $seed"; done
}

@test "300 commands of every kind, six times" { any 1 300 1 2 3 4 5 6; }
@test "the same, auto_glz" { any 2 300 11 12; }
@test "the same, quic" { any 4 300 21 22; }
@test "the same, glz" { any 5 300 31 32; }
@test "the same, lz" { any 6 300 41 42; }
@test "more palettes than a server remembers" {
	libspice 1
	libspice_draws 'any 400 1 copy'
	libspice_draws 'any 400 2 copy'
	libspice_draws 'any 400 3 copy'
}
