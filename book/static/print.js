// Print is dark on white: a page in the dark theme is light while it is printed.
{
  const { dataset } = document.documentElement;
  let theme; // to go back to

  const begin = () => {
    theme ??= dataset.theme;
    if (theme) dataset.theme = "light";
  };
  const end = () => {
    if (theme) dataset.theme = theme;
    theme = undefined;
  };
  // Printing has both events and a medium in most browsers, and in each of them one of the two.
  addEventListener("beforeprint", begin);
  addEventListener("afterprint", end);
  const medium = matchMedia("print");
  medium.addEventListener("change", () => (medium.matches ? begin() : end()));
}
