-- What a student's page shows of a course: its description, and how its ways in are shown (stacks/schema-display.ts).
alter table course add column description jsonb;
alter table course add column display jsonb not null default '{"ports": [], "buttons": []}';
-- A path of the environment that the last launch or link led to; the way in goes there.
alter table workspace add column open_path text;
