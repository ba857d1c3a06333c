# SPDX-License-Identifier: MPL-2.0
# A recording of a run that never was: jq -n --argjson events COUNT --arg text TEXT -f recording.jq. TEXT is wherever a
# recording has names.

def mib: 1048576;
def scramble($i; $modulus): ($i * 40503 + $i * $i * 97) % 4294967296 | . / 16 | floor | . % $modulus;

# Each fault; one in 8 is a device's, the others walk through memory with some noise.
def event($i; $count):
  ($i % 8 == 7) as $device |
  (if $i % 3 == 0 then 1 else 0 end) as $minor |
  {
    ns: ($i * 250000000 / $count | floor),
    address: (if $device then 3489660928 + scramble($i; 32) * 8
      else (16 * mib + ($i * 94 * mib / $count | floor) + scramble($i; 256) * 4096) end),
    took_ns: (if $device then 900 + scramble($i; 4000) else 20000 + scramble($i; 60) * scramble($i + 7; 900) end),
    cause: (if $device then 2 else $minor end),
    answer: (if $device then 2 elif $minor == 1 then 1 else 0 end),
    level: (if $device then 0 elif $i % 16 == 1 then 2 else 1 end),
    write: (if $i % 5 < 3 then 1 else 0 end)
  };

def row_of($address):
  if $address < 128 * mib then ($address / mib | floor) else 129 end;

def faults_of($events; $cause; $write):
  reduce $events[] as $e ({"4K": 0, "2M": 0, "1G": 0, none: 0};
    if $e.cause == $cause and $e.write == $write
    then .[["none", "4K", "2M", "1G"][$e.level]] += 1 else . end);

def accesses_of($events; $cause):
  {read: faults_of($events; $cause; 0), write: faults_of($events; $cause; 1)};

def sizes($a; $b; $c): {"4K": $a, "2M": $b, "1G": $c};

[range($events)] | map(event(.; $events)) as $all |
1048576 as $column_ns | 239 as $columns |
(reduce $all[] as $e ({}; .["\(row_of($e.address)) \($e.ns / $column_ns | floor)"] += 1)) as $by_cell |
{
  mezz_report: 1,
  run: {command: "run", image: $text, status: 0, end: $text},
  stats: {
    backend: "uffd",
    huge: {pages: "none", mapped_bytes: 0},
    faults: {missing: accesses_of($all; 0), minor: accesses_of($all; 1), exit: accesses_of($all; 2)},
    answers: {resolved: ($all | map(select(.answer == 0)) | length), retry: ($all | map(select(.answer == 1)) | length),
      mmio: ($all | map(select(.answer == 2)) | length), denied: 3, exhausted: 0},
    denials: {no_region: 0, read_only: 3, permission: 0, lent: 0, unknown: 0},
    table: {format: "ept", leaves: sizes(9216; 30; 0), mapped_bytes: 100663296,
      nodes_by_level: {"1": 18, "2": 1, "3": 1, "4": 1}, nodes: 21, node_bytes: 86016},
    changes: {mapped: sizes(9216; 32; 0), made_writable: sizes(12; 5; 0), split: sizes(0; 2; 0),
      collapsed: sizes(0; 1; 0), copied: 7},
    exits: {io: 340, mmio: 12500, ($text): 5},
    vcpus: [{exits: {io: 300, mmio: 12500}, guest_ns: 201000000, out_ns: 31000000},
      {exits: {io: 40, ($text): 5}, guest_ns: 180000000, out_ns: 40000000}],
    devices: [{name: "serial", bus: "port", base: 1016, reads: 3, writes: 337},
      {name: $text, bus: "memory", base: 3489660928, reads: 12000, writes: 500},
      {name: "idle", bus: "memory", base: 3489669120, reads: 0, writes: 0}],
    virtio: [{name: $text, chains: 17, interrupts: 5, wakes: 9, breaks: 1, broken: $text}],
    resets: {count: 0, pages: 0, ns: 0, dirty_source: "ring"},
    rom_writes: 3,
    unclaimed_ports: 1,
    time: {guest_ns: 381000000, out_ns: 71000000, total_ns: 251234567}
  },
  areas: [
    {name: "RAM", kind: "ram", address: "0x0", bytes: (128 * mib), row: 0, rows: 128, row_bytes: mib},
    {name: "ROM", kind: "rom", address: "0xe0000000", bytes: 65536, row: 128, rows: 1, row_bytes: mib},
    {name: $text, kind: "device", address: "0xd0000000", bytes: 4096, row: 129, rows: 1, row_bytes: 4096},
    {name: "idle", kind: "device", address: "0xd0002000", bytes: 4096, row: 130, rows: 1, row_bytes: 4096}
  ],
  leaf_sizes: ["4K", "2M", "1G"],
  rows: [range(131) | if . < 16 or . >= 129 then [0, 0, 0] elif . == 128 then [65536, 0, 0]
    elif . < 64 then [mib, 0, 0] elif . < 112 then [0, mib, 0] else [mib / 4, 0, 0] end],
  time: {column_ns: $column_ns, columns: $columns, end_ns: 250000000},
  looks: {count: 31, blind: null},
  cells: [range(131) as $row | range($columns) as $column |
    ($by_cell["\($row) \($column)"] // 0) as $faults |
    (if $row < 16 or $row > 111 then 0 else [[($column - ($row - 16) * 2) * 64, 0] | max, 256] | min end) as $present |
    (if $present > 0 and ($row % 7 < 3 or $column % 29 < 9) then scramble($row * 31 + ($column / 8 | floor); $present) else 0 end)
      as $written |
    (if $row < 128 and ($row + ($column / 8 | floor)) % 4 == 0 then 2 else 0 end) as $samples |
    (if $samples > 0 and $present > 0 then scramble($row * 77 + ($column / 8 | floor); 3) else 0 end) as $used |
    select($faults + $present + $written + $samples > 0) |
    [$row, $column, $faults, $present, $written, $samples, $used]],
  latency: [range(3) as $cause | ($all | map(select(.cause == $cause).took_ns)) as $took |
    {cause: ["missing", "minor", "exit"][$cause], count: ($took | length), sum_ns: ($took | add // 0),
      max_ns: ($took | max // 0),
      bins: ($took | group_by(. / 8192 | floor) | map([(.[0] / 8192 | floor) * 8192 + 8191, length]))}],
  hot: {bytes: 4096, pages: [range(20) | {address: (["0x1000000", "0x1004000", "0x2345000", "0xd0000000"][. % 4]),
    faults: (900 - . * 31), looks: (31 - .)}]},
  events: {count: $events, elsewhere: 0, answers: ["resolved", "retry", "mmio", "denied", "exhausted"],
    ns: ($all | map(.ns)), address: ($all | map(.address)), took_ns: ($all | map(.took_ns)),
    cause: ($all | map(.cause)), answer: ($all | map(.answer)), level: ($all | map(.level)), write: ($all | map(.write))}
}
