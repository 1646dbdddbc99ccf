-- What a pass of the reconciler looks at is a small part of a campus: found without reading all of it.
create index seat_living on seat (course_id, number) where state <> 'absent' or wanted_on;
create index seat_existing on seat (course_id, number) where state <> 'absent';
create index seat_kept on seat (course_id, number) where taken or volume_made;
create index seat_later on seat (course_id, number) where generation > 1;
create index seat_held on seat (course_id) where held;
create index workspace_present on workspace (course_id)
  where state in ('queued', 'starting', 'ready', 'resetting', 'stopping', 'failed');
