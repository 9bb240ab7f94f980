"""What the pages read of the audit log: a view, since the log itself is only added to by their role."""

from __future__ import annotations

#: the scope that the reading transaction names (`storage.db.scopes`); a row of nobody in particular is the group's
AUDIT_VIEW = """\
CREATE VIEW audit_entry WITH (security_barrier) AS
SELECT id, at, actor, action, detail, municipalities FROM audit_log
WHERE coalesce(current_setting('ari_app.scope', true), '') = '*'
  OR municipalities && string_to_array(coalesce(current_setting('ari_app.scope', true), ''), ',')"""
