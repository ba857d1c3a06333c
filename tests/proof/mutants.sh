# SPDX-License-Identifier: MPL-2.0
# The proofs find what they are for: of each mutant of the library, a copy with one thing wrong, one proof fails.
# MUTANTS_ONLY=PATTERN tries only the mutants of the proofs whose names match; the rest of what prove.sh takes holds.
. "$srcdir/tests/tap.sh"

copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT

# mutant NAME PROOF FILE SCRIPT: the proof fails where FILE, of core/, is edited by the sed script
mutant()
{
  local name=$1 proof=$2 file=$3 script=$4
  # shellcheck disable=SC2053
  [[ $proof == ${MUTANTS_ONLY:-*} ]] || return
  rm -rf "${copy:?}"/*
  mkdir "$copy/tests" "$copy/docs"
  cp -r "$srcdir/core" "$srcdir/arch" "$copy"
  cp -r "$srcdir/tests/tap.sh" "$srcdir/tests/proof" "$copy/tests"
  cp "$srcdir/docs/proofs.md" "$copy/docs"
  sed -i -e "$script" "$copy/core/$file"
  if cmp -s "$copy/core/$file" "$srcdir/core/$file"; then
    not_ok "$name" <<<"the edit changes nothing in core/$file"
    return
  fi
  srcdir=$copy PROOF_ONLY=$proof bash "$srcdir/tests/proof/prove.sh" >"$copy/said"
  if grep -q '# SKIP' "$copy/said"; then
    skip "$name" "$(sed -n 's/.*# SKIP //p' "$copy/said")"
  elif grep -q ': FAILURE$' "$copy/said"; then
    ok "$name"
    sed -n 's/^# .*line [0-9]* \(.*\): FAILURE$/#   \1/p' "$copy/said" | sort -u | head -n 3
  else
    not_ok "$name" <"$copy/said"
  fi
}

mutant a_filled_leaf_is_not_counted fill \
  body/fill.h '/ fill_entry(/,/^}/s/add_children(node.frame, 1)/(void)0/'
mutant a_mark_forgets_other_flags mark \
  mark.c 's/prop.flags | flags/flags/'
mutant a_narrow_link_is_not_flushed write_protect_2 \
  body/write.h '/gather->nodes |=/d'
mutant a_leaf_is_protected_unflushed write_protect_flat_2 \
  body/write.h '/ protect_entry(/,/^}/s/mz_gather_range_([^;]*/(void)base/'
mutant a_split_lets_all_of_a_leaf_be_written write_enable_2 \
  body/write.h '/ choose_part(/,/^}/s/part > writable->level_max || //'
mutant a_link_allows_what_nothing_below_forbids write_enable_1 \
  body/write.h '/ forbid_all(/,/^}/s/i = 0; i < count/i = 1; i < count/'
mutant what_is_harvested_is_not_flushed harvest_leaves \
  body/harvest.h '/ harvest_leaf(/,/^}/s/mz_gather_range_([^;]*/(void)base/'
mutant what_a_link_says_is_not_marked harvest_links \
  body/harvest.h '/if (used)/,/exchange_touched/s/exchange_touched(child, 0, [^;]*;/marked = marked;/'
mutant a_split_changes_permissions huge_split \
  huge.c '/ split_at(/,/^}/s/f->prop(entry, node.level).perm/MZ_READ/'
mutant flags_are_lost_while_nothing_is_mapped huge_collapse \
  huge.c '/ put_leaf(/,/^}/s/all_alike(table, child, first, like);//'
mutant a_visit_begins_before_what_is_managed visit_all \
  visit.c 's/greater(place->next, table->config.root_first)/place->next/'
mutant a_visit_goes_on_behind_its_range visit_range \
  visit.c 's/range->last < ia_last ? range->last : ia_last/ia_last/'
mutant what_is_cloned_may_still_be_written clone_make \
  clone.c '/ mz_table_clone(/,/^}/s/protect_all([^)]*)/(void)0/'
mutant a_link_to_a_shared_node_is_not_flushed clone_own \
  clone.c '/ put_copy(/,/^}/s/gather->nodes = true;//'
mutant a_page_that_may_be_written_is_exchanged clone_exchange \
  clone.c 's/(prop.perm & MZ_WRITE) != 0 && !is_narrow(table, addr, 2)/false/'
mutant a_leaf_node_of_a_cut_is_forgotten unmap_leaf_nodes \
  body/unmap.h '/ estrange_leaf_nodes(/,/^}/s/i = 0; i < count/i = 1; i < count/'
mutant a_root_without_entries_is_accepted table_init \
  table.c 's/c->root_first >= c->root_end || //'
mutant an_active_table_has_no_owner table_destroy \
  table.c '/ mz_processor_activate(/,/^}/s/mz_node_take([^;]*/(void)0/'
mutant a_query_stays_a_reader table_query \
  table.c '/ mz_table_query(/,/^}/s/mz_reader_leave(table)/(void)0/'
mutant a_node_waits_for_ever table_reclaim \
  table.c '/ is_to_wait(/,/^}/s/frame->parted = false/(void)0/'
mutant a_shared_node_is_not_retired gather_shared \
  gather.c '/ mz_gather_shared_(/,/^}/s/mz_gather_node_(c->format, gather, node.oa)/(void)0/'
mutant a_split_below_a_split_is_forgotten reserve_need \
  reserve.c 's/count << f->index_lg2\[level\]/splits/'
mutant a_missing_node_is_read walk_root \
  walk.c 's/slots == NULL/false/'
mutant a_cursor_stays_where_it_has_mapped cursor_map_24 \
  body/cursor.h '/ instance_cursor_map(/,/^}/s/move_behind([^;]*/(void)0/'
mutant a_line_of_text_is_not_ended text_char \
  text.h "/ put_char(/,/^}/s/text->line\[text->used\] = '.0'/(void)0/"
mutant a_digit_is_lost text_digit \
  text.h 's/shift > 0;/shift > 16;/'
mutant a_run_goes_on_elsewhere dump \
  dump.c 's/oa - dump->run.oa != dump->run.count \* mz_span(f, level)/false/'
mutant a_comma_is_missing dump_json \
  dump_json.c 's/? "{" : ",{"/? "{" : "{"/'
mutant a_line_has_no_room_for_all_flags dump_json_flags \
  text.h 's/TEXT_BYTES 400/TEXT_BYTES 320/'
mutant a_geometry_is_not_a_sum check_geometry \
  format_check.c 's/f->shift\[level + 1\] != /false \&\& &/'
mutant a_leaf_that_can_be_written_still_is_lawful check_broken \
  format_check.c '/ forbid_law(/,/^}/s/return f->forbid_write.*/return true;/'
mutant a_node_that_nobody_owns_is_alive debug \
  debug.c 's/__atomic_load_n(&frame->refs, __ATOMIC_RELAXED) != 0 && //'
mutant a_cursor_stands_before_its_range debug_cursor \
  debug.c 's/cursor->at >= cursor->first && //'
mutant a_misaligned_item_is_accepted child_into_entry@ept \
  child.c 's/(item.oa.addr & mask) != 0/false/'
mutant an_item_has_no_level child_from_entry@ia32e \
  child.c '/ mz_child_from_entry(/,/^}/s/(uint8_t)level/0/'
mutant what_was_in_an_entry_is_counted_still entry_put@sv39 \
  body/entry.h '/ entry_replace(/,/^}/s/ - was//'
mutant what_the_mmu_sets_is_lost entry_permit@arm_s2_4k_full \
  body/entry.h '/ entry_protect(/,/^}/s/if (atomic)/if (false)/'
mutant half_of_the_addresses_is_not_found query@ia32e \
  body/arguments.h '/ root_slot(/,/^}/s/count \/ 2/0/'
mutant a_walk_forgets_the_offset walk@arm_s2_64k \
  walk.c 's/(ia.addr & (mz_span(f, level) - 1))/0/'
mutant a_walk_goes_where_the_format_ends walk_root@npt \
  walk.c 's/!mz_ia_valid(f, ia.addr)/false/'
mutant a_width_is_not_looked_at map_22_1@ept \
  body/arguments.h '/ oa_valid(/,/^}/s/ && last <= table->oa_last//'
mutant a_permission_is_lost_unflushed protect_22_1@ept \
  body/protect.h 's/mz_gather_range_([^;]*/(void)0/'
mutant what_is_unmapped_is_not_flushed unmap_22_1@sv39 \
  body/unmap.h '/ unmap_page(/,/^}/s/flush_page([^;]*/(void)0/'
mutant a_number_has_no_text texts \
  error.c 's/(unsigned)error < MZ_ERRORS/true/'
tap_end
