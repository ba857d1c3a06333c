// SPDX-License-Identifier: MPL-2.0
/*
 * In tiny_2x4 a node has 4 pages and the root 4 nodes, or leaves of 4 pages; in tiny_3x2 every node
 * has 2 entries: pages 0 and 1 share a node, 0 to 3 the node above it.
 */
#include "tests/explore/scenarios.h"

#include "tests/explore/program.h"
#include "tests/explore/tiny.h"

#define FLAT     &tiny_2x4
#define DEEP     &tiny_3x2
#define WIDE     &tiny_3x4
#define BASE     PROGRAM_BASE_PAGES
#define TRACKED  PROGRAM_TRACKED
#define HARDWARE PROGRAM_HARDWARE
#define ACTIVE   PROGRAM_ACTIVE
#define REPORTED PROGRAM_REPORTED
#define LONG     PROGRAM_LONG
#define CACHED   PROGRAM_CACHED

/* Formats whose links narrow what lies below. */
#define NARROW      &tiny_2x4_narrow
#define DEEP_NARROW &tiny_3x2_narrow

/* Formats that break before they make. */
#define BREAKING      &tiny_2x4_breaking
#define DEEP_BREAKING &tiny_3x2_breaking

const struct scenario scenarios[] = {
	/* Two changes of one page, or of neighbours. */
	{"maps_of_one_page", FLAT, 0, "", "map 0 | map 0"},
	{"maps_of_one_page_in_a_node", FLAT, 0, "map 1", "map 0 | map 0"},
	{"maps_that_both_need_a_new_node", FLAT, 0, "", "map 0 | map 1"},
	{"maps_that_both_need_two_new_nodes", DEEP, 0, "", "map 0 | map 2"},
	{"maps_of_a_large_leaf_and_a_page_in_it", FLAT, 0, "", "map 0+4 | map 2"},
	{"map_and_unmap_that_empties_the_node", FLAT, 0, "map 0", "map 1 | unmap 0"},
	{"map_and_unmap_of_one_page", FLAT, 0, "map 0", "unmap 0; map 0 | map 0; unmap 0"},
	{"map_and_unmap_that_empties_two_nodes", DEEP, 0, "map 0", "map 1 | unmap 0"},
	{"unmaps_of_one_page", FLAT, 0, "map 0; map 1", "unmap 0 | unmap 0"},
	{"unmaps_that_together_empty_a_node", FLAT, 0, "map 0; map 1", "unmap 0 | unmap 1"},
	{"unmaps_that_together_empty_two_nodes", DEEP, 0, "map 0; map 2", "unmap 0 | unmap 2"},
	{"protect_and_unmap_of_one_page", FLAT, 0, "map 0+2", "protect 0 | unmap 0"},
	{"protects_of_one_page", FLAT, 0, "map 0+2", "protect 0 r; query 0 | protect 0 rwx"},

	{"map_and_query", FLAT, 0, "", "map 0+2 | query 0; query 1"},
	{"contents_told_by_a_map", FLAT, 0, "map 1", "write 0; map 0 | read 0"},
	{"contents_told_by_a_map_in_a_new_node", FLAT, 0, "", "write 0; map 0 | read 0"},
	{"contents_told_by_a_cursor", FLAT, 0, "map 1", "write 0; open 0+1; put 1; close | read 0"},
	{"map_and_walk", DEEP, 0, "", "map 0+2 | walk 0; walk 1"},

	/* A subtree is cut while others are on their way into it. */
	{"cut_and_query", FLAT, BASE, "map 0+4", "unmap 0+4 | query 1; query 3"},
	{"cut_and_walk", DEEP, BASE, "map 0+4", "unmap 0+4 | walk 1; query 1"},
	{"cut_and_map", FLAT, BASE, "map 0+3", "unmap 0+4 | map 3"},
	{"cut_and_map_deep", DEEP, BASE, "map 0+3", "unmap 0+4 | map 3"},
	{"cut_and_unmap", DEEP, BASE, "map 0+4", "unmap 0+4 | unmap 1"},
	{"cut_and_protect", DEEP, BASE, "map 0+4", "unmap 0+4 | protect 1+2"},
	{"cut_and_cut_inside", DEEP, BASE, "map 0+4", "unmap 0+4 | unmap 0+2"},
	{"cut_and_map_anew", FLAT, BASE, "map 0+4", "unmap 0+4; map 0 | query 0; query 0"},
	{"cuts_and_maps", FLAT, BASE, "map 0+4", "unmap 0+4; map 1 | unmap 0+4; map 1"},

	/* Large leaves are split. */
	{"split_by_unmap_and_query", FLAT, 0, "map 0+4", "unmap 1 | query 0; query 1; query 2"},
	{"split_by_protect_and_query", FLAT, 0, "map 0+4", "protect 1 | query 0; query 1"},
	{"split_by_unmap_and_protect", FLAT, 0, "map 0+4", "unmap 1 | protect 1+2"},
	{"split_by_both", FLAT, 0, "map 0+4", "unmap 0 | unmap 3"},
	{"split_and_unmap_of_all", FLAT, 0, "map 0+4", "protect 1 | unmap 0+4"},
	{"split_and_map", FLAT, 0, "map 0+4", "unmap 1; map 1 | map 1"},
	{"split_with_hardware_bits", FLAT, HARDWARE, "map 0+4", "unmap 1 | protect 2 | query 2"},

	/* Ranges that overlap, nest, and go through several nodes. */
	{"overlapping_maps", FLAT, BASE, "", "map 2+4 | map 4+4"},
	{"overlapping_unmaps", FLAT, BASE, "map 2+8", "unmap 2+4 | unmap 4+4"},
	{"overlapping_unmaps_deep", DEEP, BASE, "map 0+8", "unmap 1+4 | unmap 3+4"},
	{"overlapping_protects", FLAT, BASE, "map 2+4", "protect 3+2 r | protect 3+2 rwx"},
	{"range_map_and_page_unmap", DEEP, BASE, "map 2", "map 0+2 | unmap 2"},
	{"protect_of_two_nodes_and_unmap", FLAT, BASE, "map 0+8", "protect 2+4 | unmap 3"},
	{"nested_unmap_and_map", DEEP, BASE, "map 0+6", "unmap 0+8 | map 6+2"},
	{"nested_protect_and_unmap", DEEP, BASE, "map 0+6", "protect 0+8 | unmap 2+2"},
	{"nested_map_and_map", DEEP, BASE, "", "map 0+8 | map 2+2"},
	{"map_over_an_emptied_node", FLAT, 0, "map 0", "unmap 0 | map 0+4"},
	{"map_over_emptied_nodes_deep", DEEP, 0, "map 0", "unmap 0 | map 0+4"},
	{"protect_over_an_emptied_node", DEEP, 0, "map 0; map 2", "unmap 0 | protect 0+4"},
	{"disjoint_ranges_of_one_node", FLAT, 0, "map 0+2", "unmap 0 | protect 1 | query 1"},

	/* The MMU writes entries at the same time. */
	{"touch_and_protect", FLAT, HARDWARE, "map 0+2", "touch 0 w | protect 0 rwx; protect 0 r"},
	{"touch_and_protect_of_a_large_leaf", FLAT, HARDWARE, "map 0+4",
	 "touch 0 w | protect 0+4 r"},
	{"touch_and_split_by_protect", FLAT, HARDWARE, "map 0+4", "touch 3 w | protect 1 r"},
	{"touch_and_split_by_unmap", FLAT, HARDWARE, "map 0+4", "touch 3 w; touch 2 r | unmap 1+2"},
	{"touch_and_unmap", FLAT, HARDWARE | TRACKED, "map 0+2", "touch 0 w | unmap 0; map 0"},
	{"touch_and_unmap_of_a_large_leaf", FLAT, HARDWARE | TRACKED, "map 0+4",
	 "touch 0 w | unmap 0+4"},
	{"touch_and_cut", DEEP, HARDWARE | BASE, "map 0+4", "touch 0 w | unmap 0+4 | touch 3"},
	{"touch_and_unmap_reported", FLAT, HARDWARE | REPORTED, "map 0+2", "touch 0 w | unmap 0+2"},
	{"touch_and_cut_reported", FLAT, HARDWARE | REPORTED | BASE, "map 0+4",
	 "touch 0 w | unmap 0+4"},
	{"touch_and_cut_tracked", DEEP, HARDWARE | TRACKED | BASE, "map 0+4",
	 "touch 3 w | unmap 0+4"},
	{"touch_and_cursor_takes_reported", DEEP, HARDWARE | REPORTED | BASE, "map 0+4",
	 "touch 3 w | open 0+4; take 4; close"},
	{"touch_and_cursor", FLAT, HARDWARE, "map 0+4",
	 "touch 3 w | open 0+4; set 2 r; look; move; look; close"},
	{"touch_and_cursor_takes", FLAT, HARDWARE, "map 0+2",
	 "touch 0 w | open 0+2; take 1; close"},
	{"touch_and_cursor_takes_a_part", FLAT, HARDWARE, "map 0+4",
	 "touch 0 w | open 0+2; take 1; close"},
	{"touch_split_and_protect", FLAT, HARDWARE, "map 0+4",
	 "touch 3 w | protect 1 r | protect 2 r"},

	/* The MMU caches what it meets. */
	{"use_and_unmap", FLAT, CACHED, "map 0+2", "use 0; use 0 | unmap 0"},
	{"use_and_protect", FLAT, CACHED, "map 0+2", "use 0; use 0 | protect 0 r"},
	{"use_and_cut", DEEP, CACHED | BASE, "map 0+4", "use 1 | unmap 0+4"},
	{"use_and_split", FLAT, CACHED, "map 0+4", "use 0; use 0 | unmap 1"},
	{"use_and_cursor", FLAT, CACHED, "map 0+4", "use 0; use 0 | open 0+2; take 1; close"},

	/* What was present is broken and flushed before it is something else. */
	{"break_by_unmap", BREAKING, CACHED, "map 0+4", "use 0; use 0 | unmap 1"},
	{"break_by_protect", BREAKING, CACHED, "map 0+4", "use 1; use 1 | protect 1 r"},
	{"break_by_cursor", BREAKING, CACHED, "map 0+4",
	 "use 3; use 3 | open 0+2; take 1; set 1 r; close"},
	{"break_by_both", BREAKING, CACHED, "map 0+4", "use 0 | unmap 1 | protect 2"},
	{"break_and_query", BREAKING, CACHED, "map 0+4", "unmap 1 | query 0; query 1; query 2"},
	{"break_and_fault", BREAKING, CACHED, "map 0+4", "protect 1 | fault 0"},
	{"break_and_map", BREAKING, CACHED, "map 0+4", "use 1 | unmap 1 | map 1"},
	{"break_and_touch", BREAKING, CACHED | HARDWARE, "map 0+4", "touch 3 w | protect 1 r"},
	{"break_and_touch_tracked", BREAKING, CACHED | HARDWARE | TRACKED, "map 0+4",
	 "touch 1 w | unmap 1"},
	{"unmap_and_map_of_a_page_in_use", BREAKING, CACHED, "map 0+2",
	 "use 0; use 0 | unmap 0 | map 0"},
	{"unmap_and_map_of_a_page_in_use_with_bits", BREAKING, CACHED | HARDWARE, "map 0+2",
	 "use 0; use 0 | unmap 0 | map 0"},
	{"unmap_of_two_nodes_and_map_in_one_in_use", BREAKING, CACHED | BASE, "map 2+4",
	 "use 3; use 3 | unmap 3+2 | map 3"},
	{"cut_and_map_of_what_is_in_use", BREAKING, CACHED | BASE, "map 0+3",
	 "use 0; use 0 | unmap 0+4 | map 0"},
	{"empty_and_map_of_what_is_in_use", BREAKING, CACHED, "map 0",
	 "use 0; use 0 | unmap 0 | map 0+4"},
	{"empty_and_map_of_what_is_in_use_deep", DEEP_BREAKING, CACHED | BASE, "map 0",
	 "use 0; use 0 | unmap 0; map 1"},
	{"cursor_takes_and_maps_what_is_in_use", BREAKING, CACHED, "map 0+2",
	 "use 0; use 0 | open 0+2; take 1; jump 0; put 1; close"},
	{"cursor_takes_and_others_map_what_is_in_use", BREAKING, CACHED, "map 0+3",
	 "use 0; use 0 | open 0+2; take 1; close | map 0"},
	{"cursor_maps_a_leaf_over_an_emptied_node_in_use", BREAKING, CACHED, "map 0",
	 "use 0; use 0 | unmap 0; open 0+4; put 2; close"},

	/* Fills. */
	{"fills_of_one_page", FLAT, 0, "", "fill 0 | fill 0"},
	{"fills_of_one_page_in_a_node", FLAT, 0, "map 1", "fill 0 | fill 0"},
	{"fills_that_both_need_a_new_node", FLAT, 0, "", "fill 0 | fill 1"},
	{"fills_that_both_need_two_new_nodes", DEEP, 0, "", "fill 0 | fill 2"},
	{"fills_of_a_large_leaf_and_a_page_in_it", FLAT, 0, "", "fill 0+4 | fill 2"},
	{"fill_and_map_of_a_large_leaf", FLAT, 0, "", "fill 2+4 | map 0+4"},
	{"fill_and_unmap_of_one_page", FLAT, TRACKED, "fill 0",
	 "unmap 0; fill 0 | fill 0; unmap 0"},
	{"fill_and_unmap_that_empties_the_node", FLAT, 0, "map 0", "fill 1 | unmap 0"},
	{"fill_and_unmap_that_empties_two_nodes", DEEP, 0, "map 0", "fill 1 | unmap 0"},
	{"fill_and_cut", FLAT, BASE, "map 0+3", "fill 3 | unmap 0+4"},
	{"fill_and_cut_deep", DEEP, BASE, "map 0+3", "fill 3 | unmap 0+4"},
	{"fill_and_query", DEEP, 0, "", "fill 0 | query 0; walk 0"},
	{"fill_of_contents", FLAT, 0, "", "write 0; fill 0 | read 0"},
	{"fill_of_contents_in_a_node", FLAT, 0, "map 1", "write 0; fill 0 | read 0"},

	/* Writing is forbidden from above, and allowed again. */
	{"allows_in_one_node", NARROW, 0, "map 0+3; forbid 0+4", "allow 0 | allow 1"},
	{"allows_of_one_page", NARROW, 0, "map 0+3; forbid 0+4", "allow 0 | allow 0"},
	{"allows_in_two_nodes", DEEP_NARROW, BASE, "map 0+4; forbid 0+8", "allow 0 | allow 2"},
	{"allows_of_parts_of_a_large_leaf", NARROW, 0, "map 0+4; forbid 0+4", "allow 0 | allow 3"},
	{"allow_and_forbid", NARROW, 0, "map 0+3; forbid 0+4", "allow 0 | forbid 0+4"},
	{"allow_and_forbid_of_a_page", NARROW, 0, "map 0+3; forbid 0+4", "allow 0 | forbid 0+2"},
	{"allow_and_forbid_deep", DEEP_NARROW, BASE, "map 0+4; forbid 0+8", "allow 0 | forbid 0+4"},
	{"allow_and_store", NARROW, 0, "map 0+3; forbid 0+4", "allow 0 | store 1; store 0"},
	{"allow_and_store_deep", DEEP_NARROW, BASE, "map 0+4; forbid 0+8",
	 "allow 0 | store 1; store 2"},
	{"forbid_and_store", NARROW, 0, "map 0+3", "forbid 0+4 | store 1; store 2"},
	{"allow_and_unmap", NARROW, 0, "map 0+3; forbid 0+4", "allow 0 | unmap 0"},
	{"allow_and_unmap_that_empties_the_node", NARROW, 0, "map 0; forbid 0+4",
	 "allow 0 | unmap 0"},
	{"allow_and_cut", NARROW, BASE, "map 0+4; forbid 0+4", "allow 0 | unmap 0+4"},
	{"allow_and_cut_deep", DEEP_NARROW, BASE, "map 0+4; forbid 0+8", "allow 0 | unmap 0+4"},
	{"allow_and_fill", NARROW, 0, "map 0; forbid 0+4", "allow 0 | fill 1; store 0"},
	{"allow_and_protect", NARROW, 0, "map 0+2 rwx", "forbid 0+4; allow 0 | protect 0 r"},
	{"touch_and_forbid", NARROW, HARDWARE, "map 0+3", "touch 0 | forbid 0"},
	{"touch_and_allow", NARROW, HARDWARE, "map 0+3; forbid 0+4", "touch 1 | allow 0"},
	{"touch_and_allow_of_one_page", NARROW, HARDWARE, "map 0+3; forbid 0+4",
	 "touch 0 | allow 0"},
	{"allow_forbid_and_store", NARROW, 0, "map 0+2; forbid 0+4",
	 "allow 0 | forbid 0+4 | store 1"},

	/* Guards and entries. */
	{"hang_and_hang", FLAT, 0, "", "hang 0 | hang 1"},
	{"hang_and_hang_of_one_page", DEEP, 0, "", "hang 0 | hang 0"},
	{"hang_and_map", DEEP, 0, "", "hang 0 | map 1; query 0"},
	{"hang_and_unmap", FLAT, 0, "map 0", "hang 1 | unmap 0"},
	{"hang_and_cut", DEEP, BASE, "map 0+3", "hang 3 | unmap 0+4"},
	{"hang_and_query", DEEP, 0, "", "hang 0; hang 2 | query 2; query 0"},

	/* Items are taken and put once. */
	{"tracked_maps_and_unmaps", FLAT, TRACKED, "map 0", "unmap 0; map 0 | unmap 0"},
	{"tracked_cut_and_split", FLAT, TRACKED, "map 0+8", "unmap 0+8 | unmap 3+2"},
	{"tracked_cut_and_cut_inside", DEEP, TRACKED | BASE, "map 0+4", "unmap 0+4 | unmap 0+2"},

	/* Cursors. */
	{"cursors_that_overlap", FLAT, BASE, "map 2+4",
	 "open 2+4; take 4; close | open 4+4; set 4 r; close"},
	{"cursors_in_one_node", FLAT, 0, "", "open 0+2; put 1; close | open 1+2; put 1; close"},
	{"cursors_that_map_and_take", DEEP, BASE, "map 2",
	 "open 0+4; put 1; put 1; close | open 0+4; take 4; close"},
	{"cursor_takes_while_others_map_and_query", FLAT, BASE, "map 0+2",
	 "open 0+4; take 4; close | map 2 | query 2"},
	{"cursor_takes_an_emptied_node", FLAT, 0, "map 0", "unmap 0 | open 0+4; take 4; close"},
	{"cursor_maps_over_an_emptied_node", FLAT, 0, "map 0", "unmap 0 | open 0+4; put 2; close"},
	{"cursor_maps_over_an_emptied_node_deep", DEEP, 0, "map 0",
	 "unmap 0 | open 0+4; put 2; close"},
	{"cursor_maps_where_a_query_saw_nothing", FLAT, 0, "map 0",
	 "unmap 0 | query 0; open 0+4; put 2; close"},
	{"cursor_takes_where_a_query_saw_nothing", FLAT, 0, "map 0",
	 "unmap 0 | query 0; open 0+4; take 4; close"},
	{"cursor_splits_and_queries", FLAT, 0, "map 0+4",
	 "open 1+2; take 1; look; set 1 r; close | query 2; query 1"},
	{"cursor_splits_and_unmap", FLAT, 0, "map 0+4",
	 "open 1+2; take 1; set 1 r; close | unmap 0+4"},
	{"cursor_finds_what_others_map", DEEP, 0, "map 3",
	 "open 0+4; find 4; look; move; look; close | map 1"},
	{"cursor_empties_a_node_that_another_maps_in", DEEP, 0, "map 0; map 1",
	 "open 0+2; take 2; close | map 1"},
	{"cursor_empties_its_cover", FLAT, 0, "map 0", "open 0+2; take 2; close | map 3"},
	{"tracked_cursors", FLAT, TRACKED, "map 0+4", "open 0+4; take 2; put 1; close | unmap 0+2"},

	/* Faults. */
	{"faults_on_one_page", FLAT, BASE, "", "fault 0 | fault 0"},
	{"faults_on_one_large_leaf", FLAT, 0, "", "fault 0 | fault 3"},
	{"faults_in_neighbours_deep", DEEP, 0, "map 1", "fault 0 | fault 3"},
	{"fault_and_unmap", FLAT, BASE, "map 0", "fault 0 | unmap 0"},
	{"fault_and_protect", FLAT, 0, "map 0+4", "fault 0 w | protect 0 r"},
	{"fault_and_cut", DEEP, BASE, "map 0+4", "fault 1 | unmap 0+4"},
	{"fault_in_part_of_a_node", FLAT, 0, "map 1", "fault 0 | unmap 1"},

	/* The last owner frees. */
	{"destroy_and_deactivate", FLAT, ACTIVE | BASE, "map 0+8", "destroy | off"},
	{"destroy_and_deactivate_tracked", DEEP, ACTIVE | TRACKED, "map 0+8", "destroy | off"},

	/* Three threads. */
	{"three_maps_of_one_page", FLAT, 0, "", "map 0 | map 0 | map 0"},
	{"three_maps_in_one_new_node", FLAT, 0, "", "map 0 | map 1 | map 2"},
	{"three_unmaps_of_a_node", FLAT, 0, "map 0+3", "unmap 0 | unmap 1 | unmap 2"},
	{"map_unmap_query", FLAT, 0, "map 0", "map 1 | unmap 0 | query 1"},
	{"map_cut_query", FLAT, BASE, "map 0+3", "map 3 | unmap 0+4 | query 3; query 0"},
	{"cut_cut_query", DEEP, BASE, "map 0+4", "unmap 0+4 | unmap 0+2 | query 0"},
	{"cut_map_map", FLAT, BASE, "map 0", "unmap 0+4 | map 1 | map 1"},
	{"protect_unmap_fault", FLAT, BASE, "map 0", "protect 0 | unmap 0 | fault 0"},
	{"two_faults_and_an_unmap", FLAT, BASE, "", "fault 0 | fault 0 | unmap 0"},
	{"two_cursors_and_a_query", FLAT, BASE, "map 0",
	 "open 0+2; take 2; close | open 1+2; put 1; close | query 1"},

	/* Longer ones. */
	{"maps_and_unmaps_and_queries", FLAT, LONG, "map 0",
	 "unmap 0; map 0 | map 0; unmap 0 | query 0; query 0"},
	{"neighbours_come_and_go", FLAT, LONG, "",
	 "map 0; unmap 0 | map 1; unmap 1 | map 2; unmap 2"},
	{"nodes_come_and_go_deep", DEEP, LONG, "", "map 0; unmap 0 | map 2; unmap 2 | query 0"},
	{"ranges_come_and_go", FLAT, LONG | BASE, "", "map 2+4; unmap 2+4 | map 4+4; unmap 4+4"},
	{"subtrees_are_cut_again_and_again", DEEP, LONG | BASE, "map 0+4",
	 "unmap 0+4; map 0+2 | unmap 0+2; map 1 | query 1"},
	{"large_leaves_are_split_and_made_anew", FLAT, LONG, "map 0+4",
	 "unmap 1; unmap 0+4; map 0+4 | protect 2; unmap 3"},
	{"cuts_maps_and_unmaps", FLAT, LONG | BASE, "map 0+4",
	 "unmap 0+4; map 0 | map 1; unmap 0+2 | unmap 1; map 0+4"},
	{"cuts_maps_and_queries_deep", DEEP, LONG | BASE, "map 0+4",
	 "unmap 0+8; map 0 | map 1; protect 0+4 | unmap 1; query 1"},
	{"splits_and_faults_deep", DEEP, 0, "map 0+4",
	 "unmap 1; map 1 | protect 2; unmap 2 | query 1; fault 2"},
	{"touches_protects_and_unmaps", FLAT, LONG | HARDWARE | TRACKED, "map 0+4",
	 "touch 1 w; touch 2 w | protect 1 r; unmap 2 | unmap 0+2"},
	{"wide_ranges_meet", WIDE, LONG, "map 0+4; map 20+2",
	 "unmap 2+20 | map 5; protect 0+32 | query 3; query 21"},
	{"cursors_come_and_go", FLAT, LONG | BASE, "map 0+2",
	 "open 0+4; take 4; jump 0; put 1; close | open 1+3; set 3 r; close | map 3; unmap 2"},
	{"faults_and_unmaps", FLAT, LONG | BASE, "",
	 "fault 0; unmap 0 | fault 0; unmap 0 | fault 1"},
	{"guards_and_unmaps", DEEP, LONG, "", "hang 0; unmap 0 | hang 1; unmap 1 | hang 2"},
};

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
