#!/usr/bin/env bats
# Video of spice-serve: what looks like film goes as an MJPEG or VP8 stream to spice-gtk, remote-viewer, spice-html5 and
# spice-view, whose reports lead its quality; when it rests the picture is exact.
load lib

JPEG_TOLERANCE=60

setup() { have ffmpeg spice-serve python3; }

ffm() { timeout 60 ffmpeg -v error -y "$@" </dev/null 3>&-; }

# film NAME: 8 s of moving, grainy pictures and the last of them, made once; or ones that wander about; or ones that
# stay all colours but for a bit of noise.
film() {
	[ -s "$F/$1.ppm" ] && return
	case $1 in
	colours*) ffm -f lavfi -i "color=size=${1#colours}:rate=25,format=gbrp,geq=r='255*X/W':g='255*Y/H':b='255-255*X/W',trim=end_frame=1,loop=-1:1:0,noise=alls=3:allf=t" \
		-t 8 -f rawvideo -pix_fmt bgr0 "$F/$1.raw" ;;
	last) ffm -f lavfi -i mandelbrot=size=480x320:rate=25,noise=alls=4:allf=t -t 8 -f rawvideo -pix_fmt bgr0 "$F/$1.raw" ;;
	wander) ffm -f lavfi -i gradients=size=480x320:rate=25:speed=0.00001 -f lavfi -i mandelbrot=size=200x160:rate=25 \
		-filter_complex "[0][1]overlay=x='100+60*sin(t*2)':y='80+20*cos(t*3)'" \
		-t 8 -f rawvideo -pix_fmt bgr0 "$F/$1.raw" ;;
	esac
	ffm -f rawvideo -pixel_format bgr0 -video_size "$SIZE" -i "$F/$1.raw" -update 1 -pix_fmt rgb24 "$F/$1.ppm"
}

# playing [FILM] SERVE-ARGUMENT...: the film begins when $T/go is there, and its last picture stays.
playing() {
	local film=last bytes SIZE=480x320
	case ${1:-} in
	wander) film=$1; shift ;;
	colours*) film=$1 SIZE=${1#colours}; shift ;;
	esac
	film "$film"
	bytes=$((4 * ${SIZE%x*} * ${SIZE#*x}))
	bg serve bash -c 'until [ -e "$2" ]; do sleep 0.1; done |
		{ cat; head -c "$4" "$1"; until [ -e "$2" ]; do sleep 0.1; done; tail -c +$(($4 + 1)) "$1"; exec sleep 60; } |
		exec spice-serve -p 0 --listen-file "$3" --raw "$5@25" --stats "${@:6}"' \
		playing "$F/$film.raw" "$T/go" "$T/listen" "$bytes" "$SIZE" "$@"
	within 10 listening
	PORT=$(sed -n 's/^listening spice 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$T/listen" | head -n 1)
}

# frames N: so many went to the client.
frames() {
	local n
	n=$(grep -aoE '"frames":[0-9]+' "$T/serve.log" | tail -n 1)
	[ "${n#*:}" -ge "$1" ] 2>/dev/null
}

streamed() { spice-dump -m "$1" "$T/cap.pcapng" 2>/dev/null | grep -q "$1"; }

@test "spice-view plays it, in time, and has the last picture exactly" {
	have spice-view
	playing
	viewer view -v -v "spice://127.0.0.1:$PORT"
	view_shot view "$T/first.ppm" 20
	touch "$T/go"
	within 20 frames 60
	view_shows view "$F/last.ppm" 20
	tell view quit
	within 10 gone view
	line=$(grep -a 'video: [0-9]* frames shown' "$T/view.err")
	echo "$line"
	read -r shown late _ <<<"$(tr -cs '0-9\n' ' ' <<<"${line#*video: }")"
	[ "$shown" -ge 100 ]
	[ "$late" -le 10 ]
}

@test "spice-gtk plays it and reports; then it has the last picture exactly" {
	have spice-dump tshark
	playing
	bg cap tshark -Q -i lo -f "tcp port $PORT" -w "$T/cap.pcapng"
	within 10 test -s "$T/cap.pcapng"
	peer gtk "uri=spice://127.0.0.1:$PORT"
	within 20 peer_shot gtk "$T/first.ppm"
	touch "$T/go"
	within 20 frames 60
	peer_shows gtk "$F/last.ppm" 20
	stop gtk cap
	streamed STREAM_CREATE
	streamed STREAM_DATA
	streamed STREAM_REPORT
	streamed STREAM_DESTROY
}

# wanders OPTION...: a film that moves over the screen; both clients end with its last picture.
wanders() {
	have spice-view
	playing wander "$@"
	viewer view -v -v "spice://127.0.0.1:$PORT"
	view_shot view "$T/first.ppm" 20
	peer gtk "uri=spice://127.0.0.1:$PORT"
	within 20 peer_shot gtk "$T/first.ppm"
	touch "$T/go"
	within 20 frames 60
	view_shows view "$F/wander.ppm" 20
	peer_shows gtk "$F/wander.ppm" 20
}

@test "a film that wanders: sized frames in spice-view and spice-gtk" { wanders; }

@test "spice-html5 plays it; then it has the last picture exactly" {
	playing
	browse "$PORT"
	within 40 saw '"clients":1' "$T/serve.log"
	within 40 canvas "document.querySelector('canvas').toDataURL('image/png')"
	touch "$T/go"
	within 20 frames 60
	within 20 shows "$F/last.ppm"
	running serve
}

@test "VP8: spice-gtk and spice-view play it when they ask for it; then they have the last picture exactly" {
	have spice-view spice-dump tshark
	have_vp8
	playing
	bg cap tshark -Q -i lo -f "tcp port $PORT" -w "$T/cap.pcapng"
	within 10 test -s "$T/cap.pcapng"
	peer gtk "uri=spice://127.0.0.1:$PORT"
	within 20 peer_shot gtk "$T/first.ppm"
	tell gtk 'codec 2'
	viewer view -v -v --video-codec vp8 "spice://127.0.0.1:$PORT"
	view_shot view "$T/view-first.ppm" 20
	touch "$T/go"
	within 20 frames 60
	view_shows view "$F/last.ppm" 20
	peer_shows gtk "$F/last.ppm" 20
	! grep -aq '"codec":"mjpeg"' "$T/serve.log" || false
	saw 'stream [0-9]+ begins, .* vp8' "$T/view.err"
	stop gtk cap
	streamed STREAM_REPORT
	spice-dump -m STREAM_CREATE "$T/cap.pcapng" | grep -q 'codec_type=VP8'
	tell view quit
	within 10 gone view
	saw 'video: [0-9]* frames shown, .* 0 did not decode' "$T/view.err"
}

# coloured SIZE: while it plays, both clients show about the colours that were put in.
coloured() {
	have spice-view
	have_vp8
	playing "colours$1" --video-codec vp8
	viewer view "spice://127.0.0.1:$PORT"
	view_shot view "$T/first.ppm" 20
	peer gtk "uri=spice://127.0.0.1:$PORT"
	within 20 peer_shot gtk "$T/first.ppm"
	touch "$T/go"
	within 20 frames 60
	view_shot view "$T/view.ppm"
	peer_shot gtk "$T/gtk.ppm"
	frames 60 # they are of the film yet
	for shot in view gtk; do
		! same "$T/$shot.ppm" "$F/colours$1.ppm" >/dev/null || false
		same "$T/$shot.ppm" "$F/colours$1.ppm" 16
	done
}

@test "VP8: colours of a small film" { coloured 480x320; }
@test "VP8: colours of a large film, which has another matrix" { coloured 1024x640; }

@test "VP8: a film that wanders" {
	have_vp8
	wanders --video-codec vp8
}

@test "no stream with --video off" {
	have spice-view
	playing --video off
	viewer view "spice://127.0.0.1:$PORT"
	view_shot view "$T/first.ppm" 20
	touch "$T/go"
	view_shows view "$F/last.ppm" 30
	! grep -q '"video"' "$T/serve.log" || false
}

@test "codecs that there are none of are a usage error" {
	for list in h264 mjpeg,vp10 mjpeg,mjpeg ''; do
		for command in 'spice-serve --raw 8x8' 'spice-view --info spice://127.0.0.1:1'; do
			rc=0
			$command --video-codec "$list" </dev/null 2>"$T/said" || rc=$?
			[ $rc -eq 64 ]
			grep -q -- --video-codec "$T/said"
		done
	done
}

# reached QUALITY: the statistics named such a quality, or a lower one, after reports on frames.
reached() {
	local q
	for q in $(grep -aoE '"reports":[1-9][0-9]*,"codec":"[a-z0-9]+","quality":[0-9]+' "$T/serve.log" |
		sed 's/.*://'); do
		[ "$q" -le "$1" ] && return
	done
	return 1
}

# bad_link OPTION...: badlink in front of the server; PORT is its port then.
bad_link() {
	[ -x "$BUILD/tests/badlink" ] || skip "badlink is not built"
	bg link "$BUILD/tests/badlink" "$@" "127.0.0.1:$PORT"
	within 10 saw '^up ' "$T/link.log"
	PORT=$(sed -n 's/^up //p' "$T/link.log")
}

@test "reports of spice-gtk over a narrow link make the quality lower" {
	playing
	bad_link --rate 4000 --delay 20
	peer gtk "uri=spice://127.0.0.1:$PORT"
	within 20 peer_shot gtk "$T/first.ppm"
	touch "$T/go"
	within 20 reached 50
	peer_shows gtk "$F/last.ppm" 30
}

# in_window: remote-viewer is in, and the film begins.
in_window() {
	have remote-viewer Xvfb openbox import
	screen 1024x768
	bg client remote-viewer "spice://127.0.0.1:$PORT"
	within 40 saw '"display":{"in":[0-9]+,"out":[0-9]{3,}}.*"cursor":{"in":[1-9]' "$T/serve.log"
	touch "$T/go"
}

# other_picture FILE: the screen shows another one than in FILE, and FILE is that.
other_picture() {
	import -window root "$1.next.ppm" 3>&-
	! cmp -s "$1" "$1.next.ppm" || false
	mv "$1.next.ppm" "$1"
}

@test "remote-viewer plays it in its window; then it has the last picture exactly" {
	playing
	in_window
	within 20 frames 40
	for i in 1 2 3 4 5 6; do within 5 other_picture "$T/moves.ppm"; done
	! frames 190 || false
	within 30 found "$F/last.ppm"
	saw '"reports":[1-9]' "$T/serve.log"
	running client
}

# Frames that come now early, now late: the socket is never full, so only the client knows.
@test "reports of remote-viewer over a link that wavers make the quality lower" {
	playing
	bad_link --jitter 1200 --direction down
	in_window
	within 30 reached 60
	within 30 found "$F/last.ppm"
	running client
}

@test "reports of remote-viewer on VP8 lead its rate" {
	have_vp8
	playing --video-codec vp8
	bad_link --jitter 1200 --direction down
	in_window
	within 30 reached 60
	saw '"codec":"vp8"' "$T/serve.log"
	within 30 found "$F/last.ppm"
	running client
}
