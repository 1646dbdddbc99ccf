-- Lists of LMS courses (Names and Roles): who is on them comes, who left is dormant and keeps their seat.
alter table membership add column state text not null default 'active' check (state in ('active', 'dormant'));
alter table membership add column state_at timestamptz; -- when it last became so
update membership set state_at = seen_at;
alter table membership alter column seen_at drop not null; -- null: on the list, and never came
alter table membership add column listed_at timestamptz; -- when a list last had them
create index membership_context on membership (lms_context_id, role, state);

alter table lms_context add column roster_read_at timestamptz; -- when the list was last read in full
alter table lms_context add column roster_tried_at timestamptz;
alter table lms_context add column roster_asked_at timestamptz; -- by a teacher's launch
alter table lms_context add column roster_failures int not null default 0; -- in a row
alter table lms_context add column roster_code text; -- why the last reading failed
alter table lms_context add column roster_params jsonb not null default '{}';
alter table lms_context add column roster_taken_until timestamptz; -- being read by somebody

-- An activity that the LMS shows to a part of its course: who they are.
alter table lms_resource add column is_restricted boolean not null default false;
create table lms_resource_member (
  resource_id uuid not null references lms_resource on delete cascade,
  person_id uuid not null references person,
  installation_id text not null default current_setting('labplan.installation') references installation,
  primary key (resource_id, person_id)
);

-- Whether its sessions are for as many as come, and what was last proposed because of it.
alter table course add column follows_roster boolean not null default false;
alter table course add column roster_proposed text;
