-- What is due is asked for every other second: each is found by what it waits for, however many classes a term has.
create index session_planned on session (lead_starts_at) where state = 'planned';
create index session_living on session (ends_at) where state in ('planned', 'preparing', 'ready', 'open');
create index session_to_open on session (opens_at) where state in ('preparing', 'ready');
create index session_unready on session (course_id) where state in ('preparing', 'open') and ready_at is null;
create index session_ready on session (ends_at) where state in ('ready', 'open') and ready_at is not null;
create index session_unclosed on session (grace_ends_at) where state = 'ended';
create index session_ready_since on session (ready_at) where ready_at is not null;
create index session_lead on session (key) where lead_seconds is not null and state not in ('closed', 'cancelled');
create index workspace_in_line on workspace (course_id) where state = 'queued' or turn_ends_at is not null;
create index workspace_closed on workspace (opens_at) where state = 'closed';
create index run_open on run (stack_id) where ended_at is null;
