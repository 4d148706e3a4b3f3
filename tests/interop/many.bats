#!/usr/bin/env bats
# Eight viewers of one moving picture. One of them is stopped for 20 seconds: the others don't notice, the server's
# memory stays within 16 MiB, and the stopped one catches up when it goes on.
load lib

resident() { awk '/^VmRSS/ { print $2 }' "/proc/$(pid_of serve)/status"; }

# changed NAME: its picture is another than at the last look.
changed() {
	cp "$T/$1.ppm" "$T/$1.old.ppm" 2>/dev/null || :
	look "$1"
	[ -s "$T/$1.old.ppm" ] && ! cmp -s "$T/$1.ppm" "$T/$1.old.ppm"
}
look() {
	case $1 in
	gtk*) peer_shot "$1" "$T/$1.ppm" ;;
	*) view_shot "$1" "$T/$1.ppm" ;;
	esac
}
shows() { # NAME PICTURE SECONDS
	case $1 in
	gtk*) peer_shows "$@" ;;
	*) view_shows "$@" ;;
	esac
}
all_changed() { # NAME...
	local name
	for name in "$@"; do within 5 changed "$name"; done
}

# one_stops NAME OTHER...: the scene, with this viewer stopped.
one_stops() {
	local stopped=$1 before after name end
	all_changed "$@"
	before=$(resident)
	kill -STOP "$(pid_of "$stopped")"
	shift
	end=$((SECONDS + 20))
	while [ $SECONDS -lt $end ]; do all_changed "$@"; done
	after=$(resident)
	kill -CONT "$(pid_of "$stopped")"
	echo "resident before $before KiB, after $after KiB"
	[ $((after - before)) -le 16384 ]
	within 10 changed "$stopped"
	for name in "$stopped" "$@"; do shows "$name" "$F/art/rest.ppm" 60; done
}

setup() {
	have spice-serve spice-view python3
	material
	rendered rest
	sed "s/^repeat .*/repeat ${ROUNDS:-450}/" "$F/art/moving.draw" >"$F/art/many.draw"
	cat "$F/art/rest.draw" >>"$F/art/many.draw"
	LIFE=180
	serve -g 320x240 --script many.draw
	for n in 1 2 3 4; do
		viewer "view$n" "spice://127.0.0.1:$PORT"
		peer "gtk$n" "uri=spice://127.0.0.1?port=$PORT"
	done
	for n in 1 2 3 4; do
		within 10 look "view$n"
		within 10 look "gtk$n"
	done
}

@test "spice-view stops for 20 seconds" { one_stops view1 view2 view3 view4 gtk1 gtk2 gtk3 gtk4; }
@test "spice-gtk stops for 20 seconds" { one_stops gtk1 gtk2 gtk3 gtk4 view1 view2 view3 view4; }
