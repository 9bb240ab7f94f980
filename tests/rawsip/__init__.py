"""A raw SIP phone: plain UDP, so that a test can say what no polite telephone says.

    async with SipPhone("127.0.0.10", server) as phone, Media.open("127.0.0.10") as media:
        call = Call(phone, "140119", offer=sdp.offer(media.address, sdp.audio(media.port)), extra="Privacy: id\\r\\n")
        answer = await call.invite()
        media.connect(sdp.target(answer.body))
        await media.press("1")

* `message`: what came in, read leniently. `sdp`: offers of any shape, and what an answer says.
* `phone`: one socket with an account. `call`: one dialog, also one that the other side began. `media`: sound and keys.

Nothing is sent again and nothing is corrected: what a test does not send is not sent.
"""

from tests.rawsip.call import Call
from tests.rawsip.media import Media
from tests.rawsip.message import Message
from tests.rawsip.phone import SipPhone

__all__ = ["Call", "Media", "Message", "SipPhone"]
