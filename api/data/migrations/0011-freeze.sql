-- What Terraform may not do for a while: in one pool or in all, until an instant. Active rows are found by time,
-- so a freeze ends by itself.
create table run_freeze (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  pool_id uuid references pool, -- null: every pool
  applies boolean not null,
  destroys boolean not null,
  reason text not null check (reason <> ''),
  starts_at timestamptz not null,
  until_at timestamptz not null,
  ended_at timestamptz, -- taken back before its end
  asked_by text not null,
  check (applies or destroys),
  check (until_at > starts_at)
);
create index run_freeze_active on run_freeze (until_at) where ended_at is null;
