"""Sphinx extension: no button leads nowhere.

Until `make repo URL=...` has set the project's address in _config.yml, pages have no launch,
repository and issue buttons; from then on, text in ``{only} address`` appears.
"""

from sphinx.application import Sphinx
from sphinx.config import Config

UNSET = "/OWNER/"


def choose_buttons(app: Sphinx, config: Config) -> None:
    """Take the buttons away, or set the tag."""
    options = config.html_theme_options
    if UNSET in options.get("repository_url", UNSET):
        buttons = dict.fromkeys(("use_repository_button", "use_issues_button"), False)
        config.html_theme_options = options | buttons | {"launch_buttons": {}}
    else:
        app.tags.add("address")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", choose_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
