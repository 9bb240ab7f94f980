"""Messages that are hard to read, valid and invalid: the kinds of RFC 4475 and RFC 5118, written anew.

Each is whole and has a transaction of its own. A valid one may be served or refused; another may be dropped.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

NUMBER = "140119"
Headers = dict[str, str]


class Author:
    """Writes messages for one exchange, as if from this address and port."""

    def __init__(self, host: str, port: int, exchange: tuple[str, int]) -> None:
        self._host = host  # alone in SDP, where a port would be a fault of its own
        self._address = f"{host}:{port}"
        self._exchange = f"{exchange[0]}:{exchange[1]}"

    def headers(self, method: str = "INVITE", /, **changes: str | None) -> Headers:
        """The headers of an ordinary request; a change of None leaves one out. Underscores are hyphens."""
        unique = secrets.token_hex(6)
        found = {
            "Via": f"SIP/2.0/UDP {self._address};branch=z9hG4bK{unique};rport",
            "From": f"<sip:+31201234567@{self._address}>;tag={unique}",
            "To": f"<sip:{NUMBER}@{self._exchange}>",
            "Call-ID": f"torture-{unique}",
            "CSeq": f"1 {method}",
            "Contact": f"<sip:carrier@{self._address}>",
            "Max-Forwards": "70",
        }
        for name, value in changes.items():
            found.pop(name.replace("_", "-"), None)
            if value is not None:
                found[name.replace("_", "-")] = value
        return found

    def message(
        self, start: str | None = None, headers: Headers | None = None, body: str = "", length: str | None = None
    ) -> bytes:
        head = start or f"INVITE sip:{NUMBER}@{self._exchange} SIP/2.0"
        lines = [f"{name}: {value}" for name, value in (headers or self.headers()).items()]
        lines += ["Content-Type: application/sdp"] if body and not (headers or {}).get("Content-Type") else []
        lines.append(f"Content-Length: {len(body.encode()) if length is None else length}")
        return ("\r\n".join([head, *lines]) + f"\r\n\r\n{body}").encode("latin-1", errors="replace")

    def sdp(self, address: str | None = None, family: str = "IP4") -> str:
        host = address or self._host
        return f"v=0\r\no=- 1 1 IN {family} {host}\r\ns=-\r\nc=IN {family} {host}\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"

    # --- valid, and hard ---

    def valid(self) -> Iterator[tuple[str, bytes]]:
        uri = f"sip:{NUMBER}@{self._exchange}"
        body = self.sdp()
        plain = self.headers()
        yield "every header in another case, folded, with blanks where they may be", self._tortuous(body)
        yield "short forms", self.message(None, _renamed(plain), body)
        yield "no blank before the bracket", self.message(headers=self.headers(From="Jan<sip:0612@x>;tag=1"), body=body)
        yield (
            "a quoted name with quotes, brackets and a backslash",
            self.message(headers=self.headers(From='"J \\"<sip:a@b>\\\\ \\\x01" <sip:0612@x>;tag=q'), body=body),
        )
        yield (
            "a method of every sign",
            self.message(f"!i.n-v%i*t_e+`'~ {uri} SIP/2.0", self.headers("!i.n-v%i*t_e+`'~")),
        )
        yield (
            "escapes in the address",
            self.message(f"INVITE sip:14%30119%00%0a%40@{self._exchange} SIP/2.0", body=body),
        )
        yield (
            "parameters in the user",
            self.message(
                f"INVITE sip:{NUMBER};isub=1;ext=2,3:pass;word=@{self._exchange};x=%41?Subject=a&Priority=b SIP/2.0",
                body=body,
            ),
        )
        yield (
            "long values",
            self.message(
                headers=self.headers(
                    From=f'"{"n" * 2000}" <sip:{"9" * 300}@x;{"p" * 500}={"v" * 500}>;tag={"t" * 300}',
                    X=f"{'x' * 4000}",
                ),
                body=body,
            ),
        )
        yield "a second message behind the first", self.message(body=body) + self.message(body=body)
        vias = ", ".join(
            f"SIP/2.0/{name} x{n}.example;branch=z9hG4bK{n}" for n, name in enumerate(("TLS", "SCTP", "X"))
        )
        yield (
            "transports nobody has",
            self.message(headers=self.headers(Route="<sip:x;lr>", Via=f"{plain['Via']}, {vias}")),
        )
        parts = (
            f"--b\r\nContent-Type: application/sdp\r\n\r\n{body}--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n"
        )
        yield (
            "a body in parts",
            self.message(headers=self.headers(Content_Type="multipart/mixed;boundary=b"), body=parts),
        )
        yield "no more hops", self.message(headers=self.headers(Max_Forwards="0"))
        yield (
            "as before 2002: no branch, no tag",
            self.message(
                headers=self.headers(Via=f"SIP/2.0/UDP {self._address}", From=f"<sip:0612@{self._address}>"), body=body
            ),
        )
        yield (
            "wishes that nobody knows",
            self.message(headers=self.headers(Require="nothing-we-know", Proxy_Require="x")),
        )
        yield (
            "a body that nobody reads",
            self.message(headers=self.headers(Content_Type="application/unknown"), body="?"),
        )
        for scheme in ("tel:+31201234567", "urn:service:sos", "nobodyknows:totally", "sips:a@b", "http://x/"):
            yield f"a request for {scheme}", self.message(f"INVITE {scheme} SIP/2.0", body=body)
            yield (
                f"from {scheme}",
                self.message(headers=self.headers(From=f"<{scheme}>;tag=1", To=f"<{scheme}>"), body=body),
            )
        yield from self._with_ipv6()

    def _tortuous(self, body: str) -> bytes:
        lines = [
            f"INVITE sip:{NUMBER}@{self._exchange};unknownparam SIP/2.0",
            f'TO :\r\n sip:{NUMBER}@{self._exchange}   ;\ttag-is="no tag"',
            f'from   :  "J Rosenberg \\\\\\""\t<sip:jdrosen@{self._address}>\r\n  ;\r\n  tag = {secrets.token_hex(4)}',
            "MaX-fOrWaRdS: 0068",
            f"Call-ID: torture.{secrets.token_hex(4)}@{self._address}",
            f"Content-Length   : {len(body)}",
            "cseq: 0009\r\n  INVITE",
            f"Via  : SIP  /   2.0\r\n /UDP\r\n    {self._address};branch=z9hG4bK{secrets.token_hex(4)};rport",
            "s :",
            "NewFangledHeader:   newfangled value\r\n continued newfangled value",
            "UnknownHeaderWithUnusualValue: ;;,,;;,;",
            "Content-Type: application/sdp",
            f'm:"Quoted string \\"\\"" <sip:jdrosen@{self._address}> ; newparam =\r\n newvalue ; second ; q = 0.33',
        ]
        return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode()

    def _with_ipv6(self) -> Iterator[tuple[str, bytes]]:
        body, six = self.sdp(), "[2001:db8::10]"
        yield (
            "IPv6 in every address",
            self.message(
                headers=self.headers(
                    From=f"<sip:0612@{six}>;tag=1", Contact=f"<sip:0612@{six}:5070>", Route=f"<sip:{six};lr>"
                ),
                body=self.sdp("2001:db8::1", "IP6"),
            ),
        )
        for received in ("2001:db8::9:255", "[2001:db8::9:255]"):
            via = f"SIP/2.0/UDP [2001:db8::9:1];received={received};branch=z9hG4bK{secrets.token_hex(4)}"
            yield f"an IPv6 sender, received {received}", self.message(headers=self.headers(Via=via), body=body)
        yield (
            "an IPv4 address mapped into IPv6",
            self.message(
                headers=self.headers(From="<sip:0612@[::ffff:192.0.2.10]>;tag=1"),
                body=self.sdp("::ffff:192.0.2.1", "IP6"),
            ),
        )

    # --- invalid ---

    def invalid(self) -> Iterator[tuple[str, bytes]]:
        uri = f"sip:{NUMBER}@{self._exchange}"
        body = self.sdp()
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            without: dict[str, str | None] = {name.replace("-", "_"): None}
            empty = {name.replace("-", "_"): ""}
            yield f"without {name}", self.message(headers=self.headers(**without), body=body)
            yield f"an empty {name}", self.message(headers=self.headers(**empty), body=body)
            twice = {**self.headers(), f"{name} ": self.headers()[name]}
            yield f"{name} twice", self.message(headers=twice, body=body)
        for length in ("99999", "-999", "99999999999999999999", "ten", "0x10", ""):
            yield f"a length of {length!r}", self.message(body=body, length=length)
        for start in (
            f"INVITE <{uri}> SIP/2.0",
            f"INVITE sip:{NUMBER}; lr@x SIP/2.0",
            f"INVITE  {uri}  SIP/2.0",
            f"INVITE {uri} SIP/2.0  ",
            f"INVITE {uri} SIP/7.0",
            f"INVITE {uri}",
            f"INVITE {uri} HTTP/1.1",
            f"INVITE {uri}?Route=%3Csip:x%3E SIP/2.0",
            f" INVITE {uri} SIP/2.0",
            f"INVITE sip:{NUMBER}@ SIP/2.0",
            f"INVITE sip:@{self._exchange} SIP/2.0",
            "INVITE sip: SIP/2.0",
            f"REGISTER {uri} SIP/2.0",
            f"INVITE sip:{NUMBER}@2001:db8::10 SIP/2.0",
            f"INVITE sip:{NUMBER}@[2001:db8::10:99999 SIP/2.0",
            f"INVITE sip:{NUMBER}@[::1]:99999 SIP/2.0",
            f"INVITE sip:{NUMBER}@[::1]: SIP/2.0",
        ):
            yield f"the line {start!r}", self.message(start, body=body)
        for changes in self._wrong_values():
            yield f"the headers {changes!r}", self.message(headers=self.headers(**changes), body=body)
        for status in ("4294967301 better not", "99 early", "700 late", "-1 what", "200", "abc def"):
            yield f"the answer {status!r}", self.message(f"SIP/2.0 {status}", self.headers())
        yield (
            "an answer to somebody else",
            self.message("SIP/2.0 200 OK", self.headers(Via="SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKx")),
        )
        for sdp in self._wrong_sdp():
            yield f"the body {sdp[:40]!r}", self.message(body=sdp)
        for method in (
            "ACK",
            "BYE",
            "CANCEL",
            "PRACK",
            "UPDATE",
            "REFER",
            "SUBSCRIBE",
            "NOTIFY",
            "PUBLISH",
            "MESSAGE",
            "FOO",
        ):
            yield f"{method} out of nowhere", self.message(f"{method} {uri} SIP/2.0", self.headers(method))

    @staticmethod
    def _wrong_values() -> Sequence[dict[str, str]]:
        return (
            {"CSeq": "36893488147419103232 INVITE"},
            {"CSeq": "1 BYE"},
            {"CSeq": "INVITE"},
            {"CSeq": "-1 INVITE"},
            {"Max_Forwards": "300"},
            {"Max_Forwards": "-1"},
            {"Expires": "1" * 40},
            {"Contact": "<sip:a@b>;expires=" + "2" * 30},
            {"From": '"unterminated <sip:0612@x>;tag=1'},
            {"From": "sip:0612@x?a=b;tag=1"},
            {"From": "<sip: 0612 @x>;tag=1"},
            {"From": "Bell, Alexander <sip:a.g.bell@x>;tag=43"},
            {"From": "<sip:0612@x>;tag=1;tag=2"},
            {"From": "<<sip:a@b>>;tag=1"},
            {"To": "<sip:x", "From": ";tag=1"},
            {"Via": ";;,;,,"},
            {"Via": "SIP/2.0/UDP ;branch=z9hG4bK"},
            {"Via": "SIP/2.0/UDP x:99999"},
            {"Via": "SIP/2.0/UDP x;branch=z9hG4bK"},
            {"Contact": ";;,;"},
            {"Contact": '""@@<'},
            {"Date": "Fri, 01 Jan 2010 16:00:00 EST"},
            {"Authorization": "NoOneKnowsThisScheme opaque=x"},
            {"Authorization": "Digest"},
            {"Route": "<sip:x"},
            {"Session_Expires": "-5"},
            {"Session_Expires": "9" * 30},
            {"Min_SE": "x"},
            {"P_Asserted_Identity": "<sip:"},
            {"Privacy": ";" * 500},
            {"Replaces": "a;b;c"},
            {"Content_Type": ";"},
            {"Content_Type": "application"},
            {"Content_Type": "multipart/mixed"},
            {"Content_Encoding": "gzip"},
        )

    def _wrong_sdp(self) -> Sequence[str]:
        good = self.sdp()
        return (
            "v=0",
            "v=1\r\n",
            good.replace("m=audio 9", "m=audio 70000"),
            good.replace("m=audio 9", "m=audio -1"),
            good.replace("AVP 8", "AVP " + "8 " * 500),
            good.replace("RTP/AVP 8", "RTP/AVP 300"),
            good + "a=\r\n" * 500,
            good + "m=audio 9 RTP/AVP 8\r\n" * 100,
            good.replace("IP4", "IP7"),
            good.replace(self._host, "999.1.1.1"),
            good.replace("c=IN", "c=XX"),
            good.replace("s=-", "s=" + "x" * 3000),
            good + "a=rtpmap:101 telephone-event/0\r\n",
            good + "a=ptime:0\r\na=maxptime:-1\r\n",
            good.replace("t=0 0", "t=a b"),
            "\0" * 500,
        )


def _renamed(headers: Headers) -> Headers:
    short = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m"}
    return {short.get(name, name): value for name, value in headers.items()}
