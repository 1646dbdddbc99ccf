-- Turns on scarce GPUs, how long people stay, and when seats were last seen at work.

-- Every time a workspace ran: what it was served, and how long those before stayed.
create table stay (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  workspace_id uuid not null references workspace on delete cascade,
  course_id uuid not null references course,
  period text not null, -- key of the project period it ran in; empty outside of them
  started_at timestamptz not null,
  ended_at timestamptz, -- null while it runs
  reason text -- why it ended: asked, or what stopped it
);
create unique index stay_open on stay (workspace_id) where ended_at is null;
create index stay_course on stay (course_id, ended_at desc);

alter table workspace
  add column turn_ends_at timestamptz, -- others wait: its turn ends then; null while nobody does
  add column held_until timestamptz, -- queued: its turn has come, and a place is held for it until then
  add column idle_stops_at timestamptz; -- stops then unless it is seen at work; null: not watched

-- What the counters of a seat's task said last: numbers, never content.
create table seat_sample (
  seat_id uuid primary key references seat on delete cascade,
  installation_id text not null default current_setting('labplan.installation') references installation,
  task_id text not null,
  sampled_at timestamptz not null,
  worked_at timestamptz not null, -- when it was last seen at work
  counters jsonb not null
);

alter table course alter column lifecycle set default
  '{"stopMinutes": 120, "warnMinutes": 10, "extendMinutes": 60, "extendTimes": 3, "reserveMinutes": 120, "turnHours": 4, "holdMinutes": 15, "idleMinutes": 60, "idleMinutesInClass": 0}';
update course set lifecycle =
  '{"turnHours": 4, "holdMinutes": 15, "idleMinutes": 60, "idleMinutesInClass": 0}' || lifecycle;
