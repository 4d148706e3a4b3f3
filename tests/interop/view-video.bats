#!/usr/bin/env bats
# Video of a real server: libspice-server makes a stream of a region that is painted again and again, MJPEG or, where it
# is asked for and GStreamer is there, VP8; spice-view shows its frames in their time, reports on them, and has the exact
# picture when the stream has ended.
load lib

JPEG_TOLERANCE=60

# animated FRAMES [VIEW-OPTION...]: so many pictures at one place; it returns when the viewer shows the first of their
# stream.
animated() {
	STREAM=2 libspice 1 -v -v "${@:2}"
	tell srv fill "anim $1"
	within 10 saw 'video: stream [0-9]+ begins' "$T/view.err"
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

# plays_exactly OPTION...: while it plays the picture is about right, and exactly once it has stopped.
plays_exactly() {
	animated 100 "$@"
	view_shot view "$T/playing.ppm"
	within 20 saw '^animated' "$T/srv.log"
	libspice_shot
	same "$T/playing.ppm" "$T/ref.ppm" $JPEG_TOLERANCE
	! same "$T/playing.ppm" "$T/ref.ppm" || false
	view_shows view "$T/ref.ppm" 20
}

@test "a stream of libspice-server plays, and what it leaves is exact" {
	plays_exactly
	counted
	[ "$SHOWN" -ge 50 ]
	[ "$LATE" -le 5 ]
	[ "$BROKEN" -eq 0 ]
}

@test "a VP8 stream of libspice-server plays, and what it leaves is exact" {
	have_vp8
	plays_exactly --video-codec vp8,mjpeg
	saw 'stream [0-9]+ begins, .* vp8' "$T/view.err"
	counted
	[ "$SHOWN" -ge 50 ]
	[ "$LATE" -le 5 ]
	[ "$BROKEN" -eq 0 ]
}

@test "what covers a stream stays on top of it" {
	animated 100
	tell srv 'random 20 5'
	within 20 saw '^animated' "$T/srv.log"
	libspice_shot
	view_shows view "$T/ref.ppm" 20
	counted
	[ "$SHOWN" -ge 10 ]
}
