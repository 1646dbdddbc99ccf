-- Whose a course is, and with whom it is shared, besides the LMS courses that point at it.

-- Any teacher of the zone may open it from an activity, and duplicate it. What infra imports is; what a teacher makes is theirs.
alter table course add column usable_by_all boolean not null default true;

create table course_share (
  course_id uuid not null references course,
  person_id uuid not null references person,
  capability text not null check (capability in ('use', 'view', 'edit')),
  installation_id text not null default current_setting('labplan.installation') references installation,
  created_at timestamptz not null,
  primary key (course_id, person_id)
);
create index on course_share (person_id);
