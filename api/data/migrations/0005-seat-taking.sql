-- Taking a seat and a place, and turning seats on and off.

alter table course
  add column title jsonb not null default '{"en": "", "fr": ""}',
  add column allowance_seats int not null default 0,
  add column places_outside int not null default 0, -- at once, outside every session
  add column outside_minutes int not null default 120, -- automatic stop outside class
  add column places_until timestamptz; -- until when the rows of place are right

-- Who runs: a session or a course's headroom has so many places at once. A row is one of them.
create table place (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  course_id uuid not null references course,
  workspace_id uuid unique references workspace
);
create index place_free on place (course_id) where workspace_id is null;

-- What a seat is made of, kept while any seat still is made of it.
create table seat_template (
  digest text primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  body jsonb not null
);

alter table seat
  add column taken boolean not null default false, -- has a workspace, for good
  add column wanted_generation int not null default 1,
  add column applied_generation int, -- what Terraform last made; null: no service
  add column template_digest text references seat_template, -- what Terraform last made it of
  add column start_failures int not null default 0,
  add column start_after timestamptz;
create index seat_untaken on seat (course_id, state, number) where not taken;
create index seat_on on seat (state) where wanted_on or state not in ('absent', 'cold');

alter table seat_port
  add column required boolean not null default true,
  add column title jsonb not null default '{"en": "", "fr": ""}';
