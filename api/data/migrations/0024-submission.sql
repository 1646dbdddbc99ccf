-- What students hand in: each as it was, for good.

alter table course
  add column takes_submissions boolean not null default false,
  add column submissions_due_at timestamptz; -- null: nothing is late

create table submission (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  workspace_id uuid not null references workspace,
  number int not null check (number > 0), -- 1, 2, 3, … of its workspace
  volume_id uuid not null references volume,
  path text not null, -- the folder, as the storage agent names it
  -- making: asked for; kept: whole, and never changed again; failed: there was nothing to keep
  state text not null check (state in ('making', 'kept', 'failed')),
  due_at timestamptz, -- the deadline when it was handed in
  created_at timestamptz not null,
  kept_at timestamptz,
  bytes bigint,
  files int,
  left_out int, -- links and the like, named in the archive
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  unique (workspace_id, number),
  check ((state = 'kept') = (sha256 is not null and bytes is not null and kept_at is not null))
);
create index submission_making on submission (created_at) where state = 'making';

create function submission_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'A submission is never changed.';
end $$;
create trigger submission_is_final before update on submission
  for each row when (old.state = 'kept') execute function submission_is_final();
