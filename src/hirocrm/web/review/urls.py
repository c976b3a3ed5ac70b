"""Addresses of the review queue."""

from django.urls import path

from hirocrm.web.review import views

urlpatterns = [
    path("review", views.queue, name="review"),
    path("review/<uuid:suggestion_id>/answer", views.answer, name="review-answer"),
    path("review/undo", views.undo, name="review-undo"),
]
