"""Addresses of one contact."""

from django.urls import path

from hirocrm.web.contact import answers, moves, picture, views

urlpatterns = [
    path("contacts/<uuid:contact_id>", views.show, name="contact"),
    path("contacts/<uuid:contact_id>/picture", picture.show, name="contact-picture"),
    path("contacts/<uuid:contact_id>/messages", views.earlier, name="contact-messages"),
    path("contacts/<uuid:contact_id>/activities", views.activities, name="contact-activities"),
    path("contacts/<uuid:contact_id>/move", moves.move, name="contact-move"),
    path("contacts/<uuid:contact_id>/undo", moves.undo, name="contact-undo"),
    path("contacts/<uuid:contact_id>/accept", answers.accept, name="contact-accept"),
    path("contacts/<uuid:contact_id>/correct", answers.correct, name="contact-correct"),
    path("contacts/<uuid:contact_id>/dismiss", answers.dismiss, name="contact-dismiss"),
    path("contacts/<uuid:contact_id>/edit", views.edit, name="contact-edit"),
    path("contacts/<uuid:contact_id>/delete", views.delete, name="contact-delete"),
    path("contacts/<uuid:contact_id>/notes", views.add_note, name="contact-notes"),
    path(
        "contacts/<uuid:contact_id>/notes/<uuid:note_id>/delete",
        views.delete_note,
        name="contact-note-delete",
    ),
    path("contacts/<uuid:contact_id>/tasks", views.add_task, name="contact-tasks"),
    path("contacts/<uuid:contact_id>/tasks/<uuid:task_id>", views.set_task, name="contact-task"),
    path("contacts/<uuid:contact_id>/tags", views.add_tags, name="contact-tags"),
    path("contacts/<uuid:contact_id>/tags/remove", views.remove_tag, name="contact-tag-remove"),
]
