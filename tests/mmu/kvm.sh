# SPDX-License-Identifier: MPL-2.0
# x86-64 stage 1 in a virtual machine of mezz: whatever KVM has to walk tables.
. "$srcdir/tests/mmu/lib.sh"

need x86_64-linux-gnu-gcc gcc-x86-64-linux-gnu
if [[ ! -x $MEZZ ]]; then
  echo '1..0 # SKIP mezz is not built on this host'
  exit 0
fi
if [[ $("$MEZZ" info) != 'KVM: guests can run'* ]]; then
  echo "1..0 # SKIP no guest can run here: $("$MEZZ" info | sed -n '/^missing$/{n; s/^ *//p}')"
  exit 0
fi
if ! grep -qwE 'vmx|svm' /proc/cpuinfo; then
  echo '1..0 # SKIP KVM here emulates the kernel of a guest, but not int3, by which each access ends: docs/deviations.md'
  exit 0
fi
build kvm
run "$MEZZ" run --memory=128M "$folder/image.mb"
