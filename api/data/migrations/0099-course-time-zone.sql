-- The time zone in which a course's plan is written, where it is another than its zone's: pages and notices say hours in it.

alter table course add column time_zone text; -- null: as its zone has it

update course set time_zone = substring(document from '(?n)^timeZone:[ \t]*["'']?([A-Za-z0-9_+/-]+)');

-- Who comes in again is asked for what they have open.
create index login_person on login (person_id);
