-- Terraform's record: every state ever written, who may write the next, what each run did and when.

-- Versions are never updated or deleted: the newest serial is the state.
create table state_version (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  stack_id uuid not null references stack,
  run_id uuid references run,
  serial bigint not null check (serial >= 0),
  lineage text not null,
  sha256 bytea not null, -- of the plain bytes: the same bytes may come twice
  key_id text not null,
  content bytea not null, -- sealed, bound to stack and serial
  created_at timestamptz not null,
  unique (stack_id, serial)
);

-- Terraform's own lock, one per state. It belongs to a run; the run's lease decides whether it still means anything.
create table state_lock (
  stack_id uuid primary key references stack,
  installation_id text not null default current_setting('labplan.installation') references installation,
  run_id uuid not null references run,
  lock_id text not null,
  info jsonb not null,
  created_at timestamptz not null
);

-- What Terraform said it did to each resource, as it said it.
create table run_event (
  run_id uuid not null references run on delete cascade,
  number int not null,
  installation_id text not null default current_setting('labplan.installation') references installation,
  at timestamptz not null,
  kind text not null check (kind in ('start', 'end', 'error', 'diagnostic', 'note')),
  address text,
  action text,
  object_id text, -- what was made or removed, in the words of its maker
  elapsed_seconds numeric,
  message text,
  primary key (run_id, number)
);

-- The steps of a run with their times.
create table run_step (
  run_id uuid not null references run on delete cascade,
  number int not null,
  installation_id text not null default current_setting('labplan.installation') references installation,
  name text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  primary key (run_id, number)
);

-- What it ran with: engine and provider hashes. A plan is only as good as its tools.
alter table run add column toolchain jsonb;
