# SPDX-License-Identifier: MPL-2.0
# `mezz info` works on every host.
. "$srcdir/tests/system/lib.sh"

mezz info
want_status 0
want_no_err
want_out_line '^KVM: guests can(not)? run'
want_out_line '/dev/kvm'
want_out_line '^userfaultfd: '
verdict info_tells_about_kvm_and_userfaultfd

if command -v jq >/dev/null; then
  mezz info --json
  want_status 0
  want_no_err
  [[ $(jq 'has("kvm") and has("userfaultfd") and has("memory") and (.missing | type == "array")' "$work/out") == true ]] ||
    wrong+='members are missing'
  [[ $(jq '(.missing | length) == ([.kvm.usable, .userfaultfd.usable] | map(select(not)) | length)' "$work/out") == true ]] ||
    wrong+='what is missing does not match what is usable'
  verdict info_as_json
else
  skip info_as_json 'jq is not installed'
fi

mezz info surplus
want_status 110
want_err_line "'surplus'"
verdict info_takes_no_argument

"$MEZZ" info >/dev/full 2>"$work/err"
status=$?
want_status 113
want_err_line 'standard output'
verdict info_notices_that_its_output_is_lost

# Nobody may open the devices here, unless the host is generous: then there is nothing to see.
if ((EUID != 0)) || ! cp "$MEZZ" "$work/mezz" || ! chmod 755 "$work" "$work/mezz"; then
  skip info_says_how_to_get_kvm 'only root can become nobody'
elif setpriv --reuid 65534 --regid 65534 --clear-groups test -w /dev/kvm || [[ ! -e /dev/kvm ]]; then
  skip info_says_how_to_get_kvm 'everybody may open /dev/kvm, or it is not there'
else
  setpriv --reuid 65534 --regid 65534 --clear-groups "$work/mezz" info >"$work/out" 2>"$work/err"
  status=$?
  want_status 0
  want_out_line '^KVM: guests cannot run'
  want_out_line '/dev/kvm: Permission denied: add the user to the group'
  verdict info_says_how_to_get_kvm
fi
tap_end
