# SPDX-License-Identifier: MPL-2.0
# A user who may use KVM but not userfaultfd, and one who may use neither. The refusals are the kernel's own.
. "$srcdir/tests/system/lib.sh"
need_kvm
((EUID == 0)) || skip_all 'only root can become somebody who is refused'
[[ $(cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null) == 0 ]] ||
  skip_all 'vm.unprivileged_userfaultfd permits userfaultfd to everybody'

chmod 755 "$work"
mkdir "$work/here" "$work/dev"
chmod 755 "$work/here"
cp "$MEZZ" "$MEZZ-test" "$GUESTS"/{hello,demo,triple}.elf "$work/here" && chmod 755 "$work/here"/*

nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
"${nobody[@]}" test -w /dev/userfaultfd && skip_all 'everybody may open /dev/userfaultfd'
"${nobody[@]}" test -x "$work/here/mezz" || skip_all "nobody can't reach $work"

# refused WORD...: mezz, as nobody, in a mount namespace where everybody may open /dev/kvm
refused()
{
  timeout 60 unshare -m bash -c '
    work=$1; shift
    mount -t tmpfs tmpfs "$work/dev" && mknod -m 666 "$work/dev/kvm" c 10 232 &&
      mount --bind "$work/dev/kvm" /dev/kvm || exit 77
    exec setpriv --reuid 65534 --regid 65534 --clear-groups "$work/here/mezz" "$@"
  ' refused "$work" "$@" >"$work/out" 2>"$work/err" </dev/null
  status=$?
}

refused run "$work/here/hello.elf"
[[ $status != 77 ]] || skip_all 'mounting is not possible here'
want_status 0
want_out 'hello from 64-bit mode'
want_err_line '^mezz: guest memory is populated up front: userfaultfd is not permitted .*/dev/userfaultfd.*unprivileged_userfaultfd=1'
verdict without_userfaultfd_memory_is_populated_up_front

refused run --stats "$work/here/demo.elf"
want_status 0
want_err_line 'memory let in by plain'
want_err_line 'leaves .* 2M 64,'
verdict without_userfaultfd_the_demo_runs

refused test "$work/here/triple.elf"
want_status 1
want_out_line '\(status 100: the guest crashed: triple fault\)$'
verdict the_end_of_a_guest_is_told_not_how_it_began

refused run --memory-backend plain "$work/here/hello.elf"
want_status 0
want_no_err
verdict plain_memory_needs_no_word_about_userfaultfd

refused run --memory-backend uffd "$work/here/hello.elf"
want_status 112
want_err_line '^mezz run: userfaultfd is not permitted'
verdict userfaultfd_that_is_asked_for_and_refused

refused info
want_status 0
want_out_line '^KVM: guests can run'
want_out_line 'userfaultfd is not permitted'
verdict info_says_how_to_get_userfaultfd

if "${nobody[@]}" test -w /dev/kvm; then
  skip kvm_that_is_refused 'everybody may open /dev/kvm'
else
  "${nobody[@]}" "$work/here/mezz" run "$work/here/hello.elf" >"$work/out" 2>"$work/err" </dev/null
  status=$?
  want_status 112
  want_err_line '^mezz run: /dev/kvm: Permission denied: add the user to the group'
  verdict kvm_that_is_refused
fi

unshare -m bash -c 'mount -t tmpfs tmpfs /dev && exec "$@"' - "$MEZZ" run "$GUESTS/hello.elf" \
  >"$work/out" 2>"$work/err" 0<&-
status=$?
want_status 112
want_err_line '^mezz run: /dev/kvm: No such file or directory: .*modprobe'
verdict kvm_that_is_not_there
tap_end
