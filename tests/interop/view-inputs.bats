#!/usr/bin/env bats
# What spice-view types arrives exactly in a real guest, its clicks come to the right place, and lock keys light up.
load lib

setup_file() {
	command -v busybox >/dev/null && command -v cpio >/dev/null && ls /boot/vmlinuz-* >/dev/null 2>&1 || return 0
	bash "$BATS_TEST_DIRNAME/guest-build.sh" "$BATS_FILE_TMPDIR/guest"
}

in_guest() { timeout 40 python3 "$HERE/gsh.py" "$T/serial" 30 "$*"; }
guest_has() { in_guest "$1" >"$T/answer" && grep -qE -- "$2" "$T/answer"; }

# guest: boots; port is where its screen is.
guest() {
	have spice-view qemu-system-x86_64 python3 busybox cpio
	[ -s "$F/guest/initrd.img" ] || skip "no kernel to boot as a guest"
	port=$(free_port)
	bg guest qemu-system-x86_64 -M pc -accel tcg -m 256 -nodefaults -no-user-config -display none -vga qxl \
		-spice "addr=127.0.0.1,port=$port,disable-ticketing=on,image-compression=off" \
		-chardev "socket,id=serial,path=$T/serial,server=on,wait=off,logfile=$T/serial.log" \
		-serial chardev:serial -device qemu-xhci,id=xhci -device usb-tablet,bus=xhci.0 \
		-kernel "$F/guest/vmlinuz" -initrd "$F/guest/initrd.img" -no-reboot \
		-append "console=tty0 console=ttyS0 quiet rdinit=/init panic=-1 mitigations=off tsc=unstable"
	within 90 saw 'GUEST ready' "$T/serial.log"
	within 20 guest_has 'cat /proc/*/stat 2>/dev/null | grep -c "(sh).* 1025 "' '^[1-9]' # a shell on tty1
}

@test "text with punctuation arrives exactly on the guest's tty" {
	guest
	cat >"$T/script" <<'END'
type "cat >/tmp/typed <<'E'\n"
type "~!@#$%^&*()_+-={}[]|:;<>?,./ Az09 '\"\\ `x`\nE\n"
END
	timeout -k 1 60 spice-view --script "$T/script" "spice://127.0.0.1:$port" 3>&-
	within 20 guest_has 'cat /tmp/typed' .
	grep -qxF "~!@#\$%^&*()_+-={}[]|:;<>?,./ Az09 '\"\\ \`x\`" "$T/answer"
}

@test "--type writes a file's text" {
	guest
	printf '%s\n' "echo \"It's \$((6*7))%\" >/tmp/typed" >"$T/text"
	timeout -k 1 60 spice-view --type "$T/text" "spice://127.0.0.1:$port" 3>&-
	within 20 guest_has 'cat /tmp/typed' "^It's 42%\$"
}

@test "lock lights follow" {
	guest
	viewer view "spice://127.0.0.1:$port"
	tell view 'key caps_lock'
	within 20 guest_has 'cat /sys/class/leds/*::capslock/brightness' '^1'
	tell view 'key caps_lock'
	within 20 guest_has 'cat /sys/class/leds/*::capslock/brightness | sort -u | tr "\n" :' '^0:$'
}

@test "a click comes to its place in client mouse mode" {
	guest
	within 30 guest_has 'grep -l Tablet /sys/class/input/event*/device/name' '^/sys' # USB takes its time
	in_guest 'for e in /sys/class/input/event*; do grep -q Tablet $e/device/name || continue
		setsid cat /dev/input/${e##*/} >/tmp/tablet </dev/null & done' >/dev/null
	viewer view "spice://127.0.0.1:$port"
	view_shot view "$T/view.ppm" 20
	size=$(sed -n 2p "$T/view.ppm")
	tell view "move $((${size% *} / 2)) $((${size#* } / 2))" click
	# Type and code, then value: both absolute axes go to 0x7fff, and the left button.
	within 20 guest_has 'od -An -v -t x4 -w24 /tmp/tablet | awk "{print \$5,\$6}"' '^00000003 0000(3f|40)'
	within 20 guest_has 'od -An -v -t x4 -w24 /tmp/tablet | awk "{print \$5,\$6}"' '^00010003 0000(3f|40)'
	within 20 guest_has 'od -An -v -t x4 -w24 /tmp/tablet | awk "{print \$5,\$6}"' '^01100001 00000001'
}
