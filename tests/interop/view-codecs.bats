#!/usr/bin/env bats
# What real servers compress, spice-view decodes to the pixel: QEMU and libspice-server with each of their compressions, a
# guest that scrolls text, and Xspice, which lives on GLZ and the image cache. JPEG within its tolerance.
load lib

# The compressions of libspice-server by number.
OFF=1 AUTO_GLZ=2 AUTO_LZ=3 QUIC=4 GLZ=5 LZ=6 LZ4=7
JPEG_TOLERANCE=40

# firmware OPTIONS [TOLERANCE]: QEMU's firmware screen through these options equals its screendump.
firmware() {
	have spice-view
	port=$(free_port)
	qemu "addr=127.0.0.1,port=$port,disable-ticketing=on,$1"
	still
	timeout -k 1 20 spice-view --screenshot "$T/view.ppm" "spice://127.0.0.1:$port" 3>&-
	same "$T/view.ppm" "$T/screen.ppm" ${2:+"$2"}
}

@test "QEMU, image-compression=off" { firmware image-compression=off; }
@test "QEMU, image-compression=quic" { firmware image-compression=quic; }
@test "QEMU, image-compression=lz" { firmware image-compression=lz; }
@test "QEMU, image-compression=glz" { firmware image-compression=glz; }
@test "QEMU, image-compression=auto_lz" { firmware image-compression=auto_lz; }
@test "QEMU, image-compression=auto_glz" { firmware image-compression=auto_glz; }
@test "QEMU, JPEG and zlib over GLZ, always" {
	firmware image-compression=auto_glz,jpeg-wan-compression=always,zlib-glz-wan-compression=always $JPEG_TOLERANCE
}
@test "QEMU, JPEG for all that QUIC would take" {
	firmware image-compression=quic,jpeg-wan-compression=always $JPEG_TOLERANCE
}

# compressed NUMBER COMMAND...
compressed() {
	libspice "$1"
	libspice_draws "${@:2}"
}
all=(fill pattern copy opaque transp alpha blend black white invers rop3 copybits clip mask surf)

@test "every command, raw" { compressed $OFF "${all[@]}" 'random 300 11'; }
@test "every command, auto_glz" { compressed $AUTO_GLZ "${all[@]}" 'random 300 12'; }
@test "every command, auto_lz" { compressed $AUTO_LZ "${all[@]}" 'random 300 13'; }
@test "every command, quic" { compressed $QUIC "${all[@]}" 'random 300 14'; }
@test "every command, glz" { compressed $GLZ "${all[@]}" 'random 300 15'; }
@test "every command, lz" { compressed $LZ "${all[@]}" 'random 300 16'; }
@test "every command, lz4" { compressed $LZ4 "${all[@]}" 'random 300 17'; }

@test "what a viewer asks for is what it gets, and the picture is the same" {
	have spice-view
	port=$(free_port)
	qemu "addr=127.0.0.1,port=$port,disable-ticketing=on,image-compression=off"
	still
	for c in off quic lz glz auto-lz auto-glz lz4; do
		timeout -k 1 20 spice-view --preferred-compression $c --screenshot "$T/view.ppm" \
			"spice://127.0.0.1:$port" 3>&-
		same "$T/view.ppm" "$T/screen.ppm"
	done
}

@test "a guest scrolls text through GLZ" {
	have spice-view qemu-system-x86_64 python3 busybox cpio
	ls /boot/vmlinuz-* >/dev/null 2>&1 || skip "no kernel to boot as a guest"
	bash "$HERE/guest-build.sh" "$F/guest"
	port=$(free_port)
	bg guest qemu-system-x86_64 -M pc -accel tcg -m 256 -nodefaults -no-user-config -display none -vga qxl \
		-spice "addr=127.0.0.1,port=$port,disable-ticketing=on,image-compression=auto_glz" \
		-qmp "unix:$T/qmp,server=on,wait=off" \
		-chardev "socket,id=serial,path=$T/serial,server=on,wait=off,logfile=$T/serial.log" \
		-serial chardev:serial -kernel "$F/guest/vmlinuz" -initrd "$F/guest/initrd.img" -no-reboot \
		-append "console=tty0 console=ttyS0 quiet rdinit=/init panic=-1 mitigations=off tsc=unstable"
	within 90 saw 'GUEST ready' "$T/serial.log"
	viewer view "spice://127.0.0.1:$port"
	view_shot view "$T/before.ppm" 20
	timeout 60 python3 "$HERE/gsh.py" "$T/serial" 50 'printf "\033[?25l" >/dev/tty1
		for i in $(seq 1 200); do echo "line $i The quick brown fox jumps over the lazy dog $i"; done >/dev/tty1'
	local end=$((SECONDS + 30)) # the console draws when it gets to it
	until qmp screendump "filename=$T/guest.ppm" >/dev/null && ! same "$T/before.ppm" "$T/guest.ppm" >/dev/null &&
		view_shot view "$T/view.ppm" && same "$T/view.ppm" "$T/guest.ppm" >"$T/same.log"; do
		[ $SECONDS -le $end ] || { cat "$T/same.log"; return 1; }
		running view
		pause
	done
}

# xspice COMPRESSION: an X server that is a SPICE server; its root window and what spice-view has are the same.
xspice() {
	have spice-view Xorg xterm xwd convert openbox
	[ -e /etc/X11/spiceqxl.xorg.conf ] || [ -e /usr/share/doc/xserver-xspice/spiceqxl.xorg.conf.example.gz ] ||
		skip "no Xspice here"
	port=$(free_port)
	{ cat /etc/X11/spiceqxl.xorg.conf 2>/dev/null ||
		zcat /usr/share/doc/xserver-xspice/spiceqxl.xorg.conf.example.gz; } |
		sed -e 's#^ *\(Driver "spiceqxl"\)#\1\nOption "SpiceAddr" "127.0.0.1"\nOption "NumHeads" "1"\nOption "SurfaceBufferSize" "128"\nOption "CommandBufferSize" "128"\nOption "FrameBufferSize" "32"#' \
			-e '/Section "Screen"/,/EndSection/{/EndSection/i\SubSection "Display"\nDepth 24\nModes "1024x768"\nVirtual 1024 768\nEndSubSection
}' >"$T/x.conf"
	bg xspice env XSPICE_PORT="$port" XSPICE_DISABLE_TICKETING=1 XSPICE_IMAGE_COMPRESSION="$1" \
		/usr/lib/xorg/Xorg -config "$T/x.conf" -noreset -nolisten tcp -logfile "$T/x.log" -displayfd 4 4>"$T/display"
	within 20 test -s "$T/display"
	DISPLAY=:$(cat "$T/display")
	export DISPLAY
	viewer view "spice://127.0.0.1:$port"
	view_shot view "$T/before.ppm" 20
	bg openbox openbox
	convert -size 400x300 plasma:fractal -seed 7 -depth 8 "$T/photo.png"
	bg photo display -geometry +560+40 "$T/photo.png"
	bg term xterm -geometry 80x24+20+40 -e "seq 1 300; exec tail -f /dev/null"
	within 20 sh -c 'xwininfo -root -tree | grep -q xterm'
	local end=$((SECONDS + 30))
	until xwd -silent -root | convert xwd:- "$T/root.ppm" && view_shot view "$T/view.ppm" &&
		! same "$T/before.ppm" "$T/view.ppm" >/dev/null && same "$T/view.ppm" "$T/root.ppm" >"$T/same.log"; do
		[ $SECONDS -le $end ] || { cat "$T/same.log"; return 1; }
		running view
		pause
	done
}

@test "Xspice, auto_glz" { xspice auto_glz; }
@test "Xspice, quic" { xspice quic; }
