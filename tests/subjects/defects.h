/*
 * The defects that the subject can have, one at a time: chosen by the environment
 * variable TYMPAN_DEFECT (with - for _) whenever the factory is called, and only in a
 * binary that was compiled with -DDEFECTS. defects.toml says what each one is.
 */

#ifndef SUBJECT_DEFECTS_H
#define SUBJECT_DEFECTS_H

/* Factory, COM, life */
#define LIFE_DEFECTS(X) \
    X(factory_ignores_type) X(factory_adds_two_references) X(null_slot) X(query_leaves_out_pointer) \
    X(query_null_crashes) X(query_refuses_iunknown) X(query_adds_no_reference) X(add_ref_answers_old_count) \
    X(release_goes_below_zero) X(second_initialize_succeeds) X(initialize_leaves_thread) \
    X(initialize_requests_change) X(create_device_succeeds) X(second_life_fails) X(polling_thread) \
    X(storage_trusts_type) X(storage_value_leaked) X(storage_must_exist) X(storage_not_written)

/* Which objects there are, and which properties they have */
#define OBJECT_DEFECTS(X) \
    X(owned_list_repeats_first) X(owned_list_drops_mute) X(device_list_has_dead_object) X(stream_owner_wrong) \
    X(streams_unscoped) X(owned_filter_ignored) X(owned_filter_exact_only) X(base_class_wrong) \
    X(control_list_empty) X(hidden_missing) X(default_device_missing) X(available_formats_missing) \
    X(resource_bundle_missing) X(custom_list_missing) X(host_made_property) X(pid_gated)

/* What properties say */
#define VALUE_DEFECTS(X) \
    X(related_without_itself) X(first_channel_not_stacked) X(direction_inverted) X(second_device_has_first_uid) \
    X(model_uid_is_uid) X(uid_changes) X(period_too_small) X(period_follows_rate) X(rate_not_listed) \
    X(format_keeps_old_rate) X(virtual_format_differs) X(format_reserved_unwritten) X(format_bytes_wrong) \
    X(stereo_zero_based) X(layout_count_wrong) X(element_names_shifted) X(icon_is_string) \
    X(custom_type_unknown) X(control_scope_global)

/* How property calls answer */
#define CALL_DEFECTS(X) \
    X(bad_driver_accepted) X(null_address_crashes) X(null_out_accepted) X(unknown_object_succeeds) \
    X(has_is_always_true) X(element_ignored) X(scope_ignored) X(constant_claims_settable) X(rate_not_settable) \
    X(read_only_set_succeeds) X(set_size_ignored) X(empty_set_crashes) X(short_buffer_written) \
    X(short_buffer_succeeds) X(short_list_refused) X(list_ignores_capacity) X(list_cut_inside_element) \
    X(size_disagrees) X(size_needs_qualifier) X(size_makes_string) X(qualifier_size_ignored) \
    X(translate_inverted) X(unknown_uid_fails) X(string_not_retained) X(string_over_retained) \
    X(string_is_bytes) X(set_keeps_borrowed_string) X(set_trusts_type) X(getter_notifies)

/* Controls and notifications */
#define CONTROL_DEFECTS(X) \
    X(volume_curves_differ) X(volume_not_clamped) X(volume_out_of_range_refused) X(volume_notifies_scalar_only) \
    X(control_notifies_its_scope) X(unchanged_set_notifies) X(change_not_notified) X(notifies_before_value) \
    X(notifies_under_lock) X(mute_is_stuck) X(unknown_source_accepted) X(source_names_equal) \
    X(running_not_notified) X(box_hides_change_from_plugin)

/* Clients, start and stop, the clock */
#define CLOCK_DEFECTS(X) \
    X(client_info_borrowed) X(client_string_leaked) X(client_without_bundle_crashes) X(fifth_client_refused) \
    X(removed_client_stops_io) X(unknown_client_crashes) X(unknown_client_refused) X(second_start_refused) \
    X(second_start_reanchors) X(first_stop_stops_all) X(stop_goes_below_zero) X(failed_start_counted) \
    X(devices_share_start) X(stamp_in_future) X(stamp_one_period_per_call) X(stamp_moves) X(stamp_spacing_off) \
    X(stamp_truncates_ticks) X(timebase_divided_as_integers) X(stamp_goes_back) X(stamp_not_at_once) \
    X(stamp_wraps_at_32_bits) X(stamp_torn) X(seed_constant) X(seed_changes_always) X(clock_keeps_old_rate)

/* IO operations */
#define IO_DEFECTS(X) \
    X(write_not_promised) X(read_not_in_place) X(unpromised_operation_done) X(io_on_unknown_device) \
    X(null_cycle_crashes) X(null_buffer_crashes) X(write_before_start_crashes) X(io_after_stop_crashes) \
    X(sample_time_ignored) X(reads_share_cursor) X(sample_time_saturates_at_32_bits) X(negative_time_mirrored) \
    X(stale_audio_loops) X(old_line_audible) X(silence_left_unwritten) X(silence_is_error) \
    X(scratch_too_small) X(ring_too_short) X(stride_of_widest) X(integers_taken_for_floats) X(integers_wrap) \
    X(audio_clipped) X(gain_is_scalar) X(gain_twice) X(mute_leaves_audio) \
    X(io_allocates) X(io_locks) X(stamp_locks) X(io_prints) X(notifies_from_io)

/* Configuration changes */
#define CHANGE_DEFECTS(X) \
    X(rate_changes_at_once) X(rate_never_changes) X(any_rate_accepted) X(same_rate_requested) \
    X(second_rate_lost) X(listed_format_refused) X(request_under_lock) X(abort_applies) X(abort_leaks_info) \
    X(aborted_change_blocks_others) X(refused_change_blocks_others) X(unknown_change_applied) \
    X(perform_refused_while_running) X(perform_keeps_line) X(perform_notifies_rate)

#define ALL_DEFECTS(X) \
    LIFE_DEFECTS(X) OBJECT_DEFECTS(X) VALUE_DEFECTS(X) CALL_DEFECTS(X) \
    CONTROL_DEFECTS(X) CLOCK_DEFECTS(X) IO_DEFECTS(X) CHANGE_DEFECTS(X)

#define DEFECT_NUMBER(name) defect_##name,
enum defect_number { NO_DEFECT, ALL_DEFECTS(DEFECT_NUMBER) DEFECT_COUNT };

#ifdef DEFECTS
extern enum defect_number chosen_defect;
extern void choose_defect(void);
#define DEFECTIVE 1
#define defect(name) (chosen_defect == defect_##name)
#else
#define DEFECTIVE 0
#define defect(name) 0
#define choose_defect() ((void)0)
#endif

#endif
