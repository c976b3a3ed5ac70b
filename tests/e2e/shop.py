"""A shop on the sandbox: a Page with conversations, connected to HiroCRM."""

from itertools import count
from typing import Any

from hirocrm.sandbox.client import GraphStory
from tests.e2e.crm import Crm, Json

_numbers = count(1)
Row = dict[str, Any]


def talk(*texts: str, **more: Any) -> Row:
    """A conversation: the customer begins, then both take turns."""
    speakers = ("customer", "business")
    said = [{"from": speakers[n % 2], "text": text} for n, text in enumerate(texts)]
    return {"messages": said, **more}


def inquiries(number: int, **more: Any) -> list[Row]:
    """That many short conversations in which the price is still open."""
    return [
        talk(
            f"Hi, is item {n} available in blue?",
            "Yes it is! Which size do you need?",
            "Medium please, two pieces",
            name=f"Maria{n} Santos",
            **more,
        )
        for n in range(number)
    ]


class Shop:
    """A Page of the sandbox, and the same Page in HiroCRM."""

    def __init__(
        self, graph: GraphStory, crm: Crm, *, instagram: bool = False, pipeline: bool = True
    ) -> None:
        number = next(_numbers)
        self.graph, self.crm = graph, crm
        self.page_id = f"1100000000{number:05d}"
        self.instagram_id = f"178414000{number:08d}" if instagram else None
        more: Json = {"instagram_id": self.instagram_id, "instagram_username": f"shop.{number}"}
        self.token = graph.add_page(self.page_id, f"Shop {number}", **(more if instagram else {}))
        linked = {"instagramAccountId": self.instagram_id, "instagramUsername": f"shop.{number}"}
        self.page = crm.connect(self.page_id, self.token, **(linked if instagram else {}))
        self.pipeline = crm.default_pipeline()
        self.set(autoPipelineId=self.pipeline["id"] if pipeline else None)

    def set(self, **changes: Any) -> Json:
        """Change the Page's settings."""
        return dict(self.crm.patch(f"/facebook/pages/{self.page_id}", changes))

    def settings(self) -> Json:
        return dict(self.crm.get(f"/facebook/pages/{self.page_id}"))

    def add(self, rows: list[Row]) -> list[str]:
        """Add conversations; the customers' ids."""
        return self.graph.add_conversations(self.page_id, rows)

    def sync(self, **body: Any) -> Json:
        return self.crm.sync(self.page_id, **body)

    def contacts(self, **params: Any) -> list[Json]:
        return self.crm.contacts(self.page_id, **params)

    def stage_id(self, name: str) -> str:
        return str(next(s["id"] for s in self.pipeline["stages"] if s["name"] == name))
