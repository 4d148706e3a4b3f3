# Sourced by every file of the interop suite: start, watch and end the programs of both sides.
# $T is this test's scratch folder, $F this file's. Every child runs under a time limit in a process group of its own,
# and teardown ends what a test has left. Waiting is always for something to be seen, with a deadline.

HERE=$BATS_TEST_DIRNAME
: "${BUILD:=$(cd "$HERE/../.." && pwd)/build}"
PATH=$BUILD/bin:$PATH
export GTK_A11Y=none NO_AT_BRIDGE=1 GSETTINGS_BACKEND=memory PYTHONDONTWRITEBYTECODE=1
LIFE=${LIFE:-120}
T=${BATS_TEST_TMPDIR:-}
F=$BATS_FILE_TMPDIR

# have PROGRAM...: skips the test with the reason where one is missing. Ours are looked for in $BUILD/bin.
have() {
	local p
	for p in "$@"; do
		case $p in
		spice-*) [ -x "$BUILD/bin/$p" ] || skip "$p is not built" ;;
		*) command -v "$p" >/dev/null || skip "$p is not installed" ;;
		esac
	done
}

# have_vp8: GStreamer's VP8, by which spice-gtk and libspice-server have it.
have_vp8() {
	compgen -G '/usr/lib/*/gstreamer-1.0/libgstvpx.so' >/dev/null || skip "gstreamer1.0-plugins-good is not installed"
}

# helper NAME PACKAGE...: builds NAME.c, and NAME-*.c where there are any, with these pkg-config packages, once.
helper() {
	local name=$1 out=$BUILD/interop/$1
	shift
	have gcc pkg-config
	pkg-config --exists "$@" || skip "no development files of $*"
	mkdir -p "$BUILD/interop"
	[ -e "$out" ] && [ -z "$(find "$HERE" -name "$name*.[ch]" -newer "$out")" ] ||
		gcc -std=gnu11 -O1 -Wall -Wextra -Wno-deprecated-declarations -o "$out" "$HERE/$name.c" \
			$(find "$HERE" -name "$name-*.c") $(pkg-config --cflags --libs "$@") -lm
}

# pause: the step of all polling.
pause() { read -rt 0.05 <><(:) || :; }

# within SECONDS COMMAND...: true as soon as the command is.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -le $end ] || { echo "not within the time: $*" >&2; return 1; }
		pause
	done
}

# saw REGEX FILE: the file has such a line by now.
saw() { grep -aqE -- "$1" "$2" 2>/dev/null; }

# bg NAME COMMAND...: in the background, output to $T/NAME.log; $T/NAME.pid is its time-keeper, pid_of the program.
bg() {
	local name=$1
	shift
	timeout -k 5 "$LIFE" "$@" >"$T/$name.log" 2>"$T/$name.err" </dev/null 3>&- &
	echo $! >"$T/$name.pid"
}

# bg_fed NAME COMMAND...: the same, its stdin fed by tell.
bg_fed() {
	local name=$1
	shift
	[ -p "$T/$name.in" ] || mkfifo "$T/$name.in"
	timeout -k 5 "$LIFE" "$@" >"$T/$name.log" 2>"$T/$name.err" <>"$T/$name.in" 3>&- &
	echo $! >"$T/$name.pid"
}

# tell NAME LINE...
tell() {
	local name=$1
	shift
	printf '%s\n' "$@" | timeout 5 tee "$T/$name.in" >/dev/null
}

pid_of() { pgrep -P "$(cat "$T/$1.pid")" | head -n 1; }
running() { kill -0 "$(cat "$T/$1.pid")" 2>/dev/null; }
gone() { ! running "$1"; }

stop() {
	local name pid
	for name in "$@"; do
		[ -f "$T/$name.pid" ] || continue
		pid=$(cat "$T/$name.pid")
		rm -f "$T/$name.pid"
		kill -CONT -- "-$pid" 2>/dev/null || :
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

stop_all() {
	local f
	for f in "$T"/*.pid; do [ -e "$f" ] && stop "$(basename "$f" .pid)"; done
	return 0
}

# On failure bats shows what is printed here: the ends of all logs.
show_logs() {
	local f
	[ -n "${BATS_TEST_COMPLETED:-}" ] && return
	for f in "$T"/*.log "$T"/*.err; do
		[ -s "$f" ] && { echo "-- ${f##*/}"; tail -n 12 "$f" | cut -c 1-240; }
	done
	return 0
}

teardown() {
	show_logs
	stop_all
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# same A B [TOLERANCE]: two pictures are equal pixel for pixel (or each channel within the tolerance).
same() { python3 "$HERE/pixels.py" diff "$@"; }

# material: the pictures and scripts, made once in $F/art.
material() {
	have python3
	[ -d "$F/art" ] && return
	mkdir "$F/art.part"
	python3 "$HERE/pictures.py" "$F/art.part"
	cp "$HERE"/scripts/*.draw "$F/art.part"
	mv "$F/art.part" "$F/art"
}

# rendered SCRIPT: what it should look like, as $F/art/SCRIPT.ppm.
rendered() {
	[ -s "$F/art/$1.ppm" ] || python3 "$HERE/render.py" "$F/art/$1.draw" 320x240 "$F/art/$1.ppm"
}

# serve ARGUMENT...: spice-serve on a free port of its own choice, in the folder of the material; sets PORT.
serve() {
	have spice-serve
	rm -f "$T/listen"
	bg serve env -C "$F/art" spice-serve -p 0 --listen-file "$T/listen" "$@"
	within 10 listening
	[ -s "$T/listen" ]
	PORT=$(sed -n 's/^listening spice 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$T/listen" | head -n 1)
}
listening() { [ -s "$T/listen" ] || gone serve; }

# peer NAME PROPERTY=VALUE...: a spice-gtk client without a window, told by tell NAME.
peer() {
	local name=$1
	shift
	helper gtkpeer spice-client-glib-2.0 gio-2.0
	bg_fed "$name" "$BUILD/interop/gtkpeer" "$@"
}

# peer_shot NAME FILE
peer_shot() {
	rm -f "$2"
	tell "$1" "shot $2"
	within 5 test -s "$2"
}

# peer_shows NAME PICTURE SECONDS: sooner or later the client's screen equals the picture.
peer_shows() {
	local end=$((SECONDS + $3))
	until peer_shot "$1" "$T/$1.ppm" && same "$T/$1.ppm" "$2" >"$T/same.log"; do
		[ $SECONDS -le $end ] || { cat "$T/same.log" >&2; return 1; }
		pause
	done
}

# qemu SPICE-OPTIONS [ARGUMENT...]: a real server with the firmware's screen, QMP at $T/qmp; sets nothing else.
qemu() {
	local options=$1
	shift
	have qemu-system-x86_64 python3
	bg qemu qemu-system-x86_64 -M pc -accel tcg -m 64 -nodefaults -no-user-config -display none -vga qxl \
		-spice "$options" -qmp "unix:$T/qmp,server=on,wait=off" -boot order=c \
		-chardev "file,id=firmware,path=$T/firmware" \
		-device isa-debugcon,iobase=0x402,chardev=firmware "$@"
	within 10 test -S "$T/qmp"
}
qmp() { timeout 20 python3 "$HERE/qmp.py" "$T/qmp" "$@"; }

# still: waits until the firmware has said its last word, then stops the machine (the text cursor would blink); the
# screen is $T/screen.ppm.
still() {
	within 30 saw 'No bootable device' "$T/firmware"
	qmp stop >/dev/null
	qmp screendump "filename=$T/screen.ppm" >/dev/null
	head -n 2 "$T/screen.ppm" | grep -q '^720 400$'
}

# certificates: a CA, a server certificate of localhost (CN spice.example.test), and another CA; in $F/pki.
SUBJECT=C=XX,O=Interop,CN=spice.example.test
certificates() {
	have openssl
	[ -d "$F/pki" ] || sh "$HERE/certs.sh" "$F/pki" >/dev/null 2>"$F/certs.err"
	PKI=$F/pki
}

# screen GEOMETRY: an X server and a window manager; sets DISPLAY.
screen() {
	have Xvfb openbox
	mkdir -p -m 700 "$T/run"
	export XDG_RUNTIME_DIR=$T/run
	timeout -k 5 "$LIFE" Xvfb -displayfd 4 -screen 0 "${1}x24" -nolisten tcp -noreset \
		4>"$T/display" >"$T/xvfb.log" 2>&1 </dev/null 3>&- &
	echo $! >"$T/xvfb.pid"
	within 10 test -s "$T/display"
	DISPLAY=:$(cat "$T/display")
	export DISPLAY
	bg openbox openbox
}

# found PICTURE: somewhere on the screen, exactly; sets X and Y.
found() {
	import -window root -depth 8 "$T/root.ppm" 3>&-
	local at
	at=$(python3 "$HERE/pixels.py" find "$T/root.ppm" "$1") || return 1
	X=${at% *} Y=${at#* }
}

# viewer NAME SERVER ARGUMENT...: spice-view as a person would use it, told by tell NAME.
viewer() {
	local name=$1
	shift
	have spice-view
	bg_fed "$name" spice-view --script - "$@"
}

# view_shot NAME FILE: a second capture says that the first is whole.
view_shot() {
	rm -f "$2" "$2.next.ppm"
	tell "$1" "capture $2" "capture $2.next.ppm"
	within "${3:-10}" test -s "$2.next.ppm"
}

# view_shows NAME PICTURE SECONDS: sooner or later the viewer's screen equals the picture.
view_shows() {
	local end=$((SECONDS + $3))
	until view_shot "$1" "$T/$1.ppm" && same "$T/$1.ppm" "$2" >"$T/same.log"; do
		[ $SECONDS -le $end ] || { cat "$T/same.log" >&2; return 1; }
		running "$1" || return 1
		pause
	done
}

# libspice [COMPRESSION [VIEW-OPTION...]]: libspice-server draws what tell srv says (qxlsrv.c), tell view a viewer, which
# showed $T/before.ppm.
libspice() {
	have spice-view
	helper qxlsrv spice-server glib-2.0
	bg_fed srv "$BUILD/interop/qxlsrv" "${@:1:1}"
	within 10 saw '^up ' "$T/srv.log"
	viewer view "${@:2}" "spice://127.0.0.1:$(sed -n 's/^up //p' "$T/srv.log")"
	view_shot view "$T/before.ppm" 20
}

# libspice_shot: what the server's own renderer has by now, as $T/ref.ppm.
libspice_shot() {
	local before
	before=$(refs)
	tell srv "ref $T/ref.ppm"
	within 20 more_refs "$before"
}
refs() { grep -ac '^ref ' "$T/srv.log" || :; }
more_refs() { [ "$(refs)" -gt "$1" ]; }

# libspice_draws COMMAND...: what spice-view has then equals what the server's own renderer has.
libspice_draws() {
	tell srv "$@"
	libspice_shot
	view_shows view "$T/ref.ppm" 20
	! same "$T/before.ppm" "$T/ref.ppm" || false
	running view
}

# canvas: what the page shows now, as $T/canvas.png.
canvas() {
	timeout 20 python3 "$HERE/cdp.py" "$(head -n 1 "$T/chromium/DevToolsActivePort")" "$1" "$T/canvas.png" \
		>>"$T/cdp.log" 2>&1
}
shows() { canvas "document.querySelector('canvas').toDataURL('image/png')" && same "$T/canvas.png" "$1"; }
evaluate() {
	timeout 20 python3 "$HERE/cdp.py" "$(head -n 1 "$T/chromium/DevToolsActivePort")" "$1"
}

HTML5=/usr/share/spice-html5

# browse PORT: the JavaScript client's page, served by a plain web server of its own.
browse() {
	have python3
	[ -d "$HTML5" ] || skip "spice-html5 is not installed"
	bg web python3 -u -m http.server --bind 127.0.0.1 --directory "$HTML5" 0
	within 10 saw 'port [0-9]+' "$T/web.log"
	browse_at "http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$T/web.log" |
		head -n 1)/spice_auto.html?host=127.0.0.1&port=$1"
}

# browse_at URL [OPTION...]: a headless browser.
browse_at() {
	have chromium
	bg chromium chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
		--disable-extensions --disable-background-networking --user-data-dir="$T/chromium" \
		--remote-debugging-port=0 --test-type --enable-logging=stderr "${@:2}" "$1"
	within 30 test -s "$T/chromium/DevToolsActivePort"
}
