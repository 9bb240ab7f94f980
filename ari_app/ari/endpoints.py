"""`ari.endpoints`, `ari.device_states`, `ari.mailboxes`: the phones, and lamps on them."""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.ari.models import DeviceState, Endpoint, Mailbox
from ari_app.ari.resource import Resource


class Endpoints(Resource):
    async def list(self) -> tuple[Endpoint, ...]:
        return await self._many(Endpoint.from_json, "endpoints.list")

    async def list_by_tech(self, tech: str) -> tuple[Endpoint, ...]:
        return await self._many(Endpoint.from_json, "endpoints.list_by_tech", tech=tech)

    async def get(self, tech: str, resource: str) -> Endpoint:
        return await self._one(Endpoint.from_json, "endpoints.get", tech=tech, resource=resource)

    async def send_message(
        self, *, to: str, from_: str, body: str | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        await self._do("endpoints.send_message", to=to, from_=from_, body=body, variables=variables)

    async def send_message_to_endpoint(
        self,
        tech: str,
        resource: str,
        *,
        from_: str,
        body: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        await self._do(
            "endpoints.send_message_to_endpoint",
            tech=tech,
            resource=resource,
            from_=from_,
            body=body,
            variables=variables,
        )

    async def refer(
        self,
        *,
        to: str,
        from_: str,
        refer_to: str,
        to_self: bool | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        await self._do("endpoints.refer", to=to, from_=from_, refer_to=refer_to, to_self=to_self, variables=variables)

    async def refer_to_endpoint(
        self,
        tech: str,
        resource: str,
        *,
        from_: str,
        refer_to: str,
        to_self: bool | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        await self._do(
            "endpoints.refer_to_endpoint",
            tech=tech,
            resource=resource,
            from_=from_,
            refer_to=refer_to,
            to_self=to_self,
            variables=variables,
        )


class DeviceStates(Resource):
    async def list(self) -> tuple[DeviceState, ...]:
        return await self._many(DeviceState.from_json, "device_states.list")

    async def get(self, device_name: str) -> DeviceState:
        return await self._one(DeviceState.from_json, "device_states.get", device_name=device_name)

    async def update(self, device_name: str, *, device_state: str) -> None:
        """Only devices named "Stasis:<anything>" can be set."""
        await self._do("device_states.update", device_name=device_name, device_state=device_state)

    async def delete(self, device_name: str) -> None:
        await self._do("device_states.delete", device_name=device_name)


class Mailboxes(Resource):
    async def list(self) -> tuple[Mailbox, ...]:
        return await self._many(Mailbox.from_json, "mailboxes.list")

    async def get(self, mailbox_name: str) -> Mailbox:
        return await self._one(Mailbox.from_json, "mailboxes.get", mailbox_name=mailbox_name)

    async def update(self, mailbox_name: str, *, old_messages: int, new_messages: int) -> None:
        await self._do(
            "mailboxes.update", mailbox_name=mailbox_name, old_messages=old_messages, new_messages=new_messages
        )

    async def delete(self, mailbox_name: str) -> None:
        await self._do("mailboxes.delete", mailbox_name=mailbox_name)
