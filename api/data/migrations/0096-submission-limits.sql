-- How many of a student's submissions a course keeps, and how large they may be together.

alter table course
  add column submissions_most int check (submissions_most > 0), -- null: as the policy has it
  add column submissions_mb int check (submissions_mb > 0);

alter table submission
  -- Why nothing was kept. Null where that was before anybody wrote it down: the folder was not there.
  add column why text check (why in ('no-folder', 'too-large')),
  add check (why is null or state = 'failed');
