# SPDX-License-Identifier: MPL-2.0
# Guests that have a guest: saved, restored, put back and cloned while the inner one runs, or does not; put back by each
# --dirty-source that is named, or by all. See guest/nested.c.
. "$srcdir/tests/system/lib.sh"
need_kvm
. "$srcdir/tests/system/control-lib.sh"

nested=$GUESTS/nested.elf

# obey ORDERS COMMAND WORD...: mezz, with a guest that finds all right whenever it looks
obey()
{
  local looks=${1//[^c]/}

  printf %s "$1" >"$work/orders"
  shift
  input=$work/orders mezz "$@"
  want_status 0
  [[ $(grep -c '^right' "$work/out") == "${#looks}" ]] || wrong+="the guest has not found all right ${#looks} times"$'\n'
}

# want_inside FILE: what is saved is a processor inside of a guest's guest. The state has the bytes of struct
# kvm_nested_state, which begins with flags (KVM_STATE_NESTED_GUEST_MODE; for SVM that interrupts may come, too), KVM's
# format, for VMX 0 and for SVM 1, and the size, which is that with a VMCS or a VMCB; before that comes the size alone.
want_inside()
{
  LC_ALL=C grep -qaP '\x80\x10\0\0\x01(\0\0|\x01\x01)\0\x80\x10\0\0' "$1" || wrong+="$1 is not of a guest's guest"$'\n'
}

obey 'cwpcmcqtcocpqcicxic.' run --snapshot "$work/marked" "$nested"
if [[ $status == 77 ]]; then
  skip_all "$(sed 's/^skipped: //' "$work/out")"
fi
want_inside "$work/marked"
verdict a_guest_is_saved_while_its_guest_runs
obey 'ctwcqcoxictc.' restore "$work/marked"
want_no_err
verdict and_is_restored
obey 'cqopicmcoqc.' restore --snapshot "$work/again" "$work/marked"
want_inside "$work/again"
verdict and_once_more_and_saved_again
obey 'ctwcoqcixtc.' restore "$work/again"
verdict and_restored_from_that
obey 'ctw.cqtwox.cqoc.cqc.' restore --reset-loop 3 "$work/marked"
want_err_line '^mezz restore: 3 resets'
verdict and_put_back_to_inside_of_its_guest

# The mark is inside of the inner guest, then outside, then where there is no guest; so are the ends before each reset.
orders='cwpm twcqtw. cqtwcox. coc. cqtcopm itwc. cqictox. cqicoxm itwo. ictw. ic.'
(($#)) || set -- log ring wp
for source; do
  obey "${orders// }" run --dirty-source "$source" --reset-loop 7 "$nested"
  if [[ $status == 112 ]]; then
    skip "a_guest_is_put_back_wherever_it_is ($source)" "$(<"$work/err")"
    wrong=
  else
    want_err_line '^mezz run: 7 resets'
    verdict "a_guest_is_put_back_wherever_it_is ($source)"
  fi
done

at first
start run --track "$nested"
tell wpc '^right, inside'
save "$work/full"
cloned first second
tell twcqoc '^right, outside'
at first
mezz control "$socket" dump
want_out_line '^  rip [0-9a-f]{16}'
tell twtw '^page 0, write 2'
save -i "$work/more"
tell cqtc '^right, inside'
for guest in first second; do
  at "$guest"
  finish
done
want_inside "$work/full"
want_inside "$work/more"
verdict a_guest_is_cloned_while_its_guest_runs
obey 'cqtwc.' restore "$work/more"
verdict and_saved_by_increments
tap_end
