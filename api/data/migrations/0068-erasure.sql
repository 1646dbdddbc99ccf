-- Who asks to be forgotten: what goes, what a duty keeps and until when, and the proof that it went.

-- A duty to keep what was handed in, as the course declares it; null: there is none.
alter table course
  add column submissions_duty jsonb, -- why: { en, fr }
  add column submissions_duty_until timestamptz,
  add check ((submissions_duty is null) = (submissions_duty_until is null));

create table erasure (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  person_id uuid references person, -- null once nothing of theirs is left to go
  line jsonb not null, -- as the ledger beside the database has it: keyed hashes, nobody's name
  ordered_by text not null check (ordered_by in ('person', 'administrator', 'operator', 'replay')),
  ordered_at timestamptz not null,
  token_hash bytea unique, -- whoever has the token may read what became of it
  kept_name text, -- whose submissions those are that a duty keeps; gone with the last of them
  -- open: something is still to go; kept: all but what a duty keeps is gone
  state text not null check (state in ('open', 'kept', 'done')),
  state_at timestamptz not null,
  check (state <> 'done' or (kept_name is null and person_id is null))
);

create table erasure_item (
  id uuid primary key,
  erasure_id uuid not null references erasure,
  installation_id text not null default current_setting('labplan.installation') references installation,
  kind text not null check (kind in ('volume', 'submission')),
  name text not null, -- of the volume; of a submission its id, which is its file's name
  course text not null,
  number int not null, -- of the seat, or of the submission
  bytes bigint,
  state text not null check (state in ('wanted', 'kept', 'gone')),
  reason jsonb, -- why it is kept: { en, fr }
  kept_until timestamptz,
  gone_at timestamptz,
  unique (erasure_id, kind, name),
  check ((state = 'kept') <= (reason is not null and kept_until is not null)),
  check ((state = 'gone') = (gone_at is not null))
);

create table erasure_receipt (
  number int primary key check (number > 0), -- a chain without gaps
  erasure_id uuid not null references erasure,
  installation_id text not null default current_setting('labplan.installation') references installation,
  body text not null, -- canonical JSON: exactly what was hashed
  hash text not null unique,
  created_at timestamptz not null
);
create trigger erasure_receipt_is_final before update or delete on erasure_receipt
  for each row execute function purge_is_final();

-- Why a volume is purged; and one that was erased is never begun anew.
alter table purge add column reason text not null default 'retention' check (reason in ('retention', 'erasure'));
alter table volume add column erased_at timestamptz;
