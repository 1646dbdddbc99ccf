-- What a session made, took away and keeps, said once and for good when it closes.

alter table session
  add column opened_at timestamptz,
  add column ended_at timestamptz,
  add column closed_at timestamptz; -- set with its receipt; a session imported when it was over has neither

-- One object's life: from the run after which it was seen to the run after which it was gone.
create table made_object (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  stack_id uuid not null references stack,
  kind text not null check (kind in ('service', 'volume', 'secret')),
  name text not null,
  came_at timestamptz not null,
  came_by uuid not null references run,
  gone_at timestamptz,
  gone_by uuid references run
);
create unique index made_object_there on made_object (kind, name) where gone_at is null;
create index made_object_stack on made_object (stack_id, came_at);

-- A chain without gaps: each receipt's text holds the hash of the one before it. Never updated or deleted.
create table receipt (
  number int primary key check (number > 0),
  installation_id text not null default current_setting('labplan.installation') references installation,
  session_id uuid not null references session,
  body text not null, -- canonical JSON: exactly what was hashed
  hash text not null unique, -- sha-256 of body, hex
  created_at timestamptz not null
);
create index receipt_session on receipt (session_id, number);

create function receipt_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'A receipt is never changed: write another session''s, or restore a backup.';
end $$;
create trigger receipt_is_final before update or delete on receipt
  for each row execute function receipt_is_final();
