-- From when to when a course is open outside its sessions: by default from its first session to its end.
alter table course
  add column outside_from timestamptz,
  add column outside_until timestamptz;
