# SPDX-License-Identifier: MPL-2.0
# `mezz table` and `mezz walk` build tables on every host.
. "$srcdir/tests/system/lib.sh"

mezz table --map 0x0:0x100000000:2M:rwx --map 2M:0x80000000:12K:rx:uc --map 1G:3G:1G:r
want_status 0
want_no_err
want_out 'ept: 4 levels, pages of 4K, 48-bit input and 52-bit output addresses
level 4 node 0x1000 from 0x0, 1 of 512
  level 3 node 0x3000 from 0x0, 2 of 512
    level 2 node 0x2000 from 0x0, 2 of 512
      [0] 0x0 -> 0x100000000 1 x 2M rwx WB
      level 1 node 0x4000 from 0x200000, 3 of 512
        [0..2] 0x200000 -> 0x80000000 3 x 4K r-x UC
    [1] 0x40000000 -> 0xc0000000 1 x 1G r-- WB
4 nodes, 16K bytes
1 leaves of 1G
1 leaves of 2M
3 leaves of 4K
1050636K bytes mapped'
verdict a_table_is_a_tree

mezz table --format ia32e --map 0xffff800000000000:0:4K:rwx:user:global
want_status 0
want_out_line '\[0\] 0xffff800000000000 -> 0x0 1 x 4K rwx WB user global$'
verdict canonical_addresses_are_mapped

mezz table
want_status 0
want_out_line '^1 nodes, 4K bytes$'
verdict an_empty_table_has_a_root

if command -v jq >/dev/null; then
  mezz table --map 0x0:0x100000000:2M:rwx --map 2M:0x80000000:12K:rx:uc:dirty --json
  want_status 0
  want_no_err
  [[ $(jq '.format == "ept" and .levels == 4 and (.nodes | length) == 4
    and (.nodes | map(.level)) == [4, 3, 2, 1] and .nodes[0].address == .root
    and .nodes[3].entries[2] == {"index": 2, "ia": "0x202000", "entry": "0x80002205", "kind": "leaf",
      "oa": "0x80002000", "perm": "r-x", "flags": ["dirty"], "memory": "UC", "bytes": 4096}
    and (.nodes | map(.entries | length) | add) == 7 and .leaf_count["2"] == 1 and .leaf_count["1"] == 3
    and .node_bytes == 16384 and .mapped_bytes == 2109440' "$work/out") == true ]] || wrong+='the JSON is wrong'
  verdict a_table_as_json
else
  skip a_table_as_json 'jq is not installed'
fi

mezz walk --map 0:4G:2M:rwx --map 2M:2G:12K:rx 0x201234 0x5000000
want_status 0
want_no_err
want_out '  level 4 node 0x1000 index   0 entry 0x0000000000003007 node 0x3000 rwx
  level 3 node 0x3000 index   0 entry 0x0000000000002007 node 0x2000 rwx
  level 2 node 0x2000 index   1 entry 0x0000000000004007 node 0x4000 rwx
  level 1 node 0x4000 index   1 entry 0x0000000080001035 leaf 0x80001000 r-x WB
0x201234 -> 0x80001234 r-x, in a leaf of 4K
  level 4 node 0x1000 index   0 entry 0x0000000000003007 node 0x3000 rwx
  level 3 node 0x3000 index   0 entry 0x0000000000002007 node 0x2000 rwx
  level 2 node 0x2000 index  40 entry 0x0000000000000000 absent
0x5000000 is not mapped'
verdict a_walk_is_told_step_by_step

# refused NAME PATTERN WORD...: status 110, and a message that names the word at fault and says why
refused()
{
  local name=$1 pattern=$2
  shift 2
  mezz "$@"
  want_status 110
  want_err_line "$pattern"
  [[ ! -s $work/out ]] || wrong+='there is output'$'\n'
  verdict "$name"
}

refused a_misaligned_input_address 'map 1:0:4K:r: not a multiple of the page' table --map 1:0:4K:r
refused a_misaligned_output_address 'map 0:1:4K:r: not a multiple of the page' table --map 0:1:4K:r
refused a_misaligned_size 'map 0:0:4097:r: not a multiple of the page' table --map 0:0:4097:r
refused an_empty_mapping 'map 0:0:0:r: out of range' table --map 0:0:0:r
refused an_overlap 'map 4K:0:4K:r: something is mapped there already' table --map 0:0:2M:r --map 4K:0:4K:r
refused an_input_address_beyond_the_format 'map 0x1000000000000:0:4K:r: out of range' table --map 0x1000000000000:0:4K:r
refused a_range_that_ends_beyond_the_format 'out of range' table --map 0xfffffffff000:0:8K:r
refused a_range_that_wraps 'out of range' table --map 0xfffffffffffff000:0:8K:r
refused an_output_address_beyond_the_format 'out of range' table --map 0:0x10000000000000:4K:r
refused a_canonical_hole 'out of range' table -f ia32e --map 0x7ffffffff000:0:8K:r
refused write_without_read "map 0:0:4K:w: the format can't express" table --map 0:0:4K:w
refused no_permission "map 0:0:4K:-: the format can't express" table --map 0:0:4K:-
refused execute_without_read_on_stage_1 "the format can't express" table -f ia32e --map 0:0:4K:x
refused a_flag_of_another_format "map 0:0:4K:r:user: the format can't express" table --map 0:0:4K:r:user
refused an_unknown_permission "'q' is not permissions" table --map 0:0:4K:q
refused an_unknown_word "'hot' is not a memory type or a flag" table --map 0:0:4K:r:hot
refused a_mapping_cut_short "'' is not a size" table --map 0:0
refused a_bad_number "'0x' is not an input address" table --map 0x:0:4K:r
refused a_negative_number "'-1' is not an output address" table --map 0:-1:4K:r
refused a_number_beyond_64_bits "is not an input address" table --map 0x10000000000000000:0:4K:r
refused an_unknown_format '--format vax: not one of ept, ia32e' table --format vax
refused an_unknown_option "unrecognized option '--depth'" table --depth 3
refused a_surplus_word "'more'" table more
refused a_walk_without_an_address 'no address' walk --map 0:0:4K:r
refused a_walk_of_no_address "'here' is not an address" walk here
refused a_walk_beyond_the_format '0x1000000000000: beyond the 48-bit input addresses of ept' walk 0x1000000000000

"$MEZZ" table --map 0:0:4K:r >/dev/full 2>"$work/err"
status=$?
want_status 113
want_err_line 'standard output'
verdict lost_output_is_noticed

if [[ -n ${SANITIZE_CFLAGS:-} ]]; then
  skip a_limit_on_addresses 'sanitizers take more'
else
  (ulimit -v 1000000 && exec "$MEZZ" walk --map 0:4G:2M:rwx 0x1234) >"$work/out" 2>"$work/err"
  status=$?
  want_status 0
  want_out_line '^0x1234 -> 0x100001234 rwx, in a leaf of 2M'
  verdict a_limit_on_addresses
fi
tap_end
