"""Addresses of one contact."""

from django.urls import include, path

from hirocrm.web.contact import answers, moves, views

one = [
    path("", views.show, name="contact"),
    path("/messages", views.earlier, name="contact-messages"),
    path("/activities", views.activities, name="contact-activities"),
    path("/move", moves.move, name="contact-move"),
    path("/undo", moves.undo, name="contact-undo"),
    path("/accept", answers.accept, name="contact-accept"),
    path("/correct", answers.correct, name="contact-correct"),
    path("/dismiss", answers.dismiss, name="contact-dismiss"),
    path("/edit", views.edit, name="contact-edit"),
    path("/delete", views.delete, name="contact-delete"),
    path("/notes", views.add_note, name="contact-notes"),
    path("/notes/<uuid:note_id>/delete", views.delete_note, name="contact-note-delete"),
    path("/tasks", views.add_task, name="contact-tasks"),
    path("/tasks/<uuid:task_id>", views.set_task, name="contact-task"),
    path("/tags", views.add_tags, name="contact-tags"),
    path("/tags/remove", views.remove_tag, name="contact-tag-remove"),
]
urlpatterns = [path("contacts/<uuid:contact_id>", include(one))]
