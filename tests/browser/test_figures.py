"""Interactive figures, played in headless Chromium by mouse and keyboard: `make check-pages`.

Each figure is on a page of its own, opened from a file: no server, no built book.
"""

import html
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from uniroute import budget_rule, deferral_curve, random_world, route

pytestmark = pytest.mark.browser

EXTENSION = Path(__file__).parents[2] / "book" / "_ext" / "interactive.py"
PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{name}</title><style>
html {{ color-scheme: {theme} }} body {{ font-family: sans-serif; margin: 12px }}
img {{ max-width: 100% }} {style}</style></head>
<body><main><h1>{name}</h1>{before}<img src="{picture}" alt="{alt}">{after}</main></body></html>"""


def load():
    spec = importlib.util.spec_from_file_location("interactive", EXTENSION)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


interactive = load()
NAMES = interactive.names()


def write(folder, name, theme="light"):
    """Write a page with one figure; return its address."""
    text = PAGE.format(
        name=name,
        theme=theme,
        style=(interactive.FOLDER / "interactive.css").read_text(encoding="utf-8"),
        before=interactive.opening("figure"),
        picture=(interactive.FOLDER / f"{name}.png").as_uri(),
        alt=html.escape(interactive.numbers(name)["alt"]),
        after=interactive.closing(name, "figure"),
    )
    path = folder / f"{name}-{theme}.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def visit(browser, tmp_path):
    """Open figures; at the end nothing may have gone wrong and nothing been asked for."""
    contexts, troubles = [], []

    def go(name, width=1000, theme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and troubles.append(m.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda r: r.url.startswith(("file:", "data:")) or troubles.append(r.url))
        page.goto(write(tmp_path, name, theme))
        return page

    yield go
    for context in contexts:
        context.close()
    assert troubles == []


def steps(page):
    return page.locator(".ir-steps")


def free(page):
    """Go on to free play."""
    while steps(page).locator(".ir-count").inner_text() != "Free play":
        steps(page).locator(".ir-nav button").last.click()


def sentence(page):
    """Return what the figure says, once it has said it."""
    page.wait_for_timeout(400)
    return page.locator(".ir-live").inner_text()


def wide(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


# --- all figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 400])
@pytest.mark.parametrize("name", NAMES)
def test_every_step_fits_and_is_accessible(visit, name, width, theme):
    page = visit(name, width, theme)
    expect(page.locator("img")).to_be_hidden()
    while True:
        assert not wide(page)
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
        if steps(page).locator(".ir-count").inner_text() == "Free play":
            break
        steps(page).locator(".ir-nav button").last.click()


@pytest.mark.parametrize("name", NAMES)
def test_steps_by_keyboard_with_a_guess_before_the_look(visit, name):
    page = visit(name)
    guessed = 0
    for _ in range(12):
        if steps(page).locator("form").count():
            field = steps(page).locator("form input").first
            field.focus()
            page.keyboard.press("Space" if field.get_attribute("type") == "radio" else "ArrowRight")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            expect(steps(page).locator(".ir-answer")).to_be_visible()
            guessed += 1
        else:
            steps(page).locator(".ir-nav button").last.focus()
        if steps(page).locator(".ir-count").inner_text() == "Free play":
            break
        page.keyboard.press("Enter")
    assert guessed >= 1
    expect(steps(page).locator(".ir-count")).to_have_text("Free play")
    page.keyboard.press("Enter")
    expect(steps(page).locator(".ir-count")).to_contain_text("Step 1")
    expect(steps(page).locator(".ir-answer")).to_have_count(0)  # to be guessed anew


@pytest.mark.parametrize("name", NAMES)
def test_every_control_says_what_it_changed(visit, name):
    page = visit(name)
    free(page)
    controls = page.locator(".ir-controls :is(input, select)")
    assert controls.count() >= 1
    for i in range(controls.count()):
        control = controls.nth(i)
        if control.get_attribute("type") == "checkbox":
            was = control.is_checked()
            control.press("Space")
            assert control.is_checked() != was
            continue
        control.focus()
        was = control.input_value()
        for key in (
            ("ArrowLeft", "ArrowUp")
            if was == control.get_attribute("max")
            else (
                "ArrowRight",
                "ArrowDown",
            )
        ):
            control.press(key)
        if control.input_value() == was:
            control.press("ArrowUp")
        assert control.input_value() != was, control.get_attribute("aria-label")
        expect(control).to_be_focused()


@pytest.mark.parametrize("name", NAMES)
def test_without_scripts_the_picture_stands_there(visit, name):
    page = visit(name, java_script_enabled=False)
    picture = page.locator("img")
    expect(picture).to_be_visible()
    assert picture.get_attribute("alt") == interactive.numbers(name)["alt"]


def test_the_picture_stays_where_a_script_fails(browser, tmp_path):
    address = write(tmp_path, "clusters")
    path = tmp_path / "clusters-light.html"
    path.write_text(path.read_text().replace('"delivered"', '"lost"', 1))
    page = browser.new_page()
    errors = []
    page.on("console", lambda m: m.type == "error" and errors.append(m.text))
    page.goto(address)
    expect(page.locator("img")).to_be_visible()
    assert len(errors) == 1
    page.close()


# --- the explorer ---------------------------------------------------------------------------------


def explorer_numbers():
    numbers = interactive.numbers("explorer")
    psi = np.array(numbers["wrong"]) / np.array(numbers["counts"])[:, None]
    return numbers, psi[numbers["cluster"]], np.array(numbers["losses"]), np.array(numbers["costs"])


def output(page, label):
    return (
        page.get_by_label(label, exact=False)
        .locator("xpath=../span[@class='ir-value']")
        .inner_text()
    )


def test_the_explorer_shows_the_package_s_numbers(visit):
    numbers, gamma, losses, costs = explorer_numbers()
    curve = deferral_curve(gamma, losses, costs)
    page = visit("explorer")
    free(page)
    slider = page.get_by_label("Budget per prompt")
    for place in (0, 40, 83, 120, 200):
        set_place(slider, place)
        low, high = curve.costs[0], costs.max()
        budget = low * (high / low) ** (place / 200)
        rule = budget_rule(gamma, costs, budget)
        shares = rule.probabilities(gamma, costs).mean(axis=0)
        drawn = page.locator(".ir-panel svg[aria-label^='Traffic']").get_attribute("aria-label")
        found = re.findall(r"([\w-]+) (\d+) %", drawn)
        assert [name for name, _ in found] == numbers["llms"]
        np.testing.assert_allclose([int(n) for _, n in found], 100 * shares, atol=0.51)
        told = sentence(page)
        quality = float(curve.at(budget))
        assert abs(int(re.search(r"right on (\d+) %", told)[1]) - 100 * quality) <= 0.51


def test_a_clicked_prompt_gets_a_card(visit):
    page = visit("explorer", 400)
    free(page)
    numbers = interactive.numbers("explorer")
    dot = page.locator("circle[data-prompt='300']")
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".ir-prompt")).to_have_text(f"“{numbers['prompts'][300]}”")
    rows = page.locator(".ir-table tbody tr")
    assert rows.count() == len(numbers["llms"])
    expect(rows.first).to_have_class("ir-chosen")
    scores = [float(row.locator("td").nth(2).inner_text()) for row in rows.all()]
    assert scores == sorted(scores)


def test_the_curve_can_be_dragged(visit):
    page = visit("explorer")
    free(page)
    curve = page.locator("svg.ir-drag")
    curve.scroll_into_view_if_needed()
    box = curve.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 100)
    page.mouse.down()
    first = output(page, "Budget per prompt")
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 100, steps=4)
    second = output(page, "Budget per prompt")
    page.mouse.up()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 100)
    assert float(first) < float(second) == float(output(page, "Budget per prompt"))


def test_lambda_and_budget_move_together(visit):
    page = visit("explorer")
    free(page)
    page.get_by_label("Cost weight").press("End")
    assert float(output(page, "Budget per prompt")) == pytest.approx(0.0787)
    page.get_by_label("Budget per prompt").press("End")
    assert float(output(page, "Cost weight")) == 0


def test_nothing_moves_by_itself_for_who_wants_it_so(visit):
    page = visit("explorer", reduced_motion="reduce")
    free(page)
    page.get_by_label("Budget per prompt").press("Home")
    page.get_by_role("button", name="Play all budgets").click()
    slider = page.get_by_label("Budget per prompt")
    assert slider.input_value() == slider.get_attribute("max")


def test_the_sweep_ends_at_the_largest_budget(visit):
    page = visit("explorer")
    free(page)
    page.get_by_role("button", name="Play all budgets").click()
    slider = page.get_by_label("Budget per prompt")
    expect(slider).to_have_value("200", timeout=30_000)


# --- the others -----------------------------------------------------------------------------------


def test_an_llm_leaves_and_another_is_invented(visit):
    page = visit("newcomer")
    free(page)
    box = page.get_by_role("checkbox", name="Abacus-M (0.456)")
    box.uncheck()
    traffic = page.locator("svg[aria-label^='Traffic']")
    assert "Abacus-M 0 %" in traffic.get_attribute("aria-label")
    page.get_by_label("numbers").press("End")
    page.get_by_label("Its cost").press("Home")
    yours = int(re.search(r"Yours (\d+) %", traffic.get_attribute("aria-label"))[1])
    assert yours > 20


def set_place(slider, place):
    """Move a slider as a hand does."""
    slider.evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', { bubbles: true })); }", place
    )


def test_the_plane_shows_the_package_s_numbers(visit):
    numbers = interactive.numbers("plane")
    world = random_world(n_components=5, n_llms=6, random_state=2)
    gamma = world.gamma(numbers["prompts"])
    page = visit("plane")
    free(page)
    slider = page.get_by_label("Cost weight")
    for place in (0, 25, 52, 78, 120):
        set_place(slider, place)
        at = 0.0005 * 1000 ** ((place - 1) / 119) if place else 0.0
        choice = route(gamma, world.costs, at)
        drawn = page.locator(".ir-panel svg[aria-label^='Traffic']").get_attribute("aria-label")
        found = [int(n) for n in re.findall(r"[\w-]+ (\d+) %", drawn)]
        shares = 100 * np.bincount(choice, minlength=6) / len(choice)
        np.testing.assert_allclose(found, shares, atol=0.51)
        right = 100 - 100 * gamma[np.arange(len(choice)), choice].mean()
        assert abs(int(re.search(r"and (\d+) % of the answers", sentence(page))[1]) - right) < 0.6


@pytest.mark.parametrize("width", [1000, 400])
def test_a_prompt_in_the_plane_is_clicked(visit, width):
    page = visit("plane", width)
    free(page)
    dot = page.locator("circle[data-prompt='40']")
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("Scores of prompt 41, of kind")).to_be_visible()
    assert "Prompt 41 goes to" in sentence(page)
    assert page.get_by_role("combobox", name="Prompt").evaluate("e => e.selectedIndex") == 40


def test_a_prompt_is_guessed_by_mouse(visit):
    page = visit("prompt")
    free(page)
    numbers = interactive.numbers("prompt")
    text = page.locator(".ir-prompt").inner_text().strip("“”")
    distances = numbers["distances"][numbers["prompts"].index(text)]
    nearest = numbers["clusters"][int(np.argmin(distances))]
    page.get_by_role("button", name=nearest, exact=True).click()
    assert sentence(page).startswith("Right.") and "1 of 1" in sentence(page)


def test_the_promise_is_shown_on_demand(visit):
    page = visit("clusters")
    free(page)
    word = page.get_by_text("promised by the labels", exact=True)
    expect(word).to_be_visible()
    page.get_by_label("show the promise").uncheck()
    expect(word).to_have_count(0)


def test_an_interval_for_another_question_is_counted(visit):
    page = visit("intervals")
    free(page)
    one = json.loads(json.dumps(interactive.numbers("intervals")))["cases"][2]
    page.get_by_label("World").select_option(index=2)
    page.get_by_label("Question about").select_option(index=0)
    page.get_by_label("Interval about").select_option(index=0)
    away = np.abs(np.array(one["means"]) - one["aboutPrompts"])
    held = int((away <= np.array(one["halves"])[:, 0]).sum())
    assert f"LLMs, each of which claims 95 %, {held} hold" in sentence(page)


def test_without_a_prior_labels_stand_alone(visit):
    page = visit("labels")
    free(page)
    page.get_by_label("The prior counts").press("Home")
    mine, alone = re.search(r"your error ([\d.]+); labels alone ([\d.]+)", sentence(page)).groups()
    assert mine == alone
