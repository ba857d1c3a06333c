#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# Unpacks Debian's kernels for tests, without touching the system: tests/linux/get-linux.sh [-n] [DIRECTORY]
#
# DIRECTORY is $XDG_CACHE_HOME/mezzanine/linux or ~/.cache/mezzanine/linux unless named. The packages are those of the
# release that runs here. What they leave: cloud/ and generic/ (linux-image-cloud-amd64, linux-image-amd64) with the
# kernel, `vmlinuz`, and the modules that tests use side by side, and `busybox`, linked statically. With -n, also newer/:
# the linux-image-amd64 of the release's backports. Does nothing where all of that is there already.
set -eu

newer=
if [[ ${1:-} == -n ]]; then
  newer=yes
  shift
fi
directory=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mezzanine/linux}

# For the machine that KVM runs in, and for the guests in it.
modules='irqbypass kvm kvm-amd kvm-intel ccp 9p 9pnet 9pnet_virtio netfs fscache failover net_failover virtio virtio_ring virtio_mmio
  virtio_pci virtio_pci_legacy_dev virtio_pci_modern_dev virtio_blk virtio_net virtio-rng virtio_balloon virtio_console
  pvpanic pvpanic-mmio
  vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport vhost vhost_iotlb vhost_vsock'

fail()
{
  echo "get-linux.sh: $1" >&2
  exit 1
}

# What apt-get and apt-cache take: where they look, and that root may have the files.
apt=(-q -o APT::Sandbox::User=)

# The package that a package without contents of its own stands for.
kernel_of()
{
  apt-cache "${apt[@]}" depends "$1" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
}

# fetch_kernel NAME FOLDER: what linux-image-NAME stands for
fetch_kernel()
{
  local package
  package=$(kernel_of "linux-image-$1")
  [[ -n $package ]] || fail "apt knows no linux-image-$1 (apt-get update?)"
  apt-get "${apt[@]}" download "$package" >&2 || fail "$package could not be fetched"
  unpack_kernel "$package" "$2"
  rm "$package"_*.deb
}

# unpack_kernel PACKAGE FOLDER
unpack_kernel()
{
  local package=$1 folder=$2 module patterns=(./boot/vmlinuz-\*)

  for module in $modules; do
    patterns+=("*/$module.ko" "*/$module.ko.xz")
  done
  mkdir -p "$work/tree" "$work/$folder"
  dpkg-deb --fsys-tarfile "$package"_*.deb |
    tar -x -C "$work/tree" --wildcards "${patterns[@]}" 2>"$work/absent" || true
  mv "$work"/tree/boot/vmlinuz-* "$work/$folder/vmlinuz"
  find "$work/tree" -name '*.ko*' -exec mv -t "$work/$folder" {} +
  find "$work/$folder" -name '*.xz' -exec xz -d {} +
  rm -r "$work/tree"
  echo "$modules" >"$work/$folder/modules"
}

# Lists of packages of our own, of the backports alone: from where apt has the release, signed by the keys that the system
# trusts Debian by.
look_in_backports()
{
  local keys=/usr/share/keyrings/debian-archive-keyring.gpg release site
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [[ -n $release ]] || fail '/etc/os-release names no release'
  site=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' | sed -n "s/^$release //p" | head -n 1)
  [[ -n $site ]] || fail "apt has no source of $release"
  [[ -e $keys ]] || fail "there is no $keys (Debian: debian-archive-keyring)"
  mkdir -p "$work"/apt/{lists,cache}/partial "$work/apt/parts"
  echo "deb [signed-by=$keys] $site $release-backports main" >"$work/apt/sources"
  apt+=(-o "Dir::Etc::SourceList=$work/apt/sources" -o "Dir::Etc::SourceParts=$work/apt/parts"
    -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o Acquire::Retries=1)
  apt-get "${apt[@]}" --error-on=any update >&2 || fail "the packages of $release-backports could not be listed"
}

# is_there FOLDER: with all modules?
is_there()
{
  [[ -e $directory/$1/modules && $(<"$directory/$1/modules") == "$modules" ]]
}

have=yes
is_there . || have=
[[ -z $newer ]] || is_there newer || have=
[[ -z $have ]] || exit 0
for tool in apt-get apt-cache dpkg dpkg-deb; do
  command -v "$tool" >/dev/null || fail "there is no $tool"
done
architecture=$(dpkg --print-architecture)
[[ $architecture == amd64 ]] || fail "made for amd64, this is $architecture"

mkdir -p "$directory"
work=$(mktemp -d "$directory/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
if ! is_there .; then
  fetch_kernel cloud-amd64 cloud
  fetch_kernel amd64 generic
  apt-get "${apt[@]}" download busybox-static >&2 || fail 'busybox-static could not be fetched'
  mkdir busybox-tree
  dpkg-deb -x busybox-static_*.deb busybox-tree
  rm -rf "$directory/cloud" "$directory/generic"
  mv cloud generic "$directory"
  mv busybox-tree/bin/busybox "$directory"
  echo "$modules" >"$directory/modules"
fi
if [[ -n $newer ]] && ! is_there newer; then
  look_in_backports
  fetch_kernel amd64 newer
  rm -rf "$directory/newer"
  mv newer "$directory"
fi
