# spiceutils. One makefile, not recursive; everything built lands in build/ (BUILD=DIR for another place).
#
#   make            the commands, in build/bin        make demo       serve the demo scene and show it
#   make check      every test that needs no big peer make interop    the real programs, both ways
#   make deps       install what is missing           make install    PREFIX=/usr/local DESTDIR=
#   make bench      ratios against plain references   make fuzz       libFuzzer targets (clang)
#   make bench-serve BENCH_DATA=DIR    spice-serve beside the reference server
#   make check SAN=1 under ASan and UBSan             make unit SAN=thread under TSan
#   V=1 shows the commands

PREFIX ?= /usr/local
BUILD ?= build
# one spelling of it: the dependency files name their targets by it
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
CC = gcc
SAN ?= 0
V ?= 0
VERSION = 0.1

Q = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

SAN_DIR_1 = san
SAN_DIR_thread = tsan
ifneq ($(SAN),0)
override BUILD := $(BUILD)/$(SAN_DIR_$(SAN))
endif

LIBS = openssl popt libuv pixman-1 libturbojpeg vpx liblz4 zlib libpng libpcap jansson xkbcommon sdl2 x11
PKGS_BUILD = gcc make pkg-config libssl-dev libpopt-dev libuv1-dev libpixman-1-dev libturbojpeg0-dev \
	libvpx-dev liblz4-dev zlib1g-dev libpng-dev libpcap-dev libjansson-dev libxkbcommon-dev xkb-data libx11-data \
	libsdl2-dev libx11-dev
PKGS_CHECK = libcmocka-dev bats bats-assert bats-support libspice-protocol-dev xz-utils zstd openssl python3 \
	socat mandoc shared-mime-info desktop-file-utils libglib2.0-bin strace
PKGS_INTEROP = qemu-system-x86 qemu-system-gui spice-client-gtk virt-viewer libspice-server-dev \
	libspice-client-glib-2.0-dev xserver-xspice spice-html5 chromium tshark xvfb xauth xdotool openbox \
	imagemagick ffmpeg iproute2 procps x11-utils x11-apps xterm gstreamer1.0-plugins-base \
	gstreamer1.0-plugins-good busybox-static cpio linux-image-amd64 websockify tinyproxy-bin

ifeq ($(filter deps deps-% demo help clean,$(MAKECMDGOALS)),)
PKG_CFLAGS := $(shell pkg-config --cflags $(LIBS))
PKG_LIBS := $(shell pkg-config --libs $(LIBS)) -lm
endif

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla -Walloca $(if $(CI),-Werror)
HARDEN = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-ftrivial-auto-var-init=zero
SANITIZERS_1 = address,undefined
SANITIZERS_thread = thread
ifneq ($(SAN),0)
OPT = -O1 -g -fsanitize=$(SANITIZERS_$(SAN)) -fno-sanitize-recover=all -fno-omit-frame-pointer -DSANITIZER
LDOPT = -fsanitize=$(SANITIZERS_$(SAN))
else
OPT = -O2 -g $(HARDEN) -ffunction-sections -fdata-sections
LDOPT = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections
endif
CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilib -I. $(PKG_CFLAGS)
CFLAGS += -std=gnu11 $(OPT) -fPIE $(WARN)
LDFLAGS += $(LDOPT) -Wl,--as-needed

# The commands: each is cmd/spice-NAME.c, what is further its own (cmd/spice-NAME-*.c, MORE_), and the common skeleton.
COMMANDS := $(foreach c,$(basename $(notdir $(wildcard cmd/spice-*.c))),$(if $(word 3,$(subst -, ,$(c))),,$(c)))
MORE_spice-serve = cmd/source-*.c

LIB_SRC = $(sort $(wildcard lib/*/*.c))
CLI_SRC = $(wildcard cmd/cli*.c)
UNIT_SRC = $(wildcard tests/unit/*.c)
BENCH_SRC = $(wildcard tests/bench/*.c)
FUZZ_SRC = $(wildcard tests/fuzz/fuzz_*.c)
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB = $(BUILD)/libspice.a
BINS = $(addprefix $(BUILD)/bin/,$(COMMANDS))
UNITS = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit-%,$(UNIT_SRC))
BENCHES = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(BENCH_SRC))
# The fuzz targets as plain programs that replay files: corpora are part of `make check`.
REPLAYS = $(patsubst tests/fuzz/%.c,$(BUILD)/tests/%,$(FUZZ_SRC))

.PHONY: all check check-build unit interop bench bench-serve bench-video fuzz demo deps deps-check deps-interop install \
	completions clean
.SECONDARY:
.DELETE_ON_ERROR:

all: $(BINS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar qcs $@ $^

define command
$(BUILD)/bin/$(1): $$(call obj,$$(wildcard cmd/$(1).c cmd/$(1)-*.c $$(MORE_$(1))) $$(CLI_SRC)) $$(LIB)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS) $$^ $$(PKG_LIBS) -o $$@
endef
$(foreach c,$(COMMANDS),$(eval $(call command,$(c))))

# The oracle for our constants: the BSD headers of libspice-protocol-dev.
$(BUILD)/obj/tests/unit/constants.o: CPPFLAGS += $(shell pkg-config --cflags spice-protocol 2>/dev/null)

$(BUILD)/tests/unit-%: $(BUILD)/obj/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(filter %.o,$^) $(LIB) $(PKG_LIBS) -lcmocka -o $@

# Programs of the tests: vectors DIR, seeds TARGET DIR COUNT, qxl-sums N... badlink HOST:PORT.
TOOLS = $(addprefix $(BUILD)/tests/,vectors seeds badlink qxl-sums)
$(TOOLS): $(BUILD)/tests/%: $(BUILD)/obj/tests/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

# The plain QUIC coder, an oracle.
ORACLE_QUIC = $(addprefix $(BUILD)/,tests/unit-quic tests/fuzz_quic tests/fuzz_quicenc bin/fuzz_quic bin/fuzz_quicenc)
$(ORACLE_QUIC): $(call obj,tests/tools/quic-plain.c)

# Parts of commands that are tested alone.
$(BUILD)/tests/unit-script: $(call obj,cmd/source-script-parse.c cmd/source-script-rop3.c)
$(BUILD)/tests/fuzz_script $(BUILD)/bin/fuzz_script: $(call obj,cmd/source-script-parse.c)
$(BUILD)/tests/fuzz_args $(BUILD)/bin/fuzz_args: $(call obj,$(CLI_SRC))

$(BUILD)/bench/codec $(BUILD)/bench/choose: $(call obj,tests/bench/codec/pictures.c)
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(filter %.o,$^) $(LIB) $(PKG_LIBS) -o $@

$(BUILD)/tests/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(filter %.o,$^) $(LIB) $(PKG_LIBS) -o $@

# libFuzzer needs the library built with coverage too, so these are built whole in a folder of their own.
FUZZ_FLAGS = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1 -g -DFUZZING -DSANITIZER
fuzz:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang OPT='$(FUZZ_FLAGS)' LDOPT= fuzz-targets
fuzz-targets: $(patsubst tests/fuzz/%.c,$(BUILD)/bin/%,$(FUZZ_SRC))
$(BUILD)/bin/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)clang -fsanitize=fuzzer,address,undefined $(filter %.o,$^) $(LIB) $(PKG_LIBS) -o $@

check-build: all $(UNITS) $(REPLAYS) $(BENCHES) $(TOOLS)

# Every test prints TAP; the runner adds up.
check: check-build
	$(Q)BUILD=$(abspath $(BUILD)) SAN=$(SAN) tests/run check

# The same without commands: what a second build under sanitizers runs in CI.
unit: $(UNITS) $(REPLAYS) $(BUILD)/tests/vectors
	$(Q)BUILD=$(abspath $(BUILD)) SAN=$(SAN) tests/run unit

interop: all
	$(Q)BUILD=$(abspath $(BUILD)) tests/run interop

bench: all $(BENCHES) $(BUILD)/tests/badlink
	$(Q)BUILD=$(abspath $(BUILD)) tests/bench/run

# Beside the reference server: BENCH_DATA is a folder with its measuring programs (peers/), pictures and workloads.
bench-serve: all
	$(Q)mkdir -p $(BUILD)/peers
	$(Q)$(MAKE) -s -C $(BUILD)/peers -f "$(abspath $(BENCH_DATA))/peers/Makefile"
	$(Q)BUILD=$(abspath $(BUILD)) tests/bench/serve "$(BENCH_DATA)"

# Films: frames a second, CPU, and what someone who types beside them sees.
bench-video: $(BUILD)/bench/video $(BUILD)/tests/badlink
	$(Q)$<

demo:
	$(Q)tests/tools/need $(PKGS_BUILD)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)BUILD=$(abspath $(BUILD)) tests/tools/demo

deps:
	$(Q)tests/tools/need $(PKGS_BUILD) $(PKGS_CHECK)
deps-interop:
	$(Q)tests/tools/need $(PKGS_BUILD) $(PKGS_CHECK) $(PKGS_INTEROP)

completions: all
	$(Q)for c in $(COMMANDS); do tests/tools/completion $(BUILD)/bin/$$c > completions/$$c; done

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(BINS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(wildcard man/*.1) $(DESTDIR)$(PREFIX)/share/man/man1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/applications desktop/spice-view.desktop
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/mime/packages desktop/spiceutils.xml
	install -m 644 $(addprefix completions/,$(COMMANDS)) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(Q)[ -n "$(DESTDIR)" ] || update-mime-database $(PREFIX)/share/mime 2>/dev/null || :
	$(Q)[ -n "$(DESTDIR)" ] || update-desktop-database $(PREFIX)/share/applications 2>/dev/null || :

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
