"""Every page has its picture, and the pictures are those that are shown."""

from starlette.routing import Route

from api.pages import ROUTERS
from scripts.generated import ROOT, filled
from scripts.screenshots import FOLDER, UNSEEN, gallery, shots

# What is fetched and no page: files, streams, ways to a page or elsewhere.
NO_PAGES = ("/file", "/events", "/problems", "/to-answer", "/templates/{layout}", "/assets/{name}", "/sign-in/oidc")


def pages() -> set[str]:
    """The paths at which a page stands."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    paths = {route.path for route in routes if route.methods and "GET" in route.methods}
    return {path for path in paths if not path.endswith(NO_PAGES) and "/sign-in/oidc" not in path} - {
        "/worklists",
        "/exchanges/{exchange}",
    }


def test_every_page_is_photographed_or_said_to_be_unseen():
    shown = {shot.route.partition("?")[0] for shot in shots()}
    assert (pages() - shown, shown & UNSEEN) == (UNSEEN, set())
    assert shown <= pages()


def test_the_pictures_are_those_of_the_list_and_shown_in_the_readme():
    assert {path.stem for path in FOLDER.glob("*.png")} == {shot.name for shot in shots()}
    readme = (ROOT / "README.md").read_text("utf-8")
    assert filled(readme, "screenshots", gallery()) == readme, "run: make screenshots"
