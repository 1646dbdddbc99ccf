-- When preparing a class begins, learned from how long it took; and the plan made long before, that changes nothing.

alter table session
  add column lead_seconds int, -- learned: so long before it must be ready its preparation begins; null: as the plan says
  add column lead_reason jsonb not null default '[]'; -- [{ code, params }], for people

-- What preparing one session took: a row is one experience, kept when its runs are not.
create table lead_sample (
  session_id uuid primary key references session on delete cascade,
  installation_id text not null default current_setting('labplan.installation') references installation,
  pool_key text not null,
  pool_kind text not null check (pool_kind in ('own', 'mixed', 'bought')),
  image text not null,
  seats int not null check (seats > 0),
  together int not null check (together > 0), -- seats of its pool started for the same hour, its own among them
  plan_seconds numeric not null check (plan_seconds >= 0),
  apply_seconds numeric not null check (apply_seconds >= 0),
  warm_seconds numeric not null check (warm_seconds >= 0),
  total_seconds numeric not null check (total_seconds >= 0),
  created_at timestamptz not null
);
create index lead_sample_latest on lead_sample (created_at desc);

-- Due instants are rows: a session is planned at noon of the last working day before, and a day before it starts.
create table early_plan (
  session_id uuid not null references session on delete cascade,
  due_at timestamptz not null,
  installation_id text not null default current_setting('labplan.installation') references installation,
  state text not null check (state in ('running', 'passed', 'failed')),
  started_at timestamptz not null,
  ended_at timestamptz,
  attempts int not null default 1,
  problems jsonb not null default '[]', -- [{ code, params }]: what would fail
  primary key (session_id, due_at)
);
