"""renewal of the summaries of numbers

Revision 0025, after 0024. An index of summaries (`ari_app.storage.db.indexes`) forgets nothing by itself: the one of
pages whose numbers were erased still tells, of a number that somebody has already, that it may have been there.
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# Only the owner of an index may have it read its pages again. 128 are the pages of one summary; where the index is not
# made yet, there is nothing to forget.
_RENEW = """
CREATE FUNCTION renew_call_numbers(since_at timestamptz, until_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  summaries regclass := (SELECT indexrelid FROM pg_index
    WHERE indexrelid = to_regclass('public.ix_call_numbers') AND indisvalid);
  pages bigint[] := ARRAY(SELECT DISTINCT (ctid::text::point)[0]::bigint / 128 * 128 FROM call
    WHERE arrived_at >= since_at AND arrived_at < until_at);
  page bigint;
BEGIN
  IF summaries IS NULL THEN
    RETURN 0;
  END IF;
  FOREACH page IN ARRAY pages LOOP
    PERFORM brin_desummarize_range(summaries, page);
    PERFORM brin_summarize_range(summaries, page);
  END LOOP;
  RETURN cardinality(pages);
END $$"""
_FUNCTION = "renew_call_numbers(timestamptz, timestamptz)"


def upgrade() -> None:
    op.execute(_RENEW)
    op.execute(f"REVOKE ALL ON FUNCTION {_FUNCTION} FROM PUBLIC")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {_FUNCTION}")
