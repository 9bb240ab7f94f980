"""`ari.channels`: the parties on the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ari_app.ari.channel_media import ChannelMedia
from ari_app.ari.errors import NotFound
from ari_app.ari.resource import value_of, values_of
from ari_app.ari.snapshots import ChannelSnapshot


class Channels(ChannelMedia):
    async def list(self) -> tuple[ChannelSnapshot, ...]:
        return await self._many(ChannelSnapshot.from_json, "channels.list")

    async def get(self, channel_id: str) -> ChannelSnapshot:
        return await self._one(ChannelSnapshot.from_json, "channels.get", channel_id=channel_id)

    async def originate(
        self,
        *,
        endpoint: str,
        extension: str | None = None,
        context: str | None = None,
        priority: int | None = None,
        label: str | None = None,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout: int | None = None,
        channel_id: str | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> ChannelSnapshot:
        """Call `endpoint`; StasisStart follows when it is answered. `timeout` in seconds, -1 is never.

        Raises Unavailable when nobody is registered there.
        """
        return await self._one(
            ChannelSnapshot.from_json,
            "channels.originate",
            endpoint=endpoint,
            extension=extension,
            context=context,
            priority=priority,
            label=label,
            app=app,
            app_args=app_args,
            caller_id=caller_id,
            timeout=timeout,
            channel_id=channel_id,
            other_channel_id=other_channel_id,
            originator=originator,
            formats=formats,
            variables=variables,
        )

    async def originate_with_id(
        self,
        channel_id: str,
        *,
        endpoint: str,
        extension: str | None = None,
        context: str | None = None,
        priority: int | None = None,
        label: str | None = None,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout: int | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> ChannelSnapshot:
        """The same, the channel's id chosen by the caller. Raises Conflict when it exists already.

        Ask `get` before trying an id again: each such Conflict costs Asterisk 18 kB for good, and after one of them it
        no longer stops on SIGTERM (22.10.1).
        """
        return await self._one(
            ChannelSnapshot.from_json,
            "channels.originate_with_id",
            channel_id=channel_id,
            endpoint=endpoint,
            extension=extension,
            context=context,
            priority=priority,
            label=label,
            app=app,
            app_args=app_args,
            caller_id=caller_id,
            timeout=timeout,
            other_channel_id=other_channel_id,
            originator=originator,
            formats=formats,
            variables=variables,
        )

    async def create(
        self,
        *,
        endpoint: str,
        app: str,
        app_args: str | None = None,
        channel_id: str | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> ChannelSnapshot:
        """A channel that does not ring yet. Its StasisStart must have come before it can be dialled.

        Raises Unavailable when nobody is registered there, Conflict when the id exists already (see
        originate_with_id for what that costs).
        An application that is not connected is no error: the channel is destroyed with cause 21 (22.10.1).
        """
        return await self._one(
            ChannelSnapshot.from_json,
            "channels.create",
            endpoint=endpoint,
            app=app,
            app_args=app_args,
            channel_id=channel_id,
            other_channel_id=other_channel_id,
            originator=originator,
            formats=formats,
            variables=variables,
        )

    async def dial(self, channel_id: str, *, caller: str | None = None, timeout: int | None = None) -> None:
        """Let a created channel ring, `timeout` seconds at most. Raises NotInStasis before its StasisStart."""
        await self._do("channels.dial", channel_id=channel_id, caller=caller, timeout=timeout)

    async def hangup(self, channel_id: str, *, reason_code: int | None = None, reason: str | None = None) -> None:
        """`reason_code`: Q.850; a call that was not answered gets the SIP status that belongs to it, else 603."""
        await self._do("channels.hangup", channel_id=channel_id, reason_code=reason_code, reason=reason)

    async def continue_in_dialplan(
        self,
        channel_id: str,
        *,
        context: str | None = None,
        extension: str | None = None,
        priority: int | None = None,
        label: str | None = None,
    ) -> None:
        """Hand the channel back. It leaves only when the playback that runs on it is over: stop that first."""
        await self._do(
            "channels.continue_in_dialplan",
            channel_id=channel_id,
            context=context,
            extension=extension,
            priority=priority,
            label=label,
        )

    async def move(self, channel_id: str, *, app: str, app_args: str | None = None) -> None:
        await self._do("channels.move", channel_id=channel_id, app=app, app_args=app_args)

    async def redirect(self, channel_id: str, *, endpoint: str) -> None:
        await self._do("channels.redirect", channel_id=channel_id, endpoint=endpoint)

    async def answer(self, channel_id: str) -> None:
        """Idempotent. ChannelStateChange has the moment."""
        await self._do("channels.answer", channel_id=channel_id)

    async def ring(self, channel_id: str) -> None:
        await self._do("channels.ring", channel_id=channel_id)

    async def ring_stop(self, channel_id: str) -> None:
        await self._do("channels.ring_stop", channel_id=channel_id)

    async def progress(self, channel_id: str) -> None:
        """Early media: from now on an unanswered caller hears what is played."""
        await self._do("channels.progress", channel_id=channel_id)

    async def get_channel_var(self, channel_id: str, *, variable: str) -> str | None:
        """None when the variable is not set. Raises NotFound when the channel is gone."""
        try:
            return await self._one(value_of, "channels.get_channel_var", channel_id=channel_id, variable=variable)
        except NotFound as error:
            if "variable was not found" not in error.detail:
                raise
            return None

    async def set_channel_var(
        self, channel_id: str, *, variable: str, value: str | None = None, report_events: bool | None = None
    ) -> None:
        await self._do(
            "channels.set_channel_var",
            channel_id=channel_id,
            variable=variable,
            value=value,
            report_events=report_events,
        )

    async def get_channel_vars(self, channel_id: str, *, variables: Sequence[str]) -> dict[str, str]:
        return await self._one(values_of, "channels.get_channel_vars", channel_id=channel_id, variables=variables)

    async def set_channel_vars(self, channel_id: str, *, variables: Mapping[str, str]) -> None:
        await self._do("channels.set_channel_vars", channel_id=channel_id, variables=variables)

    async def transfer_progress(self, channel_id: str, *, states: str) -> None:
        await self._do("channels.transfer_progress", channel_id=channel_id, states=states)
