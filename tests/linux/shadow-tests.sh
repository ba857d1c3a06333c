# SPDX-License-Identifier: MPL-2.0
# Where there is no nested paging, KVM has shadow pages of all page tables of its guests. Runs in the nested machine.
. "$srcdir/tests/system/lib.sh"
need_kvm

[[ $(</sys/module/kvm_amd/parameters/npt) == N ]] || skip_all 'KVM uses nested paging'
for source in log ring; do
  run --dirty-source "$source" --reset-loop 5 --append 'mark keep=8' --snapshot "$work/snapshot" "$GUESTS/again.elf"
  want_status 0
  want_no_out
  want_err_line '^mezz run: 5 resets'
  verdict "page_tables_are_put_back_without_nested_paging ($source)"
done
mezz restore --reset-loop 5 "$work/snapshot"
want_status 0
want_no_out
want_err_line '^mezz restore: 5 resets'
verdict and_those_of_a_restored_guest
tap_end
