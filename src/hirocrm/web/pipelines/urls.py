"""Addresses of the pipelines."""

from django.urls import path

from hirocrm.web.pipelines import trying, views

STAGE = "pipelines/<uuid:pipeline_id>/stages/<uuid:stage_id>"
urlpatterns = [
    path("pipelines", views.pipeline_list, name="pipelines"),
    path("pipelines/add", views.add, name="pipeline-add"),
    path("pipelines/<uuid:pipeline_id>", views.pipeline_detail, name="pipeline"),
    path("pipelines/<uuid:pipeline_id>/delete", views.delete, name="pipeline-delete"),
    path("pipelines/<uuid:pipeline_id>/try", trying.try_pipeline, name="pipeline-try"),  # type: ignore[arg-type]  # the stubs know no asynchronous views
    path("pipelines/<uuid:pipeline_id>/stages", views.add_stage, name="stage-add"),
    path("pipelines/<uuid:pipeline_id>/order", views.reorder, name="stage-order"),
    path("pipelines/<uuid:pipeline_id>/examples", views.add_example, name="example-add"),
    path(
        "pipelines/<uuid:pipeline_id>/examples/<int:place>/remove",
        views.remove_example,
        name="example-remove",
    ),
    path(STAGE, views.stage, name="stage"),
    path(f"{STAGE}/delete", views.delete_stage, name="stage-delete"),
]
