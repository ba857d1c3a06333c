# SPDX-License-Identifier: MPL-2.0
# Debian's kernels as guests: what they find, and how each end of theirs is told. Runs in the nested machine.
. "$srcdir/tests/system/lib.sh"
need_kvm

# In the order in which they need each other.
modules='pvpanic pvpanic-mmio virtio_ring virtio virtio_mmio virtio_blk virtio-rng virtio_balloon failover net_failover
  virtio_net vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport'
linux=${MZ_LINUX:-${XDG_CACHE_HOME:-$HOME/.cache}/mezzanine/linux}

# make_initrd KERNEL: $work/KERNEL.cpio
make_initrd()
{
  local root=$work/$1 module

  mkdir -p "$root"/{bin,dev,modules,proc,sys}
  cp "$linux/busybox" "$root/bin"
  cp "$GUESTS/mark" "$GUESTS/vsock" "$root/bin"
  cp "$srcdir/tests/linux/init" "$root/init"
  chmod +x "$root/init"
  for module in $modules; do
    [[ ! -e $linux/$1/$module.ko ]] || cp "$linux/$1/$module.ko" "$root/modules"
  done
  echo $modules >"$root/modules/order"
  (cd "$root" && find . | "$linux/busybox" cpio -o -H newc 2>/dev/null) >"$work/$1.cpio"
  rm -r "$root"
}

# boot KERNEL WORDS OPTION...
boot()
{
  local kernel=$1 words=$2
  shift 2
  run --memory 256M --timeout 100 --initrd "$work/$kernel.cpio" --append "console=ttyS0 quiet panic=-1 $words" "$@" \
    "$linux/$kernel/vmlinuz"
}

make_initrd cloud
make_initrd generic

boot cloud 'end=off'
want_status 0
want_out_line '^init: processors 1\s*$'
want_out_line '^init: clock (kvm-clock|tsc)\s*$'
want_out_line "^init: year $(date -u +%Y)"
want_no_err
verdict a_guest_powers_off

make_disk()
{
  truncate -s 0 "$work/disk"
  truncate -s 1M "$work/disk"
  echo 'what the guest reads' | dd of="$work/disk" bs=512 seek=1 conv=notrunc 2>/dev/null
}

# serve: to the guest, $work/www. Sets $server
serve()
{
  rm -rf "$work/www"
  mkdir "$work/www"
  head -c 1M /dev/urandom >"$work/www/large"
  "$linux/busybox" httpd -f -p 127.0.0.1:7001 -h "$work/www" &
  server=$!
}

# Takes what the guest serves, into $work/got, once it does, and tells it.
take()
{
  await '^net: serves' "$work/out"
  "$linux/busybox" wget -q -O "$work/got" http://127.0.0.1:7002/large
  : >"$work/www/done"
}

# use_devices CPUS: a guest that uses one of each
use_devices()
{
  local sum taker server

  make_disk
  sum=$(md5sum <"$work/disk")
  serve
  : >"$work/out" >"$work/got"
  take &
  taker=$!
  boot cloud 'end=off disk rng balloon net' --cpus "$1" --disk "$work/disk" --rng --balloon=32M \
    --net user,hostfwd=tcp::7002-:80
  wait "$taker"
  kill "$server"
  wait "$server" 2>/dev/null
  want_status 0
  want_out_line "^init: processors $1\s*$"
  want_out_line "^disk: sum ${sum% -}"
  want_out_line '^disk: written'
  want_out_line '^rng: bytes 16\s*$'
  want_out_line '^balloon: pages 8192\s*$'
  want_out_line '^net: address 10\.0\.2\.15/24\s*$'
  want_out_line "^net: got $(md5sum <"$work/www/large")"
  want_out_line "^net: serves $(md5sum <"$work/got")"
  [[ $(dd if="$work/disk" bs=512 skip=3 count=1 2>/dev/null | head -c 20) == 'written by the guest' ]] ||
    wrong+='the disk does not hold what the guest wrote'$'\n'
}

use_devices 1
verdict disk_rng_balloon_and_network
use_devices 4
verdict four_processors_and_virtio_devices

# The host's end: waits for the first guest that comes, or comes to the guest that is named; sends a file there, and keeps
# what comes back. AF_VSOCK is 40, any host's context identifier 0xffffffff; struct sockaddr_vm is two short words, the port,
# the identifier, and 4 bytes.
peer='
  sub address { pack("SSLLx4", 40, 0, @_) }
  if ($guest = $ARGV[2]) {
    socket($one, 40, 1, 0) && !connect($one, address(7005, $guest)) || die "somebody listens at 7005";
    print "7005: $!\n";
    socket($one, 40, 1, 0) && connect($one, address(7004, $guest)) || die "not connected: $!";
    $from = getpeername($one);
  } else {
    socket($all, 40, 1, 0) && bind($all, address(7003, 0xffffffff)) && listen($all, 1) || die "no socket: $!";
    $from = accept($one, $all) or die "nobody came: $!";
  }
  print +(unpack "SSLL", $from)[3], "\n";
  if (!fork) {
    open($file, "<", $ARGV[0]);
    while (sysread($file, $bytes, 50000)) {
      for ($at = 0; $at < length $bytes; $at += $sent) { $sent = syswrite($one, $bytes, 50000, $at) or die "not sent: $!" }
    }
    shutdown($one, 1);
    exit;
  }
  open($file, ">", $ARGV[1]);
  while (sysread($one, $bytes, 50000)) { syswrite($file, $bytes) }
  wait'

# want_peer TEXT: it says so, and has got back what it has sent
want_peer()
{
  want_status 0
  want_no_err
  want_out_line '^vsock: all is sent back'
  [[ $(<"$work/peer") == "$1" ]] || wrong+="the host's end says: $(<"$work/peer")"$'\n'
  cmp "$work/sent" "$work/got" || wrong+='what came back is not what was sent'$'\n'
}

# use_vsock OPTION...: a guest with the context identifier 42 sends back what it gets from its host
use_vsock()
{
  local process

  head -c 3M /dev/urandom >"$work/sent"
  perl -e "$peer" "$work/sent" "$work/got" >"$work/peer" 2>&1 &
  process=$!
  boot cloud 'end=off vsock' --vsock 42 "$@"
  kill "$process" 2>/dev/null
  wait "$process"
  want_peer 42
}

# come_by_vsock OPTION...: the same, but it is the host that connects
come_by_vsock()
{
  local process

  head -c 3M /dev/urandom >"$work/sent"
  : >"$work/out" >"$work/got" >"$work/peer"
  { await '^vsock: listens' "$work/out" && perl -e "$peer" "$work/sent" "$work/got" 42; } >"$work/peer" 2>&1 &
  process=$!
  boot cloud 'end=off listen' --vsock 42 "$@"
  wait "$process"
  want_peer $'7005: Connection reset by peer\n42'
}

if [[ ! -e /dev/vhost-vsock ]]; then
  skip sockets_of_the_host 'there is no /dev/vhost-vsock'
else
  try drivers_of_any_kind_are_served "$builddir/tests/vmm/virtio/test_virtio_vsock"
  use_vsock
  verdict a_guest_speaks_with_sockets_of_the_host
  use_vsock --cpus 2 --memory-backend plain --memory 16M@8G
  verdict and_with_memory_of_any_kind
  come_by_vsock
  verdict a_host_connects_to_its_guest
  come_by_vsock --cpus 2 --memory-backend plain --memory 16M@8G
  verdict and_to_one_with_memory_of_any_kind
  run --vsock 42 --vsock 42 "$GUESTS/hello.elf"
  want_status 110
  want_err_line 'another machine with the context identifier 42'
  verdict a_context_identifier_is_one_machines
  for option in --track --reset-loop=2 "--report=$work/report.html"; do
    run --vsock 42 "$option" "$GUESTS/hello.elf"
    want_status 110
    want_err_line "a machine with a socket device can't be reset, tracked or recorded"
    verdict "no_socket_device_goes_with_${option%%=*}"
  done
  run --vsock 42 --snapshot "$work/none" --snapshot-on 0.2 --timeout 3 "$GUESTS/loop.elf"
  want_status 103
  want_err_line 'no snapshot: a machine with a socket device cannot be saved or cloned'
  [[ ! -e $work/none ]] || wrong+='there is a snapshot'$'\n'
  verdict a_machine_with_a_socket_device_is_not_saved
fi

# want_disk_used SUM: the guest has read and written its disk, and the random numbers came too
want_disk_used()
{
  want_out_line "^disk: sum ${1% -}"
  want_out_line '^disk: written'
  want_out_line '^rng: bytes 16\s*$'
}

make_disk
sum=$(md5sum <"$work/disk")
boot cloud 'end=off mark disk rng' --cpus 2 --disk "$work/disk" --rng --snapshot "$work/snapshot"
want_status 0
want_out_line '^init: marked'
want_disk_used "$sum"
want_err_line '^mezz: snapshot .*: [0-9]+ pages, [0-9]+ bytes, the guest was held for'
verdict a_linux_guest_is_saved_and_goes_on
for options in '' '--all' '--pager-threads 3'; do
  make_disk
  mezz restore --timeout 100 $options "$work/snapshot"
  want_status 0
  want_out_line '^init: marked'
  want_disk_used "$sum"
  want_no_err
  verdict "a_linux_guest_is_restored $options"
done

# The last round reads what the rounds before have written, and so do those in between.
make_disk
boot cloud 'end=off mark disk rng' --cpus 2 --disk "$work/disk" --rng --reset-loop 3
want_status 0
[[ $(grep -c '^disk: written' "$work/out") == 4 ]] || wrong+='the guest has not come to its end 4 times'$'\n'
[[ $(grep -c '^init: processors' "$work/out") == 1 ]] || wrong+='the guest has begun more than once'$'\n'
want_err_line '^mezz run: 3 resets'
verdict a_linux_guest_is_put_back_to_its_mark

# Whoever types before the guest listens types in vain, as on any serial line.
mkfifo "$work/keys"
: >"$work/out"
{ await '^init: processors' "$work/out"; echo 'typed by the user'; } >"$work/keys" &
input=$work/keys boot cloud 'end=reboot input'
wait
want_status 104
want_out_line '^input: typed by the user'
want_err_line '^mezz run: the guest reset its machine'
verdict a_guest_reads_its_input_and_reboots

# A guest that waits for its user is saved, and goes on, and so does what is restored.
. "$srcdir/tests/system/control-lib.sh"
ready='^disk: written'

# type_to_it: it hears its user, and reboots
type_to_it()
{
  tell $'typed by the user\n' '^input: typed by the user'
  ended
  want_status 104
}

make_disk
start run --memory 256M --cpus 2 --track --disk "$work/disk" --initrd "$work/cloud.cpio" \
  --append 'console=ttyS0 quiet panic=-1 end=reboot disk input' "$linux/cloud/vmlinuz"
save "$work/full"
all=$pages
save -i "$work/more"
((pages < all / 4)) || wrong+="$pages pages have changed, of $all"$'\n'
type_to_it
verdict a_linux_guest_is_saved_by_increments_while_it_runs
start restore --track "$work/more"
save -i "$work/last"
type_to_it
start restore "$work/last"
type_to_it
verdict and_goes_on_from_them

# has_gone_on DISK: it hears its user, reads this disk, and reboots
has_gone_on()
{
  tell $'typed by the user\n' '^input: typed by the user'
  await '^later: rng bytes 16' "$run_out" || wrong+='the guest has no random numbers'$'\n'
  grep -q "^later: sum $(md5sum <"$1" | cut -d' ' -f1)" "$run_out" || wrong+="the guest has read another disk than $1"$'\n'
  ended
  want_status 104
}

make_disk
at first
start run --memory 256M --cpus 2 --disk "$work/disk" --rng --initrd "$work/cloud.cpio" \
  --append 'console=ttyS0 quiet panic=-1 end=reboot disk input later' "$linux/cloud/vmlinuz"
mezz control "$socket" pause
cp "$work/disk" "$work/disk.second"
dd if=/dev/urandom of="$work/disk.second" bs=512 seek=40 count=1 conv=notrunc 2>/dev/null
cloned first second --disk "$work/disk.second" --pager-threads 2
at first
mezz control "$socket" continue
cp "$work/disk" "$work/disk.third"
cloned second third --disk "$work/disk.third"
for guest in second:.second first: third:.third; do
  at "${guest%:*}"
  has_gone_on "$work/disk${guest#*:}"
done
verdict a_linux_guest_is_cloned

if [[ -e /dev/vhost-vsock ]]; then
  ready=looping
  at connected
  start run --vsock 42 "$GUESTS/loop.elf"
  mezz clone "$socket"
  want_status 110
  want_err_line 'a machine with a socket device cannot be saved or cloned'
  mezz control "$socket" quit
  want_status 0
  ended
  verdict a_machine_with_a_socket_device_is_not_cloned
fi

boot cloud 'end=panic' --cpus 2 --snapshot "$work/panic" --snapshot-on panic
want_status 105
want_out_line '^init: processors 2\s*$'
want_err_line "^mezz run: the guest's kernel panicked"
want_err_line "^mezz: snapshot $work/panic: [0-9]+ pages"
verdict a_guest_panics
mezz restore --timeout 100 "$work/panic"
want_status 104
verdict and_goes_on_to_its_reset_when_it_is_restored

boot cloud 'end=off' --snapshot "$work/line" --snapshot-on 'line:init: clock'
want_status 0
mezz restore --timeout 100 "$work/line"
want_status 0
want_out_line '^init: year'
! grep -q '^init: processors' "$work/out" || wrong+='what came before the line came again'$'\n'
verdict a_guest_is_restored_from_a_line_that_it_has_printed

# Beside mezz, kvmtool: with the same kernel, initrd and words. Some of its versions crash once their guest has ended.
beside_kvmtool()
{
  local begin=${EPOCHREALTIME/./} ours

  boot cloud 'reboot=k end=reboot'
  want_status 104
  ours=$((${EPOCHREALTIME/./} - begin)) begin=${EPOCHREALTIME/./}
  HOME=$work timeout 100 "$MZ_KVMTOOL" run --mem 256 --cpus 1 --network mode=none --console serial \
    --kernel "$linux/cloud/vmlinuz" --initrd "$work/cloud.cpio" --params 'console=ttyS0 quiet panic=-1 reboot=k end=reboot' \
    </dev/null >"$work/out" 2>/dev/null
  want_out_line '^init: processors 1\s*$'
  echo "# from start to end: mezz $((ours / 1000)) ms, kvmtool $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
}

if [[ -z ${MZ_KVMTOOL:-} ]]; then
  skip the_same_kernel_is_booted_by_kvmtool 'MZ_KVMTOOL names no kvmtool'
else
  beside_kvmtool
  verdict the_same_kernel_is_booted_by_kvmtool
fi

boot generic 'end=off' --cpus 2
want_status 0
want_out_line '^init: processors 2\s*$'
verdict the_generic_kernel_powers_off
tap_end
