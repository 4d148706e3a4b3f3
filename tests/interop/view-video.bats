#!/usr/bin/env bats
# Video of a real server: libspice-server makes an MJPEG stream of a region that is painted again and again, spice-view
# shows its frames in their time, reports on them, and has the exact picture when the stream has ended.
load lib

JPEG_TOLERANCE=60

# animated MODE FRAMES: a server that streams, a viewer that says what it sees, FRAMES pictures.
animated() {
	have spice-view
	helper qxlsrv spice-server glib-2.0
	bg_fed srv env STREAM="$1" "$BUILD/interop/qxlsrv" 1
	within 10 saw '^up ' "$T/srv.log"
	viewer view -v -v "spice://127.0.0.1:$(sed -n 's/^up //p' "$T/srv.log")"
	view_shot view "$T/before.ppm" 20
	tell srv fill "anim $2"
}

# counted: the four counts that the viewer says at its end.
counted() {
	tell view quit
	within 10 gone view
	local line
	line=$(grep -a 'video: [0-9]* frames shown' "$T/view.err")
	echo "$line"
	read -r SHOWN LATE DROPPED BROKEN <<<"$(tr -cs '0-9\n' ' ' <<<"${line#*video: }")"
}

@test "a stream of libspice-server plays, and what it leaves is exact" {
	animated 2 100
	sleep 3 # in the middle of the stream: nothing says so but the picture
	view_shot view "$T/playing.ppm"
	within 20 saw '^animated' "$T/srv.log"
	tell srv "ref $T/ref.ppm"
	within 20 saw '^ref ' "$T/srv.log"
	same "$T/playing.ppm" "$T/ref.ppm" $JPEG_TOLERANCE
	! same "$T/playing.ppm" "$T/ref.ppm"
	view_shows view "$T/ref.ppm" 20
	counted
	[ "$SHOWN" -ge 50 ]
	[ "$LATE" -le 5 ]
	[ "$BROKEN" -eq 0 ]
}

@test "what covers a stream stays on top of it" {
	animated 2 100
	sleep 2
	tell srv 'random 20 5'
	within 20 saw '^animated' "$T/srv.log"
	tell srv "ref $T/ref.ppm"
	within 20 saw '^ref ' "$T/srv.log"
	view_shows view "$T/ref.ppm" 20
	counted
	[ "$SHOWN" -ge 10 ]
}
