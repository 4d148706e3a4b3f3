# What `make install` puts where, and what a desktop makes of it.
load helper

install_here() {
	make -C "$root" -s install BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr >log 2>&1 || { cat log; return 1; }
}

@test "commands, manual pages, completions and the files of desktops" {
	install_here
	for f in bin/spice-view bin/spice-serve share/man/man1/spice-view.1 share/bash-completion/completions/spice-view \
		share/applications/spice-view.desktop share/mime/packages/spiceutils.xml; do
		[ -s "root/usr/$f" ] || { echo "missing: $f"; return 1; }
	done
}

@test "a .vv file is one to a desktop, and opens in spice-view" {
	for p in update-mime-database desktop-file-validate update-desktop-database gio; do
		command -v $p >/dev/null || skip "$p is not installed"
	done
	install_here
	desktop-file-validate root/usr/share/applications/spice-view.desktop
	update-mime-database root/usr/share/mime
	update-desktop-database root/usr/share/applications
	printf '[virt-viewer]\ntype=spice\n' >a.vv
	cp a.vv nameless
	export XDG_DATA_DIRS=$PWD/root/usr/share XDG_DATA_HOME=$PWD/home HOME=$PWD XDG_CONFIG_HOME=$PWD/config
	for f in a.vv nameless; do
		gio info -a standard::content-type "$f" | grep -q 'content-type: application/x-virt-viewer'
	done
	for type in application/x-virt-viewer x-scheme-handler/spice; do
		gio mime "$type" >handlers
		grep -q 'spice-view.desktop' handlers
	done
}
