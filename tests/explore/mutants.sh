# SPDX-License-Identifier: MPL-2.0
# The explorer finds what it is for: each mutant of the library, a copy with one thing wrong, fails in some scenario.
. "$srcdir/tests/tap.sh"

explorer=("$builddir/tests/explore/plain.o" "$builddir/tests/explore/.libs/libexplore.a"
  "$builddir/tests/explore/.libs/libwatched.a")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# mutant NAME SOURCE [FILE SCRIPT]...: SOURCE, a file of core/, is compiled with the files edited by the sed scripts,
# and tried on all scenarios, or on those that are named in `among`
among=()
mutant()
{
  local name=$1 source=$2 copy=$work/copy said
  shift 2
  rm -rf "$copy"
  mkdir "$copy" && cp -r "$srcdir/core" "$srcdir/ept" "$copy"
  while (($#)); do
    sed -i -e "$2" "$copy/core/$1"
    if cmp -s "$copy/core/$1" "$srcdir/core/$1"; then
      not_ok "$name" <<<"the edit changes nothing in core/$1"
      return
    fi
    shift 2
  done
  # The sanitizer's calls are the explorer's own functions.
  if ! $CC -std=c17 -O0 -fsanitize=thread -I"$copy" -I"$srcdir" -DMZ_ENV_HEADER='"tests/explore/env.h"' \
    -c -o "$work/mutant.o" "$copy/core/$source" >"$work/said" 2>&1 ||
    ! $CC -o "$work/mutant" "$work/mutant.o" "${explorer[@]}" >"$work/said" 2>&1; then
    not_ok "$name" <"$work/said"
    return
  fi
  # The first scenario that fails, and how; the rest need not run.
  said=$(timeout 60 "$work/mutant" "${among[@]}" 2>&1 | sed -n '/^not ok/{s/^not ok [0-9]* - /#  /;p;n;n;p;q}')
  if [[ -n $said ]]; then
    ok "$name"
    echo "$said"
  else
    not_ok "$name" <<<'no scenario fails'
  fi
}

# ---- Order of accesses ----
mutant a_link_is_stored_without_release runtime.c \
  body/entry.h '/ entry_link(/,/^}/s/mz_store_release/mz_store_relaxed/'
mutant a_link_is_stored_before_the_node_is_filled runtime.c \
  body/map.h '/ map_below(/,/^}/{/map_commit(/{N;s/\(.*\)\n\(.*\)/\2\n\1/}}'
mutant a_query_loads_without_acquire runtime.c \
  body/find.h 's/mz_load_acquire/mz_load_relaxed/'
mutant a_walk_loads_without_acquire walk.c \
  walk.c 's/mz_load_acquire/mz_load_relaxed/'
mutant a_cover_is_looked_for_without_acquire runtime.c \
  body/range.h '/ lock_cover(/,/^}/s/mz_load_acquire/mz_load_relaxed/'
mutant a_page_is_looked_for_without_acquire runtime.c \
  body/range.h '/ lock_node(/,/^}/s/mz_load_acquire/mz_load_relaxed/'

# ---- Stray nodes ----
mutant stray_is_not_looked_at runtime.c \
  body/range.h '/ lock_unless_stray(/,/^}/s/!mz_frame_stray(frame)/true/'
mutant stray_is_not_set runtime.c \
  body/unmap.h '/mz_frame_estrange(node.frame/s/^/;\/\//'
mutant stray_is_set_after_the_unlock runtime.c \
  body/unmap.h '/if (!shared)/{N;N;s/\(.*\)\n\(.*\)\n\(.*\)/\3\n\1\n\2/}'
mutant a_cut_ends_at_the_top runtime.c \
  body/unmap.h '/ estrange(/,/^}/s/^\t\t\testrange/\t\t\tif (0) estrange/'
mutant leaf_nodes_of_a_cut_are_not_marked runtime.c \
  body/unmap.h '/ estrange_leaf_nodes(/,/^}/s/mz_frame_estrange(/(void)(/'
mutant marks_are_not_fenced_off_from_locks runtime.c \
  body/unmap.h '/mz_fence();/d'
mutant nobody_in_a_leaf_node_is_waited_for runtime.c \
  body/unmap.h 's/mz_lock_await(/(void)(/'
mutant locks_are_looked_at_before_the_marks runtime.c \
  body/unmap.h '/ estrange_leaf_nodes(/,/^}/{s/mz_frame_estrange(child_of(table, entry, 2).frame, 1)/mz_lock_await(\&child_of(table, entry, 2).frame->lock)/;t;s/mz_lock_await(&child_of(table, entry, 2).frame->lock)/mz_frame_estrange(child_of(table, entry, 2).frame, 1)/}'
mutant leaf_nodes_are_marked_when_they_are_cut runtime.c \
  body/unmap.h '/ unmap_range(/,/^}/{/if (job.drops)/{N;d}};/^static inline void cut_or_drop(/i static inline void estrange_leaf_nodes(struct mz_table *table, struct mz_node_ref node);' \
  body/unmap.h '/ cut_or_drop(/,/^}/s/^\tentry_unlink.*/&\n\tif (dropped \&\& ref.level == 2)\n\t\testrange_leaf_nodes(table, ref);/'
mutant what_is_to_be_cut_is_not_waited_for runtime.c \
  body/range.h '/^MZ_NOINLINE void await_cut(/,/^}/{/mz_lock_/d}'

# ---- Grace periods ----
mutant nodes_are_freed_without_a_grace_period gather.c \
  gather.c 's/c->rcu.retire != NULL/false/'
mutant nobody_is_a_reader runtime.c \
  table.h '/ mz_reader_enter(/,/^}/s/!= NULL/== NULL/;/ mz_reader_leave(/,/^}/s/!= NULL/== NULL/'
mutant a_query_is_no_reader table.c \
  table.c '/ mz_table_query(/,/^}/{/mz_reader_/d}'
mutant a_cut_node_is_forgotten runtime.c \
  body/unmap.h '/mz_gather_node_(/d'

# ---- Locks ----
mutant the_first_pass_of_a_map_does_not_lock runtime.c \
  body/map.h '/^static.* map_prepare(/,/^}/{/mz_lock_acquire(/d;s/mz_lock_release(.*)/(void)0/};/^static.* map_commit(/,/^}/{/mz_lock_release(/d}'
mutant children_are_locked_before_their_parent runtime.c \
  body/split.h '/mz_lock_acquire(&child/{N;s/\(.*\)\n\(.*\)/\2\n\1/}'
mutant a_range_is_unlocked_before_it_is_mapped runtime.c \
  body/map.h '/map_commit(job, child, p.first, p.last, false);/{N;s/\(.*\)\n\(.*\)/\2\n\1/}'
mutant a_range_is_unlocked_before_it_is_protected runtime.c \
  body/protect.h '/protect_commit(job, child/{N;s/\(.*\)\n\(.*\)/\2\n\1/}'
mutant children_are_counted_after_the_unlock runtime.c \
  body/unmap.h '/emptied = cleared &&/{N;s/\(.*\)\n\(.*\)/\2\n\1/}'
mutant prune_does_not_look_again runtime.c \
  body/unmap.h '/ prune(/,/^}/s/child.frame->child_count == 0/true/'

# ---- Entries ----
mutant a_map_looks_before_it_locks runtime.c \
  body/map.h '/^MZ_INLINE bool map_page_below(/,/^}/{s/^\tif (!lock_node/\tbool absent = mz_table_query(table, mz_ia_from(addr)).level == 0;\n&/;s/MZ_LIKELY(.*)/absent)/}'
mutant a_new_node_is_linked_without_a_look runtime.c \
  body/map.h '/ map_page_in_new_node(/,/^}/s/!= MZ_ABSENT/== MZ_LEAF/'
mutant a_new_node_is_linked_before_its_page runtime.c \
  body/map.h '/ map_page_in_new_node(/,/^}/{/entries_fill(/{N;s/\(.*\)\n\(.*\)/\2\n\1/}}'
mutant a_mapped_page_is_not_counted runtime.c \
  body/entry.h '/ entries_map(/,/^}/{/add_children(/d}'

mutant a_leaf_is_stored_without_release runtime.c \
  body/entry.h '/ entries_map(/,/^}/s/mz_store_release/mz_store_relaxed/'
mutant a_cursor_maps_over_no_empty_node runtime.c \
  body/cursor.h '/ instance_cursor_map(/,/^}/s/ && !make_room(.*)/)/'
mutant a_cursor_takes_empty_nodes runtime.c \
  body/cursor.h '/ next_mapped(/,/^}/{/maps_anything(/d;s/may_cut(table, node.level) \&\&/may_cut(table, node.level))/}'

# ---- Fills, and writing from above ----
mutant a_fill_does_not_look_again runtime.c \
  body/fill.h '/ fill_entry(/,/^}/s/absent = MZ_ONE_THREAD.*/absent = true;/'
mutant a_fill_goes_into_a_stray_node runtime.c \
  body/fill.h '/ fill_entry(/,/^}/s/if (MZ_UNLIKELY(!lock_unless_stray(node.frame)))/mz_lock_acquire(\&node.frame->lock);\n\tif (false)/'
mutant a_filled_entry_is_stored_without_release runtime.c \
  body/fill.h '/ fill_entry(/,/^}/s/mz_store_release/mz_store_relaxed/'
mutant a_filled_entry_is_not_counted runtime.c \
  body/fill.h '/ fill_entry(/,/^}/{/add_children(/d}'
mutant a_link_allows_before_the_entries_forbid runtime.c \
  body/write.h '/ hand_down(/,/^}/s/^\t\tif (mmu_writes(table))$/\t\tallow_write(f, node, index, entry, mmu_writes(table));\n&/'
mutant entries_forbid_nothing runtime.c \
  body/write.h '/ hand_down(/,/^}/{/forbid_all(/s/forbid_all(.*/;/}'
mutant a_hand_down_does_not_look_again runtime.c \
  body/write.h '/ hand_down(/,/^}/s/ \&\& !lets_write(f, entry, level)//'
mutant a_leaf_is_opened_as_it_was runtime.c \
  body/write.h '/ open_leaf(/,/^}/{s/^\tbool found;/&\n\tuint64_t was = mz_table_find(table, mz_ia_from(addr)).entry;/;s/open_part(table, node, entry/open_part(table, node, was/}'

# ---- Bits that the MMU sets ----
mutant a_protect_stores_over_the_bits runtime.c \
  body/entry.h '/ entry_protect(/,/^}/s/if (atomic)/if (false)/'
mutant a_split_stores_over_the_bits runtime.c \
  body/entry.h '/ entry_split(/,/^}/s/return mz_replace(&node.slots\[index\], entry, link);/return (void)mz_exchange(\&node.slots[index], link), true;/'
mutant a_leaf_is_taken_before_its_bits runtime.c \
  body/entry.h '/ entries_clear(/,/^}/s/entry = mz_exchange(/mz_exchange(/'
mutant leaves_are_reported_before_they_are_taken runtime.c \
  body/entry.h '/ reports_flags(/,/^}/s/return .*/return false;/;/ entries_clear(/,/^}/s/ \&\& !atomic//'
mutant a_node_is_cut_whose_bits_are_reported runtime.c \
  body/unmap.h '/!reports_flags(/d;s/may_cut(table, node.level) \&\&$/may_cut(table, node.level)) {/'
mutant a_fragment_is_read_before_the_bits runtime.c \
  body/cursor.h '/ instance_cursor_take_next(/,/^}/s/entry = entries_clear(/entries_clear(/'
mutant forbidding_stores_over_the_bits runtime.c \
  body/write.h '/ forbid_write(/,/^}/s/if (atomic)/if (false)/'

# ---- Breaks, and flushes ----
mutant a_leaf_is_split_without_a_break runtime.c \
  body/entry.h '/ splits_live(/,/^}/s/return .*;/return table != NULL;/'
mutant a_broken_leaf_is_not_flushed runtime.c \
  body/entry.h '/ entry_split(/,/^}/{/flush_stale(/d}'
mutant a_broken_leaf_is_linked_before_its_flush runtime.c \
  body/entry.h '/ entry_split(/,/^}/{/flush_stale(/{N;s/\(.*\)\n\(.*\)/\2\n\1/}}'
mutant a_break_stores_over_the_bits runtime.c \
  body/entry.h '/ entry_split(/,/^}/s/if (!mz_replace(.*absent))/if (mz_exchange(\&node.slots[index], f->absent) == 0)/'
mutant a_page_is_unlocked_before_its_flush runtime.c \
  body/unmap.h '/ instance_unmap(/,/^}/s/ || breaks(table)//'
mutant a_range_is_unlocked_before_its_flush runtime.c \
  body/unmap.h '/ unmap_range(/,/^}/{/settle(/d}'
mutant a_node_of_a_range_is_unlocked_before_its_flush runtime.c \
  body/unmap.h '/ unmap_commit(/,/^}/{/settle(/d}'
mutant a_pruned_node_is_unlocked_before_its_flush runtime.c \
  body/unmap.h '/ prune(/,/^}/{/settle(/d}'
mutant a_cursor_maps_before_its_flush runtime.c \
  body/cursor.h '/settle(cursor->table, cursor->gather);/d'
mutant a_cursor_closes_before_its_flush runtime.c \
  body/cursor.h '/settle(table, cursor->gather);/d'
mutant an_unmapped_page_is_not_flushed runtime.c \
  body/unmap.h '/ unmap_page(/,/^}/{/if (cleared)/{N;d}}'
mutant a_cut_node_is_not_flushed runtime.c \
  body/unmap.h '/ cut_or_drop(/,/^}/{/mz_gather_range_(/d}'

# ---- References ----
mutant a_processor_takes_no_reference table.c \
  table.c '/mz_node_take(&table->config, root_of(table));/d'
mutant the_last_reference_frees_nothing node.c \
  node.c 's/if (!mz_refs_put(&frame->refs))/if (mz_refs_put(\&frame->refs) || 1)/'

# ---- Harvests, leaves put together, clones ----
among=(harvest_and_access harvests_and_access harvests_and_accesses_that_differ harvests_and_access_deep
  harvest_of_a_part_and_access harvest_that_is_refused_and_access harvest_and_split harvest_and_collapse)
mutant a_harvest_does_not_flush_between_its_passes runtime.c \
  body/harvest.h 's/if (marked \&\& .*/if (false)/'
mutant flags_are_taken_that_nobody_is_told_of runtime.c \
  body/harvest.h '/ harvest_leaf(/,/^}/s/MZ_LEAF, flags)/MZ_LEAF, harvest->flags)/'
mutant a_link_that_was_used_marks_no_node runtime.c \
  body/harvest.h '/ harvest_mark(/,/^}/s/exchange_touched(child, 0, MZ_TOUCHED(.*));/exchange_touched(child, 0, 0);/'
mutant what_was_not_told_of_is_not_kept runtime.c \
  body/harvest.h '/ harvest_leaf(/,/^}/s/^\t\treturn true;/\t\treturn false;/;/ harvest_take(/,/^}/s/^\t\t\treturn true;/\t\t\treturn more;/'
mutant what_a_range_leaves_out_is_not_kept runtime.c \
  body/harvest.h '/ harvest_child(/,/^}/{s/p->whole ? marks : 0/marks/;s/ || !p->whole//}'
mutant a_harvest_passes_a_broken_link_by runtime.c \
  body/harvest.h '/ harvest_take(/,/^}/s/settled_entry(.*)/mz_load_acquire(\&node.slots[p.index])/'

among=(collapse_and_access collapse_and_access_with_bits collapse_and_harvest collapse_and_query collapse_and_fault
  collapse_and_unmap collapse_and_protect collapse_and_map collapses_of_one_leaf collapse_and_allow
  collapse_and_allow_with_bits collapse_allow_and_forbid collapse_and_store)
mutant a_collapse_drops_flags_that_are_set_meanwhile huge.c \
  huge.c '/ put_leaf(/,/^}/{/all_alike(table/d}'
mutant a_collapse_does_not_flush huge.c \
  huge.c '/ put_leaf(/,/^}/{/mz_gather_range_(/s/mz_gather_range_.*/;/}'
mutant a_collapse_brings_writing_back huge.c \
  huge.c '/ collapse_link(/,/^}/{/like.prop.perm &= /s/&= .*/|= MZ_WRITE;/}'
mutant nodes_of_a_collapse_are_not_stray huge.c \
  huge.c '/ drop_nodes(/,/^}/s/estrange(table, child, first, false,/estrange(table, child, first, true,/'

among=(clone_and_fault clone_and_fault_of_leaves clone_of_a_large_leaf_and_two_processors faults_on_both_sides
  faults_of_neighbours_on_both_sides faults_on_one_side fault_and_reads_of_what_is_shared own_and_unmap_on_both_sides
  own_and_query_while_the_clone_goes own_on_both_sides_and_query collapse_of_what_is_shared)
mutant a_clone_may_be_written clone.c \
  clone.c '/ mz_table_clone(/,/^}/{/protect_all(/d};/ share_entry(/,/^}/s/return write_forbidden(.*)/return entry/'
mutant a_clone_is_made_before_the_flush ../ept/clone.c \
  ../ept/clone.c '/ clone_space(/,/^}/{/mz_gather_finish(/d;s/gate_open(space);/&\n\tmz_gather_finish(\&gather);/}'
mutant children_of_a_copy_have_no_further_owner clone.c \
  clone.c '/ share_entry(/,/^}/s/mz_refs_take(.*);/;/'
mutant a_copy_is_linked_without_a_flush clone.c \
  clone.c '/ put_copy(/,/^}/{/mz_gather_range_(/d;/gather->nodes = true/d}'
mutant a_page_is_exchanged_that_may_be_written clone.c \
  clone.c '/ exchange_leaf(/,/^}/{s/ || f->oa(entry, 1).addr != from.addr//;s/(prop.perm \& MZ_WRITE) != 0 \&\& .*)/false)/}'
mutant a_shared_node_is_given_up_at_once gather.c \
  gather.c '/ mz_gather_shared_(/,/^}/s/if (!frame->parting) {/if (!mz_refs_shared(\&frame->refs)) {/'
mutant one_grace_period_is_enough_for_two table.c \
  table.c 's/if (is_to_wait(frame))/if (is_to_wait(frame) \&\& false)/'
mutant leaves_below_a_shared_node_are_put_together huge.c \
  huge.c 's/ && way_is_own(table, node, first)//'

tap_end
