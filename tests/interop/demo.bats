#!/usr/bin/env bats
# make demo and make check from a fresh clone in a minimal Debian root. It takes minutes, the package archive and root,
# so it only runs when asked for: INTEROP_BARE=1. SUITE and MIRROR choose another Debian.
load lib

SUITE=${SUITE:-bookworm}

setup_file() {
	[ -n "${INTEROP_BARE:-}" ] && [ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null || return 0
	local root=$BATS_FILE_TMPDIR/root apt
	mirror=${MIRROR:-$(apt-get indextargets --format '$(SITE) $(CODENAME)' |
		awk -v s="$SUITE" '$2 == s { print $1; exit }')}
	timeout 400 debootstrap --variant=minbase --include=git,make,ca-certificates "$SUITE" "$root" \
		"${mirror:-http://deb.debian.org/debian}" >"$BATS_FILE_TMPDIR/debootstrap.log" 2>&1 || return 0
	# The archive is reached as it is from outside.
	for apt in /etc/apt/apt.conf /etc/apt/apt.conf.d; do [ -e "$apt" ] && cp -r "$apt" "$root/etc/apt/"; done
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	cp -rL /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2>/dev/null
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount --make-rslave "$root/dev"
	git clone -q "$(cd "$HERE/../.." && pwd)" "$root/src/spiceutils"
	touch "$BATS_FILE_TMPDIR/ready"
}

teardown_file() {
	local root=$BATS_FILE_TMPDIR/root
	[ -d "$root" ] || return 0
	umount "$root/proc" 2>/dev/null || :
	umount -R "$root/dev" 2>/dev/null || :
	! grep -q " $root/" /proc/mounts && rm -rf --one-file-system "$root"
}

bare() {
	[ -n "${INTEROP_BARE:-}" ] || skip "takes minutes: INTEROP_BARE=1 asks for it"
	[ "$(id -u)" = 0 ] || skip "chroot needs root"
	have debootstrap
	[ -e "$F/ready" ] || { tail -n 5 "$F/debootstrap.log"; return 1; }
}
in_root() {
	timeout -k 5 800 chroot "$F/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
		sh -c "cd /src/spiceutils && $*" 3>&-
}

@test "make demo installs, builds, and writes the picture of the scene" {
	bare
	in_root make demo
	# The scene moves, so it is not compared: it is a picture of a screen's size with much in it.
	python3 - "$HERE" "$F/root/src/spiceutils/demo.png" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import pixels
w, h, rows = pixels.read(sys.argv[2])
assert w >= 640 and h >= 480, (w, h)
assert len({v for row in rows for v in row}) > 100
assert sum(v & 0xffffff != 0 for row in rows for v in row) > w * h // 2
END
}

@test "make check passes" {
	bare
	in_root 'make deps && make check'
}
