"""`ari.asterisk`, `ari.applications`, `ari.events`: Asterisk itself, and the subscriptions to its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ari_app.ari.models import Application, AsteriskInfo, ConfigTuple, LogChannel, Module, Ping
from ari_app.ari.resource import Resource, value_of


class Asterisk(Resource):
    async def get_info(self) -> AsteriskInfo:
        return await self._one(AsteriskInfo.from_json, "asterisk.get_info", only="system,config,status")

    async def ping(self) -> Ping:
        return await self._one(Ping.from_json, "asterisk.ping")

    async def get_global_var(self, *, variable: str) -> str:
        """ "" when it is not set."""
        return await self._one(value_of, "asterisk.get_global_var", variable=variable)

    async def set_global_var(self, *, variable: str, value: str | None = None) -> None:
        await self._do("asterisk.set_global_var", variable=variable, value=value)

    async def list_modules(self) -> tuple[Module, ...]:
        return await self._many(Module.from_json, "asterisk.list_modules")

    async def get_module(self, module_name: str) -> Module:
        """Raises NotFound when it is not there, Conflict when it is and does not run."""
        return await self._one(Module.from_json, "asterisk.get_module", module_name=module_name)

    async def load_module(self, module_name: str) -> None:
        await self._do("asterisk.load_module", module_name=module_name)

    async def unload_module(self, module_name: str) -> None:
        await self._do("asterisk.unload_module", module_name=module_name)

    async def reload_module(self, module_name: str) -> None:
        await self._do("asterisk.reload_module", module_name=module_name)

    async def list_log_channels(self) -> tuple[LogChannel, ...]:
        return await self._many(LogChannel.from_json, "asterisk.list_log_channels")

    async def add_log(self, log_channel_name: str, *, configuration: str) -> None:
        await self._do("asterisk.add_log", log_channel_name=log_channel_name, configuration=configuration)

    async def delete_log(self, log_channel_name: str) -> None:
        await self._do("asterisk.delete_log", log_channel_name=log_channel_name)

    async def rotate_log(self, log_channel_name: str) -> None:
        await self._do("asterisk.rotate_log", log_channel_name=log_channel_name)

    async def get_object(self, config_class: str, object_type: str, id: str) -> tuple[ConfigTuple, ...]:
        return await self._many(
            ConfigTuple.from_json, "asterisk.get_object", config_class=config_class, object_type=object_type, id=id
        )

    async def update_object(
        self, config_class: str, object_type: str, id: str, *, fields: Mapping[str, str] | None = None
    ) -> tuple[ConfigTuple, ...]:
        pairs = None if fields is None else [{"attribute": name, "value": value} for name, value in fields.items()]
        return await self._many(
            ConfigTuple.from_json,
            "asterisk.update_object",
            config_class=config_class,
            object_type=object_type,
            id=id,
            fields=pairs,
        )

    async def delete_object(self, config_class: str, object_type: str, id: str) -> None:
        await self._do("asterisk.delete_object", config_class=config_class, object_type=object_type, id=id)


class Applications(Resource):
    async def list(self) -> tuple[Application, ...]:
        return await self._many(Application.from_json, "applications.list")

    async def get(self, application_name: str) -> Application:
        return await self._one(Application.from_json, "applications.get", application_name=application_name)

    async def subscribe(self, application_name: str, *, event_source: Sequence[str]) -> Application:
        """`event_source`: e.g. "channel:<id>", "bridge:<id>"; "channel:" is every channel, in Stasis or not."""
        return await self._one(
            Application.from_json,
            "applications.subscribe",
            application_name=application_name,
            event_source=event_source,
        )

    async def unsubscribe(self, application_name: str, *, event_source: Sequence[str]) -> Application:
        return await self._one(
            Application.from_json,
            "applications.unsubscribe",
            application_name=application_name,
            event_source=event_source,
        )

    async def filter(self, application_name: str, *, filter: Mapping[str, Sequence[Mapping[str, str]]]) -> Application:
        """`filter`: {"allowed": [{"type": ...}], "disallowed": [...]}; nothing allowed by name means all."""
        return await self._one(
            Application.from_json, "applications.filter", application_name=application_name, filter=filter
        )


class Events(Resource):
    """The socket itself, ARI's `eventWebsocket`, is `ari_app.ari.stream`."""

    async def user_event(
        self,
        event_name: str,
        *,
        application: str,
        source: Sequence[str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Let ChannelUserevent come to an application; `source`: e.g. "channel:<id>"."""
        await self._do(
            "events.user_event", event_name=event_name, application=application, source=source, variables=variables
        )

    async def claim_channel(self, *, channel_id: str, application: str) -> None:
        """Take a channel that StasisBroadcast offers. Raises Conflict when another was first."""
        await self._do("events.claim_channel", channel_id=channel_id, application=application)
