# What the style tests share: TAP without a plan in advance. Sourced, so it is not executable and not run by itself.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export LC_ALL=C.UTF-8
: "${BUILD:=$PWD/build}"
n=0 failed=0

# check NAME TEXT: passes when TEXT, what was found wrong, is empty.
check() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		failed=$((failed + 1))
		echo "not ok $n - $1"
		sed 's/^/# /' <<<"$2" | head -n 40
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # skip $2"
}

finish() {
	echo "1..$n"
	[ "$failed" = 0 ]
}
