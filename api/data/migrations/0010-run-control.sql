-- People's word on runs, and what a stack waits for.

-- Somebody asked a run to end. Its worker reads it; the run's own state says what came of it.
create table run_cancellation (
  run_id uuid primary key references run on delete cascade,
  installation_id text not null default current_setting('labplan.installation') references installation,
  asked_at timestamptz not null,
  asked_by text not null, -- a pseudonym
  asked_by_role text not null
);

-- Set while a stack waits after a cancelled run: until somebody retries it, what is wanted of it changes, or
-- retry_at (a destroy, and a run that ended without a word, go on by themselves).
alter table stack add column cancelled_run_id uuid references run;

-- Since when it is not what is wanted. When a run was last asked for, until one takes the stack.
alter table stack add column due_since timestamptz;
alter table stack add column asked_at timestamptz;

create index run_newest on run (created_at desc, id desc);
