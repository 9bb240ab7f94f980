"""The configuration of the phone network: a second Asterisk that plays every phone of a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ari_app.local.asterisk import SipAccount
from ari_app.local.asterisk_root import AsteriskProgram


@dataclass(frozen=True, slots=True)
class Exchange:
    """The Asterisk under test, as a phone sees it."""

    address: str
    sip_port: int
    carrier_port: int | None = None  # where it sends calls to numbers outside; None: it does not

    @property
    def uri(self) -> str:
        return f"sip:{self.address}:{self.sip_port}"


@dataclass(frozen=True, slots=True)
class NetworkPorts:
    carrier: int
    desks: int
    http: int
    manager: int
    rtp_start: int = 25100
    rtp_end: int = 25899


APPLICATION = "phones"
USER = "phones"

_MODULES = (
    "app_stasis bridge_holding bridge_simple bridge_softmix chan_pjsip chan_rtp codec_alaw codec_ulaw format_pcm "
    "format_wav func_callerid func_channel pbx_config res_ari res_ari_applications res_ari_asterisk "
    "res_ari_bridges res_ari_channels res_ari_events res_ari_model res_ari_playbacks "
    "res_http_websocket res_pjproject res_pjsip "
    "res_pjsip_caller_id res_pjsip_endpoint_identifier_anonymous res_pjsip_endpoint_identifier_ip "
    "res_pjsip_header_funcs "
    "res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration res_pjsip_pubsub res_pjsip_rfc3326 "
    "res_pjsip_sdp_rtp res_pjsip_session res_rtp_asterisk res_rtp_multicast res_sorcery_astdb res_sorcery_config "
    "res_sorcery_memory res_stasis res_stasis_answer res_stasis_playback res_stasis_recording res_stasis_snoop "
    "res_timing_timerfd res_websocket_client "
)


def write(
    directory: Path,
    program: AsteriskProgram,
    exchange: Exchange,
    accounts: Sequence[SipAccount],
    address: str,
    desk_address: str,
    ports: NetworkPorts,
    password: str,
) -> Path:
    """Write all configuration files below `directory`; returns the path of `asterisk.conf`.

    Carrier and desk phones have addresses of their own: an exchange that knows its trunk by address takes every
    REGISTER from that address for the trunk's, and refuses it (PJSIP looks at the address before the user name).
    """
    etc = directory / "etc"
    for name in ("etc", "lib", "db", "spool", "run", "log"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    files = {
        "asterisk.conf": _asterisk(directory, program),
        "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load={name}.so\n" for name in _MODULES.split()),
        "logger.conf": "[general]\ndateformat=%F %T.%3q\n[logfiles]\nmessages => notice,warning,error,verbose(3)\n",
        "http.conf": f"[general]\nenabled=yes\nbindaddr={address}\nbindport={ports.http}\nsessionlimit=500\n",
        "ari.conf": f"[general]\nenabled=yes\nwebsocket_write_timeout=5000\n[{USER}]\ntype=user\npassword={password}\n",
        "manager.conf": (
            f"[general]\nenabled=yes\nbindaddr={address}\nport={ports.manager}\n"
            f"[{USER}]\nsecret={password}\nread=system\nwrite=system\n"
        ),
        "cdr.conf": "[general]\nenable=no\n",
        "rtp.conf": f"[general]\nrtpstart={ports.rtp_start}\nrtpend={ports.rtp_end}\nicesupport=no\n",
        "pjsip.conf": _pjsip(exchange, accounts, address, desk_address, ports),
        "extensions.conf": _extensions(accounts),
    }
    for name, text in files.items():
        (etc / name).write_text(text)
    return etc / "asterisk.conf"


def _asterisk(directory: Path, program: AsteriskProgram) -> str:
    return f"""[directories]
astcachedir => {directory}/lib
astetcdir => {directory}/etc
astmoddir => {program.modules_dir}
astvarlibdir => {directory}/lib
astdbdir => {directory}/db
astkeydir => {directory}/lib
astdatadir => {program.data_dir}
astagidir => {directory}/lib
astspooldir => {directory}/spool
astrundir => {directory}/run
astlogdir => {directory}/log
[options]
systemname = phones
"""


def _media(address: str, transport: str) -> str:
    return f"""transport={transport}
disallow=all
allow=alaw
direct_media=no
media_address={address}
bind_rtp_to_media_address=yes
"""


def _pjsip(
    exchange: Exchange, accounts: Sequence[SipAccount], address: str, desk_address: str, ports: NetworkPorts
) -> str:
    text = f"""[global]
type=global
user_agent=phone network
[carrier-udp]
type=transport
protocol=udp
bind={address}:{ports.carrier}
[desks-udp]
type=transport
protocol=udp
bind={desk_address}:{ports.desks}
[carrier]
type=aor
contact={exchange.uri}
[carrier]
type=endpoint
context=refused
aors=carrier
send_pai=yes
trust_id_outbound=yes
{_media(address, "carrier-udp")}[anonymous]
type=endpoint
context=outside
trust_id_inbound=yes
{_media(address, "carrier-udp")}"""
    for account in accounts:
        text += f"""[{account.name}]
type=auth
auth_type=userpass
username={account.name}
password={account.password}
[{account.name}]
type=aor
contact={exchange.uri}
[{account.name}]
type=endpoint
context=desk-{account.name}
aors={account.name}
outbound_auth={account.name}
from_user={account.name}
from_domain={exchange.address}
{_media(desk_address, "desks-udp")}[{account.name}]
type=registration
transport=desks-udp
outbound_auth={account.name}
client_uri=sip:{account.name}@{exchange.address}:{exchange.sip_port}
server_uri={exchange.uri}
contact_user={account.name}
line=yes
endpoint={account.name}
expiration=120
max_random_initial_delay=0
retry_interval=1
forbidden_retry_interval=1
fatal_retry_interval=1
max_retries=10000
auth_rejection_permanent=no
"""
    return text


def _extensions(accounts: Sequence[SipAccount]) -> str:
    text = f"[refused]\n[outside]\nexten => _[+0-9]!,1,Stasis({APPLICATION},outside,${{EXTEN}})\n"
    for account in accounts:
        text += f"[desk-{account.name}]\nexten => {account.name},1,Stasis({APPLICATION},rings,{account.name})\n"
    return text
