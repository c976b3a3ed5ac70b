"""Setting up a pipeline in a browser: from a template, its stages, and where contacts go."""

import pytest

from hirocrm.pipelines.models import Pipeline, Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def names(pipeline):
    stages = Stage.objects.filter(pipeline=pipeline).order_by("order")
    return list(stages.values_list("name", flat=True))


def shown(page):
    return page.locator("[data-stage]").evaluate_all("rows => rows.map(row => row.dataset.stage)")


class TestTemplate:
    def test_makes_a_pipeline_that_the_board_can_show(self, visit, owner, shop):
        page = visit(owner, "/pipelines")

        title = page.locator(
            ".card:has(form[action$='/add']) h2, .card:has(form[action$='/add']) h3"
        ).first
        name = title.inner_text()
        page.get_by_role("button", name=f"Add {name}").click()
        page.get_by_role("heading", level=1, name=name).wait_for()
        made = Pipeline.objects.exclude(pk=shop.pipeline.pk).get()

        assert shown(page) == names(made)
        page.goto(page.url.partition("/pipelines")[0] + f"/board?pipeline={made.pk}")
        assert page.locator("[data-board-column]").count() == len(names(made))

    def test_is_deleted_after_asking_and_contacts_stay(self, visit, owner, shop):
        ana = shop.contact(shop.new)
        page = visit(owner, f"/pipelines/{shop.pipeline.pk}")

        page.get_by_role("link", name="Delete…").click()
        page.get_by_role("button", name="Delete pipeline").click()
        page.wait_for_url("**/pipelines")

        ana.refresh_from_db()
        assert (ana.pipeline_id, ana.stage_id) == (None, None)
        assert not Pipeline.objects.filter(pk=shop.pipeline.pk).exists()


class TestStages:
    def test_are_added_renamed_and_put_in_order(self, visit, owner, shop):
        page = visit(owner, f"/pipelines/{shop.pipeline.pk}")

        page.get_by_text("Add a stage", exact=True).click()
        form = page.locator("form[action$='/stages/add'], details[open] form").first
        form.get_by_label("Name").fill("Waits for money 💸")
        form.get_by_label("What the AI goes by").fill("Said that they will pay.")
        form.get_by_role("button", name="Add stage").click()
        page.locator("[data-stage='Waits for money 💸']").wait_for()
        page.get_by_role("link", name="Edit Waits for money").click()
        page.get_by_label("Name", exact=True).fill("Pays soon")
        page.get_by_label("Type", exact=True).select_option("IN_PROGRESS")
        page.get_by_role("button", name="Save", exact=True).click()
        page.locator("[data-stage='Pays soon']").wait_for()
        page.get_by_role("button", name="Move Pays soon up").click()
        page.locator("[data-stage]:nth-child(4)[data-stage='Pays soon']").wait_for()

        assert names(shop.pipeline) == ["New", "Qualified", "Won", "Pays soon", "Lost"]
        assert shown(page) == names(shop.pipeline)
        made = Stage.objects.get(name="Pays soon")
        assert made.description == "Said that they will pay."

    def test_refuses_a_name_that_is_taken(self, visit, owner, shop):
        page = visit(owner, f"/pipelines/{shop.pipeline.pk}/stages/{shop.new.pk}")

        page.get_by_label("Name", exact=True).fill("Qualified")
        page.get_by_role("button", name="Save", exact=True).click()
        page.locator(".field-error, .alert-bad").first.wait_for()

        assert names(shop.pipeline)[0] == "New"

    def test_deleted_hand_their_contacts_on(self, visit, owner, shop):
        ana = shop.contact(shop.qualified)
        page = visit(owner, f"/pipelines/{shop.pipeline.pk}/stages/{shop.qualified.pk}")

        page.get_by_role("link", name="Delete…").click()
        page.get_by_label("They go to").select_option(label="New")
        page.get_by_role("button", name="Delete stage").click()
        page.locator("[data-stage=Won]").wait_for()

        ana.refresh_from_db()
        assert ana.stage == shop.new
        assert names(shop.pipeline) == ["New", "Won", "Lost"]

    def test_are_an_agents_to_see_only(self, visit, agent, shop):
        page = visit(agent, f"/pipelines/{shop.pipeline.pk}")

        assert shown(page) == ["New", "Qualified", "Won", "Lost"]
        assert page.get_by_role("link", name="Edit").count() == 0
        assert page.get_by_text("Add a stage", exact=True).count() == 0
