#!/usr/bin/env bats
# Moving pictures through a pipe: what ffmpeg writes to spice-serve, spice-view shows.
load lib

setup() { have ffmpeg spice-serve spice-view python3; }

ffm() { timeout 30 ffmpeg -v error -y "$@" </dev/null 3>&-; }

# clip FRAMES: that many different frames of BGRx in $T/frames.raw.
clip() {
	ffm -f lavfi -i testsrc=size=320x240:rate=1 -frames:v "$1" -f rawvideo -pix_fmt bgr0 "$T/frames.raw"
}

# feed FORMAT PIXELS SERVE-ARGUMENT...: the clip again and again, at its own pace, in this format.
feed() {
	local format=$1 pixels=$2
	shift 2
	bg serve bash -c 'ffmpeg -v error -re -stream_loop -1 -f rawvideo -pixel_format bgr0 -video_size 320x240 \
		-framerate 10 -i "$1" -f "$2" -pix_fmt "$3" - | spice-serve -p 0 --listen-file "$4" "${@:5}"' \
		feed "$T/frames.raw" "$format" "$pixels" "$T/listen" "$@"
	within 10 listening
	PORT=$(sed -n 's/^listening spice 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$T/listen" | head -n 1)
}

# three_seen: what spice-view has is a frame, and three different ones were seen by now.
three_seen() {
	local frame
	view_shot view "$T/view.ppm"
	frame=$(python3 "$HERE/pixels.py" raw "$T/frames.raw" 320x240 "$T/view.ppm") || return 1
	FRAMES="$FRAMES $frame"
	[ "$(printf '%s\n' $FRAMES | sort -u | wc -l)" -ge 3 ]
}

@test "raw frames play, each one exact" {
	clip 10
	feed rawvideo bgr0 --raw 320x240@10
	viewer view "spice://127.0.0.1:$PORT"
	FRAMES=
	within 30 three_seen
}

# The colours of YUV are ffmpeg's own conversion back, within its rounding.
y4m() {
	clip 1
	ffm -f rawvideo -pixel_format bgr0 -video_size 320x240 -i "$T/frames.raw" -pix_fmt "$1" "$T/one.y4m"
	ffm -i "$T/one.y4m" -sws_flags accurate_rnd+full_chroma_int+neighbor -frames:v 1 -pix_fmt rgb24 "$T/want.ppm"
	feed yuv4mpegpipe "$1" --y4m
	viewer view "spice://127.0.0.1:$PORT"
	within 20 close_enough
}
close_enough() { view_shot view "$T/view.ppm" && same "$T/view.ppm" "$T/want.ppm" 4; }

@test "YUV4MPEG2, 4:4:4" { y4m yuv444p; }
@test "YUV4MPEG2, 4:2:0" { y4m yuv420p; }
