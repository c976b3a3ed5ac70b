"""What a Page's sync left in the database, in a form that two Pages with the same conversations share."""

from collections import Counter
from typing import Any

import psycopg

ROWS = """
SELECT c.first_name, c.last_name, s.name, c.lead_score, c.lead_status, c.ai_context, c.needs_review,
       (SELECT array_agg(m.sender || ': ' || m.text ORDER BY m.created_time, m.text)
          FROM contacts_message m JOIN contacts_conversation v ON v.id = m.conversation_id
         WHERE v.contact_id = c.id),
       (SELECT count(*) FROM contacts_conversation v WHERE v.contact_id = c.id),
       (SELECT array_agg(v.analysis_state) FROM contacts_conversation v WHERE v.contact_id = c.id),
       (SELECT count(*) FROM analysis_analysis a WHERE a.contact_id = c.id),
       (SELECT array_agg(a.title) FROM contacts_activity a WHERE a.contact_id = c.id),
       (SELECT count(*) FROM contacts_stagechange g WHERE g.contact_id = c.id),
       (SELECT count(*) FROM pipelines_assignment g WHERE g.contact_id = c.id)
  FROM contacts_contact c
  JOIN meta_page p ON p.id = c.page_id
  LEFT JOIN pipelines_stage s ON s.id = c.stage_id
 WHERE p.remote_id = %s
"""


def outcome(database: str, page_id: str) -> Counter[Any]:
    """How often each kind of contact exists, with all that belongs to it."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(ROWS, [page_id]).fetchall()
    return Counter(tuple(tuple(v) if isinstance(v, list) else v for v in row) for row in rows)


# What a run consists of. Profiles are fetched beside it, and every few minutes somebody looks for due work.
RUN_JOBS = ["sync.fetch_run", "sync.import_archive", "sync.load_samples", "sync.analyse_batch"]


def open_work(database: str) -> tuple[int, int]:
    """Analysis batches and jobs of runs that nobody has finished."""
    with psycopg.connect(database) as connection:
        batches = connection.execute(
            "SELECT count(*) FROM sync_analysisbatch WHERE finished_at IS NULL"
        ).fetchone()
        jobs = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND task_name = ANY(%s)",
            [RUN_JOBS],
        ).fetchone()
    assert batches is not None
    assert jobs is not None
    return batches[0], jobs[0]
