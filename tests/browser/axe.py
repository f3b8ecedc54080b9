"""What axe-core finds on an open page: WCAG 2.0 to 2.2, levels A and AA, in both themes."""

from axe_playwright_python.sync_playwright import Axe

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCRIPT = Axe().axe_script
RUN = """async (tags) => {
  for (const animation of document.getAnimations())  // of folds that were just opened
    if (animation.effect.getComputedTiming().endTime < Infinity) animation.finish();
  const { violations, passes, inapplicable, incomplete } = await axe.run({ runOnly: tags });
  const rules = [violations, passes, inapplicable, incomplete].flat().map(({ id }) => id);
  return [
    new Set(rules).size,
    violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`)),
  ];
}"""
IN_THEME = "theme => document.documentElement.dataset.theme === theme"
UNFOLD = "document.querySelectorAll('details').forEach((fold) => (fold.open = true))"


def tried(page):
    """How many rules were tried, and every violation of one; all that folds is unfolded."""
    page.evaluate(UNFOLD)
    page.evaluate(SCRIPT)
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # no colour between two
        page.wait_for_function(
            "theme => document.documentElement.dataset.theme === theme", arg=theme
        )
        rules, violations = page.evaluate(RUN, TAGS)
        found += [f"{theme}: {violation}" for violation in violations]
    return rules, found
