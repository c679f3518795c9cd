"""An SMTP server (aiosmtpd) on a free port of the loopback address, for tests.

Its argument is a JSON object: `security` ("starttls", "tls" or "none"), `certificate` and `key`, the
paths of PEM files, and `credentials`, a username and a password that clients must send. It refuses
recipients whose address begins with "refused@". It writes each event to standard error, one JSON
object per line.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

OPTIONS = json.loads(sys.argv[1])


def report(**event):
    print(json.dumps(event), file=sys.stderr, flush=True)


def is_encrypted(server):
    return server.transport.get_extra_info("sslcontext") is not None


def authenticate(server, session, envelope, mechanism, login):
    sent = [login.login.decode(), login.password.decode()]
    is_right = sent == OPTIONS["credentials"]
    report(event="authenticated" if is_right else "unauthenticated")
    return AuthResult(success=is_right, handled=False)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            report(event="refused")
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        report(
            event="message",
            encrypted=is_encrypted(server),
            authenticated=session.authenticated,
            recipients=envelope.rcpt_tos,
            sender=message["from"],
            subject=message["subject"],
            text=message.get_content(),
        )
        return "250 accepted"


async def main():
    security = OPTIONS["security"]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(OPTIONS["certificate"], OPTIONS["key"])

    def connection():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            authenticator=authenticate,
            auth_required=True,
            # Not with "tls", because aiosmtpd recognizes only STARTTLS as encryption. Not with
            # "none": the server accepts unencrypted credentials, so that a test can detect a client
            # that sends them.
            auth_require_tls=security == "starttls",
        )

    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", 0, ssl=context if security == "tls" else None
    )
    port = server.sockets[0].getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}", file=sys.stderr, flush=True)
    await server.serve_forever()


asyncio.run(main())
