import pytest

from hirocrm.organizations.models import Organization, User
from hirocrm.pipelines import onboarding
from hirocrm.pipelines.models import Pipeline

pytestmark = pytest.mark.django_db


class TestCreateUserWithOrganization:
    def test_gives_the_organization_a_sales_pipeline(self, now):
        member = onboarding.create_user_with_organization(
            email="ana@example.com", password="long-enough-word", organization_name="Ana's", now=now
        )

        pipeline = Pipeline.objects.get(organization=member.organization)
        assert (member.role, member.organization.name) == ("owner", "Ana's")
        assert (pipeline.name, pipeline.is_default) == ("Sales Pipeline", True)
        assert list(pipeline.stages.values_list("name", "type")) == [
            ("New Lead", "LEAD"),
            ("Contacted", "IN_PROGRESS"),
            ("Qualified", "IN_PROGRESS"),
            ("Proposal Sent", "IN_PROGRESS"),
            ("Negotiating", "IN_PROGRESS"),
            ("Closed Won", "WON"),
            ("Closed Lost", "LOST"),
        ]
        assert all(len(stage.description) > 60 for stage in pipeline.stages.all())

    def test_saves_nothing_when_the_name_is_missing(self, now):
        with pytest.raises(Exception, match="name for the organization"):
            onboarding.create_user_with_organization(
                email="ana@example.com", password="long-enough-word", organization_name=" ", now=now
            )

        assert User.objects.count() == 0
        assert Organization.objects.count() == 0
