#!/bin/bash
# guest-build.sh DIR: a tiny Linux guest, Debian's kernel (vmlinuz) and a busybox root with keyboard, mouse and virtio
# modules (initrd.img). Its shell is on the serial line and on tty1.
set -e
kernel=$(ls /lib/modules | sort -V | tail -n 1)
mkdir -p "$1.part"
cd "$1.part"
mkdir -p root/{bin,sbin,proc,sys,dev,tmp,etc,lib/modules}
cp "$(command -v busybox)" root/bin/busybox
for a in $(root/bin/busybox --list); do [ -e "root/bin/$a" ] || ln -s busybox "root/bin/$a"; done
ln -s ../bin/busybox root/sbin/modprobe # the kernel asks for /sbin/modprobe
for m in qxl xhci-pci usbhid hid-generic evdev psmouse atkbd i8042; do
	modprobe -S "$kernel" -n -D "$m" 2>/dev/null | awk '$1 == "insmod" { print $2 }'
done | sort -u | while read -r f; do
	mkdir -p "root${f%/*}"
	cp "$f" "root$f"
done
cp "/lib/modules/$kernel/modules."{order,builtin,builtin.modinfo} "root/lib/modules/$kernel/"
depmod -b root "$kernel"
cat >root/init <<'I'
#!/bin/sh
export PATH=/bin:/sbin HOME=/tmp
mount -t proc p /proc
mount -t sysfs s /sys
mount -t devtmpfs d /dev
modprobe -qa atkbd i8042 qxl evdev psmouse xhci-pci usbhid hid-generic
while :; do setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'; done &
while :; do setsid sh -c 'exec sh -i </dev/tty1 >/dev/tty1 2>&1'; done &
echo 'GUEST ready' >/dev/ttyS0
while :; do sleep 1000; done
I
chmod +x root/init
(cd root && find . | cpio -o -H newc --quiet | gzip -1) >initrd.img
cp "/boot/vmlinuz-$kernel" vmlinuz
cd ..
rm -rf "$1.part/root"
mv "$1.part" "$1"
