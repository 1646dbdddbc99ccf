-- Machines beyond the timeline: who waits for room, and why each machine is on.
alter table seat add column homeless_at timestamptz; -- since when no machine has room for it; null while one has
create index seat_homeless on seat (homeless_at) where homeless_at is not null;

alter table node
  add column why text check (why in ('class', 'idle', 'queue', 'headroom', 'work', 'unused')), -- null: it goes
  add column course_key text, -- for whose seats, where that is one course's
  add column unused_at timestamptz; -- since when nobody needs it
