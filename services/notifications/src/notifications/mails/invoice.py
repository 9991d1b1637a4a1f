"""The invoice as PDF. The same order gives the same bytes: nothing in it depends on when it is made."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TextEmphasis
from fpdf.fonts import FontFace

from notifications.clients.models import Order, OrderLine
from notifications.domain.money import percent, shown, tax_by_rate

FONTS = Path(__file__).parents[1] / "fonts"
_INK, _SOFT, _BRAND, _LINE = (36, 26, 18), (93, 80, 68), (23, 83, 63), (223, 211, 192)


def invoice(order: Order, stalls: Mapping[UUID, str]) -> bytes:
    page = _Page(order)
    page.add_page()
    page.address(order)
    page.lines(order, stalls)
    page.totals(order)
    page.closing()
    return bytes(page.output())


class _Page(FPDF):
    def __init__(self, order: Order) -> None:
        super().__init__(format="A4")
        self._number = order.number
        self.set_margins(20, 18, 20)
        self.set_auto_page_break(auto=True, margin=22)
        self.add_font("literata", "", FONTS / "literata-regular.ttf")
        self.add_font("literata", "B", FONTS / "literata-bold.ttf")
        # for names in letters that the first has not
        self.add_font("dejavu", "", FONTS / "dejavu-sans.ttf")
        self.set_fallback_fonts(["dejavu"], exact_match=False)
        self.set_creation_date(order.created_at)
        self.set_title(f"Invoice {order.number}")
        self.set_author("Bazaar")
        self.set_lang("en")

    def header(self) -> None:
        self._font(20, bold=True, color=_BRAND)
        self.cell(100, 10, "Bazaar")
        self._font(9, color=_SOFT)
        self.cell(0, 10, f"Invoice {self._number}", align="R", new_x="LMARGIN", new_y="NEXT")
        self.set_draw_color(*_LINE)
        self.line(20, self.y, 190, self.y)
        self.ln(8)

    def footer(self) -> None:
        self.set_y(-16)
        self._font(8, color=_SOFT)
        self.cell(0, 6, f"Page {self.page_no()} of {{nb}}", align="C")

    def address(self, order: Order) -> None:
        self._font(10)
        top = self.y
        for row in order.delivery_address.rows:
            self.cell(90, 5, row, new_x="LMARGIN", new_y="NEXT")
        bottom = self.y
        self.set_y(top)
        facts = {"Order": str(order.id), "Date": f"{order.created_at:%-d %B %Y}", "Currency": order.currency}
        for name, value in facts.items():
            self._font(8, color=_SOFT)
            self.cell(100, 5, name, align="R")
            self._font(8)
            self.cell(0, 5, value, align="R", new_x="LMARGIN", new_y="NEXT")
        self.set_y(max(bottom, self.y) + 10)
        self._font(15, bold=True)
        self.cell(0, 9, "Invoice", new_x="LMARGIN", new_y="NEXT")
        self.ln(2)

    def lines(self, order: Order, stalls: Mapping[UUID, str]) -> None:
        by_stall: dict[UUID, list[OrderLine]] = defaultdict(list)
        for line in order.lines:
            by_stall[line.seller_id].append(line)
        for seller_id, lines in by_stall.items():
            self._font(10, bold=True, color=_BRAND)
            self.cell(
                0,
                7,
                f"Sold by {stalls.get(seller_id, 'a stall of the market')}",
                new_x="LMARGIN",
                new_y="NEXT",
            )
            self._table(lines, order.currency)
            self.ln(4)

    def _table(self, lines: list[OrderLine], currency: str) -> None:
        self._font(9)
        self.set_draw_color(*_LINE)
        with self.table(
            col_widths=(78, 16, 32, 16, 28),
            text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT"),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis=TextEmphasis.NONE, color=_SOFT, size_pt=8),
            line_height=5.5,
            padding=(0.8, 1),
        ) as table:
            table.row(("Product", "Quantity", "Price", "VAT", "Amount"))
            for line in lines:
                amounts = (
                    shown(line.unit_price_minor, currency),
                    percent(line.tax_rate_bp),
                    shown(line.line_total_minor, currency),
                )
                table.row((line.name, str(line.quantity), *amounts))

    def totals(self, order: Order) -> None:
        taxes = tax_by_rate((line.line_total_minor, line.tax_rate_bp) for line in order.lines)
        for rate, (gross, tax) in (
            taxes.items() if sum(tax for _, tax in taxes.values()) == order.tax_minor else ()
        ):
            self._sum(f"Net at {percent(rate)}", shown(gross - tax, order.currency))
            self._sum(f"VAT {percent(rate)}", shown(tax, order.currency))
        if order.discount_minor:
            self._sum("Discount", shown(-order.discount_minor, order.currency))
        self._sum("VAT included", shown(order.tax_minor, order.currency))
        self._sum("Total", shown(order.total_minor, order.currency), bold=True)

    def closing(self) -> None:
        self.ln(8)
        self._font(9, color=_SOFT)
        self.multi_cell(
            0, 5, "Paid by card. All prices include VAT; delivery is free. Thank you for your order."
        )

    def _sum(self, name: str, amount: str, *, bold: bool = False) -> None:
        self._font(11 if bold else 9, bold=bold)
        self.cell(130, 6.5, name, align="R")
        self.cell(0, 6.5, amount, align="R", new_x="LMARGIN", new_y="NEXT")

    def _font(self, size: float, *, bold: bool = False, color: tuple[int, int, int] = _INK) -> None:
        self.set_font("literata", "B" if bold else "", size)
        self.set_text_color(*color)
