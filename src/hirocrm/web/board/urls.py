"""Addresses of the board."""

from django.urls import path

from hirocrm.web.board import views

urlpatterns = [
    path("", views.home, name="home"),
    path("board", views.board, name="board"),
    path("board/unplaced", views.unplaced, name="board-unplaced"),
    path("board/<uuid:pipeline_id>/stages/<uuid:stage_id>", views.column, name="board-column"),
    path("board/<uuid:pipeline_id>/stages/<uuid:stage_id>/cards", views.cards, name="board-cards"),
]
