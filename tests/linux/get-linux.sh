#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# Unpacks Debian's kernels for tests, without touching the system: tests/linux/get-linux.sh [DIRECTORY]
#
# DIRECTORY is $XDG_CACHE_HOME/mezzanine/linux or ~/.cache/mezzanine/linux unless named. The packages are those of the
# release that runs here. What they leave: cloud/ and generic/ (linux-image-cloud-amd64, linux-image-amd64) with the
# kernel, `vmlinuz`, and the modules that tests use side by side, and `busybox`, linked statically. Does nothing where
# all of that is there already.
set -eu

directory=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mezzanine/linux}

# For the machine that KVM runs in, and for the guests in it.
modules='irqbypass kvm kvm-amd ccp 9p 9pnet 9pnet_virtio netfs fscache failover net_failover virtio virtio_ring virtio_mmio
  virtio_pci virtio_pci_legacy_dev virtio_pci_modern_dev virtio_blk virtio_net virtio-rng virtio_balloon virtio_console
  pvpanic pvpanic-mmio
  vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport vhost vhost_iotlb vhost_vsock'

fail()
{
  echo "get-linux.sh: $1" >&2
  exit 1
}

# The package that a package without contents of its own stands for.
kernel_of()
{
  apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
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
}

[[ ! -e $directory/modules || $(<"$directory/modules") != "$modules" ]] || exit 0
for tool in apt-get apt-cache dpkg dpkg-deb; do
  command -v "$tool" >/dev/null || fail "there is no $tool"
done
architecture=$(dpkg --print-architecture)
[[ $architecture == amd64 ]] || fail "made for amd64, this is $architecture"

mkdir -p "$directory"
work=$(mktemp -d "$directory/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
for name in cloud-amd64 amd64; do
  package=$(kernel_of "linux-image-$name")
  [[ -n $package ]] || fail "apt knows no linux-image-$name (apt-get update?)"
  apt-get -q -o APT::Sandbox::User= download "$package" >&2 || fail "$package could not be fetched"
  unpack_kernel "$package" "$(case $name in cloud*) echo cloud ;; *) echo generic ;; esac)"
done
apt-get -q -o APT::Sandbox::User= download busybox-static >&2 || fail 'busybox-static could not be fetched'
mkdir busybox-tree
dpkg-deb -x busybox-static_*.deb busybox-tree
rm -rf "$directory/cloud" "$directory/generic"
mv cloud generic "$directory"
mv busybox-tree/bin/busybox "$directory"
echo "$modules" >"$directory/modules"
