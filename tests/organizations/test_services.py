from datetime import timedelta

import pytest

from hirocrm.core import encryption
from hirocrm.core.errors import Invalid
from hirocrm.organizations import queries, services
from hirocrm.organizations.errors import (
    AlreadyMember,
    ApiTokenNotFound,
    EmailInvalid,
    EmailTaken,
    InvitationNotFound,
    LastOwner,
    MemberNotFound,
    PasswordTooWeak,
    RoleTooWeak,
    ScopeMissing,
)
from hirocrm.organizations.models import ApiToken, AuditEntry, Invitation, Member, User
from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestCreateUser:
    def test_saves_a_user_who_can_sign_in(self):
        user = services.create_user(email=" Ana@Example.com ", password="long-enough-word")

        assert user.email == "ana@example.com"
        assert user.check_password("long-enough-word")

    def test_refuses_a_weak_password(self):
        with pytest.raises(PasswordTooWeak) as refusal:
            services.create_user(email="ana@example.com", password="short")

        assert "at least 8 characters" in refusal.value.sentence
        assert User.objects.count() == 0

    def test_refuses_a_taken_address(self):
        UserFactory(email="ana@example.com")

        with pytest.raises(EmailTaken):
            services.create_user(email="Ana@example.com", password="long-enough-word")

    def test_refuses_what_is_no_address(self):
        with pytest.raises(EmailInvalid):
            services.create_user(email="ana", password="long-enough-word")


class TestCreateApiToken:
    def test_keeps_only_a_hash(self, owner, now):
        token, plain = services.create_api_token(
            member=owner, name="CI", scopes=["write", "read"], now=now
        )

        assert plain.startswith("hiro_")
        assert token.token_hash == encryption.keyed_hash(plain)
        assert token.hint == plain[-4:]
        assert token.scopes == ["read", "write"]
        assert AuditEntry.objects.get().action == "api_token.created"

    @pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "root"]])
    def test_refuses_unknown_scopes(self, owner, now, scopes):
        with pytest.raises(Invalid):
            services.create_api_token(member=owner, name="CI", scopes=scopes, now=now)

        assert ApiToken.objects.count() == 0

    def test_refuses_a_reading_token_that_wants_more(self, owner, now):
        owner.token_scopes = ("read",)

        with pytest.raises(ScopeMissing):
            services.create_api_token(member=owner, name="CI", scopes=["admin"], now=now)

    def test_is_found_by_its_secret_with_its_scopes(self, agent, now):
        _, plain = services.create_api_token(member=agent, name="CI", scopes=["read"], now=now)

        use = queries.find_token_use(plain)

        assert use is not None
        assert use.member == agent
        assert use.member.token_scopes == ("read",)

    def test_is_found_after_the_secret_key_was_rotated(self, agent, now, settings):
        _, plain = services.create_api_token(member=agent, name="CI", scopes=["read"], now=now)

        settings.ENCRYPTION_KEYS = ("a-new-key-of-some-length", *settings.ENCRYPTION_KEYS)

        assert queries.find_token_use(plain) is not None


class TestRevokeApiToken:
    def test_ends_it(self, agent, now):
        token, plain = services.create_api_token(member=agent, name="CI", scopes=["read"], now=now)

        services.revoke_api_token(member=agent, token_id=token.id, now=now)

        assert queries.find_token_use(plain) is None

    def test_hides_a_colleagues_token_from_an_agent(self, owner, agent, now):
        token, plain = services.create_api_token(member=owner, name="CI", scopes=["read"], now=now)

        with pytest.raises(ApiTokenNotFound):
            services.revoke_api_token(member=agent, token_id=token.id, now=now)

        assert queries.find_token_use(plain) is not None

    def test_ends_a_colleagues_token_for_an_admin(self, agent, admin, now):
        token, plain = services.create_api_token(member=agent, name="CI", scopes=["read"], now=now)

        services.revoke_api_token(member=admin, token_id=token.id, now=now)

        assert queries.find_token_use(plain) is None

    def test_hides_a_strangers_token(self, owner, stranger, now):
        token, _ = services.create_api_token(member=owner, name="CI", scopes=["read"], now=now)

        with pytest.raises(ApiTokenNotFound):
            services.revoke_api_token(member=stranger, token_id=token.id, now=now)


class TestTouchApiToken:
    def test_writes_at_most_once_a_minute(self, owner, now):
        token, _ = services.create_api_token(member=owner, name="CI", scopes=["read"], now=now)
        services.touch_api_token(token=token, now=now)
        token.refresh_from_db()

        services.touch_api_token(token=token, now=now + timedelta(seconds=59))

        token.refresh_from_db()
        assert token.last_used_at == now


class TestInviteMember:
    def test_makes_a_member_of_who_follows_the_link(self, owner, now):
        _, plain = services.invite_member(
            member=owner, email="ben@example.com", role="agent", now=now
        )
        ben = UserFactory(email="ben@example.com")

        joined = services.accept_invitation(plain=plain, user=ben, now=now)

        assert (joined.organization, joined.role) == (owner.organization, "agent")

    def test_works_once(self, owner, now):
        _, plain = services.invite_member(
            member=owner, email="ben@example.com", role="agent", now=now
        )
        services.accept_invitation(plain=plain, user=UserFactory(), now=now)

        with pytest.raises(InvitationNotFound):
            services.accept_invitation(plain=plain, user=UserFactory(), now=now)

    def test_expires(self, owner, now):
        _, plain = services.invite_member(
            member=owner, email="ben@example.com", role="agent", now=now
        )

        with pytest.raises(InvitationNotFound):
            services.accept_invitation(
                plain=plain, user=UserFactory(), now=now + timedelta(days=14)
            )

    def test_replaces_an_open_one(self, owner, now):
        services.invite_member(member=owner, email="ben@example.com", role="agent", now=now)

        services.invite_member(member=owner, email="ben@example.com", role="viewer", now=now)

        assert Invitation.objects.get().role == "viewer"

    def test_refuses_a_member(self, owner, agent, now):
        with pytest.raises(AlreadyMember):
            services.invite_member(member=owner, email=agent.user.email, role="agent", now=now)

    def test_refuses_an_admin_who_would_make_an_owner(self, admin, now):
        with pytest.raises(RoleTooWeak):
            services.invite_member(member=admin, email="ben@example.com", role="owner", now=now)


class TestChangeRole:
    def test_changes_it(self, owner, agent):
        services.change_role(member=owner, member_id=agent.id, role="admin")

        agent.refresh_from_db()
        assert agent.role == "admin"

    def test_keeps_the_last_owner(self, owner):
        with pytest.raises(LastOwner):
            services.change_role(member=owner, member_id=owner.id, role="admin")

        owner.refresh_from_db()
        assert owner.role == "owner"

    def test_lets_an_owner_step_down_when_there_is_another(self, owner):
        MemberFactory(organization=owner.organization, role="owner")

        services.change_role(member=owner, member_id=owner.id, role="admin")

        owner.refresh_from_db()
        assert owner.role == "admin"

    def test_refuses_an_admin_who_would_unmake_an_owner(self, owner, admin):
        with pytest.raises(RoleTooWeak):
            services.change_role(member=admin, member_id=owner.id, role="viewer")

    def test_hides_a_strangers_member(self, owner, stranger):
        with pytest.raises(MemberNotFound):
            services.change_role(member=owner, member_id=stranger.id, role="admin")


class TestRemoveMember:
    def test_ends_the_membership_and_its_tokens(self, owner, agent, now):
        _, plain = services.create_api_token(member=agent, name="CI", scopes=["read"], now=now)

        services.remove_member(member=owner, member_id=agent.id)

        assert not Member.objects.filter(id=agent.id).exists()
        assert queries.find_token_use(plain) is None

    def test_keeps_the_last_owner(self, owner):
        with pytest.raises(LastOwner):
            services.remove_member(member=owner, member_id=owner.id)

    def test_lets_a_viewer_leave(self, viewer):
        services.remove_member(member=viewer, member_id=viewer.id)

        assert not Member.objects.filter(id=viewer.id).exists()

    def test_refuses_a_viewer_who_would_remove_another(self, viewer, agent):
        with pytest.raises(RoleTooWeak):
            services.remove_member(member=viewer, member_id=agent.id)
