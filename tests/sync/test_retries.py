import pytest

from hirocrm.contacts.models import AnalysisState, Conversation
from hirocrm.sync import services
from hirocrm.sync.models import AnalysisBatch
from hirocrm.sync.services import MAX_ATTEMPTS
from tests.factories import ConversationFactory, PageFactory

pytestmark = pytest.mark.django_db


class TestRetryDueAnalyses:
    def test_hands_over_what_failed_and_has_tries_left(self, now):
        page = PageFactory()
        state = {"contact__page": page, "has_text": True, "analysis_state": AnalysisState.FAILED}
        failed = [ConversationFactory(**state, analysis_attempts=1) for _ in range(2)]
        ConversationFactory(**state, analysis_attempts=MAX_ATTEMPTS)
        ConversationFactory(contact__page=page, has_text=True)

        count = services.retry_due_analyses(now=now)

        batch = AnalysisBatch.objects.get()
        assert count == 2
        assert sorted(batch.conversation_ids) == sorted(conversation.pk for conversation in failed)
        assert (batch.organization_id, batch.run_id) == (page.organization_id, None)

    def test_hands_nothing_over_twice(self, now):
        ConversationFactory(has_text=True, analysis_state=AnalysisState.FAILED, analysis_attempts=1)

        services.retry_due_analyses(now=now)
        again = services.retry_due_analyses(now=now)

        assert again == 0
        assert AnalysisBatch.objects.count() == 1
        assert Conversation.objects.get().analysis_state == AnalysisState.PENDING
