#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# Unpacks CBMC into a folder of its own, without touching the system: tests/proof/get-cbmc.sh [DIRECTORY]
#
# DIRECTORY is $XDG_CACHE_HOME/mezzanine/cbmc or ~/.cache/mezzanine/cbmc unless named. The packages are those of Debian
# 13 (suite trixie, which has CBMC 6), from the mirror that this machine's own apt sources name; with them come the
# libraries they are linked to. DIRECTORY/cbmc then runs it. Does nothing where that is there already.
set -eu

suite=trixie
packages='cbmc minisat libc6 libstdc++6 libgcc-s1 zlib1g'
directory=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mezzanine/cbmc}

fail()
{
  echo "get-cbmc.sh: $1" >&2
  exit 1
}

# The mirror of the release that runs here, as apt knows it.
mirror()
{
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    awk -v codename="$codename" '$2 == codename && $3 == "main" && $4 == "Debian" { print $1; exit }'
}

[[ ! -x $directory/cbmc ]] || exit 0
for tool in apt-get dpkg dpkg-deb; do
  command -v "$tool" >/dev/null || fail "there is no $tool"
done
architecture=$(dpkg --print-architecture)
[[ $architecture == amd64 ]] || fail "made for amd64, this is $architecture"
mirror=$(mirror)
[[ -n $mirror ]] || fail "no Debian mirror is among this machine's apt sources"

mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
work=$directory/work root=$directory/root
rm -rf "$work" "$root"
mkdir -p "$work"/{lists/partial,cache/archives/partial,download} "$root"
echo "deb [arch=$architecture] $mirror $suite main" >"$work/sources.list"
: >"$work/status"

# apt with lists, caches and a view of what is installed (nothing) of its own.
private_apt()
{
  apt-get -q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" \
    -o "Dir::Cache::archives=$work/cache/archives" -o APT::Sandbox::User= -o Acquire::Languages=none "$@"
}

private_apt update || fail "the mirror's lists of $suite could not be fetched"
# shellcheck disable=SC2086
(cd "$work/download" && private_apt download $packages) || fail "the packages could not be fetched"
for package in "$work"/download/*.deb; do
  dpkg-deb -x "$package" "$root"
done

# The packages' own loader and C library: this system's may be older.
cat >"$work/cbmc" <<END
#!/bin/sh
libraries=$root/usr/lib/x86_64-linux-gnu
exec "\$libraries/ld-linux-x86-64.so.2" --library-path "\$libraries:$root/usr/lib" "$root/usr/bin/cbmc" "\$@"
END
chmod +x "$work/cbmc"
"$work/cbmc" --version >/dev/null || fail 'what was unpacked does not run'
mv "$work/cbmc" "$directory/cbmc"
rm -rf "$work"
