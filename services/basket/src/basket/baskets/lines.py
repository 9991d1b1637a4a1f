"""Adding, setting, removing and clearing lines, under the version that the caller saw."""

from uuid import UUID

from basket.baskets.errors import InvalidField, LineNotFound
from basket.baskets.locks import Edit, editing
from basket.baskets.owners import Caller
from basket.baskets.quote import Quote, quoted
from basket.baskets.record import Change, record, touch
from basket.models import MAX_LINES, MAX_QUANTITY, Basket, BasketLine, ChangeKind, Product


async def add_line(
    basket_id: UUID, caller: Caller, versions: frozenset[int], product_id: UUID, quantity: int
) -> Quote:
    """To what is there already, up to the most that a line can hold."""
    async with editing(basket_id, caller, versions, product_id) as edit:
        product = await _sold(edit.basket, product_id)
        line = _line_of(edit.basket, product_id)
        if line is not None:
            await _set(edit, line, product, min(line.quantity + quantity, MAX_QUANTITY))
        elif len(edit.basket.lines) >= MAX_LINES:
            raise InvalidField("product_id", "too_many_lines", f"a basket holds at most {MAX_LINES} products")
        else:
            await BasketLine.create(
                basket_id=basket_id,
                product_id=product_id,
                quantity=quantity,
                added_price_minor=product.price_minor,
            )
            await _record(edit, Change.of(ChangeKind.ADDED, product, now=quantity))
        return await quoted(edit.basket)


async def set_line(
    basket_id: UUID, caller: Caller, versions: frozenset[int], product_id: UUID, quantity: int
) -> Quote:
    async with editing(basket_id, caller, versions, product_id) as edit:
        line = _line_of(edit.basket, product_id)
        if line is None:
            raise LineNotFound
        await _set(edit, line, await _sold(edit.basket, product_id), quantity)
        return await quoted(edit.basket)


async def remove_line(basket_id: UUID, caller: Caller, versions: frozenset[int], product_id: UUID) -> Quote:
    async with editing(basket_id, caller, versions) as edit:
        line = _line_of(edit.basket, product_id)
        if line is None:
            raise LineNotFound
        await _remove(edit, [line])
        return await quoted(edit.basket)


async def clear_lines(basket_id: UUID, caller: Caller, versions: frozenset[int]) -> Quote:
    async with editing(basket_id, caller, versions) as edit:
        if lines := list(edit.basket.lines):
            await _remove(edit, lines)
        return await quoted(edit.basket)


async def _sold(basket: Basket, product_id: UUID) -> Product:
    product = await Product.get_or_none(id=product_id)
    if product is None:
        raise InvalidField("product_id", "unknown_product", "no such product is sold here")
    if not product.sold_in(basket.currency):
        raise InvalidField("product_id", "unavailable", "the product is not sold any more")
    return product


def _line_of(basket: Basket, product_id: UUID) -> BasketLine | None:
    return next((line for line in basket.lines if line.product_id == product_id), None)


async def _set(edit: Edit, line: BasketLine, product: Product, quantity: int) -> None:
    """The same quantity again changes nothing that was shown, but says that the price was seen."""
    was, line.quantity, line.added_price_minor = line.quantity, quantity, product.price_minor
    await line.save(update_fields=["quantity", "added_price_minor"])
    if was == quantity:
        touch(edit.basket)
        await edit.basket.save(update_fields=["touched_at"])
    else:
        await _record(edit, Change.of(ChangeKind.QUANTITY_CHANGED, product, was, quantity))


async def _remove(edit: Edit, lines: list[BasketLine]) -> None:
    await BasketLine.filter(id__in=[line.id for line in lines]).delete()
    await _record(edit, *(Change.of(ChangeKind.REMOVED, line.product, was=line.quantity) for line in lines))


async def _record(edit: Edit, *changes: Change) -> None:
    touch(edit.basket)
    await record(edit.connection, [(edit.basket, changes)])
