"""What shoppers and stalls say to each other. Works by forms; a page's script adds what comes meanwhile."""

from collections.abc import Awaitable, Mapping
from uuid import UUID, uuid4

from quart import Blueprint, Response, abort, g, request

from storefront import fanout, paths
from storefront.clients.errors import Refused, Unavailable
from storefront.rendering import PageParts, page, see_other, wants_fragment
from storefront.viewmodels.chat import Conversation, Conversations, Message
from storefront.viewmodels.forms import WHOLE, Form
from storefront.visitor import market, member, members_only

bp = Blueprint("messages", __name__)

SIDES = ("all", "shopper", "seller")
LONGEST = 2000
FIELDS = ("body", "client_message_id")
_A_PAGE = 40


def question(given: Mapping[str, str] | None = None) -> Form:
    """A form for something to say. Its id is made with it: sent twice, it is said once."""
    form = Form.of(FIELDS, given)
    # as browsers send a text's lines; a socket of theirs sends them as everybody else does
    form.values["body"] = form.values["body"].replace("\r\n", "\n")
    try:
        UUID(form.values["client_message_id"])
    except ValueError:
        form.values["client_message_id"] = str(uuid4())
    return form


def check(form: Form) -> None:
    form.require(body="Please write something.")
    form.limit(body=LONGEST)


def refuse(form: Form, failure: Refused | Unavailable) -> int:
    """Why it could not be said, at the form; the status of the page that shows it."""
    if isinstance(failure, Unavailable):
        form.errors[WHOLE] = (
            "The messages do not answer just now. Please send it again: it will be said once."
        )
        return 503
    if failure.status == 429:
        wait = f"{failure.retry_after} seconds" if failure.retry_after else "a moment"
        form.errors[WHOLE] = f"That was a lot at once. Please wait for {wait}, then send it again."
    elif failure.status == 409:
        form.values["client_message_id"] = str(uuid4())
        form.errors[WHOLE] = "This was sent before with other words. Please look at it and send it once more."
    else:
        form.refuse(failure.field_errors(), f"This could not be said: {failure.detail}")
    return failure.status


@bp.get("/messages")
@members_only
async def inbox() -> Response:
    side = request.args.get("side", "all")
    if side not in SIDES:
        side = "all"
    async with PageParts() as parts:
        asked = parts.need(_conversations(side, request.args.get("cursor")))
    found = asked.result()
    more = {"side": None if side == "all" else side, "cursor": found.next_cursor}
    return await page(
        "_inbox.html" if wants_fragment() else "inbox.html",
        "Messages",
        side=side,
        conversations=found.items,
        next_url=paths.with_query("/messages", more) if found.next_cursor else None,
    )


@bp.get("/messages/<uuid:conversation_id>")
@members_only
async def conversation(conversation_id: UUID) -> Response:
    return await _show(str(conversation_id), question())


@bp.post("/messages/<uuid:conversation_id>")
@members_only
async def say(conversation_id: UUID) -> Response:
    """A form of the page; or of its script, where no socket can be had: that one is told in plain text."""
    form = question(await request.form)
    check(form)
    status = 422
    if form.good:
        try:
            await market().chat.say(str(conversation_id), *said(form), member())
        except (Refused, Unavailable) as failure:
            if isinstance(failure, Refused) and failure.status == 404:
                abort(404, "There is no such conversation.")
            status = refuse(form, failure)
    if wants_fragment():
        told = next(iter(form.errors.values()), "")
        return Response(told, status if told else 204, content_type="text/plain; charset=utf-8")
    if form.good:
        return await see_other(f"{paths.conversation(str(conversation_id))}#say")
    return await _show(str(conversation_id), form, status)


@bp.post("/messages/<uuid:conversation_id>/read")
@members_only
async def read(conversation_id: UUID) -> Response:
    """For a page without a socket on which a message came meanwhile."""
    seq = (await request.form).get("seq", "")
    if not seq.isascii() or not seq.isdigit() or len(seq) > 12:
        abort(400)
    await _own(market().chat.read(str(conversation_id), int(seq), member()))
    return Response("", 204)


def said(form: Form) -> tuple[str, str]:
    return form.values["client_message_id"], form.values["body"]


async def _show(conversation_id: str, form: Form, status: int = 200) -> Response:
    async with PageParts() as parts:
        asked = parts.need(_own(market().chat.conversation(conversation_id, member())))
        history = parts.need(_messages(asked))
    found, messages = asked.result(), history.result()
    await _seen(found, messages)
    return await page(
        "conversation.html",
        found.title,
        http_status=status,
        conversation=found,
        messages=messages,
        account=g.principal.subject if g.principal else "",
        older_url=_older(found, messages),
        newest=not messages or messages[-1].seq >= found.last_seq,
        form=form,
    )


async def _messages(asked: Awaitable[Conversation]) -> tuple[Message, ...]:
    """The newest, or those before the one that the address names."""
    found = await asked
    given = request.args.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else found.last_seq + 1
    return await market().chat.messages(found.id, max(before, 1), _A_PAGE, member())


def _older(found: Conversation, messages: tuple[Message, ...]) -> str | None:
    # the first of all is number one, and none is left out between
    if not messages or messages[0].seq <= 1:
        return None
    return paths.with_query(found.url, {"before": str(messages[0].seq)})


async def _seen(found: Conversation, messages: tuple[Message, ...]) -> None:
    """Who was shown the last message has read it. Should chat not take that, it stays unread, and no more."""
    if not found.unread or not messages or messages[-1].seq < found.last_seq:
        return
    async with fanout.Parts() as parts:
        parts.spare("read", market().chat.read(found.id, found.last_seq, member()))
    if g.unread is not None:
        # it was counted at the same time
        g.unread = max(g.unread - found.unread, 0)


async def _conversations(side: str, cursor: str | None) -> Conversations:
    try:
        return await market().chat.conversations(member(), side, cursor)
    except Refused as refusal:
        if refusal.status in (400, 422):
            abort(404, "There is no such page of messages.")
        raise


async def _own[T](asked: Awaitable[T]) -> T:
    try:
        return await asked
    except Refused as refusal:
        if refusal.status == 404:
            abort(404, "There is no such conversation.")
        raise
