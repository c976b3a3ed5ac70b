"""Addresses of the list of contacts."""

from django.urls import path

from hirocrm.web.contacts import bulk, news, saved, views

urlpatterns = [
    path("contacts", views.list_contacts, name="contacts"),
    path("contacts/news", news.show_news, name="contacts-news"),
    path("contacts/tags", views.suggest_tags, name="contact-tag-words"),
    path("contacts/bulk/move", bulk.move, name="contacts-move"),
    path("contacts/bulk/undo", bulk.undo, name="contacts-undo"),
    path("contacts/bulk/tag", bulk.tag, name="contacts-tag"),
    path("contacts/bulk/tag/undo", bulk.undo_tag, name="contacts-tag-undo"),
    path("contacts/bulk/untag", bulk.untag, name="contacts-untag"),
    path("contacts/bulk/untag/undo", bulk.undo_untag, name="contacts-untag-undo"),
    path("contacts/bulk/delete", bulk.delete, name="contacts-delete"),
    path("contacts/bulk/estimate", bulk.estimate, name="contacts-estimate"),
    path("contacts/bulk/reanalyze", bulk.reanalyze, name="contacts-reanalyze"),
    path("contacts/export", bulk.export, name="contacts-export"),  # type: ignore[arg-type]  # the stubs know no asynchronous views
    path("contacts/views", saved.save, name="saved-view-save"),
    path("contacts/views/<uuid:view_id>/delete", saved.remove, name="saved-view-delete"),
]
