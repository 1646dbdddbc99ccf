-- Of a copied activity: the course that was asked for as its new edition. It opens it once that is agreed to.

alter table lms_resource add column asked_course_key text;
