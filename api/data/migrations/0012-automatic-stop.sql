-- When workspaces stop by themselves, how far a click moves that, and when they are warned of it.

-- As the approved blueprint has it, resolved (stacks/rules/lifecycle.ts).
alter table course
  add column lifecycle jsonb not null default
    '{"stopMinutes": 120, "warnMinutes": 10, "extendMinutes": 60, "extendTimes": 3, "reserveMinutes": 120}',
  add column gpus int not null default 0, -- of one seat
  drop column outside_minutes; -- it is in lifecycle

alter table session
  add column kind text not null default 'class' check (kind in ('class', 'exam', 'project', 'booking'));

alter table workspace
  add column started_at timestamptz, -- when it last got a place
  add column extensions int not null default 0; -- since then

-- The clock looks at those who run, often.
create index workspace_running on workspace (stops_at)
  where state in ('starting', 'ready', 'resetting', 'failed');
