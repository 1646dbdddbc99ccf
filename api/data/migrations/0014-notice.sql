-- Telling people: what happened is a notice, written with what it is about; whom it is brought to, and by which
-- way, is a delivery, made and tried by the worker.

create table notice (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  code text not null, -- of the catalogue: `notice.…`
  params jsonb not null default '{}', -- no student's name, ever
  lines jsonb not null default '[]', -- [{ code, params }]: what more there is to say, in order
  audience text not null check (audience in ('teachers', 'infra', 'both', 'address')),
  course_id uuid references course,
  session_id uuid references session,
  thread text not null, -- what it is about: on a page a newer one of the same thread stands for the older
  dedupe_key text not null unique, -- told once
  shown_until timestamptz, -- on the course's page; null: not shown there
  created_at timestamptz not null,
  addressed_at timestamptz -- null: its deliveries are still to be made
);
create index notice_course on notice (course_id, shown_until) where shown_until is not null;
create index notice_unaddressed on notice (created_at) where addressed_at is null;

create table notice_delivery (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  notice_id uuid not null references notice on delete cascade,
  channel text not null check (channel in ('mail', 'webhook')),
  person_id uuid references person, -- their address is read when it is sent, and kept nowhere else
  address text, -- of the infra team
  locale text not null check (locale in ('en', 'fr')),
  state text not null check (state in ('waiting', 'sent', 'failed')),
  state_at timestamptz not null,
  attempts int not null default 0,
  next_try_at timestamptz not null,
  message text, -- what the other side said last
  check ((person_id is null) <> (address is null))
);
create index notice_delivery_notice on notice_delivery (notice_id);
create index notice_delivery_due on notice_delivery (next_try_at) where state = 'waiting';

-- Since when a session is being prepared: how late it is, and how long it took, count from here.
alter table session add column preparing_at timestamptz;
