"""Addresses of the settings pages."""

from django.urls import path

from hirocrm.web.settings import ai, members, organization, tokens, webhooks

urlpatterns = [
    path("settings", organization.organization, name="settings"),
    path(
        "settings/organizations/<uuid:organization_id>/choose",
        organization.choose,
        name="organization-choose",
    ),
    path("settings/members", members.members, name="members"),
    path("settings/members/<uuid:member_id>/role", members.change_role, name="member-role"),
    path("settings/members/<uuid:member_id>/remove", members.remove, name="member-remove"),
    path(
        "settings/invitations/<uuid:invitation_id>/withdraw",
        members.withdraw,
        name="invitation-withdraw",
    ),
    path("join/<str:secret>", members.join, name="join"),
    path("settings/ai", ai.ai_settings, name="ai-settings"),
    path("settings/ai/analysers", ai.analysers, name="ai-analysers"),
    path("settings/ai/ceiling", ai.ceiling, name="ai-ceiling"),
    path("settings/ai/keys/<uuid:key_id>/test", ai.test_key, name="key-test"),
    path("settings/ai/keys/<uuid:key_id>/switch", ai.switch_key, name="key-switch"),
    path("settings/ai/keys/<uuid:key_id>/reset", ai.reset_key, name="key-reset"),
    path("settings/ai/keys/<uuid:key_id>/delete", ai.delete_key, name="key-delete"),
    path("settings/webhooks", webhooks.webhooks, name="webhooks"),
    path("settings/webhooks/<uuid:entry_id>/replay", webhooks.replay, name="webhook-replay"),
    path("settings/webhooks/<uuid:entry_id>/drop", webhooks.drop, name="webhook-drop"),
    path("settings/tokens", tokens.tokens, name="tokens"),
    path("settings/tokens/<uuid:token_id>/revoke", tokens.revoke, name="token-revoke"),
]
