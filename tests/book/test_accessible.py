"""What the pages need for phones and screen readers."""

import re

from tests.book.extensions import load

accessible = load("accessible")

HEADS = '<tr class="row-odd">' + "".join(
    f'<th class="head"><p>{word}</p></th>' for word in ("", "Show", "At <em>home</em>", "S &amp; T")
)
ROW = '<tr class="row-even"><td class="x"><p>1</p></td>\n<td></td>\n<td>b</td>\n<td>c</td></tr>'


def body(rows, heads=HEADS):
    table = f'<table class="table"><thead>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    context = {"body": f"<p>before</p>{table}<td>after</td>"}
    accessible.name_cells(None, "book/x", None, context, None)
    return context["body"]


def test_cells_of_a_wide_table_say_what_their_column_is():
    found = body(ROW + ROW)
    labels = re.findall(r'<td data-label="([^"]*)"', found)
    assert labels == ["", "Show", "At home", "S &amp; T"] * 2
    assert found.count('<td data-label="Show" data-empty>') == found.count(" data-empty") == 2
    assert 'class="table cards"' in found and found.endswith("<td>after</td>")


def test_a_narrow_table_stays_as_it_is():
    heads = "<tr><th>A</th><th>B</th><th>C</th>"
    assert "cards" not in body("<tr><td>1</td><td>2</td><td>3</td></tr>", heads)


def test_a_table_with_formulas_in_its_head_stays_as_it_is():
    formula = HEADS.replace("Show", '<span class="math notranslate nohighlight">\\(K\\)</span>')
    assert "cards" not in body(ROW, formula)
