"""Addresses of the inbox."""

from django.urls import path

from hirocrm.web.inbox import answering, replies, views

urlpatterns = [
    path("inbox", views.inbox, name="inbox"),
    path("inbox/<uuid:conversation_id>", views.conversation, name="inbox-conversation"),
    path("inbox/<uuid:conversation_id>/send", answering.send, name="inbox-send"),
    path("inbox/<uuid:conversation_id>/state", answering.change_state, name="inbox-state"),
    path("inbox/outgoing/<uuid:outgoing_id>/again", answering.send_again, name="outgoing-again"),
    path("inbox/outgoing/<uuid:outgoing_id>/discard", answering.discard, name="outgoing-discard"),
    path("inbox/files/<uuid:upload_id>", answering.show_file, name="inbox-file"),
    path("inbox/quick-replies", replies.quick_replies, name="quick-replies"),
    path("inbox/quick-replies/<uuid:reply_id>", replies.edit, name="quick-reply"),
    path("inbox/quick-replies/<uuid:reply_id>/delete", replies.delete, name="quick-reply-delete"),
]
